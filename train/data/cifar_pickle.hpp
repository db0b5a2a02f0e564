#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pare::train {

// The Python version of CIFAR: pickles of dictionaries, whose keys are texts or, where others have saved them again, bytes.

/// A batch as the binary version's file of records: its labels, those of `label_keys` in this order, and 3 x 32 x 32 bytes, for
/// each image. Throws Error{kInvalidFile} placed at `where` about a file that is none, as formats/pickle does; labels are only
/// held to be bytes.
std::string records_of_pickle(std::string_view pickle, std::span<const std::string_view> label_keys, const std::string &where);

/// The list of texts at a key.
std::vector<std::string> texts_of_pickle(std::string_view pickle, std::string_view key, const std::string &where);

} // namespace pare::train
