#include "train/plan/protocol.hpp"

#include "analysis/substitution.hpp"
#include "base/count.hpp"
#include "base/enums.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "base/values.hpp"
#include "train/plan/protocol_fields.hpp"
#include "train/plan/protocol_json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <type_traits>

namespace pare::train {

namespace {

using Json = json::Value;

using Texts = std::vector<std::string>;
using Triple = std::array<double, 3>;
using Switches = std::map<std::string, DecayScaling>;

/// A closed set of choices, with its table of names.
template <class T>
concept Choice = requires(T value) {
  table_of(value);
};

std::string known_protocols() {
  std::vector<std::string_view> out;
  for (const Protocol &protocol : protocols()) out.push_back(protocol.name);
  return fmt::format("{}", fmt::join(out, ", "));
}

constexpr std::string_view kScalings = "on, off or a number above 0";
bool is_scaling(double factor) { return std::isfinite(factor) && factor > 0; }

/// What a field accepts, in words.
std::string accepted(const Field &field, std::string_view number) {
  if (!field.choices.empty()) return fmt::format("one of {}", fmt::join(field.choices, ", "));
  std::string out(number);
  const auto bound = [&](double value, std::string_view with, std::string_view without, bool end) {
    if (std::isfinite(value)) out += fmt::format(" {} {}", end ? without : with, shortest(value));
  };
  bound(field.least, "from", "above", field.without_least);
  // The largest numbers are there for safety; nobody needs to read them.
  if (field.most < 1e9)
    bound(field.most, "up to", "below", field.without_most);
  else if (std::isfinite(field.least) && !field.without_least)
    out += " up";
  return out;
}

[[noreturn]] void reject(const Field &field, const std::string &value, std::string_view rule) {
  throw Error(ErrorCode::kInvalidValue, std::string(field.key),
              fmt::format("{} = {} must be {}{}", field.key, plain(value, 80), rule, did_you_mean(value, field.choices)));
}

bool within(const Field &field, double value) {
  return std::isfinite(value) && (field.without_least ? value > field.least : value >= field.least) &&
         (field.without_most ? value < field.most : value <= field.most);
}

// Values as text, as --set reads them.
std::string text_of(const std::string &value) { return value; }
std::string text_of(std::int64_t value) { return std::to_string(value); }
std::string text_of(double value) { return shortest(value); }
std::string text_of(bool value) { return value ? "on" : "off"; }
std::string text_of(const std::optional<double> &value) { return value ? shortest(*value) : "off"; }
template <Choice T>
std::string text_of(T value) {
  return std::string(name_of(table_of(value), value));
}
std::string text_of(const Milestones &value) {
  std::string out;
  for (const double milestone : value) out += (out.empty() ? "" : ",") + shortest(milestone);
  return out;
}
std::string text_of(const Texts &value) { return fmt::format("{}", fmt::join(value, ",")); }
std::string text_of(const DecayScaling &value) { return value.factor ? shortest(*value.factor) : text_of(value.on); }
std::string text_of(const Triple &value) {
  return fmt::format("{},{},{}", shortest(value[0]), shortest(value[1]), shortest(value[2]));
}

std::int64_t least_whole(const Field &field) {
  return std::isfinite(field.least) ? static_cast<std::int64_t>(field.least) : INT64_MIN;
}

// What is accepted, in words.
std::string accepts(const Field &field, const std::string &) { return field.choices.empty() ? "text" : accepted(field, ""); }
template <Choice T>
std::string accepts(const Field & /*field*/, T value) {
  return fmt::format("one of {}", fmt::join(names_of(table_of(value)), ", "));
}
std::string accepts(const Field &field, std::int64_t) { return accepted(field, "a whole number"); }
std::string accepts(const Field &field, double) { return accepted(field, "a number"); }
std::string accepts(const Field &, bool) { return "on or off"; }
std::string accepts(const Field &field, const std::optional<double> &) { return "off, or " + accepted(field, "a number"); }
constexpr std::string_view kMilestones = "whole numbers of epochs from 1 up, or shares of them above 0 and below 1, ascending";
std::string accepts(const Field & /*field*/, const Milestones &) {
  return std::string(kMilestones) + ", with commas between them";
}
std::string accepts(const Field &field, const Texts &) {
  return fmt::format("names with commas between them, each once, out of {}", fmt::join(field.choices, ", "));
}
std::string accepts(const Field &field, const Triple &) {
  return accepted(field, "three numbers") + ", with commas between them";
}
std::string accepts(const Field &, const Switches &) {
  return "on, off or a number above 0 for each family, such as decay_scaling.generic=off";
}

/// Of a whole number, for a value that is beyond the end which accepts() leaves out.
std::string both_ends(const Field &field) {
  return fmt::format("a whole number from {} to {}", least_whole(field),
                     field.most < 0x1p63 ? static_cast<std::int64_t>(field.most) : INT64_MAX);
}

// The same in a file, where values are JSON.
template <class Value>
std::string accepts_json(const Field &field, const Value &value) {
  return accepts(field, value);
}
std::string accepts_json(const Field &field, std::int64_t) { return both_ends(field); }
std::string accepts_json(const Field &field, const std::string &value) {
  return field.choices.empty() ? "text in quotes" : accepts(field, value);
}
std::string accepts_json(const Field &, bool) { return "true or false"; }
std::string accepts_json(const Field &field, const std::optional<double> &) {
  return "null, or " + accepted(field, "a number");
}
std::string accepts_json(const Field & /*field*/, const Milestones &) { return "a list of " + std::string(kMilestones); }
std::string accepts_json(const Field &field, const Texts &) {
  return fmt::format("a list of names in quotes, each once, out of {}", fmt::join(field.choices, ", "));
}
std::string accepts_json(const Field &field, const Triple &) { return "a list of " + accepted(field, "three numbers"); }
std::string accepts_json(const Field &, const Switches &) {
  return R"(true, false or a number above 0 for each family, such as {"generic": false})";
}

// Checks of one field.
void check(const Field &field, const std::string &value) {
  if (!field.choices.empty() && std::find(field.choices.begin(), field.choices.end(), value) == field.choices.end())
    reject(field, value, accepts(field, value));
}
void check(const Field &field, std::int64_t value) {
  if (within(field, static_cast<double>(value))) return;
  reject(field, text_of(value), value > 0 ? both_ends(field) : accepts(field, value));
}
void check(const Field &field, double value) {
  if (!within(field, value)) reject(field, text_of(value), accepts(field, value));
}
void check(const Field &, bool) {}
template <Choice T>
void check(const Field & /*field*/, T /*value*/) {}
void check(const Field &field, const std::optional<double> &value) {
  if (value && !within(field, *value)) reject(field, text_of(value), accepts(field, value));
}
void check(const Field &field, const Milestones &value) {
  const bool are_shares = !value.empty() && value[0] < 1;
  for (std::size_t i = 0; i < value.size(); ++i)
    if (!within(field, value[i]) || (i > 0 && value[i] <= value[i - 1]) ||
        (are_shares ? value[i] >= 1 : value[i] != std::floor(value[i])))
      reject(field, text_of(value), accepts(field, value));
}
void check(const Field &field, const Texts &value) {
  for (auto text = value.begin(); text != value.end(); ++text) {
    check(field, *text);
    if (std::find(value.begin(), text, *text) != text) reject(field, text_of(value), accepts(field, value));
  }
}
void check(const Field &field, const Triple &value) {
  for (const double x : value)
    if (!within(field, x)) reject(field, text_of(value), accepts(field, value));
}
void check(const Field &field, const Switches &value) {
  const Switches known = standard_decay_scaling();
  for (const auto &[family, on] : value)
    if (!known.contains(family)) {
      std::vector<std::string_view> names;
      for (const auto &[name, ignored] : known) names.emplace_back(name);
      throw Error(
          ErrorCode::kUnknownName, std::string(field.key),
          fmt::format("unknown family {}; known: {}{}", shown(family), fmt::join(names, ", "), did_you_mean(family, names)));
    } else if (on.factor && !is_scaling(*on.factor)) {
      reject(field, text_of(on), kScalings);
    }
}

Texts split(std::string_view text) {
  Texts out;
  while (!text.empty()) {
    const auto comma = text.find(',');
    out.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) out.emplace_back(); // "1," ends with an empty one
  }
  return out;
}

// From text.
void read(const Field &field, std::string_view text, std::string &out) {
  const auto found = find_name(text, field.choices);
  out = found ? field.choices[*found] : text;
  check(field, out);
}
template <Choice T>
void read(const Field &field, std::string_view text, T &out) {
  const auto value = find_value(table_of(out), text);
  if (!value) reject(field, std::string(text), accepts(field, out) + did_you_mean(text, names_of(table_of(out))));
  out = *value;
}
void read(const Field &field, std::string_view text, std::int64_t &out) {
  const auto whole = parse_whole(text);
  const bool beyond = !whole && !whole_rule(text, 0, INT64_MAX).ends_with(" up");
  if (!whole) reject(field, std::string(text), beyond ? both_ends(field) : accepts(field, out));
  out = *whole;
}
void read(const Field &field, std::string_view text, double &out) { out = read_real(std::string(field.key), text); }
void read(const Field &field, std::string_view text, bool &out) { out = read_switch(std::string(field.key), text); }
void read(const Field &field, std::string_view text, std::optional<double> &out) {
  if (folded(text) == "off")
    out.reset();
  else
    out = read_real(std::string(field.key), text);
}
void read(const Field &field, std::string_view text, Milestones &out) {
  out.clear();
  for (const std::string &part : split(text)) out.push_back(read_real(std::string(field.key), part));
}
void read(const Field &field, std::string_view text, Texts &out) {
  out.clear();
  for (const std::string &part : split(text)) read(field, part, out.emplace_back());
}
void read(const Field &field, std::string_view text, Triple &out) {
  const Texts parts = split(text);
  if (parts.size() != out.size()) reject(field, std::string(text), accepts(field, out));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = read_real(std::string(field.key), parts[i]);
}
DecayScaling read_scaling(const Field &field, std::string_view text) {
  if (const auto factor = parse_real(text)) {
    if (!is_scaling(*factor)) reject(field, std::string(text), kScalings);
    return DecayScaling(*factor);
  }
  constexpr std::array<std::string_view, 4> kWords = {"on", "off", "true", "false"};
  const auto word = find_name(text, kWords);
  if (!word) reject(field, std::string(text), kScalings);
  return *word % 2 == 0;
}
void read(const Field &field, std::string_view text, Switches &out) {
  const DecayScaling scaling = read_scaling(field, text);
  for (auto &[family, value] : out) value = scaling;
}

// To and from JSON. The type is checked here, the value by validate().
Json json_of(const std::optional<double> &value) { return value ? Json(*value) : Json(nullptr); }
Json json_of(const Milestones &value) {
  Json out = Json::array();
  for (const double milestone : value)
    out.push_back(milestone < 1 ? Json(milestone) : Json(static_cast<std::int64_t>(milestone)));
  return out;
}
Json json_of(const Switches &value) {
  Json out = Json::object();
  for (const auto &[family, scaling] : value) out[family] = scaling.factor ? Json(*scaling.factor) : Json(scaling.on);
  return out;
}
template <class Value>
Json json_of(const Value &value) {
  if constexpr (Choice<Value>)
    return name_of(table_of(value), value);
  else
    return Json(value);
}

bool read_json(const Json &value, std::string &out) {
  if (!value.is_string()) return false;
  out = value.get<std::string>();
  return true;
}
template <Choice T>
bool read_json(const Json &value, T &out) {
  const auto known = value.is_string() ? value_of(table_of(out), value.get_ref<const std::string &>()) : std::nullopt;
  out = known.value_or(out);
  return known.has_value();
}
bool read_json(const Json &value, std::int64_t &out) {
  const auto whole = json::as_whole(value);
  out = whole.value_or(0);
  return whole.has_value();
}
bool read_json(const Json &value, double &out) {
  if (!value.is_number()) return false;
  out = value.get<double>();
  return true;
}
bool read_json(const Json &value, bool &out) {
  if (!value.is_boolean()) return false;
  out = value.get<bool>();
  return true;
}
bool read_json(const Json &value, std::optional<double> &out) {
  if (value.is_null()) {
    out.reset();
    return true;
  }
  return read_json(value, out.emplace());
}
template <class Element>
bool read_json(const Json &value, std::vector<Element> &out) {
  if (!value.is_array()) return false;
  out.clear();
  for (const Json &element : value)
    if (!read_json(element, out.emplace_back())) return false;
  return true;
}
bool read_json(const Json &value, Triple &out) {
  if (!value.is_array() || value.size() != out.size()) return false;
  for (std::size_t i = 0; i < out.size(); ++i)
    if (!read_json(value[i], out[i])) return false;
  return true;
}
bool read_json(const Json &value, Switches &out) { // those that are not there keep their standard value
  if (!value.is_object()) return false;
  for (const auto &[family, scaling] : value.items()) {
    if (!scaling.is_boolean() && !scaling.is_number()) return false;
    out[family] = scaling.is_boolean() ? DecayScaling(scaling.get<bool>()) : DecayScaling(scaling.get<double>());
  }
  return true;
}

/// "augmentation.size" -> {"augmentation", "size"}; without a dot the first is empty.
std::pair<std::string, std::string> parts_of(std::string_view key) {
  const auto dot = key.find('.');
  if (dot == std::string_view::npos) return {"", std::string(key)};
  return {std::string(key.substr(0, dot)), std::string(key.substr(dot + 1))};
}

constexpr std::string_view kSchema = "pare.protocol/1";
constexpr std::size_t kMostBytes = std::size_t{16} << 20; ///< of a file: they have a kilobyte or two

/// A protocol in which every field that a file may leave out has its standard value.
Protocol standard_protocol() {
  Protocol out;
  out.decay_scaling = standard_decay_scaling();
  return out;
}

} // namespace

