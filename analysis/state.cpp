#include "analysis/state.hpp"

namespace pare {

std::vector<std::pair<std::string, std::vector<std::int64_t>>> state_tensors(const Graph &graph) {
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> out;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node &node = graph.node(id);
    if (std::holds_alternative<Parameter>(node.op) || std::holds_alternative<Buffer>(node.op)) {
      const Extents &extents = graph.weight(id);
      out.emplace_back(graph.parameter_name(id), std::vector<std::int64_t>(extents.begin(), extents.end()));
    } else if (std::holds_alternative<BatchNorm>(node.op)) {
      const std::string &layer = graph.layer(node.layer).name;
      const std::int64_t channels = graph.activation(id).channels;
      out.emplace_back(layer + ".running_mean", std::vector<std::int64_t>{channels});
      out.emplace_back(layer + ".running_var", std::vector<std::int64_t>{channels});
      out.emplace_back(layer + ".num_batches_tracked", std::vector<std::int64_t>{});
    }
  }
  return out;
}

} // namespace pare
