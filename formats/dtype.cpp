#include "formats/dtype.hpp"

#include <array>

namespace pare::formats {

namespace {

struct Row {
  Dtype dtype;
  std::size_t size;
  std::string_view name;
  std::string_view storage;
  std::string_view array; ///< of numpy, which has no BF16
};
constexpr std::array<Row, 10> kRows = {{{Dtype::kF64, 8, "F64", "DoubleStorage", "<f8"},
                                        {Dtype::kF32, 4, "F32", "FloatStorage", "<f4"},
                                        {Dtype::kF16, 2, "F16", "HalfStorage", "<f2"},
                                        {Dtype::kBF16, 2, "BF16", "BFloat16Storage", ""},
                                        {Dtype::kI64, 8, "I64", "LongStorage", "<i8"},
                                        {Dtype::kI32, 4, "I32", "IntStorage", "<i4"},
                                        {Dtype::kI16, 2, "I16", "ShortStorage", "<i2"},
                                        {Dtype::kI8, 1, "I8", "CharStorage", "|i1"},
                                        {Dtype::kU8, 1, "U8", "ByteStorage", "|u1"},
                                        {Dtype::kBool, 1, "BOOL", "BoolStorage", "|b1"}}};

} // namespace

std::size_t size_of(Dtype dtype) { return kRows[static_cast<std::size_t>(dtype)].size; }

bool is_floating(Dtype dtype) {
  switch (dtype) {
  case Dtype::kF64:
  case Dtype::kF32:
  case Dtype::kF16:
  case Dtype::kBF16: return true;
  case Dtype::kI64:
  case Dtype::kI32:
  case Dtype::kI16:
  case Dtype::kI8:
  case Dtype::kU8:
  case Dtype::kBool: return false;
  }
  return false;
}

std::string_view name_of(Dtype dtype) { return kRows[static_cast<std::size_t>(dtype)].name; }

std::optional<Dtype> dtype_from(std::string_view name) {
  for (const Row &row : kRows)
    if (row.name == name) return row.dtype;
  return std::nullopt;
}

std::optional<Dtype> dtype_of_storage(std::string_view storage) {
  if (storage == "UntypedStorage") return Dtype::kU8;
  for (const Row &row : kRows)
    if (row.storage == storage) return row.dtype;
  return std::nullopt;
}

std::optional<Dtype> dtype_of_array(std::string_view type) {
  for (const Row &row : kRows)
    if (!type.empty() && row.array == type) return row.dtype;
  return std::nullopt;
}

} // namespace pare::formats
