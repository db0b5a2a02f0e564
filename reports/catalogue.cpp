#include "reports/catalogue.hpp"

#include "analysis/convention.hpp"
#include "analysis/op.hpp"
#include "analysis/substitution.hpp"
#include "models/network.hpp"
#include "reports/breaks.hpp"
#include "reports/numbers.hpp"
#include "solver/mixed/mixed_solver.hpp"
#include "solver/scores/score.hpp"
#include "solver/solver.hpp"
#include "train/plan/protocol.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace pare {

namespace {

std::string accepted(const KnobInfo &knob) {
  switch (knob.kind) {
  case KnobInfo::Kind::kNone: return {};
  case KnobInfo::Kind::kReal: return "a number in (0, 1]";
  case KnobInfo::Kind::kInteger:
  case KnobInfo::Kind::kGroups: return fmt::format("a whole number from {} up", knob.least);
  }
  return {};
}

std::string accepted(const KeyInfo &key) {
  if (!key.choices.empty()) return fmt::format("one of {}", fmt::join(key.choices, ", "));
  return fmt::format("a whole number from {} to {}", key.least, key.most);
}

std::string standard(const KeyInfo &key) {
  return key.choices.empty() ? std::to_string(key.standard) : std::string(key.choices[static_cast<std::size_t>(key.standard)]);
}

std::string weight_name(const Convention::Weight &weight) {
  return weight.spelling ? fmt::format("{}.{}.{}", weight.op, to_string(*weight.spelling), to_string(weight.event))
                         : fmt::format("{}.{}", weight.op, to_string(weight.event));
}

} // namespace

Catalogue network_catalogue() {
  Catalogue out{.what = "networks", .entries = {}};
  for (const NetworkFamily *family : network_families()) {
    const NetworkInfo &info = family->info();
    Catalogue::Entry entry{.name = std::string(info.name),
                           .other_names = {},
                           .description = std::string(info.description),
                           .source = std::string(info.source),
                           .keys = {}};
    for (const ShortName &name : info.short_names) entry.other_names.emplace_back(name.name);
    for (const NetworkKeyInfo &key : info.keys)
      entry.keys.push_back({std::string(key.name), std::string(key.standard), std::string(key.accepted), {}});
    out.entries.push_back(std::move(entry));
  }
  return out;
}

Catalogue substitution_catalogue() {
  Catalogue out{.what = "substitutions", .entries = {}};
  for (const Substitution *family : substitutions()) {
    const SubstitutionInfo &info = family->info();
    Catalogue::Entry entry{.name = std::string(info.name),
                           .other_names = {},
                           .description = std::string(info.description),
                           .source = std::string(info.source),
                           .keys = {}};
    for (const ReferenceName &name : info.reference_names)
      entry.other_names.push_back(std::string(name.name) + (name.suffix == ReferenceName::Suffix::kRequired ? "_S" : ""));
    if (info.knob.kind != KnobInfo::Kind::kNone)
      entry.keys.push_back({std::string(info.knob.name), {}, accepted(info.knob), std::string(info.knob.description)});
    if (const NumbersInfo &numbers = info.numbers; !numbers.name.empty())
      entry.keys.push_back({std::string(numbers.name),
                            {},
                            fmt::format("instead of {}, {}", info.knob.name,
                                        numbers.are_several ? "whole numbers with / between them" : "a whole number from 1 up"),
                            std::string(numbers.description)});
    for (const KeyInfo &key : info.keys)
      entry.keys.push_back({std::string(key.name), standard(key), accepted(key), std::string(key.description)});
    out.entries.push_back(std::move(entry));
  }
  return out;
}

Catalogue convention_catalogue() {
  Catalogue out{.what = "conventions", .entries = {}};
  for (const Convention &convention : conventions()) {
    std::vector<std::string> weights;
    for (const Convention::Weight &weight : convention.weights)
      if (weight.weight != 0)
        weights.push_back(fmt::format("{}{}", weight.weight == 1 ? "" : digits(weight.weight) + " x ", weight_name(weight)));
    out.entries.push_back({.name = convention.name,
                           .other_names = {},
                           .description = fmt::format("counts {}", fmt::join(weights, ", ")),
                           .source = convention.source,
                           .keys = {}});
  }
  return out;
}

Catalogue solver_catalogue() {
  Catalogue out{.what = "solvers", .entries = {}};
  for (const UniformSolver *solver : solvers())
    out.entries.push_back({.name = std::string(solver->info().name),
                           .other_names = {},
                           .description = std::string(solver->info().description),
                           .source = {},
                           .keys = {}});
  for (const MixedSolver *solver : mixed_solvers()) {
    const MixedSolverInfo &info = solver->info();
    const auto same = std::find_if(out.entries.begin(), out.entries.end(), [&](const auto &e) { return e.name == info.name; });
    Catalogue::Entry &entry = same != out.entries.end() ? *same : out.entries.emplace_back();
    entry.name = info.name;
    entry.description += fmt::format("{}per layer: {}", entry.description.empty() ? "" : "; ", info.description);
  }
  return out;
}

