#include "train/command/commands.hpp"

#include "analysis/substitution.hpp"
#include "base/digest.hpp"
#include "base/enums.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "base/values.hpp"
#include "command/options.hpp"
#include "train/plan/checkpoint.hpp"
#include "train/plan/run_config_fields.hpp"
#include "train/plan/trained.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

namespace pare::train {

namespace {

using command::Arguments;
using command::OptionInfo;
using command::Values;

constexpr std::array<std::string_view, 2> kSynthesized = {"cifar10", "imagenet"};
constexpr std::array<std::string_view, 2> kFormats = {"text", "json"};
constexpr std::string_view kDevice = "cpu"; ///< where none is named

// Options that two of the commands have.

OptionInfo data_option(bool required = true) {
  static const std::string description = [] {
    std::vector<std::string> kinds;
    for (const DataKind &kind : kDataKinds)
      kinds.push_back(fmt::format("{}:DIR{} ({})", kind.name,
                                  kind.alias.empty() ? std::string() : fmt::format(" or {}:DIR", kind.alias), kind.files));
    return fmt::format("{}", fmt::join(kinds, ", "));
  }();
  return {.name = "--data",
          .value = "SPEC",
          .description = description,
          .otherwise = required ? std::string_view() : "where the run had them",
          .required = required};
}

OptionInfo protocol_option() {
  return {.name = "--protocol",
          .value = "NAME",
          .description = "A known protocol, or a pare.protocol/1 file",
          .values = Values::kProtocol,
          .otherwise = "the network's own on such data"};
}

OptionInfo set_option() {
  return {.name = "--set",
          .value = "KEY=VALUE",
          .description =
              "Change a key of the protocol: weight_decay=1e-4, schedule.milestones=20,40; pare list protocols describes them",
          .values = Values::kProtocolKey,
          .repeats = true};
}

OptionInfo device_option(std::string_view otherwise = kDevice) {
  return {.name = "--device", .value = "DEVICE", .description = "cpu, cuda or cuda:N", .otherwise = otherwise};
}

OptionInfo precision_option() {
  return {.name = "--precision",
          .value = "P",
          .description = "Of convolutions and matrix products",
          .choices = {kPrecisions.begin(), kPrecisions.end()},
          .otherwise = kPrecisions.front()};
}

OptionInfo channels_last_option() {
  return {.name = "--channels-last", .description = "Keep activations with channels innermost: faster on some devices"};
}

OptionInfo no_cuda_graph_option() {
  return {.name = "--no-cuda-graph",
          .description =
              "On a GPU, start each operation of a step by itself; else steps are recorded as a CUDA graph after two of "
              "a kind, where they are whole batches and nothing in them is drawn, clipped or recomputed: faster, the same "
              "bits, more memory"};
}

OptionInfo workers_option() {
  return {.name = "--workers", .value = "N", .description = "Threads that read and cut images; nothing depends on how many"};
}

OptionInfo threads_option(std::string_view otherwise = "one for each core") {
  return {.name = "--threads",
          .value = "N",
          .description = "Threads that compute on the CPU; the last bits depend on how many",
          .otherwise = otherwise};
}

OptionInfo on_bad_file_option() {
  return {.name = "--on-bad-file",
          .value = "WHAT",
          .description = "At an image that cannot be read; skip takes the next good one instead, and counts",
          .choices = {kOnBadFile.begin(), kOnBadFile.end()},
          .otherwise = kOnBadFile.front()};
}

// How files of weights are read, where it is not plain which of their tensors are whose.

OptionInfo weights_key_option() {
  return {.name = "--weights-key",
          .value = "KEY",
          .description =
              "The key, or what names begin with, under which files of weights hold the network: state_dict_ema; . for none",
          .otherwise = "found"};
}
OptionInfo match_option() {
  return {.name = "--match",
          .value = "HOW",
          .description = "Pair the tensors of files of weights with the network's by their names, or by their order where the "
                         "sequences of shapes are the same",
          .choices = {kMatches.begin(), kMatches.end()},
          .otherwise = kMatches.front()};
}
OptionInfo name_map_option() {
  return {.name = "--name-map",
          .value = "FILE",
          .description =
              "A JSON list of [pattern, replacement], regular expressions that rename the tensors of files of weights, one "
              "after the other; what becomes empty is left out",
          .values = Values::kFile};
}
OptionInfo strict_option() {
  return {.name = "--strict", .description = "Refuse files of weights with tensors that the network has no place for"};
}

std::optional<std::int64_t> whole(const Arguments &arguments, const std::string &option, std::int64_t least = 1,
                                  std::int64_t most = INT64_MAX) {
  const auto text = arguments.find(option);
  if (!text) return std::nullopt;
  return read_whole(option, *text, least, most);
}

std::string choice(const Arguments &arguments, const std::string &option, std::span<const std::string_view> choices) {
  const auto text = arguments.find(option);
  return text ? read_choice(option, *text, choices) : std::string(choices.front());
}

/// `files`: whether there is one to read.
formats::Reading read_reading(const Arguments &arguments, bool files) {
  for (const char *option : {"--weights-key", "--match", "--name-map", "--strict"})
    if (!files && arguments.has(option))
      throw Error(ErrorCode::kUsage, option, "there is no file of weights to read; with one it would be accepted");
  formats::Reading out;
  out.key = arguments.get("--weights-key");
  if (arguments.has("--weights-key") && out.key.empty())
    throw Error(ErrorCode::kInvalidValue, "--weights-key", "weights-key = \"\" must be a key, or . for none");
  out.by_order = choice(arguments, "--match", kMatches) == kMatches[1];
  if (const auto map = arguments.find("--name-map")) out.renames = formats::parse_renames(read_text(*map, *map), *map);
  out.strict = arguments.has("--strict");
  return out;
}

/// A file of weights. It is read more than once, for its digest too, and by name again when a run goes on.
std::optional<std::string> weights_of(const Arguments &arguments, const std::string &option) {
  const auto out = arguments.find(option);
  if (out && file_name(*out) != *out)
    throw Error(ErrorCode::kUsage, option,
                fmt::format("weights are not read from {}; the name of a file would be accepted", file_name(*out)));
  if (out && is_checkpoint(*out)) verify_checkpoint(*out);
  return out;
}

std::uint64_t seed_of(const Arguments &arguments) {
  const auto text = arguments.find("--seed");
  return text ? read_seed("--seed", *text) : 0;
}

ModelConfig model_of(const Arguments &arguments, const std::string &place) {
  ModelConfig out;
  const std::string argument = arguments.get(place);
  out.network = read_network_text(argument);
  if (const auto text = arguments.find("--substitute")) out.substitution = parse_substitute(*text).text();
  out.where_possible = arguments.has("--where-possible");
  const auto input = arguments.find("--input");
  out.input = input ? parse_image_shape("--input", *input) : load_design_text(out.network).network.input;
  out.input.batch = 1;
  design_of(out); // a solved file with --substitute, or a network that does not take such images
  return out;
}

/// The protocol with what --set and the options that are short for it change. `trains`: else how images are cut is all that has
/// an effect.
Protocol protocol_of(const Arguments &arguments, const ModelConfig &model, const std::string &kind, bool trains = true) {
  std::vector<std::pair<std::string, std::string>> settings;
  for (const auto &[option, key] : {std::pair{"--epochs", "epochs"},
                                    {"--batch", "batch"},
                                    {"--learning-rate", "learning_rate"},
                                    {"--recompute", "recompute"}})
    if (const auto value = arguments.find(option)) settings.emplace_back(key, *value);
  for (const std::string &text : arguments.all("--decay-scaling")) {
    const auto equals = text.find('=');
    settings.emplace_back(equals == std::string::npos ? "decay_scaling" : "decay_scaling." + text.substr(0, equals),
                          equals == std::string::npos ? text : text.substr(equals + 1));
  }
  for (const std::string &text : arguments.all("--set")) {
    const auto equals = text.find('=');
    if (equals == std::string::npos)
      throw Error(ErrorCode::kUsage, "--set", fmt::format("{} must be KEY=VALUE, such as weight_decay=1e-4", shown(text)));
    settings.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  const NetworkFamily *family = design_of(model).network.family;
  const ChosenProtocol out = choose_protocol(arguments.find("--protocol"), settings,
                                             family == nullptr ? std::string_view() : family->info().name, model.input, kind);
  for (const std::string &key : out.changed) {
    std::optional<std::string> why;
    if (trains && !arguments.has("--teacher")) why = without_effect_alone(key);
    if (!trains && !key.starts_with("augmentation.") && key != "batch")
      why = fmt::format("{} has no effect where nothing is trained; augmentation.* and batch would have", key);
    if (!why) why = without_effect(out.protocol, key);
    if (why) throw Error(ErrorCode::kUsage, "protocol/" + key, *why);
  }
  return out.protocol;
}

ExpectedError read_expected_error(const std::string &text) {
  const std::string where = "--expect-teacher-error";
  const auto sign = text.find("+-");
  if (sign == std::string::npos)
    throw Error(ErrorCode::kInvalidValue, where,
                fmt::format("expect-teacher-error = {} must be X+-D in percent, such as 4.2+-0.1", plain(text)));
  const ExpectedError out{.percent = read_real(where, text.substr(0, sign)),
                          .tolerance = read_real(where, text.substr(sign + 2))};
  if (!out.is_possible())
    throw Error(ErrorCode::kInvalidValue, where,
                fmt::format("expect-teacher-error = {} must be X+-D in percent, X from 0 to 100 and D from 0 up", plain(text)));
  return out;
}

/// What other programs call options of `train`, and the keys of protocols, which are set by --set.
std::vector<std::pair<std::string, std::string>> options_elsewhere() {
  std::vector<std::pair<std::string, std::string>> out = {
      {"--lr", "--learning-rate"},      {"--batch-size", "--batch"},    {"--bs", "--batch"},
      {"--gpu", "--device cuda"},       {"--cuda", "--device cuda"},    {"--gpus", "--device cuda"},
      {"--amp", "--precision bf16"},    {"--bf16", "--precision bf16"}, {"--output-dir", "--output"},
      {"--save-dir", "--output"},       {"--pretrained", "--weights"},  {"--checkpoint", "--weights"},
      {"--dataset", "--data"},          {"--data-dir", "--data"},       {"--num-workers", "--workers"},
      {"--resume", "pare resume"},      {"--num-epochs", "--epochs"},   {"--teacher-weights", "--teacher"},
      {"--grad-accum", "--micro-batch"}};
  const auto option = [](std::string_view key) {
    std::string name = "--" + std::string(key);
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == '_' || c == '.'; }, '-');
    return name;
  };
  for (const FieldDescription &field : describe_protocol_fields()) {
    const std::string meant = fmt::format("--set {}=VALUE", field.key);
    out.emplace_back(option(field.key), meant);
    for (const std::string_view name : field.elsewhere) out.emplace_back(option(name), meant);
  }
  return out;
}

} // namespace

