#pragma once

#include "train/graph_module.hpp"
#include "train/torch.hpp"

#include <cstdint>

namespace pare::train {

/// Draws all parameters, as their Start says, and random buffers of a module from `seed` and their names, on the CPU, so that
/// they are the same on every device and do not depend on the order of layers.
void initialise(GraphModule &module, std::uint64_t seed);

/// Draws the buffers alone: hash indices and signs.
void draw_buffers(GraphModule &module, std::uint64_t seed);

/// The TT-SVD (Oseledets 2011) of a weight, row-major, with the extents of cores [r_{k-1}, n_k, r_k]: ranks beyond what the
/// weight has are filled with zeros.
std::vector<torch::Tensor> tensor_train_svd(const torch::Tensor &weight, const std::vector<std::vector<std::int64_t>> &extents);

} // namespace pare::train
