#pragma once

#include "train/loader.hpp"
#include "train/model.hpp"
#include "train/step.hpp"

#include <functional>
#include <string>
#include <vector>

namespace pare::train {

/// Where a student began that began at a teacher's projection.
struct Started {
  struct Layer {
    std::string name;
    std::string substitute;
    double energy_kept = 0; ///< share of the weight's
    double energy = 0;      ///< of the weight: its sum of squares
    bool is_nearest = false;
  };
  std::vector<Layer> projected;
  std::vector<std::string> drawn; ///< layers, and tensors outside them, that began as usual: by name

  /// Of all weights of the layers that were projected the share of energy that is kept; 1 where they are 0.
  double energy_kept() const;
};

/// Puts the projections of a teacher's weights in the place of what the student was initialised with, layer by layer, and
/// copies what the two hold alike: tensors of one name and shape outside of what is substituted. The teacher is of the
/// student's network with nothing substituted. Buffers of the student, the index of a hashed layer, stay. Of the
/// layers `anew` the teacher has nothing. `progress`: told how many layers are done, of how many.
Started start_at(Model &student, const Model &teacher, const std::vector<std::string> &anew,
                 const std::function<void(std::int64_t, std::int64_t)> &progress = {});

/// Where a student begins, the statistics of batch norms are the teacher's, whose activations it does not have. Measures those
/// of up to so many of the first batches of `training`, as it augments them, in passes of `at_once` images: the running ones
/// are their mean then, each weighed by its images. Weights stay as they are. Returns how many batches there were, 0 where
/// there is no batch norm; `seed` is that of dropout; `progress` is told how many are done, and may say that it is enough by
/// returning false.
inline constexpr std::int64_t kStatisticsBatches = 40;
std::int64_t measure_statistics(GraphModule &module, Loader &training, torch::Device device, Precision precision,
                                std::uint64_t seed, std::int64_t at_once,
                                const std::function<bool(std::int64_t)> &progress = {});

} // namespace pare::train
