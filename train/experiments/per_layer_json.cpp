#include "analysis/substitution.hpp"
#include "base/digest.hpp"
#include "base/files.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "solver/quantity.hpp"
#include "solver/solver.hpp"
#include "train/experiments/experiments_json.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace pare::train::experiments {

namespace {

constexpr std::array kKeys = {"families", "score", "tie", "objective", "candidates", "multiple_of", "exclude", "fix"};
constexpr std::string_view kTieRule = "none, stage, block, shape, or groups of layers: [[\"conv1\", \"conv2\"], ...]";

/// A part of a name; of one that would be long how it begins, and some digits that tell it from others.
std::string brief(const std::string &text, std::string_view begin, std::size_t most = 40) {
  constexpr std::size_t kDigits = 6;
  std::string part = name_part(text);
  if (part.size() <= most) return part;
  return fmt::format("{}{}{}", name_part(begin), begin.empty() ? "" : "_", digest(text).substr(0, kDigits));
}

/// Groups of layers, which are a list of lists of texts, are one value of the axis.
bool are_groups(const Json &value) {
  return value.is_array() && !value.empty() && value[0].is_array() && !value[0].empty() && value[0][0].is_string();
}

std::vector<Said> tie_axis(json::Members &members) {
  const Json *value = members.find("tie");
  if (value != nullptr && are_groups(*value)) return {{.value = value, .place = members.place("tie")}};
  return axis(members, "tie");
}

void read_families(const Said &said, PerLayer &out) {
  if (said.is_null()) return;
  out.request.families = texts_of(said, "a family, or all,");
  constexpr std::array kAll = {kAllFamilies};
  bool has_all = false;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < out.request.families.size(); ++i) {
    const std::string &family = out.request.families[i];
    const json::Place place = said.value->is_array() ? said.place.item(i) : said.place;
    const bool is_all = find_name(family, kAll).has_value();
    has_all = has_all || is_all;
    texts.push_back(is_all ? std::string(kAllFamilies)
                           : at_place(place, [&] { return parse_substitute(family, FreeKnob::kAllow).text(); }));
  }
  if (has_all && texts.size() == 1) return;
  const std::string text = fmt::format("{}", fmt::join(texts, "+"));
  out.name += "." + brief(text, fmt::format("{}_and_{}", texts.front(), texts.size() - 1));
}

void read_objective(const Said &said, PerLayer &out) {
  if (said.is_null()) return;
  const auto objective =
      said.value->is_string() ? find_value(kObjectives, said.value->get_ref<const std::string &>()) : std::nullopt;
  if (!objective)
    json::refuse(*said.value, said.place, "objective", fmt::format("{}", fmt::join(names_of(kObjectives), " or ")));
  out.request.objective = *objective;
}

/// "capacity", or "table:FILE" and the like.
void read_score(const Said &said, PerLayer &out) {
  const bool is_balanced = out.request.objective == Objective::kBalanced;
  const std::string_view otherwise = is_balanced ? kBalancedScore : kDefaultScore;
  out.request.score = otherwise;
  if (!said.is_null()) {
    const std::string text = said.text("score");
    const auto colon = text.find(':');
    at_place(said.place, [&] {
      out.request.score = find_score(std::string_view(text).substr(0, colon)).info().name;
      if (colon == std::string::npos) return;
      if (!find_score(out.request.score).info().needs_file())
        said.place.fail(fmt::format("{} takes no file; {} alone would be accepted", out.request.score, out.request.score));
      const std::string file = text.substr(colon + 1);
      read_score_file(file, out.request);
    });
    if (out.request.score != otherwise) out.name += ".score_" + brief(text, out.request.score);
  }
  if (is_balanced) out.name += fmt::format(".{}", name_of(kObjectives, Objective::kBalanced));
}