command::Command describe_train(Run run) {
  return {
      .name = "train",
      .summary = "Train a network, or distil a teacher into it",
      .description = "Trains exactly the network that `pare cost` counts: from scratch, or with --teacher as its student, by "
                     "attention transfer. "
                     "Everything that is needed to repeat the run goes into the folder, with metrics, checkpoints and the "
                     "trained weights. The same "
                     "command on a folder that is there goes on where it stopped.",
      .options = {command::network_option(),
                  command::substitute_option(),
                  command::where_possible_option(),
                  command::input_option(),
                  {.name = "--teacher",
                   .value = "FILE",
                   .description = "Weights of the teacher: safetensors, .pt, .pth or .t7; or the folder of a run, which is of "
                                  "its own network; of one that is not done the checkpoint must stay there",
                   .values = Values::kFile,
                   .otherwise = "none, train from scratch"},
                  {.name = "--teacher-network",
                   .value = "NETWORK",
                   .description = "What the teacher is",
                   .values = Values::kNetwork,
                   .otherwise = "that of the teacher's run, or the network before anything is substituted"},
                  {.name = "--expect-teacher-error",
                   .value = "X+-D",
                   .description =
                       "Refuse a teacher whose top-1 error on the validation images is not X percent, give or take D"},
                  data_option(),
                  {.name = "--max-images",
                   .value = "N",
                   .description = "Train on the first N images of each class only; validation has all of its own"},
                  protocol_option(),
                  set_option(),
                  {.name = "--epochs", .value = "N", .description = "Short for --set epochs=N"},
                  {.name = "--batch", .value = "N", .description = "Short for --set batch=N"},
                  {.name = "--learning-rate", .value = "X", .description = "Short for --set learning_rate=X"},
                  {.name = "--decay-scaling",
                   .value = "FAMILY=on|off|X",
                   .description =
                       "Whether a family's weight decay is scaled by the compression ratio, or by X; without FAMILY: of all",
                   .repeats = true},
                  {.name = "--recompute",
                   .value = "WHAT",
                   .description = "Activations that are computed again instead of kept",
                   .choices = names_of(kRecomputeChoices),
                   .otherwise = "auto"},
                  {.name = "--output",
                   .letter = "-o",
                   .value = "DIR",
                   .description = "The run's folder, which is made or gone on with",
                   .values = Values::kFile,
                   .required = true},
                  {.name = "--weights",
                   .value = "FILE",
                   .description = "Weights to start from, instead of random ones",
                   .values = Values::kFile},
                  {.name = "--start",
                   .value = "FILE",
                   .description =
                       "Weights of the network before anything is substituted: each substituted layer starts at the member of "
                       "its family that is nearest to them, or near; what has no such projection starts as usual and is "
                       "listed, all else at what they are, but for statistics of batch norms, which are measured anew",
                   .values = Values::kFile},
                  weights_key_option(),
                  match_option(),
                  name_map_option(),
                  strict_option(),
                  {.name = "--reinitialise",
                   .value = "LAYER",
                   .description = "Start this layer anew, whatever the file of --weights or --start has: fc, for other classes",
                   .repeats = true},
                  {.name = "--seed", .value = "N", .description = "Of everything that is random", .otherwise = "0"},
                  device_option(),
                  precision_option(),
                  channels_last_option(),
                  no_cuda_graph_option(),
                  {.name = "--micro-batch",
                   .value = "N",
                   .description =
                       "Images in one pass, the gradients of a batch added up: less memory; batch norm then sees N images"},
                  workers_option(),
                  threads_option(),
                  {.name = "--checkpoint-every",
                   .value = "STEPS",
                   .description = "Save that often as well as at the end of each epoch"},
                  on_bad_file_option(),
                  {.name = "--max-steps", .value = "N", .description = "Save and stop after N steps of the run"},
                  {.name = "--quiet", .description = "Show no progress"}},
      .examples = {{"pare train student.json --teacher teacher.safetensors --data cifar10:data -o runs/student",
                    "Distil a teacher into what `pare solve` found"},
                   {"pare train student.json --start teacher.safetensors --data cifar10:data -o runs/student",
                    "Begin at the teacher's projection"},
                   {"pare train wrn-28-10 --data cifar10:data -o runs/teacher", "A teacher, from scratch"},
                   {"pare train wrn-16-2 --data cifar10:data --epochs 10 --set schedule.milestones=4,8 -o runs/short",
                    "Ten epochs"}},
      .elsewhere = options_elsewhere(),
      .run = run};
}

