#include "analysis/convention.hpp"

#include "analysis/error.hpp"
#include "analysis/op.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <cmath>

namespace pare {

namespace {

constexpr auto kModule = Spelling::kModule;
constexpr auto kFunction = Spelling::kFunction;

std::vector<Convention> make_conventions() {
  return {
      {.name = "macs",
       .source = "every multiply-accumulate that the chosen evaluation executes; no bias, nothing else",
       .weights = {{"conv", {}, Event::kMac, 1},
                   {"linear", {}, Event::kMac, 1},
                   {"tt_merge", {}, Event::kMac, 1},
                   {"mode_product", {}, Event::kMac, 1},
                   {"cp_merge", {}, Event::kMac, 1},
                   {"acdc_product", {}, Event::kMac, 1}}},
      {.name = "reference",
       .source =
           "the 2019 reference counter, its slips included: convolutions without bias, linear layers with, one per element "
           "of ReLU modules, kernel area per output of pooling modules, ACDC as 4N + 5N log2 N",
       .weights = {{"conv", kModule, Event::kMac, 1},
                   // A convolution with a computed weight is seen by its owner's own figure instead.
                   {"conv", kFunction, Event::kMac, 0},
                   {"conv", kFunction, Event::kReferenceMac, 1},
                   {"linear", kModule, Event::kMac, 1},
                   {"linear", kModule, Event::kBias, 1},
                   {"relu", kModule, Event::kElement, 1},
                   {"max_pool", kModule, Event::kWindow, 1},
                   {"avg_pool", kModule, Event::kWindow, 1}}},
  };
}

std::vector<std::string_view> op_kinds() {
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < kOpKindCount; ++i) out.push_back(kind_name(i));
  return out;
}

std::vector<std::string_view> events() {
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < kEventCount; ++i) out.push_back(to_string(static_cast<Event>(i)));
  return out;
}

Convention::Weight parse_weight(const std::string &key, double weight) {
  const auto fail = [&](const std::string &message) { throw Error(ErrorCode::kInvalidFile, "weights/" + key, message); };
  const auto first = key.find('.');
  const auto last = key.rfind('.');
  if (first == std::string::npos)
    fail(fmt::format("\"{}\" must be op.event or op.spelling.event, such as conv.mac or relu.module.element", key));
  Convention::Weight out{.op = key.substr(0, first), .spelling = {}, .event = Event::kMac, .weight = weight};
  if (!kind_from(out.op)) fail(fmt::format("unknown op \"{}\"; known: {}", out.op, fmt::join(op_kinds(), ", ")));
  if (first != last) {
    out.spelling = spelling_from(key.substr(first + 1, last - first - 1));
    if (!out.spelling) fail(fmt::format("unknown spelling in \"{}\"; known: module, function", key));
  }
  const auto event = event_from(key.substr(last + 1));
  if (!event) fail(fmt::format("unknown event \"{}\"; known: {}", key.substr(last + 1), fmt::join(events(), ", ")));
  out.event = *event;
  if (!(std::isfinite(weight) && weight >= 0)) fail(fmt::format("weight = {} must be a finite number from 0 up", weight));
  return out;
}

} // namespace

std::optional<double> Convention::weight(std::size_t op_kind, Spelling spelling, Event event) const {
  // A weight for this spelling goes before one for both.
  std::optional<double> both;
  for (const Weight &w : weights) {
    if (w.event != event || w.op != kind_name(op_kind)) continue;
    if (!w.spelling) both = w.weight;
    if (w.spelling == spelling) return w.weight;
  }
  return both;
}

std::span<const Convention> conventions() {
  static const std::vector<Convention> all = make_conventions();
  return all;
}

const Convention &find_convention(std::string_view name) {
  std::vector<std::string_view> known;
  for (const Convention &convention : conventions()) {
    if (convention.name == name) return convention;
    known.emplace_back(convention.name);
  }
  throw Error(ErrorCode::kUnknownName, "convention",
              fmt::format("unknown convention \"{}\"; known: {}, or a pare.convention/1 file", name, fmt::join(known, ", ")));
}

Convention parse_convention(std::string_view json, const std::string &where) {
  try {
    const auto document = nlohmann::json::parse(json);
    const auto fail = [](const std::string &field, const std::string &message) {
      throw Error(ErrorCode::kInvalidFile, field, message);
    };
    if (!document.is_object() || document.value("schema", "") != "pare.convention/1")
      fail("schema", "an object with \"schema\": \"pare.convention/1\" is expected");
    for (const auto &[key, value] : document.items())
      if (key != "schema" && key != "name" && key != "source" && key != "weights")
        fail(key, fmt::format("unknown key \"{}\"; known: schema, name, source, weights", key));
    Convention out;
    for (const auto &[field, target] : {std::pair{"name", &out.name}, std::pair{"source", &out.source}}) {
      if (!document.contains(field) || !document[field].is_string() || document[field].get<std::string>().empty())
        fail(field, fmt::format("\"{}\" must be a string that is not empty", field));
      *target = document[field].get<std::string>();
    }
    const auto plain = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
    };
    if (out.name == "all" || !std::all_of(out.name.begin(), out.name.end(), plain))
      fail("name", fmt::format("name = \"{}\" must be of letters, digits, _, - and ., and not \"all\"", out.name));
    if (!document.contains("weights") || !document["weights"].is_object())
      fail("weights", "\"weights\" must be an object, such as {\"conv.mac\": 1}");
    for (const auto &[key, value] : document["weights"].items()) {
      if (!value.is_number()) fail("weights/" + key, "a weight must be a number");
      out.weights.push_back(parse_weight(key, value.get<double>()));
    }
    return out;
  } catch (const Error &error) {
    throw error.within(where);
  } catch (const nlohmann::json::exception &error) {
    throw Error(ErrorCode::kInvalidFile, where, error.what());
  }
}

} // namespace pare
