#include "solver/candidate_file.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>
#include <vector>

namespace pare {

namespace {

constexpr std::string_view kCandidatesSchema = "pare.candidates/1";
constexpr int kMostShift = 62;

template <class... Values>
void append(std::string &out, fmt::format_string<Values...> format, Values &&...values) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Values>(values)...);
}

/// Numbers or texts with commas between them.
template <class Items, class Write>
void append_list(std::string &out, const Items &items, const Write &write) {
  bool first = true;
  for (const auto &item : items) {
    if (!std::exchange(first, false)) out += ", ";
    write(item);
  }
}

std::string_view relation(const CandidateTable::Budget &budget) { return budget.at_least ? ">=" : "<="; }

} // namespace

// ------------------------------------------------------------------------------------------------- pare.candidates/1

std::string write_candidates(const CandidateTable &table, const Certificate &certificate) {
  const auto number = [](std::string &out) { return [&out](std::int64_t value) { append(out, "{}", value); }; };
  std::string out = fmt::format("{{\n  \"schema\": \"{}\",\n  \"budgets\": [", kCandidatesSchema);
  for (const CandidateTable::Budget &budget : table.budgets)
    append(out, R"({}    {{"quantity": {}, "relation": "{}", "limit": {}}})", &budget == table.budgets.data() ? "\n" : ",\n",
           json::dumped(budget.quantity), relation(budget), budget.limit);
  out += table.budgets.empty() ? "],\n  \"layers\": [" : "\n  ],\n  \"layers\": [";
  for (std::size_t i = 0; i < table.layers.size(); ++i) {
    const CandidateTable::Layer &layer = table.layers[i];
    out += i == 0 ? "\n    {\"names\": [" : ",\n    {\"names\": [";
    append_list(out, layer.names, [&out](const std::string &name) { out += json::dumped(name); });
    out += "],\n     \"candidates\": [";
    for (std::size_t c = 0; c < layer.size(); ++c) {
      out += c == 0 ? "\n      {" : ",\n      {";
      if (!layer.texts.empty()) append(out, "\"text\": {}, ", json::dumped(layer.texts[c]));
      out += "\"costs\": [";
      const auto costs = layer.costs.begin() + static_cast<std::ptrdiff_t>(c * table.budgets.size());
      append_list(out, std::vector(costs, costs + static_cast<std::ptrdiff_t>(table.budgets.size())), number(out));
      append(out, "], \"score\": {}", layer.scores[c]);
      if (!layer.levels.empty()) append(out, ", \"level\": [{}, {}]", layer.levels[c].first, layer.levels[c].second);
      out += '}';
    }
    out += "\n    ]}";
  }
  append(out, "{}],\n  \"certificate\": {{\"shift\": {}, \"multipliers\": [", table.layers.empty() ? "" : "\n  ",
         certificate.shift);
  append_list(out, certificate.multipliers, number(out));
  append(out, "], \"value\": {}}}\n}}\n", certificate.value ? std::to_string(*certificate.value) : "null");
  return out;
}

namespace {

/// The items of an array, which must be one, each with its place.
template <class Read>
void read_items(json::Members &members, std::string_view key, std::string_view rule, const Read &read) {
  const json::Value &items = members.at(key);
  if (!items.is_array()) json::refuse(items, members.place(key), key, rule);
  std::size_t index = 0;
  for (const json::Value &item : items) read(item, index++);
}

std::vector<std::int64_t> read_numbers(json::Members &members, std::string_view key, std::string_view of) {
  std::vector<std::int64_t> out;
  read_items(members, key, fmt::format("an array of whole numbers, one for each {}", of),
             [&](const json::Value &item, std::size_t index) {
               const auto number = json::as_whole(item);
               if (!number || *number < 0)
                 json::refuse(item, members.place(key).item(index), of,
                              fmt::format("a whole number from 0 up{}", json::in_digits(item)));
               out.push_back(*number);
             });
  return out;
}

std::pair<std::int64_t, std::int64_t> read_level(const json::Value &value, const json::Place &place) {
  const bool is_pair = value.is_array() && value.size() == 2;
  const auto numerator = is_pair ? json::as_whole(value[0]) : std::nullopt;
  const auto denominator = is_pair ? json::as_whole(value[1]) : std::nullopt;
  if (!numerator || !denominator || *numerator < 0 || *denominator < 1)
    json::refuse(value, place, "level", "[numerator, denominator], whole numbers from 0 and from 1 up");
  return {*numerator, *denominator};
}

/// Reads layer after layer. The budgets may stand behind them, so that how many costs there are is held against them at the
/// end.
class LayerReader {
public:
  void read(const json::Value &value, const json::Place &place) {
    json::Members members(value, place);
    CandidateTable::Layer layer;
    read_items(members, "names", "an array of names, one for each of the equal layers",
               [&](const json::Value &item, std::size_t index) {
                 if (!item.is_string()) json::refuse(item, members.place("names").item(index), "name", "text in quotes");
                 layer.names.push_back(item.get<std::string>());
               });
    if (layer.names.empty()) members.place("names").fail("names = [] must be the names of the equal layers, one at least");
    const json::Place candidates = members.place("candidates");
    read_items(members, "candidates", "an array of candidates",
               [&](const json::Value &item, std::size_t index) { read_candidate(layer, item, candidates.item(index)); });
    if (layer.size() == 0) candidates.fail("candidates = [] must be the candidates of the layer, one at least");
    members.finish();
    layers_.push_back(std::move(layer));
  }