void read_tie(const Said &said, PerLayer &out) {
  if (said.is_null()) return;
  MixedRequest &request = out.request;
  if (said.value->is_array()) {
    request.tie = Tie::kGroups;
    for (std::size_t i = 0; i < said.value->size(); ++i) {
      const Said group{.value = &(*said.value)[i], .place = said.place.item(i)};
      if (!group.value->is_array()) json::refuse(*group.value, group.place, "a group", "a list of layers, by name");
      request.groups.push_back(texts_of(group, "a layer"));
    }
    if (request.groups.empty()) json::refuse(*said.value, said.place, "tie", kTieRule);
    out.name += fmt::format(".tie_{}", brief(json::dumped(*said.value), name_of(kTies, Tie::kGroups), 0));
    return;
  }
  constexpr std::array kNames = {Tie::kNone, Tie::kStage, Tie::kBlock, Tie::kShape};
  std::vector<std::string_view> names;
  for (const Tie tie : kNames) names.push_back(name_of(kTies, tie));
  const auto found = said.value->is_string() ? find_name(said.value->get_ref<const std::string &>(), names) : std::nullopt;
  if (!found) json::refuse(*said.value, said.place, "tie", kTieRule);
  request.tie = kNames[*found];
  if (request.tie != Tie::kNone) out.name += fmt::format(".tie_{}", names[*found]);
}

void read_rule(const Said &most, const Said &multiple, PerLayer &out) {
  constexpr std::array<std::string_view, 1> kAll = {"all"};
  CandidateRule &rule = out.request.rule;
  const CandidateRule otherwise;
  if (!most.is_null()) {
    const auto whole = json::as_whole(*most.value);
    const bool is_all = most.value->is_string() && find_name(most.value->get_ref<const std::string &>(), kAll);
    if (!is_all && (!whole || *whole < 1))
      json::refuse(*most.value, most.place, "candidates", "a whole number from 1 up, or all");
    rule.most = is_all ? CandidateRule::kAll : static_cast<std::size_t>(*whole);
    const std::string text = is_all ? std::string(kAll[0]) : std::to_string(*whole);
    if (rule.most != otherwise.most) out.variant.push_back({.key = "candidates", .value = text, .part = "candidates_" + text});
  }
  if (multiple.is_null()) return;
  const auto whole = json::as_whole(*multiple.value);
  if (!whole || *whole < 1) json::refuse(*multiple.value, multiple.place, "multiple_of", "a whole number from 1 up");
  rule.multiple_of = *whole;
  const std::string text = std::to_string(*whole);
  if (rule.multiple_of != otherwise.multiple_of)
    out.variant.push_back({.key = "multiple_of", .value = text, .part = "multiple_of_" + text});
}

/// Which layers are not chosen for.
void read_settled(const Said &exclude, const Said &fix, PerLayer &out) {
  if (!exclude.is_null()) {
    out.request.excluded = texts_of(exclude, "a layer");
    const std::string text = fmt::format("{}", fmt::join(out.request.excluded, "+"));
    out.variant.push_back({.key = "exclude", .value = text, .part = "exclude_" + brief(text, {})});
  }
  if (fix.is_null()) return;
  json::Members members(*fix.value, fix.place);
  std::vector<std::string> texts;
  for (const auto &[layer, value] : fix.value->items()) {
    const Said said{.value = &value, .place = fix.place.member(layer)};
    std::string setting = at_place(said.place, [&] { return parse_substitute(said.text("a substitute")).text(); });
    texts.push_back(layer + "=" + setting);
    out.request.fixed.emplace_back(layer, std::move(setting));
  }
  if (texts.empty()) return;
  const std::string text = fmt::format("{}", fmt::join(texts, "+"));
  out.variant.push_back({.key = "fix", .value = text, .part = "fix_" + brief(text, {})});
}

