#include "train/graph_module.hpp"

#include "base/error.hpp"
#include "train/torch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <set>

namespace pare::train {

using torch::Tensor;

namespace {

std::vector<std::int64_t> sizes(const Extents &extents) { return {extents.begin(), extents.end()}; }

bool is_tensor(const Op &op) { return std::holds_alternative<Parameter>(op) || std::holds_alternative<Buffer>(op); }

} // namespace

GraphModule::GraphModule(Graph graph) : graph_(std::move(graph)), weight_values_(graph_.node_count()) {
  register_tensors();
  resolve();
  divide();
}

/// "block1.0.layer.0.conv1" as nested modules, as PyTorch has them.
torch::nn::Module &GraphModule::scope(const std::string &layer) {
  torch::nn::Module *at = this;
  for (std::size_t begin = 0; begin <= layer.size();) {
    const std::size_t end = std::min(layer.find('.', begin), layer.size());
    auto &entry = scopes_[layer.substr(0, end)];
    if (!entry) entry = at->register_module(layer.substr(begin, end - begin), std::make_shared<torch::nn::Module>());
    at = entry.get();
    begin = end + 1;
  }
  return *at;
}

void GraphModule::register_tensors() {
  // Two tensors of one name would be one tensor, and the network another than was counted.
  std::set<std::string> taken;
  const auto add = [&](LayerId layer, const std::string &leaf, Tensor tensor, bool trained) {
    const std::string full = graph_.layer(layer).name + "." + leaf;
    if (!taken.insert(full).second)
      throw Error(ErrorCode::kInvalidConfig, full, "two layers have a tensor of this name; names must be unique to be trained");
    const auto dot = full.rfind('.');
    torch::nn::Module &owner = scope(full.substr(0, dot));
    return trained ? owner.register_parameter(full.substr(dot + 1), std::move(tensor))
                   : owner.register_buffer(full.substr(dot + 1), std::move(tensor));
  };
  for (NodeId id = 0; id < graph_.node_count(); ++id) {
    const Node &node = graph_.node(id);
    if (const auto *parameter = std::get_if<Parameter>(&node.op)) {
      weight_values_[id] = add(node.layer, parameter->leaf, torch::empty(sizes(parameter->extents)), true);
      parameter_nodes_[graph_.parameter_name(id)] = id;
    } else if (const auto *buffer = std::get_if<Buffer>(&node.op)) {
      // Indices as the reference stores them; signs as small as they can be.
      const auto type = buffer->upper == 0 ? torch::kInt8 : torch::kInt64;
      weight_values_[id] = add(node.layer, buffer->leaf, torch::zeros(sizes(buffer->extents), type), false);
    } else if (std::holds_alternative<BatchNorm>(node.op) && !graph_.layer(node.layer).shares) {
      const std::int64_t channels = graph_.activation(id).channels;
      statistics_[node.layer] = std::make_unique<Statistics>(
          Statistics{.mean = add(node.layer, "running_mean", torch::zeros({channels}), false),
                     .variance = add(node.layer, "running_var", torch::ones({channels}), false),
                     .batches = add(node.layer, "num_batches_tracked", torch::zeros({}, torch::kInt64), false)});
    }
  }
}

Statistics &GraphModule::statistics(NodeId norm) const {
  const LayerId layer = graph_.node(norm).layer;
  return *statistics_.at(graph_.layer(layer).shares.value_or(layer));
}

void GraphModule::resolve() {
  const std::size_t n = graph_.node_count();
  kept_.assign(n, false);
  kept_[graph_.output()] = true;
  for (Mark mark : {Mark::kAttentionTap, Mark::kAuxiliaryTap})
    for (NodeId node : graph_.marked(mark)) kept_[node] = true;
  std::vector<bool> dropped(n, false);
  for (NodeId node : graph_.marked(Mark::kDropPath)) dropped[node] = true;

  std::vector<std::uint32_t> uses(n, 0);
  std::vector<NodeId> inputs;
  for (NodeId id = 0; id < n; ++id) {
    graph_.inputs(id, inputs);
    for (NodeId input : inputs) ++uses[input];
  }

  // All that was counted is run, needed or not.
  for (NodeId id = 0; id < n; ++id) {
    const Node &node = graph_.node(id);
    if (is_tensor(node.op) || std::holds_alternative<Input>(node.op)) continue;
    Instruction instruction{
        .node = id, .kernel = {}, .inputs = graph_.inputs(id), .last_uses = {}, .drop_path = dropped[id], .norm = {}};
    if (const auto *norm = std::get_if<BatchNorm>(&node.op)) {
      instruction.kernel = batch_norm_kernel(*norm, statistics(id), false, graph_.layer(node.layer).name);
      instruction.norm = id;
    } else if (std::holds_alternative<Relu>(node.op) && !activations_.empty()) {
      // A ReLU right behind a batch norm that nobody else reads runs with it.
      const NodeId source = instruction.inputs[0];
      Instruction &last = activations_.back();
      const auto *before = std::get_if<BatchNorm>(&graph_.node(source).op);
      if (before != nullptr && last.node == source && uses[source] == 1 && !kept_[source] && !dropped[source]) {
        last.kernel = batch_norm_kernel(*before, statistics(source), true, graph_.layer(graph_.node(source).layer).name);
        last.node = id;
        last.drop_path = dropped[id];
        continue;
      }
    }
    if (!instruction.kernel) instruction.kernel = make_kernel(graph_, id);
    (node.on_activations ? activations_ : weights_).push_back(std::move(instruction));
  }

  find_last_uses();
}

void GraphModule::find_last_uses() {
  const std::size_t n = graph_.node_count();
  std::vector<bool> used(n, false);
  for (auto it = activations_.rbegin(); it != activations_.rend(); ++it) {
    it->last_uses.clear();
    if (!used[it->node] && !kept_[it->node]) it->last_uses.push_back(it->node); // nobody needs it
    for (NodeId input : it->inputs)
      if (input < n && graph_.node(input).on_activations && !used[input]) {
        used[input] = true;
        if (!kept_[input]) it->last_uses.push_back(input);
      }
  }
}

void GraphModule::divide() {
  const std::size_t n = graph_.node_count();
  std::vector<bool> ends(n, false);
  for (NodeId node : graph_.marked(Mark::kSegmentEnd)) ends[node] = true;
  constexpr auto kNowhere = std::numeric_limits<std::size_t>::max();
  std::vector<std::size_t> made_at(n, kNowhere);
  std::vector<std::size_t> last_use(n, 0);
  for (std::size_t i = 0; i < activations_.size(); ++i) {
    made_at[activations_[i].node] = i;
    for (NodeId input : activations_[i].inputs) last_use[input] = i;
  }
  std::size_t begin = 0;
  for (std::size_t i = 0; i < activations_.size(); ++i) {
    if (!ends[activations_[i].node]) continue;
    Segment segment{.begin = begin, .end = i + 1, .inputs = {}, .outputs = {}};
    std::set<NodeId> seen;
    for (std::size_t k = begin; k <= i; ++k) {
      for (NodeId input : activations_[k].inputs)
        if ((made_at[input] == kNowhere || made_at[input] < begin) && seen.insert(input).second)
          segment.inputs.push_back(input);
      const NodeId made = activations_[k].node;
      if (kept_[made] || last_use[made] > i) segment.outputs.push_back(made);
    }
    segments_.push_back(std::move(segment));
    begin = i + 1;
  }
}

void GraphModule::execute(const Instruction &instruction, const Pass &pass, Values &values) const {
  std::array<Tensor, 4> few;
  std::vector<Tensor> many;
  std::span<Tensor> inputs(few.data(), std::min(instruction.inputs.size(), few.size()));
  if (instruction.inputs.size() > few.size()) {
    many.resize(instruction.inputs.size());
    inputs = many;
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = values[instruction.inputs[i]];
  Tensor out = instruction.kernel(pass, inputs);
  if (instruction.drop_path && pass.training && pass.drop_path > 0) out = drop_path(out, pass, instruction.node);
  if (observer_) observer_(instruction.node, out);
  values[instruction.node] = std::move(out);
}

void GraphModule::compute_weights(const Pass &pass) {
  if (frozen_) return;
  for (const Instruction &instruction : weights_) execute(instruction, pass, weight_values_);
}

/// Runs a segment without keeping what is inside it, and again when its gradient is asked for.
class RecomputedSegment : public torch::autograd::Function<RecomputedSegment> {
public:
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext *context, const GraphModule *module,
                                                const GraphModule::Segment *segment, const Pass *pass, at::TensorList inputs) {
    context->save_for_backward(inputs.vec());
    context->saved_data["module"] = reinterpret_cast<std::int64_t>(module);
    context->saved_data["segment"] = reinterpret_cast<std::int64_t>(segment);
    context->saved_data["drop_path"] = pass->drop_path;
    context->saved_data["seed"] = static_cast<std::int64_t>(pass->seed);
    context->saved_data["step"] = static_cast<std::int64_t>(pass->step);
    context->saved_data["first_image"] = pass->first_image;
    return outputs(*module, *segment, *pass, inputs);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    const auto *module = reinterpret_cast<const GraphModule *>(context->saved_data["module"].toInt());
    const auto *segment = reinterpret_cast<const GraphModule::Segment *>(context->saved_data["segment"].toInt());
    const Pass pass{.training = true,
                    .update_statistics = false,
                    .drop_path = context->saved_data["drop_path"].toDouble(),
                    .seed = static_cast<std::uint64_t>(context->saved_data["seed"].toInt()),
                    .step = static_cast<std::uint64_t>(context->saved_data["step"].toInt()),
                    .first_image = context->saved_data["first_image"].toInt()};
    constexpr std::size_t kPlain = 3; // arguments of forward() in front of the tensors
    std::vector<Tensor> inputs = context->get_saved_variables();
    std::vector<Tensor> wanted;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const bool needs = context->needs_input_grad(i); // which counts the tensors alone
      inputs[i] = inputs[i].detach();
      if (!needs) continue;
      inputs[i].requires_grad_(true);
      wanted.push_back(inputs[i]);
      places.push_back(kPlain + i);
    }
    torch::autograd::variable_list results(kPlain + inputs.size());
    const torch::AutoGradMode with_gradient(true);
    auto made = outputs(*module, *segment, pass, inputs);
    torch::autograd::variable_list roots;
    torch::autograd::variable_list root_gradients;
    for (std::size_t i = 0; i < made.size(); ++i)
      if (gradients[i].defined() && made[i].requires_grad()) {
        roots.push_back(made[i]);
        root_gradients.push_back(gradients[i]);
      }
    if (roots.empty()) return results;
    const auto found = torch::autograd::grad(roots, wanted, root_gradients, std::nullopt, false, true);
    for (std::size_t i = 0; i < found.size(); ++i) results[places[i]] = found[i];
    return results;
  }

private:
  static torch::autograd::variable_list outputs(const GraphModule &module, const GraphModule::Segment &segment,
                                                const Pass &pass, at::TensorList inputs) {
    GraphModule::Values values(module.graph_.node_count());
    for (std::size_t i = 0; i < inputs.size(); ++i) values[segment.inputs[i]] = inputs[i];
    for (std::size_t i = segment.begin; i < segment.end; ++i) module.execute(module.activations_[i], pass, values);
    torch::autograd::variable_list out;
    for (NodeId id : segment.outputs) out.push_back(values[id]);
    return out;
  }
};

