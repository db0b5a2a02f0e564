#include "analysis/network_file.hpp"

#include "analysis/builder.hpp"
#include "analysis/network_json.hpp"
#include "analysis/widen.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cassert>
#include <unordered_map>
#include <unordered_set>

namespace pare {

namespace {

constexpr const char *kSchema = "pare.network/1";
constexpr std::string_view kInputId = "input";

/// The lists of layers that training treats in a way of its own. An auxiliary head is not in the file, so its tap is not
/// either.
struct MarkList {
  const char *key;
  Mark mark;
  bool always_written;
};
constexpr MarkList kMarkLists[] = {{"attention_taps", Mark::kAttentionTap, true},
                                   {"drop_path", Mark::kDropPath, false},
                                   {"segment_ends", Mark::kSegmentEnd, false}};

std::vector<std::string_view> file_ops() {
  std::vector<std::string_view> out;
  for (std::size_t kind = 0; kind < kOpKindCount; ++kind)
    if (is_in_files(kind)) out.push_back(kind_name(kind));
  return out;
}

/// A layer: its op, what files say of the parameters that it owns, or whose it shares, and marks.
struct Entry {
  std::string id;
  std::string name;
  Op op;
  std::vector<std::string> inputs;
  Owned owned;
  std::optional<std::string> shares; ///< an id
  json::Value said;                  ///< the whole entry of one that shares: what it leaves out is as the owner says
  bool same_padding = false;         ///< what that is, says the input
  Spelling spelling = Spelling::kModule;
  std::optional<Baseline> replaceable;
  std::size_t position = 0;
};

// ------------------------------------------------------------------------------------------------- reading

/// Reads an op's fields where they are there; a Pair is one whole number or two.
class FieldReader {
public:
  FieldReader(json::Members &members, bool &same_padding) : members_(members), same_padding_(same_padding) {}

