#include "analysis/network_file.hpp"

#include "analysis/builder.hpp"
#include "analysis/error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

namespace pare {

namespace {

using nlohmann::json;

constexpr const char *kSchema = "pare.network/1";
constexpr std::string_view kInputId = "input";

/// The lists of layers that training treats in a way of its own. An auxiliary head is not in the file, so its tap is not either.
struct MarkList {
  const char *key;
  Mark mark;
  bool always_written;
};
constexpr MarkList kMarkLists[] = {{"attention_taps", Mark::kAttentionTap, true},
                                   {"drop_path", Mark::kDropPath, false},
                                   {"segment_ends", Mark::kSegmentEnd, false}};

/// The ops that are layers of a file: those on activations. Their parameters are implied.
bool is_file_op(std::size_t kind) {
  static const std::vector<bool> layers = [] {
    std::vector<bool> out(kOpKindCount, true);
    for (const Op &op : std::initializer_list<Op>{Input{}, Parameter{}, Buffer{}, Gather{}, TtMerge{}, ModeProduct{}, CpMerge{},
                                                  AcdcProduct{}, Transpose{}, Reshape{}, AddBias{}})
      out[kind_index(op)] = false;
    return out;
  }();
  return layers[kind];
}

std::vector<std::string_view> file_ops() {
  std::vector<std::string_view> out;
  for (std::size_t kind = 0; kind < kOpKindCount; ++kind)
    if (is_file_op(kind)) out.push_back(kind_name(kind));
  return out;
}

/// What a layer has beside its op: attributes of the parameters that it owns, and marks.
struct Entry {
  std::string id;
  std::string name;
  Op op;
  std::vector<std::string> inputs;
  std::int64_t out = 0; ///< out_channels or out_features
  Pair kernel{1, 1};    ///< of a convolution
  bool bias = false;
  bool affine = true;
  Spelling spelling = Spelling::kModule;
  std::optional<Baseline> replaceable;
  std::size_t position = 0;
};

// ------------------------------------------------------------------------------------------------- reading

/// Takes one entry's fields from its JSON object, and refuses those that nobody asked for.
class Fields {
public:
  Fields(const json &object, std::string where) : object_(object), where_(std::move(where)) {}

  [[noreturn]] void fail(std::string_view field, const std::string &message) const {
    throw Error(ErrorCode::kInvalidFile, fmt::format("{}/{}", where_, field), message);
  }
  const json *find(std::string_view field) {
    known_.emplace_back(field);
    const auto at = object_.find(field);
    return at == object_.end() ? nullptr : &*at;
  }
  void required(std::string_view field) const {
    if (!object_.contains(field)) fail(field, fmt::format("\"{}\" is missing", field));
  }
  void read(std::string_view field, std::int64_t &out) {
    if (const json *value = find(field)) out = whole(field, *value);
  }
  void read(std::string_view field, double &out) {
    const json *value = find(field);
    if (value == nullptr) return;
    if (!value->is_number()) fail(field, fmt::format("{} = {} must be a number", field, shown(*value)));
    out = value->get<double>();
  }
  void read(std::string_view field, bool &out) {
    const json *value = find(field);
    if (value == nullptr) return;
    if (!value->is_boolean()) fail(field, fmt::format("{} = {} must be true or false", field, shown(*value)));
    out = value->get<bool>();
  }
  void read(std::string_view field, std::string &out) {
    const json *value = find(field);
    if (value == nullptr) return;
    if (!value->is_string()) fail(field, fmt::format("{} = {} must be a string", field, shown(*value)));
    out = value->get<std::string>();
  }
  void read(std::string_view field, Pair &out) {
    const json *value = find(field);
    if (value == nullptr) return;
    if (value->is_array() && value->size() == 2)
      out = {whole(field, (*value)[0]), whole(field, (*value)[1])};
    else if (value->is_array())
      fail(field, fmt::format("{} = {} must be a whole number or [vertical, horizontal]", field, shown(*value)));
    else
      out.height = out.width = whole(field, *value);
  }
  /// Fields of ops that files do not hold.
  void read(std::string_view /*field*/, Extents & /*out*/) {}

