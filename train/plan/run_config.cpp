#include "train/plan/run_config.hpp"

#include "analysis/error.hpp"
#include "analysis/network_file.hpp"
#include "analysis/text_file.hpp"
#include "command/values.hpp"
#include "train/plan/json_fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <initializer_list>

namespace pare::train {

namespace {

using json::Json;

constexpr std::string_view kSchema = "pare.run/1";
constexpr std::string_view kSolved = "pare.solved/";

/// JSON has UTF-8 only, and names of files may be anything.
std::string dumped(const Json &document, int indent) {
  try {
    return document.dump(indent);
  } catch (const nlohmann::json::exception &) {
    throw Error(ErrorCode::kInvalidValue, "run.json", "a name is not UTF-8, which JSON needs; one that is would be accepted");
  }
}

bool is_solved(const Json &document) {
  if (!document.is_object()) return false;
  const auto schema = document.find("schema");
  return schema != document.end() && schema->is_string() && schema->get<std::string>().starts_with(kSolved);
}

Design load(const NetworkText &network, const Shape &input) {
  const NetworkOptions options{.input = input};
  if (network.document.empty()) return {.network = make_network(network.spec, options), .plan = {}, .substitution = {}};
  if (is_solved(json::parse(network.document, "network"))) return read_solved(network.document, "network", options);
  NetworkFile file = read_network(network.document, "network", options.input);
  Design out{.network = {}, .plan = {}, .substitution = {}};
  out.network.name = file.name;
  out.network.graph = std::move(file.graph);
  out.network.input = out.network.graph.input_shape();
  return out;
}

Json json_of(const NetworkText &network) {
  return network.document.empty() ? Json(network.spec) : json::parse(network.document, "network");
}

template <class Value>
Json json_of(const std::optional<Value> &value) {
  return value ? Json(*value) : Json(nullptr);
}

NetworkText network_of(json::Members &members, std::string_view key) {
  const Json &value = members.at(key);
  if (value.is_object()) return {.spec = {}, .document = value.dump()};
  return {.spec = members.text(key), .document = {}};
}

/// Null means that it was not said.
const Json *said(json::Members &members, std::string_view key) {
  const Json &value = members.at(key);
  return value.is_null() ? nullptr : &value;
}

std::optional<std::int64_t> whole_or_none(json::Members &members, std::string_view key, std::int64_t least) {
  if (said(members, key) == nullptr) return std::nullopt;
  return members.whole(key, least);
}

std::string choice(json::Members &members, std::string_view key, std::initializer_list<std::string_view> choices) {
  const std::string text = members.text(key);
  if (std::find(choices.begin(), choices.end(), text) == choices.end())
    json::fail(members.place(key), fmt::format("{} = {} must be one of {}", key, text, fmt::join(choices, ", ")));
  return text;
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
  const Design design = load_design(argument);
  if (!design.is_solved && !design.network.from_file()) return {.spec = design.network.name, .document = {}};
  return {.spec = {}, .document = json::parse(read_text(argument, argument), argument).dump()};
}

NetworkText original_network(const NetworkText &network) {
  if (network.document.empty()) return network;
  const Json document = json::parse(network.document, "network");
  if (!is_solved(document)) return network;
  json::Members members(document, "network");
  if (const Json *original = members.find("original"); original != nullptr && original->is_string())
    return {.spec = original->get<std::string>(), .document = {}};
  return network_of(members, "network");
}

Design design_of(const ModelConfig &model) {
  Design out = load(model.network, model.input);
  if (model.substitution.empty()) return out;
  if (out.is_solved)
    throw Error(ErrorCode::kUsage, "--substitute",
                "a solved file has substitutes of its own; a network without would be accepted");
  out.plan.uniform = parse_substitute(model.substitution);
  out.substitution = model.substitution;
  return out;
}

Design teacher_design_of(const RunConfig &config) { return load(config.teacher.value().network, config.model.input); }

std::pair<std::string, std::string> parse_data_spec(const std::string &spec) {
  const auto colon = spec.find(':');
  std::string kind = spec.substr(0, colon);
  if (kind == "folder") kind = "imagenet";
  const bool known = std::find(kDataKinds.begin(), kDataKinds.end(), kind) != kDataKinds.end();
  if (!known || colon == std::string::npos || colon + 1 == spec.size())
    throw Error(ErrorCode::kUsage, "--data",
                fmt::format("data = {} must be KIND:DIR with KIND one of {}, folder", spec, fmt::join(kDataKinds, ", ")));
  return {kind, spec.substr(colon + 1)};
}

std::string parse_device(const std::string &where, std::string_view text) {
  if (text == "cpu") return "cpu";
  if (text == "cuda") return "cuda:0";
  constexpr std::string_view kPrefix = "cuda:";
  if (!text.starts_with(kPrefix))
    throw Error(ErrorCode::kInvalidValue, where, fmt::format("device = {} must be cpu, cuda or cuda:N", text));
  return fmt::format("{}{}", kPrefix, cli::read_whole(where, text.substr(kPrefix.size()), 0, 1023));
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
  out["protocol"] = json::parse(write_protocol(config.protocol), "protocol");
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
  out["record"] = json::parse(run.record, "record");
  return dumped(out, 2) + "\n";
}

RunFile read_run(std::string_view text, const std::string &where) {
  const Json document = json::parse(text, where);
  json::Members members(document, where);
  if (const Json *schema = members.find("schema"); schema == nullptr || *schema != kSchema)
    json::fail(where + "/schema", fmt::format("\"schema\": \"{}\" is expected", kSchema));
  RunFile out;
  RunConfig &config = out.config;
  config.model.network = network_of(members, "network");
  const Json &input = members.at("input");
  std::array<std::int64_t, 3> sizes{};
  bool is_input = input.is_array() && input.size() == sizes.size();
  for (std::size_t i = 0; is_input && i < sizes.size(); ++i) {
    // An unsigned number beyond 2^63 would be read as a negative one, which is refused as well.
    is_input = input[i].is_number_integer() && input[i].get<std::int64_t>() >= 1;
    if (is_input) sizes[i] = input[i].get<std::int64_t>();
  }
  if (!is_input) json::fail(where + "/input", "\"input\" must be [channels, height, width], whole numbers from 1 up");
  config.model.input = {.batch = 1, .channels = sizes[0], .height = sizes[1], .width = sizes[2]};
  if (said(members, "substitution") != nullptr) config.model.substitution = members.text("substitution");
  config.model.where_possible = members.flag("where_possible");
  if (const Json *value = said(members, "teacher")) {
    json::Members teacher(*value, members.place("teacher"));
    config.teacher = {.file = teacher.text("file"),
                      .checksum = teacher.text("checksum"),
                      .network = network_of(teacher, "network"),
                      .expected_error = {}};
    if (const Json *error = said(teacher, "expected_error")) {
      json::Members expected(*error, teacher.place("expected_error"));
      config.teacher->expected_error = {.percent = expected.real("percent"), .tolerance = expected.real("tolerance")};
      expected.finish();
    }
    teacher.finish();
  }
  if (const Json *value = said(members, "weights")) {
    json::Members weights(*value, members.place("weights"));
    config.weights = {.file = weights.text("file"), .checksum = weights.text("checksum")};
    weights.finish();
  }
  config.data = members.text("data");
  try {
    parse_data_spec(config.data);
  } catch (const Error &error) {
    json::fail(members.place("data"), error.message());
  }
  config.protocol = read_protocol(members.at("protocol").dump(), members.place("protocol"));
  config.seed = members.natural("seed");
  try {
    config.device = parse_device("device", members.text("device"));
  } catch (const Error &error) {
    json::fail(members.place("device"), error.message());
  }
  config.precision = choice(members, "precision", {"fp32", "tf32", "bf16"});
  config.channels_last = members.flag("channels_last");
  config.micro_batch = whole_or_none(members, "micro_batch", 1);
  config.threads = whole_or_none(members, "threads", 1);
  config.workers = whole_or_none(members, "workers", 0);
  config.checkpoint_every = whole_or_none(members, "checkpoint_every", 1);
  config.on_bad_file = choice(members, "on_bad_file", {"fail", "skip"});
  config.max_steps = whole_or_none(members, "max_steps", 1);
  const Json &record = members.at("record");
  if (!record.is_object()) json::fail(members.place("record"), "\"record\" must be an object");
  out.record = record.dump();
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
  text("substitute", asked.model.substitution, started.model.substitution);
  text("where-possible", flag(asked.model.where_possible), flag(started.model.where_possible));
  text("teacher", asked.teacher ? asked.teacher->checksum : "", started.teacher ? started.teacher->checksum : "");
  if (asked.teacher && started.teacher) network("teacher-network", asked.teacher->network, started.teacher->network);
  text("weights", asked.weights ? asked.weights->checksum : "", started.weights ? started.weights->checksum : "");
  // Where the data lies may change; whether it is the same is seen from its fingerprint.
  text("data", parse_data_spec(asked.data).first, parse_data_spec(started.data).first);
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
}

} // namespace pare::train
