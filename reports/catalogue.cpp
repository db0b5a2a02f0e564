#include "reports/catalogue.hpp"

#include "analysis/convention.hpp"
#include "analysis/op.hpp"
#include "analysis/substitution.hpp"
#include "base/text.hpp"
#include "models/network.hpp"
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

/// What formulas call things, for those who read them.
constexpr std::pair<std::string_view, std::string_view> kSymbols[] = {
    {"c_i, c_o", "input and output channels"},
    {"k_h, k_w", "kernel height and width"},
    {"S, S_in", "output and input positions, of the whole batch"},
    {"D", "parameters of the depthwise in front: c_i k_h k_w, 0 for a 1 x 1 kernel"},
    {"b", "parameters of the convolution's own bias: c_o, or 0 without"},
    {"//, int, round", "whole division, toward zero, half to even"}};

/// Functions that not everybody knows (analysis/expression.hpp has them all); each is defined where a formula has it.
constexpr std::pair<std::string_view, std::string_view> kFunctions[] = {
    {"mode(k, d, n)",
     "mode k of n numbers in d dimensions: the d-th root of n where it is whole; else, for k < d, the least divisor of what "
     "modes "
     "1 to k - 1 leave of n that reaches the rounded root, or all of it where it is less; for k = d, what they leave"},
    {"divisor(a, b)", "the largest divisor of a that is at most b"},
    {"gcd(a, b)", "the greatest common divisor"}};

/// Those functions that a formula has.
std::vector<Formula::Line> functions_of(const Formula &formula) {
  std::string all = formula.parameters + ' ' + formula.mult_adds + ' ' + formula.per_batch;
  for (const Formula::Line &line : formula.definitions) all += ' ' + line.expression;
  std::vector<Formula::Line> out;
  for (const auto &[symbol, meaning] : kFunctions)
    if (all.find(symbol.substr(0, symbol.find('(') + 1)) != std::string::npos)
      out.push_back({std::string(symbol), std::string(meaning)});
  return out;
}

/// Lines of at most kTextWidth columns, those behind the first begun where the text of the first begins.
std::string hanging(const std::string &head, std::string_view text) {
  return fmt::format("{}\n", fmt::join(wrapped(head + std::string(text), kTextWidth, head.size()), "\n"));
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
      if (key == "name" || key == "description" || train::without_effect(protocol, key)) continue;
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

std::vector<Formula> formulas(std::string_view substitution) {
  std::vector<Formula> out;
  const auto add = [&](const Substitute &substitute) {
    const ClosedForm form = substitute.family->closed_form(substitute.settings, substitute.evaluated());
    Formula formula{.substitution = substitute.text(),
                    .definitions = {},
                    .parameters = form.parameters,
                    .mult_adds = form.mult_adds,
                    .per_batch = form.per_batch};
    for (const Definition &definition : form.definitions)
      formula.definitions.push_back({definition.symbol, definition.expression});
    out.push_back(std::move(formula));
  };
  if (!substitution.empty()) {
    add(parse_substitute(substitution, FreeKnob::kAllow));
    return out;
  }
  for (const Substitution *family : substitutions()) {
    add(parse_substitute(family->info().name, FreeKnob::kAllow));
    out.back().substitution = family->info().name;
  }
  return out;
}

std::string write_formulas(const std::vector<Formula> &formulas, Format format) {
  using nlohmann::ordered_json;
  if (format == Format::kJson) {
    ordered_json out = ordered_json::array();
    for (const Formula &formula : formulas) {
      ordered_json object;
      object["substitution"] = formula.substitution;
      object["definitions"] = ordered_json::array();
      for (const Formula::Line &line : formula.definitions)
        object["definitions"].push_back({{"symbol", line.symbol}, {"expression", line.expression}});
      object["parameters"] = formula.parameters;
      object["mult_adds"] = formula.mult_adds;
      object["per_batch"] = formula.per_batch;
      object["functions"] = ordered_json::array();
      for (const Formula::Line &function : functions_of(formula))
        object["functions"].push_back({{"symbol", function.symbol}, {"meaning", function.expression}});
      out.push_back(std::move(object));
    }
    return out.dump(2) + '\n';
  }
  const auto lines = [](const Formula &formula) {
    std::vector<Formula::Line> out = formula.definitions;
    out.push_back({"parameters", formula.parameters});
    out.push_back({"mult-adds[macs]", formula.mult_adds});
    out.push_back({"per batch[macs]", formula.per_batch});
    return out;
  };
  std::vector<Formula::Line> legend;
  for (const auto &[symbol, meaning] : kSymbols) legend.push_back({std::string(symbol), std::string(meaning)});
  for (const Formula &formula : formulas)
    for (const Formula::Line &function : functions_of(formula))
      if (std::none_of(legend.begin(), legend.end(), [&](const Formula::Line &line) { return line.symbol == function.symbol; }))
        legend.push_back(function);
  if (format == Format::kMarkdown) {
    Report out{.title = {},
               .columns = {{.heading = "substitution"}, {.heading = "symbol"}, {.heading = "formula"}},
               .rows = {},
               .notes = {}};
    for (const Formula &formula : formulas)
      for (const Formula::Line &line : lines(formula)) out.rows.push_back({formula.substitution, line.symbol, line.expression});
    for (const Formula::Line &line : legend) out.notes.push_back(fmt::format("{}: {}", line.symbol, line.expression));
    return write({&out, 1}, format);
  }
  std::string out;
  for (const Formula &formula : formulas) {
    out += formula.substitution + '\n';
    for (const Formula::Line &line : lines(formula)) out += hanging(fmt::format("  {:15} = ", line.symbol), line.expression);
    out += '\n';
  }
  for (const Formula::Line &line : legend) out += hanging(fmt::format("{:15}   ", line.symbol), line.expression);
  return out;
}

} // namespace pare