void GraphModule::recompute_segment(const Segment &segment, const Pass &pass, Values &values) const {
  std::vector<Tensor> inputs;
  for (NodeId id : segment.inputs) inputs.push_back(values[id]);
  const auto made = RecomputedSegment::apply(this, &segment, &pass, at::TensorList(inputs));
  for (std::size_t i = 0; i < made.size(); ++i) values[segment.outputs[i]] = made[i];
}

Outputs GraphModule::run_activations(const Tensor &x, const Pass &pass, Recompute recompute) {
  TORCH_CHECK(!frozen_ || !pass.training, "a frozen module is for inference");
  Values values = weight_values_;
  // The order in which convolutions are fastest on a CPU; elsewhere it is the caller's choice.
  values[0] = x.is_cpu() ? x.contiguous(torch::MemoryFormat::ChannelsLast) : x;
  std::size_t at = 0;
  const auto release = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i)
      for (NodeId id : activations_[i].last_uses) values[id] = Tensor();
  };
  if (recompute == Recompute::kAll && pass.training && torch::GradMode::is_enabled())
    for (const Segment &segment : segments_) {
      recompute_segment(segment, pass, values);
      release(segment.begin, segment.end);
      at = segment.end;
    }
  for (; at < activations_.size(); ++at) {
    execute(activations_[at], pass, values);
    release(at, at + 1);
  }
  Outputs out{.logits = values[graph_.output()].flatten(1), .taps = {}, .auxiliary_tap = {}};
  for (NodeId node : graph_.attention_taps()) out.taps.push_back(values[node]);
  if (const auto taps = graph_.marked(Mark::kAuxiliaryTap); !taps.empty()) out.auxiliary_tap = values[taps[0]];
  return out;
}

