#pragma once

// What the readers of files of results share. Not installed: it includes nlohmann_json.

#include "base/json.hpp"
#include "train/experiments/results.hpp"

#include <string_view>
#include <vector>

namespace pare::train::results {

// Each throws, placed at the value, with `name` and what would be accepted.

/// A number from 0 up, exact where it is whole.
Count read_count(const json::Value &value, const json::Place &place, std::string_view name);
/// A number from 0 to 100.
double read_percent(const json::Value &value, const json::Place &place, std::string_view name);

/// pare.results/1
std::vector<ResultRow> read_rows(const json::Value &document, const json::Place &place);

} // namespace pare::train::results
