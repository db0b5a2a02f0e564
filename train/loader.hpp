#pragma once

#include "train/data/augment.hpp"
#include "train/data/dataset.hpp"
#include "train/torch.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace pare::train {

struct LoaderOptions {
  std::int64_t batch = 1;     ///< images, >= 1
  std::uint64_t seed = 0;     ///< of the order and of the augmentation
  std::int64_t workers = 0;   ///< threads that decode, >= 0; 0: next() does it all
  std::int64_t prefetch = 2;  ///< batches that are prepared ahead of next(), >= 1
  bool shuffle = false;       ///< a new order each epoch; else that of the set
  bool drop_last = false;     ///< leave out the last batch of an epoch where it is not full
  bool training = false;      ///< augment; else as for evaluation
  bool pinned = false;        ///< page-locked memory, to copy from to a GPU; needs LibTorch's CUDA libraries
  bool channels_last = false; ///< memory format of the images
};

struct Batch {
  torch::Tensor images;   ///< float32 [N, 3, H, W]
  torch::Tensor labels;   ///< int64 [N]
  std::int64_t index = 0; ///< in its epoch
};

/// The batches of a data set's epochs. A batch depends on the seed, the epoch and its index alone, not on the number of
/// workers, nor on the batch that an epoch was started at: image i of epoch e is augmented with RandomStream(seed,
/// kAugmentation, e, i), and the order is a Fisher-Yates shuffle with RandomStream(seed, kShuffle, e).
///
/// One thread calls start() and next().
class Loader {
public:
  /// Throws Error{kInvalidConfig} where options, pipeline and data do not go together.
  Loader(std::shared_ptr<const Dataset> dataset, const Augmentation &augmentation, const LoaderOptions &options);
  ~Loader(); ///< Waits for the images that are being decoded, no more.
  Loader(Loader &&) = delete;

  std::int64_t batches() const; ///< of an epoch
  const Dataset &dataset() const;

  /// Begins an epoch at one of its batches, 0 to batches(); what was left of the one before is dropped.
  void start(std::int64_t epoch, std::int64_t first_batch = 0);
  /// The next batch, or none at the end of the epoch. Throws what went wrong with an image of this batch (where several did,
  /// with the first of them) and ends the epoch.
  std::optional<Batch> next();

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace pare::train