  template <class Value>
  void operator()(std::string_view field, Value &out) {
    members_.read(field, out);
  }
  void operator()(std::string_view field, Pair &out) {
    const json::Value *value = members_.find(field);
    if (value == nullptr) return;
    const bool pair = value->is_array() && value->size() == 2;
    const auto vertical = json::as_whole(pair ? (*value)[0] : *value);
    const auto horizontal = json::as_whole(pair ? (*value)[1] : *value);
    if (!vertical || !horizontal)
      json::refuse(*value, members_.place(field), field, "a whole number or [vertical, horizontal]");
    out = {*vertical, *horizontal};
  }
  void operator()(std::string_view field, Padding &out) {
    const json::Value *value = members_.find(field);
    if (value == nullptr) return;
    same_padding_ = *value == "same";
    if (same_padding_) return;
    std::vector<std::int64_t> sides;
    if (value->is_array()) {
      for (const json::Value &side : *value)
        if (const auto whole = json::as_whole(side)) sides.push_back(*whole);
      if (sides.size() != value->size()) sides.clear();
    } else if (const auto whole = json::as_whole(*value)) {
      sides = {*whole, *whole};
    }
    if (sides.size() == 2)
      out = {sides[0], sides[1]};
    else if (sides.size() == 4)
      out = {{sides[0], sides[1]}, {sides[2], sides[3]}};
    else
      json::refuse(*value, members_.place(field), field,
                   "a whole number, [vertical, horizontal], [top, bottom, left, right] or \"same\"");
  }
  /// Fields of ops that files do not hold.
  void operator()(std::string_view /*field*/, Extents & /*out*/) {}
  void operator()(std::string_view /*field*/, Legs & /*out*/) {}

private:
  json::Members &members_;
  bool &same_padding_;
};

Entry read_entry(const json::Value &object, json::Place place, std::size_t position) {
  if (object.is_object())
    if (const auto id = object.find("id"); id != object.end() && id->is_string())
      place = place.called(id->get_ref<const std::string &>());
  json::Members members(object, std::move(place));
  Entry entry;
  FieldReader read(members, entry.same_padding);
  const auto fail = [&](std::string_view field, const std::string &message) { members.place(field).fail(message); };
  entry.position = position;
  entry.id = members.text("id");
  if (entry.id.empty() || entry.id == kInputId)
    fail("id", fmt::format("id = \"{}\" must not be empty, nor \"input\"", entry.id));
  const std::string op = members.text("op");
  const auto kind = kind_from(op);
  if (!kind || !is_in_files(*kind)) fail("op", fmt::format("unknown op {}; known: {}", shown(op), fmt::join(file_ops(), ", ")));
  entry.op = make_op(*kind);

  const json::Value &inputs = members.at("inputs");
  if (!inputs.is_array()) json::refuse(inputs, members.place("inputs"), "inputs", "an array of ids");
  for (const json::Value &input : inputs) {
    if (!input.is_string()) fail("inputs", fmt::format("input {} must be an id in quotes", json::shown(input)));
    entry.inputs.push_back(input.get<std::string>());
  }

  entry.name = entry.id;
  read("name", entry.name);
  for (const auto &[field, text] : {std::pair{"id", &entry.id}, std::pair{"name", &entry.name}})
    if (std::any_of(text->begin(), text->end(), [](unsigned char c) { return (c < 0x20 && c != '\n') || c == 0x7f; }))
      fail(field, fmt::format("{} = {} must be without control characters but line ends", field, json::shown(*text)));

  if (!owns_parameters(*kind) && object.contains("shares"))
    fail("shares", fmt::format("a {} has no parameters to share; leave it out", op));
  if (owns_parameters(*kind) && members.find("shares") != nullptr) {
    entry.shares = members.text("shares");
    if (*entry.shares == entry.id)
      fail("shares", "a layer cannot share its own parameters; another layer's id would be accepted");
    entry.said = object;
  }
  const auto leave_to_owner = [&](std::string_view field) {
    if (entry.shares && members.find(field) != nullptr)
      fail(field, fmt::format("{} is said by {}, whose parameters are shared; leave it out here", field, shown(*entry.shares)));
  };
  std::visit(
      [&]<class T>(const T & /*op*/) {
        if constexpr (HasNeeded<T>)
          if (!entry.shares)
            for (const std::string_view field : T::kNeeded) members.at(field);
        if constexpr (Owner<T>)
          T::visit_owned(entry.owned, [&](const char *name, auto &v) {
            leave_to_owner(name);
            read(name, v);
          });
      },
      entry.op);
  const bool is_linear = std::holds_alternative<Linear>(entry.op);
  if ((is_linear || std::holds_alternative<Conv>(entry.op)) && members.find("replaceable") != nullptr) {
    leave_to_owner("replaceable");
    const std::string baseline = members.text("replaceable");
    entry.replaceable = baseline_from(baseline);
    if (!entry.replaceable || (entry.replaceable == Baseline::kLinear) != is_linear)
      fail("replaceable",
           fmt::format("replaceable = {} must be {}, its baseline", shown(baseline), is_linear ? "Linear" : "Conv or Sep"));
  }
  std::visit([&]<class T>(T &o) { T::visit_fields(o, [&](const char *name, auto &v) { read(name, v); }); }, entry.op);
  std::string spelling = std::string(to_string(entry.spelling));
  read("spelling", spelling);
  const auto known = spelling_from(spelling);
  if (!known) fail("spelling", fmt::format("spelling = {} must be module or function", shown(spelling)));
  entry.spelling = *known;
  members.finish();
  return entry;
}

/// Parameters are in modules within modules, as PyTorch has them: "block1.0.conv.weight".
void check_module_name(std::string_view name, const json::Place &place) {
  constexpr std::size_t kMostParts = 64;
  const auto parts = static_cast<std::size_t>(std::count(name.begin(), name.end(), '.')) + 1;
  if (name.empty() || name.front() == '.' || name.back() == '.' || name.find("..") != std::string_view::npos)
    place.fail(fmt::format("name = {} must have no empty part before, between or behind its dots", shown(name)));
  if (parts > kMostParts)
    place.fail(fmt::format("name = {} must have at most {} parts between dots; it has {}", shown(name), kMostParts, parts));
}

/// What a layer that shares leaves out is as the owner of its parameters says.
void complete(Entry &entry, const Entry &owner, const json::Place &place) {
  json::Members members(entry.said, place);
  entry.op = owner.op;
  entry.owned = owner.owned;
  entry.same_padding = owner.same_padding;
  FieldReader read(members, entry.same_padding);
  std::visit([&]<class T>(T &o) { T::visit_fields(o, [&](const char *name, auto &v) { read(name, v); }); }, entry.op);
}

/// The op with the padding that "same" is for such an input. What is wrong with its other fields is found later.
Op with_same_padding(const Entry &entry, const Shape &x) {
  Op out = entry.op;
  std::visit(
      [&]<class T>(T &op) {
        if constexpr (requires { op.padding = Padding(); }) {
          Pair kernel = entry.owned.kernel;
          Pair dilation{1, 1};
          if constexpr (requires { op.kernel; }) kernel = op.kernel;
          if constexpr (requires { op.dilation; }) dilation = op.dilation;
          for (const auto &[value, field] : {std::pair{kernel, "kernel"}, {op.stride, "stride"}, {dilation, "dilation"}})
            expect_at_least(value, 1, field);
          op.padding = same_padding(x, kernel, op.stride, dilation);
        }
      },
      out);
  return out;
}

/// `owner`: the node whose parameters it shares, where it does.
NodeId append(Graph &graph, const Entry &entry, std::span<const NodeId> inputs, NodeId owner) {
  Builder b(graph);
  const Op op = entry.same_padding && inputs.size() == 1 ? with_same_padding(entry, graph.activation(inputs[0])) : entry.op;
  if (!owns_parameters(kind_index(op))) return b.op(entry.name, op, inputs, entry.spelling);
  if (inputs.size() != 1)
    throw Error(ErrorCode::kInvalidFile, entry.name + "/inputs", fmt::format("{} inputs given, 1 expected", inputs.size()));
  if (entry.shares) return b.shared(entry.name, inputs[0], owner, op, entry.spelling);
  const NodeId node = b.owner(entry.name, inputs[0], op, entry.owned, false, entry.spelling);
  if (entry.replaceable) graph.mark_replaceable(node, *entry.replaceable);
  return node;
}

} // namespace

FileWidth read_width(json::Members &members) {
  FileWidth out;
  if (members.said("width") != nullptr) {
    out.factor = members.real("width");
    if (!(out.factor > 0)) json::refuse(members.at("width"), members.place("width"), "width", "a finite number above 0");
  }
  if (members.said("round_to") != nullptr) out.round_to = members.whole("round_to", 1, kMostRoundTo);
  return out;
}

Shape read_input_shape(const json::Value &value, const json::Place &place) {
  std::array<std::int64_t, 3> sizes{};
  bool is_shape = value.is_array() && value.size() == sizes.size();
  for (std::size_t i = 0; is_shape && i < sizes.size(); ++i) {
    const auto size = json::as_whole(value[i]);
    is_shape = size.has_value() && *size >= 1;
    if (is_shape) sizes[i] = *size;
  }
  if (!is_shape) json::refuse(value, place, "input", "[channels, height, width], three whole numbers from 1 up");
  return {.batch = 1, .channels = sizes[0], .height = sizes[1], .width = sizes[2]};
}

namespace {

/// What is left of a document once its layers have been read.
NetworkFile assemble(json::Members &header, bool has_layers, std::vector<Entry> entries, const json::Place &top,
                     const InputOptions &input) {
  NetworkFile out;
  out.name = header.text("name");
  out.width = read_width(header);
  const Shape own_input = read_input_shape(header.at("input"), header.place("input"));
  if (!has_layers || entries.empty()) header.place("layers").fail("\"layers\" must list at least one layer");
  const json::Value *output = header.find("output");
  for (const MarkList &list : kMarkLists) header.find(list.key);
  header.find("layers"); // known, and read already
  header.finish();

  // Ids, then what each layer needs.
  std::unordered_map<std::string_view, std::size_t> by_id;
  by_id.reserve(entries.size());
  const auto place = [&](const Entry &entry) { return header.place("layers").item(entry.position).called(entry.id); };
  std::unordered_map<std::string_view, std::size_t> owners; // by name, which is what their parameters are called by
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry &entry = entries[i];
    if (!by_id.emplace(entry.id, i).second)
      place(entry).member("id").fail(
          fmt::format("id {} is taken by layers[{}]; ids must be unique", shown(entry.id), entries[by_id[entry.id]].position));
    if (!owns_parameters(kind_index(entry.op)) || entry.shares) continue;
    check_module_name(entry.name, place(entry).member("name"));
    if (const auto [first, is_new] = owners.emplace(entry.name, i); !is_new) {
      const Entry &other = entries[first->second];
      std::string accepted = "another name";
      if (kind_index(other.op) == kind_index(entry.op))
        accepted += fmt::format(", or \"shares\": {} if it is one module that runs twice,", shown(other.id));
      place(entry).member("name").fail(
          fmt::format("layers {} and {} both have parameters of their own, of the name {}; {} would be accepted",
                      shown(other.id), shown(entry.id), shown(entry.name), accepted));
    }
  }
  std::vector<std::pair<std::size_t, std::size_t>> dependencies;
  bool in_order = true;
  for (std::size_t i = 0; i < entries.size(); ++i)
    for (const std::string &id : entries[i].inputs) {
      if (id == kInputId) continue;
      const auto needed = by_id.find(id);
      if (needed == by_id.end()) place(entries[i]).member("inputs").fail(fmt::format("no layer has the id {}", shown(id)));
      dependencies.emplace_back(i, needed->second);
      in_order = in_order && needed->second < i;
    }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Entry &entry = entries[i];
    if (!entry.shares) continue;
    const json::Place at = place(entry).member("shares");
    const auto found = by_id.find(*entry.shares);
    if (found == by_id.end()) at.fail(fmt::format("no layer has the id {}", shown(*entry.shares)));
    const Entry &owner = entries[found->second];
    if (owner.shares)
      at.fail(fmt::format("layer {} shares parameters itself; one that has its own would be accepted", shown(owner.id)));
    if (kind_index(owner.op) != kind_index(entry.op))
      at.fail(fmt::format("layer {} is a {}, and this one a {}; one of its kind would be accepted", shown(owner.id),
                          kind_name(owner.op), kind_name(entry.op)));
    complete(entry, owner, place(entry));
    dependencies.emplace_back(i, found->second);
    in_order = in_order && found->second < i;
  }
  std::vector<std::size_t> order;
  if (!in_order) {
    const DependencyOrder sorted = dependency_order(entries.size(), dependencies);
    if (!sorted.cycle.empty()) {
      // Perhaps only because an owner has its parameters first.
      for (std::size_t i = 0; i < sorted.cycle.size(); ++i) {
        const Entry &entry = entries[sorted.cycle[i]];
        const Entry &needed = entries[sorted.cycle[(i + 1) % sorted.cycle.size()]];
        const auto &inputs = entry.inputs;
        if (entry.shares == needed.id && std::find(inputs.begin(), inputs.end(), needed.id) == inputs.end())
          place(entry).member("shares").fail(
              fmt::format("{} takes what comes from this layer, and an owner stands before those that share with it; the "
                          "first of them as the owner of the parameters would be accepted",
                          shown(needed.id)));
      }
      std::string path;
      for (std::size_t i = 0; i < std::min<std::size_t>(sorted.cycle.size(), 8); ++i)
        path += shortened(entries[sorted.cycle[i]].id, 60) + " <- ";
      if (sorted.cycle.size() > 8) path += "... <- ";
      header.place("layers").fail(fmt::format("a network must have no cycle, and this one has: {}{}", path,
                                              shortened(entries[sorted.cycle[0]].id, 60)));
    }
    order = sorted.order;
  }

