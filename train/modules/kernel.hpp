#pragma once

#include "analysis/graph.hpp"
#include "train/torch.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>

namespace pare::train {

/// What the operations of one pass over the module are told.
struct Pass {
  bool training = false;
  bool update_statistics = true;       ///< of batch norm; off where a segment runs for the second time
  std::optional<double> momentum = {}; ///< of batch norms' statistics; none: each its own
  double drop_path = 0;                ///< probability that drop path zeroes an output
  std::uint64_t seed = 0;              ///< of drop path and dropout
  std::uint64_t step = 0;
  std::int64_t first_image = 0; ///< where a micro-batch begins in its batch: drop path and dropout draw for its images
};

/// An operation of the lowered graph, resolved: inputs by port -> output. What it trains are inputs like any other.
using Kernel = std::function<torch::Tensor(const Pass &pass, std::span<const torch::Tensor> inputs)>;

/// Buffers of a batch norm: running_mean [C], running_var [C], num_batches_tracked [] (int64).
struct Statistics {
  torch::Tensor mean;
  torch::Tensor variance;
  torch::Tensor batches;
};

/// The kernel of any node but batch norms, the input, parameters and buffers.
Kernel make_kernel(const Graph &graph, NodeId node);

/// Batch normalisation, with a ReLU behind it where `relu`; `statistics` outlives the kernel. In training it throws
/// Error{kInvalidConfig} placed at the layer where there is one value per channel, which has no variance (PyTorch refuses it,
/// too).
Kernel batch_norm_kernel(const BatchNorm &op, Statistics &statistics, bool relu, const std::string &layer);

/// What a batch norm does in evaluation mode: x becomes scale[c] x + shift[c], in double precision. weight and bias may be
/// undefined.
std::pair<torch::Tensor, torch::Tensor> affine_of(const Statistics &statistics, const torch::Tensor &weight,
                                                  const torch::Tensor &bias, double eps);

/// A convolution with a bias and a ReLU behind it where `relu`, both folded into it where the device can: for inference.
/// inputs: x, weight [c_o, c_i / groups, k_h, k_w], bias [c_o].
Kernel frozen_conv_kernel(const Conv &op, bool relu);
/// scale[c] x + shift[c], then a ReLU where `relu`: inputs x, scale [C], shift [C].
Kernel frozen_affine_kernel(bool relu);

/// Drop path (Larsson et al. 2016; Zoph et al. 2018): x [N, C, H, W] / keep, zeroed for each image with probability 1 - keep.
/// The images are drawn from (seed, step, node).
torch::Tensor drop_path(const torch::Tensor &x, const Pass &pass, NodeId node);

} // namespace pare::train
