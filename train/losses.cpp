#include "train/losses.hpp"

#include "base/error.hpp"
#include "train/modules/fused.hpp"
#include "train/torch.hpp"

#include <fmt/format.h>

namespace pare::train {

using torch::Tensor;

Tensor attention_energy(const Tensor &x) {
  return fuses(x) ? fused_mean_square(x).view({x.size(0), x.size(2), x.size(3)}) : x.square().mean(1);
}

namespace {

Tensor normalised(const Tensor &energy) {
  const Tensor map = energy.flatten(1);
  return map / map.norm(2, 1, true).clamp_min(1e-12);
}

} // namespace

Tensor attention_map(const Tensor &x) { return normalised(attention_energy(x)); }

Tensor attention_loss(const Tensor &student, const Tensor &teacher, AttentionForm form) {
  const Tensor difference = student - teacher;
  switch (form) {
  case AttentionForm::kReference: return difference.square().mean();
  case AttentionForm::kPaper: return difference.norm(2, 1).mean();
  }
  TORCH_INTERNAL_ASSERT(false);
}

Tensor distillation_loss(const Tensor &student, const Tensor &teacher, double temperature, DistillationForm form) {
  const Tensor log_student = torch::log_softmax(student / temperature, 1);
  const Tensor of_teacher = torch::softmax(teacher / temperature, 1);
  switch (form) {
  case DistillationForm::kReference: return at::kl_div(log_student, of_teacher) * (2 * temperature * temperature);
  case DistillationForm::kHinton:
    return at::kl_div(log_student, of_teacher, at::Reduction::Sum) *
           (temperature * temperature / static_cast<double>(student.size(0)));
  }
  TORCH_INTERNAL_ASSERT(false);
}

LossSettings loss_settings(const Protocol &protocol, std::int64_t epoch) {
  const double ramp = distillation_ramp(protocol, epoch);
  return {.cross_entropy = cross_entropy_weight(protocol),
          .distillation = distillation_weight(protocol) * ramp,
          .beta = protocol.beta * ramp,
          .temperature = protocol.temperature,
          .form = protocol.distillation,
          .label_smoothing = protocol.label_smoothing,
          .attention = protocol.attention,
          .resize = protocol.attention_resize};
}

double attention_weight(const LossSettings &settings, std::size_t taps) {
  return taps == 0 ? 0 : 3 * settings.beta / static_cast<double>(taps);
}

namespace {

/// The larger of two maps averaged over windows to the size of the smaller, of which it is a multiple: other windows overlap,
/// and LibTorch adds their gradients up in no order on a GPU.
void pool_larger(Tensor &student, Tensor &teacher, std::size_t tap) {
  const auto is_multiple = [](const Tensor &a, const Tensor &b) {
    return a.size(1) % b.size(1) == 0 && a.size(2) % b.size(2) == 0;
  };
  const auto pooled = [](const Tensor &x, const Tensor &like) {
    return at::avg_pool2d(x.unsqueeze(1), {x.size(1) / like.size(1), x.size(2) / like.size(2)}).squeeze(1);
  };
  if (is_multiple(student, teacher))
    student = pooled(student, teacher);
  else if (is_multiple(teacher, student))
    teacher = pooled(teacher, student);
  else
    throw Error(ErrorCode::kInvalidConfig, fmt::format("attention tap {}", tap),
                fmt::format("the student's map is {} x {} and the teacher's {} x {}, and neither is a multiple of the other",
                            student.size(1), student.size(2), teacher.size(1), teacher.size(2)));
}

Tensor compare_maps(const std::vector<Tensor> &taps, const Targets &targets, const LossSettings &settings) {
  if (taps.size() != targets.teacher_energy.size())
    throw Error(ErrorCode::kInvalidConfig, "attention",
                fmt::format("the student has {} attention taps and the teacher {}; they must have as many", taps.size(),
                            targets.teacher_energy.size()));
  Tensor sum;
  for (std::size_t i = 0; i < taps.size(); ++i) {
    Tensor student = attention_energy(taps[i]);
    Tensor teacher = targets.teacher_energy[i];
    if (student.sizes() != teacher.sizes()) {
      if (settings.resize == AttentionResize::kOff)
        throw Error(ErrorCode::kInvalidConfig, fmt::format("attention tap {}", i),
                    fmt::format("the student's map is {} x {} and the teacher's {} x {}; maps of one size, attention_resize = "
                                "pool or beta = 0 would be accepted",
                                student.size(1), student.size(2), teacher.size(1), teacher.size(2)));
      pool_larger(student, teacher, i);
    }
    const Tensor loss = attention_loss(normalised(student), normalised(teacher), settings.attention);
    sum = i == 0 ? loss : sum + loss;
  }
  return sum;
}

} // namespace

Losses compute_losses(const Tensor &logits, const std::vector<Tensor> &taps, const Targets &targets,
                      const LossSettings &settings) {
  const std::int64_t copies = logits.size(0) / targets.labels.size(0);
  const auto repeated = [&](const Tensor &x, std::vector<std::int64_t> times) { return copies == 1 ? x : x.repeat(times); };
  constexpr std::int64_t kIgnored = -100; // LibTorch's own: no label is below 0
  Losses out;
  out.cross_entropy = at::cross_entropy_loss(logits, repeated(targets.labels, {copies}), {}, at::Reduction::Mean, kIgnored,
                                             settings.label_smoothing);
  if (!targets.teacher_logits.defined()) {
    out.total = out.cross_entropy;
    return out;
  }
  out.total = settings.cross_entropy == 1 ? out.cross_entropy : out.cross_entropy * settings.cross_entropy;
  if (settings.distillation != 0) {
    out.kd = distillation_loss(logits, repeated(targets.teacher_logits, {copies, 1}), settings.temperature, settings.form);
    out.total = out.total + out.kd * settings.distillation;
  }
  if (settings.beta != 0) out.attention = compare_maps(taps, targets, settings);
  if (out.attention.defined()) out.total = out.total + out.attention * attention_weight(settings, taps.size());
  return out;
}

} // namespace pare::train