command::Command describe_resume(Run run) {
  constexpr std::string_view kOfRun = "what the run had";
  return {.name = "resume",
          .summary = "Go on with a run where it stopped",
          .description =
              "Goes on with the run whose run.json is in a folder, or starts it where nothing but that is there, until "
              "it is done. What the run is stands there; only what lies elsewhere now is said.",
          .options = {{.name = "RUN", .description = "The folder of a run", .values = Values::kFile, .required = true},
                      data_option(false),
                      {.name = "--teacher",
                       .value = "FILE",
                       .description = "Where the teacher's weights lie; they must be those of before",
                       .values = Values::kFile,
                       .otherwise = "where the run had them, seen from here or from its folder"},
                      {.name = "--weights",
                       .value = "FILE",
                       .description = "Where the weights lie that it started from; they must be those of before",
                       .values = Values::kFile,
                       .otherwise = "where the run had them"},
                      {.name = "--start",
                       .value = "FILE",
                       .description = "Where the weights lie at whose projection it started; they must be those of before",
                       .values = Values::kFile,
                       .otherwise = "where the run had them"},
                      device_option(kOfRun),
                      no_cuda_graph_option(),
                      workers_option(),
                      threads_option(kOfRun),
                      lease_option(),
                      host_option(),
                      {.name = "--quiet", .description = "Show no progress"}},
          .examples = {{"pare resume runs/student", "The run of this folder"},
                       {"pare resume runs/student --data cifar10:/mnt/data", "With the images at another place"}},
          .run = run};
}

