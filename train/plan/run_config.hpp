#pragma once

#include "formats/reading.hpp"
#include "solver/solved_config.hpp"
#include "train/data/dataset.hpp"
#include "train/plan/protocol.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pare::train {

/// A network as text that does not depend on any file.
struct NetworkText {
  std::string spec;     ///< canonical; empty for a network from a file
  std::string document; ///< the whole pare.network/1 or pare.solved/1 file, as JSON on one line; empty for a spec

  bool operator==(const NetworkText &) const = default;
};

/// A network with its substitutes, at the size of its images.
struct ModelConfig {
  NetworkText network;
  Shape input;              ///< of one image
  std::string substitution; ///< instead of the network's own layers, "Generic_0.1"; empty: none, or those of a solved file
  bool where_possible = false;
};

/// A teacher's top-1 error of validation, in percent, and how far it may be from that.
struct ExpectedError {
  double percent = 0;
  double tolerance = 0;

  bool is_possible() const { return percent >= 0 && percent <= 100 && tolerance >= 0; }
};

struct TeacherConfig {
  std::string file;
  std::string checksum;          ///< digest() of the file
  NetworkText network;           ///< standard: the student before anything was substituted or its width was changed
  std::string substitution = {}; ///< as of ModelConfig: a scheduled teacher may have one
  bool where_possible = false;
  std::optional<ExpectedError> expected_error = {};
  formats::Reading reading = {};
};

/// How tensors of a file and of a network are paired.
inline constexpr std::array<std::string_view, 2> kMatches = {"names", "order"};

/// A file of weights to start from.
struct WeightsConfig {
  std::string file;
  std::string checksum;
  formats::Reading reading = {};
};

/// The most threads, or workers, that a run may ask for: more than any machine has.
inline constexpr std::int64_t kMostThreads = 1024;

/// Everything that is needed to repeat a run. What is not said is the trainer's choice, which it writes here before it starts.
struct RunConfig {
  ModelConfig model;
  std::optional<TeacherConfig> teacher;
  std::optional<WeightsConfig> weights;
  std::optional<WeightsConfig> start;     ///< of start_network(), at whose projection it begins
  std::string data;                       ///< "cifar10:DIR"
  std::optional<std::int64_t> max_images; ///< of each class, to train on; none: all
  Protocol protocol;
  std::uint64_t seed = 0;
  std::string device = "cpu"; ///< "cpu" or "cuda:0"
  std::string precision = "fp32";
  bool channels_last = false;
  bool cuda_graph = true;                  ///< on a GPU, steps are recorded and repeated as a whole where they can be
  std::optional<std::int64_t> micro_batch; ///< images of one pass; none: the whole batch
  std::optional<std::int64_t> threads;
  std::optional<std::int64_t> workers;
  std::optional<std::int64_t> checkpoint_every; ///< steps; none: at the end of each epoch only
  std::string on_bad_file = "fail";             ///< or "skip"
  std::optional<std::int64_t> max_steps;        ///< stop after so many; none: at the end
};

/// What the spec of a network, or a file, is as text. Throws what load_design() throws.
NetworkText read_network_text(const std::string &argument);
/// The network before anything was substituted: of a solved file, what was solved; where that was the width, the original one.
NetworkText original_network(const NetworkText &network);
/// The network whose weights RunConfig::start are: the run's own before anything was substituted or its width was changed.
ModelConfig start_network(const RunConfig &config);
/// The network with its plan, for images of its own size.
Design load_design_text(const NetworkText &network);
/// The network with its plan. Throws Error{kUsage} where a solved file is given a substitution too.
Design design_of(const ModelConfig &model);
/// The teacher's, for images of the same size.
Design teacher_design_of(const RunConfig &config);

/// A protocol for a network on a kind of data, and the keys of it that were changed, as they are known.
struct ChosenProtocol {
  Protocol protocol;
  std::vector<std::string> changed;
};
/// The protocol of this name (none: that of networks of `family`, empty for one from a file, on such data) with keys set to
/// values as set_field() reads them. Throws Error{kUsage} for a key that is set twice, and Error{kInvalidConfig} where it is
/// for another kind of data, or for other images than `input`.
ChosenProtocol choose_protocol(const std::optional<std::string> &name,
                               const std::vector<std::pair<std::string, std::string>> &settings, std::string_view family,
                               const Shape &input, const std::string &kind);

/// Where a file that a run names lies: from here, or from the run's folder, as the weights of a teacher in a folder beside it
/// do ("../teacher/weights.safetensors").
std::string place_of(const std::string &file, const std::string &run_folder);

/// "cpu", "cuda:N"; "cuda" is "cuda:0". Throws Error{kInvalidValue}.
std::string parse_device(const std::string &where, std::string_view text);

/// `pare.run/1`. `record` is what the trainer found out, a JSON object as text: versions, the data's fingerprint, factors of
/// weight decay, the teacher's error. Reading is strict but inside the record.
struct RunFile {
  RunConfig config;
  std::string record = "{}";
};
std::string write_run(const RunFile &run);
RunFile read_run(std::string_view json, const std::string &where);

/// The first thing that is asked for otherwise than a run was started with, so that it cannot go on: "protocol.batch = 64, but
/// the run was started with 128". None where it can. Paths, workers and how often and how long do not matter.
std::optional<std::string> first_difference(const RunConfig &asked, const RunConfig &started);
/// What only changes the last bits of a resumed run: the device, threads, the layout. One line each, to warn.
std::vector<std::string> bit_differences(const RunConfig &asked, const RunConfig &started);
/// Fills in what is not said from what the run was started with, and takes the digests of files as it did. Throws Error{kIo}.
void adopt(RunConfig &asked, const RunConfig &started);

} // namespace pare::train
