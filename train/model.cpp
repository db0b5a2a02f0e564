#include "train/model.hpp"

#include "analysis/state.hpp"
#include "base/error.hpp"
#include "train/torch.hpp"
#include "train/weights.hpp"

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

void check_classes(const Model &model, const DataSource &data, const std::string &whose) {
  if (model.classes == data.classes) return;
  const Network &network = model.design.network;
  std::string accepted = fmt::format("a file of a network with {} outputs", data.classes);
  if (network.family != nullptr) {
    accepted = fmt::format("{}:classes={}", network.family->info().name, data.classes);
    if (model.design.is_solved) accepted = "one that was solved for " + accepted;
  }
  throw Error(ErrorCode::kInvalidConfig, "--data",
              fmt::format("{} has {} classes, and {} {}; {}, or data of {} classes would be accepted", data.spec, data.classes,
                          whose, model.classes, accepted, model.classes));
}

std::vector<std::string> load_weights(GraphModule &module, const std::string &file, const formats::Reading &reading) {
  return load_state(module, state_tensors(module.graph()), formats::read_tensor_file(file), file, module.value_rules(),
                    reading);
}

} // namespace pare::train