command::Command describe_evaluate(Run run) {
  return {.name = "evaluate",
          .summary = "Measure the error of a trained network",
          .description =
              "Runs the validation images through a trained network and prints its top-1 and top-5 error and its loss.",
          .options = {{.name = "RUN_OR_NETWORK",
                       .description =
                           "The folder of a run, a file of weights or a checkpoint of its, or a network, which needs --weights",
                       .values = Values::kNetwork,
                       .required = true},
                      command::substitute_option(),
                      command::where_possible_option(),
                      command::input_option(),
                      {.name = "--weights",
                       .value = "FILE",
                       .description = "Weights: safetensors, .pt, .pth or .t7",
                       .values = Values::kFile,
                       .otherwise = "those of the run"},
                      weights_key_option(),
                      match_option(),
                      name_map_option(),
                      strict_option(),
                      data_option(false),
                      protocol_option(),
                      set_option(),
                      {.name = "--batch", .value = "N", .description = "Images in one pass"},
                      device_option(),
                      precision_option(),
                      channels_last_option(),
                      workers_option(),
                      threads_option(),
                      on_bad_file_option(),
                      command::format_option({kFormats.begin(), kFormats.end()}),
                      command::output_option()},
          .examples = {{"pare evaluate runs/student --data cifar10:data", "The error of a run's last weights"},
                       {"pare evaluate wrn-28-10 --weights teacher.safetensors --data cifar10:data",
                        "Of a network with weights from elsewhere"}},
          .run = run};
}

