#pragma once

#include "formats/dtype.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pare::formats {

/// A tensor of a file: its elements row by row, the last index fastest, little-endian.
struct TensorBytes {
  Dtype dtype = Dtype::kF32;
  std::vector<std::int64_t> sizes;
  std::string_view bytes;            ///< size_of(dtype) for each element
  std::shared_ptr<const void> owner; ///< of the bytes: the file that they are part of, or whatever else they lie in
};

/// A tensor with bytes of its own.
TensorBytes make_tensor(Dtype dtype, std::vector<std::int64_t> sizes, std::string bytes);

/// An element as a number: exact for all types but whole numbers beyond 2^53.
double real_at(const TensorBytes &tensor, std::size_t index);
/// Of a tensor of whole numbers or booleans.
std::int64_t whole_at(const TensorBytes &tensor, std::size_t index);

/// Elements of a tensor of these sizes; none where a size is negative, there are more than kMaxTensorRank or the product is
/// beyond 64 bits, even with sizes of 0 left out (strides are computed from those).
std::optional<std::int64_t> elements_of(const std::vector<std::int64_t> &sizes);

/// "[16, 3, 3, 3]"
std::string sizes_text(const std::vector<std::int64_t> &sizes);

/// Bytes that a file's tensors may have together: a small file must not ask for more memory than it has a right to. Views of
/// one storage count one by one, and a stride of 0 repeats an element.
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

/// What `view` sees of `storage` (little-endian), which `owner` keeps alive: the storage's own bytes where they lie in order,
/// else a copy in order. Checks everything; throws Error{kInvalidFile} placed at `where` that calls the tensor `name` (quotes
/// and all).
TensorBytes tensor_of(std::string_view storage, const std::shared_ptr<const void> &owner, const View &view,
                      TensorBudget &budget, const std::string &where, const std::string &name);

} // namespace pare::formats