  std::vector<NodeId> nodes(entries.size());
  Graph &graph = out.graph;
  const Entry *current = nullptr;
  try {
    const NodeId source = graph.add_input(input.apply(own_input));
    std::vector<NodeId> inputs;
    for (std::size_t k = 0; k < entries.size(); ++k) {
      const Entry &entry = entries[in_order ? k : order[k]];
      current = &entry;
      inputs.clear();
      for (const std::string &id : entry.inputs) inputs.push_back(id == kInputId ? source : nodes[by_id.at(id)]);
      nodes[by_id.at(entry.id)] = append(graph, entry, inputs, entry.shares ? nodes[by_id.at(*entry.shares)] : source);
    }
  } catch (const Error &error) {
    // A value in a file that no layer accepts is a fault of the file, not of the command line.
    const ErrorCode code = error.code() == ErrorCode::kInvalidValue ? ErrorCode::kInvalidFile : error.code();
    if (current == nullptr) throw Error(code, error.where(), error.message()).within(top.text());
    // The graph says "NAME/FIELD", which is a place in the file like all others.
    const std::string &where = error.where();
    const bool has_field = where.starts_with(current->name + "/");
    const json::Place at = place(*current);
    throw Error(code, (has_field ? at.member(std::string_view(where).substr(current->name.size() + 1)) : at).text(),
                error.message());
  }

