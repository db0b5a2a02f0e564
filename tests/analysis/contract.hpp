#pragma once

// The grid of convolutions and settings that the contract suite of substitutions runs over.

#include "analysis/substitution.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pare::test {

/// c_i, c_o in {1, 3, 16, 24, 32, 48, 160}, k in {1, 3, 5, 7}, stride, padding, dilation, with and without bias, on two images
/// that are not square.
inline const std::vector<ConvSite> &grid() {
  static const std::vector<ConvSite> sites = [] {
    std::vector<ConvSite> out;
    for (std::int64_t c_i : {1, 3, 16, 24, 32, 48, 160})
      for (std::int64_t c_o : {1, 3, 16, 24, 32, 48, 160})
        for (std::int64_t k : {1, 3, 5, 7})
          for (std::int64_t padding : std::vector<std::int64_t>(k == 1 ? std::initializer_list<std::int64_t>{0}
                                                                       : std::initializer_list<std::int64_t>{0, k / 2}))
            for (std::int64_t stride : {1, 2})
              for (std::int64_t dilation : {1, 2})
                for (bool bias : {false, true})
                  out.push_back(make_site("X", {.batch = 2, .channels = c_i, .height = 15, .width = 14}, c_o, {k, k},
                                          {stride, stride}, {padding, padding}, {dilation, dilation}, bias));
    return out;
  }();
  return sites;
}

/// The value of a key by name; 0 where the family has no such key.
inline std::int64_t setting(const Substitution &family, const Settings &settings, std::string_view name) {
  const auto &keys = family.info().keys;
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (keys[i].name == name) return settings[i];
  return 0;
}

/// Settings to try: the standard first, then each key at other values, then what the reference names stand for.
inline std::vector<Settings> variants(const Substitution &family) {
  const SubstitutionInfo &info = family.info();
  Settings standard;
  for (const KeyInfo &key : info.keys) standard.push_back(key.standard);
  std::vector<Settings> out = {standard};
  const auto add = [&](const Settings &settings) {
    if (std::find(out.begin(), out.end(), settings) == out.end()) out.push_back(settings);
  };
  for (std::size_t i = 0; i < info.keys.size(); ++i)
    for (std::int64_t value : {0, 1, 2, 3, 4, 10}) {
      Settings settings = standard;
      settings[i] = value;
      const std::int64_t most =
          info.keys[i].choices.empty() ? info.keys[i].most : static_cast<std::int64_t>(info.keys[i].choices.size()) - 1;
      if (value >= info.keys[i].least && value <= most) add(settings);
    }
  for (const ReferenceName &reference : info.reference_names) {
    add(reference.keys);
    for (std::size_t i = 0; i < info.keys.size(); ++i)
      if (info.keys[i].name == "dimensions") {
        Settings settings = reference.keys;
        for (std::int64_t dimensions : {2, 4}) {
          settings[i] = dimensions;
          add(settings);
        }
      }
  }
  return out;
}

/// Knobs to try, cheap and dear; none where these settings leave nothing to set.
inline std::vector<std::optional<double>> knobs_to_try(const Substitution &family, const Settings &settings) {
  if (!Substitute{.family = &family, .settings = settings, .knob = {}}.has_free_knob()) return {std::nullopt};
  switch (family.info().knob.kind) {
  case KnobInfo::Kind::kNone: return {std::nullopt};
  case KnobInfo::Kind::kReal: return {0.003, 0.1, 0.34, 0.5, 1.0};
  case KnobInfo::Kind::kInteger: return {1.0, 2.0, 11.0};
  case KnobInfo::Kind::kGroups: return {1.0, 3.0, 4.0, 8.0, 1000.0};
  }
  return {};
}

/// Names of the registry, for parameterised suites.
inline std::vector<std::string> family_names() {
  std::vector<std::string> out;
  for (const Substitution *family : substitutions()) out.emplace_back(family->info().name);
  return out;
}

} // namespace pare::test