std::map<std::string, DecayScaling> standard_decay_scaling() {
  Switches out;
  for (const Substitution *family : substitutions())
    if (const SubstitutionInfo &info = family->info(); info.decay_scaled) out.emplace(info.name, *info.decay_scaled);
  return out;
}

Protocol find_protocol(const std::string &name) {
  std::vector<std::string_view> known;
  for (const Protocol &protocol : protocols()) known.emplace_back(protocol.name);
  const bool is_exact = std::find(known.begin(), known.end(), name) != known.end();
  if (is_exact || !names_file(name)) {
    if (const auto found = find_name(name, known)) return protocols()[*found];
    throw Error(ErrorCode::kUnknownName, "protocol",
                fmt::format("unknown protocol {}; known: {}, or a file (pare.protocol/1){}", shown(name), known_protocols(),
                            did_you_mean(name, known)));
  }
  const std::string where = file_name(name);
  Protocol own = read_protocol(read_text(name, where, kMostBytes), where);
  // Results are told apart by the name.
  for (const Protocol &protocol : protocols())
    if (const Texts changed = differences(own, protocol); protocol.name == own.name && !changed.empty())
      json::Place(where).member("name").fail(
          fmt::format("\"{}\" is a protocol that pare has, with other values ({}); another name would be accepted", own.name,
                      changed.front()));
  return own;
}

