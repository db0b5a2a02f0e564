#pragma once

#include "train/weights/dtype.hpp"

#include <torch/torch.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pare::train {

at::ScalarType scalar_type(Dtype dtype);
/// None for a type that files of weights do not hold.
std::optional<Dtype> dtype_of(at::ScalarType type);

/// Elements of a tensor of these sizes; none where a size is negative, there are more than kMaxTensorRank or the product is
/// beyond 64 bits, even with sizes of 0 left out (strides are computed from those).
std::optional<std::int64_t> elements_of(const std::vector<std::int64_t> &sizes);

/// "[16, 3, 3, 3]"
std::string sizes_text(const std::vector<std::int64_t> &sizes);

/// Bytes that tensors may still take: a small file must not ask for more memory than it has a right to. Views of one storage
/// are copied one by one, and a stride of 0 repeats an element.
class TensorBudget {
public:
  explicit TensorBudget(std::size_t file_bytes) : left_((std::uint64_t{64} << 20) + 4 * std::uint64_t{file_bytes}) {}
  void charge(std::uint64_t bytes, const std::string &where, const std::string &name);

private:
  std::uint64_t left_;
};

/// A tensor's place in its storage, in elements.
struct View {
  Dtype dtype = Dtype::kF32;
  std::int64_t offset = 0;
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;
};

/// A contiguous CPU tensor that owns a copy of what `view` sees of `storage` (little-endian). Checks everything; throws
/// Error{kInvalidFile} placed at `where` that calls the tensor `name` (quotes
/// and all).
torch::Tensor tensor_of(std::string_view storage, const View &view, TensorBudget &budget, const std::string &where,
                        const std::string &name);

} // namespace pare::train
