#pragma once

#include <torch/torch.h>

#include "analysis/graph.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace pare::train {

/// What the operations of one pass over the module are told.
struct Pass {
  bool training = false;
  bool update_statistics = true; ///< of batch norm; off where a segment runs for the second time
  double drop_path = 0;          ///< probability that drop path zeroes an output
  std::uint64_t seed = 0;        ///< of drop path
  std::uint64_t step = 0;
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

/// Batch normalisation, with a ReLU behind it where `relu`; `statistics` outlives the kernel.
Kernel batch_norm_kernel(const BatchNorm &op, Statistics &statistics, bool relu);

/// Drop path (Larsson et al. 2016; Zoph et al. 2018): x [N, C, H, W] / keep, zeroed for each image with probability 1 - keep. The images are
/// drawn from (seed, step, node).
torch::Tensor drop_path(const torch::Tensor &x, const Pass &pass, NodeId node);

} // namespace pare::train
