#pragma once

#include "train/graph_module.hpp"
#include "train/torch.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pare::train {

/// The weight decay of each parameter, by name: `weight_decay` x `factor` of their family for those that the graph marks as
/// scaled, `weight_decay` for all others (protocols: "Weight decay"); where not `norms_and_biases`, 0 for the parameters of
/// batch norms and for biases.
std::map<std::string, double> weight_decays(const Graph &lowered, double weight_decay,
                                            const std::function<double(std::string_view family)> &factor,
                                            bool norms_and_biases = true);

/// SGD as PyTorch has it: g += decay w; v = momentum v + g; w -= lr v, or with Nesterov's momentum w -= lr (g + momentum v). No
/// dampening. The sum is made in place, for all parameters of one weight decay at once.
class Sgd {
public:
  struct Parameter {
    std::string name;
    torch::Tensor tensor;
    double decay = 0;
    torch::Tensor momentum = {}; ///< v, zeros at first
  };
  Sgd(std::vector<Parameter> parameters, double momentum, bool nesterov = false);

  /// Gradients become undefined, so that the next backward pass need not add to them.
  void zero_grad();
  /// The norm of all gradients together; they are scaled to `most` where it is larger.
  double clip(double most);
  /// Of the steps from now on. On a GPU it is a number there, so that a step that was recorded has it, too.
  void set_learning_rate(double learning_rate);
  void step();

  const std::vector<Parameter> &parameters() const { return parameters_; }

private:
  std::vector<Parameter> parameters_;
  std::map<double, std::vector<std::size_t>> groups_; ///< by weight decay
  double momentum_;
  bool nesterov_;
  double learning_rate_ = 0;
  torch::Tensor learning_rate_there_; ///< [] on the parameters' GPU
};

} // namespace pare::train
