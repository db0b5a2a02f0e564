#pragma once

#include "analysis/graph.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace pare {

/// Names and sizes of what a checkpoint of a network holds: the parameters and buffers of a lowered graph, and of each batch
/// norm running_mean, running_var and num_batches_tracked; in the order in which layers are run, as PyTorch lists them.
std::vector<std::pair<std::string, std::vector<std::int64_t>>> state_tensors(const Graph &graph);

} // namespace pare
