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

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
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

Json json_of(const NetworkText &network) {
  return network.document.empty() ? Json(network.spec) : json::parse(network.document, json::Place("network"));
}

template <class Value>
Json json_of(const std::optional<Value> &value) {
  return value ? Json(*value) : Json(nullptr);
}

NetworkText network_of(json::Members &members, std::string_view key) {
  const Json &value = members.at(key);
  if (value.is_object()) return {.spec = {}, .document = json::dumped(value)};
  return {.spec = members.text(key), .document = {}};
}

std::optional<std::int64_t> whole_or_none(json::Members &members, std::string_view key, std::int64_t least,
                                          std::int64_t most = INT64_MAX) {
  members.at(key);
  if (members.said(key) == nullptr) return std::nullopt;
  return members.whole(key, least, most);
}

/// Names of networks are long; documents would fill the screen.
std::string shown(const NetworkText &network) { return network.document.empty() ? network.spec : "a network from a file"; }

std::string shown(const Shape &input) { return fmt::format("{},{},{}", input.channels, input.height, input.width); }

struct Item {
  std::string key;
  std::string asked;
  std::string started;
  bool same; ///< the texts may be cut
};

std::string line(const Item &item) {
  return item.asked == item.started
             ? fmt::format("{} ({}) is not what the run was started with", item.key, item.asked)
             : fmt::format("{} = {}, but the run was started with {}", item.key, item.asked, item.started);
}

Item item(std::string key, std::string asked, std::string started) {
  const bool same = asked == started;
  return {std::move(key), std::move(asked), std::move(started), same};
}

std::string text_of(const std::optional<std::int64_t> &value) { return value ? std::to_string(*value) : "none"; }

} // namespace

NetworkText read_network_text(const std::string &argument) {
  if (const auto network = network_by_name(argument)) return {.spec = network->name, .document = {}};
  const std::string name = file_name(argument);
  const std::string text = read_text(argument, name);
  read_design(text, name); // a fault in it is the file's
  return {.spec = {}, .document = json::dumped(json::parse(text, json::Place(name)))};
}

NetworkText original_network(const NetworkText &network) {
  if (network.document.empty()) return network;
  const auto original = original_of_solved(network.document, "network");
  if (!original) return network;
  if (original->starts_with('{')) return {.spec = {}, .document = *original};
  return {.spec = *original, .document = {}};
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
  return load(config.teacher.value().network, {.input = config.model.input});
}

std::pair<std::string, std::string> parse_data_spec(const std::string &spec) {
  const auto colon = spec.find(':');
  const std::string kind = spec.substr(0, colon);
  // Folders of JPEG files go by either name.
  constexpr std::string_view kFolder = "folder";
  std::vector<std::string_view> kinds(kDataKinds.begin(), kDataKinds.end());
  kinds.push_back(kFolder);
  const auto known = find_name(kind, kinds);
  if (!known || colon == std::string::npos || colon + 1 == spec.size())
    throw Error(ErrorCode::kUsage, "--data",
                fmt::format("data = {} must be KIND:DIR with KIND one of {} (which {} means too){}", plain(spec),
                            fmt::join(kDataKinds, ", "), kFolder, known ? "" : did_you_mean(kind, kinds)));
  return {std::string(kinds[*known] == kFolder ? "imagenet" : kinds[*known]), spec.substr(colon + 1)};
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
  const RunConfig &config = run.config;
  Json out;
  out["schema"] = kSchema;
  out["network"] = json_of(config.model.network);
  out["input"] = {config.model.input.channels, config.model.input.height, config.model.input.width};
  out["substitution"] = config.model.substitution.empty() ? Json(nullptr) : Json(config.model.substitution);
  out["where_possible"] = config.model.where_possible;
  out["teacher"] = nullptr;
  if (const auto &teacher = config.teacher) {
    Json expected = nullptr;
    if (teacher->expected_error)
      expected = {{"percent", teacher->expected_error->percent}, {"tolerance", teacher->expected_error->tolerance}};
    out["teacher"] = {{"file", teacher->file},
                      {"checksum", teacher->checksum},
                      {"network", json_of(teacher->network)},
                      {"expected_error", std::move(expected)}};
  }
  out["weights"] = nullptr;
  if (config.weights) out["weights"] = {{"file", config.weights->file}, {"checksum", config.weights->checksum}};
  out["data"] = config.data;
  out["max_images"] = json_of(config.max_images);
  out["protocol"] = json::parse(write_protocol(config.protocol), json::Place("protocol"));
  out["seed"] = config.seed;
  out["device"] = config.device;
  out["precision"] = config.precision;
  out["channels_last"] = config.channels_last;
  out["micro_batch"] = json_of(config.micro_batch);
  out["threads"] = json_of(config.threads);
  out["workers"] = json_of(config.workers);
  out["checkpoint_every"] = json_of(config.checkpoint_every);
  out["on_bad_file"] = config.on_bad_file;
  out["max_steps"] = json_of(config.max_steps);
  out["record"] = json::parse(run.record, json::Place("record"));
  return dumped(out, 2) + "\n";
}

