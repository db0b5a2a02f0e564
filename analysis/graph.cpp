#include "analysis/graph.hpp"

#include "base/error.hpp"

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/depth_first_search.hpp>
#include <boost/graph/topological_sort.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <numeric>
#include <unordered_map>

namespace pare {

namespace {
// Edges run from a node to its inputs. Out-edges keep their order, so an edge's place is its argument port, and a
// topological sort of this direction lists inputs first.
using Dag = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;

constexpr std::array kBaselines = {std::pair{Baseline::kConv, std::string_view("Conv")},
                                   std::pair{Baseline::kSep, std::string_view("Sep")},
                                   std::pair{Baseline::kLinear, std::string_view("Linear")}};
} // namespace

std::string_view to_string(Baseline baseline) { return kBaselines[static_cast<std::size_t>(baseline)].second; }

std::optional<Baseline> baseline_from(std::string_view name) {
  for (const auto &[baseline, text] : kBaselines)
    if (text == name) return baseline;
  return std::nullopt;
}

struct Graph::Edges {
  Dag dag;
};

Graph::Graph(const Initialisation &initialisation) : initialisation_(initialisation), edges_(std::make_unique<Edges>()) {}
Graph::~Graph() = default;
Graph::Graph(Graph &&other) noexcept = default;
Graph &Graph::operator=(Graph &&other) noexcept = default;
Graph::Graph(const Graph &other)
    : nodes_(other.nodes_), layers_(other.layers_), attached_(other.attached_), replaceable_(other.replaceable_),
      marks_(other.marks_), output_(other.output_), initialisation_(other.initialisation_), edges_(std::make_unique<Edges>()) {
  std::vector<NodeId> from;
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    boost::add_vertex(edges_->dag);
    other.inputs(id, from);
    for (NodeId input : from) boost::add_edge(id, input, edges_->dag);
  }
}
Graph &Graph::operator=(const Graph &other) {
  Graph copy(other);
  return *this = std::move(copy);
}

void Graph::clear() {
  nodes_.clear();
  layers_.clear();
  attached_.clear();
  replaceable_.clear();
  for (auto &nodes : marks_) nodes.clear();
  output_ = 0;
  edges_->dag.clear();
}

LayerId Graph::add_layer(std::string name, std::string_view kind, bool substituted, std::optional<LayerId> shares) {
  assert(!shares || !layers_[*shares].shares);
  layers_.push_back(
      {.name = std::move(name), .kind = std::string(kind), .substituted = substituted, .family = {}, .shares = shares});
  return static_cast<LayerId>(layers_.size() - 1);
}

NodeId Graph::add_input(const Shape &shape) {
  assert(nodes_.empty());
  return add(add_layer("input", "input"), Input{.shape = shape}, {});
}

NodeId Graph::add(LayerId layer, Op op, std::span<const NodeId> inputs, Spelling spelling) {
  const std::string &name = layers_[layer].name;
  if (nodes_.size() >= kMaxNodes)
    throw Error(ErrorCode::kLimit, name, fmt::format("a network may have at most {} nodes", kMaxNodes));
  shapes_.clear();
  bool on_activations = std::holds_alternative<Input>(op);
  for (NodeId input : inputs) {
    assert(input < nodes_.size());
    shapes_.push_back(&nodes_[input].shape);
    on_activations = on_activations || nodes_[input].on_activations;
  }
  Node node{.op = std::move(op), .shape = {}, .layer = layer, .spelling = spelling, .on_activations = on_activations};
  try {
    node.shape = infer_shape(node.op, shapes_);
  } catch (const Error &error) {
    throw error.within(name);
  }
  nodes_.push_back(std::move(node));
  const auto vertex = boost::add_vertex(edges_->dag);
  for (NodeId input : inputs) boost::add_edge(vertex, input, edges_->dag);
  output_ = static_cast<NodeId>(vertex);
  return output_;
}

void Graph::attach(NodeId node, Event event, Count amount) {
  assert(node + 1 == nodes_.size());
  attached_.push_back({.node = node, .event = event, .amount = amount});
}

void Graph::mark_replaceable(NodeId node, Baseline baseline) {
  assert(baseline == Baseline::kLinear ? std::holds_alternative<Linear>(nodes_[node].op)
                                       : std::holds_alternative<Conv>(nodes_[node].op));
  replaceable_.push_back({.node = node, .baseline = baseline});
}

std::vector<std::vector<NodeId>> Graph::sharers() const {
  std::vector<std::vector<NodeId>> out(replaceable_.size());
  std::unordered_map<LayerId, std::size_t> owners;
  for (std::size_t i = 0; i < replaceable_.size(); ++i) owners.emplace(nodes_[replaceable_[i].node].layer, i);
  for (NodeId id = 0; id < nodes_.size(); ++id)
    if (const auto &shared = layers_[nodes_[id].layer].shares)
      if (const auto owner = owners.find(*shared); owner != owners.end()) out[owner->second].push_back(id);
  return out;
}

std::vector<NodeId> Graph::inputs(NodeId id) const {
  std::vector<NodeId> out;
  inputs(id, out);
  return out;
}

void Graph::inputs(NodeId id, std::vector<NodeId> &out) const {
  out.clear();
  for (auto [edge, end] = boost::out_edges(id, edges_->dag); edge != end; ++edge)
    out.push_back(static_cast<NodeId>(boost::target(*edge, edges_->dag)));
}

void Graph::input_shapes(NodeId id, std::vector<const TensorShape *> &out) const {
  out.clear();
  for (auto [edge, end] = boost::out_edges(id, edges_->dag); edge != end; ++edge)
    out.push_back(&nodes_[boost::target(*edge, edges_->dag)].shape);
}

const Shape &Graph::input_shape() const {
  assert(!nodes_.empty());
  return activation(0);
}

std::string Graph::parameter_name(NodeId id) const {
  const Node &n = nodes_[id];
  const std::string &layer = layers_[n.layer].name;
  if (const auto *parameter = std::get_if<Parameter>(&n.op)) return layer + "." + parameter->leaf;
  return layer + "." + std::get<Buffer>(n.op).leaf;
}

DependencyOrder dependency_order(std::size_t n, std::span<const std::pair<std::size_t, std::size_t>> dependencies) {
  Dag dag(n);
  for (const auto &[vertex, needed] : dependencies) boost::add_edge(vertex, needed, dag);

  struct StopAtCycle : boost::default_dfs_visitor {
    std::vector<std::size_t> *path;
    std::vector<std::size_t> *cycle;
    void discover_vertex(std::size_t v, const Dag & /*dag*/) const { path->push_back(v); }
    void finish_vertex(std::size_t /*v*/, const Dag & /*dag*/) const { path->pop_back(); }
    void back_edge(Dag::edge_descriptor e, const Dag & /*dag*/) const {
      if (cycle->empty()) cycle->assign(std::find(path->begin(), path->end(), e.m_target), path->end());
    }
  };
  DependencyOrder result;
  std::vector<std::size_t> path;
  StopAtCycle visitor;
  visitor.path = &path;
  visitor.cycle = &result.cycle;
  boost::depth_first_search(dag, boost::visitor(visitor));
  if (result.cycle.empty()) boost::topological_sort(dag, std::back_inserter(result.order));
  return result;
}

} // namespace pare
