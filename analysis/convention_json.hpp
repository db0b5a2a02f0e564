#pragma once

// What other readers share of pare.convention/1. Not installed: it includes nlohmann_json.

#include "analysis/convention.hpp"
#include "base/json.hpp"

namespace pare {

/// A convention that stands inside another document.
Convention parse_convention(const json::Value &document, const json::Place &place);

} // namespace pare
