#include "train/experiments/schedule.hpp"

#include "analysis/network_json.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "command/version.hpp"
#include "train/experiments/identity.hpp"
#include "train/plan/protocol_json.hpp"
#include "train/plan/run_config_fields.hpp"
#include "train/plan/run_config_json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <variant>

namespace pare::train {

namespace {

using Json = json::Value;

constexpr std::string_view kScheduleSchema = "pare.schedule/1";
constexpr std::size_t kFolderDigits = 12; ///< of an identity, in a folder's name
constexpr std::string_view kExperiment = "experiment";
constexpr std::string_view kDigest = ",\n  \"digest\": \""; ///< what stands in front of it; all before that is digested

Json json_of(const Count &count) {
  return std::visit([](auto value) { return Json(value); }, plain_number(count));
}
Json json_of(const std::map<std::string, Count> &counts) {
  Json out = Json::object();
  for (const auto &[convention, count] : counts) out[convention] = json_of(count);
  return out;
}
Json text_or_null(const std::string &text) { return text.empty() ? Json(nullptr) : Json(text); }

Json json_of(const std::optional<PerLayerText> &per_layer) {
  if (!per_layer) return nullptr;
  return {{"families", per_layer->families},
          {"score", per_layer->score},
          {"tie", per_layer->tie},
          {"objective", per_layer->objective}};
}

Json json_of(const ScheduledDesign &design) {
  const ModelConfig &model = design.model;
  const ExperimentCosts &costs = design.costs;
  return {{"network", network_json(model.network)},
          {"input", {model.input.channels, model.input.height, model.input.width}},
          {"substitution", text_or_null(model.substitution)},
          {"where_possible", model.where_possible},
          {"families", design.families},
          {"per_layer", json_of(design.per_layer)},
          {"costs",
           {{"parameters", costs.parameters},
            {"mult_adds", json_of(costs.mult_adds)},
            {"activation_elements", costs.activation_elements},
            {"original_parameters", costs.original_parameters},
            {"original_mult_adds", json_of(costs.original_mult_adds)}}}};
}
Json json_of(const ScheduledData &data) {
  return {{"at", data.spec},
          {"max_images", data.max_images ? Json(*data.max_images) : Json(nullptr)},
          {"fingerprint", data.fingerprint},
          {"training_images", data.training_images ? Json(*data.training_images) : Json(nullptr)}};
}
Json json_of(const Experiment &e) {
  return {{"name", e.name},
          {"identity", e.identity},
          {"configuration", e.configuration},
          {"teacher", text_or_null(e.teacher)},
          {"outside_teacher", e.outside_teacher ? teacher_json(*e.outside_teacher) : Json(nullptr)},
          {"outside_data", text_or_null(e.outside_data)},
          {"network", e.network},
          {"setting", text_or_null(e.setting)},
          {"variant", text_or_null(e.variant)},
          {"budgets", e.budgets},
          {"design", e.design},
          {"protocol", e.protocol},
          {"data", e.data},
          {"seed", e.seed},
          {"precision", e.precision}};
}
Json json_of(const LeftOut &left) { return {{"name", left.name}, {"reason", left.reason}}; }
Json json_of(const Protocol &protocol) { return json::parse(write_protocol(protocol), json::Place("protocol")); }

/// An item to a line, so that two schedules can be compared by any tool.
template <class Item>
std::string lines_of(const std::vector<Item> &items) {
  if (items.empty()) return "[]";
  std::string out = "[";
  for (const Item &item : items) out += (out.size() == 1 ? "\n    " : ",\n    ") + json::dumped(json_of(item));
  return out + "\n  ]";
}

// Reading.

Count count_of(const Json &value, const json::Place &place, std::string_view name) {
  if (const auto whole = json::as_whole(value); whole && *whole >= 0) return Count(*whole);
  if (value.is_number_float() && value.get<double>() >= 0) return Count::from_real(value.get<double>());
  json::refuse(value, place, name, "a number from 0 up");
}

std::map<std::string, Count> read_counts(json::Members &members, std::string_view key) {
  const Json &value = members.at(key);
  const json::Place place = members.place(key);
  if (!value.is_object()) json::refuse(value, place, key, "an object");
  std::map<std::string, Count> out;
  for (const auto &[convention, count] : value.items())
    out.emplace(convention, count_of(count, place.member(convention), convention));
  return out;
}

std::string read_text_or_null(json::Members &members, std::string_view key) {
  members.at(key);
  return members.said(key) == nullptr ? std::string() : members.text(key);
}

std::vector<std::string> read_texts(json::Members &members, std::string_view key) {
  const Json &value = members.at(key);
  const json::Place place = members.place(key);
  if (!value.is_array()) json::refuse(value, place, key, "an array of texts");
  std::vector<std::string> out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (!value[i].is_string()) json::refuse(value[i], place.item(i), "an item", "text in quotes");
    out.push_back(value[i].get<std::string>());
  }
  return out;
}

ScheduledDesign read_design(const Json &value, const json::Place &place) {
  json::Members members(value, place);
  ScheduledDesign out;
  out.model.network = read_network_text(members, "network");
  out.model.input = read_input_shape(members.at("input"), members.place("input"));
  out.model.substitution = read_text_or_null(members, "substitution");
  out.model.where_possible = members.flag("where_possible");
  out.families = read_texts(members, "families");
  if (const Json *chosen = members.said("per_layer")) { // missing in files of before
    json::Members texts(*chosen, members.place("per_layer"));
    out.per_layer = {.families = texts.text("families"),
                     .score = texts.text("score"),
                     .tie = texts.text("tie"),
                     .objective = texts.text("objective")};
    texts.finish();
  }
  json::Members costs(members.at("costs"), members.place("costs"));
  out.costs.parameters = costs.whole("parameters", 0);
  out.costs.mult_adds = read_counts(costs, "mult_adds");
  out.costs.activation_elements = costs.whole("activation_elements", 0);
  out.costs.original_parameters = costs.whole("original_parameters", 0);
  out.costs.original_mult_adds = read_counts(costs, "original_mult_adds");
  costs.finish();
  members.finish();
  return out;
}

ScheduledData read_data(const Json &value, const json::Place &place) {
  json::Members members(value, place);
  ScheduledData out;
  out.spec = members.text("at");
  try {
    parse_data_spec(out.spec);
  } catch (const Error &error) {
    members.place("at").fail(error.message());
  }
  members.at("max_images");
  if (members.said("max_images") != nullptr) out.max_images = members.whole("max_images", 1);
  out.fingerprint = members.text("fingerprint");
  members.at("training_images");
  if (members.said("training_images") != nullptr) out.training_images = members.whole("training_images", 1);
  members.finish();
  return out;
}

template <class Item>
std::size_t read_index(json::Members &members, std::string_view key, const std::vector<Item> &items) {
  if (items.empty()) members.place(key).fail(fmt::format("there is nothing for {} to point to", key));
  return static_cast<std::size_t>(members.whole(key, 0, static_cast<std::int64_t>(items.size()) - 1));
}

Experiment read_experiment(const Json &value, const json::Place &place, const Schedule &schedule) {
  json::Members members(value, place);
  Experiment out;
  out.name = members.text("name");
  if (!is_experiment_name(out.name)) json::refuse(value.at("name"), members.place("name"), "name", kExperimentNameRule);
  out.identity = members.text("identity");
  if (!is_identity(out.identity))
    json::refuse(value.at("identity"), members.place("identity"), "identity", "64 hexadecimal digits");
  out.configuration = members.text("configuration");
  if (!is_identity(out.configuration))
    json::refuse(value.at("configuration"), members.place("configuration"), "configuration", "64 hexadecimal digits");
  out.teacher = read_text_or_null(members, "teacher");
  members.at("outside_teacher");
  if (const Json *teacher = members.said("outside_teacher"))
    out.outside_teacher = read_teacher(*teacher, members.place("outside_teacher"));
  out.outside_data = read_text_or_null(members, "outside_data");
  if (!out.teacher.empty() && out.outside_teacher)
    members.place("outside_teacher").fail("there is a teacher already; one of the two would be accepted");
  out.network = members.text("network");
  out.setting = read_text_or_null(members, "setting");
  out.variant = read_text_or_null(members, "variant");
  out.budgets = read_texts(members, "budgets");
  out.design = read_index(members, "design", schedule.designs);
  out.protocol = read_index(members, "protocol", schedule.protocols);
  out.data = read_index(members, "data", schedule.data);
  out.seed = members.natural("seed");
  out.precision = members.text("precision");
  if (std::find(kPrecisions.begin(), kPrecisions.end(), out.precision) == kPrecisions.end())
    json::refuse(value.at("precision"), members.place("precision"), "precision",
                 fmt::format("one of {}", fmt::join(kPrecisions, ", ")));
  members.finish();
  return out;
}

LeftOut read_left_out(const Json &value, const json::Place &place) {
  json::Members members(value, place);
  LeftOut out{.name = members.text("name"), .reason = members.text("reason")};
  members.finish();
  return out;
}

/// Names and identities once, and a teacher before its students.
void check_order(const std::vector<Experiment> &experiments, const json::Place &place) {
  std::unordered_map<std::string_view, std::size_t> known; // by identity
  std::unordered_map<std::string_view, std::size_t> names;
  for (std::size_t i = 0; i < experiments.size(); ++i) {
    const Experiment &e = experiments[i];
    if (const auto [other, is_new] = names.emplace(e.name, i); !is_new)
      place.item(i).member("name").fail(
          fmt::format("{} is the name of experiments[{}] too; another one would be accepted", e.name, other->second));
    if (const auto [other, is_new] = known.emplace(e.identity, i); !is_new)
      place.item(i)
          .member("identity")
          .fail(fmt::format("{} is experiments[{}] too; each experiment once would be accepted", e.name, other->second));
  }
  std::vector<std::pair<std::size_t, std::size_t>> needs;
  for (std::size_t i = 0; i < experiments.size(); ++i) {
    const Experiment &e = experiments[i];
    if (e.teacher.empty()) continue;
    const auto teacher = known.find(e.teacher);
    if (teacher == known.end())
      place.item(i).member("teacher").fail(
          fmt::format("no experiment has the identity {}, of the teacher of {}; that of one in this file would be accepted",
                      plain(e.teacher), e.name));
    needs.emplace_back(i, teacher->second);
  }
  const DependencyOrder order = dependency_order(experiments.size(), needs);
  if (!order.cycle.empty()) {
    std::vector<std::string> circle;
    for (const std::size_t i : order.cycle) circle.push_back(experiments[i].name);
    place.item(order.cycle.front())
        .member("teacher")
        .fail(fmt::format("teachers in a circle: {} needs {}; a first one without a teacher would be accepted",
                          fmt::join(circle, " needs "), circle.front()));
  }
  for (const auto &[student, teacher] : needs)
    if (teacher > student)
      place.item(student).member("teacher").fail(fmt::format("{} stands before its teacher {}; behind it would be accepted",
                                                             experiments[student].name, experiments[teacher].name));
}

template <class Read>
void read_each(json::Members &members, std::string_view key, const Read &read) {
  const Json &value = members.at(key);
  const json::Place place = members.place(key);
  if (!value.is_array()) json::refuse(value, place, key, "an array");
  for (std::size_t i = 0; i < value.size(); ++i) read(value[i], place.item(i));
}

} // namespace

