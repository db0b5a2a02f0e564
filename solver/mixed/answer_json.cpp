#include "solver/mixed/answer_json.hpp"

#include "base/error.hpp"
#include "solver/mixed/mixed_solver.hpp"

#include <fmt/format.h>

#include <numeric>

namespace pare::solved {

using json::Value;

namespace {

using Fraction = std::pair<std::int64_t, std::int64_t>;

template <class T>
Value or_null(const std::optional<T> &value) {
  return value ? Value(*value) : Value(nullptr);
}

Value fraction_json(const std::optional<Fraction> &level) {
  return level ? Value::array({level->first, level->second}) : Value(nullptr);
}

Value certificate_json(const Certificate &certificate) {
  return {{"shift", certificate.shift}, {"multipliers", certificate.multipliers}, {"value", or_null(certificate.value)}};
}

std::vector<std::string> read_texts(json::Members &members, std::string_view key) {
  const Value &list = members.at(key);
  const json::Place place = members.place(key);
  if (!list.is_array()) json::refuse(list, place, key, "an array of texts in quotes");
  std::vector<std::string> out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].is_string()) json::refuse(list[i], place.item(i), fmt::format("{}[{}]", key, i), "text in quotes");
    out.push_back(list[i].get<std::string>());
  }
  return out;
}

std::optional<Fraction> read_fraction(json::Members &members, std::string_view key) {
  const Value *value = members.said(key);
  if (value == nullptr) return std::nullopt;
  const auto part = value->is_array() && value->size() == 2 ? json::as_whole((*value)[0]) : std::nullopt;
  const auto whole = part ? json::as_whole((*value)[1]) : std::nullopt;
  if (!part || !whole || *part < 0 || *whole < 1 || std::gcd(*part, *whole) != 1)
    json::refuse(*value, members.place(key), key, "null, or a fraction of two whole numbers in lowest terms");
  return Fraction(*part, *whole);
}

/// "mult-adds[reference]"; only these can be other than whole.
Quantity read_quantity(std::string_view text) {
  const std::size_t open = text.find('[');
  return open == std::string_view::npos || !text.ends_with(']')
             ? Quantity{}
             : Quantity::mult_adds(text.substr(open + 1, text.size() - open - 2));
}

Certificate read_certificate(const Value &value, const json::Place &place, std::size_t budgets) {
  json::Members members(value, place);
  Certificate out;
  out.shift = static_cast<int>(members.whole("shift", 0, 62));
  const Value &multipliers = members.at("multipliers");
  const json::Place at = members.place("multipliers");
  if (!multipliers.is_array() || multipliers.size() != budgets)
    json::refuse(multipliers, at, "multipliers", fmt::format("an array of {} whole numbers, one for each budget", budgets));
  for (std::size_t i = 0; i < multipliers.size(); ++i) {
    const auto multiplier = json::as_whole(multipliers[i]);
    if (!multiplier || *multiplier < 0)
      json::refuse(multipliers[i], at.item(i), fmt::format("multipliers[{}]", i), "a whole number from 0 up");
    out.multipliers.push_back(*multiplier);
  }
  if (members.said("value") != nullptr) out.value = members.whole("value", INT64_MIN);
  members.finish();
  return out;
}

/// What is said beside a proof that there is no plan.
void read_beside(json::Members &members, std::size_t budgets, MixedAnswer &out) {
  const auto each = [&](std::string_view key, const auto &read) {
    const Value *list = members.find(key);
    if (list == nullptr) return;
    const json::Place place = members.place(key);
    if (!list->is_array()) json::refuse(*list, place, key, "an array of objects");
    if (out.value) place.fail("there is a plan, and this is about there being none");
    for (std::size_t i = 0; i < list->size(); ++i) {
      json::Members entry((*list)[i], place.item(i));
      const auto budget = static_cast<std::size_t>(entry.whole("budget", 0, static_cast<std::int64_t>(budgets) - 1));
      read(entry, budget);
      entry.finish();
    }
  };
  each("relaxations", [&](json::Members &entry, std::size_t budget) {
    Relaxation relaxation{.budget = budget, .alone = entry.whole("alone", 0), .with_others = {}, .is_proven = false};
    if (entry.said("with_others") != nullptr) relaxation.with_others = entry.whole("with_others", 0);
    relaxation.is_proven = entry.flag("is_proven");
    out.relaxations.push_back(relaxation);
  });
  each("binding", [&](json::Members &entry, std::size_t budget) {
    Binding binding{.budget = budget, .layer = entry.text("layer"), .candidate = {}, .cost = 0};
    binding.candidate = entry.text("candidate");
    binding.cost = entry.whole("cost", 0);
    out.binding.push_back(std::move(binding));
  });
}

} // namespace