Outputs GraphModule::run(const Tensor &x, const Pass &pass, Recompute recompute) {
  compute_weights(pass);
  return run_activations(x, pass, recompute);
}

void GraphModule::freeze(Precision precision) {
  const torch::NoGradGuard no_gradient;
  compute_weights({.training = false});
  for (Tensor &value : weight_values_)
    if (value.defined()) value = value.detach();
  std::map<NodeId, std::size_t> made_at; // conv's output -> its instruction, where nobody but a batch norm reads it
  std::map<NodeId, int> readers;
  for (const Instruction &instruction : activations_)
    for (NodeId input : instruction.inputs) ++readers[input];
  std::vector<Instruction> frozen;
  // New values get places behind the graph's nodes.
  const auto constant = [&](const Tensor &value, torch::ScalarType type) {
    weight_values_.push_back(value.to(type));
    return static_cast<NodeId>(weight_values_.size() - 1);
  };
  for (Instruction &instruction : activations_) {
    const Op &op = graph_.node(instruction.node).op;
    // The instruction of a batch norm ends at its ReLU where that is fused to it.
    const bool relu = std::holds_alternative<Relu>(op) && instruction.norm;
    if (!instruction.norm) {
      const bool is_product = std::holds_alternative<Conv>(op) || std::holds_alternative<Linear>(op);
      const bool is_shortened = precision == Precision::kBf16 && is_product && weight_values_[instruction.inputs[1]].is_cuda();
      if (is_shortened)
        for (std::size_t port = 1; port < instruction.inputs.size(); ++port)
          instruction.inputs[port] = constant(weight_values_[instruction.inputs[port]], torch::kBFloat16);
      if (!is_shortened && std::holds_alternative<Conv>(op) && !kept_[instruction.node] && readers[instruction.node] == 1)
        made_at[instruction.node] = frozen.size();
      frozen.push_back(std::move(instruction));
      continue;
    }
    const NodeId norm = *instruction.norm;
    const auto at = [&](std::size_t port) {
      return port < instruction.inputs.size() ? weight_values_[instruction.inputs[port]] : Tensor();
    };
    const auto [scale, shift] = affine_of(statistics(norm), at(1), at(2), std::get<BatchNorm>(graph_.node(norm).op).eps);
    const NodeId source = instruction.inputs[0];
    const torch::ScalarType type = statistics(norm).mean.scalar_type();
    if (const auto conv = made_at.find(source); conv != made_at.end()) {
      Instruction &folded = frozen[conv->second];
      const Tensor weight = weight_values_[folded.inputs[1]];
      const Tensor bias = folded.inputs.size() > 2 ? weight_values_[folded.inputs[2]] * scale + shift : shift;
      folded.inputs = {folded.inputs[0], constant(weight * scale.view({-1, 1, 1, 1}), type), constant(bias, type)};
      folded.kernel = frozen_conv_kernel(std::get<Conv>(graph_.node(source).op), relu);
      folded.node = instruction.node;
    } else {
      instruction.inputs = {source, constant(scale, type), constant(shift, type)};
      instruction.kernel = frozen_affine_kernel(relu);
      frozen.push_back(std::move(instruction));
    }
  }
  activations_ = std::move(frozen);
  segments_.clear();
  find_last_uses();
  frozen_ = true;
}