  void finish() const {
    for (const auto &[key, value] : object_.items())
      if (std::find(known_.begin(), known_.end(), key) == known_.end())
        fail(key, fmt::format("unknown key \"{}\"; known: {}", key, fmt::join(known_, ", ")));
  }
  static std::string shown(const json &value) {
    std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
    return text.size() > 60 ? text.substr(0, 57) + "..." : text;
  }

private:
  std::int64_t whole(std::string_view field, const json &value) const {
    const bool fits = value.is_number_integer() &&
                      !(value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX));
    if (!fits) fail(field, fmt::format("{} = {} must be a whole number of at most 63 bits", field, shown(value)));
    return value.get<std::int64_t>();
  }

  const json &object_;
  std::string where_;
  std::vector<std::string> known_;
};

Entry read_entry(const json &object, const std::string &where, std::size_t position) {
  std::string place = fmt::format("{}/layers[{}]", where, position);
  if (!object.is_object())
    throw Error(ErrorCode::kInvalidFile, place, fmt::format("{} must be an object", Fields::shown(object)));
  if (const auto id = object.find("id"); id != object.end() && id->is_string())
    place += fmt::format(" ({})", id->get<std::string>());
  Fields fields(object, place);
  Entry entry;
  entry.position = position;
  for (const char *field : {"id", "op", "inputs"}) fields.required(field);
  fields.read("id", entry.id);
  if (entry.id.empty() || entry.id == kInputId)
    fields.fail("id", fmt::format("id = \"{}\" must not be empty, nor \"input\"", entry.id));
  entry.name = entry.id;
  fields.read("name", entry.name);

  for (const auto &[field, text] : {std::pair{"id", &entry.id}, std::pair{"name", &entry.name}})
    if (std::any_of(text->begin(), text->end(), [](unsigned char c) { return (c < 0x20 && c != '\n') || c == 0x7f; }))
      fields.fail(field,
                  fmt::format("{} = {} must be without control characters but line ends", field, Fields::shown(json(*text))));

  std::string op;
  fields.read("op", op);
  const auto kind = kind_from(op);
  if (!kind || !is_file_op(*kind))
    fields.fail("op", fmt::format("unknown op \"{}\"; known: {}", op, fmt::join(file_ops(), ", ")));
  entry.op = make_op(*kind);

  const json *inputs = fields.find("inputs");
  if (!inputs->is_array()) fields.fail("inputs", fmt::format("inputs = {} must be an array of ids", Fields::shown(*inputs)));
  for (const json &input : *inputs) {
    if (!input.is_string()) fields.fail("inputs", fmt::format("input {} must be an id in quotes", Fields::shown(input)));
    entry.inputs.push_back(input.get<std::string>());
  }

  if (std::holds_alternative<Conv>(entry.op)) {
    for (const char *field : {"out_channels", "kernel"}) fields.required(field);
    fields.read("out_channels", entry.out);
    fields.read("kernel", entry.kernel);
    fields.read("bias", entry.bias);
    std::string baseline;
    fields.read("replaceable", baseline);
    if (object.contains("replaceable")) {
      entry.replaceable = baseline_from(baseline);
      if (!entry.replaceable)
        fields.fail("replaceable", fmt::format("replaceable = \"{}\" must be Conv or Sep, its baseline", baseline));
    }
  } else if (std::holds_alternative<Linear>(entry.op)) {
    fields.required("out_features");
    fields.read("out_features", entry.out);
    fields.read("bias", entry.bias);
  } else if (std::holds_alternative<BatchNorm>(entry.op)) {
    fields.read("affine", entry.affine);
  } else if (std::holds_alternative<MaxPool>(entry.op) || std::holds_alternative<AvgPool>(entry.op)) {
    for (const char *field : {"kernel", "stride"}) fields.required(field);
  }
  std::visit(
      [&](auto &o) { std::decay_t<decltype(o)>::visit_fields(o, [&](const char *name, auto &v) { fields.read(name, v); }); },
      entry.op);
  std::string spelling = std::string(to_string(entry.spelling));
  fields.read("spelling", spelling);
  const auto known = spelling_from(spelling);
  if (!known) fields.fail("spelling", fmt::format("spelling = \"{}\" must be module or function", spelling));
  entry.spelling = *known;
  fields.finish();
  return entry;
}

/// Reads the document piece by piece, so that a file of a million layers is never held as a tree.
class Reader : public nlohmann::json_sax<json> {
public:
  explicit Reader(std::string where) : where_(std::move(where)) {}

