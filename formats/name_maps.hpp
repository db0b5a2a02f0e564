#pragma once

#include "formats/renames.hpp"

#include <span>
#include <string>
#include <string_view>

namespace pare::formats {

/// How another program's names become those of our lowered graphs.
struct NameMap {
  std::string_view name;   ///< "torchvision ResNet"
  std::string_view covers; ///< the networks
  Renamer ours;            ///< our name for one of theirs; what is none of theirs may become anything
};

/// The registry. Sources stand beside the rules.
std::span<const NameMap> name_maps();

/// Whether a tensor is batch norm's count of batches (`num_batches_tracked`).
bool is_batch_counter(std::string_view name);

} // namespace pare::formats
