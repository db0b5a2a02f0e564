#pragma once

// Costs and settings as documents hold them. Not installed: it includes nlohmann_json.

#include "base/json.hpp"
#include "solver/quantity.hpp"
#include "solver/result.hpp"

#include <optional>

namespace pare::solved {

json::Value number(const Count &count);
json::Value number(const std::optional<Count> &count);

/// {"parameters": ..., "mult_adds": {convention: ...}, "activations": ..., "stored_bytes": ...}
json::Value costs_json(const Costs &costs);
/// The same, each in percent of the original's.
json::Value percent_json(const Costs &costs, const Costs &original);

/// [first, end); null where that is one whole number.
json::Value interval_json(const std::optional<Setting> &setting);
/// {"setting": ..., "same_network_for": [first, end], and its costs}
json::Value setting_json(const std::optional<Setting> &setting);

} // namespace pare::solved