  json header = json::object(); ///< all but the layers
  std::vector<Entry> entries;
  bool layers_seen = false;

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t &text) override {
    if (!std::isfinite(value)) throw Error(ErrorCode::kInvalidFile, where_, fmt::format("number {} is beyond a double", text));
    return put(value);
  }
  bool string(string_t &value) override { return put(std::move(value)); }
  bool binary(binary_t & /*value*/) override { return put(nullptr); }
  bool start_object(std::size_t /*size*/) override { return open(json::object()); }
  bool start_array(std::size_t /*size*/) override { return open(json::array()); }
  bool key(string_t &name) override {
    keys_.back() = name;
    const json *object = stack_.size() == 1 ? &header : &stack_.back();
    if (object->contains(name) || (stack_.size() == 1 && name == "layers" && layers_seen))
      throw Error(ErrorCode::kInvalidFile, where_, fmt::format("key \"{}\" is given twice in one object", name));
    return true;
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t /*position*/, const std::string & /*token*/, const nlohmann::detail::exception &error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: ..." without the library's own prefix.
    const std::string text = error.what();
    const auto prefix = text.find("] ");
    throw Error(ErrorCode::kInvalidFile, where_, prefix == std::string::npos ? text : text.substr(prefix + 2));
  }

private:
  static constexpr std::size_t kMaxDepth = 16;

  bool in_layers() const { return stack_.size() >= 2 && keys_[0] == "layers"; }

  bool open(json container) {
    if (stack_.empty() && !container.is_object())
      throw Error(ErrorCode::kInvalidFile, where_, fmt::format("an object with \"schema\": \"{}\" is expected", kSchema));
    if (stack_.size() >= kMaxDepth)
      throw Error(ErrorCode::kInvalidFile, where_,
                  fmt::format("nested deeper than {} levels, which no network needs", kMaxDepth));
    if (stack_.size() == 1 && keys_[0] == "layers") {
      if (!container.is_array()) throw Error(ErrorCode::kInvalidFile, where_ + "/layers", "layers must be an array");
      layers_seen = true;
    }
    stack_.push_back(std::move(container));
    keys_.emplace_back();
    return true;
  }
  bool close() {
    json value = std::move(stack_.back());
    stack_.pop_back();
    keys_.pop_back();
    if (stack_.empty() || (stack_.size() == 1 && keys_[0] == "layers")) return true;
    return put(std::move(value));
  }
  template <class Value>
  bool put(Value &&value) {
    if (stack_.empty())
      throw Error(ErrorCode::kInvalidFile, where_, fmt::format("an object with \"schema\": \"{}\" is expected", kSchema));
    if (stack_.size() == 1) {
      if (keys_[0] == "layers") throw Error(ErrorCode::kInvalidFile, where_ + "/layers", "layers must be an array");
      header[keys_[0]] = std::forward<Value>(value);
    } else if (stack_.size() == 2 && in_layers()) {
      entries.push_back(read_entry(json(std::forward<Value>(value)), where_, entries.size()));
    } else if (stack_.back().is_array()) {
      stack_.back().push_back(std::forward<Value>(value));
    } else {
      stack_.back()[keys_.back()] = std::forward<Value>(value);
    }
    return true;
  }

  std::string where_;
  std::vector<json> stack_;
  std::vector<std::string> keys_; ///< the current key of each open object
};

Shape read_input(const json &header, const std::string &where) {
  const auto input = header.find("input");
  const auto fail = [&] {
    throw Error(ErrorCode::kInvalidFile, where + "/input",
                "\"input\" must be [channels, height, width], three whole numbers from 1 up");
  };
  if (input == header.end() || !input->is_array() || input->size() != 3) fail();
  std::array<std::int64_t, 3> v{};
  for (std::size_t i = 0; i < 3; ++i) {
    if (!(*input)[i].is_number_integer() || (*input)[i].get<std::int64_t>() < 1) fail();
    v[i] = (*input)[i].get<std::int64_t>();
  }
  return {.batch = 1, .channels = v[0], .height = v[1], .width = v[2]};
}

NodeId append(Graph &graph, const Entry &entry, std::span<const NodeId> inputs) {
  Builder b(graph);
  const auto one = [&]() {
    if (inputs.size() != 1)
      throw Error(ErrorCode::kInvalidFile, entry.name + "/inputs", fmt::format("{} inputs given, 1 expected", inputs.size()));
    return inputs[0];
  };
  if (const auto *conv = std::get_if<Conv>(&entry.op)) {
    const NodeId node = b.conv(entry.name, one(),
                               {.out_channels = entry.out,
                                .kernel = entry.kernel,
                                .stride = conv->stride,
                                .padding = conv->padding,
                                .dilation = conv->dilation,
                                .groups = conv->groups,
                                .bias = entry.bias},
                               false, entry.spelling);
    if (entry.replaceable) graph.mark_replaceable(node, *entry.replaceable);
    return node;
  }
  if (std::holds_alternative<Linear>(entry.op)) return b.linear(entry.name, one(), entry.out, entry.bias, entry.spelling);
  if (const auto *norm = std::get_if<BatchNorm>(&entry.op))
    return b.batch_norm(entry.name, one(), *norm, entry.affine, entry.spelling);
  return b.op(entry.name, entry.op, inputs, entry.spelling);
}

} // namespace

