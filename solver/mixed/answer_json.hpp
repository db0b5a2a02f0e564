#pragma once

// `per_layer` of a solved file. Not installed: it includes nlohmann_json.

#include "base/json.hpp"
#include "solver/mixed/answer.hpp"

namespace pare::solved {

/// Conventions are written elsewhere in the file, and budgets too.
json::Value mixed_json(const MixedAnswer &answer);
/// Throws Error{kInvalidFile}. `budgets`: how many there are.
MixedAnswer read_mixed(const json::Value &value, const json::Place &place, std::size_t budgets);

} // namespace pare::solved
