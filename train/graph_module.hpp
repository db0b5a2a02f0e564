#pragma once

#include "analysis/graph.hpp"
#include "train/modules/kernel.hpp"
#include "train/precision.hpp"
#include "train/torch.hpp"
#include "train/weights.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pare::train {

/// Which blocks give up their activations in the forward pass and compute them again in the backward pass (gradient
/// checkpointing, Chen et al. 2016). The results are the same; batch norm statistics are updated once.
enum class Recompute : std::uint8_t { kNone, kAll };

/// What one pass over a network gives.
struct Outputs {
  torch::Tensor logits;            ///< [N, classes]
  std::vector<torch::Tensor> taps; ///< each [N, C, H, W], as the graph marks them
  torch::Tensor auxiliary_tap;     ///< where an auxiliary head reads; undefined where none does
};

/// A lowered graph as a module that runs it. Its parameters and buffers have the graph's names:
/// "block1.0.layer.0.conv1.grouped.weight",
/// "... .idxs", and of each batch norm "running_mean", "running_var", "num_batches_tracked".
///
/// Parameters are there, and not initialised (train/initialise.hpp).
class GraphModule : public torch::nn::Module {
public:
  explicit GraphModule(Graph graph);
  GraphModule(const GraphModule &) = delete;
  GraphModule &operator=(const GraphModule &) = delete;

  const Graph &graph() const { return graph_; }

  /// x [N, C, H, W] -> logits and taps. `pass.training` is what decides how batch norms work, not is_training().
  Outputs run(const torch::Tensor &x, const Pass &pass, Recompute recompute = Recompute::kNone);

  /// The two halves of run(): work per batch, and work per image.
  void compute_weights(const Pass &pass);
  Outputs run_activations(const torch::Tensor &x, const Pass &pass, Recompute recompute = Recompute::kNone);

  /// From now on for inference only, with the weights and statistics of this moment, on this device: computed weights are kept,
  /// batch norms and ReLUs are folded into the convolutions in front of them. On a GPU, in `precision` bf16, weights are kept
  /// as bfloat16 instead, and batch norms and ReLUs are one pass behind the convolution.
  void freeze(Precision precision = Precision::kFp32);

  /// The name of the first layer whose output has a number that is not finite, or the first parameter; none where all are.
  std::optional<std::string> first_not_finite(const torch::Tensor &x, const Pass &pass);

  /// Called after each operation on activations with its node and output: tests and first_not_finite() use it.
  using Observer = std::function<void(NodeId node, const torch::Tensor &output)>;
  void observe(Observer observer) { observer_ = std::move(observer); }

  /// What its hash indices, signs and variances may be, for load_state().
  ValueRules value_rules() const;

  /// The graph's node of a parameter, by name.
  const std::map<std::string, NodeId> &parameter_nodes() const { return parameter_nodes_; }

private:
  struct Instruction {
    NodeId node; ///< whose output it makes
    Kernel kernel;
    std::vector<NodeId> inputs;
    std::vector<NodeId> last_uses; ///< values that nobody needs after it
    bool drop_path = false;
    std::optional<NodeId> norm; ///< the batch norm, where it is one, with or without a ReLU fused to it
  };
  /// A run of instructions, and the values that cross its borders.
  struct Segment {
    std::size_t begin;
    std::size_t end;
    std::vector<NodeId> inputs;
    std::vector<NodeId> outputs;
  };
  using Values = std::vector<torch::Tensor>;
  friend class RecomputedSegment;

  void register_tensors();
  void find_last_uses();
  void resolve();
  void divide();
  torch::nn::Module &scope(const std::string &layer);
  /// Of a batch norm, its own or shared.
  Statistics &statistics(NodeId norm) const;
  void execute(const Instruction &instruction, const Pass &pass, Values &values) const;
  void recompute_segment(const Segment &segment, const Pass &pass, Values &values) const;

  Graph graph_;
  std::map<std::string, std::shared_ptr<torch::nn::Module>> scopes_;
  std::map<LayerId, std::unique_ptr<Statistics>> statistics_; ///< of batch norms that have their own
  std::map<std::string, NodeId> parameter_nodes_;
  std::vector<Instruction> weights_;
  std::vector<Instruction> activations_;
  std::vector<Segment> segments_;
  std::vector<bool> kept_; ///< by node: taps and the output, which outlive their last use
  Values weight_values_;   ///< parameters, buffers and computed weights, by node
  Observer observer_;
  bool frozen_ = false;
};

} // namespace pare::train
