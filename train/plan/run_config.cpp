#include "train/plan/run_config.hpp"

#include "analysis/network_json.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "base/values.hpp"
#include "train/plan/protocol_json.hpp"
#include "train/plan/run_config_fields.hpp"
#include "train/plan/run_config_json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <initializer_list>

namespace pare::train {

namespace {

using Json = json::Value;

constexpr std::string_view kSchema = "pare.run/1";

/// JSON has UTF-8 only, and names of files may be anything.
std::string dumped(const Json &document, int indent) {
  try {
    return document.dump(indent);
  } catch (const nlohmann::json::exception &) {
    throw Error(ErrorCode::kInvalidValue, "run.json", "a name is not UTF-8, which JSON needs; one that is would be accepted");
  }
}

Design load(const NetworkText &network, const NetworkOptions &options) {
  if (!network.document.empty()) return read_design(network.document, "network", options);
  Design out;
  out.network = make_network(network.spec, options);
  return out;
}

/// What options say in another form is checked as there.
template <class Read>
void in_place(const json::Place &place, const Read &read) {
  try {
    read();
  } catch (const Error &error) {
    place.fail(error.message());
  }
}

/// How a file of weights is read is written where it is not as usual: runs of before do not have it.
void put_reading(Json &file, const formats::Reading &reading) {
  if (reading != formats::Reading()) file["reading"] = reading_json(reading);
}
formats::Reading read_reading_of(json::Members &file) {
  const Json *value = file.find("reading");
  return value == nullptr ? formats::Reading() : read_reading(*value, file.place("reading"));
}

// To JSON.
Json json_of(const NetworkText &network) { return network_json(network); }
Json json_of(const Shape &input) { return {input.channels, input.height, input.width}; }
Json json_of(const TeacherConfig &teacher) { return teacher_json(teacher); }
Json json_of(const WeightsConfig &weights) {
  Json out = {{"file", weights.file}, {"checksum", weights.checksum}};
  put_reading(out, weights.reading);
  return out;
}
Json json_of(const Protocol &protocol) { return json::parse(write_protocol(protocol), json::Place("protocol")); }
template <class Value>
Json json_of(const Value &value) {
  return value;
}
template <class Value>
Json json_of(const std::optional<Value> &value) {
  return value ? json_of(*value) : Json(nullptr);
}

// From JSON.
void read(json::Members &members, const RunField &field, NetworkText &out) { out = read_network_text(members, field.key); }
void read(json::Members &members, const RunField &field, Shape &out) {
  out = read_input_shape(members.at(field.key), members.place(field.key));
}
void read(json::Members &members, const RunField &field, Protocol &out) {
  out = read_protocol(members.at(field.key), members.place(field.key));
}
void read(json::Members &members, const RunField &field, bool &out) { out = members.flag(field.key); }
void read(json::Members &members, const RunField &field, std::uint64_t &out) { out = members.natural(field.key); }
void read(json::Members &members, const RunField &field, std::int64_t &out) {
  out = members.whole(field.key, field.least, field.most);
}
void read(json::Members &members, const RunField &field, std::string &out) {
  out = members.text(field.key);
  if (!field.choices.empty() && std::find(field.choices.begin(), field.choices.end(), out) == field.choices.end())
    json::refuse(members.at(field.key), members.place(field.key), field.key,
                 fmt::format("one of {}", fmt::join(field.choices, ", ")));
}
void read(json::Members &members, const RunField &field, TeacherConfig &out) {
  out = read_teacher(members.at(field.key), members.place(field.key));
}
void read(json::Members &members, const RunField &field, WeightsConfig &out) {
  json::Members weights(members.at(field.key), members.place(field.key));
  out = {.file = weights.text("file"), .checksum = weights.text("checksum"), .reading = read_reading_of(weights)};
  weights.finish();
}
template <class Value>
void read(json::Members &members, const RunField &field, std::optional<Value> &out) {
  members.at(field.key);
  if (members.said(field.key) != nullptr) read(members, field, out.emplace());
}

// How two of them differ: what was asked for and what the run was started with, as texts.

struct Item {
  std::string key;
  std::string asked;
  std::string started;
  bool same; ///< the texts may be cut
};

/// Names of networks are long; documents would fill the screen.
std::string text_of(const NetworkText &network) { return network.document.empty() ? network.spec : "a network from a file"; }
std::string text_of(const Shape &input) { return fmt::format("{},{},{}", input.channels, input.height, input.width); }
std::string text_of(const std::string &value) { return value.empty() ? "none" : value; }
std::string text_of(bool value) { return value ? "on" : "off"; }
std::string text_of(formats::Reading reading) {
  reading.strict = false; // which changes no number
  return reading == formats::Reading() ? "as usual" : reading_json(reading).dump();
}
std::string text_of(std::uint64_t value) { return std::to_string(value); }
std::string text_of(const std::optional<std::int64_t> &value) { return value ? std::to_string(*value) : "none"; }
/// Where a file lies may change, what is in it may not.
template <class File>
std::string text_of(const std::optional<File> &file) {
  return file ? file->checksum : "none";
}

template <class Value>
std::vector<Item> compared(const std::string &key, const Value &asked, const Value &started) {
  const bool same = text_of(asked) == text_of(started);
  return {{.key = key, .asked = text_of(asked), .started = text_of(started), .same = same}};
}
std::vector<Item> compared(const std::string &key, const NetworkText &asked, const NetworkText &started) {
  return {{.key = key, .asked = text_of(asked), .started = text_of(started), .same = asked == started}};
}
std::vector<Item> compared(const std::string &key, const std::optional<TeacherConfig> &asked,
                           const std::optional<TeacherConfig> &started) {
  auto out = compared<std::optional<TeacherConfig>>(key, asked, started);
  if (asked && started) {
    const auto network = compared(key + "-network", asked->network, started->network);
    out.insert(out.end(), network.begin(), network.end());
    const auto substitution = compared(key + "-substitution", asked->substitution, started->substitution);
    out.insert(out.end(), substitution.begin(), substitution.end());
    const auto reading = compared(key + "-reading", asked->reading, started->reading);
    out.insert(out.end(), reading.begin(), reading.end());
  }
  return out;
}
std::vector<Item> compared(const std::string &key, const std::optional<WeightsConfig> &asked,
                           const std::optional<WeightsConfig> &started) {
  auto out = compared<std::optional<WeightsConfig>>(key, asked, started);
  if (asked && started) {
    const auto reading = compared(key + "-reading", asked->reading, started->reading);
    out.insert(out.end(), reading.begin(), reading.end());
  }
  return out;
}
std::vector<Item> compared(const std::string &key, const Protocol &asked, const Protocol &started) {
  std::vector<Item> out;
  const auto fields = field_texts(started);
  for (const auto &[name, value] : field_texts(asked)) {
    if (name == "description" || name == "for_networks") continue;
    const auto other = std::find_if(fields.begin(), fields.end(),
                                    [&, own = std::string_view(name)](const auto &field) { return field.first == own; });
    const auto item = compared(key + "." + name, value, other == fields.end() ? std::string() : other->second);
    out.insert(out.end(), item.begin(), item.end());
  }
  return out;
}

/// What is asked for otherwise, of the fields of such an effect.
std::vector<std::string> differences(const RunConfig &asked, const RunConfig &started, Effect effect) {
  std::vector<Item> items;
  const auto add = [&](const RunField &field, const auto &a, const auto &b) {
    std::string key(field.option.empty() ? field.key : field.option);
    std::replace(key.begin(), key.end(), '_', '-');
    const auto more = compared(key, a, b);
    items.insert(items.end(), more.begin(), more.end());
  };
  visit_fields(asked, [&]<class Value>(const RunField &field, const Value &value) {
    if (field.effect != effect) return;
    visit_fields(started, [&]<class Other>(const RunField &other, const Other &before) {
      if constexpr (std::is_same_v<Value, Other>) {
        if (other.key != field.key) return;
        // By whichever of its names: a run of before may have been given another.
        if constexpr (std::is_same_v<Value, std::string>) {
          if (field.key == "substitution" && !value.empty() && !before.empty() &&
              parse_substitute(value) == parse_substitute(before))
            return;
          if (field.key == "data") // where it lies may change; whether it is the same is seen from its fingerprint
            return add(field, parse_data_spec(value).first, parse_data_spec(before).first);
        }
        add(field, value, before);
      }
    });
  });
  std::vector<std::string> out;
  for (const Item &item : items) {
    if (item.same) continue;
    out.push_back(item.asked == item.started
                      ? fmt::format("{} ({}) is not what the run was started with", item.key, item.asked)
                      : fmt::format("{} = {}, but the run was started with {}", item.key, item.asked, item.started));
  }
  return out;
}

} // namespace

json::Value network_json(const NetworkText &network) {
  return network.document.empty() ? Json(network.spec) : json::parse(network.document, json::Place("network"));
}

NetworkText read_network_text(json::Members &members, std::string_view key) {
  const Json &value = members.at(key);
  if (value.is_object()) return {.spec = {}, .document = json::dumped(value)};
  return {.spec = members.text(key), .document = {}};
}

json::Value reading_json(const formats::Reading &reading) {
  Json names = Json::array();
  for (const auto &[pattern, replacement] : reading.renames) names.push_back({pattern, replacement});
  return {{"key", reading.key},
          {"match", kMatches[reading.by_order ? 1 : 0]},
          {"name_map", std::move(names)},
          {"strict", reading.strict},
          {"reinitialise", reading.anew}};
}

formats::Reading read_reading(const json::Value &value, const json::Place &place) {
  json::Members members(value, place);
  formats::Reading out;
  members.read("key", out.key);
  if (members.find("match") != nullptr) out.by_order = members.choice("match", kMatches) == kMatches[1];
  if (const Json *map = members.find("name_map"); map != nullptr && (!map->is_array() || !map->empty()))
    in_place(members.place("name_map"), [&] { out.renames = formats::parse_renames(json::dumped(*map), "name_map"); });
  members.read("strict", out.strict);
  if (const Json *anew = members.find("reinitialise")) {
    if (!anew->is_array() || !std::all_of(anew->begin(), anew->end(), [](const Json &layer) { return layer.is_string(); }))
      json::refuse(*anew, members.place("reinitialise"), "reinitialise", "a list of layers");
    out.anew = anew->get<std::vector<std::string>>();
  }
  members.finish();
  return out;
}

formats::Reading read_teacher_reading(const json::Value &value, const json::Place &place) {
  formats::Reading out = read_reading(value, place);
  if (!out.anew.empty())
    place.fail("reinitialise is for what is trained; a teacher of which the file gives all would be accepted");
  return out;
}

json::Value teacher_json(const TeacherConfig &teacher) {
  Json expected = nullptr;
  if (const auto &error = teacher.expected_error) expected = {{"percent", error->percent}, {"tolerance", error->tolerance}};
  Json out = {{"file", teacher.file},
              {"checksum", teacher.checksum},
              {"network", network_json(teacher.network)},
              {"substitution", teacher.substitution.empty() ? Json(nullptr) : Json(teacher.substitution)},
              {"where_possible", teacher.where_possible},
              {"expected_error", std::move(expected)}};
  put_reading(out, teacher.reading);
  return out;
}

ExpectedError read_expected_error(const json::Value &value, const json::Place &place) {
  json::Members members(value, place);
  const ExpectedError out{.percent = members.real("percent"), .tolerance = members.real("tolerance")};
  members.finish();
  if (!out.is_possible()) json::refuse(value, place, "expected_error", "percent from 0 to 100 and tolerance from 0 up");
  return out;
}

TeacherConfig read_teacher(const json::Value &value, const json::Place &place) {
  json::Members teacher(value, place);
  TeacherConfig out;
  out.file = teacher.text("file");
  out.checksum = teacher.text("checksum");
  out.network = read_network_text(teacher, "network");
  // Files of before have neither.
  if (teacher.said("substitution") != nullptr) out.substitution = teacher.text("substitution");
  teacher.read("where_possible", out.where_possible);
  teacher.at("expected_error");
  if (const Json *error = teacher.said("expected_error"))
    out.expected_error = read_expected_error(*error, teacher.place("expected_error"));
  if (const Json *reading = teacher.find("reading")) out.reading = read_teacher_reading(*reading, teacher.place("reading"));
  teacher.finish();
  return out;
}

NetworkText read_network_text(const std::string &argument) {
  if (const auto network = network_by_name(argument)) return {.spec = network->name, .document = {}};
  const NetworkFileText file = read_network_file(argument);
  read_design(file.text, file.where); // a fault in it is the file's
  return {.spec = {}, .document = json::dumped(json::parse(file.text, json::Place(file.where)))};
}

NetworkText original_network(const NetworkText &network) {
  if (network.document.empty()) return network;
  const auto original = original_of_solved(network.document, "network");
  if (!original) return network;
  if (original->starts_with('{')) return {.spec = {}, .document = *original};
  return {.spec = *original, .document = {}};
}

ModelConfig start_network(const RunConfig &config) {
  ModelConfig out;
  out.network = original_network(config.model.network);
  out.input = config.model.input;
  return out;
}

Design load_design_text(const NetworkText &network) { return load(network, {}); }

Design design_of(const ModelConfig &model) {
  Design out = load(model.network, {.input = model.input});
  if (model.substitution.empty()) return out;
  if (out.is_solved) throw Error(ErrorCode::kUsage, "--substitute", fmt::format("a solved file {}", what_is_settled(out)));
  out.plan.uniform = parse_substitute(model.substitution);
  out.substitution = model.substitution;
  return out;
}

Design teacher_design_of(const RunConfig &config) {
  const TeacherConfig &teacher = config.teacher.value();
  ModelConfig model;
  model.network = teacher.network;
  model.input = config.model.input;
  model.substitution = teacher.substitution;
  model.where_possible = teacher.where_possible;
  return design_of(model);
}

ChosenProtocol choose_protocol(const std::optional<std::string> &name,
                               const std::vector<std::pair<std::string, std::string>> &settings, std::string_view family,
                               const Shape &input, const std::string &kind) {
  ChosenProtocol chosen;
  Protocol &out = chosen.protocol;
  out = name ? find_protocol(*name) : default_protocol(kind, family);
  try {
    for (const auto &[key, value] : settings) {
      const std::string own = set_field(out, key, value);
      if (std::find(chosen.changed.begin(), chosen.changed.end(), own) != chosen.changed.end())
        throw Error(ErrorCode::kUsage, own, fmt::format("{} is set twice", own));
      for (const std::string &before : chosen.changed)
        if (before.starts_with(own + "."))
          throw Error(ErrorCode::kUsage, own, fmt::format("{} undoes {}; in front of it would be accepted", own, before));
      chosen.changed.push_back(own);
    }
    validate(out);
  } catch (const Error &error) {
    throw error.within("protocol");
  }

  if (out.data != kind)
    throw Error(ErrorCode::kInvalidConfig, "--protocol",
                fmt::format("protocol {} is for {} data, not {}: its mean and deviation are another's; a protocol for {}, or "
                            "--set data={} would be accepted",
                            out.name, out.data, kind, kind, kind));
  if (input.channels != 3 || input.height != out.augmentation.size || input.width != out.augmentation.size)
    throw Error(
        ErrorCode::kInvalidConfig, "--input",
        fmt::format("the network takes {} x {} x {} images, but protocol {} cuts them to 3 x {} x {}; --input 3,{},{} or --set "
                    "augmentation.size would make them fit",
                    input.channels, input.height, input.width, out.name, out.augmentation.size, out.augmentation.size,
                    out.augmentation.size, out.augmentation.size));
  return chosen;
}

std::string place_of(const std::string &file, const std::string &run_folder) {
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) return file;
  const std::string beside = fmt::format("{}/{}", run_folder, file);
  return std::filesystem::exists(beside, ignored) ? beside : file;
}

