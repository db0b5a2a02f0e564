#include "train/weights/tensor_bytes.hpp"

#include "analysis/error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>

namespace pare::train {

// Files are little-endian; so are the machines that Pare's trainer runs on.
static_assert(std::endian::native == std::endian::little);

namespace {

std::vector<std::int64_t> contiguous_strides(const std::vector<std::int64_t> &sizes) {
  std::vector<std::int64_t> out(sizes.size());
  std::int64_t stride = 1;
  for (std::size_t i = sizes.size(); i-- > 0; stride *= std::max<std::int64_t>(1, sizes[i])) out[i] = stride;
  return out;
}

/// Strides of dimensions of size 1 say nothing.
bool is_contiguous(const View &view) {
  const std::vector<std::int64_t> dense = contiguous_strides(view.sizes);
  for (std::size_t i = 0; i < dense.size(); ++i)
    if (view.sizes[i] != 1 && view.strides[i] != dense[i]) return false;
  return true;
}

/// One past the last element of the storage that the view sees, counted from its offset; none beyond 64 bits.
std::optional<std::int64_t> extent(const View &view) {
  std::int64_t last = 0;
  for (std::size_t i = 0; i < view.sizes.size(); ++i) {
    std::int64_t step = 0;
    if (view.strides[i] < 0 || __builtin_mul_overflow(view.sizes[i] - 1, view.strides[i], &step) ||
        __builtin_add_overflow(last, step, &last))
      return std::nullopt;
  }
  std::int64_t end = 0;
  return __builtin_add_overflow(last, 1, &end) ? std::nullopt : std::optional(end);
}

} // namespace

at::ScalarType scalar_type(Dtype dtype) {
  switch (dtype) {
  case Dtype::kF64: return at::kDouble;
  case Dtype::kF32: return at::kFloat;
  case Dtype::kF16: return at::kHalf;
  case Dtype::kBF16: return at::kBFloat16;
  case Dtype::kI64: return at::kLong;
  case Dtype::kI32: return at::kInt;
  case Dtype::kI16: return at::kShort;
  case Dtype::kI8: return at::kChar;
  case Dtype::kU8: return at::kByte;
  case Dtype::kBool: return at::kBool;
  }
  return at::ScalarType::Undefined;
}

std::optional<Dtype> dtype_of(at::ScalarType type) {
  for (const Dtype dtype : {Dtype::kF64, Dtype::kF32, Dtype::kF16, Dtype::kBF16, Dtype::kI64, Dtype::kI32, Dtype::kI16,
                            Dtype::kI8, Dtype::kU8, Dtype::kBool})
    if (scalar_type(dtype) == type) return dtype;
  return std::nullopt;
}

std::optional<std::int64_t> elements_of(const std::vector<std::int64_t> &sizes) {
  if (sizes.size() > kMaxTensorRank) return std::nullopt;
  std::int64_t elements = 1, without_zeros = 1;
  for (const std::int64_t size : sizes) {
    if (size < 0 || __builtin_mul_overflow(without_zeros, std::max<std::int64_t>(1, size), &without_zeros)) return std::nullopt;
    elements *= size;
  }
  return elements;
}

std::string sizes_text(const std::vector<std::int64_t> &sizes) { return fmt::format("[{}]", fmt::join(sizes, ", ")); }

void TensorBudget::charge(std::uint64_t bytes, const std::string &where, const std::string &name) {
  if (bytes > left_)
    throw Error(ErrorCode::kInvalidFile, where,
                fmt::format("{} of {} bytes and the tensors before it are more than the file can hold; tensors that are in it "
                            "about once would be accepted",
                            name, bytes));
  left_ -= bytes;
}

torch::Tensor tensor_of(std::string_view storage, const View &view, TensorBudget &budget, const std::string &where,
                        const std::string &name) {
  const auto fail = [&](const std::string &message) -> Error {
    return Error(ErrorCode::kInvalidFile, where, fmt::format("{}: {}", name, message));
  };
  const std::optional<std::int64_t> elements = elements_of(view.sizes);
  if (!elements)
    throw fail(fmt::format(
        "sizes {} are not those of a tensor; up to {} sizes from 0 up whose product fits in 64 bits would be "
        "accepted",
        view.sizes.size() > kMaxTensorRank ? fmt::format("({} of them)", view.sizes.size()) : sizes_text(view.sizes),
        kMaxTensorRank));
  if (view.strides.size() != view.sizes.size())
    throw fail(fmt::format("{} strides for {} sizes; one for each would be accepted", view.strides.size(), view.sizes.size()));
  const at::TensorOptions options = at::TensorOptions().dtype(scalar_type(view.dtype));
  if (*elements == 0) return torch::empty(view.sizes, options);

  const auto element_bytes = static_cast<std::int64_t>(size_of(view.dtype));
  const auto available = static_cast<std::int64_t>(storage.size()) / element_bytes;
  const std::optional<std::int64_t> seen = extent(view);
  if (view.offset < 0 || !seen || *seen > available || view.offset > available - *seen)
    throw fail(fmt::format("sizes {}, strides {} and offset {} lead outside its storage of {} elements", sizes_text(view.sizes),
                           sizes_text(view.strides), view.offset, available));

  const bool dense = is_contiguous(view);
  // seen <= available, so that its bytes fit.
  const std::string_view bytes =
      storage.substr(static_cast<std::size_t>(view.offset * element_bytes), static_cast<std::size_t>(*seen * element_bytes));
  if (view.dtype == Dtype::kBool)
    for (const char c : bytes)
      if (static_cast<unsigned char>(c) > 1)
        throw fail(fmt::format("a boolean is {}; 0 or 1 would be accepted", static_cast<unsigned char>(c)));
  std::uint64_t needed = 0;
  if (__builtin_mul_overflow(static_cast<std::uint64_t>(*elements), size_of(view.dtype), &needed)) needed = ~std::uint64_t{0};
  budget.charge(needed, where, name);
  if (!dense) budget.charge(bytes.size(), where, name);

  torch::Tensor copy = torch::empty(dense ? view.sizes : std::vector<std::int64_t>{*seen}, options);
  std::memcpy(copy.data_ptr(), bytes.data(), bytes.size());
  return dense ? copy : copy.as_strided(view.sizes, view.strides, 0).clone(at::MemoryFormat::Contiguous);
}

} // namespace pare::train
