#pragma once

#include "analysis/convention.hpp"
#include "analysis/graph.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace pare {

/// How often one event of one op kind happened, on the whole batch.
struct EventCount {
  std::uint8_t op_kind;
  Spelling spelling;
  Event event;
  bool per_batch; ///< work on weights, done once however large the batch
  Count amount;
};

/// Cost of one layer. `output` is the shape of its last activation, if it has one.
struct LayerCost {
  LayerId layer = 0;
  std::int64_t parameters = 0;
  std::vector<EventCount> events;
  std::optional<Shape> output;
};

/// What a graph costs, in events; a Convention turns events into one number.
struct CostReport {
  std::int64_t parameters = 0;
  std::int64_t substituted_parameters = 0;  ///< of substitutes
  std::int64_t scaled_decay_parameters = 0; ///< whose weight decay is scaled
  std::int64_t batch_norm_parameters = 0;
  std::int64_t buffer_elements = 0; ///< stored indices and signs
  /// Data of the tensors of weights.safetensors: parameters and the statistics of batch norms in 4 bytes, indices and the
  /// number of batches of each batch norm in 8, signs in 1. The file's header comes on top.
  std::int64_t stored_bytes = 0;
  std::int64_t activation_elements = 0; ///< outputs of every op that makes a new tensor
  std::vector<EventCount> events;
  std::vector<LayerCost> layers; ///< in the graph's order; only where asked for

  /// Work on activations, for the whole batch, and work on weights, once per batch.
  Count mult_adds(const Convention &convention) const;
  Count per_batch(const Convention &convention) const;
  /// Events that the convention does not list, the tools' own figures apart.
  std::vector<EventCount> not_counted(const Convention &convention) const;
};

/// Sum of events x weights, of the work per batch or of the work on activations.
Count weigh(std::span<const EventCount> events, const Convention &convention, bool per_batch);

enum class Detail : std::uint8_t { kTotals, kLayers };

/// Counts a graph. Throws Error{kOverflow}.
CostReport count(const Graph &graph, Detail detail = Detail::kTotals);

} // namespace pare
