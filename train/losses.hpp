#pragma once

#include "train/torch.hpp"

#include "train/plan/protocol.hpp"

#include <cstdint>
#include <vector>

namespace pare::train {

/// x [N, C, H, W] -> [N, H W]: x^2 averaged over channels, each image's map divided by its L2 norm (at least 1e-12).
torch::Tensor attention_map(const torch::Tensor &x);

/// Two maps [N, H W] -> a number.
torch::Tensor attention_loss(const torch::Tensor &student, const torch::Tensor &teacher, AttentionForm form);

/// KL(softmax(teacher / T) || softmax(student / T)) averaged over batch and classes, x 2 T^2: logits [N, classes] -> a number.
torch::Tensor distillation_loss(const torch::Tensor &student, const torch::Tensor &teacher, double temperature);

struct LossSettings {
  double alpha = 0; ///< share of distillation: alpha KD + (1 - alpha) cross-entropy
  double beta = 1000;
  double temperature = 4;
  AttentionForm attention = AttentionForm::kReference;
};

/// Numbers on the device, one each; kd and attention are undefined without a teacher.
struct Losses {
  torch::Tensor total; ///< (1 - alpha) cross_entropy + alpha kd + 3 beta / taps x attention
  torch::Tensor cross_entropy;
  torch::Tensor kd;        ///< distillation_loss()
  torch::Tensor attention; ///< summed over taps, not weighted
};

/// What the teacher gives for a batch: nothing for training from scratch.
struct Targets {
  torch::Tensor labels;                    ///< int64 [N]
  torch::Tensor teacher_logits;            ///< [N, classes], or undefined
  std::vector<torch::Tensor> teacher_maps; ///< attention_map() of each of its taps
};

/// logits [N, classes] (with an auxiliary head [2 N, classes]: main ones first, labels and the teacher's logits are repeated),
/// taps of the student. Where alpha is 0 the distillation loss is not computed.
Losses compute_losses(const torch::Tensor &logits, const std::vector<torch::Tensor> &taps, const Targets &targets,
                      const LossSettings &settings);

} // namespace pare::train
