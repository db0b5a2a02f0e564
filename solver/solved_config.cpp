#include "solver/solved_config.hpp"

#include "analysis/cost_model.hpp"
#include "analysis/error.hpp"
#include "analysis/network_file.hpp"
#include "analysis/text_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <set>

namespace pare {

namespace {

using Json = nlohmann::ordered_json;
using Document = nlohmann::json; ///< for reading: a look-up takes no line search

constexpr const char *kSchema = "pare.solved/1";

Json number(const Count &count) {
  return std::visit([](auto value) { return Json(value); }, plain_number(count));
}
Json number(const std::optional<Count> &count) { return count ? number(*count) : Json(nullptr); }

/// Throws Error{kInvalidFile} with the position of what is wrong, also for nesting that would exhaust the stack.
Document parse_document(std::string_view text, const std::string &where) {
  constexpr int kMaxDepth = 32;
  try {
    std::vector<std::set<std::string>> keys; // of the objects that are open
    return Document::parse(text, [&](int depth, Document::parse_event_t event, Document &parsed) {
      if (depth > kMaxDepth)
        throw Error(ErrorCode::kInvalidFile, where,
                    fmt::format("nested deeper than {} levels, which no solved file needs", kMaxDepth));
      if (event == Document::parse_event_t::object_start) keys.emplace_back();
      if (event == Document::parse_event_t::object_end) keys.pop_back();
      if (event == Document::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
        throw Error(ErrorCode::kInvalidFile, where, fmt::format("key {} is given twice in one object", parsed.dump()));
      return true;
    });
  } catch (const nlohmann::json::parse_error &error) {
    const std::string message = error.what();
    throw Error(ErrorCode::kInvalidFile, where, message.substr(std::min(message.find("parse error"), message.size())));
  }
}

} // namespace

std::string write_solved(const Solution &solution, std::string_view provenance) {
  const SolveResult &result = solution.result;
  Json out;
  out["schema"] = kSchema;
  out["network"] = solution.network.from_file() ? Json(nullptr) : Json(solution.network.name);
  if (solution.original) out["original"] = *solution.original;
  out["substitution"] = solution.substitution ? Json(*solution.substitution) : Json(nullptr);
  // Names are unique: appended as they come, without the look-up that an ordered object makes in a line.
  Json::object_t plan;
  for (const Graph::Replaceable &mark : solution.network.graph.replaceable()) {
    const std::string &layer = solution.network.graph.layer(solution.network.graph.node(mark.node).layer).name;
    if (const Substitute *substitute = solution.plan.find(layer)) plan.emplace_back(layer, substitute->text());
  }
  out["plan"] = std::move(plan);
  out["evaluation"] = to_string(solution.plan.evaluation);

  const auto achieved = [&](const Budget &budget) -> Json {
    if (!result.answer) return nullptr;
    return budget.metric == Metric::kParameters ? Json(result.answer->parameters)
                                                : number(result.answer->mult_adds.at(budget.convention));
  };
  out["budgets"] = Json::array();
  for (const Budget &budget : result.budgets)
    out["budgets"].push_back({{"metric", to_string(budget.metric)},
                              {"convention", budget.metric == Metric::kParameters ? Json(nullptr) : Json(budget.convention)},
                              {"relation", to_string(budget.relation)},
                              {"limit", number(budget.limit)},
                              {"achieved", achieved(budget)}});
  out["termination"] = {{"reason", to_string(result.termination.reason)},
                        {"bound", number(result.termination.bound)},
                        {"gap", number(result.termination.gap)},
                        {"detail", result.termination.detail}};
  if (result.answer) {
    Json mult_adds = Json::object();
    for (const auto &[convention, value] : result.answer->mult_adds) mult_adds[convention] = number(value);
    out["achieved"] = {{"parameters", result.answer->parameters}, {"mult_adds", std::move(mult_adds)}};
  } else {
    out["achieved"] = nullptr;
  }
  out["attainable"] = {{"smallest", number(result.smallest)}, {"largest", number(result.largest)}};
  const Shape &input = solution.network.input;
  out["input"] = {input.channels, input.height, input.width};
  out["provenance"] = Json::parse(provenance);
  std::string text = out.dump(2) + "\n";
  return solution.network.from_file() ? embed_network(std::move(text), solution.network.graph, solution.network.name) : text;
}

Design read_solved(std::string_view json, const std::string &where, const NetworkOptions &options) {
  const Document document = parse_document(json, where);
  const auto fail = [&](const std::string &field, const std::string &message) {
    throw Error(ErrorCode::kInvalidFile, where + "/" + field, message);
  };
  if (!document.is_object() || document.value("schema", Document()) != kSchema)
    fail("schema", fmt::format("\"schema\": \"{}\" is expected", kSchema));
  constexpr std::array kKeys = {"schema",  "network",     "original", "substitution", "plan",  "evaluation",
                                "budgets", "termination", "achieved", "attainable",   "input", "provenance"};
  for (const auto &[key, value] : document.items())
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end())
      fail(key, fmt::format("unknown key \"{}\"; known: {}", key, fmt::join(kKeys, ", ")));
  for (const char *field : {"network", "plan", "evaluation", "achieved"})
    if (!document.contains(field)) fail(field, fmt::format("\"{}\" is missing", field));