command::Command describe_data(Run run) {
  return {
      .name = "data",
      .summary = "Make data to try things on",
      .description = "Writes a synthetic set of images in the format of a real one: patterns that a network learns in a "
                     "minute, for tests and "
                     "demonstrations. The set is marked, and what is trained on it says so.",
      .options =
          {{.name = "ACTION", .description = "One of", .choices = {"synthesize"}, .required = true},
           {.name = "DIR",
            .description = "The folder, which must be empty or not there",
            .values = Values::kFile,
            .required = true},
           {.name = "--like",
            .value = "KIND",
            .description = "The format",
            .choices = {kSynthesized.begin(), kSynthesized.end()},
            .required = true},
           {.name = "--classes", .value = "N", .description = "How many classes", .required = true},
           {.name = "--images",
            .value = "N",
            .description = "How many images to train on; a fifth as many are for validation",
            .required = true},
           {.name = "--size", .value = "N", .description = "Height and width in pixels; imagenet only", .otherwise = "256"},
           {.name = "--seed", .value = "N", .description = "Of what is random in it", .otherwise = "0"}},
      .examples = {{"pare data synthesize --like cifar10 --classes 10 --images 5000 data", "A small set in CIFAR-10's format"}},
      .run = run};
}

RunConfig read_run_config(const Arguments &arguments) {
  RunConfig out;
  out.data = arguments.get("--data");
  const auto [kind, folder] = parse_data_spec(out.data);
  out.data = kind + ":" + folder;
  out.device = parse_device("--device", arguments.get("--device", kDevice));
  out.precision = choice(arguments, "--precision", kPrecisions);
  out.on_bad_file = choice(arguments, "--on-bad-file", kOnBadFile);
  out.channels_last = arguments.has("--channels-last");
  out.cuda_graph = !arguments.has("--no-cuda-graph");
  out.seed = seed_of(arguments);
  out.micro_batch = whole(arguments, "--micro-batch");
  out.threads = whole(arguments, "--threads", 1, kMostThreads);
  out.workers = whole(arguments, "--workers", 0, kMostThreads);
  out.checkpoint_every = whole(arguments, "--checkpoint-every");
  out.max_steps = whole(arguments, "--max-steps");
  out.max_images = whole(arguments, "--max-images");

  out.model = model_of(arguments, "NETWORK");
  out.protocol = protocol_of(arguments, out.model, kind);
  if (out.micro_batch && *out.micro_batch > out.protocol.batch)
    throw Error(ErrorCode::kInvalidConfig, "--micro-batch",
                fmt::format("micro-batch = {} must be at most the batch, {}", *out.micro_batch, out.protocol.batch));

  const auto teacher = weights_of(arguments, "--teacher");
  const auto weights = weights_of(arguments, "--weights");
  const auto start = weights_of(arguments, "--start");
  const formats::Reading reading = read_reading(arguments, teacher || weights || start);
  formats::Reading with_anew = reading; // of what is trained
  with_anew.anew = arguments.all("--reinitialise");
  if (!with_anew.anew.empty() && !weights && !start)
    throw Error(ErrorCode::kUsage, "--reinitialise",
                "all layers start anew where neither --weights nor --start is given; with one of them it would be accepted");
  for (const char *option : {"--teacher-network", "--expect-teacher-error"})
    if (!teacher && arguments.has(option))
      throw Error(ErrorCode::kUsage, option, "there is no teacher; --teacher FILE beside it would be accepted");
  if (teacher) {
    const auto network = arguments.find("--teacher-network");
    const auto error = arguments.find("--expect-teacher-error");
    out.teacher = {.file = *teacher,
                   .checksum = {},
                   .network = network ? read_network_text(*network) : original_network(out.model.network),
                   .expected_error = error ? std::optional(read_expected_error(*error)) : std::nullopt,
                   .reading = reading};
    // The folder of a run says what it is.
    std::error_code ignored;
    if (std::filesystem::is_directory(*teacher, ignored)) {
      const Trained run = find_trained(*teacher).value();
      out.teacher->file = run.file;
      if (reading.key.empty()) out.teacher->reading.key = run.reading.key;
      if (!network) {
        out.teacher->network = run.config.model.network;
        out.teacher->substitution = run.config.model.substitution;
        out.teacher->where_possible = run.config.model.where_possible;
      }
    }
    out.teacher->checksum = digest_of_file(out.teacher->file);
    teacher_design_of(out); // must take the student's images
  }
  if (weights) out.weights = {.file = *weights, .checksum = digest_of_file(*weights), .reading = with_anew};
  if (start) {
    if (out.weights)
      throw Error(ErrorCode::kUsage, "--start",
                  "--weights says what all of the network starts from; one of the two would be accepted");
    out.start = {.file = *start, .checksum = digest_of_file(*start), .reading = with_anew};
    design_of(start_network(out)); // must take the same images
  }
  return out;
}

