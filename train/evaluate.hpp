#pragma once

#include "train/graph_module.hpp"
#include "train/loader.hpp"
#include "train/step.hpp"
#include "train/torch.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace pare::train {

/// Sums over images, from which errors in percent and mean losses are made.
struct Score {
  std::int64_t images = 0;
  double loss = 0;       ///< sum of the cross-entropies
  std::int64_t top1 = 0; ///< images whose label is not the first
  std::int64_t top5 = 0; ///< nor among the first five (of five classes or fewer: all)

  double mean_loss() const { return loss / static_cast<double>(images); }
  double top1_percent() const { return 100 * static_cast<double>(top1) / static_cast<double>(images); }
  double top5_percent() const { return 100 * static_cast<double>(top5) / static_cast<double>(images); }
};

/// [top-1 errors, top-5 errors] of a batch, int64 [2], on the logits' device.
torch::Tensor count_errors(const torch::Tensor &logits, const torch::Tensor &labels);

/// The network on all images of a loader, in evaluation mode. `progress` is told how many batches are done, and may say that it
/// is enough by returning false.
Score evaluate(GraphModule &module, Loader &loader, torch::Device device, Precision precision,
               const std::function<bool(std::int64_t)> &progress = {});

/// Where a score's loss is not finite, what is not: the name of the first layer, or parameter, of the first such batch.
std::string first_not_finite(GraphModule &module, Loader &loader, torch::Device device, Precision precision);

/// How many images were bad, and which: the first ten by name. Empty where none was.
std::vector<std::string> bad_file_lines(const DataSource &data);

} // namespace pare::train
