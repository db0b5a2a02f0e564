#include "train/weights/state.hpp"

#include "analysis/error.hpp"
#include "analysis/text_file.hpp"
#include "train/weights/safetensors.hpp"
#include "train/weights/torch_files.hpp"

#include <fmt/format.h>

#include <new>

namespace pare::train {

namespace {

State parse(std::string_view bytes, const std::string &where) {
  if (bytes.empty()) throw Error(ErrorCode::kInvalidFile, where, "is empty; a file of weights would be accepted");
  // The header of a safetensors file is JSON from byte 8 on. In a zip file that byte is the compression method (PyTorch: 0), in
  // a legacy file part of the magic number.
  if (bytes.size() > 8 && bytes[8] == '{') return read_safetensors(bytes, where);
  if (bytes.starts_with("PK\x03\x04")) return read_torch_zip(bytes, where);
  if (bytes[0] == '\x80') return read_torch_legacy(bytes, where);
  throw Error(
      ErrorCode::kInvalidFile, where,
      fmt::format("is not a file of weights, or a truncated one ({} bytes); safetensors, a PyTorch zip file (.pt, .pth) or a "
                  "legacy torch.save file would be accepted",
                  bytes.size()));
}

} // namespace

State parse_state(std::string_view bytes, const std::string &where) {
  // Sizes are checked before anything is allocated; a machine with little memory may still fail.
  try {
    return parse(bytes, where);
  } catch (const std::bad_alloc &) {
    throw Error(ErrorCode::kLimit, where, "its tensors do not fit in this machine's memory");
  } catch (const c10::Error &error) {
    throw Error(ErrorCode::kInvalidFile, where, fmt::format("cannot be read: {}", error.what_without_backtrace()));
  }
}

State read_state(const std::string &path) { return parse_state(read_text(path, path), path); }

} // namespace pare::train
