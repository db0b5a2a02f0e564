#pragma once

#include "train/data/augmentation.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pare::train {

/// How the learning rate falls over the epochs, e from 0.
enum class ScheduleKind : std::uint8_t {
  kStep,   ///< learning_rate times `factor` for each milestone <= e
  kCosine, ///< learning_rate / 2 (1 + cos(pi e / epochs))
};
inline constexpr std::array kScheduleKinds = {std::pair{ScheduleKind::kStep, std::string_view("step")},
                                              std::pair{ScheduleKind::kCosine, std::string_view("cosine")}};
constexpr const auto &table_of(ScheduleKind /*kind*/) { return kScheduleKinds; }

/// Epochs, or all of them shares of a run's epochs, above 0 and below 1; ascending.
using Milestones = std::vector<double>;

struct LearningRateSchedule {
  ScheduleKind kind = ScheduleKind::kStep;
  Milestones milestones; ///< of kStep only
  double factor = 1;     ///< of kStep only
};

/// How a student's logits are compared with its teacher's, at a temperature T.
enum class DistillationForm : std::uint8_t {
  kReference, ///< KL(teacher || student) averaged over images and classes, times 2 T^2 (the 2019 code)
  kHinton,    ///< KL(teacher || student) averaged over images, times T^2 (Hinton, Vinyals and Dean 2015)
};
inline constexpr std::array kDistillationForms = {std::pair{DistillationForm::kReference, std::string_view("reference")},
                                                  std::pair{DistillationForm::kHinton, std::string_view("hinton")}};
constexpr const auto &table_of(DistillationForm /*form*/) { return kDistillationForms; }

/// What is done with attention maps of different sizes.
enum class AttentionResize : std::uint8_t {
  kOff,  ///< they are refused
  kPool, ///< the larger one is averaged over windows to the size of the smaller, of which it is a multiple
};
inline constexpr std::array kAttentionResizes = {std::pair{AttentionResize::kOff, std::string_view("off")},
                                                 std::pair{AttentionResize::kPool, std::string_view("pool")}};
constexpr const auto &table_of(AttentionResize /*resize*/) { return kAttentionResizes; }

/// How attention maps are compared.
enum class AttentionForm : std::uint8_t {
  kReference, ///< the mean of the squared differences (the 2019 code)
  kPaper,     ///< the norm of each image's difference, averaged over images (Zagoruyko and Komodakis 2017, eq. 2)
};
inline constexpr std::array kAttentionForms = {std::pair{AttentionForm::kReference, std::string_view("reference")},
                                               std::pair{AttentionForm::kPaper, std::string_view("paper")}};
constexpr const auto &table_of(AttentionForm /*form*/) { return kAttentionForms; }

/// Which activations are computed again instead of kept.
enum class RecomputeChoice : std::uint8_t {
  kAuto, ///< all that can be, where they may not fit
  kNone,
  kAll, ///< all that can be
};
inline constexpr std::array kRecomputeChoices = {std::pair{RecomputeChoice::kAuto, std::string_view("auto")},
                                                 std::pair{RecomputeChoice::kNone, std::string_view("none")},
                                                 std::pair{RecomputeChoice::kAll, std::string_view("all")}};
constexpr const auto &table_of(RecomputeChoice /*choice*/) { return kRecomputeChoices; }

/// What the weight decay of a family's marked parameters is multiplied by.
struct DecayScaling {
  bool on = false;
  std::optional<double> factor = {}; ///< instead of the compression ratio; above 0

  DecayScaling() = default;
  DecayScaling(bool scaled) : on(scaled) {} // NOLINT(google-explicit-constructor): on and off are what most say
  explicit DecayScaling(double own) : on(true), factor(own) {}
  explicit operator bool() const { return on; }
  double times(double compression_ratio) const { return on ? factor.value_or(compression_ratio) : 1; }
  bool operator==(const DecayScaling &) const = default;
};

/// How a network is trained: everything but the network, the data's place and the machine. SGD without dampening, the weight
/// decay added to the gradient.
struct Protocol {
  std::string name;
  std::string description;
  std::string data;                      ///< kind of data that it is for (train/data/dataset.hpp)
  std::vector<std::string> for_networks; ///< families of networks whose default on such data it is

  std::int64_t batch = 0;
  std::int64_t epochs = 0;
  double learning_rate = 0;       ///< of epoch 0
  std::int64_t warmup_epochs = 0; ///< in which the learning rate rises linearly to that of the schedule
  double momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 0;
  bool decay_norms_and_biases = true; ///< batch norms' weights and biases, and all other biases
  LearningRateSchedule schedule;
  Augmentation augmentation;