RunFile read_run(std::string_view text, const std::string &where) {
  const json::Place place(where);
  const Json document = json::parse(text, place);
  json::Members members(document, place, kSchema);
  RunFile out;
  RunConfig &config = out.config;
  config.model.network = network_of(members, "network");
  config.model.input = read_input_shape(members.at("input"), members.place("input"));
  members.at("substitution");
  if (members.said("substitution") != nullptr) config.model.substitution = members.text("substitution");
  config.model.where_possible = members.flag("where_possible");
  members.at("teacher");
  if (const Json *value = members.said("teacher")) {
    json::Members teacher(*value, members.place("teacher"));
    config.teacher = {.file = teacher.text("file"),
                      .checksum = teacher.text("checksum"),
                      .network = network_of(teacher, "network"),
                      .expected_error = {}};
    teacher.at("expected_error");
    if (const Json *error = teacher.said("expected_error")) {
      json::Members expected(*error, teacher.place("expected_error"));
      config.teacher->expected_error = {.percent = expected.real("percent"), .tolerance = expected.real("tolerance")};
      expected.finish();
    }
    teacher.finish();
  }
  members.at("weights");
  if (const Json *value = members.said("weights")) {
    json::Members weights(*value, members.place("weights"));
    config.weights = {.file = weights.text("file"), .checksum = weights.text("checksum")};
    weights.finish();
  }
  config.data = members.text("data");
  try {
    parse_data_spec(config.data);
  } catch (const Error &error) {
    members.place("data").fail(error.message());
  }
  if (members.find("max_images") != nullptr) config.max_images = whole_or_none(members, "max_images", 1); // of before: none
  config.protocol = read_protocol(members.at("protocol"), members.place("protocol"));
  config.seed = members.natural("seed");
  try {
    config.device = parse_device("device", members.text("device"));
  } catch (const Error &error) {
    members.place("device").fail(error.message());
  }
  config.precision = members.choice("precision", {"fp32", "tf32", "bf16"});
  config.channels_last = members.flag("channels_last");
  config.micro_batch = whole_or_none(members, "micro_batch", 1);
  config.threads = whole_or_none(members, "threads", 1, kMostThreads);
  config.workers = whole_or_none(members, "workers", 0, kMostThreads);
  config.checkpoint_every = whole_or_none(members, "checkpoint_every", 1);
  config.on_bad_file = members.choice("on_bad_file", {"fail", "skip"});
  config.max_steps = whole_or_none(members, "max_steps", 1);
  const Json &record = members.at("record");
  if (!record.is_object()) json::refuse(record, members.place("record"), "record", "an object");
  out.record = json::dumped(record);
  members.finish();
  return out;
}

std::optional<std::string> first_difference(const RunConfig &asked, const RunConfig &started) {
  std::vector<Item> items;
  const auto network = [&](std::string key, const NetworkText &a, const NetworkText &b) {
    items.push_back({std::move(key), shown(a), shown(b), a == b});
  };
  const auto text = [&](std::string key, const std::string &a, const std::string &b) {
    items.push_back(item(std::move(key), a.empty() ? "none" : a, b.empty() ? "none" : b));
  };
  const auto flag = [](bool value) { return std::string(value ? "on" : "off"); };

  network("network", asked.model.network, started.model.network);
  text("input", shown(asked.model.input), shown(started.model.input));
  // By whichever of its names: a run of before may have been given another.
  const std::string &a = asked.model.substitution;
  const std::string &b = started.model.substitution;
  text("substitute", a, !a.empty() && !b.empty() && parse_substitute(a) == parse_substitute(b) ? a : b);
  text("where-possible", flag(asked.model.where_possible), flag(started.model.where_possible));
  text("teacher", asked.teacher ? asked.teacher->checksum : "", started.teacher ? started.teacher->checksum : "");
  if (asked.teacher && started.teacher) network("teacher-network", asked.teacher->network, started.teacher->network);
  text("weights", asked.weights ? asked.weights->checksum : "", started.weights ? started.weights->checksum : "");
  // Where the data lies may change; whether it is the same is seen from its fingerprint.
  text("data", parse_data_spec(asked.data).first, parse_data_spec(started.data).first);
  text("max-images", text_of(asked.max_images), text_of(started.max_images));
  const auto fields = field_texts(started.protocol);
  for (const auto &[key, value] : field_texts(asked.protocol)) {
    if (key == "description" || key == "for_networks") continue;
    const auto other = std::find_if(fields.begin(), fields.end(),
                                    [&, name = std::string_view(key)](const auto &field) { return field.first == name; });
    text("protocol." + key, value, other == fields.end() ? "" : other->second);
  }
  text("seed", std::to_string(asked.seed), std::to_string(started.seed));
  text("precision", asked.precision, started.precision);
  text("micro-batch", text_of(asked.micro_batch), text_of(started.micro_batch));
  for (const Item &one : items)
    if (!one.same) return line(one);
  return std::nullopt;
}

std::vector<std::string> bit_differences(const RunConfig &asked, const RunConfig &started) {
  std::vector<std::string> out;
  const auto add = [&](const Item &one) {
    if (!one.same) out.push_back(line(one) + ": it goes on, but not bit for bit as without the stop");
  };
  add(item("device", asked.device, started.device));
  add(item("channels-last", asked.channels_last ? "on" : "off", started.channels_last ? "on" : "off"));
  if (asked.threads) add(item("threads", text_of(asked.threads), text_of(started.threads)));
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
}

} // namespace pare::train
