#include "train/trainer.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "command/version.hpp"
#include "train/device.hpp"
#include "train/evaluate.hpp"
#include "train/initialise.hpp"
#include "train/model.hpp"
#include "train/plan/batch_norm.hpp"
#include "train/plan/checkpoint.hpp"
#include "train/plan/records.hpp"
#include "train/plan/run_folder.hpp"
#include "train/start.hpp"
#include "train/step.hpp"
#include "train/step_graph.hpp"
#include "train/torch.hpp"
#include "train/weights.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <utility>

namespace pare::train {

using torch::Tensor;
using Json = json::Value;

namespace {

constexpr std::int64_t kLogsPerEpoch = 20;
constexpr std::chrono::seconds kHeartbeat{5}; ///< from one to the next, where none is saved between
constexpr std::string_view kBestFile = "best.safetensors";
constexpr std::string_view kAttentionTerm = "attention"; ///< of the loss
constexpr std::string_view kHeartbeatFile = "heartbeat.json";
constexpr std::string_view kModel = "model."; ///< what names of parameters and buffers begin with in a checkpoint

/// Sums over an epoch's images, on the device: total, cross-entropy, kd and attention losses, top-1 and top-5 errors, images.
enum Sum : std::int64_t { kTotal, kCrossEntropy, kKd, kAttention, kTop1, kTop5, kImages, kSums };

/// How a run ended before its time, thrown from where that was found.
struct Ended {
  Ending ending;
  std::string reason;
};

/// The error rate as tables print it.
std::string percent(double value) { return fmt::format("{:.2f} %", value); }

class Trainer {
public:
  Trainer(RunConfig config, const std::string &folder, Reporter &reporter, const ClaimOptions &claim)
      : config_(std::move(config)), folder_(folder, claim), reporter_(reporter) {}

  RunResult run();

private:
  void settle();
  void open();
  void check_data();
  Recompute recompute_of(RecomputeChoice choice, std::int64_t activations);
  void score_teacher();
  void check_teacher() const;
  void record();
  void restore();
  void begin_at_projection();
  void measure_statistics_anew();
  Checkpoint checkpoint() const;
  void save();
  Heartbeat heartbeat() const;
  void beat_now_and_then();
  Score score(GraphModule &module, const std::string &what);
  /// What `action` gives while the student has its average's weights and statistics.
  template <class Action>
  auto with_average(const Action &action);
  void begin_average();
  void update_average();
  void keep_best(double top1_percent);
  std::vector<std::pair<std::string_view, double>> loss_shares(const Tensor &sums) const;
  void train_epoch();
  void one_step(const Batch &batch);
  void report_step();
  void report_epoch(const Score &validation, const std::optional<Score> &average);
  [[noreturn]] void diverged(const std::string &what, const std::string &not_finite);
  [[noreturn]] void diverged_at(const Batch &batch, std::int64_t step);
  [[noreturn]] void out_of_memory(const std::string &message);
  void finish();
  void read_epochs_of_before();
  void read_heartbeat_of_before();
  std::optional<RunResult> result_of_before();
  RunResult train_all();
  RunResult result(Ending ending, std::string reason = {}) const;
  std::optional<double> seconds() const {
    if (!seconds_before_) return std::nullopt;
    return *seconds_before_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  }
  bool stopped() const { return reporter_.ends() || (config_.max_steps && position_.step >= *config_.max_steps); }
  std::int64_t total_steps() const { return loader_->batches() * config_.protocol.epochs; }
  LoaderOptions loader_options(bool training) const;
  std::map<std::string, Tensor> tensors() const;
  template <class File>
  void load(GraphModule &module, const File &weights) {
    const std::string file = place_of(weights.file, folder_.path());
    for (const std::string &line : load_weights(module, file, weights.reading))
      reporter_.line(fmt::format("{}: {}", file, line));
  }
  void say(const std::string &line) {
    folder_.log(line);
    reporter_.line(line);
  }

  RunConfig config_;
  RunFolder folder_;
  Reporter &reporter_;
  bool resumed_ = false;
  bool begins_at_projection_ = false;
  std::vector<std::string> changes_; ///< from what it was started with
  Json record_ = Json::object();

  torch::Device device_{torch::kCPU};
  Precision precision_ = Precision::kFp32;
  DataSource data_;
  Model student_;
  std::optional<Model> teacher_;
  std::unique_ptr<Sgd> sgd_;
  std::vector<std::pair<std::string, Tensor>> averaged_; ///< the student's parameters and statistics
  std::vector<Tensor> averages_;                         ///< of each, where there is an average
  std::unique_ptr<Loader> loader_;
  std::unique_ptr<Loader> validation_;
  std::unique_ptr<Stepper> stepper_;

