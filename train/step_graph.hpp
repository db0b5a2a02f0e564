#pragma once

#include "train/step.hpp"
#include "train/torch.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace pare::train {

/// Steps of one training, one after the other: on a GPU, after two of a kind, as a CUDA graph, which is recorded once and
/// started as a whole, so that no operation waits for the CPU. The kernels are the same, and so are the bits.
class Stepper {
public:
  /// Whether steps are recorded where they can be.
  Stepper(const Networks &networks, Sgd &sgd, const StepSettings &settings, bool records)
      : networks_(networks), sgd_(sgd), settings_(settings), records_(records) {}

  /// As train_step(). Recorded are whole batches without drop path, dropout, clipping and a look at the loss, whose numbers the
  /// CPU has to do with, and without recomputation; while there is memory for it.
  StepResult operator()(const torch::Tensor &images, const torch::Tensor &labels, double learning_rate, const Pass &pass);
  /// Of the steps from now on.
  void set_losses(const LossSettings &losses);

private:
  struct Recorded;
  bool can_record(const torch::Tensor &images, const Pass &pass) const;

  Networks networks_;
  Sgd &sgd_;
  StepSettings settings_;
  bool records_;
  /// By sizes and strides of the images: the last batch has its own.
  std::map<std::vector<std::int64_t>, std::shared_ptr<Recorded>> by_size_;
};

} // namespace pare::train