  const auto node_of = [&](const json::Place &at, const json::Value &id) {
    const auto found = id.is_string() ? by_id.find(id.get_ref<const std::string &>()) : by_id.end();
    if (found == by_id.end()) at.fail(fmt::format("no layer has the id {}", json::shown(id)));
    return nodes[found->second];
  };
  for (const MarkList &list : kMarkLists)
    if (const json::Value *ids = header.find(list.key)) {
      if (!ids->is_array()) json::refuse(*ids, header.place(list.key), list.key, "an array of ids");
      std::unordered_set<NodeId> listed;
      for (std::size_t i = 0; i < ids->size(); ++i) {
        const json::Place at = header.place(list.key).item(i);
        const NodeId node = node_of(at, (*ids)[i]);
        if (!listed.insert(node).second)
          at.fail(fmt::format("{} is listed twice; once would be accepted", json::shown((*ids)[i])));
        graph.mark(node, list.mark);
      }
    }
  if (output != nullptr) graph.set_output(node_of(header.place("output"), *output));
  return out;
}

} // namespace

NetworkFile read_network(std::string_view text, const std::string &where, const InputOptions &input,
                         std::string_view other_schema) {
  const json::Place place(where);
  std::vector<Entry> entries;
  bool has_layers = false;
  const json::Value document = json::parse_streamed(
      text, place, "layers",
      [&](const json::Value &layer, const json::Place &at) { entries.push_back(read_entry(layer, at, entries.size())); },
      has_layers);
  json::Members header(document, place, kSchema, other_schema);
  return assemble(header, has_layers, std::move(entries), place, input);
}