/// All combinations of what is said.
std::vector<PerLayer> read_per_layer(json::Members &members, bool is_one) {
  static const std::vector<Said> kUnsaid(1);
  bool is_asked = false;
  members.read("per_layer", is_asked);
  const auto values = [&](std::vector<Said> said) {
    if (is_one) only(said);
    return said.empty() ? kUnsaid : said;
  };
  const auto families = values(axis(members, "families"));
  const auto scores = values(axis(members, "score"));
  const auto ties = values(tie_axis(members));
  const auto objectives = values(axis(members, "objective"));
  const auto candidates = values(axis(members, "candidates"));
  const auto multiples = values(axis(members, "multiple_of"));
  const Said exclude{.value = members.find("exclude"), .place = members.place("exclude")};
  const Said fix{.value = members.find("fix"), .place = members.place("fix")};
  if (!is_asked) {
    for (const char *key : kKeys)
      if (members.find(key) != nullptr)
        members.place(key).fail(
            fmt::format("{} is of plans that are chosen layer by layer; \"per_layer\": true would be accepted", key));
    return {};
  }
  std::vector<PerLayer> out;
  for (const Said &family : families)
    for (const Said &score : scores)
      for (const Said &tie : ties)
        for (const Said &objective : objectives)
          for (const Said &most : candidates)
            for (const Said &multiple : multiples) {
              PerLayer one;
              read_families(family, one);
              read_objective(objective, one);
              read_score(score, one);
              read_tie(tie, one);
              read_rule(most, multiple, one);
              read_settled(exclude, fix, one);
              out.push_back(std::move(one));
            }
  return out;
}

} // namespace

Designs read_designs(json::Members &members, bool is_one) {
  Designs out;
  out.place = members.place();
  members.at("network");
  out.networks = axis(members, "network");
  out.substitutes = axis(members, "substitute");
  if (!is_one) {
    out.budgets = axis(members, "budgets");
  } else if (const Json *budgets = members.find("budgets"); budgets != nullptr) {
    out.budgets = {{.value = budgets, .place = members.place("budgets")}};
  }
  members.read("where_possible", out.where_possible);
  if (members.said("max_width") != nullptr) {
    out.max_width = members.real("max_width");
    if (!(*out.max_width >= 1 && *out.max_width <= kMostWidthTimes))
      json::refuse(members.at("max_width"), members.place("max_width"), "max_width",
                   fmt::format("a number from 1 to {}: times the network's own width", shortest(kMostWidthTimes)));
    const bool has_width = std::any_of(out.substitutes.begin(), out.substitutes.end(), [](const Said &substitute) {
      return !substitute.is_null() && is_width(substitute.text("substitute"));
    });
    if (!has_width) members.place("max_width").fail("it is of the substitute \"width\", which is not asked for");
  }
  if (const Json *shape = members.said("input")) out.input = Said{.value = shape, .place = members.place("input")};
  out.per_layer = read_per_layer(members, is_one);
  if (is_one) {
    only(out.networks);
    only(out.substitutes);
  }
  if (out.per_layer.empty()) return out;
  if (!out.substitutes.empty())
    members.place("substitute")
        .fail("\"per_layer\" chooses what each layer is replaced by; \"families\" to choose from instead, or another entry for "
              "one substitute of all would be accepted");
  if (out.where_possible)
    members.place("where_possible")
        .fail("\"per_layer\" takes each family where it is possible; one of the two would be accepted");
  if (out.budgets.empty())
    members.place("per_layer").fail("leaves all settings open; \"budgets\", such as \"parameters<=20%\", would be accepted");
  return out;
}

std::string name_of_budgets(const std::vector<Budget> &budgets) {
  std::vector<std::string> parts;
  for (const Budget &budget : budgets) {
    const std::string relation(to_string(budget.relation));
    std::string limit = budget.written.substr(budget.written.find(relation) + relation.size());
    if (limit.ends_with('%')) limit.replace(limit.size() - 1, 1, "pct");
    std::string quantity(to_string(budget.quantity.metric));
    std::replace(quantity.begin(), quantity.end(), '-', '_');
    if (!budget.quantity.convention.empty() && budget.quantity.convention != standard_convention().name)
      quantity += "_" + budget.quantity.convention;
    parts.push_back(name_part(fmt::format("{}_{}{}", quantity, budget.relation == Relation::kAtLeast ? "min_" : "", limit)));
  }
  return fmt::format("{}", fmt::join(parts, "_"));
}

} // namespace pare::train::experiments