  std::vector<CandidateTable::Layer> take(std::size_t budgets) {
    if (costs_ && *costs_ != budgets) refuse_costs(*costs_, budgets, first_);
    return std::move(layers_);
  }

private:
  [[noreturn]] static void refuse_costs(std::size_t costs, std::size_t budgets, const json::Place &place) {
    place.member("costs").fail(fmt::format("{} costs; {}, one for each budget, would be accepted", costs, budgets));
  }

  void read_candidate(CandidateTable::Layer &layer, const json::Value &value, const json::Place &place) {
    json::Members members(value, place);
    const std::vector<std::int64_t> costs = read_numbers(members, "costs", "cost");
    if (!costs_) {
      costs_ = costs.size();
      first_ = place;
    }
    if (costs.size() != *costs_) refuse_costs(costs.size(), *costs_, place);
    const bool is_first = layer.scores.empty();
    layer.costs.insert(layer.costs.end(), costs.begin(), costs.end());
    layer.scores.push_back(members.whole("score"));
    const auto all_or_none = [&](const char *key, bool others) {
      const bool is_there = members.find(key) != nullptr;
      if (!is_first && is_there != others)
        members.place(key).fail(fmt::format("\"{}\" is {}; all of a layer's candidates have one, or none", key,
                                            is_there ? "given, and the first candidate has none" : "missing"));
      return is_there;
    };
    if (all_or_none("text", !layer.texts.empty())) layer.texts.push_back(members.text("text"));
    if (all_or_none("level", !layer.levels.empty()))
      layer.levels.push_back(read_level(members.at("level"), members.place("level")));
    members.finish();
  }

  std::vector<CandidateTable::Layer> layers_;
  std::optional<std::size_t> costs_; ///< of the first candidate of all
  json::Place first_{""};            ///< where it stands
};

std::vector<CandidateTable::Budget> read_budgets(json::Members &members) {
  std::vector<CandidateTable::Budget> out;
  const json::Place place = members.place("budgets");
  read_items(members, "budgets", "an array of budgets", [&](const json::Value &item, std::size_t index) {
    json::Members budget(item, place.item(index));
    CandidateTable::Budget read;
    read.quantity = budget.text("quantity");
    read.at_least = budget.choice("relation", {"<=", ">="}) == ">=";
    read.limit = budget.whole("limit", -INT64_MAX);
    budget.finish();
    out.push_back(std::move(read));
  });
  return out;
}

Certificate read_certificate(json::Members &members, std::size_t budgets) {
  Certificate out;
  json::Members certificate(members.at("certificate"), members.place("certificate"));
  out.shift = static_cast<int>(certificate.whole("shift", 0, kMostShift));
  out.multipliers = read_numbers(certificate, "multipliers", "multiplier");
  if (out.multipliers.size() != budgets)
    certificate.place("multipliers")
        .fail(fmt::format("{} multipliers; {}, one for each budget, would be accepted", out.multipliers.size(), budgets));
  if (!certificate.at("value").is_null()) out.value = certificate.whole("value");
  certificate.finish();
  return out;
}

} // namespace

CandidateFile read_candidates(std::string_view text, const std::string &source) {
  const json::Place place(source);
  if (text.size() > kMostCandidateBytes)
    throw Error(ErrorCode::kLimit, source,
                fmt::format("has {} bytes; at most {} are read as {}", text.size(), kMostCandidateBytes, kCandidatesSchema));
  LayerReader layers;
  bool layers_are_there = false;
  const json::Value rest = json::parse_streamed(
      text, place, "layers", [&](const json::Value &item, const json::Place &at) { layers.read(item, at); }, layers_are_there);
  json::Members members(rest, place, kCandidatesSchema);
  members.find("layers");
  if (!layers_are_there) members.at("layers");
  CandidateFile out;
  out.table.budgets = read_budgets(members);
  out.table.layers = layers.take(out.table.budgets.size());
  out.certificate = read_certificate(members, out.table.budgets.size());
  members.finish();
  try {
    check_table(out.table);
  } catch (const Error &error) {
    throw error.within(source);
  }
  return out;
}