OptionInfo lease_option() {
  static const std::string otherwise = fmt::format("{}", kLeaseSeconds);
  return {.name = "--lease",
          .value = "SECONDS",
          .description = "How long the folder stays this process's when that is heard of no more",
          .otherwise = otherwise};
}

OptionInfo host_option() {
  return {.name = "--host",
          .value = "NAME",
          .description = "What this machine is called in the folder",
          .otherwise = "its own name"};
}

ClaimOptions read_claim_options(const Arguments &arguments) {
  ClaimOptions out;
  if (const auto lease = arguments.find("--lease")) {
    out.lease_seconds = read_real("--lease", *lease);
    if (out.lease_seconds < kShortestLease || out.lease_seconds > kLongestLease)
      throw Error(
          ErrorCode::kInvalidValue, "--lease",
          fmt::format("lease = {} must be a number of seconds from {} to {}", plain(*lease), kShortestLease, kLongestLease));
  }
  if (const auto host = arguments.find("--host")) {
    out.host = *host;
    if (host->empty()) throw Error(ErrorCode::kInvalidValue, "--host", "host = \"\" must be a name");
  }
  return out;
}

ResumeRequest read_resume_request(const Arguments &arguments) {
  ResumeRequest out{.folder = arguments.get("RUN"), .config = {}, .claim = read_claim_options(arguments)};
  const std::string path = out.folder + "/run.json";
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    throw Error(ErrorCode::kIo, out.folder, "has no run.json; the folder of a run would be accepted");
  RunConfig &config = out.config;
  config = read_run(read_text(path, path), path).config;
  config.max_steps.reset();
  if (const auto data = arguments.find("--data")) {
    const auto [kind, folder] = parse_data_spec(*data);
    config.data = kind + ":" + folder;
  }
  if (const auto device = arguments.find("--device")) config.device = parse_device("--device", *device);
  if (arguments.has("--no-cuda-graph")) config.cuda_graph = false;
  if (const auto threads = whole(arguments, "--threads", 1, kMostThreads)) config.threads = threads;
  if (const auto workers = whole(arguments, "--workers", 0, kMostThreads)) config.workers = workers;

  const auto find_file = [&](const std::string &option, std::string_view what, auto &file) {
    const auto given = weights_of(arguments, option);
    if (!file && given)
      throw Error(ErrorCode::kUsage, option,
                  fmt::format("the run in {} has no {}; without it would be accepted", out.folder, what));
    if (!file) return;
    if (given) file->file = *given;
    const std::string place = place_of(file->file, out.folder);
    const std::string found = digest_of_file(place, kind_of_digest(file->checksum));
    if (found != file->checksum)
      throw Error(
          ErrorCode::kInvalidConfig, place,
          fmt::format("is not the {} that the run in {} was started with: its digest is {}, and was {}; that file would be "
                      "accepted",
                      what, out.folder, found, file->checksum));
  };
  find_file("--teacher", "teacher", config.teacher);
  find_file("--weights", "weights", config.weights);
  find_file("--start", "start", config.start);
  return out;
}

