#include "models/network.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "base/values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <utility>

namespace pare {

#define PARE_NETWORK(name) const NetworkFamily &network_##name();
#include "models/list.def"
#undef PARE_NETWORK

std::span<const NetworkFamily *const> network_families() {
  static const std::array all = {
#define PARE_NETWORK(name) &network_##name(),
#include "models/list.def"
#undef PARE_NETWORK
  };
  return all;
}

namespace {

std::string known_names() {
  std::vector<std::string_view> out;
  for (const NetworkFamily *family : network_families()) {
    for (const ShortName &name : family->info().short_names) out.push_back(name.name);
    out.push_back(family->info().name);
  }
  return fmt::format("{}", fmt::join(out, ", "));
}

/// The value of a capital of a short name where it is not said: its key's own.
std::string_view standard_of(char letter, const ShortName &name, const NetworkInfo &info) {
  for (const NetworkKeyInfo &key : info.keys)
    if (name.values.find(fmt::format("{}={}", key.name, letter)) != std::string_view::npos) return key.standard;
  return {};
}

/// A short name with the numbers that stand in another name in place of its capitals: "resnt-50" makes "resnet-50" of
/// "resnet-D". Those that are missing behind the first have their standard value: "wrn-28" makes "wrn-28-10". Empty where there
/// is no number.
std::string with_numbers_of(std::string_view name, const ShortName &short_name, const NetworkInfo &info) {
  constexpr std::string_view kNumber = "0123456789.";
  std::string out;
  bool has_number = false;
  for (const char c : short_name.name) {
    if (std::isupper(static_cast<unsigned char>(c)) == 0) {
      out += c;
      continue;
    }
    name.remove_prefix(std::min(name.find_first_of(kNumber), name.size()));
    std::string_view number = name.substr(0, name.find_first_not_of(kNumber));
    name.remove_prefix(number.size());
    if (number.empty() && has_number) number = standard_of(c, short_name, info);
    if (number.empty()) return {};
    has_number = true;
    out += number;
  }
  return out;
}

/// Whether there is a network of that name: of what is made with another's numbers not all are.
bool is_network(std::string_view name) {
  try {
    make_network(name);
    return true;
  } catch (const Error &) {
    return false;
  }
}

[[noreturn]] void unknown(std::string_view name) {
  std::vector<std::string> known;
  for (const NetworkFamily *family : network_families()) {
    for (const ShortName &short_name : family->info().short_names)
      if (std::string own = with_numbers_of(name, short_name, family->info()); !own.empty()) known.push_back(std::move(own));
    known.emplace_back(family->info().name);
  }
  const std::vector<std::string_view> views(known.begin(), known.end());
  const auto nearest = nearest_name(name, views);
  throw Error(ErrorCode::kUnknownName, "network",
              fmt::format("unknown network {}; known: {}, or a file (pare.network/1 or pare.solved/1){}", shown(name),
                          known_names(), nearest && is_network(*nearest) ? did_you_mean(name, views) : ""));
}

constexpr std::size_t kMostValueBytes = std::size_t{16} << 20; ///< of a value from a file: a genotype has one kilobyte

/// Matches "wrn-28-10" against "wrn-D-K"; the values of the capitals.
std::optional<std::map<char, std::string>> match(std::string_view text, std::string_view pattern) {
  std::map<char, std::string> out;
  std::size_t at = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (std::isupper(static_cast<unsigned char>(pattern[i])) == 0) {
      if (at >= text.size() || text[at++] != pattern[i]) return std::nullopt;
      continue;
    }
    const char stop = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    std::string value;
    while (at < text.size() && text[at] != stop) value += text[at++];
    if (value.empty() || (std::isdigit(static_cast<unsigned char>(value[0])) == 0 && value[0] != '.')) return std::nullopt;
    out[pattern[i]] = value;
  }
  if (at != text.size()) return std::nullopt;
  return out;
}

/// Splits "a=1,b=[1,2],c=@file" at the commas that are outside brackets and strings.
std::vector<std::string_view> split(std::string_view options, const std::string &where) {
  int depth = 0;
  std::vector<std::string_view> out = split_outside_brackets(options, depth);
  if (depth != 0)
    throw Error(ErrorCode::kInvalidValue, where,
                fmt::format("in {} a bracket is {}; a value that has a [, {{ or ( must have its partner", shown(options),
                            depth < 0 ? "closed that was not opened" : "not closed"));
  return out;
}

} // namespace

const NetworkFamily &find_network_family(std::string_view name) {
  for (const NetworkFamily *family : network_families())
    if (family->info().name == name) return *family;
  unknown(name);
}

