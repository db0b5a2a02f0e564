#include "train/plan/batch_norm.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace pare::train {

namespace {

/// The first batch norm on maps of 1 x 1; none where there is none.
std::optional<std::string> norm_of_one_pixel(const Graph &graph) {
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    if (!std::holds_alternative<BatchNorm>(graph.node(id).op)) continue;
    const Shape &shape = graph.activation(id);
    if (shape.height == 1 && shape.width == 1) return graph.layer(graph.node(id).layer).name;
  }
  return std::nullopt;
}

/// The number nearest to `from`, 1 to `most`, for which `is_good`.
template <class IsGood>
std::optional<std::int64_t> nearest(std::int64_t from, std::int64_t most, IsGood &&is_good) {
  for (std::int64_t distance = 1; from + distance <= most || from - distance >= 1; ++distance)
    for (const std::int64_t candidate : {from + distance, from - distance})
      if (candidate >= 1 && candidate <= most && is_good(candidate)) return candidate;
  return std::nullopt;
}

} // namespace

std::int64_t smallest_pass(std::int64_t images, std::int64_t batch, std::optional<std::int64_t> micro_batch) {
  if (images < 1) throw Error(ErrorCode::kInvalidConfig, "--data", "there is no training image");
  const auto smallest_part = [](std::int64_t whole, std::int64_t part) { return whole % part == 0 ? part : whole % part; };
  const auto of_batch = [&](std::int64_t n) { return smallest_part(n, std::min(micro_batch.value_or(n), n)); };
  const std::int64_t full = std::min(batch, images);
  return std::min(of_batch(full), of_batch(smallest_part(images, full)));
}

void check_batch_norms(const Graph &network, const Graph *auxiliary, std::int64_t images, std::int64_t batch,
                       std::optional<std::int64_t> micro_batch) {
  if (smallest_pass(images, batch, micro_batch) > 1) return;
  std::optional<std::string> norm = norm_of_one_pixel(network);
  if (!norm && auxiliary != nullptr) norm = norm_of_one_pixel(*auxiliary);
  if (!norm) return;

  const bool micro = smallest_pass(images, batch, {}) > 1; // it is the micro-batch that leaves one
  const auto accepted =
      micro
          ? nearest(*micro_batch, std::min(batch, images), [&](std::int64_t n) { return smallest_pass(images, batch, n) > 1; })
          : nearest(batch, std::max(batch, images), [&](std::int64_t n) { return smallest_pass(images, n, micro_batch) > 1; });
  const std::string_view key = micro ? "micro-batch" : "batch";
  throw Error(
      ErrorCode::kInvalidConfig, micro ? "--micro-batch" : "protocol/batch",
      fmt::format("{} = {} and {} training images leave a pass of 1 image, in which batch norm {}, on maps of 1 x 1, has "
                  "one value per channel and no variance to divide by; {} would be accepted",
                  key, micro ? *micro_batch : batch, images, *norm,
                  accepted ? fmt::format("{} = {}", key, *accepted) : std::string("more images")));
}

} // namespace pare::train
