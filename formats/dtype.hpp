#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pare::formats {

/// The element types that files of tensors may hold.
enum class Dtype : std::uint8_t { kF64, kF32, kF16, kBF16, kI64, kI32, kI16, kI8, kU8, kBool };

/// Bytes of one element.
std::size_t size_of(Dtype dtype);
/// As safetensors writes it: "F32", "BOOL".
std::string_view name_of(Dtype dtype);
/// Whether its elements are real numbers.
bool is_floating(Dtype dtype);
std::optional<Dtype> dtype_from(std::string_view name);
/// Of a PyTorch storage class: "FloatStorage". An UntypedStorage counts bytes.
std::optional<Dtype> dtype_of_storage(std::string_view storage);

/// Of an array of numpy's, little-endian: "<f4", "|u1".
std::optional<Dtype> dtype_of_array(std::string_view type);

/// Sizes that a tensor of a file may have: networks need 6.
inline constexpr std::size_t kMaxTensorRank = 16;

/// The names of all of them, for messages.
inline constexpr std::string_view kDtypeNames = "F64, F32, F16, BF16, I64, I32, I16, I8, U8 or BOOL";

} // namespace pare::formats
