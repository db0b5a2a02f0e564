#include "train/step.hpp"

#include "train/torch.hpp"

#include <algorithm>
#include <cmath>

namespace pare::train {

using torch::Tensor;

namespace {

Targets targets_of(GraphModule *teacher, const Tensor &images, const Tensor &labels, const LossSettings &losses) {
  Targets out{.labels = labels, .teacher_logits = {}, .teacher_energy = {}};
  if (teacher == nullptr) return out;
  const torch::NoGradGuard no_gradient;
  const Outputs outputs = teacher->run(images, {.training = false});
  out.teacher_logits = outputs.logits.to(torch::promote_types(outputs.logits.scalar_type(), torch::kFloat32));
  if (losses.beta != 0)
    for (const Tensor &tap : outputs.taps) out.teacher_energy.push_back(attention_energy(tap));
  return out;
}

void accumulate(Tensor &sum, const Tensor &value, double weight) {
  if (!value.defined()) return;
  const Tensor part = weight == 1 ? value.detach() : value.detach() * weight;
  sum = sum.defined() ? sum + part : part;
}

} // namespace

StepResult train_step(const Networks &networks, Sgd &sgd, const Tensor &images, const Tensor &labels, double learning_rate,
                      const StepSettings &settings, Pass pass) {
  sgd.set_learning_rate(learning_rate);
  return train_step(networks, sgd, images, labels, settings, pass);
}

StepResult train_step(const Networks &networks, Sgd &sgd, const Tensor &images, const Tensor &labels,
                      const StepSettings &settings, Pass pass) {
  pass.training = true;
  sgd.zero_grad();
  StepResult result;
  std::vector<Tensor> all_logits;
  const std::int64_t n = images.size(0);
  const std::int64_t at_once = std::min(settings.micro_batch.value_or(n), n);
  for (std::int64_t begin = 0; begin < n; begin += at_once) {
    const std::int64_t count = std::min(at_once, n - begin);
    const Tensor x = images.narrow(0, begin, count);
    pass.first_image = begin;
    const double weight = static_cast<double>(count) / static_cast<double>(n);
    Losses losses;
    {
      const PrecisionGuard precision(settings.precision, images.device().type());
      const Targets targets = targets_of(networks.teacher, x, labels.narrow(0, begin, count), settings.losses);
      Outputs outputs = networks.student->run(x, pass, settings.recompute);
      all_logits.push_back(outputs.logits.detach());
      Tensor logits = outputs.logits;
      if (networks.auxiliary != nullptr)
        logits = torch::cat({logits, networks.auxiliary->run(outputs.auxiliary_tap, pass).logits}, 0);
      losses = compute_losses(logits.to(torch::promote_types(logits.scalar_type(), torch::kFloat32)), outputs.taps, targets,
                              settings.losses);
    }
    (weight == 1 ? losses.total : losses.total * weight).backward();
    accumulate(result.losses.total, losses.total, weight);
    accumulate(result.losses.cross_entropy, losses.cross_entropy, weight);
    accumulate(result.losses.kd, losses.kd, weight);
    accumulate(result.losses.attention, losses.attention, weight);
  }
  result.logits = all_logits.size() == 1 ? all_logits[0] : torch::cat(all_logits);
  if (settings.check_finite && !std::isfinite(result.losses.total.item<double>())) throw NotFinite{};
  if (settings.clip_grad) sgd.clip(*settings.clip_grad);
  sgd.step();
  return result;
}

} // namespace pare::train
