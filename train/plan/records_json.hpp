#pragma once

// Not installed: it includes nlohmann_json.

#include "base/json.hpp"
#include "train/plan/records.hpp"

namespace pare::train {

/// An epoch's record that stands inside another document.
json::Value json_of(const EpochRecord &record);
EpochRecord read_epoch(const json::Value &value, const json::Place &place);

} // namespace pare::train
