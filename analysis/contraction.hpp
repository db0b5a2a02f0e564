#pragma once

#include "analysis/builder.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace pare {

/// A linear map on channels as tensors that share dimensions: y[outputs] = the sum, over all other labels, of x[inputs] times
/// all elements. A label may be in any number of them (the rank of a canonical polyadic decomposition is in all). Each element
/// shares labels with others; each input is a label of some element.
struct TensorNetwork {
  static constexpr std::size_t kMostElements = 16;

  std::vector<std::int64_t> sizes;   ///< by label
  std::vector<std::int64_t> inputs;  ///< labels of the channels of x, the last the fastest
  std::vector<std::int64_t> outputs; ///< of y
  std::vector<std::vector<std::int64_t>> elements;

  std::int64_t label(std::int64_t size) {
    sizes.push_back(size);
    return static_cast<std::int64_t>(sizes.size()) - 1;
  }
  Legs legs(std::span<const std::int64_t> labels) const;
};

/// In what order activations and elements are multiplied.
struct Contraction {
  /// Elements (bit i is element i) that are merged with each other, once per batch.
  using Group = std::uint32_t;
  /// The activations take these in, one after the other; all elements at once are the dense map.
  std::vector<Group> groups;
  std::int64_t macs = 0;      ///< at one position
  std::int64_t per_batch = 0; ///< multiply-accumulates of the merges

  bool is_dense() const { return groups.size() == 1; }
};

/// The cheapest by `macs`, then by `per_batch`, then the fewest groups, of all ways in which x and the elements can be
/// multiplied two at a time: any such way is an order of groups that x takes in, each merged by itself. Searched exactly, over
/// the subsets of elements. Throws Error{kOverflow} where no way is countable.
Contraction cheapest_contraction(const TensorNetwork &network);

/// These groups in this order, with what that costs.
Contraction contraction_in(const TensorNetwork &network, std::vector<Contraction::Group> groups);

/// What x has left after it took in `taken`, in the order in which it has them.
std::vector<std::int64_t> labels_behind(const TensorNetwork &network, Contraction::Group taken);
/// What a group has once it is merged; of all elements, the outputs and then the inputs.
std::vector<std::int64_t> labels_of_group(const TensorNetwork &network, Contraction::Group group);

/// Writes the merge of a group of elements, by the cheapest pairs, as ops on weights; `weights` are the elements. The
/// dimensions of the result are `labels_of_group()`.
NodeId merge_group(Graph &graph, LayerId layer, const TensorNetwork &network, std::span<const NodeId> weights,
                   Contraction::Group group);
/// Writes the dense weight, all elements merged one after the other, as ops on weights: its dimensions are the outputs, then
/// the inputs. Of one element it is that element, which must have them in this order.
NodeId merge_in_order(Graph &graph, LayerId layer, const TensorNetwork &network, std::span<const NodeId> weights);
/// Writes the steps as ops on activations, the first with this stride and padding.
NodeId write_contraction(Graph &graph, LayerId layer, const TensorNetwork &network, const Contraction &contraction,
                         std::span<const NodeId> weights, NodeId x, const Pair &stride, const Padding &padding);

/// What is known of a weight before anybody asks where its rows end: tensors over modes n_1, ..., n_d (labels 0 to d - 1),
/// which together, in row-major order, are the [outputs, inputs] of the map, and bonds (labels from d on).
struct FlattenedTensors {
  std::vector<std::int64_t> sizes; ///< by label
  std::size_t modes = 0;
  std::vector<std::vector<std::int64_t>> tensors;
};
/// A tensor train: cores [r_0, n_1, r_1] ... [r_{d-1}, n_d, r_d] with r_0 = r_d = 1; `ranks` are r_1 ... r_{d-1}.
FlattenedTensors train_tensors(std::span<const std::int64_t> modes, std::span<const std::int64_t> ranks);
/// Tucker: factors [n_k, R_k], then the core [R_1 ... R_d].
FlattenedTensors tucker_tensors(std::span<const std::int64_t> modes, std::span<const std::int64_t> ranks);
/// Tucker whose core is a train: the factors, then cores [q_{k-1}, R_k, q_k]; `bonds` are q_1 ... q_{d-1}.
FlattenedTensors tucker_train_tensors(std::span<const std::int64_t> modes, std::span<const std::int64_t> ranks,
                                      std::span<const std::int64_t> bonds);
/// Canonical polyadic: factors [n_k, R].
FlattenedTensors polyadic_tensors(std::span<const std::int64_t> modes, std::int64_t rank);

/// A train of matrices: cores [r_{k-1}, m_k, n_k, r_k] with r_0 = r_d = 1, which map inputs n_1 ... n_d to outputs m_1 ... m_d
/// (Oseledets 2010; Novikov et al. 2015); `ranks` are r_1 ... r_{d-1}.
TensorNetwork train_matrix_network(std::span<const std::int64_t> outputs, std::span<const std::int64_t> inputs,
                                   std::span<const std::int64_t> ranks);

/// The network of such a weight, and how its elements come from the tensors. Modes whose products divide the number of outputs
/// (from the left) or of inputs (from the right) stay apart; those between straddle the border, and what holds them is one
/// element, whose modes are seen as [what is left of the outputs, what is left of the inputs].
struct Straddled {
  TensorNetwork network;
  std::vector<std::vector<std::size_t>> tensors_of; ///< of each element, in order: one, or those that straddle
  std::vector<ContractWeights> border_steps;        ///< that make one element of those, from the left

  /// Multiply-accumulates of these.
  std::int64_t per_batch() const;
};
Straddled straddle(const FlattenedTensors &flattened, std::int64_t outputs, std::int64_t inputs);
/// Writes the elements; `tensors` are the weights.
std::vector<NodeId> write_elements(Graph &graph, LayerId layer, const Straddled &straddled, std::span<const NodeId> tensors);

} // namespace pare
