#include "train/evaluate.hpp"

#include "train/torch.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pare::train {

using torch::Tensor;

Tensor count_errors(const Tensor &logits, const Tensor &labels) {
  const std::int64_t most = std::min<std::int64_t>(5, logits.size(1));
  const Tensor best = std::get<1>(logits.detach().topk(most, 1));
  const Tensor right = best.eq(labels.unsqueeze(1));
  return torch::stack({right.select(1, 0).logical_not().sum(), right.any(1).logical_not().sum()});
}

Score evaluate(GraphModule &module, Loader &loader, torch::Device device, Precision precision,
               const std::function<bool(std::int64_t)> &progress) {
  const torch::NoGradGuard no_gradient;
  Score score;
  Tensor loss = torch::zeros({}, torch::TensorOptions(device).dtype(torch::kFloat64));
  Tensor errors = torch::zeros({2}, torch::TensorOptions(device).dtype(torch::kInt64));
  const Pass pass{.training = false};
  module.compute_weights(pass);
  loader.start(0);
  std::int64_t done = 0;
  while (const auto batch = loader.next()) {
    const Tensor images = batch->images.to(device, true);
    const Tensor labels = batch->labels.to(device, true);
    Tensor logits;
    {
      const PrecisionGuard guard(precision, device.type());
      logits = module.run_activations(images, pass).logits.to(torch::kFloat32);
    }
    loss += at::cross_entropy_loss(logits, labels, {}, at::Reduction::Sum).to(torch::kFloat64);
    errors += count_errors(logits, labels);
    score.images += labels.size(0);
    if (progress && !progress(++done)) break;
  }
  score.loss = loss.item<double>();
  score.top1 = errors[0].item<std::int64_t>();
  score.top5 = errors[1].item<std::int64_t>();
  return score;
}

std::string first_not_finite(GraphModule &module, Loader &loader, torch::Device device, Precision precision) {
  const PrecisionGuard guard(precision, device.type());
  loader.start(0);
  while (const auto batch = loader.next())
    if (const auto found = module.first_not_finite(batch->images.to(device), {.training = false})) return *found;
  return "the loss itself";
}

std::vector<std::string> bad_file_lines(const DataSource &data) {
  constexpr std::size_t kNamed = 10;
  const std::vector<BadFile> bad = data.bad_files();
  std::vector<std::string> out;
  if (bad.empty()) return out;
  out.push_back(fmt::format("{} could not be decoded, and the next good {} place:",
                            bad.size() == 1 ? "1 image" : fmt::format("{} images", bad.size()),
                            bad.size() == 1 ? "one took its" : "ones took their"));
  for (std::size_t i = 0; i < std::min(bad.size(), kNamed); ++i)
    out.push_back(fmt::format("  {}: {}", bad[i].path, bad[i].reason));
  if (bad.size() > kNamed) out.push_back(fmt::format("  and {} more", bad.size() - kNamed));
  return out;
}

} // namespace pare::train
