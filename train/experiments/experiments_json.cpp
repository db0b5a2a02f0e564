#include "train/experiments/experiments_json.hpp"

#include "base/text.hpp"
#include "base/values.hpp"
#include "train/experiments/schedule.hpp"
#include "train/plan/run_config_fields.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace pare::train::experiments {

std::string Said::text(std::string_view name) const {
  if (!value->is_string()) json::refuse(*value, place, name, "text in quotes");
  return value->get<std::string>();
}

/// The values of an axis: those of an array, or the one that stands there. None where nothing is said.
std::vector<Said> axis(json::Members &members, std::string_view key) {
  const Json *value = members.find(key);
  std::vector<Said> out;
  if (value == nullptr) return out;
  const json::Place place = members.place(key);
  if (!value->is_array()) return {{.value = value, .place = place}};
  if (value->empty()) place.fail(fmt::format("{} is an empty list; one value at least would be accepted", key));
  std::set<std::string> seen;
  for (std::size_t i = 0; i < value->size(); ++i) {
    const Json &item = (*value)[i];
    if (!seen.insert(json::dumped(item)).second)
      place.item(i).fail(fmt::format("{} stands in the list twice; each value once would be accepted", json::shown(item)));
    out.push_back({.value = &item, .place = place.item(i)});
  }
  return out;
}

/// The value of a key as --set reads it.
std::string setting_text(const Said &said, std::string_view key) {
  const Json &value = *said.value;
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "on" : "off";
  if (const auto whole = json::as_whole(value)) return std::to_string(*whole);
  if (value.is_number_float()) return shortest(value.get<double>());
  json::refuse(value, said.place, key, "a text, a number, true or false, or a list of these, an experiment for each");
}

Common read_common(json::Members &members, const Common &otherwise) {
  Common out = otherwise;
  if (auto said = axis(members, "data"); !said.empty()) out.data = std::move(said);
  if (auto said = axis(members, "protocol"); !said.empty()) out.protocols = std::move(said);
  if (auto said = axis(members, "precision"); !said.empty()) out.precisions = std::move(said);
  if (const Json *set = members.find("set"); set != nullptr) {
    json::Members keys(*set, members.place("set"));
    for (const auto &[key, value] : set->items()) {
      auto values = axis(keys, key);
      const auto known = std::find_if(out.settings.begin(), out.settings.end(),
                                      [own = std::string_view(key)](const auto &entry) { return entry.first == own; });
      if (known != out.settings.end())
        known->second = std::move(values); // instead of the whole file's
      else
        out.settings.emplace_back(key, std::move(values));
    }
  }
  return out;
}

/// The one value that a teacher may have of an axis; nothing where none is said.
Said only(const std::vector<Said> &values) {
  if (values.size() > 1)
    values[1].place.fail("a teacher is one run; one value, or another teacher for the second would be accepted");
  return values.empty() ? Said{} : values.front();
}

/// Readers of results have no whole numbers beyond the 53 bits of a double.
std::uint64_t read_seed(const Said &said) {
  constexpr std::int64_t kMost = std::int64_t{1} << 53;
  const auto whole = json::as_whole(*said.value);
  if (!whole || *whole < 0 || *whole > kMost)
    json::refuse(*said.value, said.place, "seed", fmt::format("a whole number from 0 to {}", kMost));
  return static_cast<std::uint64_t>(*whole);
}

std::string read_precision(const Said &said) {
  if (said.is_null()) return std::string(kPrecisions.front());
  return at_place(said.place, [&] { return read_choice("precision", said.text("precision"), kPrecisions); });
}

std::vector<std::string> texts_of(const Said &said, std::string_view name) {
  if (!said.value->is_array()) return {said.text(name)};
  if (said.value->empty()) said.place.fail("an empty list; one at least would be accepted");
  std::vector<std::string> out;
  for (std::size_t i = 0; i < said.value->size(); ++i) {
    const Said item{.value = &(*said.value)[i], .place = said.place.item(i)};
    std::string text = item.text(name);
    if (std::find(out.begin(), out.end(), text) != out.end())
      item.place.fail(fmt::format("{} stands in the list twice; once would be accepted", json::shown(*item.value)));
    out.push_back(std::move(text));
  }
  return out;
}

std::string name_part(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool fits = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '+' || c == '-';
    out += fits ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : '_';
  }
  return out;
}

Block read_block(const Json &value, const json::Place &place, const Common &top) {
  static const Json none = nullptr;
  static const Json zero = std::uint64_t{0};
  json::Members members(value, place);
  Block out;
  out.place = place;
  out.common = read_common(members, top);
  out.set = members.find("set");
  out.designs = read_designs(members, false);
  out.teachers = axis(members, "teacher");
  out.seeds = axis(members, "seeds");
  members.read("tag", out.tag);
  if (!out.tag.empty() && !is_experiment_name(out.tag))
    json::refuse(members.at("tag"), members.place("tag"), "tag", kExperimentNameRule);
  out.leaves_out =
      members.find("when_infeasible") != nullptr && members.choice("when_infeasible", {"fail", "leave_out"}) == "leave_out";
  members.finish();
  if (out.common.data.empty()) place.fail(std::string(kDataMissing));
  if (out.teachers.empty()) out.teachers.push_back({.value = &none, .place = place});
  if (out.seeds.empty()) out.seeds.push_back({.value = &zero, .place = place});
  for (const Said &seed : out.seeds) read_seed(seed);
  return out;
}

} // namespace pare::train::experiments
