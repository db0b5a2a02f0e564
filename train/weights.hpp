#pragma once

#include "formats/tensor_file.hpp"
#include "train/torch.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace pare::train {

/// A tensor on the CPU with memory of its own, and back: a tensor's bytes, contiguous, which share its memory where it is
/// contiguous on the CPU. Throws Error{kInvalidValue} for a type that files do not hold.
torch::Tensor tensor_of(const formats::TensorBytes &bytes);
formats::TensorBytes bytes_of(const torch::Tensor &tensor);

/// What a module's numbers may be, where not every number of their type will do.
struct ValueRule {
  enum class Kind : std::uint8_t {
    kBelow,    ///< whole numbers from 0 to `end` - 1: indices
    kSign,     ///< -1 or 1
    kVariance, ///< from 0 up
    kCount,    ///< whole numbers from 0 up
  };
  Kind kind = Kind::kBelow;
  std::int64_t end = 0;
};
using ValueRules = std::map<std::string, ValueRule>; ///< by a tensor's name

/// Throws where a tensor's numbers are none, or not what `rule` says (null: any), placed at `where`; `name` is the tensor's.
void check_values(const torch::Tensor &tensor, const ValueRule *rule, const std::string &where, const std::string &name);

/// What load_state() did.
struct Loaded {
  std::string_view name_map; ///< "torchvision ResNet"; empty where the names were taken as they are
};

/// Copies a file's tensors into a module's parameters and buffers, by name. Floating types are converted to the module's, whole
/// numbers where their values fit. Where the names do not fit, a name map (formats/name_maps.hpp) that makes them all fit is
/// applied. Everything is checked first, and the module stays as it was where something is wrong: throws one
/// Error{kInvalidConfig} placed at `where` (the file) that lists what is missing, unexpected or of another shape or type;
/// Error{kNotFinite} for NaN and infinities, Error{kInvalidFile} for numbers outside `rules`, which name the tensor.
/// num_batches_tracked may be missing.
Loaded load_state(torch::nn::Module &module, const formats::TensorFile &file, const std::string &where,
                  const ValueRules &rules = {});

/// The inverse: parameters and buffers, each with memory of its own.
formats::TensorFile state_of(const torch::nn::Module &module);

} // namespace pare::train
