#pragma once

// Texts that targets leave alone. Depths are limited to what is built in a second or two: for a fuzzer an age, and under the
// sanitizers a minute. What cannot be read is not left out: whoever is fuzzed has to refuse it.

#include "analysis/substitution.hpp"
#include "base/values.hpp"
#include "models/network.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace pare::fuzz {

/// Whether a spec is of a deep network, or has a value from a file, which depends on the machine.
inline bool is_spec_left_out(std::string_view spec) {
  if (spec.find("=@") != std::string_view::npos) return true;
  try {
    const NetworkSpec read = parse_network_spec(spec);
    for (const auto &[key, most] : {std::pair{"depth", 160}, std::pair{"layers", 20}})
      if (const auto value = read.values.find(key); value != read.values.end())
        if (parse_whole(value->second).value_or(0) > most) return true;
  } catch (const Error &) {
  }
  return false;
}

/// Whether a substitute is a product of thousands of factors, each of which has tensors of its own.
inline bool is_substitute_left_out(std::string_view text) {
  try {
    const Substitute read = parse_substitute(text, FreeKnob::kAllow);
    return read.family->info().name == "acdc" && read.knob.value_or(0) > 4096;
  } catch (const Error &) {
    return false;
  }
}

} // namespace pare::fuzz
