#include "solver/solved_config.hpp"

#include "analysis/convention_json.hpp"
#include "analysis/cost_model.hpp"
#include "analysis/network_json.hpp"
#include "base/enums.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "base/values.hpp"
#include "models/width.hpp"
#include "solver/mixed/answer_json.hpp"
#include "solver/setting_json.hpp"
#include "solver/solved_check_json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <unordered_set>
#include <utility>

namespace pare {

namespace {

using json::Value;
using solved::check_kept;
using solved::check_search;
using solved::costs_json;
using solved::in_file;
using solved::interval_json;
using solved::is_number;
using solved::json_key;
using solved::number;
using solved::percent_json;
using solved::read_budgets;
using solved::Recount;
using solved::setting_json;

constexpr const char *kSolvedSchema = "pare.solved/1";
constexpr std::string_view kAnySchema = "pare.solved/"; ///< of any version: read_solved() says which it reads

/// What no recount can tell, because it speaks of settings that the plan does not hold. The file says so itself.
constexpr std::array kKnownBySearchOnly = {"same_network_for",   "termination.reason", "termination.bound", "termination.gap",
                                           "termination.detail", "attainable",         "next_up",           "nearest",
                                           "kept[].reason"};

/// The same of a mixed plan: what only making the candidates again tells.
constexpr std::array kProvenByVerify = {"termination.reason", "termination.limit", "termination.bound", "termination.gap",
                                        "termination.detail", "per_layer",         "kept[].reason"};

} // namespace

// ------------------------------------------------------------------------------------------------- writing

namespace {

/// A setting, and how it is evaluated where that is not the family's own way.
Value entry_json(const Substitute &substitute) {
  if (substitute.evaluated() == substitute.family->info().evaluations.front()) return substitute.setting();
  return {{"setting", substitute.setting()}, {"evaluation", name_of(kEvaluations, substitute.evaluated())}};
}

/// A whole one in digits, as counts are.
Value real_json(double value) {
  return value == std::floor(value) && value < 1e15 ? Value(static_cast<std::int64_t>(value)) : Value(value);
}

bool is_known(const Convention &convention) {
  const auto known = conventions();
  return std::any_of(known.begin(), known.end(), [&](const Convention &c) { return c.name == convention.name; });
}

} // namespace

std::string write_solved(const Solution &solution, std::string_view provenance) {
  static const UniformResult kNone;
  const UniformResult &result = solution.uniform ? *solution.uniform : kNone;
  Value out;
  out["schema"] = kSolvedSchema;
  out["network"] = solution.network.from_file() ? Value(nullptr) : Value(solution.network.name);
  if (solution.original)
    out["original"] =
        solution.network.from_file() ? Value({{"width", real_json(solution.original_width)}}) : Value(*solution.original);
  if (solution.max_width) out["max_width"] = real_json(*solution.max_width);
  out["substitution"] = solution.substitution ? Value(*solution.substitution) : Value(nullptr);
  // Names are unique: appended as they come, without the look-up that an ordered object makes in a line.
  Value::object_t plan;
  for (const ConvSites &sites : replaceable_sites(solution.network.graph)) {
    const std::string &layer = sites.front().name;
    if (const Substitute *substitute = solution.plan.find(layer))
      plan.emplace_back(layer, entry_json(settled(sites, *substitute)));
  }
  out["plan"] = std::move(plan);
  if (solution.uniform) out["same_network_for"] = interval_json(result.answer);

  out["budgets"] = Value::array();
  for (const Budget &budget : solution.budgets)
    out["budgets"].push_back(
        {{"metric", to_string(budget.quantity.metric)},
         {"convention", budget.quantity.convention.empty() ? Value(nullptr) : Value(budget.quantity.convention)},
         {"relation", to_string(budget.relation)},
         {"written", budget.written},
         {"limit", number(budget.limit)},
         {"achieved", solution.costs ? number(solution.costs->at(budget.quantity)) : Value(nullptr)}});
  out["termination"] = {
      {"reason", to_string(solution.termination.reason)},
      {"limit", solution.termination.limit == Limit::kNone ? Value(nullptr) : Value(to_string(solution.termination.limit))},
      {"bound", number(solution.termination.bound)},
      {"gap", number(solution.termination.gap)},
      {"detail", solution.termination.detail}};
  out["achieved"] = solution.costs ? costs_json(*solution.costs) : Value(nullptr);
  out["percent_of_original"] = solution.costs ? percent_json(*solution.costs, solution.original_costs) : Value(nullptr);
  if (solution.uniform) {
    out["attainable"] = {{"quantity", solution.budgets.front().quantity.text()},
                         {"smallest", number(result.smallest)},
                         {"largest", number(result.largest)}};
    out["next_up"] = setting_json(result.next);
    if (result.next) out["next_up"]["reason"] = result.next_reason;
    out["nearest"] = nullptr;
    if (!result.answer) out["nearest"] = {{"below", setting_json(result.below)}, {"above", setting_json(result.above)}};
  }
  if (solution.mixed) out["per_layer"] = solved::mixed_json(*solution.mixed);
  out["kept"] = Value::array();
  for (const Lowered::Kept &kept : solution.kept) out["kept"].push_back({{"layer", kept.layer}, {"reason", kept.reason}});
  out["conventions"] = Value::array();
  for (const Convention &convention : solution.conventions)
    if (!is_known(convention))
      out["conventions"].push_back(json::parse(write_convention(convention), json::Place("convention")));
  const Shape &input = solution.network.input;
  out["input"] = {input.channels, input.height, input.width};
  out["known_by_search_only"] = solution.mixed ? Value(kProvenByVerify) : Value(kKnownBySearchOnly);
  out["provenance"] = json::parse(provenance, json::Place("provenance"));
  std::string text = out.dump(2) + "\n";
  return solution.network.from_file() ? embed_network(std::move(text), solution.network) : text;
}

// ------------------------------------------------------------------------------------------------- reading

namespace {

bool is_solved(const Value &document) {
  if (!document.is_object()) return false;
  const auto schema = document.find("schema");
  return schema != document.end() && schema->is_string() && schema->get_ref<const std::string &>().starts_with(kAnySchema);
}

/// The setting of the whole network, where every replaceable layer has the same.
std::optional<Substitute> uniform_setting(const Network &network, const Plan &plan) {
  std::optional<Substitute> out;
  for (const Graph::Replaceable &mark : network.graph.replaceable()) {
    const Substitute *substitute = plan.find(network.graph.layer(network.graph.node(mark.node).layer).name);
    if (substitute == nullptr || (out && *out != *substitute)) return std::nullopt;
    out = *substitute;
  }
  return out;
}

/// The setting that a text means; none where it means none.
std::optional<Substitute> meant(const std::string &text) {
  try {
    return parse_substitute(text);
  } catch (const Error &) {
    return std::nullopt;
  }
}

/// Where the text of the whole says `cheapest`, a plan that has the cheapest at each layer is one of that setting.
void unsettle(Design &design) {
  const auto whole = design.substitution ? meant(*design.substitution) : std::nullopt;
  if (!whole || whole->evaluated() != Evaluation::kCheapest) return;
  for (const ConvSites &sites : replaceable_sites(design.network.graph))
    if (const auto layer = design.plan.layers.find(sites.front().name);
        layer == design.plan.layers.end() || layer->second != settled(sites, *whole))
      return;
  for (auto &[layer, substitute] : design.plan.layers) substitute = *whole;
}

/// "Generic_0.1", or {"setting": "TensorTrain_0.1", "evaluation": "factored"}.
Substitute read_entry(const Value &value, const json::Place &place) {
  if (value.is_string()) return in_file(place, [&] { return parse_substitute(value.get_ref<const std::string &>()); });
  if (!value.is_object())
    json::refuse(value, place, "substitution",
                 fmt::format("text in quotes, such as \"{}\", or an object with setting and evaluation",
                             example_family().info().example));
  json::Members members(value, place);
  Substitute out = in_file(members.place("setting"), [&] { return parse_substitute(members.text("setting")); });
  if (out.evaluation)
    members.place("setting").fail(
        fmt::format("setting = {} says an evaluation too; it would be accepted without", shown(members.text("setting"))));
  const std::string text = members.text("evaluation");
  const auto &own = out.family->info().evaluations;
  const auto evaluation = value_of(kEvaluations, text);
  if (!evaluation || std::find(own.begin(), own.end(), *evaluation) == own.end()) {
    std::vector<std::string_view> accepted;
    for (const Evaluation one : own) accepted.push_back(name_of(kEvaluations, one));
    members.place("evaluation")
        .fail(fmt::format("evaluation = {} must be {} for {}", shown(text), fmt::join(accepted, " or "),
                          out.family->info().name));
  }
  if (*evaluation != own.front()) out.evaluation = evaluation;
  members.finish();
  return out;
}

/// {"width": 1}: of a network from a file, whose layers are those of the network that is to be trained.
double read_original_width(const Value &value, const json::Place &place) {
  json::Members members(value, place);
  members.at("width");
  const double out = read_width(members).factor;
  members.finish();
  return out;
}

Design read_solved(const Value &document, const json::Place &place, const NetworkOptions &options, Holds holds) {
  json::Members members(document, place, kSolvedSchema);

  NetworkOptions own = options;
  if (const Value *input = members.find("input"); input != nullptr && !own.input.image)
    own.input.image = read_input_shape(*input, members.place("input"));

  Design out;
  out.is_solved = true;
  const Value &network = members.at("network");
  if (network.is_string()) {
    const auto spec = network.get<std::string>();
    out.network = in_file(members.place("network"), [&] {
      if (names_file(spec) && !network_by_name(spec, own))
        json::refuse(network, members.place("network"), "network",
                     "a spec, or a whole pare.network/1 object: a solved file reads no other file");
      return make_network(spec, own);
    });
  } else if (network.is_object()) {
    out.network = make_network(read_network(network, members.place("network"), own.input));
  } else {
    json::refuse(network, members.place("network"), "network", "a spec, or a pare.network/1 object");
  }

  // Files of before say it for all, and mean each family's own way.
  if (members.find("evaluation") != nullptr) members.choice("evaluation", {name_of(kEvaluations, Evaluation::kDense)});
  json::Members plan(members.at("plan"), members.place("plan"));
  std::unordered_set<std::string_view> layers;
  std::string_view first_layer;
  for (const Graph::Replaceable &mark : out.network.graph.replaceable()) {
    const std::string &layer = out.network.graph.layer(out.network.graph.node(mark.node).layer).name;
    if (layers.empty()) first_layer = layer;
    layers.insert(layer);
  }
  for (const auto &entry : plan.object().items()) {
    if (!layers.contains(entry.key()))
      plan.place(entry.key())
          .fail(fmt::format("the network has no replaceable layer {}; it has {}{}", shown(entry.key()), layers.size(),
                            layers.empty() ? "" : fmt::format(", such as {}", plain(first_layer))));
    out.plan.layers.emplace(entry.key(), read_entry(entry.value(), plan.place(entry.key())));
  }

  // A file whose numbers are not those of its plan is not to be trusted. What is there is compared; files of before have less.
  const Value &achieved = members.at("achieved");
  const bool has_plan = !achieved.is_null();
  if (!has_plan && (holds == Holds::kPlan || members.said("per_layer") == nullptr))
    members.place("achieved")
        .fail(fmt::format("this file holds no plan; its termination says why{}",
                          holds == Holds::kPlan ? "" : ", and only of --per-layer can be proven that there is none"));
  if (!has_plan && !out.plan.layers.empty()) members.place("plan").fail("there is a plan, and nothing is achieved");
  std::vector<Convention> all(conventions().begin(), conventions().end());
  const Value *more = members.find("conventions");
  if (more != nullptr) {
    constexpr std::size_t kMost = 64; // each is a recount
    if (!more->is_array() || more->size() > kMost)
      json::refuse(*more, members.place("conventions"), "conventions",
                   fmt::format("an array of at most {} pare.convention/1", kMost));
    for (std::size_t i = 0; i < more->size(); ++i) {
      const json::Place at = members.place("conventions").item(i);
      Convention own_convention = parse_convention((*more)[i], at);
      for (const Convention &known : all)
        if (known.name == own_convention.name)
          at.member("name").fail(fmt::format("{} is another convention's name too", shown(known.name)));
      out.conventions.push_back(own_convention);
      all.push_back(std::move(own_convention));
    }
  }
  const Recount recount = [&] {
    try {
      return Recount(out, all, options.input.is_own(), more != nullptr);
    } catch (const Error &error) {
      throw Error(ErrorCode::kInvalidFile, place.text() + (error.where().empty() ? "" : "/" + error.where()), error.message());
    }
  }();
  if (has_plan)
    recount.visit(achieved, members.place("achieved"),
                  [&](const Value &written, const json::Place &at, std::string_view name, const Quantity &quantity) {
                    if (const auto counted = recount.value(quantity)) Recount::check(written, at, name, *counted);
                  });

  const Value *original = members.said("original");
  if (original != nullptr && out.network.from_file())
    out.original_width = read_original_width(*original, members.place("original"));
  else if (original != nullptr)
    out.original = members.text("original");
  if (members.said("max_width") != nullptr) out.max_width = members.real("max_width");
  if (out.original_width && !out.max_width)
    members.place("max_width").fail("it is missing, and says how far was searched for the width that changed");
  std::optional<Costs> original_costs;
  if (options.input.is_own())
    original_costs = in_file(members.place("original"), [&] { return costs_of(original_of(out).graph, {}, all); });
  if (const Value *shares = members.said("percent_of_original"); shares != nullptr && original_costs)
    recount.visit(*shares, members.place("percent_of_original"),
                  [&](const Value &written, const json::Place &at, std::string_view name, const Quantity &quantity) {
                    const auto counted = recount.value(quantity);
                    const auto whole = original_costs->find(quantity);
                    if (!counted || !whole) return;
                    const auto share = percent(*counted, *whole);
                    if (share ? !is_number(written, Count::from_real(*share)) : !written.is_null())
                      at.fail(fmt::format("{} = {} percent, but the plan has {}", name, json::shown(written),
                                          share ? shortest(*share) : "null"));
                  });
  const std::vector<Budget> budgets = read_budgets(members.at("budgets"), members.place("budgets"), recount,
                                                   original_costs ? &*original_costs : nullptr, has_plan);
  members.at("termination"); // which is looked at last, with all that the search alone knows

  if (members.find("substitution") != nullptr) {
    if (members.said("substitution") != nullptr) out.substitution = members.text("substitution");
    unsettle(out);
    const auto uniform = uniform_setting(out.network, out.plan);
    if (uniform && out.substitution ? meant(*out.substitution) != uniform : uniform.has_value() != out.substitution.has_value())
      members.place("substitution")
          .fail(fmt::format(
              "substitution = {}, but the plan has {}", out.substitution ? shown(*out.substitution) : std::string("null"),
              uniform ? fmt::format("{} at every layer", uniform->text()) : "no setting that is the same at every layer"));
  }
  if (const Value *kept = members.find("kept")) check_kept(*kept, members.place("kept"), out.plan);
  if (const Value *list = members.find("known_by_search_only");
      list != nullptr && *list != Value(kKnownBySearchOnly) && *list != Value(kProvenByVerify))
    json::refuse(*list, members.place("known_by_search_only"), "known_by_search_only",
                 fmt::format("\"{}\"", fmt::join(kKnownBySearchOnly, "\", \"")));
  if (const Value *provenance = members.find("provenance"); provenance != nullptr && !provenance->is_object())
    json::refuse(*provenance, members.place("provenance"), "provenance", "an object");
  if (const Value *mixed = members.said("per_layer")) {
    out.mixed = solved::read_mixed(*mixed, members.place("per_layer"), budgets.size());
    out.mixed->request.budgets = budgets;
    out.mixed->request.conventions = all;
    if (members.said("max_width") != nullptr)
      json::refuse(members.at("max_width"), members.place("max_width"), "max_width", "of a file whose width was solved for");
    solved::check_mixed_termination(members.at("termination"), members.place("termination"), *out.mixed, has_plan);
  } else {
    check_search(members, out, recount, budgets, all);
  }
  // They have been looked at.
  const Value &termination = members.at("termination");
  out.termination.reason = *value_of(kReasons, termination["reason"].get_ref<const std::string &>());
  out.termination.detail = termination["detail"].get<std::string>();
  if (const auto limit = termination.find("limit"); limit != termination.end() && limit->is_string())
    out.termination.limit = *value_of(kLimits, limit->get_ref<const std::string &>());
  if (const auto bound = json::as_whole(termination["bound"])) out.termination.bound = Count(*bound);
  if (const auto gap = json::as_whole(termination["gap"])) out.termination.gap = Count(*gap);
  out.budgets = budgets;
  members.finish();
  return out;
}

} // namespace

std::string Design::substitution_text() const {
  if (substitution) return *substitution;
  if (const auto text = plan.text()) return *text;
  if (mixed) return mixed->request.text();
  return plan.layers.empty() ? "" : fmt::format("substitutes of {} layers", plan.layers.size());
}

Design read_solved(std::string_view text, const std::string &where, const NetworkOptions &options, Holds holds) {
  const json::Place place(where);
  return read_solved(json::parse(text, place), place, options, holds);
}

Design read_design(std::string_view text, const std::string &where, const NetworkOptions &options, Holds holds) {
  // Which of the two it is: the schema stands at the head of what Pare writes, but may stand anywhere.
  if (text.find("pare.solved") != std::string_view::npos) { // the slash may be escaped
    const json::Place place(where);
    const Value document = json::parse(text, place);
    if (is_solved(document)) return read_solved(document, place, options, holds);
  }
  Design out;
  out.network = make_network(read_network(text, where, options.input, kSolvedSchema));
  return out;
}

bool is_of_width(const Design &design) {
  return design.is_solved && !design.mixed && design.plan.layers.empty() && (!design.network.from_file() || design.max_width);
}

Network original_of(const Design &design) {
  if (design.original_width) return Widths(design.network).at(*design.original_width);
  return design.original ? make_network(*design.original, {.input = design.network.input}) : design.network;
}

std::string_view what_is_settled(const Design &design) {
  // Of a width nothing is substituted, and the plan is empty.
  return design.plan.layers.empty()
             ? "was solved for its width, as which it is settled; a network that is not solved would be accepted"
             : "has substitutes of its own; a network without would be accepted";
}

std::optional<std::string> original_of_solved(std::string_view text, const std::string &where) {
  const json::Place place(where);
  const Value document = json::parse(text, place);
  if (!is_solved(document)) return std::nullopt;
  json::Members members(document, place);
  const Value &network = members.at("network");
  const Value *original = members.said("original");
  if (!network.is_object()) return members.text(original != nullptr ? "original" : "network");
  if (original == nullptr) return json::dumped(network);
  Value whole = network;
  whole["width"] = read_original_width(*original, members.place("original"));
  return json::dumped(whole);
}

namespace {

constexpr std::string_view kWidthKeys[] = {"width", "round_to"};

/// Where the keys begin behind a file's name; npos where there are none, or they are those of a network by its name.
std::size_t keys_of_file(const std::string &argument) {
  std::error_code ignored;
  const auto colon = argument.rfind(':');
  if (colon == std::string::npos || std::filesystem::exists(argument, ignored)) return std::string::npos;
  const bool are_keys =
      argument.find('=', colon) != std::string::npos && std::isalpha(static_cast<unsigned char>(argument[colon + 1])) != 0;
  const std::string path = argument.substr(0, colon);
  return are_keys && names_file(path) && !network_by_name(path) ? colon : std::string::npos;
}

} // namespace

NetworkFileText read_network_file(std::string_view argument) {
  std::string path(argument);
  const auto colon = keys_of_file(path);
  if (colon == std::string::npos) return {.text = read_text(path, file_name(path)), .where = file_name(path)};
  const std::string keys = path.substr(colon + 1);
  path.resize(colon);
  const std::string where = file_name(path);
  Value document = json::parse(read_text(path, where), json::Place(where));
  if (is_solved(document))
    throw Error(ErrorCode::kUsage, where,
                fmt::format("it is a solved file, which has its width; it would be accepted without {}", shown(keys)));
  json::Members(document, json::Place(where), "pare.network/1", kSolvedSchema);
  int depth = 0;
  std::array<bool, std::size(kWidthKeys)> given{};
  for (const std::string_view pair : split_outside_brackets(keys, depth)) {
    const auto equals = pair.find('=');
    const auto key = find_name(pair.substr(0, equals), kWidthKeys);
    if (!key || equals == std::string_view::npos)
      throw Error(ErrorCode::kUnknownName, where,
                  fmt::format("unknown key {}; known, of a network from a file: {}{}", shown(pair.substr(0, equals)),
                              fmt::join(kWidthKeys, ", "), did_you_mean(pair.substr(0, equals), kWidthKeys)));
    const std::string value(pair.substr(equals + 1));
    const std::string place = fmt::format("{}/{}", where, kWidthKeys[*key]);
    if (std::exchange(given[*key], true))
      throw Error(ErrorCode::kInvalidValue, place,
                  fmt::format("key {} is given twice; once would be accepted", kWidthKeys[*key]));
    document[std::string(kWidthKeys[*key])] = *key == 0 ? Value(read_real(place, value)) : Value(read_whole(place, value));
  }
  return {.text = json::dumped(document), .where = where};
}

std::optional<Network> network_by_name(std::string_view argument, const NetworkOptions &options) {
  const bool may_be_file = names_file(std::string(argument));
  if (keys_of_file(std::string(argument)) != std::string::npos) return std::nullopt;
  try {
    return make_network(parse_network_spec(argument, may_be_file ? Names::kAsWritten : Names::kFolded), options);
  } catch (const Error &error) {
    // Not the name of a network: then it is a file, if there is one of that name, or it looks like one. wrn-10-1.json begins as
    // a name does; with keys behind it, it would be one.
    const bool is_unknown = error.code() == ErrorCode::kUnknownName && error.where() == "network";
    if (!may_be_file || !(is_unknown || argument.find(':') == std::string_view::npos)) throw;
    return std::nullopt;
  }
}

Design load_design(std::string_view argument, const NetworkOptions &options, Holds holds) {
  if (auto network = network_by_name(argument, options)) {
    Design out;
    out.network = std::move(*network);
    return out;
  }
  const NetworkFileText file = read_network_file(argument);
  return read_design(file.text, file.where, options, holds);
}

} // namespace pare
