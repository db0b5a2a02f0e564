#pragma once

// What other readers share of pare.network/1. Not installed: it includes nlohmann_json.

#include "analysis/network_file.hpp"
#include "base/json.hpp"

namespace pare {

/// A network that stands inside another document.
NetworkFile read_network(const json::Value &document, const json::Place &place, const InputOptions &input = {});

/// "width" and "round_to" of a document, where they are said. Throws Error{kInvalidFile}.
FileWidth read_width(json::Members &members);

/// "input": [channels, height, width] of one image.
Shape read_input_shape(const json::Value &value, const json::Place &place);

} // namespace pare
