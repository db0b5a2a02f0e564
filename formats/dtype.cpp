#include "formats/dtype.hpp"

#include <array>

namespace pare::formats {

namespace {

struct Row {
  Dtype dtype;
  std::size_t size;
  std::string_view name;
  std::string_view storage;
};
constexpr std::array<Row, 10> kRows = {{{Dtype::kF64, 8, "F64", "DoubleStorage"},
                                        {Dtype::kF32, 4, "F32", "FloatStorage"},
                                        {Dtype::kF16, 2, "F16", "HalfStorage"},
                                        {Dtype::kBF16, 2, "BF16", "BFloat16Storage"},
                                        {Dtype::kI64, 8, "I64", "LongStorage"},
                                        {Dtype::kI32, 4, "I32", "IntStorage"},
                                        {Dtype::kI16, 2, "I16", "ShortStorage"},
                                        {Dtype::kI8, 1, "I8", "CharStorage"},
                                        {Dtype::kU8, 1, "U8", "ByteStorage"},
                                        {Dtype::kBool, 1, "BOOL", "BoolStorage"}}};

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

} // namespace pare::formats