ValueRules GraphModule::value_rules() const {
  ValueRules out;
  for (NodeId id = 0; id < graph_.node_count(); ++id) {
    const Node &node = graph_.node(id);
    if (const auto *buffer = std::get_if<Buffer>(&node.op))
      out[graph_.parameter_name(id)] = buffer->upper == 0 ? ValueRule{.kind = ValueRule::Kind::kSign}
                                                          : ValueRule{.kind = ValueRule::Kind::kBelow, .end = buffer->upper};
    else if (std::holds_alternative<BatchNorm>(node.op) && !graph_.layer(node.layer).shares) {
      out[graph_.layer(node.layer).name + ".running_var"] = {.kind = ValueRule::Kind::kVariance};
      out[graph_.layer(node.layer).name + ".num_batches_tracked"] = {.kind = ValueRule::Kind::kCount};
    }
  }
  return out;
}

std::optional<std::string> GraphModule::first_not_finite(const Tensor &x, const Pass &pass) {
  const torch::NoGradGuard no_gradient;
  for (const auto &[name, node] : parameter_nodes_)
    if (!at::isfinite(weight_values_[node]).all().item<bool>()) return "parameter " + name;
  if (!at::isfinite(x).all().item<bool>()) return "the input";
  std::optional<std::string> found;
  const Observer before = std::exchange(observer_, [&](NodeId node, const Tensor &out) {
    if (!found && !at::isfinite(out).all().item<bool>())
      found = fmt::format("layer {} ({})", graph_.layer(graph_.node(node).layer).name, kind_name(graph_.node(node).op));
  });
  Pass quiet = pass;
  quiet.update_statistics = false;
  const auto restore = [&] { observer_ = before; };
  try {
    run(x, quiet);
  } catch (...) {
    restore();
    throw;
  }
  restore();
  return found;
}

} // namespace pare::train
