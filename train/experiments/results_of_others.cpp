// Results that Pare did not make: the 2019 system's collated.json, and lists of published points.

#include "analysis/substitution.hpp"
#include "base/text.hpp"
#include "models/network.hpp"
#include "train/experiments/results_json.hpp"

#include <fmt/format.h>

#include <array>

namespace pare::train {

namespace {

using Json = json::Value;
using results::read_count;
using results::read_percent;

constexpr const char *kPublished = "published";
constexpr const char *kUnit = "top-1 error, percent"; ///< of all points
constexpr const char *kNotNamed = "not named";        ///< a teacher that there was

/// The canonical spec of a short name ("wrn_28_10"); what is none stays as it is.
std::string network_of(const std::string &name) {
  if (name.find(':') != std::string::npos) return name; // a spec may read files
  try {
    const NetworkSpec spec = parse_network_spec(name);
    return canonical_spec(*spec.family, spec.values);
  } catch (const Error &) {
    return name;
  }
}

/// Family and setting of "TensorTrain_0.1"; words that are no setting stay as they are ("TensorTrain_0.1, 2 dimensions"), and
/// have a family where they begin with its name.
void set_setting(ResultRow &row, const std::string &words) {
  const auto family = [](const std::string &text, FreeKnob free_knob) -> std::optional<Substitute> {
    try {
      return parse_substitute(text, free_knob);
    } catch (const Error &) {
      return std::nullopt;
    }
  };
  row.setting = words;
  const std::string head = words.substr(0, words.find_first_of("_, "));
  row.family = head;
  if (const auto setting = family(words, FreeKnob::kRefuse)) {
    row.setting = setting->text();
    row.family = setting->family->info().name;
  } else if (const auto begun = family(head, FreeKnob::kAllow)) {
    row.family = begun->family->info().name;
  }
}

/// An array of so many items.
const Json &array_of(const Json &value, const json::Place &place, std::size_t size, std::string_view items) {
  if (!value.is_array() || value.size() != size) place.fail(fmt::format("{} must be [{}]", json::shown(value), items));
  return value;
}

const std::string &text_of(const Json &value, const json::Place &place, std::string_view name) {
  if (!value.is_string()) json::refuse(value, place, name, "text in quotes");
  return value.get_ref<const std::string &>();
}

std::int64_t whole_of(const Json &value, const json::Place &place, std::string_view name) {
  const auto whole = json::as_whole(value);
  if (!whole || *whole < 0) json::refuse(value, place, name, "a whole number from 0 up");
  return *whole;
}

// ------------------------------------------------------------------------------------------------- collated.json

/// The last of a list of errors, one for each epoch that was kept.
double last_error(json::Members &members, const char *key) {
  const Json &errors = members.at(key);
  const json::Place place = members.place(key);
  if (!errors.is_array() || errors.empty()) json::refuse(errors, place, key, "an array of errors in percent");
  double out = 0;
  for (std::size_t i = 0; i < errors.size(); ++i) out = read_percent(errors[i], place.item(i), key);
  return out;
}

/// "wrn_28_10.shuffle_4.student.Jan5.t7": network, setting, whether it had a teacher, the day. A setting may have dots.
ResultRow read_collated(const std::string &name, const Json &value, const json::Place &place, const std::string &where) {
  json::Members members(value, place);
  ResultRow row;
  row.name = name;
  row.state = kPublished;
  row.source = where;
  row.epoch = members.whole("epoch", 0);
  row.top1_error_percent = last_error(members, "val_errors");
  row.train_top1_error_percent = last_error(members, "train_errors");
  row.parameters = members.whole("no_params", 0);
  row.mult_adds_reference = read_count(members.at("flops"), members.place("flops"), "flops");

  const json::Place at = members.place("settings");
  const Json &settings = array_of(members.at("settings"), at, 3, "is_student, method, setting");
  if (!settings[0].is_boolean()) json::refuse(settings[0], at.item(0), "is_student", "true or false");
  const bool is_student = settings[0].get<bool>();
  const std::string &method = text_of(settings[1], at.item(1), "method");
  const std::string &setting = text_of(settings[2], at.item(2), "setting");

  std::string_view rest = name;
  if (rest.ends_with(".t7")) rest.remove_suffix(3);
  const auto cut = [&](std::size_t dot) {
    if (dot == std::string_view::npos)
      place.fail(
          fmt::format("name = {} must be NETWORK.METHOD_SETTING.DAY.t7, with .student in front of the day where it had a "
                      "teacher",
                      shown(name)));
    return dot;
  };
  const std::size_t first = cut(rest.find('.'));
  const std::string network(rest.substr(0, first));
  rest.remove_prefix(first + 1);
  rest = rest.substr(0, cut(rest.rfind('.')));
  constexpr std::string_view kStudent = ".student";
  const bool named_student = rest.ends_with(kStudent);
  if (named_student) rest.remove_suffix(kStudent.size());
  const std::string words = setting.empty() ? method : method + "_" + setting;
  if (named_student != is_student || rest != words)
    at.fail(
        fmt::format("settings = {} must say what the name does: [{}, {}]", json::shown(settings), named_student, shown(rest)));
  row.network = network_of(network);
  set_setting(row, words);
  if (is_student) row.teacher = kNotNamed;

  // What is written twice is the same.
  const Json &scatter = array_of(members.at("scatter"), members.place("scatter"), 5,
                                 "parameters, validation error, training error, epoch, mult-adds");
  const Json &val = members.at("val_errors");
  const Json &train = members.at("train_errors");
  const std::array<std::pair<const char *, const Json *>, 5> same = {{{"no_params", &members.at("no_params")},
                                                                      {"val_errors", &val.back()},
                                                                      {"train_errors", &train.back()},
                                                                      {"epoch", &members.at("epoch")},
                                                                      {"flops", &members.at("flops")}}};
  for (std::size_t i = 0; i < same.size(); ++i)
    if (scatter[i] != *same[i].second)
      members.place("scatter").item(i).fail(fmt::format("scatter has {} where {} says {}; the same would be accepted",
                                                        json::shown(scatter[i]), same[i].first, json::shown(*same[i].second)));
  members.finish();
  return row;
}

// ------------------------------------------------------------------------------------------------- published points

/// Of "NETWORK/DATA/attention-transfer" or "NETWORK/DATA/no-teacher": the teacher, and points by family.
void read_figure(const std::string &key, const Json &value, const json::Place &place, const ResultRow &common,
                 std::vector<ResultRow> &out) {
  const std::size_t first = key.find('/');
  const std::size_t last = key.rfind('/');
  const std::string teaching = key.substr(last + 1);
  if (first == last || (teaching != "attention-transfer" && teaching != "no-teacher"))
    place.fail("must be source, unit, log, DATA/literature, NETWORK/DATA/attention-transfer or NETWORK/DATA/no-teacher");
  json::Members members(value, place);
  ResultRow figure = common;
  figure.network = network_of(key.substr(0, first));
  figure.data = key.substr(first + 1, last - first - 1);
  const json::Place teacher_place = members.place("teacher");
  json::Members teacher(members.at("teacher"), teacher_place);
  ResultRow original = figure;
  original.name = key + "/teacher";
  original.parameters = teacher.whole("parameters", 0);
  original.original_parameters = original.parameters;
  original.top1_error_percent = read_percent(teacher.at("error"), teacher.place("error"), "error");
  teacher.finish();
  figure.original_parameters = original.parameters;
  if (teaching == "attention-transfer") {
    figure.teacher = original.name;
    figure.teacher_network = original.network;
  }
  out.push_back(original);
  for (const auto &[family, points] : value.items()) {
    if (family == "teacher") continue;
    const json::Place at = place.member(family);
    if (!points.is_array()) json::refuse(points, at, family, "an array of points");
    for (std::size_t i = 0; i < points.size(); ++i) {
      const json::Place here = at.item(i);
      const Json &point = array_of(points[i], here, 3, "setting, parameters, error");
      if (!point[0].is_number()) json::refuse(point[0], here.item(0), "setting", "a number");
      ResultRow row = figure;
      set_setting(row, fmt::format("{}_{}", family, shortest(point[0].get<double>())));
      row.name = fmt::format("{}/{}", key, row.setting);
      row.parameters = whole_of(point[1], here.item(1), "parameters");
      row.top1_error_percent = read_percent(point[2], here.item(2), "error");
      out.push_back(std::move(row));
    }
  }
}

/// [[network, parameters, error], ...]: of networks by their own names, which need not be Pare's.
void read_literature(const std::string &data, const Json &value, const json::Place &place, const ResultRow &common,
                     std::vector<ResultRow> &out) {
  if (!value.is_array()) place.fail(fmt::format("{} must be an array of points", json::shown(value)));
  for (std::size_t i = 0; i < value.size(); ++i) {
    const json::Place here = place.item(i);
    const Json &point = array_of(value[i], here, 3, "network, parameters, error");
    ResultRow row = common;
    row.network = text_of(point[0], here.item(0), "network");
    row.name = fmt::format("{}/literature/{}", data, row.network);
    row.data = data;
    row.parameters = read_count(point[1], here.item(1), "parameters"); // rounded as published: 4.2e6
    if (!row.parameters->is_whole()) json::refuse(point[1], here.item(1), "parameters", "a whole number");
    row.top1_error_percent = read_percent(point[2], here.item(2), "error");
    out.push_back(std::move(row));
  }
}

/// [[day, network, setting in words, teaching, error], ...]
void read_log(const Json &value, const json::Place &place, const ResultRow &common, std::vector<ResultRow> &out) {
  if (!value.is_array()) place.fail(fmt::format("{} must be an array of points", json::shown(value)));
  for (std::size_t i = 0; i < value.size(); ++i) {
    const json::Place here = place.item(i);
    const Json &point = array_of(value[i], here, 5, "day, network, setting, teaching, error");
    ResultRow row = common;
    const std::string &day = text_of(point[0], here.item(0), "day");
    row.network = network_of(text_of(point[1], here.item(1), "network"));
    set_setting(row, text_of(point[2], here.item(2), "setting"));
    const std::string &teaching = text_of(point[3], here.item(3), "teaching");
    if (teaching != "no teacher" && teaching != "attention transfer")
      json::refuse(point[3], here.item(3), "teaching", "\"no teacher\" or \"attention transfer\"");
    if (teaching == "attention transfer") row.teacher = kNotNamed;
    row.name = fmt::format("log/{}/{}/{}, {}", day, point[1].get_ref<const std::string &>(), row.setting, teaching);
    row.source += ", log of " + day;
    row.top1_error_percent = read_percent(point[4], here.item(4), "error");
    out.push_back(std::move(row));
  }
}

std::vector<ResultRow> read_published(const Json &document, const json::Place &place, const std::string &where) {
  ResultRow common;
  common.state = kPublished;
  common.source = where;
  std::vector<ResultRow> out;
  for (const auto &[key, value] : document.items()) {
    constexpr std::string_view kLiterature = "/literature";
    const json::Place at = place.member(key);
    if (key == "source")
      common.note = value.get<std::string>(); // behind others it would be missing there: it is the first
    else if (key == "unit") {
      if (value != kUnit) json::refuse(value, at, key, shown(kUnit));
    } else if (key == "log")
      read_log(value, at, common, out);
    else if (key.ends_with(kLiterature))
      read_literature(key.substr(0, key.size() - kLiterature.size()), value, at, common, out);
    else
      read_figure(key, value, at, common, out);
  }
  return out;
}

} // namespace

bool is_results(std::string_view json) {
  const auto begin = json.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || (json[begin] != '[' && json[begin] != '{')) return false;
  return json[begin] == '[' || json.find("\"schema\"") == std::string_view::npos;
}

std::vector<ResultRow> read_any_results(std::string_view text, const std::string &where) {
  const json::Place place(where);
  const Json document = json::parse(text, place);
  if (!document.is_object()) return results::read_rows(document, place);
  if (!document.empty() && document.begin().key() == "source" && document.begin()->is_string())
    return read_published(document, place, where);
  std::vector<ResultRow> out;
  for (const auto &[name, value] : document.items()) {
    if (!value.is_object() || !value.contains("val_errors"))
      place.fail(
          "is no file of results; pare.results/1 (an array), the 2019 system's collated.json, and an object of published "
          "points that begins with \"source\" would be accepted");
    out.push_back(read_collated(name, value, place.member(name), where));
  }
  return out;
}

} // namespace pare::train
