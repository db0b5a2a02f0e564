#include "train/optimizer.hpp"

#include "train/torch.hpp"

#include <torch/nn/utils/clip_grad.h>

#include <set>
#include <variant>

namespace pare::train {

std::map<std::string, double> weight_decays(const Graph &lowered, double weight_decay,
                                            const std::function<double(std::string_view family)> &factor,
                                            bool norms_and_biases) {
  std::set<LayerId> norms;
  for (NodeId id = 0; id < lowered.node_count(); ++id)
    if (std::holds_alternative<BatchNorm>(lowered.node(id).op)) norms.insert(lowered.node(id).layer);
  std::map<std::string, double> out;
  for (NodeId id = 0; id < lowered.node_count(); ++id)
    if (const auto *parameter = std::get_if<Parameter>(&lowered.node(id).op)) {
      const std::string &family = lowered.layer(lowered.node(id).layer).family;
      const bool is_free = !norms_and_biases && (norms.contains(lowered.node(id).layer) || parameter->leaf == "bias");
      out[lowered.parameter_name(id)] = is_free ? 0 : parameter->decay_scaled ? weight_decay * factor(family) : weight_decay;
    }
  return out;
}

Sgd::Sgd(std::vector<Parameter> parameters, double momentum, bool nesterov)
    : parameters_(std::move(parameters)), momentum_(momentum), nesterov_(nesterov) {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    Parameter &p = parameters_[i];
    if (!p.momentum.defined()) p.momentum = torch::zeros_like(p.tensor).detach();
    groups_[p.decay].push_back(i);
  }
}

void Sgd::zero_grad() {
  for (Parameter &p : parameters_) p.tensor.mutable_grad() = torch::Tensor();
}

double Sgd::clip(double most) {
  std::vector<torch::Tensor> tensors;
  for (const Parameter &p : parameters_) tensors.push_back(p.tensor);
  return torch::nn::utils::clip_grad_norm_(tensors, most);
}

void Sgd::set_learning_rate(double learning_rate) {
  learning_rate_ = learning_rate;
  // LibTorch takes one in single precision alone.
  if (parameters_.empty() || !parameters_[0].tensor.is_cuda() || parameters_[0].tensor.scalar_type() != torch::kFloat32) return;
  if (!learning_rate_there_.defined())
    learning_rate_there_ = torch::empty({}, parameters_[0].tensor.options().requires_grad(false));
  learning_rate_there_.fill_(learning_rate);
}

void Sgd::step() {
  const torch::NoGradGuard no_gradient;
  for (const auto &[decay, members] : groups_) {
    std::vector<torch::Tensor> weights;
    std::vector<torch::Tensor> gradients;
    std::vector<torch::Tensor> momenta;
    for (std::size_t i : members) {
      const Parameter &p = parameters_[i];
      if (!p.tensor.grad().defined()) continue; // nothing reached it
      weights.push_back(p.tensor);
      gradients.push_back(p.tensor.grad());
      momenta.push_back(p.momentum);
    }
    if (weights.empty()) continue;
    if (learning_rate_there_.defined())
      at::_fused_sgd_(weights, gradients, momenta, decay, momentum_, learning_rate_there_, 0, nesterov_, false, false);
    else
      at::_fused_sgd_(weights, gradients, momenta, decay, momentum_, learning_rate_, 0, nesterov_, false, false);
  }
}

} // namespace pare::train