  double alpha = 0;       ///< share of distillation from logits (KD), in [0, 1]; the rest is cross-entropy
  double beta = 1000;     ///< weight of attention transfer
  double temperature = 4; ///< of KD
  DistillationForm distillation = DistillationForm::kReference;
  std::optional<double> distillation_weight = {};  ///< of KD, instead of alpha
  std::optional<double> cross_entropy_weight = {}; ///< instead of 1 - alpha
  std::int64_t distillation_ramp_epochs = 0;       ///< in which what is learned from the teacher rises linearly to its weight
  double label_smoothing = 0;                      ///< of cross-entropy: what is spread over all classes, in [0, 1)
  AttentionForm attention = AttentionForm::kReference;
  AttentionResize attention_resize = AttentionResize::kOff;
  bool auxiliary_head = false;          ///< train with the network's auxiliary head, where it has one
  double drop_path = 0;                 ///< final probability; rises linearly from 0
  std::optional<double> clip_grad;      ///< greatest L2 norm of the whole gradient
  std::optional<double> ema_decay = {}; ///< of a moving average of weights and statistics, which is evaluated and saved too
  /// How the weight decay of a family's marked parameters is scaled, by its lower-case name.
  std::map<std::string, DecayScaling> decay_scaling;
  RecomputeChoice recompute = RecomputeChoice::kAuto;
};

/// The registry: protocols.cpp. Every entry is valid.
std::span<const Protocol> protocols();
/// A known name, or a pare.protocol/1 file. Throws Error{kUnknownName} with the known names, {kIo}, {kInvalidFile}.
Protocol find_protocol(const std::string &name);
/// The protocol of `kind` of data whose `for_networks` has the family (empty for a network from a file). Throws Error{kUsage},
/// which lists the known ones, where none or several fit.
const Protocol &default_protocol(std::string_view kind, std::string_view family);

/// The epochs that the milestones are: of a share the first of which that part of the run is over.
std::vector<std::int64_t> milestone_epochs(const Protocol &protocol);
/// Of an epoch, from 0 up to epochs - 1.
double learning_rate(const Protocol &protocol, std::int64_t epoch);
/// What the losses are multiplied by: distillation_weight or alpha; cross_entropy_weight or 1 - alpha, and 1 where nothing is
/// learned from a teacher.
double distillation_weight(const Protocol &protocol);
double cross_entropy_weight(const Protocol &protocol);
/// Whether a student of this protocol learns anything from its teacher.
bool distils(const Protocol &protocol);
/// What the losses that compare with a teacher are multiplied by: from 1 / distillation_ramp_epochs in epoch 0 up to 1.
double distillation_ramp(const Protocol &protocol, std::int64_t epoch);
/// drop_path x epoch / epochs.
double drop_path_probability(const Protocol &protocol, std::int64_t epoch);

/// The families with something to scale, and whether it is by default: on, off for hashed values (in the 2019 experiments it
/// was harmful to SepHashed).
std::map<std::string, DecayScaling> standard_decay_scaling();

/// Throws Error{kInvalidValue} placed at the field's key, with the value and what would be accepted.
void validate(const Protocol &protocol);

/// Sets one field from text: "batch" to "64", "schedule.milestones" to "60,120", "decay_scaling.generic" to "off",
/// "decay_scaling" (all families) to "off", "clip_grad" to "5" or "off"; keys and names in any case. Gives the key as it is
/// known. Throws Error{kUnknownName} or {kInvalidValue} placed at the key; validate() is the caller's, when all are set.
std::string set_field(Protocol &protocol, const std::string &key, std::string_view value);
/// "schedule.factor" with schedule.kind = cosine: why a field has no effect; none where it has.
std::optional<std::string> without_effect(const Protocol &protocol, std::string_view key);
/// The same where there is no teacher: nothing is distilled then.
std::optional<std::string> without_effect_alone(std::string_view key);
/// What is allowed and may yet surprise, in one line each: milestones that the last epoch never reaches.
std::vector<std::string> remarks(const Protocol &protocol);

/// Each field and its value as set_field() reads it, in the order of the file; decay_scaling family by family.
std::vector<std::pair<std::string, std::string>> field_texts(const Protocol &protocol);
/// "epochs = 5, not 200": what `a` has and `b` has not; name and description apart.
std::vector<std::string> differences(const Protocol &a, const Protocol &b);

/// For help and documentation.
struct FieldDescription {
  std::string key;
  std::string standard; ///< what a file without it means; empty where it must be there
  std::string accepted;
  std::string description;
  std::vector<std::string_view> elsewhere; ///< what other programs call it
};
std::vector<FieldDescription> describe_protocol_fields();

/// `pare.protocol/1`, JSON. Reading is strict: an unknown key, one that is given twice or a wrong type is Error{kInvalidFile}.
std::string write_protocol(const Protocol &protocol);
Protocol read_protocol(std::string_view json, const std::string &where);

} // namespace pare::train