std::string parse_device(const std::string &where, std::string_view text) {
  constexpr std::array<std::string_view, 2> kKinds = {"cpu", "cuda"};
  const auto colon = text.find(':');
  const auto kind = find_name(text.substr(0, colon), kKinds);
  const bool is_cuda = kind && kKinds[*kind] == "cuda";
  if (!kind || (!is_cuda && colon != std::string_view::npos))
    throw Error(ErrorCode::kInvalidValue, where, fmt::format("device = {} must be cpu, cuda or cuda:N", plain(text)));
  if (!is_cuda) return "cpu";
  return fmt::format("cuda:{}", colon == std::string_view::npos ? 0 : read_whole(where, text.substr(colon + 1), 0, 1023));
}

std::string write_run(const RunFile &run) {
  Json out;
  out["schema"] = kSchema;
  visit_fields(run.config, [&](const RunField &field, const auto &value) { out[std::string(field.key)] = json_of(value); });
  if (run.config.model.substitution.empty()) out["substitution"] = nullptr;
  out["record"] = json::parse(run.record, json::Place("record"));
  return dumped(out, 2) + "\n";
}

RunFile read_run(std::string_view text, const std::string &where) {
  const json::Place place(where);
  const Json document = json::parse(text, place);
  json::Members members(document, place, kSchema);
  RunFile out;
  RunConfig &config = out.config;
  visit_fields(config, [&](const RunField &field, auto &value) {
    if (field.missing_before && members.find(field.key) == nullptr) return;
    if (field.key == "substitution" && members.at(field.key).is_null()) return;
    read(members, field, value);
  });
  in_place(members.place("data"), [&] { parse_data_spec(config.data); });
  in_place(members.place("device"), [&] { config.device = parse_device("device", config.device); });
  const Json &record = members.at("record");
  if (!record.is_object()) json::refuse(record, members.place("record"), "record", "an object");
  out.record = json::dumped(record);
  members.finish();
  return out;
}

