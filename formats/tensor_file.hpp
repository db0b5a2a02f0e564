#pragma once

#include "formats/tensor.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pare::formats {

/// What a file of tensors holds: tensors by name.
struct TensorFile {
  std::map<std::string, TensorBytes> tensors;
  std::vector<std::string> order = {}; ///< their names as they follow one another in the file; empty where it was made by Pare
  /// Where a PyTorch file has one dictionary of tensors, the keys that lead to it ("checkpoint.model"; empty: none), which
  /// their names are without. Where it has several, each name begins with them ("state_dict.conv1.weight").
  std::string key = {};
  /// Of a safetensors file its metadata; of a PyTorch checkpoint all that stands beside the state dict (epoch, width, depth,
  /// conv, val_errors ...), each as JSON text. Infinities and NaN, which JSON has not, are the texts "Infinity", "-Infinity",
  /// "NaN".
  std::map<std::string, std::string> metadata;
  std::string format; ///< "safetensors", "torch zip", "torch legacy" or "pickle"
};

/// The most that is read of a file of tensors: far more than the largest image networks with their momentum take. What is no
/// regular file (a pipe) is read up to kMostTextBytes.
inline constexpr std::size_t kMostTensorFileBytes = std::size_t{16} << 30;
/// Of which a safetensors header may have so many, as in the format's own library.
inline constexpr std::size_t kMostHeaderBytes = 100'000'000;

/// Reads a file of tensors, whatever its name ends in: safetensors; a PyTorch zip file (.pt, .pth); a legacy torch.save file
/// (.t7). A PyTorch file is a dictionary with tensors in it, or in dictionaries that its texts lead to. Which of its tensors
/// are a network's is not known here (formats/fit.hpp). Executes nothing; a file that begins like none of these is not read any
/// further. Throws Error{kIo}, {kInvalidFile} or {kLimit} placed at `path`.
TensorFile read_tensor_file(const std::string &path);
/// The same from bytes; `where` places errors.
TensorFile parse_tensor_file(std::string bytes, const std::string &where);

/// Writes tensors and metadata (not `format`) as safetensors: whole or not at all. Throws Error{kIo}, or {kInvalidValue} for
/// what the format cannot hold.
void write_safetensors(const std::string &path, const TensorFile &file);
/// The file's bytes; the same tensors give the same bytes. Wide elements come first, as in the format's own library, so that
/// each tensor is aligned to its elements; then by name.
std::string serialize_safetensors(const TensorFile &file);

} // namespace pare::formats