EvaluateRequest read_evaluate_request(const Arguments &arguments) {
  EvaluateRequest out;
  const auto data = arguments.find("--data");
  const auto [kind, folder] = data ? parse_data_spec(*data) : std::pair<std::string, std::string>();
  if (data) out.data = kind + ":" + folder;
  out.device = parse_device("--device", arguments.get("--device", kDevice));
  out.precision = choice(arguments, "--precision", kPrecisions);
  out.on_bad_file = choice(arguments, "--on-bad-file", kOnBadFile);
  out.format = command::read_format(arguments, kFormats);
  out.channels_last = arguments.has("--channels-last");
  out.batch = whole(arguments, "--batch");
  out.workers = whole(arguments, "--workers", 0, kMostThreads);
  out.threads = whole(arguments, "--threads", 1, kMostThreads);
  out.output = arguments.get("--output");
  out.weights = weights_of(arguments, "--weights").value_or("");
  out.reading = read_reading(arguments, !out.weights.empty());

  const std::string what = arguments.get("RUN_OR_NETWORK");
  if (const auto trained = find_trained(what, out.weights.empty())) {
    for (const char *option : {"--substitute", "--where-possible", "--input", "--protocol", "--set"})
      if (arguments.has(option))
        throw Error(ErrorCode::kUsage, option, fmt::format("the run in {} has its own; without it would be accepted", what));
    out.model = trained->config.model;
    out.protocol = trained->config.protocol;
    if (!data) {
      out.data = trained->config.data;
      out.data_fingerprint = trained->data_fingerprint;
      out.max_images = trained->config.max_images;
    }
    out.told = out.weights;
    if (out.weights.empty()) {
      out.weights = trained->file;
      out.told = trained->told;
      out.remarks = trained->remarks;
      out.reading = trained->reading;
    }
    return out;
  }
  out.model = model_of(arguments, "RUN_OR_NETWORK");
  if (!data)
    throw Error(ErrorCode::kUsage, "--data",
                "is missing: a run has its own, and a network has none; --data KIND:DIR would be accepted");
  if (out.weights.empty())
    throw Error(ErrorCode::kUsage, "--weights",
                fmt::format("{} is a network without weights; --weights FILE, or the folder of a run would be accepted", what));
  out.protocol = protocol_of(arguments, out.model, kind, false);
  out.told = out.weights;
  return out;
}

SynthesizeRequest read_synthesize_request(const Arguments &arguments) {
  if (arguments.get("ACTION") != "synthesize")
    throw Error(ErrorCode::kUsage, "data", fmt::format("{} must be synthesize", shown(arguments.get("ACTION"))));
  SynthesizeRequest out;
  out.like = read_choice("--like", arguments.get("--like"), kSynthesized);
  out.classes = read_whole("--classes", arguments.get("--classes"), 2, out.like == "cifar10" ? 10 : 100'000);
  out.images = read_whole("--images", arguments.get("--images"), out.classes, 100'000'000);
  const auto size = arguments.find("--size");
  if (out.like == "cifar10" && size && *size != "32")
    throw Error(ErrorCode::kUsage, "--size", fmt::format("size = {}, but images like cifar10's are 32 x 32", *size));
  out.size = out.like == "cifar10" ? 32 : size ? read_whole("--size", *size, 8, 4096) : 256;
  out.seed = seed_of(arguments);
  out.folder = arguments.get("DIR");
  return out;
}

} // namespace pare::train
