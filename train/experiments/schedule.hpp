#pragma once

#include "base/count.hpp"
#include "train/experiments/per_layer.hpp"
#include "train/plan/run_config.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pare::train {

/// What an experiment trains, in numbers: those of one image, lowered as it is trained, and those of the network before
/// anything was substituted or its width was changed.
struct ExperimentCosts {
  std::int64_t parameters = 0;
  std::map<std::string, Count> mult_adds; ///< by convention: those that tables show where none is asked for
  std::int64_t activation_elements = 0;
  std::int64_t original_parameters = 0;
  std::map<std::string, Count> original_mult_adds;
};

/// One run of a schedule.
struct Experiment {
  std::string name;          ///< "wrn_28_10.generic_0.1.student"
  std::string identity;      ///< 64 hexadecimal digits: train/experiments/identity.hpp
  std::string configuration; ///< the same without its seed and those of its teachers: equal for runs that differ in seeds only
  std::string teacher;       ///< the identity of the experiment that must be done before; empty for none, and an outside one
  std::string network;       ///< what it trains, as tables call it: the canonical spec of the original, or the name in the file
  std::string setting;       ///< "Generic_0.1", "width=0.5", "per layer (capacity)"; empty: the network as it is
  std::string variant; ///< what tells it from others of the same network and setting, seeds apart: "beta=100"; empty: nothing
  std::vector<std::string> budgets;             ///< that the setting was solved for, as written; empty: it was given
  std::size_t design = 0;                       ///< of Schedule::designs
  std::size_t protocol = 0;                     ///< of Schedule::protocols
  std::size_t data = 0;                         ///< of Schedule::data
  std::optional<TeacherConfig> outside_teacher; ///< a file
  std::string outside_data;                     ///< kind of data that this was trained on; empty: not said
  std::uint64_t seed = 0;
  std::string precision = "fp32";

  /// Of its run, in the folder of all runs: "wrn_28_10.generic_0.1.student-0123456789ab".
  std::string folder() const;
};

/// A network with its substitutes, and what it costs. Experiments share them: over seeds, and over protocols.
struct ScheduledDesign {
  ModelConfig model;
  ExperimentCosts costs;
  std::vector<std::string> families;     ///< of its substitutes, by name
  std::optional<PerLayerText> per_layer; ///< where these were chosen layer by layer
};

struct ScheduledData {
  std::string spec; ///< "cifar10:DIR"
  std::optional<std::int64_t> max_images;
  std::string fingerprint;
  std::optional<std::int64_t> training_images; ///< none: the data were elsewhere when the schedule was made
};

/// A budget that no setting meets, left out because the file said so.
struct LeftOut {
  std::string name;
  std::string reason;
};

/// What is to be run: a file of schema `pare.schedule/1`, described in train/experiments/README.md. A teacher stands before
/// its students.
struct Schedule {
  std::string name; ///< of the experiments file
  std::vector<ScheduledDesign> designs;
  std::vector<Protocol> protocols;
  std::vector<ScheduledData> data;
  std::vector<Experiment> experiments;
  std::vector<LeftOut> left_out;
  bool is_as_written = true; ///< the file has the digest of what stands in it
};

std::string write_schedule(const Schedule &schedule);
/// Throws Error{kInvalidFile}: also for a name or an identity that stands twice, a teacher that is not there, and teachers in a
/// circle.
Schedule read_schedule(std::string_view json, const std::string &where);
/// Throws Error{kInvalidFile} where the file was changed by hand: its digest is another.
void check_as_written(const Schedule &schedule, const std::string &where);
/// The same, also where an experiment's identity is another: what it computes has changed since.
void check_identities(const Schedule &schedule, const std::string &where);

/// The name of an experiment is that of a folder.
inline constexpr std::size_t kMostNameBytes = 200;
inline constexpr std::string_view kExperimentNameRule =
    "letters, digits, . _ - and +, at most 200 of them, and neither . nor - first";
bool is_experiment_name(std::string_view name);
/// 64 hexadecimal digits, in small letters.
bool is_identity(std::string_view text);

/// All of a run but what the machine decides. Of a scheduled teacher the file and its checksum are not known yet, and empty.
RunConfig run_config_of(const Schedule &schedule, const Experiment &experiment);

/// What run.json's record says of the experiment that the run is: its name and identity, and those of its teacher.
struct RecordedExperiment {
  std::string name;
  std::string identity;
  std::string teacher; ///< identity; empty for none, and an outside one
};
/// Adds it to a record (RunFile::record).
std::string with_experiment(std::string_view record, const Experiment &experiment);
/// None where the run was started by hand. Throws Error{kInvalidFile} placed at `where`.
std::optional<RecordedExperiment> recorded_experiment(const RunFile &run, const std::string &where);

} // namespace pare::train