bool is_experiment_name(std::string_view name) {
  return !name.empty() && name.size() <= kMostNameBytes && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                  c == '-' || c == '+';
         });
}

bool is_identity(std::string_view text) {
  return text.size() == digits_of(Digest::kSha256) && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string Experiment::folder() const { return fmt::format("{}-{}", name, identity.substr(0, kFolderDigits)); }

std::string write_schedule(const Schedule &schedule) {
  const std::string text =
      fmt::format("{{\n  \"schema\": \"{}\",\n  \"name\": {},\n  \"pare\": {},\n  \"semantics\": {},\n  "
                  "\"designs\": {},\n  \"protocols\": {},\n  "
                  "\"data\": {},\n  \"experiments\": {},\n  \"left_out\": {}",
                  kScheduleSchema, json::dumped(schedule.name), json::dumped(std::string(command::version())), kSemantics,
                  lines_of(schedule.designs), lines_of(schedule.protocols), lines_of(schedule.data),
                  lines_of(schedule.experiments), lines_of(schedule.left_out));
  return fmt::format("{}{}{}\"\n}}\n", text, kDigest, digest(text));
}

Schedule read_schedule(std::string_view text, const std::string &where) {
  const json::Place top(where);
  const Json document = json::parse(text, top);
  json::Members members(document, top, kScheduleSchema);
  Schedule out;
  out.name = members.text("name");
  members.text("pare");
  if (const std::int64_t semantics = members.whole("semantics", 1); semantics != kSemantics)
    members.place("semantics")
        .fail(fmt::format(
            "semantics = {}, and this pare computes by {}: its runs are not those of this file; the pare that wrote it, "
            "or a schedule made anew would be accepted",
            semantics, kSemantics));
  read_each(members, "designs",
            [&](const Json &value, const json::Place &place) { out.designs.push_back(read_design(value, place)); });
  read_each(members, "protocols",
            [&](const Json &value, const json::Place &place) { out.protocols.push_back(read_protocol(value, place)); });
  read_each(members, "data", [&](const Json &value, const json::Place &place) { out.data.push_back(read_data(value, place)); });
  read_each(members, "experiments", [&](const Json &value, const json::Place &place) {
    out.experiments.push_back(read_experiment(value, place, out));
  });
  read_each(members, "left_out",
            [&](const Json &value, const json::Place &place) { out.left_out.push_back(read_left_out(value, place)); });
  const std::string written = members.text("digest");
  const std::size_t end = text.rfind(kDigest);
  out.is_as_written = end != std::string_view::npos && digest(text.substr(0, end)) == written;
  members.finish();
  check_order(out.experiments, members.place("experiments"));
  return out;
}

void check_as_written(const Schedule &schedule, const std::string &where) {
  if (!schedule.is_as_written)
    json::Place(where).fail("was changed since it was made: its digest is another; a schedule made anew would be accepted");
}

void check_identities(const Schedule &schedule, const std::string &where) {
  check_as_written(schedule, where);
  Identities identities;
  const json::Place place = json::Place(where).member("experiments");
  for (std::size_t i = 0; i < schedule.experiments.size(); ++i) {
    const Experiment &e = schedule.experiments[i];
    const auto fail = [&](const std::string &message) { place.item(i).called(e.name).fail(message); };
    try {
      const std::string identity = identities.of(run_config_of(schedule, e), schedule.data[e.data].fingerprint, e.teacher);
      if (identity != e.identity)
        fail(fmt::format("it is {}, and what it says comes to {}: it was changed since; a schedule made anew would be accepted",
                         e.identity.substr(0, kFolderDigits), identity.substr(0, kFolderDigits)));
    } catch (const Error &error) {
      if (error.code() == ErrorCode::kInvalidFile && error.where().starts_with(where)) throw;
      fail(fmt::format("{}: {}", error.where(), error.message()));
    }
  }
}

RunConfig run_config_of(const Schedule &schedule, const Experiment &experiment) {
  RunConfig out;
  out.model = schedule.designs[experiment.design].model;
  out.protocol = schedule.protocols[experiment.protocol];
  const ScheduledData &data = schedule.data[experiment.data];
  out.data = data.spec;
  out.max_images = data.max_images;
  out.seed = experiment.seed;
  out.precision = experiment.precision;
  out.teacher = experiment.outside_teacher;
  if (!experiment.teacher.empty()) {
    const auto teacher = std::find_if(schedule.experiments.begin(), schedule.experiments.end(),
                                      [&](const Experiment &other) { return other.identity == experiment.teacher; });
    const ModelConfig &model = schedule.designs.at(teacher->design).model;
    out.teacher.emplace().network = model.network;
    out.teacher->substitution = model.substitution;
    out.teacher->where_possible = model.where_possible;
  }
  return out;
}

std::string with_experiment(std::string_view record, const Experiment &experiment) {
  Json out = json::parse(record, json::Place("record"));
  out[std::string(kExperiment)] = {
      {"name", experiment.name}, {"identity", experiment.identity}, {"teacher", text_or_null(experiment.teacher)}};
  return json::dumped(out);
}

std::optional<RecordedExperiment> recorded_experiment(const RunFile &run, const std::string &where) {
  const Json record = json::parse(run.record, json::Place(where));
  json::Members members(record, json::Place(where).member("record"));
  if (members.said(kExperiment) == nullptr) return std::nullopt;
  json::Members experiment(members.at(kExperiment), members.place(kExperiment));
  RecordedExperiment out{.name = experiment.text("name"),
                         .identity = experiment.text("identity"),
                         .teacher = read_text_or_null(experiment, "teacher")};
  experiment.finish();
  return out;
}

} // namespace pare::train