Value mixed_json(const MixedAnswer &answer) {
  const MixedRequest &request = answer.request;
  Value out;
  out["method"] = request.method;
  out["families"] = request.families;
  out["score"] = request.score;
  out["score_table"] = nullptr;
  if (request.table) out["score_table"] = {{"file", request.table->where()}, {"text", request.table->text()}};
  if (request.weights) out["score_weights"] = {{"file", request.weights->file}, {"checksum", request.weights->checksum}};
  out["objective"] = name_of(kObjectives, request.objective);
  out["candidates"] = {{"most", request.rule.most == CandidateRule::kAll ? Value(nullptr) : Value(request.rule.most)},
                       {"multiple_of", request.rule.multiple_of},
                       {"number", answer.candidate_count},
                       {"layers", answer.layer_count}};
  if (request.uniform) out["candidates"]["uniform"] = *request.uniform;
  out["tie"] = name_of(kTies, request.tie);
  if (request.tie == Tie::kGroups) out["groups"] = request.groups;
  out["excluded"] = request.excluded;
  out["fixed"] = Value::array();
  for (const auto &[layer, substitute] : request.fixed) out["fixed"].push_back({{"layer", layer}, {"setting", substitute}});
  out["rounded"] = Value::array();
  for (const Quantity &quantity : answer.rounded) out["rounded"].push_back(quantity.text());
  out["value"] = or_null(answer.value);
  out["certificate"] = certificate_json(answer.certificate);
  if (request.objective == Objective::kBalanced) {
    out["level"] = fraction_json(answer.level);
    out["next_level"] = fraction_json(answer.next_level);
    out["next_certificate"] = answer.next_certificate ? certificate_json(*answer.next_certificate) : Value(nullptr);
  }
  if (answer.relaxations.empty()) return out;
  out["relaxations"] = Value::array();
  for (const Relaxation &relaxation : answer.relaxations)
    out["relaxations"].push_back({{"budget", relaxation.budget},
                                  {"alone", relaxation.alone},
                                  {"with_others", or_null(relaxation.with_others)},
                                  {"is_proven", relaxation.is_proven}});
  out["binding"] = Value::array();
  for (const Binding &binding : answer.binding)
    out["binding"].push_back(
        {{"budget", binding.budget}, {"layer", binding.layer}, {"candidate", binding.candidate}, {"cost", binding.cost}});
  return out;
}

MixedAnswer read_mixed(const Value &value, const json::Place &place, std::size_t budgets) {
  json::Members members(value, place);
  MixedAnswer out;
  MixedRequest &request = out.request;
  std::vector<std::string_view> methods;
  for (const MixedSolver *solver : mixed_solvers()) methods.push_back(solver->info().name);
  request.method = members.choice("method", methods);
  request.families = read_texts(members, "families");
  request.score = members.text("score");
  if (const Value *table = members.said("score_table")) {
    json::Members file(*table, members.place("score_table"));
    const std::string where = file.text("file");
    request.table.emplace(file.text("text"), where);
    file.finish();
  }
  if (const Value *weights = members.find("score_weights")) {
    json::Members file(*weights, members.place("score_weights"));
    request.weights = ScoreWeights{.file = file.text("file"), .checksum = file.text("checksum")};
    file.finish();
  }
  request.objective = *value_of(kObjectives, members.choice("objective", names_of(kObjectives)));
  {
    json::Members rule(members.at("candidates"), members.place("candidates"));
    request.rule.most = rule.said("most") == nullptr ? CandidateRule::kAll : static_cast<std::size_t>(rule.whole("most", 1));
    request.rule.multiple_of = rule.whole("multiple_of", 1);
    out.candidate_count = static_cast<std::size_t>(rule.whole("number", 0));
    out.layer_count = static_cast<std::size_t>(rule.whole("layers", 0));
    if (rule.said("uniform") != nullptr) request.uniform = read_texts(rule, "uniform");
    rule.finish();
  }
  request.tie = *value_of(kTies, members.choice("tie", names_of(kTies)));
  if (request.tie == Tie::kGroups) {
    const Value &groups = members.at("groups");
    const json::Place at = members.place("groups");
    if (!groups.is_array()) json::refuse(groups, at, "groups", "an array of groups of layers");
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (!groups[i].is_array()) json::refuse(groups[i], at.item(i), "groups", "an array of layers");
      std::vector<std::string> &group = request.groups.emplace_back();
      for (std::size_t k = 0; k < groups[i].size(); ++k) {
        if (!groups[i][k].is_string()) json::refuse(groups[i][k], at.item(i).item(k), "groups", "text in quotes");
        group.push_back(groups[i][k].get<std::string>());
      }
    }
  }
  request.excluded = read_texts(members, "excluded");
  const Value &fixed = members.at("fixed");
  if (!fixed.is_array()) json::refuse(fixed, members.place("fixed"), "fixed", "an array of objects");
  for (std::size_t i = 0; i < fixed.size(); ++i) {
    json::Members entry(fixed[i], members.place("fixed").item(i));
    std::string layer = entry.text("layer");
    request.fixed.emplace_back(std::move(layer), entry.text("setting"));
    entry.finish();
  }
  for (const std::string &text : read_texts(members, "rounded")) out.rounded.push_back(read_quantity(text));
  if (members.said("value") != nullptr) out.value = members.whole("value", INT64_MIN);
  out.certificate = read_certificate(members.at("certificate"), members.place("certificate"), budgets);
  if (out.certificate.value != out.value)
    members.place("certificate").member("value").fail("the certificate's value must be that of the plan");
  if (request.objective == Objective::kBalanced) {
    out.level = read_fraction(members, "level");
    out.next_level = read_fraction(members, "next_level");
    if (const Value *next = members.said("next_certificate"))
      out.next_certificate = read_certificate(*next, members.place("next_certificate"), budgets);
  }
  read_beside(members, budgets, out);
  members.finish();
  return out;
}

} // namespace pare::solved
