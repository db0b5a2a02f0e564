#pragma once

#include "formats/renames.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pare::formats {

/// How a file of weights is to be read, where it is not plain which of its tensors are whose.
struct Reading {
  std::string key = {};  ///< under which the weights are: "state_dict_ema", "model.net"; kRootKey: under none; empty: found
  bool by_order = false; ///< tensors are paired as they follow one another, whatever their names
  std::vector<Rename> renames = {};   ///< of the file's names, before anything else
  bool strict = false;                ///< tensors that the network has no place for are refused
  std::vector<std::string> anew = {}; ///< layers of the network that the file does not give

  bool operator==(const Reading &) const = default;
};

/// Whether a tensor's name is in one of these layers.
bool is_in_one_of(std::string_view name, const std::vector<std::string> &layers);

/// The names as they stand in the file.
inline constexpr std::string_view kRootKey = ".";

} // namespace pare::formats