  NetworkOptions own = options;
  if (const auto input = document.find("input"); input != document.end() && !own.input) {
    if (!input->is_array() || input->size() != 3) fail("input", "\"input\" must be [channels, height, width]");
    std::array<std::int64_t, 3> v{};
    for (std::size_t i = 0; i < 3; ++i) {
      if (!(*input)[i].is_number_integer() || (*input)[i].get<std::int64_t>() < 1)
        fail("input", "three whole numbers from 1 up are expected");
      v[i] = (*input)[i].get<std::int64_t>();
    }
    own.input = Shape{.batch = 1, .channels = v[0], .height = v[1], .width = v[2]};
  }

  Design out;
  out.is_solved = true;
  const Document &network = document["network"];
  if (network.is_string()) {
    try {
      out.network = make_network(network.get<std::string>(), own);
    } catch (const Error &error) {
      throw Error(ErrorCode::kInvalidFile, where + "/network", error.message());
    }
  } else if (network.is_object()) {
    NetworkFile file = read_network(network.dump(), where + "/network", own.input);
    out.network.name = file.name;
    out.network.graph = std::move(file.graph);
    out.network.input = out.network.graph.input_shape();
  } else {
    fail("network", "a spec or an embedded pare.network/1 object is expected");
  }

  if (document["evaluation"] != to_string(Evaluation::kDense))
    fail("evaluation",
         fmt::format("evaluation = {} must be \"{}\"", document["evaluation"].dump(), to_string(Evaluation::kDense)));
  if (!document["plan"].is_object()) fail("plan", "\"plan\" must be an object of layers and substitutions");
  for (const auto &[layer, substitute] : document["plan"].items()) {
    if (!substitute.is_string()) fail("plan/" + layer, "a substitution in quotes is expected, such as \"Generic_0.1\"");
    try {
      out.plan.layers.emplace(layer, parse_substitute(substitute.get<std::string>()));
    } catch (const Error &error) {
      throw Error(ErrorCode::kInvalidFile, where + "/plan/" + layer, error.message());
    }
  }
  if (const auto text = document.find("substitution"); text != document.end() && text->is_string())
    out.substitution = text->get<std::string>();

  // A file whose numbers are not those of its plan is not to be trusted.
  const Document &achieved = document["achieved"];
  if (!achieved.is_object()) fail("achieved", "this file holds no plan: its budgets cannot be met");
  CostReport report;
  try {
    report = count(lower(out.network.graph, out.plan).graph);
  } catch (const Error &error) {
    throw Error(ErrorCode::kInvalidFile, where + (error.where().empty() ? "" : "/" + error.where()), error.message());
  }
  if (achieved.value("parameters", Document()) != report.parameters)
    fail("achieved/parameters", fmt::format("parameters = {} but the plan has {}",
                                            achieved.value("parameters", Document()).dump(), report.parameters));
  if (options.input) return out;
  if (const auto mult_adds = achieved.find("mult_adds"); mult_adds != achieved.end() && mult_adds->is_object())
    for (const Convention &convention : conventions()) {
      const auto written = mult_adds->find(convention.name);
      if (written == mult_adds->end()) continue;
      const Count counted = report.mult_adds(convention);
      const bool same = counted.is_whole() ? *written == counted.whole()
                                           : written->is_number() && std::abs(written->get<double>() - counted.to_double()) <=
                                                                         1e-12 * counted.to_double();
      if (!same)
        fail("achieved/mult_adds/" + convention.name,
             fmt::format("mult-adds = {} but the plan has {}", written->dump(), counted.to_string()));
    }
  return out;
}

Design load_design(std::string_view argument, const NetworkOptions &options) {
  const std::string path(argument);
  std::optional<Error> unknown;
  try {
    const auto [family, values] = parse_network_spec(argument);
    return {.network = make_network(*family, values, options), .plan = {}, .substitution = {}};
  } catch (const Error &error) {
    // Not the name of a network: then it is a file, if there is one of that name, or it looks like one.
    if (error.code() != ErrorCode::kUnknownName || error.where() != "network") throw;
    unknown = error;
  }
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored) && !path.ends_with(".json") && path.find('/') == std::string::npos)
    throw *unknown;

  const std::string text = read_text(path, path);
  // Which of the two it is: the schema stands at the head of what Pare writes, but may stand anywhere.
  constexpr std::string_view kSolved = "pare.solved/"; // of any version: read_solved() says which it reads
  if (text.find(kSolved) != std::string::npos) {
    const Document document = parse_document(text, path);
    const Document schema = document.is_object() ? document.value("schema", Document()) : Document();
    if (schema.is_string() && schema.get<std::string>().starts_with(kSolved)) return read_solved(text, path, options);
  }
  NetworkFile file = read_network(text, path, options.input);
  Design out{.network = {}, .plan = {}, .substitution = {}};
  out.network.name = file.name;
  out.network.graph = std::move(file.graph);
  out.network.input = out.network.graph.input_shape();
  return out;
}

} // namespace pare
