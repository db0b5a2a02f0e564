#pragma once

#include <torch/torch.h>

#include <map>
#include <string>
#include <string_view>

namespace pare::train {

/// What a file of weights holds: tensors by name, on the CPU, each with memory of its own, contiguous.
struct State {
  std::map<std::string, torch::Tensor> tensors;
  /// Of a safetensors file its metadata; of a PyTorch checkpoint all that stands beside the state dict (epoch, width, depth,
  /// conv, val_errors ...), each as JSON text. Infinities and NaN, which JSON has not, are the texts "Infinity", "-Infinity",
  /// "NaN".
  std::map<std::string, std::string> metadata;
  std::string format; ///< "safetensors", "torch zip" or "torch legacy"
};

/// Reads a file of weights, whatever its name ends in: safetensors; a PyTorch zip file (.pt, .pth); a legacy torch.save file
/// (.t7). A PyTorch file is a state dict, or a dictionary with one under "net", "state_dict" or "model"; the prefix "module."
/// that DataParallel gives to every name is removed. Executes nothing. Throws Error{kIo}, {kInvalidFile} or {kLimit} placed at
/// `path`.
State read_state(const std::string &path);
/// The same from bytes; `where` places errors.
State parse_state(std::string_view bytes, const std::string &where);

/// Writes tensors and metadata (not `format`) as safetensors: whole or not at all. Throws Error{kIo}, or {kInvalidValue} for
/// what the format cannot hold.
void write_safetensors(const std::string &path, const State &state);
/// The file's bytes; the same state gives the same bytes. Wide elements come first, as in the format's own library, so that
/// each tensor is aligned to its elements; then by name.
std::string serialize_safetensors(const State &state);

} // namespace pare::train