NetworkFile read_network(std::string_view text, const std::string &where, const std::optional<Shape> &input) {
  Reader reader(where);
  json::sax_parse(text, &reader);
  const auto fail = [&](const std::string &field, const std::string &message) {
    throw Error(ErrorCode::kInvalidFile, where + "/" + field, message);
  };
  const json &header = reader.header;
  if (header.value("schema", json()) != kSchema)
    fail("schema", fmt::format("schema = {} must be \"{}\"", Fields::shown(header.value("schema", json())), kSchema));
  for (const auto &[key, value] : header.items())
    if (key != "schema" && key != "name" && key != "input" && key != "output" &&
        std::none_of(std::begin(kMarkLists), std::end(kMarkLists), [&](const MarkList &list) { return key == list.key; }))
      fail(key, fmt::format("unknown key \"{}\"; known: schema, name, input, layers, attention_taps, drop_path, segment_ends, "
                            "output",
                            key));
  NetworkFile out;
  if (!header.contains("name") || !header["name"].is_string()) fail("name", "\"name\" must be a string");
  out.name = header["name"].get<std::string>();
  const Shape own_input = read_input(header, where);
  std::vector<Entry> &entries = reader.entries;
  if (entries.empty()) fail("layers", "\"layers\" must list at least one layer");

  // Ids, then what each layer needs.
  std::unordered_map<std::string_view, std::size_t> by_id;
  by_id.reserve(entries.size());
  const auto place = [&](const Entry &entry) { return fmt::format("layers[{}] ({})", entry.position, entry.id); };
  std::unordered_set<std::string_view> replaceable_names;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!by_id.emplace(entries[i].id, i).second)
      fail(place(entries[i]) + "/id", fmt::format("id \"{}\" is taken by layers[{}]; ids must be unique", entries[i].id,
                                                  entries[by_id[entries[i].id]].position));
    if (entries[i].replaceable && !replaceable_names.insert(entries[i].name).second)
      fail(place(entries[i]) + "/name",
           fmt::format("two replaceable layers are named \"{}\"; plans need a name for each", entries[i].name));
  }
  std::vector<std::pair<std::size_t, std::size_t>> dependencies;
  bool in_order = true;
  for (std::size_t i = 0; i < entries.size(); ++i)
    for (const std::string &id : entries[i].inputs) {
      if (id == kInputId) continue;
      const auto needed = by_id.find(id);
      if (needed == by_id.end()) fail(place(entries[i]) + "/inputs", fmt::format("no layer has the id \"{}\"", id));
      dependencies.emplace_back(i, needed->second);
      in_order = in_order && needed->second < i;
    }
  std::vector<std::size_t> order;
  if (!in_order) {
    const DependencyOrder sorted = dependency_order(entries.size(), dependencies);
    if (!sorted.cycle.empty()) {
      std::string path;
      for (std::size_t i = 0; i < std::min<std::size_t>(sorted.cycle.size(), 8); ++i)
        path += entries[sorted.cycle[i]].id + " <- ";
      if (sorted.cycle.size() > 8) path += "... <- ";
      fail("layers", fmt::format("a network must have no cycle, and this one has: {}{}", path, entries[sorted.cycle[0]].id));
    }
    order = sorted.order;
  }

  std::vector<NodeId> nodes(entries.size());
  Graph &graph = out.graph;
  try {
    const NodeId source = graph.add_input(input.value_or(own_input));
    std::vector<NodeId> inputs;
    for (std::size_t k = 0; k < entries.size(); ++k) {
      const Entry &entry = entries[in_order ? k : order[k]];
      inputs.clear();
      for (const std::string &id : entry.inputs) inputs.push_back(id == kInputId ? source : nodes[by_id.at(id)]);
      nodes[by_id.at(entry.id)] = append(graph, entry, inputs);
    }
  } catch (const Error &error) {
    // A value in a file that no layer accepts is a fault of the file, not of the command line.
    throw(error.code() == ErrorCode::kInvalidValue ? Error(ErrorCode::kInvalidFile, error.where(), error.message()) : error)
        .within(where);
  }

  const auto node_of = [&](const std::string &field, const json &id) {
    const auto at = id.is_string() ? by_id.find(id.get_ref<const std::string &>()) : by_id.end();
    if (at == by_id.end()) fail(field, fmt::format("no layer has the id {}", Fields::shown(id)));
    return nodes[at->second];
  };
  for (const MarkList &list : kMarkLists)
    if (const auto ids = header.find(list.key); ids != header.end()) {
      if (!ids->is_array()) fail(list.key, fmt::format("{} must be an array of ids", list.key));
      for (const json &id : *ids) graph.mark(node_of(list.key, id), list.mark);
    }
  if (const auto output = header.find("output"); output != header.end()) graph.set_output(node_of("output", *output));
  return out;
}

