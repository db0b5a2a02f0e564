#include "formats/tensor_file.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "formats/readers.hpp"

#include <fmt/format.h>

#include <new>

namespace pare::formats {

namespace {

enum class Kind { kSafetensors, kTorchZip, kTorchLegacy };

/// What a file is, from how it begins.
Kind kind_of_file(std::string_view first_bytes, const std::string &where) {
  if (first_bytes.empty()) throw Error(ErrorCode::kInvalidFile, where, "is empty; a file of weights would be accepted");
  // The header of a safetensors file is JSON from byte 8 on. In a zip file that byte is the compression method (PyTorch: 0), in
  // a legacy file part of the magic number.
  if (first_bytes.size() > 8 && first_bytes[8] == '{') return Kind::kSafetensors;
  if (first_bytes.starts_with("PK\x03\x04")) return Kind::kTorchZip;
  if (first_bytes[0] == '\x80') return Kind::kTorchLegacy;
  throw Error(
      ErrorCode::kInvalidFile, where,
      "is not a file of weights, or a truncated one; safetensors, a PyTorch zip file (.pt, .pth) or a legacy torch.save "
      "file would be accepted");
}

} // namespace

TensorFile parse_tensor_file(std::string bytes, const std::string &where) {
  // Sizes are checked before anything is allocated; a machine with little memory may still fail.
  try {
    const Kind kind = kind_of_file(bytes, where);
    const auto file = std::make_shared<const std::string>(std::move(bytes));
    switch (kind) {
    case Kind::kSafetensors: return read_safetensors(file, where);
    case Kind::kTorchZip: return read_torch_zip(file, where);
    case Kind::kTorchLegacy: return read_torch_legacy(file, where);
    }
  } catch (const std::bad_alloc &) {
    throw Error(ErrorCode::kLimit, where, "its tensors do not fit in this machine's memory");
  }
  return {};
}

TensorFile read_tensor_file(const std::string &path) {
  return parse_tensor_file(
      read_text(path, path, kMostTensorFileBytes, [&](std::string_view first_bytes) { kind_of_file(first_bytes, path); }),
      path);
}

} // namespace pare::formats
