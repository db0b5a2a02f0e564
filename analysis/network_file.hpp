#pragma once

#include "analysis/graph.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace pare {

/// A network as a file, schema `pare.network/1` (analysis/README.md describes it): layers with parameters of their own,
/// as the models build them, before anything is substituted.
struct NetworkFile {
  std::string name;
  Graph graph;
};

/// Reads one. `where` names the text in errors; `input` replaces the file's own input shape. Layers may stand in any order.
/// Throws Error{kInvalidFile}, or what the graph throws where shapes do not fit.
NetworkFile read_network(std::string_view json, const std::string &where, const std::optional<Shape> &input = {});

/// Writes one, a layer to a line; reading it back and writing again gives the same bytes. Throws Error{kInvalidConfig} for a
/// graph with computed or shared weights (a lowered one).
std::string write_network(const Graph &graph, std::string_view name);

/// Puts a network into a JSON document, written with an indent of 2, in the place of its first `"network": null`: as text, so
/// that a large one is never held as a tree.
std::string embed_network(std::string document, const Graph &graph, std::string_view name);

/// The activations' graph for Graphviz.
std::string write_dot(const Graph &graph, std::string_view name);

/// Attributes of a layer in words: "64 x 3 x 7 x 7, stride 2, padding 3".
std::string describe(const Graph &graph, NodeId node);

} // namespace pare