// ------------------------------------------------------------------------------------------------- writing

namespace {

std::string written(std::int64_t value) { return std::to_string(value); }
std::string written(double value) { return shortest(value); }
std::string written(bool value) { return value ? "true" : "false"; }
std::string written(const std::string &value) { return json(value).dump(-1, ' ', false, json::error_handler_t::replace); }
std::string written(const Pair &value) {
  return value.height == value.width ? written(value.height) : fmt::format("[{}, {}]", value.height, value.width);
}
std::string written(const Extents &value) { return to_string(value); }

/// An id for each node that is a layer: its name, or its name and how often it has come.
std::vector<std::string> unique_ids(const Graph &graph) {
  std::vector<std::string> ids(graph.node_count());
  std::unordered_set<std::string> taken;
  std::unordered_map<std::string, std::size_t> times;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node &node = graph.node(id);
    if (!node.on_activations) continue;
    const std::string &name = graph.layer(node.layer).name;
    if (std::holds_alternative<Input>(node.op)) {
      ids[id] = kInputId;
      continue;
    }
    std::string unique = name;
    while (unique == kInputId || !taken.insert(unique).second)
      unique = fmt::format("{}#{}", name, ++times.try_emplace(name, 1).first->second);
    ids[id] = unique;
  }
  return ids;
}

/// The attributes of an op, and of the parameters that it owns, as (name, text). Only what a reader would not assume.
template <class Visitor>
void visit_attributes(const Graph &graph, NodeId id, const std::vector<NodeId> &inputs, Visitor &&visit) {
  const Node &node = graph.node(id);
  bool pool = false;
  if (std::holds_alternative<Conv>(node.op)) {
    const Extents &weight = graph.weight(inputs[1]);
    visit("out_channels", written(weight[0]));
    visit("kernel", written(Pair{weight[2], weight[3]}));
    if (inputs.size() == 3) visit("bias", written(true));
  } else if (std::holds_alternative<Linear>(node.op)) {
    visit("out_features", written(graph.weight(inputs[1])[0]));
    if (inputs.size() == 3) visit("bias", written(true));
  } else if (std::holds_alternative<BatchNorm>(node.op) && inputs.size() == 1) {
    visit("affine", written(false));
  } else {
    pool = std::holds_alternative<MaxPool>(node.op) || std::holds_alternative<AvgPool>(node.op);
  }
  const Op standard = make_op(kind_index(node.op));
  std::visit(
      [&](const auto &op) {
        using Type = std::decay_t<decltype(op)>;
        std::vector<std::string> defaults;
        Type::visit_fields(std::get<Type>(standard),
                           [&](const char * /*name*/, const auto &v) { defaults.push_back(written(v)); });
        std::size_t i = 0;
        Type::visit_fields(op, [&](const char *name, const auto &v) {
          const std::string text = written(v);
          const bool always = pool && (std::string_view(name) == "kernel" || std::string_view(name) == "stride");
          if (text != defaults[i++] || always) visit(name, text);
        });
      },
      node.op);
}

} // namespace

