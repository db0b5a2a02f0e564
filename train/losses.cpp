#include "train/losses.hpp"

#include "base/error.hpp"
#include "train/modules/fused.hpp"
#include "train/torch.hpp"

#include <fmt/format.h>

namespace pare::train {

using torch::Tensor;

Tensor attention_map(const Tensor &x) {
  const Tensor map = fuses(x) ? fused_mean_square(x) : x.square().mean(1).flatten(1);
  return map / map.norm(2, 1, true).clamp_min(1e-12);
}

Tensor attention_loss(const Tensor &student, const Tensor &teacher, AttentionForm form) {
  const Tensor difference = student - teacher;
  switch (form) {
  case AttentionForm::kReference: return difference.square().mean();
  case AttentionForm::kPaper: return difference.norm(2, 1).mean();
  }
  TORCH_INTERNAL_ASSERT(false);
}

Tensor distillation_loss(const Tensor &student, const Tensor &teacher, double temperature) {
  const Tensor kl = at::kl_div(torch::log_softmax(student / temperature, 1), torch::softmax(teacher / temperature, 1));
  return kl * (2 * temperature * temperature);
}

Losses compute_losses(const Tensor &logits, const std::vector<Tensor> &taps, const Targets &targets,
                      const LossSettings &settings) {
  const std::int64_t copies = logits.size(0) / targets.labels.size(0);
  const auto repeated = [&](const Tensor &x, std::vector<std::int64_t> times) { return copies == 1 ? x : x.repeat(times); };
  Losses out;
  out.cross_entropy = at::cross_entropy_loss(logits, repeated(targets.labels, {copies}));
  if (!targets.teacher_logits.defined()) {
    out.total = out.cross_entropy;
    return out;
  }
  out.total = settings.alpha == 0 ? out.cross_entropy : out.cross_entropy * (1 - settings.alpha);
  if (settings.alpha != 0) {
    out.kd = distillation_loss(logits, repeated(targets.teacher_logits, {copies, 1}), settings.temperature);
    out.total = out.total + out.kd * settings.alpha;
  }
  if (taps.size() != targets.teacher_maps.size())
    throw Error(ErrorCode::kInvalidConfig, "attention",
                fmt::format("the student has {} attention taps and the teacher {}; they must have as many", taps.size(),
                            targets.teacher_maps.size()));
  for (std::size_t i = 0; i < taps.size(); ++i) {
    const Tensor map = attention_map(taps[i]);
    if (map.size(1) != targets.teacher_maps[i].size(1))
      throw Error(ErrorCode::kInvalidConfig, fmt::format("attention tap {}", i),
                  fmt::format("the student's map has {} positions and the teacher's {}; they must be the same", map.size(1),
                              targets.teacher_maps[i].size(1)));
    const Tensor loss = attention_loss(map, targets.teacher_maps[i], settings.attention);
    out.attention = i == 0 ? loss : out.attention + loss;
  }
  if (out.attention.defined() && settings.beta != 0)
    out.total = out.total + out.attention * (3 * settings.beta / static_cast<double>(taps.size()));
  return out;
}

} // namespace pare::train
