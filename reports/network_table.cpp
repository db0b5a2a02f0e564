#include "reports/network_table.hpp"

#include "analysis/network_file.hpp"

#include <fmt/format.h>

namespace pare {

Report network_table(const Graph &graph, std::string_view name) {
  Report out{.title = {std::string(name)},
             .columns = {{.heading = "layer"},
                         {.heading = "op"},
                         {.heading = "attributes"},
                         {.heading = "output", .unit = {}, .align = Align::kRight},
                         {.heading = "marks"}},
             .rows = {},
             .notes = {}};
  std::vector<std::string> marks(graph.node_count());
  for (const Graph::Replaceable &mark : graph.replaceable())
    marks[mark.node] = fmt::format("replaceable ({})", to_string(mark.baseline));
  for (const NodeId tap : graph.attention_taps()) marks[tap] += marks[tap].empty() ? "attention tap" : ", attention tap";
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node &node = graph.node(id);
    if (!node.on_activations) continue;
    const Shape &shape = graph.activation(id);
    out.rows.push_back({graph.layer(node.layer).name, std::string(kind_name(node.op)),
                        std::holds_alternative<Input>(node.op) ? std::string() : describe(graph, id),
                        fmt::format("{} x {} x {}", shape.channels, shape.height, shape.width), marks[id]});
  }
  return out;
}

} // namespace pare
