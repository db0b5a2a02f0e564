#pragma once

// Not installed: it includes nlohmann_json.

#include "base/json.hpp"
#include "train/plan/protocol.hpp"

namespace pare::train {

/// A protocol that stands inside another document.
Protocol read_protocol(const json::Value &document, const json::Place &place);

} // namespace pare::train
