#include "train/program.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "command/interrupt.hpp"
#include "command/output.hpp"
#include "command/progress.hpp"
#include "command/run.hpp"
#include "command/version.hpp"
#include "train/command/commands.hpp"
#include "train/data/synthesize.hpp"
#include "train/device.hpp"
#include "train/evaluate.hpp"
#include "train/model.hpp"
#include "train/torch.hpp"
#include "train/trainer.hpp"
#include "train/weights.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace pare::train {

namespace {

using command::Arguments;
using command::Command;

/// Says on stderr how a run goes, and ends it at a signal.
class Console final : public Reporter {
public:
  explicit Console(bool quiet) : progress_(quiet) {}
  void line(std::string_view text) override { progress_.line(text); }
  void show(const command::Progress::State &state) override { progress_.show(state); }
  bool ends() override { return command::interrupted() != 0; }

private:
  command::Progress progress_;
};

/// What a run that is done came to.
std::string result_text(const RunConfig &config, const std::string &folder, const EpochRecord &last) {
  const Design design = design_of(config.model);
  const std::string substitution = design.substitution_text();
  return fmt::format("{}{}: top-1 error {:.2f} %, top-5 error {:.2f} % after {} epoch{}{}\n{}/weights.safetensors\n",
                     design.network.name, substitution.empty() ? "" : ", " + substitution, last.validation.top1_error_percent,
                     last.validation.top5_error_percent, config.protocol.epochs, config.protocol.epochs == 1 ? "" : "s",
                     last.synthetic ? " on synthetic data" : "", folder);
}

/// Trains, and says what became of it.
int train_and_tell(const RunConfig &config, const std::string &folder, bool quiet, const ClaimOptions &claim = {}) {
  command::catch_interrupts();
  Console console(quiet);
  const RunResult result = train(config, folder, console, claim);
  switch (result.ending) {
  case Ending::kDone: {
    try {
      command::print(result_text(config, folder, result.last.value()));
    } catch (const command::ReaderGone &) {
      // The run is done, and its folder has it all, whoever listens.
    }
    return command::kDone;
  }
  case Ending::kStopped: return command::kDone;
  case Ending::kInterrupted: return 128 + command::interrupted();
  case Ending::kDiverged: throw Error(ErrorCode::kNotFinite, folder, result.reason);
  case Ending::kOutOfMemory: throw Error(ErrorCode::kLimit, config.device, result.reason);
  }
  return command::kDone;
}

int run_train(const Arguments &arguments) {
  return train_and_tell(read_run_config(arguments), arguments.get("--output"), arguments.has("--quiet"));
}

int run_resume(const Arguments &arguments) {
  const ResumeRequest request = read_resume_request(arguments);
  return train_and_tell(request.config, request.folder, arguments.has("--quiet"), request.claim);
}

void load_and_tell(GraphModule &module, const std::string &file, const formats::Reading &reading = {}) {
  for (const std::string &line : load_weights(module, file, reading)) command::talk(fmt::format("{}: {}", file, line));
}

/// The images that are asked for, or those of the run, which must be the same.
DataSource open_data_of(const EvaluateRequest &request) {
  const OnBadFile on_bad_file = parse_on_bad_file(request.on_bad_file, "--on-bad-file");
  if (request.data_fingerprint.empty()) return open_data(request.data, on_bad_file);
  constexpr std::string_view kAdvice = "--data KIND:DIR, where they are now, would be accepted";
  std::optional<DataSource> out;
  try {
    out = open_data(request.data, on_bad_file, kind_of_digest(request.data_fingerprint), request.max_images);
  } catch (const Error &error) {
    if (error.code() != ErrorCode::kIo) throw;
    throw Error(ErrorCode::kIo, error.where(),
                fmt::format("{}: the run had its images in {}; {}", error.message(), request.data, kAdvice));
  }
  if (out->fingerprint != request.data_fingerprint)
    throw Error(ErrorCode::kInvalidConfig, request.data, fmt::format("has other images than those of the run; {}", kAdvice));
  return std::move(*out);
}

int run_evaluate(const Arguments &arguments) {
  const EvaluateRequest request = read_evaluate_request(arguments);
  for (const std::string &remark : request.remarks) command::talk(remark);
  prepare_cpu(request.threads);
  const torch::Device device = open_device(request.device);
  const Precision precision = open_precision(request.precision, device);
  const DataSource data = open_data_of(request);
  if (!data.left_out.empty()) command::talk(fmt::format("{}: {}", data.spec, data.left_out));
  Model model = build_model(design_of(request.model), false, request.model.where_possible);
  check_classes(model, data, "the network");
  const std::string &weights = request.told;
  load_and_tell(*model.module, request.weights, request.reading);
  command::check_output(request.output); // before the work
  model.module->to(device);

  Loader loader(data.validation, request.protocol.augmentation,
                {.batch = request.batch.value_or(request.protocol.batch),
                 .workers = request.workers.value_or(1),
                 .pinned = device.is_cuda(),
                 .channels_last = request.channels_last});
  const Score score = evaluate(*model.module, loader, device, precision);
  for (const std::string &line : bad_file_lines(data)) command::talk(line);
  if (!std::isfinite(score.loss))
    throw Error(ErrorCode::kNotFinite, weights,
                fmt::format("the loss on the validation images is not finite; first not finite: {}; other weights would be "
                            "accepted",
                            first_not_finite(*model.module, loader, device, precision)));

  const std::string substitution = model.design.substitution_text();
  std::string result;
  if (request.format == "json") {
    json::Value out = {{"schema", "pare.evaluation/1"},
                       {"network", model.design.network.name},
                       {"substitution", nullptr},
                       {"weights", weights},
                       {"data", data.spec},
                       {"data_fingerprint", data.fingerprint},
                       {"synthetic", data.synthetic},
                       {"images", score.images},
                       {"top1_error_percent", score.top1_percent()},
                       {"top5_error_percent", score.top5_percent()},
                       {"loss", score.mean_loss()},
                       {"parameters", model.cost.parameters}};
    if (!substitution.empty()) out["substitution"] = substitution;
    result = out.dump(2, ' ', false, json::Value::error_handler_t::replace) + "\n"; // names of files may be anything
  } else {
    result = fmt::format("{}{}\nweights: {}\ndata: {}, {} validation images{}\n\n"
                         "top-1 error  {:.2f} %\ntop-5 error  {:.2f} %\nloss         {:.4f}\nparameters   {}\n",
                         model.design.network.name, substitution.empty() ? "" : ", " + substitution, weights, data.spec,
                         score.images, data.synthetic ? " (synthetic)" : "", score.top1_percent(), score.top5_percent(),
                         score.mean_loss(), model.cost.parameters);
  }
  command::deliver(request.output, result);
  return command::kDone;
}

int run_data(const Arguments &arguments) {
  const SynthesizeRequest request = read_synthesize_request(arguments);
  const SynthesisOptions options{
      .kind = request.like, .classes = request.classes, .images = request.images, .size = request.size, .seed = request.seed};
  synthesize(options, request.folder);
  command::print(fmt::format("{}: {} synthetic images like {}'s to train on, {} for validation, {} classes\n", request.folder,
                             request.images, request.like, synthetic_validation_images(options), request.classes));
  return command::kDone;
}

/// What LibTorch throws ends in the addresses of its callers, which are of no use to anybody here.
template <int (*action)(const Arguments &)>
int guarded(const Arguments &arguments) {
  try {
    return action(arguments);
  } catch (const c10::OutOfMemoryError &error) {
    throw Error(ErrorCode::kLimit, "memory", error.what_without_backtrace());
  } catch (const c10::Error &error) {
    throw std::runtime_error(error.what_without_backtrace());
  }
}

const Command &command_train() {
  static const Command command = describe_train(guarded<run_train>);
  return command;
}
const Command &command_resume() {
  static const Command command = describe_resume(guarded<run_resume>);
  return command;
}
const Command &command_evaluate() {
  static const Command command = describe_evaluate(guarded<run_evaluate>);
  return command;
}
const Command &command_data() {
  static const Command command = describe_data(guarded<run_data>);
  return command;
}

constexpr std::array<command::CommandEntry, 4> kCommands = {
    {{"train", command_train}, {"resume", command_resume}, {"evaluate", command_evaluate}, {"data", command_data}}};

std::string version_text() { return command::version_text({{"LibTorch", TORCH_VERSION}}); }

} // namespace

int run_program(std::string_view name, int argc, char **argv, std::span<const command::CommandEntry> own) {
  std::vector<command::CommandEntry> commands(own.begin(), own.end());
  commands.insert(commands.end(), kCommands.begin(), kCommands.end());
  const command::Program program{.name = name,
                                 .description = "Trains and evaluates networks: the part of pare that needs LibTorch.",
                                 .commands = commands,
                                 .version_text = version_text};
  return command::run_program(program, argc, argv);
}

} // namespace pare::train
