#pragma once

#include "train/weights/state.hpp"

#include <string>
#include <string_view>

namespace pare::train {

/// What load_state() did.
struct Loaded {
  std::string_view name_map; ///< "torchvision ResNet"; empty where the names were taken as they are
};

/// Copies a state into a module's parameters and buffers, by name. Floating types are converted to the module's, whole numbers
/// where their values fit. Where the names do not fit, a name map (name_maps.hpp) that makes them all fit is applied.
/// Everything is checked first: throws one Error{kInvalidConfig} placed at `where` (the file) that lists what is missing,
/// unexpected or of another shape or type, and leaves the module as it was. num_batches_tracked may be missing.
Loaded load_state(torch::nn::Module &module, const State &state, const std::string &where);

/// The inverse: parameters and buffers on the CPU, contiguous, each with memory of its own.
State state_of(const torch::nn::Module &module);

} // namespace pare::train
