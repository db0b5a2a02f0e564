#include "cli/candidates.hpp"

#include "analysis/convention.hpp"
#include "analysis/substitution.hpp"
#include "models/network.hpp"
#include "train/plan/protocol.hpp"

#include <algorithm>
#include <cctype>

namespace pare::cli {

namespace {

/// "wrn-D-K" as far as it is certain: "wrn-".
std::string certain_part(std::string_view pattern) {
  const auto capital = std::find_if(pattern.begin(), pattern.end(), [](unsigned char c) { return std::isupper(c) != 0; });
  return {pattern.begin(), capital};
}

std::vector<std::string> network_names() {
  std::vector<std::string> out;
  for (const NetworkFamily *family : network_families()) {
    for (const ShortName &name : family->info().short_names)
      if (name.name != family->info().name) out.push_back(certain_part(name.name));
    out.emplace_back(family->info().name);
  }
  return out;
}

/// With what a setting needs behind a name: Generic_, generic: and Sep, sep.
std::vector<std::string> substitution_names() {
  std::vector<std::string> out;
  for (const Substitution *family : substitutions()) {
    const SubstitutionInfo &info = family->info();
    for (const ReferenceName &name : info.reference_names)
      out.push_back(std::string(name.name) + (name.suffix == ReferenceName::Suffix::kRequired ? "_" : ""));
    out.push_back(std::string(info.name) + (info.knob.kind != KnobInfo::Kind::kNone ? ":" : ""));
  }
  return out;
}

/// Those that leave a setting to solve for.
std::vector<std::string> family_names() {
  std::vector<std::string> out;
  for (const Substitution *family : substitutions()) {
    const SubstitutionInfo &info = family->info();
    if (info.knob.kind == KnobInfo::Kind::kNone) continue;
    for (const ReferenceName &name : info.reference_names)
      if (name.suffix == ReferenceName::Suffix::kRequired) out.emplace_back(name.name);
    out.emplace_back(info.name);
  }
  out.emplace_back("width");
  return out;
}

} // namespace

std::vector<std::string> candidates(const OptionInfo &option) {
  std::vector<std::string> out(option.choices.begin(), option.choices.end());
  switch (option.values) {
  case Values::kAny:
  case Values::kFile: break;
  case Values::kNetwork: out = network_names(); break;
  case Values::kSubstitution: out = substitution_names(); break;
  case Values::kFamily: out = family_names(); break;
  case Values::kConvention:
    for (const Convention &convention : conventions()) out.push_back(convention.name);
    out.emplace_back("all");
    break;
  case Values::kProtocol:
    for (const train::Protocol &protocol : train::protocols()) out.push_back(protocol.name);
    break;
  case Values::kProtocolKey:
    for (const auto &[key, value] : train::field_texts(train::protocols().front())) out.push_back(key + "=");
    break;
  }
  return out;
}

bool may_be_file(const OptionInfo &option) {
  return option.values == Values::kFile || option.values == Values::kNetwork || option.values == Values::kConvention ||
         option.values == Values::kProtocol;
}

} // namespace pare::cli
