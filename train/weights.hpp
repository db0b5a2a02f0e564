#pragma once

#include "formats/fit.hpp"
#include "formats/reading.hpp"
#include "formats/tensor_file.hpp"
#include "train/torch.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

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

/// Names and sizes of a module's parameters and buffers: the former first.
formats::NamedSizes state_sizes(const torch::nn::Module &module);

/// Copies those of a file's tensors that a module needs into its parameters and buffers. `wanted` are the module's, in the
/// order of its layers; of those under reading.anew nothing is copied. Floating types are converted to the module's, whole
/// numbers where their values fit. Which tensor is which is found as fit_tensors() says. Everything is checked first, and the
/// module stays as it was where something is wrong: throws one Error{kInvalidConfig} placed at `where` (the file) that lists
/// what is missing, of another shape or type, or of another network; Error{kNotFinite} for NaN and infinities,
/// Error{kInvalidFile} for numbers outside `rules`, which name the tensor. num_batches_tracked may be missing. Returns what was
/// done, a line each, for the user: whose names they are, what was left out, and by order what was paired.
std::vector<std::string> load_state(torch::nn::Module &module, const formats::NamedSizes &wanted,
                                    const formats::TensorFile &file, const std::string &where, const ValueRules &rules = {},
                                    const formats::Reading &reading = {});

/// The inverse: parameters and buffers, each with memory of its own.
formats::TensorFile state_of(const torch::nn::Module &module);

} // namespace pare::train
