#pragma once

#include "analysis/graph.hpp"

#include <cstdint>
#include <optional>

namespace pare::train {

/// The fewest images that a pass of training has: the last batch of an epoch, and the last micro-batch of a batch, may be
/// smaller. Of 201 images in batches of 10 it is 1; in batches of 10 and micro-batches of 4, 1; of 200, 2.
std::int64_t smallest_pass(std::int64_t images, std::int64_t batch, std::optional<std::int64_t> micro_batch);

/// Throws Error{kInvalidConfig} where a batch norm would see one value per channel in training: one image in a pass, on maps of
/// 1 x 1. It has no variance to divide by. `auxiliary`: the head that trains with the network, or null.
void check_batch_norms(const Graph &network, const Graph *auxiliary, std::int64_t images, std::int64_t batch,
                       std::optional<std::int64_t> micro_batch);

} // namespace pare::train