NetworkSpec parse_network_spec(std::string_view spec, Names names) {
  const auto colon = spec.find(':');
  const std::string_view head = spec.substr(0, colon);
  const NetworkFamily *family = nullptr;
  NetworkValues values;
  const auto look = [&](bool exact, bool as_written) {
    const std::string asked = as_written ? std::string(head) : folded(head);
    for (const NetworkFamily *candidate : network_families()) {
      const auto known = [&](std::string_view name) { return as_written ? std::string(name) : folded(name, true); };
      if (family != nullptr) return;
      if (exact && known(candidate->info().name) == asked) family = candidate;
      for (const ShortName &name : candidate->info().short_names) {
        const std::string pattern = known(name.name);
        if (family != nullptr || exact != (pattern == asked)) continue;
        const auto found = match(asked, pattern);
        if (!found) continue;
        family = candidate;
        if (name.values.empty()) continue;
        for (std::string_view pair : split(name.values, "")) {
          const auto equals = pair.find('=');
          const std::string_view value = pair.substr(equals + 1);
          const auto letter = found->find(value[0]);
          values[std::string(pair.substr(0, equals))] = letter != found->end() ? letter->second : std::string(value);
        }
      }
    }
  };
  // Exact short names before patterns: wrn-50-2 is not a wide_resnet of depth 50.
  for (const bool as_written : {true, false})
    for (const bool exact : {true, false})
      if (family == nullptr && (as_written || names == Names::kFolded)) look(exact, as_written);
  if (family == nullptr) unknown(head);
  if (colon == std::string_view::npos) return {.family = family, .values = values};

  const NetworkInfo &info = family->info();
  const std::string where(info.name);
  NetworkValues given;
  NetworkSpec out{.family = family, .values = {}};
  for (std::string_view pair : split(spec.substr(colon + 1), where)) {
    const auto equals = pair.find('=');
    std::string key(pair.substr(0, equals));
    std::vector<std::string_view> keys;
    for (const NetworkKeyInfo &k : info.keys) keys.push_back(k.name);
    const auto found = find_name(key, keys);
    if (equals == std::string_view::npos)
      throw Error(ErrorCode::kInvalidValue, where,
                  fmt::format("{} must be key=value; keys: {}", shown(pair), fmt::join(keys, ", ")));
    if (!found)
      throw Error(ErrorCode::kUnknownName, where,
                  fmt::format("unknown key {}; known: {}{}", shown(key), fmt::join(keys, ", "), did_you_mean(key, keys)));
    key = keys[*found];
    if (given.contains(key))
      throw Error(ErrorCode::kInvalidValue, where + "/" + key, fmt::format("key {} is given twice", key));
    std::string value(pair.substr(equals + 1));
    const auto &choices = info.keys[*found].choices;
    if (const auto choice = find_name(value, choices)) value = choices[*choice];
    if (value.starts_with('@')) {
      const std::string path = value.substr(1);
      value = read_text(path, where + "/" + key, kMostValueBytes);
      out.files[key] = file_name(path);
    }
    given[key] = value;
  }
  for (const auto &[key, value] : given) values[key] = value;
  out.values = std::move(values);
  return out;
}

namespace {

/// Numbers as they are canonically written: 28, 0.5; other values as they are.
std::string canonical_number(const std::string &text) {
  if (const auto whole = parse_whole(text)) return std::to_string(*whole);
  if (const auto real = parse_real(text)) return shortest(*real);
  return text;
}

} // namespace

std::string canonical_spec(const NetworkFamily &family, const NetworkValues &values) {
  const NetworkInfo &info = family.info();
  std::vector<std::string> options;
  for (const NetworkKeyInfo &key : info.keys) {
    const auto given = values.find(key.name);
    std::string value(key.standard);
    if (given != values.end())
      value = key.canonical != nullptr ? key.canonical(given->second, fmt::format("{}/{}", info.name, key.name))
                                       : canonical_number(given->second);
    if (key.always_written || value != key.standard) options.push_back(fmt::format("{}={}", key.name, value));
  }
  return options.empty() ? std::string(info.name) : fmt::format("{}:{}", info.name, fmt::join(options, ","));
}

namespace {

void mark_linear_layers(Graph &graph) {
  for (NodeId id = 0; id < graph.node_count(); ++id)
    if (std::holds_alternative<Linear>(graph.node(id).op) && !graph.layer(graph.node(id).layer).shares)
      graph.mark_replaceable(id, Baseline::kLinear);
}

} // namespace

Network make_network(const NetworkFamily &family, const NetworkValues &values, const NetworkOptions &options) {
  const Shape input = options.input.apply(family.info().input);
  Network network{.family = &family, .values = values, .name = canonical_spec(family, values), .input = input, .graph = {}};
  network.graph = family.build(values, input);
  const spec::Reader read(family.info(), values);
  const std::string replace = read.text(kReplaceLinear); // empty where the family has no such key
  if (replace == "yes")
    mark_linear_layers(network.graph);
  else if (!replace.empty() && replace != "no")
    read.fail(kReplaceLinear, "yes or no");
  return network;
}