const Protocol &default_protocol(std::string_view kind, std::string_view family) {
  const Protocol *found = nullptr;
  std::size_t count = 0;
  for (const Protocol &protocol : protocols()) {
    const Texts &networks = protocol.for_networks;
    if (protocol.data != kind || std::find(networks.begin(), networks.end(), family) == networks.end()) continue;
    found = &protocol;
    ++count;
  }
  if (count != 1)
    throw Error(ErrorCode::kUsage, "--protocol",
                fmt::format("must be given, as {} has no protocol of its own on {} data: {}, or a file (pare.protocol/1)",
                            family.empty() ? std::string("a network from a file") : fmt::format("a network of {}", family),
                            kind, known_protocols()));
  return *found;
}

std::vector<std::int64_t> milestone_epochs(const Protocol &protocol) {
  std::vector<std::int64_t> out;
  const auto epochs = static_cast<double>(protocol.epochs);
  constexpr double kRounding = 1e-9; // 0.3 of 10 is 3
  for (const double milestone : protocol.schedule.milestones)
    out.push_back(static_cast<std::int64_t>(milestone < 1 ? std::ceil(milestone * epochs * (1 - kRounding)) : milestone));
  return out;
}

namespace {

/// 1 / n, 2 / n ... 1 in epochs 0, 1 ... of a rise that takes n.
double rise(std::int64_t epochs, std::int64_t epoch) {
  return epoch < epochs ? static_cast<double>(epoch + 1) / static_cast<double>(epochs) : 1;
}

double scheduled_rate(const Protocol &protocol, std::int64_t epoch) {
  if (protocol.schedule.kind == ScheduleKind::kCosine)
    return protocol.learning_rate / 2 *
           (1 + std::cos(std::numbers::pi * static_cast<double>(epoch) / static_cast<double>(protocol.epochs)));
  double rate = protocol.learning_rate;
  for (const std::int64_t milestone : milestone_epochs(protocol))
    if (milestone <= epoch) rate *= protocol.schedule.factor;
  return rate;
}

} // namespace

