#include "analysis/convention.hpp"

#include "analysis/convention_json.hpp"
#include "analysis/op.hpp"
#include "base/error.hpp"
#include "base/names.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>

namespace pare {

namespace {

constexpr std::string_view kConventionSchema = "pare.convention/1";
constexpr double kMostWeight = 1e9; ///< of an event: tools give it one, two or some dozens
constexpr auto kModule = Spelling::kModule;
constexpr auto kFunction = Spelling::kFunction;

/// These events of every op that has them.
std::vector<Convention::Weight> all_of(std::initializer_list<Event> events) {
  std::vector<Convention::Weight> out;
  for (const Event event : events)
    for (std::size_t kind = 0; kind < kOpKindCount; ++kind)
      if (events_of(kind).contains(event)) out.push_back({std::string(kind_name(kind)), {}, event, 1});
  return out;
}

std::vector<Convention> make_conventions() {
  return {
      {.name = "macs",
       .source = "every multiply-accumulate that the chosen evaluation executes (of fast transforms those reckoned, not "
                 "executed); no bias, nothing else",
       .weights = all_of({Event::kMac, Event::kTransform}),
       .shown = true},
      {.name = "reference",
       .source =
           "the 2019 reference counter (https://github.com/BayesWatch/deficient-efficient), its slips included: convolutions "
           "without bias, linear layers with, one per element of ReLU modules, kernel area per output of pooling modules, ACDC "
           "as 4N + 5N log2 N",
       .weights = {{"conv", kModule, Event::kMac, 1},
                   // A convolution with a computed weight is seen by its owner's own figure instead.
                   {"conv", kFunction, Event::kMac, 0},
                   {"conv", kFunction, Event::kReferenceMac, 1},
                   {"contract", kFunction, Event::kReferenceMac, 1},
                   {"acdc_transform", kFunction, Event::kReferenceMac, 1},
                   {"linear", kModule, Event::kMac, 1},
                   {"linear", kModule, Event::kBias, 1},
                   {"relu", kModule, Event::kElement, 1},
                   {"max_pool", kModule, Event::kWindow, 1},
                   {"avg_pool", kModule, Event::kWindow, 1}},
       .shown = true},
  };
}

std::vector<std::string_view> op_kinds() {
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < kOpKindCount; ++i) out.push_back(kind_name(i));
  return out;
}

std::vector<std::string_view> event_names(Events events) {
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < kEventCount; ++i)
    if (const auto event = static_cast<Event>(i); events.contains(event)) out.push_back(to_string(event));
  return out;
}

Convention::Weight parse_weight(json::Members &weights, const std::string &key) {
  const json::Place place = weights.place(key);
  const double weight = weights.real(key);
  const auto first = key.find('.');
  const auto last = key.rfind('.');
  if (first == std::string::npos)
    place.fail(fmt::format("{} must be op.event or op.spelling.event, such as conv.mac or relu.module.element", shown(key)));
  Convention::Weight out{.op = key.substr(0, first), .spelling = {}, .event = Event::kMac, .weight = weight};
  const auto kind = kind_from(out.op);
  if (!kind) place.fail(fmt::format("unknown op {}; known: {}", shown(out.op), fmt::join(op_kinds(), ", ")));
  if (first != last) {
    out.spelling = spelling_from(key.substr(first + 1, last - first - 1));
    if (!out.spelling) place.fail(fmt::format("unknown spelling in {}; known: module, function", shown(key)));
  }
  const std::string name = key.substr(last + 1);
  const std::vector<std::string_view> own = event_names(events_of(*kind));
  const auto event = event_from(name);
  if (!event || !events_of(*kind).contains(*event))
    place.fail(own.empty() ? fmt::format("{} does no work that could be weighed", out.op)
                           : fmt::format("{} has no event {}; it has: {}", out.op, shown(name), fmt::join(own, ", ")));
  out.event = *event;
  if (!(weight >= 0 && weight <= kMostWeight))
    json::refuse(weights.at(key), place, key, fmt::format("a number from 0 to {}", digits(kMostWeight)));
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

const Convention &standard_convention() { return conventions().front(); }

const Convention &find_convention(std::string_view name, std::span<const Convention> own) {
  std::vector<std::string_view> known;
  for (const Convention &convention : conventions()) known.emplace_back(convention.name);
  for (const Convention &convention : own) known.emplace_back(convention.name);
  if (const auto found = find_name(name, known))
    return *found < conventions().size() ? conventions()[*found] : own[*found - conventions().size()];
  throw Error(ErrorCode::kUnknownName, "convention",
              fmt::format("unknown convention {}; known: {}, or a pare.convention/1 file{}", shown(name),
                          fmt::join(known, ", "), did_you_mean(name, known)));
}

Convention parse_convention(std::string_view text, const std::string &where) {
  const json::Place place(where);
  return parse_convention(json::parse(text, place), place);
}

Convention parse_convention(const json::Value &document, const json::Place &place) {
  json::Members members(document, place, kConventionSchema);
  Convention out{.name = members.text("name"), .source = members.text("source"), .weights = {}};
  const auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
  };
  if (out.name.empty() || folded(out.name) == "all" || !std::all_of(out.name.begin(), out.name.end(), plain))
    members.place("name").fail(
        fmt::format("name = {} must be of letters, digits, _, - and ., and not \"all\"", shown(out.name)));
  if (out.source.empty()) members.place("source").fail("source = \"\" must say what is counted, after which tool or paper");
  json::Members weights(members.at("weights"), members.place("weights"));
  if (weights.object().empty())
    weights.place().fail(
        "weights = {} counts nothing; an op.event with its weight, such as \"conv.mac\": 1, would be accepted");
  for (const auto &weight : weights.object().items()) out.weights.push_back(parse_weight(weights, weight.key()));
  members.finish();
  return out;
}

std::string write_convention(const Convention &convention) {
  json::Value out;
  out["schema"] = kConventionSchema;
  out["name"] = convention.name;
  out["source"] = convention.source;
  json::Value &weights = out["weights"] = json::Value::object();
  for (const Convention::Weight &w : convention.weights) {
    const std::string spelling = w.spelling ? fmt::format(".{}", to_string(*w.spelling)) : std::string();
    weights[fmt::format("{}{}.{}", w.op, spelling, to_string(w.event))] = w.weight;
  }
  return json::dumped(out);
}

} // namespace pare
