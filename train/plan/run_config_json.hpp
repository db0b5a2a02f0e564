#pragma once

// What other documents share of pare.run/1. Not installed: it includes nlohmann_json.

#include "base/json.hpp"
#include "train/plan/run_config.hpp"

#include <string_view>

namespace pare::train {

/// A spec as text, a file as the object that it holds.
json::Value network_json(const NetworkText &network);
NetworkText read_network_text(json::Members &members, std::string_view key);

/// An object: percent and tolerance.
ExpectedError read_expected_error(const json::Value &value, const json::Place &place);

/// How a file of weights is read: {"key": "state_dict_ema", "match": "order", "name_map": [[pattern, replacement]], "strict":
/// true, "reinitialise": ["fc"]}, each where it is not as usual.
json::Value reading_json(const formats::Reading &reading);
formats::Reading read_reading(const json::Value &value, const json::Place &place);
/// The same of a teacher, all of which its file gives.
formats::Reading read_teacher_reading(const json::Value &value, const json::Place &place);

/// An object: file, checksum, network, substitution, where_possible, expected_error, and reading where that is not as usual.
json::Value teacher_json(const TeacherConfig &teacher);
TeacherConfig read_teacher(const json::Value &value, const json::Place &place);

} // namespace pare::train