  Position position_;
  Tensor sums_;
  StepResult last_;
  std::optional<EpochRecord> last_epoch_;
  std::optional<double> best_top1_percent_; ///< of the epochs so far
  bool said_attention_ = false;
  std::optional<double> seconds_before_; ///< it was stopped; none where nobody knows
  std::chrono::steady_clock::time_point started_;
  std::int64_t saved_step_ = 0;
  std::optional<double> saved_seconds_;
  std::int64_t first_step_ = 0; ///< that it did now
  std::chrono::steady_clock::time_point first_step_start_;
  std::chrono::steady_clock::time_point next_beat_;
  std::chrono::steady_clock::time_point epoch_start_;
  std::int64_t images_since_start_ = 0;
  std::string figures_;
};

/// What the folder's run was started with decides what is not said now, and refuses what cannot be changed.
void Trainer::settle() {
  if (!folder_.has("run.json")) return;
  const std::string path = folder_.file("run.json");
  const RunFile started = read_run(read_text(path, path), path);
  adopt(config_, started.config);
  if (const auto difference = first_difference(config_, started.config))
    throw Error(ErrorCode::kInvalidConfig, folder_.path(),
                fmt::format("{}; the same command, or another folder would be accepted", *difference));
  record_ = json::parse(started.record, json::Place(path));
  // What is read of the record later; the rest is for people.
  json::Members record(record_, json::Place(path).member("record"));
  if (record.find("data_fingerprint") != nullptr) record.text("data_fingerprint");
  if (const Json *teacher = record.find("teacher")) json::Members(*teacher, record.place("teacher")).real("top1_error_percent");
  if (const Json *changes = record.find("changes"); changes != nullptr && !changes->is_array())
    json::refuse(*changes, record.place("changes"), "changes", "an array");
  changes_ = bit_differences(config_, started.config);
  for (const std::string &change : changes_) reporter_.line(change);
  resumed_ = true;
}

LoaderOptions Trainer::loader_options(bool training) const {
  return {.batch = config_.protocol.batch,
          .seed = config_.seed,
          .workers = config_.workers.value_or(1),
          .prefetch = 2,
          .shuffle = training,
          .drop_last = false,
          .training = training,
          .pinned = device_.is_cuda(),
          .channels_last = config_.channels_last};
}

void Trainer::open() {
  config_.threads = prepare_cpu(config_.threads);
  device_ = open_device(config_.device);
  config_.device = device_.str();
  precision_ = open_precision(config_.precision, device_);
  // A run of before has the data's fingerprint by another digest.
  const Digest kind = kind_of_digest(record_.value("data_fingerprint", std::string()));
  data_ = open_data(config_.data, parse_on_bad_file(config_.on_bad_file, "--on-bad-file"), kind, config_.max_images);

  const Protocol &p = config_.protocol;
  student_ = build_model(design_of(config_.model), p.auxiliary_head, config_.model.where_possible);
  check_classes(student_, data_, "the network");
  check_batch_norms(student_.module->graph(), student_.auxiliary ? &student_.auxiliary->graph() : nullptr, data_.train->size(),
                    p.batch, config_.micro_batch);
  loader_ = std::make_unique<Loader>(data_.train, p.augmentation, loader_options(true));
  validation_ = std::make_unique<Loader>(data_.validation, p.augmentation, loader_options(false));

  initialise(*student_.module, config_.seed);
  if (student_.auxiliary) initialise(*student_.auxiliary, config_.seed);
  if (config_.weights) load(*student_.module, *config_.weights);

  if (config_.teacher) {
    teacher_ = build_model(teacher_design_of(config_), false, config_.teacher->where_possible);
    check_classes(*teacher_, data_, "the teacher");
    const auto taps = [](const Model &model) { return model.module->graph().attention_taps().size(); };
    if (p.beta != 0 && taps(student_) != taps(*teacher_))
      throw Error(ErrorCode::kInvalidConfig, "--teacher-network",
                  fmt::format("the student has {} attention taps and the teacher {}; as many, or beta = 0 would be accepted",
                              taps(student_), taps(*teacher_)));
    load(*teacher_->module, *config_.teacher);
    for (Tensor &parameter : teacher_->module->parameters()) parameter.requires_grad_(false);
    teacher_->module->to(device_);
    teacher_->module->freeze(precision_);
  }
  student_.module->to(device_);
  if (student_.auxiliary) student_.auxiliary->to(device_);

  const double ratio = static_cast<double>(student_.cost.parameters) / static_cast<double>(student_.original_parameters);
  const auto scaling = [&](std::string_view family) {
    const auto entry = p.decay_scaling.find(std::string(family));
    if (entry == p.decay_scaling.end())
      throw Error(
          ErrorCode::kInvalidConfig, "protocol/decay_scaling",
          fmt::format("{} marks parameters whose weight decay may be scaled, and neither it nor the protocol says whether; "
                      "decay_scaled in its info() would be accepted",
                      family));
    return entry->second;
  };
  const auto decays = weight_decays(
      student_.module->graph(), p.weight_decay, [&](std::string_view family) { return scaling(family).times(ratio); },
      p.decay_norms_and_biases);
  std::vector<Sgd::Parameter> parameters;
  for (const auto &entry : student_.module->named_parameters())
    parameters.push_back({.name = entry.key(), .tensor = entry.value(), .decay = decays.at(entry.key())});
  if (student_.auxiliary) {
    const auto own = weight_decays(student_.auxiliary->graph(), p.weight_decay, {}, p.decay_norms_and_biases);
    for (const auto &entry : student_.auxiliary->named_parameters())
      parameters.push_back({.name = entry.key(), .tensor = entry.value(), .decay = own.at(entry.key())});
  }
  sgd_ = std::make_unique<Sgd>(std::move(parameters), p.momentum, p.nesterov);

  std::map<std::string, Json> families; // whose parameters may be scaled
  const Graph &graph = student_.module->graph();
  for (const auto &[name, node] : student_.module->parameter_nodes())
    if (std::get<Parameter>(graph.node(node).op).decay_scaled) {
      const std::string &family = graph.layer(graph.node(node).layer).family;
      const DecayScaling own = scaling(family);
      families[family] = own.factor ? Json(*own.factor) : Json(own.on);
    }
  record_["weight_decay"] = {{"not_scaled", p.weight_decay},
                             {"scaled", p.weight_decay * ratio},
                             {"compression_ratio", ratio},
                             {"scaled_families", families}};

  // Without the masks of dropout, of which the networks that are known have few.
  const std::int64_t at_once = std::min(config_.micro_batch.value_or(p.batch), p.batch);
  const Recompute recompute = recompute_of(p.recompute, checked_mul(student_.cost.activation_elements, at_once));
  record_["recompute"] = recompute == Recompute::kAll ? "all" : "none";
  const StepSettings settings{.losses = loss_settings(p, position_.epoch),
                              .precision = precision_,
                              .recompute = recompute,
                              .micro_batch = config_.micro_batch,
                              .clip_grad = p.clip_grad,
                              .check_finite = device_.is_cpu()};
  if (p.ema_decay) {
    const auto add = [&](const std::string &name, const Tensor &tensor) {
      if (tensor.is_floating_point()) averaged_.emplace_back(name, tensor.detach());
    };
    for (const auto &entry : student_.module->named_parameters()) add(entry.key(), entry.value());
    for (const auto &entry : student_.module->named_buffers()) add(entry.key(), entry.value());
    begin_average();
  }
  const Networks networks{.student = student_.module.get(),
                          .auxiliary = student_.auxiliary.get(),
                          .teacher = teacher_ ? teacher_->module.get() : nullptr};
  // Drop path is drawn by the CPU in all epochs but the first: not recorded for that one alone.
  const bool records = config_.cuda_graph && p.drop_path == 0;
  stepper_ = std::make_unique<Stepper>(networks, *sgd_, settings, records);
  sums_ = torch::zeros({kSums}, torch::TensorOptions(device_).dtype(torch::kFloat64));
}

/// `auto` recomputes where the activations of a pass, each with its gradient, are not sure to fit in what is free.
Recompute Trainer::recompute_of(RecomputeChoice choice, std::int64_t activations) {
  if (choice != RecomputeChoice::kAuto) return choice == RecomputeChoice::kAll ? Recompute::kAll : Recompute::kNone;
  constexpr double kBytes = 2 * sizeof(float);
  constexpr double kShare = 0.8; // of what is free: convolutions take scratch memory too
  const auto free = free_bytes(device_);
  if (!free || static_cast<double>(activations) * kBytes < kShare * static_cast<double>(*free)) return Recompute::kNone;
  reporter_.line(fmt::format("{} activations may not fit in the {} MB that are free: blocks are computed again in the backward "
                             "pass; --recompute none keeps them",
                             activations, *free / 1'000'000));
  return Recompute::kAll;
}

/// All validation images. An interrupt ends it early, and the score is of no use then.
Score Trainer::score(GraphModule &module, const std::string &what) {
  const auto start = std::chrono::steady_clock::now();
  const std::int64_t batches = validation_->batches();
  return evaluate(module, *validation_, device_, precision_, [&](std::int64_t done) {
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const double batches_per_second = static_cast<double>(done) / std::max(seconds, 1e-9);
    reporter_.show({.what = what,
                    .done = done,
                    .total = batches,
                    .images_per_second = batches_per_second * static_cast<double>(config_.protocol.batch),
                    .seconds_left = static_cast<double>(batches - done) / batches_per_second,
                    .figures = {}});
    return !reporter_.ends();
  });
}

/// Before anything is trained: a wrong teacher is found now, and not in the results.
void Trainer::score_teacher() {
  if (!teacher_) return;
  if (!distils(config_.protocol))
    reporter_.line("nothing is learned from the teacher: neither its logits nor attention have a weight");
  if (is_checkpoint(place_of(config_.teacher->file, folder_.path())))
    reporter_.line(fmt::format("teacher {}: a checkpoint; the file must stay where it is for as long as the run goes on",
                               config_.teacher->file));
  if (!record_.contains("teacher")) {
    reporter_.line(fmt::format("teacher {}: evaluating", config_.teacher->file));
    const Score result = score(*teacher_->module, "teacher");
    if (reporter_.ends()) return;
    if (!std::isfinite(result.loss))
      throw Error(
          ErrorCode::kNotFinite, config_.teacher->file,
          fmt::format("the teacher's loss on the validation images is not finite; first not finite: {}; another teacher "
                      "would be accepted",
                      first_not_finite(*teacher_->module, *validation_, device_, precision_)));
    record_["teacher"] = {{"top1_error_percent", result.top1_percent()},
                          {"top5_error_percent", result.top5_percent()},
                          {"loss", result.mean_loss()}};
    say(fmt::format("teacher: top-1 error {}, top-5 error {}{}", percent(result.top1_percent()), percent(result.top5_percent()),
                    data_.synthetic ? ", synthetic data" : ""));
  }
  check_teacher();
}

void Trainer::check_teacher() const {
  const auto &expected = config_.teacher->expected_error;
  if (!expected) return;
  const double error = record_.at("teacher").at("top1_error_percent");
  if (std::abs(error - expected->percent) > expected->tolerance)
    throw Error(ErrorCode::kInvalidConfig, "--expect-teacher-error",
                fmt::format("the teacher's top-1 error is {:.4g} %, and {:.4g} +- {:.4g} % was expected; another teacher, or "
                            "other data would be accepted",
                            error, expected->percent, expected->tolerance));
}

void Trainer::check_data() {
  const std::string fingerprint = record_.value("data_fingerprint", data_.fingerprint);
  if (fingerprint != data_.fingerprint)
    throw Error(
        ErrorCode::kInvalidConfig, "--data",
        fmt::format("{} is not what the run was started with: its fingerprint was {} and is {}; the same data, or another "
                    "folder would be accepted",
                    data_.spec, fingerprint, data_.fingerprint));
}

void Trainer::record() {
  record_["data_fingerprint"] = data_.fingerprint;
  record_["data_is_synthetic"] = data_.synthetic;
  record_["data_preparation"] = data_.preparation.empty() ? Json(nullptr) : Json(data_.preparation);
  record_["training_images"] = data_.train->size();
  record_["validation_images"] = data_.validation->size();
  record_["network"] = student_.design.network.name;
  record_["substitution"] =
      student_.design.substitution_text().empty() ? Json(nullptr) : Json(student_.design.substitution_text());
  for (const std::string &change : changes_) record_["changes"].push_back(fmt::format("step {}: {}", position_.step, change));
  record_["parameters"] = student_.cost.parameters;
  record_[fmt::format("mult_adds[{}]", standard_convention().name)] = student_.cost.mult_adds(standard_convention()).whole();
  record_["device"] = describe(device_);
  Json versions = {{"pare", std::string(command::version())}, {"compiler", std::string(command::compiler())}};
  for (const auto &[name, version] : command::libraries()) versions[name] = version;
  versions["LibTorch"] = TORCH_VERSION;
  record_["versions"] = versions;
  folder_.remove("result.json"); // it goes on
  const std::string run = write_run({.config = config_, .record = record_.dump()});
  std::map<std::string, std::uint64_t> bytes;
  for (const auto &[name, tensor] : tensors()) bytes[name] = tensor.nbytes();
  check_sizes(bytes, run);
  folder_.write("run.json", run);
}

std::map<std::string, Tensor> Trainer::tensors() const {
  std::map<std::string, Tensor> out;
  const auto add = [&](const std::string &prefix, const torch::nn::Module &module) {
    for (const auto &entry : module.named_parameters()) out[prefix + entry.key()] = entry.value();
    for (const auto &entry : module.named_buffers()) out[prefix + entry.key()] = entry.value();
  };
  add(std::string(kModel), *student_.module);
  if (student_.auxiliary) add(std::string(kModel), *student_.auxiliary);
  for (const Sgd::Parameter &p : sgd_->parameters()) out["momentum." + p.name] = p.momentum;
  out["sums"] = sums_;
  for (std::size_t i = 0; i < averages_.size(); ++i) out["ema." + averaged_[i].first] = averages_[i];
  return out;
}

void Trainer::begin_average() {
  averages_.clear();
  for (const auto &[name, tensor] : averaged_) averages_.push_back(tensor.clone());
}

void Trainer::update_average() {
  if (averages_.empty()) return;
  const torch::NoGradGuard no_gradient;
  std::vector<Tensor> now;
  for (const auto &[name, tensor] : averaged_) now.push_back(tensor);
  at::_foreach_lerp_(averages_, now, 1 - config_.protocol.ema_decay.value());
}

template <class Action>
auto Trainer::with_average(const Action &action) {
  const torch::NoGradGuard no_gradient;
  std::vector<Tensor> own;
  for (const auto &[name, tensor] : averaged_) own.push_back(tensor.clone());
  const auto put = [&](const std::vector<Tensor> &values) {
    for (std::size_t i = 0; i < averaged_.size(); ++i) Tensor(averaged_[i].second).copy_(values[i]);
  };
  put(averages_);
  try {
    auto out = action();
    put(own);
    return out;
  } catch (...) {
    put(own);
    throw;
  }
}

/// Beside the last, which is the result: the weights of the first of the epochs with the fewest errors.
void Trainer::keep_best(double top1_percent) {
  if (best_top1_percent_ && top1_percent >= *best_top1_percent_) return;
  best_top1_percent_ = top1_percent;
  formats::TensorFile state = state_of(*student_.module);
  RunConfig config = config_;
  config.max_steps.reset(); // where it was stopped is no part of what it is
  state.metadata["pare.run"] = write_run({.config = config, .record = record_.dump()});
  state.metadata["epoch"] = std::to_string(position_.epoch);
  state.metadata["synthetic"] = data_.synthetic ? "true" : "false";
  folder_.write(std::string(kBestFile), formats::serialize_safetensors(state));
}

Checkpoint Trainer::checkpoint() const {
  Checkpoint out;
  out.position = position_;
  out.position.lengths = folder_.lengths();
  for (const auto &[name, tensor] : tensors()) out.tensors[name] = bytes_of(tensor);
  return out;
}

void Trainer::save() {
  folder_.flush();
  write_checkpoint(folder_, checkpoint());
  saved_step_ = position_.step;
  saved_seconds_ = seconds();
  folder_.write(kHeartbeatFile, write_heartbeat(heartbeat()));
  next_beat_ = std::chrono::steady_clock::now() + kHeartbeat;
}

Heartbeat Trainer::heartbeat() const {
  Heartbeat out{.step = position_.step,
                .seconds = seconds(),
                .steps = total_steps(),
                .saved_step = saved_step_,
                .saved_seconds = saved_seconds_};
  if (const std::int64_t done = position_.step - first_step_; done > 0) {
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - first_step_start_;
    out.seconds_left = taken.count() / static_cast<double>(done) * static_cast<double>(total_steps() - position_.step);
  }
  return out;
}

void Trainer::beat_now_and_then() {
  if (std::chrono::steady_clock::now() < next_beat_) return;
  folder_.note(kHeartbeatFile, write_heartbeat(heartbeat()));
  next_beat_ = std::chrono::steady_clock::now() + kHeartbeat;
}

void Trainer::restore() {
  std::vector<std::string> damaged;
  const auto found = newest_checkpoint(folder_.path(), damaged);
  for (const std::string &line : damaged) say(fmt::format("a damaged checkpoint is passed over: {}", line));
  if (!found) {
    // Nothing that was trained is begun anew: the checkpoint was left behind, or taken away.
    const bool has_weights = folder_.has("weights.safetensors");
    if (has_weights || saved_step_ > 0)
      throw Error(ErrorCode::kInvalidFile, folder_.path(),
                  fmt::format("has {}, and no checkpoint; the whole folder of the run, or another folder would be accepted",
                              has_weights ? "weights.safetensors" : fmt::format("saved at step {}", saved_step_)));
    folder_.cut_back({});
    begin_at_projection();
    return;
  }
  const torch::NoGradGuard no_gradient;
  const auto own = tensors();
  ValueRules rules;
  for (const auto &[name, rule] : student_.module->value_rules()) rules.emplace(fmt::format("{}{}", kModel, name), rule);
  for (const auto &[name, tensor] : own) {
    const auto saved = found->tensors.find(name);
    if (saved == found->tensors.end() || saved->second.sizes != tensor.sizes().vec())
      throw Error(
          ErrorCode::kInvalidFile, folder_.path(),
          fmt::format("the checkpoint of step {} does not fit the network at {}; the folder of this very run would be accepted",
                      found->position.step, name));
    const Tensor value = tensor_of(saved->second);
    if (const auto rule = rules.find(name); rule != rules.end()) check_values(value, &rule->second, folder_.path(), name);
    Tensor(tensor).copy_(value);
  }
  position_ = found->position;
  folder_.cut_back(position_.lengths);
  if (position_.step < total_steps()) say(fmt::format("going on at step {} of {}", position_.step, total_steps()));
}

/// Of a run that begins anew, however often: one that goes on has what it was trained to.
void Trainer::begin_at_projection() {
  if (!config_.start) return;
  const std::string file = place_of(config_.start->file, folder_.path());
  Model teacher = build_model(design_of(start_network(config_)), false, false);
  load(*teacher.module, *config_.start);
  auto said = std::chrono::steady_clock::now();
  const Started started = start_at(student_, teacher, config_.start->reading.anew, [&](std::int64_t done, std::int64_t all) {
    const auto now = std::chrono::steady_clock::now();
    if (now - said < kHeartbeat) return;
    said = now;
    reporter_.line(fmt::format("{}: {} of {} layers projected", file, done, all));
  });
  Json projected = Json::object();
  std::size_t nearest = 0;
  for (const Started::Layer &layer : started.projected) {
    projected[layer.name] = {{"energy_kept", layer.energy_kept}, {"is_nearest", layer.is_nearest}};
    nearest += layer.is_nearest ? 1 : 0;
  }
  record_["start"] = {{"projected", std::move(projected)}, {"drawn", started.drawn}};
  const std::string what =
      started.projected.empty()
          ? "no layer is projected"
          : fmt::format("{} layers projected, {} of them to the nearest of their families, {} of their energy kept",
                        started.projected.size(), nearest, percent(100 * started.energy_kept()));
  say(fmt::format("begins at {}: {}", config_.start->file, what));
  begins_at_projection_ = true;
  if (started.drawn.empty()) return;
  constexpr std::size_t kShown = 8; // run.json has all
  const auto end = started.drawn.begin() + static_cast<std::ptrdiff_t>(std::min(kShown, started.drawn.size()));
  const std::vector<std::string> shown(started.drawn.begin(), end);
  say(fmt::format("begins as usual: {}{}", fmt::join(shown, ", "),
                  started.drawn.size() > kShown ? fmt::format(" and {} more", started.drawn.size() - kShown) : ""));
}

/// Of a student at a projection, before its first step.
void Trainer::measure_statistics_anew() {
  if (!begins_at_projection_) return;
  const auto start = std::chrono::steady_clock::now();
  const std::int64_t batches = std::min(kStatisticsBatches, loader_->batches());
  const std::int64_t measured = measure_statistics(
      *student_.module, *loader_, device_, precision_, config_.seed, config_.micro_batch.value_or(config_.protocol.batch),
      [&](std::int64_t done) {
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        beat_now_and_then();
        reporter_.show({.what = "statistics",
                        .done = done,
                        .total = batches,
                        .images_per_second = 0,
                        .seconds_left = seconds * static_cast<double>(batches - done) / static_cast<double>(done),
                        .figures = {}});
        return !reporter_.ends();
      });
  record_["start"]["statistics_batches"] = measured;
  if (measured > 0) say(fmt::format("statistics of batch norms measured on {} batches", measured));
}

void Trainer::one_step(const Batch &batch) {
  const Protocol &p = config_.protocol;
  const Tensor images = batch.images.to(device_, true);
  const Tensor labels = batch.labels.to(device_, true);
  const Pass pass{.training = true,
                  .drop_path = drop_path_probability(p, position_.epoch),
                  .seed = config_.seed,
                  .step = static_cast<std::uint64_t>(position_.step)};
  stepper_->set_losses(loss_settings(p, position_.epoch));
  last_ = (*stepper_)(images, labels, learning_rate(p, position_.epoch), pass);
  const auto n = static_cast<double>(images.size(0));
  const torch::NoGradGuard no_gradient;
  const auto sum = [&](const Tensor &loss) {
    return loss.defined() ? loss.to(torch::kFloat64) * n : torch::zeros({}, sums_.options());
  };
  const Losses &l = last_.losses;
  sums_ += torch::cat({torch::stack({sum(l.total), sum(l.cross_entropy), sum(l.kd), sum(l.attention)}),
                       count_errors(last_.logits, labels).to(torch::kFloat64), torch::full({1}, n, sums_.options())});
  update_average();
  ++position_.step;
  ++position_.batch;
  images_since_start_ += images.size(0);
}

/// Thinned: so many lines per epoch, at the same steps whether the run was interrupted or not.
void Trainer::report_step() {
  const std::int64_t every = std::max<std::int64_t>(1, loader_->batches() / kLogsPerEpoch);
  if (position_.batch % every != 0) return;
  const auto value = [&](const Tensor &loss) {
    return teacher_ && loss.defined() ? std::optional(loss.item<double>()) : std::nullopt;
  };
  const Losses &losses = last_.losses;
  const StepRecord record{.step = position_.step,
                          .epoch = position_.epoch,
                          .loss = losses.total.item<double>(),
                          .cross_entropy = value(losses.cross_entropy),
                          .kd = value(losses.kd),
                          .attention = value(losses.attention)};
  if (!std::isfinite(record.loss)) throw NotFinite{};
  folder_.metrics(write_record(record), record.step, scalars(record));
  std::string parts;
  if (record.attention)
    parts = fmt::format(" (cross-entropy {:.4g}, attention {:.4g})", record.cross_entropy.value_or(0), *record.attention);
  figures_ = fmt::format("loss {:.4g}{}, error {:.1f} %", record.loss, parts,
                         100 * sums_[kTop1].item<double>() / std::max(1.0, sums_[kImages].item<double>()));
}

/// What of an epoch's loss each term was, of its sums; empty where it has but one.
std::vector<std::pair<std::string_view, double>> Trainer::loss_shares(const Tensor &sums) const {
  const LossSettings weights = loss_settings(config_.protocol, position_.epoch);
  const double total = sums[kTotal].item<double>();
  std::vector<std::pair<std::string_view, double>> out;
  const auto add = [&](std::string_view name, Sum sum, double weight) {
    if (weight != 0) out.emplace_back(name, sums[sum].item<double>() * weight / total);
  };
  add("cross-entropy", kCrossEntropy, weights.cross_entropy);
  add("distillation", kKd, weights.distillation);
  add(kAttentionTerm, kAttention, attention_weight(weights, student_.module->graph().attention_taps().size()));
  if (!teacher_ || !(total > 0) || out.size() < 2) out.clear();
  return out;
}

void Trainer::report_epoch(const Score &validation, const std::optional<Score> &average) {
  const Tensor sums = sums_.cpu();
  const auto at = [&](Sum sum) { return sums[sum].item<double>(); };
  const double n = at(kImages);
  const auto of_teacher = [&](Sum sum, bool is_there) {
    return teacher_ && is_there ? std::optional(at(sum) / n) : std::nullopt;
  };
  const EpochRecord record{
      .epoch = position_.epoch,
      .step = position_.step,
      .learning_rate = learning_rate(config_.protocol, position_.epoch),
      .train = {.loss = at(kTotal) / n,
                .cross_entropy = at(kCrossEntropy) / n,
                .kd = of_teacher(kKd, distillation_weight(config_.protocol) != 0),
                .attention = of_teacher(kAttention, config_.protocol.beta != 0),
                .top1_error_percent = 100 * at(kTop1) / n,
                .top5_error_percent = 100 * at(kTop5) / n},
      .validation = {.loss = validation.mean_loss(),
                     .top1_error_percent = validation.top1_percent(),
                     .top5_error_percent = validation.top5_percent(),
                     .ema_loss = average ? std::optional(average->mean_loss()) : std::nullopt,
                     .ema_top1_error_percent = average ? std::optional(average->top1_percent()) : std::nullopt,
                     .ema_top5_error_percent = average ? std::optional(average->top5_percent()) : std::nullopt},
      .synthetic = data_.synthetic};
  folder_.metrics(write_record(record), record.step, scalars(record));
  last_epoch_ = record;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - epoch_start_).count();
  const auto shares = loss_shares(sums);
  std::string parts;
  for (const auto &[term, share] : shares) parts += fmt::format("{}{} {:.0f} %", parts.empty() ? "" : ", ", term, 100 * share);
  if (!parts.empty()) parts = " (" + parts + ")";
  say(fmt::format("epoch {}/{}: loss {:.4g}{}, training error {}, validation error {} (top-5 {}){}, {}{}", position_.epoch + 1,
                  config_.protocol.epochs, record.train.loss, parts, percent(record.train.top1_error_percent),
                  percent(record.validation.top1_error_percent), percent(record.validation.top5_error_percent),
                  average ? fmt::format(", of the average {}", percent(average->top1_percent())) : "",
                  command::duration(seconds), data_.synthetic ? ", synthetic data" : ""));
  constexpr double kMost = 0.8;
  for (const auto &[term, share] : shares)
    if (term == kAttentionTerm && share > kMost && !std::exchange(said_attention_, true))
      say(fmt::format("attention is {:.0f} % of the loss: a short run may come to more with a smaller beta than {}",
                      100 * share, config_.protocol.beta));
}

void Trainer::train_epoch() {
  epoch_start_ = std::chrono::steady_clock::now();
  images_since_start_ = 0;
  const std::int64_t batches = loader_->batches();
  loader_->start(position_.epoch, position_.batch);
  while (position_.batch < batches) {
    const auto batch = loader_->next();
    folder_.check();
    const std::int64_t step = position_.step;
    bool stop = false;
    bool saves = false;
    try {
      one_step(*batch);
      report_step();
      const bool last = position_.batch == batches;
      stop = stopped() && !last;
      saves = stop || (config_.checkpoint_every && position_.step % *config_.checkpoint_every == 0 && !last);
      // The checkpoints that are kept stay ones to go on from.
      if ((saves || last) && !std::isfinite(sums_[kTotal].item<double>())) throw NotFinite{};
    } catch (const NotFinite &) {
      diverged_at(*batch, step);
    } catch (const c10::OutOfMemoryError &error) {
      out_of_memory(error.what_without_backtrace());
    } catch (const c10::Error &error) {
      const std::string message = error.what_without_backtrace();
      if (message.find("can't allocate memory") == std::string::npos) throw;
      out_of_memory(message);
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - epoch_start_).count();
    const double images_per_second = static_cast<double>(images_since_start_) / std::max(seconds, 1e-9);
    reporter_.show({.what = fmt::format("epoch {}/{}", position_.epoch + 1, config_.protocol.epochs),
                    .done = position_.batch,
                    .total = batches,
                    .images_per_second = images_per_second,
                    .seconds_left = static_cast<double>((total_steps() - position_.step) * config_.protocol.batch) /
                                    std::max(images_per_second, 1e-9),
                    .figures = figures_});
    if (saves) save();
    beat_now_and_then();
    if (stop) return;
  }
  const Score validation =
      score(*student_.module, fmt::format("epoch {}/{}, validation", position_.epoch + 1, config_.protocol.epochs));
  if (reporter_.ends()) { // the epoch's steps are done; its validation is begun anew
    save();
    return;
  }
  // The checkpoints and the results that are kept are ones to go on from.
  if (!std::isfinite(validation.loss))
    diverged(fmt::format("epoch {}: the validation loss is not finite", position_.epoch + 1),
             first_not_finite(*student_.module, *validation_, device_, precision_));
  std::optional<Score> average;
  if (!averages_.empty()) {
    average = with_average([&] {
      return score(*student_.module,
                   fmt::format("epoch {}/{}, validation of the average", position_.epoch + 1, config_.protocol.epochs));
    });
    if (reporter_.ends()) {
      save();
      return;
    }
  }
  report_epoch(validation, average);
  keep_best(validation.top1_percent());
  ++position_.epoch;
  position_.batch = 0;
  sums_.zero_();
  save();
}

void Trainer::diverged(const std::string &what, const std::string &not_finite) {
  folder_.write("diverged.safetensors", formats::serialize_safetensors(state_of(*student_.module)));
  const std::string line = fmt::format("{}; first not finite: {}. The weights are in diverged.safetensors; a smaller "
                                       "learning_rate, or clip_grad would be accepted",
                                       what, not_finite);
  folder_.log(line);
  throw Ended{Ending::kDiverged, line};
}

void Trainer::diverged_at(const Batch &batch, std::int64_t step) {
  std::optional<std::string> found;
  {
    const PrecisionGuard guard(precision_, device_.type());
    found = student_.module->first_not_finite(batch.images.to(device_),
                                              {.training = true,
                                               .drop_path = drop_path_probability(config_.protocol, position_.epoch),
                                               .seed = config_.seed,
                                               .step = static_cast<std::uint64_t>(step)});
  }
  diverged(fmt::format("step {} of epoch {}: the loss is not finite", step + 1, position_.epoch + 1),
           found.value_or("the loss itself"));
}

void Trainer::out_of_memory(const std::string &message) {
  // The CPU's allocator puts where it was called in front of what it has to say.
  constexpr std::string_view kAllocator = "DefaultCPUAllocator: ";
  const std::size_t at = message.find(kAllocator);
  const std::string said = at == std::string::npos ? message : message.substr(at + kAllocator.size());
  const std::string first = said.substr(0, said.find(". "));
  const std::string line =
      fmt::format("a step on {} images of {} activations each needs more memory than there is ({}); {} would need less",
                  config_.micro_batch.value_or(config_.protocol.batch), student_.cost.activation_elements, first,
                  device_.is_cuda() ? "--micro-batch, --recompute all, --precision bf16 or --no-cuda-graph"
                                    : "--micro-batch or --recompute all");
  folder_.log(line);
  throw Ended{Ending::kOutOfMemory, line};
}

/// The trained weights, with the run in their metadata.
void Trainer::finish() {
  formats::TensorFile state = state_of(*student_.module);
  state.metadata["pare.run"] = write_run({.config = config_, .record = record_.dump()});
  state.metadata["synthetic"] = data_.synthetic ? "true" : "false";
  if (!averages_.empty()) {
    formats::TensorFile average = with_average([&] { return state_of(*student_.module); });
    average.metadata = state.metadata;
    folder_.write("ema.safetensors", formats::serialize_safetensors(average));
  }
  folder_.write("weights.safetensors", formats::serialize_safetensors(state)); // last: with it the run is complete
  folder_.log("done");
}

/// The last epoch that was done before the run was stopped.
void Trainer::read_epochs_of_before() {
  if (position_.epoch == 0) return;
  const std::string path = folder_.file("metrics.jsonl");
  const auto epochs = read_epochs(read_text(path, path), path);
  if (epochs.empty() || epochs.back().epoch + 1 != position_.epoch)
    throw Error(ErrorCode::kInvalidFile, path,
                fmt::format("must end with epoch {}, the last that was done; it must not be changed by hand", position_.epoch));
  last_epoch_ = epochs.back();
  // A run of before kept none, and one that was killed behind it may have that of an epoch that is undone.
  const auto best = std::min_element(epochs.begin(), epochs.end(), [](const EpochRecord &a, const EpochRecord &b) {
    return a.validation.top1_error_percent < b.validation.top1_error_percent;
  });
  if (folder_.has(kBestFile)) {
    const formats::TensorFile kept = formats::read_tensor_file(folder_.file(std::string(kBestFile)));
    const auto epoch = kept.metadata.find("epoch");
    if (epoch != kept.metadata.end() && epoch->second == std::to_string(best->epoch))
      best_top1_percent_ = best->validation.top1_error_percent;
  }
}

RunResult Trainer::result(Ending ending, std::string reason) const {
  return {.ending = ending,
          .reason = std::move(reason),
          .step = position_.step,
          .steps = total_steps(),
          .epoch = position_.epoch,
          .epochs = config_.protocol.epochs,
          .seconds = seconds(),
          .last = last_epoch_};
}

RunResult Trainer::train_all() {
  for (const Lowered::Kept &kept : student_.kept) say(fmt::format("{} stays as it was: {}", kept.layer, kept.reason));
  if (!data_.left_out.empty()) say(fmt::format("{}: {}", data_.spec, data_.left_out));
  for (const std::string &line : remarks(config_.protocol)) reporter_.line(line);
  if (config_.micro_batch && *config_.micro_batch < config_.protocol.batch)
    reporter_.line(fmt::format("micro-batches of {}: batch norm sees {} images at a time, and not {}", *config_.micro_batch,
                               *config_.micro_batch, config_.protocol.batch));
  score_teacher();
  if (!reporter_.ends()) measure_statistics_anew();
  if (!reporter_.ends()) {
    record();
    say(fmt::format("{}{}: {} parameters, {} mult-adds, on {}", student_.design.network.name,
                    student_.design.substitution_text().empty() ? "" : ", " + student_.design.substitution_text(),
                    student_.cost.parameters, student_.cost.mult_adds(standard_convention()).whole(), describe(device_)));
    if (position_.step == 0) begin_average();
    first_step_ = position_.step;
    first_step_start_ = std::chrono::steady_clock::now();
    while (position_.epoch < config_.protocol.epochs && !stopped()) train_epoch();
  }
  for (const std::string &line : bad_file_lines(data_)) say(line);
  if (reporter_.ends()) {
    say(fmt::format("interrupted at step {}; the same command goes on", position_.step));
    return result(Ending::kInterrupted, fmt::format("it was asked to end at step {}", position_.step));
  }
  if (position_.epoch < config_.protocol.epochs) {
    say(fmt::format("stopped at step {} of {}: --max-steps {}", position_.step, total_steps(), *config_.max_steps));
    return result(Ending::kStopped, fmt::format("--max-steps {}", *config_.max_steps));
  }
  finish();
  return result(Ending::kDone);
}

void Trainer::read_heartbeat_of_before() {
  const std::string path = folder_.file(kHeartbeatFile);
  if (!folder_.has(kHeartbeatFile)) return;
  if (const auto before = read_heartbeat(read_text(path, path))) {
    saved_step_ = before->saved_step;
    saved_seconds_ = before->saved_seconds;
  }
}

/// Of a run that is complete.
std::optional<RunResult> Trainer::result_of_before() {
  if (!resumed_ || !folder_.has("weights.safetensors") || !folder_.has("result.json")) return std::nullopt;
  const std::string path = folder_.file("result.json");
  try {
    RunResult out = read_result(read_text(path, path), path);
    if (out.ending == Ending::kDone && out.last) return out;
  } catch (const Error &error) {
    reporter_.line(fmt::format("{}; it is written anew", error.what()));
  }
  return std::nullopt;
}

RunResult Trainer::run() {
  settle();
  constexpr std::string_view kComplete = "the run is complete";
  if (auto before = result_of_before()) {
    reporter_.line(kComplete);
    return *before;
  }
  open();
  check_data();
  read_heartbeat_of_before();
  restore();
  read_epochs_of_before();
  started_ = std::chrono::steady_clock::now();
  seconds_before_ = position_.step == 0 ? std::optional(0.0) : saved_seconds_;
  if (resumed_ && position_.epoch >= config_.protocol.epochs && folder_.has("weights.safetensors")) {
    reporter_.line(kComplete);
    RunResult out = result(Ending::kDone);
    out.seconds.reset(); // result.json knew
    folder_.write("result.json", write_result(out));
    return out;
  }
  const RunResult out = [&] {
    try {
      return train_all();
    } catch (const Ended &ended) {
      return result(ended.ending, ended.reason);
    } catch (const c10::OutOfMemoryError &error) { // in validation, or the teacher's
      return result(Ending::kOutOfMemory, error.what_without_backtrace());
    }
  }();
  if (resumed_ || folder_.has("run.json")) folder_.write("result.json", write_result(out)); // else nothing was begun
  return out;
}

} // namespace

RunResult train(RunConfig config, const std::string &folder, Reporter &reporter, const ClaimOptions &claim) {
  return Trainer(std::move(config), folder, reporter, claim).run();
}

} // namespace pare::train