double learning_rate(const Protocol &protocol, std::int64_t epoch) {
  return scheduled_rate(protocol, epoch) * rise(protocol.warmup_epochs, epoch);
}

double distillation_weight(const Protocol &protocol) { return protocol.distillation_weight.value_or(protocol.alpha); }
double cross_entropy_weight(const Protocol &protocol) {
  return distils(protocol) ? protocol.cross_entropy_weight.value_or(1 - protocol.alpha) : 1;
}
bool distils(const Protocol &protocol) { return distillation_weight(protocol) > 0 || protocol.beta > 0; }

double distillation_ramp(const Protocol &protocol, std::int64_t epoch) {
  return rise(protocol.distillation_ramp_epochs, epoch);
}

double drop_path_probability(const Protocol &protocol, std::int64_t epoch) {
  return protocol.drop_path * static_cast<double>(epoch) / static_cast<double>(protocol.epochs);
}

void validate(const Protocol &protocol) {
  if (protocol.name.empty()) throw Error(ErrorCode::kInvalidValue, "name", "name must not be empty");
  visit_fields(protocol, [](const Field &field, const auto &value) { check(field, value); });
  const Augmentation &a = protocol.augmentation;
  if (a.evaluation == EvaluationCrop::kResizeCrop && a.evaluation_resize < a.size)
    throw Error(
        ErrorCode::kInvalidValue, "augmentation.evaluation_resize",
        fmt::format("augmentation.evaluation_resize = {} must be at least augmentation.size = {}, which is cut out of it",
                    a.evaluation_resize, a.size));
  if (protocol.nesterov && protocol.momentum == 0)
    throw Error(ErrorCode::kInvalidValue, "nesterov", "nesterov = on must have a momentum above 0, and momentum = 0");
  if (a.cutout > a.size)
    throw Error(ErrorCode::kInvalidValue, "augmentation.cutout",
                fmt::format("augmentation.cutout = {} must be at most augmentation.size = {}", a.cutout, a.size));
}