Network make_network(const NetworkSpec &spec, const NetworkOptions &options) {
  try {
    return make_network(*spec.family, spec.values, options);
  } catch (const Error &error) {
    for (const auto &[key, file] : spec.files)
      if (const std::string value = fmt::format("{}/{}", spec.family->info().name, key);
          error.where() == value || error.where().starts_with(value + "/") || error.where().starts_with(value + " "))
        throw Error(ErrorCode::kInvalidFile, file + error.where().substr(value.size()), error.message());
    throw;
  }
}

Network make_network(NetworkFile file) {
  if (file.width != FileWidth{}) {
    const FileWidth width = std::exchange(file.width, {});
    const auto layers = std::make_shared<const NetworkFile>(std::move(file));
    return make_network(layers, Widening(layers->graph), width);
  }
  Network out;
  out.name = std::move(file.name);
  out.input = file.graph.input_shape();
  out.graph = std::move(file.graph);
  return out;
}

Network make_network(std::shared_ptr<const NetworkFile> layers, const Widening &ties, const FileWidth &width) {
  Network out;
  out.name = layers->name;
  if (width.factor != 1) out.name += fmt::format(":width={}", shortest(width.factor));
  if (width.round_to != 1) out.name += fmt::format("{}round_to={}", width.factor != 1 ? "," : ":", width.round_to);
  out.input = layers->graph.input_shape();
  out.graph = ties.widened(layers->graph, width.factor, width.round_to);
  out.layers = std::move(layers);
  out.file_width = width;
  return out;
}

std::string embed_network(std::string document, const Network &network) {
  return network.layers ? embed_network(std::move(document), network.layers->graph, network.layers->name, network.file_width)
                        : embed_network(std::move(document), network.graph, network.name);
}

Network make_network(std::string_view spec, const NetworkOptions &options) {
  return make_network(parse_network_spec(spec), options);
}

void append_auxiliary_head(Network &network) {
  Graph &graph = network.graph;
  const auto taps = graph.marked(Mark::kAuxiliaryTap);
  const auto head = network.from_file() || taps.empty()
                        ? std::nullopt
                        : network.family->auxiliary_head(network.values, graph.activation(taps[0]));
  if (!head) {
    std::vector<std::string_view> families;
    for (const NetworkFamily *family : network_families())
      if (const Network own = make_network(family->info().name); !own.graph.marked(Mark::kAuxiliaryTap).empty())
        families.push_back(family->info().name);
    throw Error(ErrorCode::kNotApplicable, network.name,
                fmt::format("the network has no auxiliary head; those of {} have one", fmt::join(families, " and ")));
  }
  const NodeId output = graph.output();
  std::vector<NodeId> moved{taps[0]}; // its input is the tap
  std::vector<LayerId> layers(head->layer_count());
  for (LayerId id = 1; id < layers.size(); ++id) layers[id] = graph.add_layer(head->layer(id).name, head->layer(id).kind);
  for (NodeId id = 1; id < head->node_count(); ++id) {
    std::vector<NodeId> inputs = head->inputs(id);
    for (NodeId &input : inputs) input = moved[input];
    moved.push_back(graph.add(layers[head->node(id).layer], head->node(id).op, inputs, head->node(id).spelling));
  }
  graph.set_output(output);
}

AvgPool pool_to_one(const Shape &map, std::int64_t window) {
  const auto fits = [&](std::int64_t size) { return size >= window && size < 2 * window; };
  const Pair kernel = fits(map.height) && fits(map.width) ? Pair{window, window} : Pair{map.height, map.width};
  return {.kernel = kernel, .stride = kernel};
}

namespace spec {

std::string Reader::text(std::string_view key) const {
  if (const auto given = values_.find(key); given != values_.end()) return given->second;
  for (const NetworkKeyInfo &k : info_.keys)
    if (k.name == key) return std::string(k.standard);
  return {};
}

std::vector<std::int64_t> Reader::scaled(std::span<const std::int64_t> channels) const {
  const double width = positive("width");
  const std::int64_t round_to = whole("round_to", 1, kMostRoundTo);
  std::vector<std::int64_t> out;
  for (const std::int64_t own : channels)
    out.push_back(spec::scaled(own, width, fmt::format("{}/width", info_.name), round_to));
  return out;
}

void Reader::fail(std::string_view key, const std::string &rule) const {
  throw Error(ErrorCode::kInvalidValue, fmt::format("{}/{}", info_.name, key),
              fmt::format("{} = {} must be {}", key, plain(text(key)), rule));
}

std::int64_t Reader::whole(std::string_view key, std::int64_t least, std::int64_t most) const {
  const auto out = parse_whole(text(key));
  if (!out || *out < least || *out > most) fail(key, fmt::format("a whole number from {} to {}", least, most));
  return *out;
}

double Reader::positive(std::string_view key) const {
  const auto out = parse_real(text(key));
  if (!out || !std::isfinite(*out) || *out <= 0) fail(key, "a finite number above 0");
  return *out;
}

} // namespace spec

} // namespace pare