NetworkFile read_network(const json::Value &document, const json::Place &place, const InputOptions &input) {
  json::Members header(document, place, kSchema);
  std::vector<Entry> entries;
  const json::Value *layers = header.find("layers");
  if (layers != nullptr && !layers->is_array()) header.place("layers").fail("layers must be an array");
  for (std::size_t i = 0; layers != nullptr && i < layers->size(); ++i)
    entries.push_back(read_entry((*layers)[i], header.place("layers").item(i), i));
  return assemble(header, layers != nullptr, std::move(entries), place, input);
}

// ------------------------------------------------------------------------------------------------- writing

namespace {

std::string written(std::int64_t value) { return std::to_string(value); }
std::string written(double value) { return shortest(value); }
std::string written(bool value) { return value ? "true" : "false"; }
std::string written(const std::string &value) { return json::dumped(value); }
std::string written(const Pair &value) {
  return value.height == value.width ? written(value.height) : fmt::format("[{}, {}]", value.height, value.width);
}
std::string written(const Padding &value) {
  if (!value.is_symmetric()) return to_string(value);
  return written(Pair{value.vertical.before, value.horizontal.before});
}
std::string written(const Extents &value) { return to_string(value); }
std::string written(const Legs &value) { return to_string(value); }

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

/// The attributes of an op, and of the parameters that it owns, as (name, text). Only what a reader would not assume, who of a
/// layer that shares knows `owner`.
template <class Visitor>
void visit_attributes(const Graph &graph, NodeId id, const Op *owner, Visitor &&visit) {
  const Node &node = graph.node(id);
  const std::size_t kind = kind_index(node.op);
  /// Visits what `all` visits of `object`, where it is not as in `standard`.
  const auto visit_changed = [&](const auto &object, const auto &standard, const auto &all) {
    std::vector<std::string> standards;
    all(standard, [&](const char * /*name*/, const auto &v) { standards.push_back(written(v)); });
    std::size_t i = 0;
    all(object, [&](const char *name, const auto &v) {
      const std::string text = written(v);
      if (text != standards[i++] || (owner == nullptr && is_needed(kind, name))) visit(name, text);
    });
  };
  std::visit(
      [&]<class T>(const T &op) {
        if constexpr (Owner<T>)
          if (owner == nullptr) {
            std::vector<const TensorShape *> shapes;
            graph.input_shapes(id, shapes);
            visit_changed(owned_of(op, shapes), Owned{}, [](const Owned &o, auto &&v) { T::visit_owned(o, v); });
          }
        visit_changed(op, owner == nullptr ? T{} : std::get<T>(*owner), [](const T &o, auto &&v) { T::visit_fields(o, v); });
      },
      node.op);
}

} // namespace

