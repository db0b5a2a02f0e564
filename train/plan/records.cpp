#include "train/plan/records.hpp"

#include "train/plan/records_json.hpp"

#include <fmt/format.h>

#include <type_traits>

namespace pare::train {

namespace {

using Json = json::Value;

/// The object that holds a field, and its name there.
std::pair<std::string, std::string> parts_of(std::string_view key) {
  const auto dot = key.find('.');
  if (dot == std::string_view::npos) return {"", std::string(key)};
  return {std::string(key.substr(0, dot)), std::string(key.substr(dot + 1))};
}

template <class Value>
bool is_there(const Value & /*value*/) {
  return true;
}
bool is_there(const std::optional<double> &value) { return value.has_value(); }
Json number(const std::optional<double> &value) { return *value; }
template <class Value>
Json number(const Value &value) {
  return value;
}

template <class Record>
Json object_of(const Record &record) {
  Json out = Json::object();
  visit_fields(record, [&](const RecordField &field, const auto &value) {
    if (!is_there(value)) return;
    const auto [object, name] = parts_of(field.key);
    (object.empty() ? out : out[object])[name] = number(value);
  });
  return out;
}

template <class Record>
std::vector<std::pair<std::string, float>> scalars_of(const Record &record) {
  std::vector<std::pair<std::string, float>> out;
  visit_fields(record, [&](const RecordField &field, const auto &value) {
    if (field.scalar.empty() || !is_there(value)) return;
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(value)>, std::optional<double>>)
      out.emplace_back(field.scalar, static_cast<float>(*value));
    else
      out.emplace_back(field.scalar, static_cast<float>(value));
  });
  return out;
}

void read(json::Members &members, const std::string &name, std::int64_t &out) { out = members.whole(name, 0); }
void read(json::Members &members, const std::string &name, double &out) { out = members.real(name); }
void read(json::Members &members, const std::string &name, bool &out) { out = members.flag(name); }
void read(json::Members &members, const std::string &name, std::optional<double> &out) {
  if (members.find(name) != nullptr) out = members.real(name);
}

} // namespace

Json json_of(const EpochRecord &record) { return object_of(record); }

/// Keys that are not known are those of a later pare.
EpochRecord read_epoch(const Json &value, const json::Place &place) {
  EpochRecord out;
  json::Members top(value, place);
  json::Members train(top.at("train"), place.member("train"));
  json::Members validation(top.at("validation"), place.member("validation"));
  visit_fields(out, [&](const RecordField &field, auto &member) {
    const auto [object, name] = parts_of(field.key);
    read(object.empty() ? top : object == "train" ? train : validation, name, member);
  });
  return out;
}

std::string write_record(const StepRecord &record) { return object_of(record).dump(); }
std::string write_record(const EpochRecord &record) { return object_of(record).dump(); }
std::vector<std::pair<std::string, float>> scalars(const StepRecord &record) { return scalars_of(record); }
std::vector<std::pair<std::string, float>> scalars(const EpochRecord &record) { return scalars_of(record); }

std::vector<EpochRecord> read_epochs(std::string_view text, const std::string &where) {
  std::vector<EpochRecord> out;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) break; // cut short
    const json::Place place = json::Place(where).called(fmt::format("line {}", line));
    const Json document = json::parse(text.substr(0, end), place);
    text.remove_prefix(end + 1);
    if (document.is_object() && document.contains("validation")) out.push_back(read_epoch(document, place));
  }
  return out;
}

} // namespace pare::train
