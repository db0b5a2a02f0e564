#include "train/start.hpp"

#include "projection/numerics.hpp"
#include "projection/projection.hpp"
#include "train/torch.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace pare::train {

namespace {

using torch::Tensor;
using NamedTensors = std::map<std::string, Tensor>;

NamedTensors parameters_and_buffers(const GraphModule &module) {
  NamedTensors out;
  for (const auto &entry : module.named_parameters()) out.emplace(entry.key(), entry.value());
  for (const auto &entry : module.named_buffers()) out.emplace(entry.key(), entry.value());
  return out;
}

DenseTensor dense(const Tensor &tensor) {
  const Tensor values = tensor.detach().to(torch::kCPU, torch::kFloat64).contiguous();
  DenseTensor out;
  for (const std::int64_t size : values.sizes()) out.extents.push_back(size);
  out.values.assign(values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel());
  return out;
}

void put(const Tensor &target, const DenseTensor &value) {
  Tensor from = torch::empty(target.sizes(), torch::kFloat64);
  std::copy(value.values.begin(), value.values.end(), from.mutable_data_ptr<double>());
  Tensor(target).copy_(from);
}

/// The tensors of a student's substitutes, random buffers among them.
std::set<std::string> substituted_tensors(const Graph &graph, bool buffers_only) {
  std::set<std::string> out;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Op &op = graph.node(id).op;
    const auto *parameter = std::get_if<Parameter>(&op);
    if (std::holds_alternative<Buffer>(op) || (!buffers_only && parameter != nullptr && parameter->substituted))
      out.insert(graph.parameter_name(id));
  }
  return out;
}

} // namespace

double Started::energy_kept() const {
  double kept = 0;
  double whole = 0;
  for (const Layer &layer : projected) {
    kept += layer.energy_kept * layer.energy;
    whole += layer.energy;
  }
  return whole == 0 ? 1 : kept / whole;
}

Started start_at(Model &student, const Model &teacher, const std::vector<std::string> &anew,
                 const std::function<void(std::int64_t, std::int64_t)> &progress) {
  const torch::NoGradGuard no_gradient;
  const Graph &graph = student.module->graph();
  const NamedTensors own = parameters_and_buffers(*student.module);
  NamedTensors theirs = parameters_and_buffers(*teacher.module);
  std::erase_if(theirs, [&](const auto &item) { return formats::is_in_one_of(item.first, anew); });
  Started out;

  const std::vector<ConvSites> layers = replaceable_sites(student.design.network.graph);
  std::set<std::string> known; // of the teacher
  for (const ConvSites &sites : replaceable_sites(teacher.design.network.graph)) known.insert(sites.front().name);
  const std::set<std::string> buffers = substituted_tensors(graph, true);
  std::int64_t done = 0;
  for (const ConvSites &sites : layers) {
    if (progress) progress(done++, static_cast<std::int64_t>(layers.size()));
    const ConvSite &site = sites.front();
    const Substitute *substitute = student.design.plan.find(site.name);
    const auto is_this = [&](const Lowered::Kept &kept) { return kept.layer == site.name; };
    if (substitute == nullptr || is_baseline(site, *substitute) ||
        std::any_of(student.kept.begin(), student.kept.end(), is_this))
      continue; // it is copied with the rest
    DenseTensors read;
    const auto find = [&](const std::string &name) -> const DenseTensor * {
      const auto found = theirs.find(name);
      return found == theirs.end() ? nullptr : &read.emplace(name, dense(found->second)).first->second;
    };
    std::optional<LayerWeight> weight;
    if (known.contains(site.name)) weight = layer_weight(site, find);
    DenseTensors index;
    for (auto name = buffers.lower_bound(site.name + "."); name != buffers.end() && name->starts_with(site.name + "."); ++name)
      index.emplace(*name, dense(own.at(*name)));
    const auto projection = weight ? project(site, *substitute, *weight, index) : std::nullopt;
    if (!projection) {
      out.drawn.push_back(site.name);
      continue;
    }
    for (const auto &[name, value] : projection->parameters) put(own.at(name), value);
    out.projected.push_back({.name = site.name,
                             .substitute = substitute->text(),
                             .energy_kept = projection->energy_kept,
                             .energy = numerics::energy(weight->weight.values),
                             .is_nearest = projection->is_nearest});
  }

  const std::set<std::string> substituted = substituted_tensors(graph, false);
  for (const auto &[name, tensor] : own) {
    if (substituted.contains(name)) continue;
    const auto found = theirs.find(name);
    if (found != theirs.end() && found->second.sizes() == tensor.sizes())
      Tensor(tensor).copy_(found->second);
    else
      out.drawn.push_back(name);
  }
  return out;
}

std::int64_t measure_statistics(GraphModule &module, Loader &training, torch::Device device, Precision precision,
                                std::uint64_t seed, std::int64_t at_once, const std::function<bool(std::int64_t)> &progress) {
  const auto nodes = module.graph().nodes();
  if (std::none_of(nodes.begin(), nodes.end(), [](const Node &node) { return std::holds_alternative<BatchNorm>(node.op); }))
    return 0;
  const torch::NoGradGuard no_gradient;
  const PrecisionGuard guard(precision, device.type());
  Pass pass{.training = true, .seed = seed};
  module.compute_weights(pass);
  training.start(0);
  std::int64_t done = 0;
  std::int64_t images = 0;
  while (done < kStatisticsBatches) {
    const auto batch = training.next();
    if (!batch) break;
    pass.step = static_cast<std::uint64_t>(done++);
    const Tensor all = batch->images.to(device, true);
    for (pass.first_image = 0; pass.first_image < all.size(0); pass.first_image += at_once) {
      const Tensor some = all.narrow(0, pass.first_image, std::min(at_once, all.size(0) - pass.first_image));
      images += some.size(0);
      pass.momentum = static_cast<double>(some.size(0)) / static_cast<double>(images);
      module.run_activations(some, pass);
    }
    if (progress && !progress(done)) break;
  }
  return done;
}

} // namespace pare::train
