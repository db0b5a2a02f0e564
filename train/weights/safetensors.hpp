#pragma once

#include "train/weights/state.hpp"

namespace pare::train {

/// Reads a safetensors file: the header's length (8 bytes, little-endian), a JSON header
///   {"__metadata__": {text: text}, NAME: {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...}
/// and the data, without gaps and in offsets from the header's end. Throws Error{kInvalidFile} placed at `where`.
State read_safetensors(std::string_view file, const std::string &where);

} // namespace pare::train