// ------------------------------------------------------------------------------------------------- for outside solvers

std::string write_mps(const CandidateTable &table) {
  std::string out;
  for (std::size_t j = 0; j < table.budgets.size(); ++j)
    append(out, "* budget_{}: {} {} {}\n", j + 1, one_line(table.budgets[j].quantity), relation(table.budgets[j]),
           table.budgets[j].limit);
  for (std::size_t i = 0; i < table.layers.size(); ++i) {
    const CandidateTable::Layer &layer = table.layers[i];
    append(out, "* layer_{}:", i + 1);
    for (const std::string &name : layer.names) append(out, " {}", one_line(name));
    out += '\n';
    for (std::size_t c = 0; c < layer.size(); ++c)
      if (!layer.texts.empty()) append(out, "* x_{}_{}: {}\n", i + 1, c + 1, one_line(layer.texts[c]));
  }
  out += "NAME candidates\nROWS\n N loss\n";
  for (std::size_t j = 0; j < table.budgets.size(); ++j)
    append(out, " {} budget_{}\n", table.budgets[j].at_least ? 'G' : 'L', j + 1);
  for (std::size_t i = 0; i < table.layers.size(); ++i) append(out, " E layer_{}\n", i + 1);
  out += "COLUMNS\n MARKER 'MARKER' 'INTORG'\n";
  for (std::size_t i = 0; i < table.layers.size(); ++i)
    for (std::size_t c = 0; c < table.layers[i].size(); ++c) {
      append(out, " x_{0}_{1} loss {2}\n x_{0}_{1} layer_{0} 1\n", i + 1, c + 1, -table.layers[i].scores[c]);
      for (std::size_t j = 0; j < table.budgets.size(); ++j)
        if (table.cost(i, c, j) != 0) append(out, " x_{}_{} budget_{} {}\n", i + 1, c + 1, j + 1, table.cost(i, c, j));
    }
  out += " MARKER 'MARKER' 'INTEND'\nRHS\n";
  for (std::size_t j = 0; j < table.budgets.size(); ++j) append(out, " RHS budget_{} {}\n", j + 1, table.budgets[j].limit);
  for (std::size_t i = 0; i < table.layers.size(); ++i) append(out, " RHS layer_{} {}\n", i + 1, table.layers[i].names.size());
  out += "BOUNDS\n";
  for (std::size_t i = 0; i < table.layers.size(); ++i)
    for (std::size_t c = 0; c < table.layers[i].size(); ++c)
      append(out, " UP BOUND x_{}_{} {}\n", i + 1, c + 1, table.layers[i].names.size());
  return out + "ENDATA\n";
}

std::string write_opb(const CandidateTable &table) {
  std::size_t numbers = 0;
  std::size_t layers = 0;
  for (const CandidateTable::Layer &layer : table.layers) {
    numbers += layer.names.size() * layer.size();
    layers += layer.names.size();
  }
  // Visits every candidate of every one of the equal layers, in the order of their numbers.
  const auto visit = [&table](const auto &each) {
    std::size_t number = 0;
    for (std::size_t i = 0; i < table.layers.size(); ++i)
      for (std::size_t t = 0; t < table.layers[i].names.size(); ++t)
        for (std::size_t c = 0; c < table.layers[i].size(); ++c) each(++number, i, t, c);
  };
  std::string out = fmt::format("* #variable= {} #constraint= {}\n", numbers, table.budgets.size() + layers);
  visit([&](std::size_t number, std::size_t i, std::size_t t, std::size_t c) {
    append(out, "* x{}: {}", number, one_line(table.layers[i].names[t]));
    if (!table.layers[i].texts.empty()) append(out, " {}", one_line(table.layers[i].texts[c]));
    out += '\n';
  });
  out += "min:";
  visit([&](std::size_t number, std::size_t i, std::size_t /*t*/, std::size_t c) {
    append(out, " {:+} x{}", -table.layers[i].scores[c], number);
  });
  out += " ;\n";
  // At most a limit is at least its negative: the format has >= and = only.
  for (std::size_t j = 0; j < table.budgets.size(); ++j) {
    const std::int64_t sign = -table.budgets[j].sign();
    visit([&](std::size_t number, std::size_t i, std::size_t /*t*/, std::size_t c) {
      append(out, "{:+} x{} ", sign * table.cost(i, c, j), number);
    });
    append(out, ">= {} ;\n", sign * table.budgets[j].limit);
  }
  visit([&](std::size_t number, std::size_t i, std::size_t /*t*/, std::size_t c) {
    append(out, "+1 x{} ", number);
    if (c + 1 == table.layers[i].size()) out += "= 1 ;\n";
  });
  return out;
}

} // namespace pare