std::string write_network(const Graph &graph, std::string_view name) {
  const std::vector<std::string> ids = unique_ids(graph);
  const auto quoted = [](std::string_view text) { return written(std::string(text)); };
  std::vector<const Baseline *> baselines(graph.node_count(), nullptr);
  for (const Graph::Replaceable &mark : graph.replaceable()) baselines[mark.node] = &mark.baseline;

  const Shape &input = graph.input_shape();
  std::string out = fmt::format("{{\n  \"schema\": \"{}\",\n  \"name\": {},\n  \"input\": [{}, {}, {}],\n  \"layers\": [",
                                kSchema, quoted(name), input.channels, input.height, input.width);
  std::vector<NodeId> inputs;
  std::vector<bool> used(graph.node_count(), false);
  bool first = true;
  for (NodeId id = 1; id < graph.node_count(); ++id) {
    const Node &node = graph.node(id);
    if (std::holds_alternative<Parameter>(node.op)) continue;
    const Layer &layer = graph.layer(node.layer);
    if (!is_file_op(kind_index(node.op)))
      throw Error(ErrorCode::kInvalidConfig, layer.name,
                  "a network file holds layers with weights of their own; this one's is computed");
    graph.inputs(id, inputs);
    out += fmt::format("{}\n    {{\"id\": {}", first ? "" : ",", quoted(ids[id]));
    first = false;
    if (layer.name != ids[id]) out += fmt::format(", \"name\": {}", quoted(layer.name));
    out += fmt::format(", \"op\": \"{}\", \"inputs\": [", kind_name(node.op));
    bool first_input = true;
    for (NodeId source : inputs) {
      if (!graph.node(source).on_activations) {
        if (used[source] || !std::holds_alternative<Parameter>(graph.node(source).op))
          throw Error(ErrorCode::kInvalidConfig, layer.name,
                      "a network file holds layers with weights of their own; this one's is computed or shared");
        used[source] = true;
        continue;
      }
      out += (first_input ? "" : ", ") + quoted(ids[source]);
      first_input = false;
    }
    out += ']';
    visit_attributes(graph, id, inputs,
                     [&](const char *field, const std::string &text) { out += fmt::format(", \"{}\": {}", field, text); });
    if (node.spelling != Spelling::kModule) out += fmt::format(", \"spelling\": \"{}\"", to_string(node.spelling));
    if (baselines[id] != nullptr) out += fmt::format(", \"replaceable\": \"{}\"", to_string(*baselines[id]));
    out += '}';
  }
  out += "\n  ],\n";
  for (const MarkList &list : kMarkLists) {
    const auto nodes = graph.marked(list.mark);
    if (nodes.empty() && !list.always_written) continue;
    out += fmt::format("  \"{}\": [", list.key);
    for (std::size_t i = 0; i < nodes.size(); ++i) out += (i > 0 ? ", " : "") + quoted(ids[nodes[i]]);
    out += "],\n";
  }
  out += fmt::format("  \"output\": {}\n}}\n", quoted(ids[graph.output()]));
  return out;
}

std::string embed_network(std::string document, const Graph &graph, std::string_view name) {
  std::string text = write_network(graph, name);
  text.pop_back(); // the last line's end
  std::string indented = "\"network\": ";
  for (const char c : text) {
    indented += c;
    if (c == '\n') indented += "  ";
  }
  constexpr std::string_view kGap = "\"network\": null";
  const auto gap = document.find(kGap);
  assert(gap != std::string::npos);
  return document.replace(gap, kGap.size(), indented);
}

std::string describe(const Graph &graph, NodeId id) {
  std::string out;
  visit_attributes(graph, id, graph.inputs(id), [&](const char *field, const std::string &text) {
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", field, text);
  });
  return out;
}

std::string write_dot(const Graph &graph, std::string_view name) {
  const auto quoted = [](const std::string &text) { return written(text); };
  std::vector<bool> replaceable(graph.node_count(), false);
  for (const Graph::Replaceable &mark : graph.replaceable()) replaceable[mark.node] = true;
  std::string out = fmt::format("digraph {} {{\n  node [shape=box, fontname=\"sans-serif\"];\n", quoted(std::string(name)));
  std::vector<NodeId> inputs;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node &node = graph.node(id);
    if (!node.on_activations) continue;
    const std::string text = describe(graph, id);
    out += fmt::format("  n{} [label={}{}];\n", id,
                       quoted(fmt::format("{}\n{}{}{}\n{}", graph.layer(node.layer).name, kind_name(node.op),
                                          text.empty() ? "" : " ", text, to_string(graph.activation(id)))),
                       replaceable[id] ? ", style=filled, fillcolor=lightblue" : "");
    graph.inputs(id, inputs);
    for (NodeId source : inputs)
      if (graph.node(source).on_activations) out += fmt::format("  n{} -> n{};\n", source, id);
  }
  return out + "}\n";
}

} // namespace pare
