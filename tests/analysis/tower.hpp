#pragma once

// A network whose layers share parameters: tests/golden/shared_network.json.

#include "tests/support.hpp"

#include <algorithm>
#include <string>

namespace pare::test {

inline std::string tower() { return read_text(std::string(PARE_GOLDEN_DIR) + "/shared_network.json"); }

/// The same with parameters of their own for all layers, which are called by their ids.
inline std::string unshared() {
  using Document = nlohmann::ordered_json;
  Document document = Document::parse(tower());
  auto &layers = document["layers"];
  for (Document &layer : layers) {
    if (!layer.contains("shares")) continue;
    const auto owner =
        std::find_if(layers.begin(), layers.end(), [&](const Document &l) { return l["id"] == layer["shares"]; });
    layer.erase("shares");
    layer.erase("name");
    for (const auto &entry : owner->items())
      if (!layer.contains(entry.key())) layer[entry.key()] = entry.value();
  }
  return document.dump();
}

} // namespace pare::test
