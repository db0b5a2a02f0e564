#pragma once

#include "solver/mixed/request.hpp"
#include "solver/solved_config.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pare::train {

inline constexpr std::string_view kPerLayer = "per layer";

/// What tables and results say of how a plan was chosen layer by layer.
struct PerLayerText {
  std::string families;  ///< to choose from: "all", "generic, shuffle"
  std::string score;     ///< "capacity", "table:scores.csv"
  std::string tie;       ///< "none", "stage", "groups"
  std::string objective; ///< "sum", "balanced"

  /// "per layer (capacity)", "per layer (balanced)"
  std::string setting() const;
};
/// Of a request whose families are written out, or are not.
PerLayerText describe(const MixedRequest &request);

/// The families that a plan replaces layers by, by name and sorted; none where all stay as they are.
std::vector<std::string> families_of(const Network &network, const Plan &plan);

} // namespace pare::train