std::string set_field(Protocol &protocol, const std::string &key, std::string_view value) {
  std::vector<std::string_view> known;
  std::vector<std::string> of_families; // decay_scaling.generic
  visit_fields(protocol, [&](const Field &field, const auto &member) {
    known.emplace_back(field.key);
    if constexpr (std::is_same_v<std::decay_t<decltype(member)>, Switches>)
      for (const auto &[family, on] : standard_decay_scaling()) of_families.push_back(fmt::format("{}.{}", field.key, family));
  });
  std::vector<std::string_view> all = known;
  all.insert(all.end(), of_families.begin(), of_families.end());
  const auto named = find_name(key, all);
  const std::string own = named ? std::string(all[*named]) : key;
  bool found = false;
  visit_fields(protocol, [&](const Field &field, auto &member) {
    if (field.key == own) {
      read(field, value, member);
      check(field, member);
      found = true;
    }
    if constexpr (std::is_same_v<std::decay_t<decltype(member)>, Switches>)
      if (const std::string prefix = std::string(field.key) + "."; own.starts_with(prefix)) {
        Switches changed = member;
        Field entry = field;
        entry.key = own;
        changed[own.substr(prefix.size())] = read_scaling(entry, value);
        check(field, changed);
        member = std::move(changed);
        found = true;
      }
  });
  if (found) return own;
  visit_fields(protocol, [&](const Field &field, const auto &) {
    if (find_name(key, field.elsewhere))
      throw Error(ErrorCode::kUnknownName, key, fmt::format("unknown key {}; did you mean {}?", shown(key), field.key));
  });
  throw Error(ErrorCode::kUnknownName, key,
              fmt::format("unknown key {}; known: {}{}", shown(key), fmt::join(known, ", "), did_you_mean(key, all)));
}

