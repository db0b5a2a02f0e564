#pragma once

#include "analysis/graph.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pare {

/// The width that a network is said to have: what its layers' channels are scaled by (analysis/widen.hpp).
struct FileWidth {
  double factor = 1;
  std::int64_t round_to = 1;

  bool operator==(const FileWidth &) const = default;
};

/// A network as a file, schema `pare.network/1` (analysis/README.md describes it): layers with parameters of their own,
/// as the models build them, before anything is substituted.
struct NetworkFile {
  std::string name;
  Graph graph; ///< the layers as they stand there, not scaled yet
  FileWidth width = {};
};

/// What is counted or run instead of one image of the network's own size.
struct InputOptions {
  std::optional<Shape> image; ///< channels, height and width
  std::int64_t batch = 1;     ///< images

  InputOptions() = default;
  InputOptions(const Shape &input) : image(input), batch(input.batch) {} // NOLINT(google-explicit-constructor): it says both

  bool is_own() const { return !image && batch == 1; }
  /// The input of a network whose own image is `own`.
  Shape apply(const Shape &own) const {
    Shape out = image.value_or(own);
    out.batch = batch;
    return out;
  }
};

/// Reads one. `where` names the text in errors. Layers may stand in any order. Throws Error{kInvalidFile}, or what the graph
/// throws where shapes do not fit. `other_schema`: what the caller reads too, for the message about a third.
NetworkFile read_network(std::string_view json, const std::string &where, const InputOptions &input = {},
                         std::string_view other_schema = {});

/// Writes one, a layer to a line; reading it back and writing again gives the same bytes. Throws Error{kInvalidConfig} for a
/// graph with computed weights (a lowered one), or with weights of others that no layer says it shares.
std::string write_network(const Graph &graph, std::string_view name, const FileWidth &width = {});

/// Puts a network into a JSON document, written with an indent of 2, in the place of its first `"network": null`: as text, so
/// that a large one is never held as a tree.
std::string embed_network(std::string document, const Graph &graph, std::string_view name, const FileWidth &width = {});

/// The activations' graph for Graphviz.
std::string write_dot(const Graph &graph, std::string_view name);

/// Attributes of a layer in words: "64 x 3 x 7 x 7, stride 2, padding 3".
std::string describe(const Graph &graph, NodeId node);

} // namespace pare