std::string write_network(const Graph &graph, std::string_view name, const FileWidth &width) {
  const std::vector<std::string> ids = unique_ids(graph);
  const auto quoted = [](std::string_view text) { return written(std::string(text)); };
  std::vector<const Baseline *> baselines(graph.node_count(), nullptr);
  for (const Graph::Replaceable &mark : graph.replaceable()) baselines[mark.node] = &mark.baseline;

  const Shape &input = graph.input_shape();
  std::string scaled;
  if (width.factor != 1) scaled += fmt::format("\n  \"width\": {},", shortest(width.factor));
  if (width.round_to != 1) scaled += fmt::format("\n  \"round_to\": {},", width.round_to);
  std::string out = fmt::format("{{\n  \"schema\": \"{}\",\n  \"name\": {},{}\n  \"input\": [{}, {}, {}],\n  \"layers\": [",
                                kSchema, quoted(name), scaled, input.channels, input.height, input.width);
  std::vector<NodeId> inputs;
  std::vector<bool> used(graph.node_count(), false);
  std::vector<NodeId> node_of(graph.layer_count(), 0);
  bool first = true;
  for (NodeId id = 1; id < graph.node_count(); ++id) {
    const Node &node = graph.node(id);
    if (std::holds_alternative<Parameter>(node.op)) continue;
    const Layer &layer = graph.layer(node.layer);
    if (!is_in_files(kind_index(node.op)))
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
        if ((used[source] && !layer.shares) || !std::holds_alternative<Parameter>(graph.node(source).op))
          throw Error(
              ErrorCode::kInvalidConfig, layer.name,
              "a network file holds layers with weights of their own, or that say whose they share; this one's is computed");
        used[source] = true;
        continue;
      }
      out += (first_input ? "" : ", ") + quoted(ids[source]);
      first_input = false;
    }
    out += ']';
    node_of[node.layer] = id;
    const Op *owner = nullptr;
    if (layer.shares) {
      owner = &graph.node(node_of[*layer.shares]).op;
      out += fmt::format(", \"shares\": {}", quoted(ids[node_of[*layer.shares]]));
    }
    visit_attributes(graph, id, owner,
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

std::string embed_network(std::string document, const Graph &graph, std::string_view name, const FileWidth &width) {
  std::string text = write_network(graph, name, width);
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
  const auto add = [&](std::string_view field, std::string_view text) {
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", field, text);
  };
  visit_attributes(graph, id, nullptr, add);
  if (const auto &shares = graph.layer(graph.node(id).layer).shares) add("shares", graph.layer(*shares).name);
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
