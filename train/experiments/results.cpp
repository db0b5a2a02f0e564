#include "train/experiments/results.hpp"

#include "base/json.hpp"
#include "train/experiments/results_json.hpp"

#include <fmt/format.h>

#include <cmath>
#include <initializer_list>
#include <type_traits>

namespace pare::train {

namespace {

using Json = json::Value;

constexpr std::string_view kResultsSchema = "pare.results/1";

// ------------------------------------------------------------------------------------------------- writing

Json json_of(const std::string &text) { return text.empty() ? Json(nullptr) : Json(text); }
Json json_of(const std::optional<Count> &count) {
  return count ? std::visit([](auto number) { return Json(number); }, plain_number(*count)) : Json(nullptr);
}
template <class Value>
Json json_of(const std::optional<Value> &value) {
  return value ? Json(*value) : Json(nullptr);
}

/// RFC 4180.
std::string csv_of(const std::string &text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}
std::string csv_of(const std::optional<Count> &count) { return count ? count->to_string() : std::string(); }
template <class Value>
std::string csv_of(const std::optional<Value> &value) {
  if (!value) return {};
  if constexpr (std::is_same_v<Value, bool>)
    return *value ? "true" : "false";
  else if constexpr (std::is_same_v<Value, double>)
    return digits(*value);
  else
    return std::to_string(*value);
}

// ------------------------------------------------------------------------------------------------- reading

// A member that is missing or null stays unknown.
void read(json::Members &members, const std::string &key, std::string &out) {
  if (members.said(key) != nullptr) out = members.text(key);
}
void read(json::Members &members, const std::string &key, std::optional<bool> &out) {
  if (members.said(key) != nullptr) out = members.flag(key);
}
void read(json::Members &members, const std::string &key, std::optional<std::int64_t> &out) {
  if (members.said(key) != nullptr) out = members.whole(key, 0);
}
void read(json::Members &members, const std::string &key, std::optional<Count> &out) {
  const Json *value = members.said(key);
  if (value == nullptr) return;
  // The reference counter's ACDC is a real formula; nothing else that is counted is.
  if (key.find("mult_adds") == std::string::npos)
    out = members.whole(key, 0);
  else
    out = results::read_count(*value, members.place(key), key);
}
void read(json::Members &members, const std::string &key, std::optional<double> &out) {
  const Json *value = members.said(key);
  if (value == nullptr) return;
  if (key.ends_with("_percent")) {
    out = results::read_percent(*value, members.place(key), key);
    return;
  }
  out = members.real(key);
  if (*out < 0) json::refuse(*value, members.place(key), key, "a number from 0 up");
}

} // namespace

Count results::read_count(const Json &value, const json::Place &place, std::string_view name) {
  if (const auto whole = json::as_whole(value); whole && *whole >= 0) return *whole;
  if (!value.is_number_float() || value.get<double>() < 0) json::refuse(value, place, name, "a number from 0 up");
  const double real = value.get<double>();
  constexpr double kExact = 0x1p53; // up to here a double that is whole says which number it is
  return real == std::floor(real) && real <= kExact ? Count(static_cast<std::int64_t>(real)) : Count::from_real(real);
}

double results::read_percent(const Json &value, const json::Place &place, std::string_view name) {
  constexpr double kAll = 100;
  if (!value.is_number() || value.get<double>() < 0 || value.get<double>() > kAll)
    json::refuse(value, place, name, "a number from 0 to 100");
  return value.get<double>();
}

std::string write_results_json(const std::vector<ResultRow> &rows) {
  std::string out = "[";
  for (const ResultRow &row : rows) {
    Json object = {{"schema", kResultsSchema}};
    visit_fields(row, [&](const char *key, const auto &value) { object[key] = json_of(value); });
    out += out.size() > 1 ? ",\n " : "\n ";
    out += object.dump(-1, ' ', false, Json::error_handler_t::replace); // names of files need not be UTF-8
  }
  return out + (rows.empty() ? "]\n" : "\n]\n");
}

std::string write_results_csv(const std::vector<ResultRow> &rows) {
  std::string out = "schema";
  const ResultRow none;
  visit_fields(none, [&](const char *key, const auto & /*value*/) { out += std::string(",") + key; });
  out += '\n';
  for (const ResultRow &row : rows) {
    out += kResultsSchema;
    visit_fields(row, [&](const char * /*key*/, const auto &value) { out += ',' + csv_of(value); });
    out += '\n';
  }
  return out;
}

std::vector<ResultRow> results::read_rows(const Json &document, const json::Place &place) {
  if (!document.is_array()) place.fail(fmt::format("{} must be an array of objects", json::shown(document)));
  std::vector<ResultRow> out;
  for (std::size_t i = 0; i < document.size(); ++i) {
    json::Members members(document[i], place.item(i), kResultsSchema);
    ResultRow &row = out.emplace_back();
    members.text("name");
    members.choice("state", {"done", "diverged", "failed", "unfinished", "missing", "published"});
    visit_fields(row, [&](const char *key, auto &value) { read(members, key, value); });
    members.finish();
  }
  return out;
}

std::vector<ResultRow> read_results(std::string_view text, const std::string &where) {
  const json::Place place(where);
  return results::read_rows(json::parse(text, place), place);
}

} // namespace pare::train
