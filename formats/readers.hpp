#pragma once

// What a file of tensors is read by, one .cpp for each format; tensor_file.cpp picks one.

#include "formats/pickle.hpp"
#include "formats/tensor_file.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace pare::formats {

/// A file in memory, which the tensors that are part of it keep there.
using FileBytes = std::shared_ptr<const std::string>;

/// A safetensors file: the header's length (8 bytes, little-endian), a JSON header
///   {"__metadata__": {text: text}, NAME: {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...}
/// and the data, without gaps and in offsets from the header's end. Throws Error{kInvalidFile}, what the header says placed at
/// WHERE/header.NAME.
TensorFile read_safetensors(const FileBytes &file, const std::string &where);

/// A PyTorch zip file: NAME/data.pkl, and each storage as NAME/data/KEY.
TensorFile read_torch_zip(const FileBytes &file, const std::string &where);

/// A legacy torch.save file: pickles of the magic number, of version 1001 and of the writer's type sizes; the pickle itself; a
/// pickle of the list of storage keys; then for each its number of elements (int64) and its bytes. Always little-endian.
TensorFile read_torch_legacy(const FileBytes &file, const std::string &where);

/// The bytes of a storage, part of the file; throws Error where the file has it not.
using StorageBytes = std::function<std::string_view(const StorageRef &)>;

/// What a PyTorch pickle holds, without `format`: the state dict, found as read_tensor_file() says, and the rest as metadata.
TensorFile read_state_dict(const Pickle &pickle, const StorageBytes &storage, const FileBytes &file, const std::string &where);

} // namespace pare::formats