std::optional<std::string> without_effect(const Protocol &protocol, std::string_view key) {
  const Augmentation &a = protocol.augmentation;
  const auto needs = [&](std::string_view other, auto value, decltype(value) needed) -> std::optional<std::string> {
    if (value == needed) return std::nullopt;
    return fmt::format("{} has no effect with {} = {}; {} = {} would use it", key, other, text_of(value), other,
                       text_of(needed));
  };
  if (key == "schedule.milestones" || key == "schedule.factor")
    return needs("schedule.kind", protocol.schedule.kind, ScheduleKind::kStep);
  if (key == "augmentation.pad") return needs("augmentation.kind", a.kind, Crop::kPadCrop);
  if (key == "augmentation.evaluation_resize")
    return needs("augmentation.evaluation", a.evaluation, EvaluationCrop::kResizeCrop);
  if ((key == "temperature" || key == "distillation") && distillation_weight(protocol) == 0)
    return fmt::format("{} has no effect with {} = 0; one above 0 would use it", key,
                       protocol.distillation_weight ? "distillation_weight" : "alpha");
  if ((key == "attention" || key == "attention_resize") && protocol.beta == 0)
    return fmt::format("{} has no effect with beta = 0; a beta above 0 would use it", key);
  if (key == "alpha" && protocol.distillation_weight && protocol.cross_entropy_weight)
    return "alpha has no effect beside distillation_weight and cross_entropy_weight; without one of them it would have";
  if ((key == "distillation_ramp_epochs" || key == "cross_entropy_weight") && !distils(protocol))
    return fmt::format("{} has no effect where nothing is learned from a teacher; an alpha or beta above 0 would use it", key);
  return std::nullopt;
}

std::optional<std::string> without_effect_alone(std::string_view key) {
  constexpr std::array<std::string_view, 9> kOfTeachers = {"alpha",
                                                           "beta",
                                                           "temperature",
                                                           "attention",
                                                           "attention_resize",
                                                           "distillation",
                                                           "distillation_weight",
                                                           "cross_entropy_weight",
                                                           "distillation_ramp_epochs"};
  if (std::find(kOfTeachers.begin(), kOfTeachers.end(), key) == kOfTeachers.end()) return std::nullopt;
  return fmt::format("{} has no effect without a teacher; a teacher would use it", key);
}

std::vector<std::string> remarks(const Protocol &protocol) {
  Texts out;
  const auto not_over = [&](std::string_view key, std::int64_t epochs, const std::string &what) {
    if (epochs > protocol.epochs)
      out.push_back(fmt::format("{} {} are not over in {} epochs: {}", key, epochs, protocol.epochs, what));
  };
  not_over("warmup_epochs", protocol.warmup_epochs,
           fmt::format("the learning rate never comes to {}", shortest(protocol.learning_rate)));
  not_over("distillation_ramp_epochs", protocol.distillation_ramp_epochs,
           "what compares with the teacher never comes to its weight");
  // The norm of a map's difference, about 0.7 at first, weighs as its square averaged over 64 to 1024 positions does times 11
  // to 0.7 of a thousand.
  constexpr double kLargeForPaper = 100;
  if (protocol.attention == AttentionForm::kPaper && protocol.beta > kLargeForPaper)
    out.push_back(fmt::format(
        "attention = paper with beta = {}: a norm of each image's map, and no mean over its positions, weighs as much "
        "with a beta of 1 to 10 as the reference's with 1000",
        shortest(protocol.beta)));
  if (protocol.schedule.kind != ScheduleKind::kStep) return out;
  std::vector<std::int64_t> late;
  for (const std::int64_t milestone : milestone_epochs(protocol))
    if (milestone >= protocol.epochs) late.push_back(milestone);
  if (!late.empty())
    out.push_back(fmt::format("schedule.milestones {} are not reached in {} epochs: the learning rate does not fall there",
                              fmt::join(late, ", "), protocol.epochs));
  return out;
}

