#include <torch/torch.h>

#include "train/model.hpp"

#include "analysis/error.hpp"
#include "command/files.hpp"
#include "train/weights/load.hpp"

#include <fmt/format.h>

namespace pare::train {

Model build_model(Design design, bool auxiliary_head, bool where_possible) {
  Model out;
  const Network &network = design.network;
  Lowered lowered = lower(network.graph, design.plan, where_possible ? WhereRefused::kLeaveAsItIs : WhereRefused::kThrow);
  out.cost = count(lowered.graph);
  out.original_parameters = count(lower(network.graph, {}).graph).parameters;
  out.kept = std::move(lowered.kept);
  out.classes = lowered.graph.activation(lowered.graph.output()).elements_per_image();
  if (auxiliary_head) {
    const auto taps = lowered.graph.marked(Mark::kAuxiliaryTap);
    std::optional<Graph> head;
    if (!taps.empty() && network.family != nullptr)
      head = network.family->auxiliary_head(network.values, lowered.graph.activation(taps[0]));
    if (!head)
      throw Error(ErrorCode::kInvalidConfig, "protocol/auxiliary_head",
                  fmt::format("{} has no auxiliary head; auxiliary_head = off would be accepted", network.name));
    out.auxiliary = std::make_shared<GraphModule>(std::move(*head));
  }
  out.module = std::make_shared<GraphModule>(std::move(lowered.graph));
  out.design = std::move(design);
  return out;
}

std::string Model::substitution() const {
  if (design.substitution) return *design.substitution;
  if (const auto text = design.plan.text()) return *text;
  return design.plan.layers.empty() ? "" : fmt::format("substitutes of {} layers", design.plan.layers.size());
}

void load_weights(GraphModule &module, const std::string &file) {
  const Loaded loaded = load_state(module, read_state(file), file);
  if (!loaded.name_map.empty()) cli::talk(fmt::format("{}: names of {}", file, loaded.name_map));
}

} // namespace pare::train
