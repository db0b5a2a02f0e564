#pragma once

#include "train/graph_module.hpp"
#include "train/losses.hpp"
#include "train/optimizer.hpp"
#include "train/precision.hpp"
#include "train/torch.hpp"

#include <cstdint>
#include <optional>

namespace pare::train {

/// The networks that a step trains and listens to.
struct Networks {
  GraphModule *student = nullptr;
  GraphModule *auxiliary = nullptr; ///< its head for training, or none
  GraphModule *teacher = nullptr;   ///< or none
};

struct StepSettings {
  LossSettings losses;
  Precision precision = Precision::kFp32;
  Recompute recompute = Recompute::kNone;
  std::optional<std::int64_t> micro_batch = {}; ///< images that run at once; none: all
  std::optional<double> clip_grad = {};
  bool check_finite = false; ///< look at the loss before the update, for which a GPU must be waited for
};

/// Thrown before the update where the loss is not finite: the parameters are still those that gave it.
struct NotFinite {};

/// What a step tells, on the device: nothing is waited for. The next step may write over it.
struct StepResult {
  Losses losses;        ///< of the whole batch, without gradients
  torch::Tensor logits; ///< [N, classes] of the student, without those of its auxiliary head
};

/// One step of training on images [N, C, H, W] and labels int64 [N]: the teacher's outputs (evaluation mode, no gradients), the
/// student's, the losses, their gradients, the update. With micro-batches the gradients are those of the whole batch, but for
/// batch norm, which sees one micro-batch at a time. `pass` says what drop path and dropout do. Throws NotFinite.
StepResult train_step(const Networks &networks, Sgd &sgd, const torch::Tensor &images, const torch::Tensor &labels,
                      double learning_rate, const StepSettings &settings, Pass pass);

/// The same at the learning rate that `sgd` has.
StepResult train_step(const Networks &networks, Sgd &sgd, const torch::Tensor &images, const torch::Tensor &labels,
                      const StepSettings &settings, Pass pass);

} // namespace pare::train