std::vector<std::pair<std::string, std::string>> field_texts(const Protocol &protocol) {
  std::vector<std::pair<std::string, std::string>> out;
  visit_fields(protocol, [&](const Field &field, const auto &value) {
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, Switches>)
      for (const auto &[family, on] : value) out.emplace_back(fmt::format("{}.{}", field.key, family), text_of(on));
    else
      out.emplace_back(field.key, text_of(value));
  });
  return out;
}

std::vector<std::string> differences(const Protocol &a, const Protocol &b) {
  Texts out;
  const auto of_a = field_texts(a);
  const auto of_b = field_texts(b);
  for (const auto &[key, value] : of_a) {
    if (key == "name" || key == "description" || key == "for_networks") continue;
    const auto other = std::find_if(of_b.begin(), of_b.end(),
                                    [&, name = std::string_view(key)](const auto &field) { return field.first == name; });
    const std::string otherwise = other == of_b.end() ? "missing" : other->second;
    if (value != otherwise) out.push_back(fmt::format("{} = {}, not {}", key, value, otherwise));
  }
  return out;
}

std::vector<FieldDescription> describe_protocol_fields() {
  std::vector<FieldDescription> out;
  const Protocol standard = standard_protocol();
  visit_fields(standard, [&](const Field &field, const auto &value) {
    FieldDescription description{
        std::string(field.key), {}, accepts(field, value), std::string(field.description), field.elsewhere};
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, Switches>) {
      Texts off;
      for (const auto &[family, on] : value)
        if (!on) off.push_back(family);
      description.standard = fmt::format("on, but off for {}", fmt::join(off, ", "));
    } else if (!field.required) {
      description.standard = text_of(value);
    }
    out.push_back(std::move(description));
  });
  return out;
}

std::string write_protocol(const Protocol &protocol) {
  Json out;
  out["schema"] = kSchema;
  const Protocol standard = standard_protocol();
  std::map<std::string_view, Json> usual; // of what is left out then
  visit_fields(standard, [&](const Field &field, const auto &value) {
    if (field.omitted) usual.emplace(field.key, json_of(value));
  });
  visit_fields(protocol, [&](const Field &field, const auto &value) {
    if (const auto known = usual.find(field.key); known != usual.end() && known->second == json_of(value)) return;
    const auto [group, name] = parts_of(field.key);
    (group.empty() ? out[name] : out[group][name]) = json_of(value);
  });
  return out.dump(2) + "\n";
}

Protocol read_protocol(std::string_view text, const std::string &where) {
  const json::Place place(where);
  return read_protocol(json::parse(text, place), place);
}

Protocol read_protocol(const Json &document, const json::Place &place) {
  json::Members top(document, place, kSchema);
  std::map<std::string, json::Members> groups;
  Protocol out = standard_protocol();
  visit_fields(out, [&](const Field &field, auto &value) {
    const auto [group, name] = parts_of(field.key);
    json::Members *members = &top;
    if (!group.empty()) {
      const auto found = groups.find(group);
      members = found != groups.end() ? &found->second
                                      : &groups.emplace(group, json::Members(top.at(group), top.place(group))).first->second;
    }
    const Json *given = field.required ? &members->at(name) : members->find(name);
    if (given != nullptr && !read_json(*given, value))
      json::refuse(*given, members->place(name), field.key,
                   accepts_json(field, value)
                       .append(std::is_same_v<std::decay_t<decltype(value)>, std::int64_t> ? json::in_digits(*given)
                                                                                           : std::string_view()));
  });
  top.finish();
  for (const auto &[name, members] : groups) members.finish();
  try {
    validate(out);
  } catch (const Error &error) {
    // The field's key is its path in the file.
    json::Place at = place;
    for (std::string_view rest = error.where(); !rest.empty();) {
      const std::string_view step = rest.substr(0, rest.find('.'));
      at = at.member(step);
      rest.remove_prefix(std::min(step.size() + 1, rest.size()));
    }
    at.fail(error.message());
  }
  return out;
}

} // namespace pare::train