Catalogue score_catalogue() {
  Catalogue out{.what = "scores", .entries = {}};
  for (const Score *score : scores()) {
    const ScoreInfo &info = score->info();
    out.entries.push_back({.name = std::string(info.name),
                           .other_names = {},
                           .description = fmt::format("{}; it assumes {}", info.description, info.assumes),
                           .source = {},
                           .keys = {}});
  }
  return out;
}

Catalogue protocol_catalogue() {
  Catalogue out{.what = "protocols", .entries = {}};
  const std::vector<train::FieldDescription> fields = train::describe_protocol_fields();
  for (const train::Protocol &protocol : train::protocols()) {
    Catalogue::Entry entry{
        .name = protocol.name, .other_names = {}, .description = protocol.description, .source = {}, .keys = {}};
    for (const auto &[key, value] : train::field_texts(protocol)) {
      if (key == "name" || key == "description") continue;
      // Of another kind of schedule or augmentation than the protocol's.
      if (key.find('.') != std::string::npos && train::without_effect(protocol, key)) continue;
      // decay_scaling.generic is described by decay_scaling.
      const auto field = std::find_if(fields.begin(), fields.end(), [&, whole = std::string_view(key)](const auto &f) {
        return whole == f.key || whole.starts_with(f.key + ".");
      });
      if (field == fields.end()) continue;
      const bool is_part = field->key != key;
      entry.keys.push_back({key, value, is_part ? "on or off" : field->accepted, is_part ? "" : field->description});
    }
    out.entries.push_back(std::move(entry));
  }
  return out;
}

namespace {

std::string key_text(const Catalogue::Key &key) {
  return fmt::format("{}{}{}: {}{}{}", key.name, key.standard.empty() ? "" : "=", key.standard, key.accepted,
                     key.description.empty() ? "" : "; ", key.description);
}

std::string catalogue_text(const Catalogue &catalogue) {
  std::string out;
  for (const Catalogue::Entry &entry : catalogue.entries) {
    if (!out.empty()) out += '\n';
    out += entry.name;
    if (!entry.other_names.empty()) out += fmt::format("  ({})", fmt::join(entry.other_names, ", "));
    out += '\n' + hanging("  ", entry.description);
    if (!entry.source.empty()) out += hanging("  ", "source: " + entry.source);
    std::size_t width = 0;
    const auto head = [](const Catalogue::Key &key) { return key.standard.empty() ? key.name : key.name + "=" + key.standard; };
    for (const Catalogue::Key &key : entry.keys) width = std::max(width, head(key).size());
    for (const Catalogue::Key &key : entry.keys)
      out += hanging(fmt::format("    {:{}}  ", head(key), width),
                     fmt::format("{}{}{}", key.accepted, key.description.empty() ? "" : ": ", key.description));
  }
  return out;
}

Report catalogue_table(const Catalogue &catalogue) {
  Report out{.title = {},
             .columns = {{.heading = "name"},
                         {.heading = "other names"},
                         {.heading = "description"},
                         {.heading = "keys"},
                         {.heading = "source"}},
             .rows = {},
             .notes = {}};
  for (const Catalogue::Entry &entry : catalogue.entries) {
    std::vector<std::string> keys;
    for (const Catalogue::Key &key : entry.keys) keys.push_back(key_text(key));
    out.rows.push_back({entry.name, fmt::format("{}", fmt::join(entry.other_names, ", ")), entry.description,
                        fmt::format("{}", fmt::join(keys, ". ")), entry.source});
  }
  return out;
}

std::string catalogue_json(const Catalogue &catalogue) {
  using nlohmann::ordered_json;
  ordered_json out = ordered_json::array();
  for (const Catalogue::Entry &entry : catalogue.entries) {
    ordered_json keys = ordered_json::array();
    for (const Catalogue::Key &key : entry.keys)
      keys.push_back(
          {{"name", key.name}, {"standard", key.standard}, {"accepted", key.accepted}, {"description", key.description}});
    ordered_json object;
    object["name"] = entry.name;
    object["other_names"] = entry.other_names;
    object["description"] = entry.description;
    object["source"] = entry.source;
    object["keys"] = std::move(keys);
    out.push_back(std::move(object));
  }
  return out.dump(2) + '\n';
}

} // namespace

std::string write_catalogue(const Catalogue &catalogue, Format format) {
  if (format == Format::kText) return catalogue_text(catalogue);
  if (format == Format::kJson) return catalogue_json(catalogue);
  const Report table = catalogue_table(catalogue);
  return write({&table, 1}, format);
}

} // namespace pare
