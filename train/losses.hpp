#pragma once

#include "train/torch.hpp"

#include "train/plan/protocol.hpp"

#include <cstdint>
#include <vector>

namespace pare::train {

/// x [N, C, H, W] -> [N, H, W]: x^2 averaged over channels.
torch::Tensor attention_energy(const torch::Tensor &x);
/// x [N, C, H, W] -> [N, H W]: its energy, each image's map divided by its L2 norm (at least 1e-12).
torch::Tensor attention_map(const torch::Tensor &x);

/// Two maps [N, H W] -> a number.
torch::Tensor attention_loss(const torch::Tensor &student, const torch::Tensor &teacher, AttentionForm form);

/// KL(softmax(teacher / T) || softmax(student / T)): averaged over batch and classes, x 2 T^2, or over the batch, x T^2. logits
/// [N, classes] -> a number.
torch::Tensor distillation_loss(const torch::Tensor &student, const torch::Tensor &teacher, double temperature,
                                DistillationForm form);

struct LossSettings {
  double cross_entropy = 1; ///< weights
  double distillation = 0;
  double beta = 1000;
  double temperature = 4;
  DistillationForm form = DistillationForm::kReference;
  double label_smoothing = 0;
  AttentionForm attention = AttentionForm::kReference;
  AttentionResize resize = AttentionResize::kOff;
  bool operator==(const LossSettings &) const = default;
};
/// Of a protocol, in an epoch (from 0).
LossSettings loss_settings(const Protocol &protocol, std::int64_t epoch);
/// What the sum of the attention losses over so many taps is multiplied by: 3 beta / taps.
double attention_weight(const LossSettings &settings, std::size_t taps);

/// Numbers on the device, one each, not weighted; kd and attention are undefined without a teacher, and where they have no
/// weight.
struct Losses {
  torch::Tensor total;         ///< without a teacher cross_entropy, else all of them, weighted: attention by 3 beta / taps
  torch::Tensor cross_entropy; ///< with its label smoothing
  torch::Tensor kd;            ///< distillation_loss()
  torch::Tensor attention;     ///< summed over taps
};

/// What the teacher gives for a batch: nothing for training from scratch.
struct Targets {
  torch::Tensor labels;                      ///< int64 [N]
  torch::Tensor teacher_logits;              ///< [N, classes], or undefined
  std::vector<torch::Tensor> teacher_energy; ///< attention_energy() of each of its taps
};

/// logits [N, classes] (with an auxiliary head [2 N, classes]: main ones first, labels and the teacher's logits are repeated),
/// taps of the student. What has no weight is not computed, and taps need not match then. Throws Error{kInvalidConfig} where
/// their number, or their sizes, do not.
Losses compute_losses(const torch::Tensor &logits, const std::vector<torch::Tensor> &taps, const Targets &targets,
                      const LossSettings &settings);

} // namespace pare::train