std::optional<std::string> first_difference(const RunConfig &asked, const RunConfig &started) {
  const auto all = differences(asked, started, Effect::kResult);
  return all.empty() ? std::nullopt : std::optional(all.front());
}

std::vector<std::string> bit_differences(const RunConfig &asked, const RunConfig &started) {
  RunConfig same = asked;
  if (!same.threads) same.threads = started.threads; // not said
  std::vector<std::string> out = differences(same, started, Effect::kBits);
  for (std::string &line : out) line += ": it goes on, but not bit for bit as without the stop";
  return out;
}

void adopt(RunConfig &asked, const RunConfig &started) {
  const auto take = [](auto &value, const auto &from) {
    if (!value) value = from;
  };
  take(asked.threads, started.threads);
  take(asked.workers, started.workers);
  take(asked.checkpoint_every, started.checkpoint_every);
  // Files are compared by the digest that the run was started with: of before, it is another.
  const auto same_kind = [](auto &file, const auto &from) {
    if (file && from && kind_of_digest(file->checksum) != kind_of_digest(from->checksum))
      file->checksum = digest_of_file(file->file, kind_of_digest(from->checksum));
  };
  same_kind(asked.teacher, started.teacher);
  same_kind(asked.weights, started.weights);
  same_kind(asked.start, started.start);
}

} // namespace pare::train
