#include "formats/tensor.hpp"

#include "base/error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>

namespace pare::formats {

// Files are little-endian; so are the machines that Pare runs on.
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

/// The elements that the view sees of `seen`, which begins at its offset, one after the other.
std::string in_order(std::string_view seen, const View &view, std::size_t bytes) {
  const std::size_t element = size_of(view.dtype);
  std::vector<std::int64_t> strides = view.strides;
  for (std::size_t i = 0; i < strides.size(); ++i)
    if (view.sizes[i] == 1) strides[i] = 0; // it may be any number
  std::string out(bytes, '\0');
  std::vector<std::int64_t> index(view.sizes.size(), 0);
  std::int64_t from = 0;
  for (std::size_t to = 0; to < bytes; to += element) {
    std::memcpy(out.data() + to, seen.data() + static_cast<std::size_t>(from) * element, element);
    for (std::size_t i = index.size(); i-- > 0;) {
      from += strides[i];
      if (++index[i] < view.sizes[i]) break;
      from -= strides[i] * view.sizes[i];
      index[i] = 0;
    }
  }
  return out;
}

/// IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction.
double half_to_double(std::uint16_t bits) {
  const int exponent = bits >> 10 & 0x1f;
  const int fraction = bits & 0x3ff;
  double out = 0;
  if (exponent == 0x1f)
    out = fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  else
    out = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 0x400, exponent - 25);
  return (bits & 0x8000) != 0 ? -out : out;
}

template <class T>
T raw_at(const TensorBytes &tensor, std::size_t index) {
  T out{};
  assert((index + 1) * sizeof(T) <= tensor.bytes.size());
  std::memcpy(&out, tensor.bytes.data() + index * sizeof(T), sizeof(T));
  return out;
}

} // namespace

TensorBytes make_tensor(Dtype dtype, std::vector<std::int64_t> sizes, std::string bytes) {
  const auto owner = std::make_shared<const std::string>(std::move(bytes));
  return {.dtype = dtype, .sizes = std::move(sizes), .bytes = *owner, .owner = owner};
}

double real_at(const TensorBytes &tensor, std::size_t index) {
  switch (tensor.dtype) {
  case Dtype::kF64: return raw_at<double>(tensor, index);
  case Dtype::kF32: return raw_at<float>(tensor, index);
  case Dtype::kF16: return half_to_double(raw_at<std::uint16_t>(tensor, index));
  // The upper half of a float.
  case Dtype::kBF16: return std::bit_cast<float>(std::uint32_t{raw_at<std::uint16_t>(tensor, index)} << 16);
  case Dtype::kI64:
  case Dtype::kI32:
  case Dtype::kI16:
  case Dtype::kI8:
  case Dtype::kU8:
  case Dtype::kBool: break;
  }
  return static_cast<double>(whole_at(tensor, index));
}

std::int64_t whole_at(const TensorBytes &tensor, std::size_t index) {
  switch (tensor.dtype) {
  case Dtype::kI64: return raw_at<std::int64_t>(tensor, index);
  case Dtype::kI32: return raw_at<std::int32_t>(tensor, index);
  case Dtype::kI16: return raw_at<std::int16_t>(tensor, index);
  case Dtype::kI8: return raw_at<std::int8_t>(tensor, index);
  case Dtype::kU8:
  case Dtype::kBool: return raw_at<std::uint8_t>(tensor, index);
  case Dtype::kF64:
  case Dtype::kF32:
  case Dtype::kF16:
  case Dtype::kBF16: break;
  }
  assert(false);
  return 0;
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

TensorBytes tensor_of(std::string_view storage, const std::shared_ptr<const void> &owner, const View &view,
                      TensorBudget &budget, const std::string &where, const std::string &name) {
  const auto fail = [&](const std::string &message) -> Error {
    return Error(ErrorCode::kInvalidFile, where, fmt::format("{}: {}", name, message));
  };
  const std::optional<std::int64_t> elements = elements_of(view.sizes);
  if (!elements)
    throw fail(fmt::format(
        "sizes {} are not those of a tensor; up to {} sizes from 0 up whose product fits in 64 bits would be accepted",
        view.sizes.size() > kMaxTensorRank ? fmt::format("({} of them)", view.sizes.size()) : sizes_text(view.sizes),
        kMaxTensorRank));
  if (view.strides.size() != view.sizes.size())
    throw fail(fmt::format("{} strides for {} sizes; one for each would be accepted", view.strides.size(), view.sizes.size()));
  TensorBytes out{.dtype = view.dtype, .sizes = view.sizes, .bytes = {}, .owner = owner};
  if (*elements == 0) return out;

  const auto element_bytes = static_cast<std::int64_t>(size_of(view.dtype));
  const auto available = static_cast<std::int64_t>(storage.size()) / element_bytes;
  const std::optional<std::int64_t> seen = extent(view);
  if (view.offset < 0 || !seen || *seen > available || view.offset > available - *seen)
    throw fail(fmt::format("sizes {}, strides {} and offset {} lead outside its storage of {} elements", sizes_text(view.sizes),
                           sizes_text(view.strides), view.offset, available));

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
  if (is_contiguous(view)) {
    out.bytes = bytes;
    return out;
  }
  budget.charge(bytes.size(), where, name);
  return make_tensor(view.dtype, view.sizes, in_order(bytes, view, static_cast<std::size_t>(needed)));
}

} // namespace pare::formats
