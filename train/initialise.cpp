#include "train/initialise.hpp"

#include "base/error.hpp"
#include "train/data/random.hpp"
#include "train/modules/structured.hpp"
#include "train/torch.hpp"

#include <cmath>
#include <functional>
#include <set>

namespace pare::train {

using torch::Tensor;

namespace {

/// FNV-1a, 64 bits.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

/// A double tensor whose numbers are drawn one after the other, row-major.
Tensor drawn(const std::vector<std::int64_t> &extents, const std::function<double()> &draw) {
  Tensor out = torch::empty(extents, torch::kFloat64);
  auto *to = out.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < out.numel(); ++i) to[i] = draw();
  return out;
}

/// The `rank` leading left singular vectors of a matrix, [rows, rank]; zeros where it has not as many.
Tensor leading_vectors(const Tensor &matrix, std::int64_t rank) {
  const Tensor vectors = std::get<0>(torch::linalg_svd(matrix, false));
  Tensor out = torch::zeros({matrix.size(0), rank}, matrix.options());
  const std::int64_t has = std::min(rank, vectors.size(1));
  out.narrow(1, 0, has).copy_(vectors.narrow(1, 0, has));
  return out;
}

class Initialiser {
public:
  Initialiser(GraphModule &module, const Initialisation &rules, std::uint64_t seed)
      : graph_(module.graph()), rules_(rules), seed_(seed) {
    for (const auto &entry : module.named_parameters()) tensors_[entry.key()] = entry.value();
  }

  void run() {
    for (NodeId id = 0; id < graph_.node_count(); ++id) {
      const Op &op = graph_.node(id).op;
      const std::vector<NodeId> inputs = graph_.inputs(id);
      if (std::holds_alternative<Conv>(op)) {
        convolution(inputs);
      } else if (std::holds_alternative<Linear>(op)) {
        const double bound = 1 / std::sqrt(static_cast<double>(graph_.weight(inputs[1])[1]));
        uniform(inputs[1], bound);
        if (inputs.size() > 2) rules_.zero_linear_biases ? constant(inputs[2], 0) : uniform(inputs[2], bound);
      } else if (std::holds_alternative<AddBias>(op)) {
        // Behind a square map of as many channels as there are inputs, or outputs where these are fewer.
        uniform(inputs[1], 1 / std::sqrt(static_cast<double>(graph_.activation(inputs[0]).channels)));
      } else if (std::holds_alternative<BatchNorm>(op) && inputs.size() > 1) {
        constant(inputs[1], 1);
        constant(inputs[2], 0);
      }
    }
    for (NodeId id = 0; id < graph_.node_count(); ++id)
      if (std::holds_alternative<Parameter>(graph_.node(id).op) && !done_.contains(id))
        throw Error(
            ErrorCode::kInvalidConfig, graph_.parameter_name(id),
            "no rule says how this parameter is initialised; weights of convolutions, linear layers and batch norms have one");
  }

private:
  const Op &op(NodeId id) const { return graph_.node(id).op; }
  std::vector<std::int64_t> extents(NodeId id) const { return {graph_.weight(id).begin(), graph_.weight(id).end()}; }

  void set(NodeId parameter, const Tensor &value) {
    if (!done_.insert(parameter).second) return; // used twice: tied weights keep what their first use says
    const torch::NoGradGuard no_gradient;
    tensors_.at(graph_.parameter_name(parameter)).copy_(value.reshape(extents(parameter)));
  }
  RandomStream stream(const std::string &name) const { return {seed_, Purpose::kInitialisation, hash_of(name)}; }
  RandomStream stream(NodeId parameter) const { return stream(graph_.parameter_name(parameter)); }

  void constant(NodeId parameter, double value) { set(parameter, torch::full(extents(parameter), value, torch::kFloat64)); }
  void uniform(NodeId parameter, double bound) {
    RandomStream random = stream(parameter);
    set(parameter, drawn(extents(parameter), [&] { return random.uniform(-bound, bound); }));
  }
  void normal(NodeId parameter, double mean, double deviation) {
    RandomStream random = stream(parameter);
    set(parameter, drawn(extents(parameter), [&] { return mean + deviation * random.normal(); }));
  }

  /// inputs: x, weight [c_o, c_i / groups, k_h, k_w], perhaps a bias.
  void convolution(const std::vector<NodeId> &inputs) {
    const NodeId weight = inputs[1];
    const Extents &e = graph_.weight(weight);
    const double bound = 1 / std::sqrt(static_cast<double>(e[1] * e[2] * e[3]));
    const bool plain = std::holds_alternative<Parameter>(op(weight));
    if (!plain)
      structured(weight, bound);
    else if (rules_.convolutions_by_fan_out)
      normal(weight, 0, std::sqrt(2 / static_cast<double>(e[0] * e[2] * e[3])));
    else
      uniform(weight, bound);
    if (inputs.size() > 2) plain &&rules_.zero_convolution_biases ? constant(inputs[2], 0) : uniform(inputs[2], bound);
  }

  /// A weight that is computed. `bound`: of the uniform distribution that a dense weight would have.
  void structured(NodeId weight, double bound) {
    const std::vector<NodeId> inputs = graph_.inputs(weight);
    if (std::holds_alternative<Transpose>(op(weight))) {
      if (std::holds_alternative<Parameter>(op(inputs[0])))
        uniform(inputs[0], bound);
      else
        structured(inputs[0], bound);
    } else if (std::holds_alternative<Gather>(op(weight))) {
      uniform(inputs[0], bound);
    } else if (std::holds_alternative<AcdcProduct>(op(weight))) {
      for (NodeId diagonal : inputs) normal(diagonal, 1, 0.01);
    } else if (std::holds_alternative<CpMerge>(op(weight))) {
      const double rank = static_cast<double>(graph_.weight(inputs[0])[1]);
      const double deviation = std::pow(bound * bound / 3 / rank, 1 / (2 * static_cast<double>(inputs.size())));
      for (NodeId factor : inputs) normal(factor, 0, deviation);
    } else if (std::holds_alternative<TtMerge>(op(weight))) {
      tensor_train(weight, inputs, bound);
    } else if (std::holds_alternative<Reshape>(op(weight))) {
      tucker(inputs[0], bound);
    } else {
      throw Error(ErrorCode::kInvalidConfig, graph_.layer(graph_.node(weight).layer).name,
                  "no rule says how a weight that is computed like this is initialised");
    }
  }

  /// A default-initialised weight of the modes, as a tensor of their extents.
  Tensor dense(NodeId at, const std::vector<std::int64_t> &modes, double bound) const {
    RandomStream random = stream(graph_.layer(graph_.node(at).layer).name + ".weight");
    return drawn(modes, [&] { return random.uniform(-bound, bound); });
  }

  /// HOSVD (De Lathauwer et al. 2000): sets the factors, returns the core.
  Tensor project(Tensor weight, const std::vector<NodeId> &factors) {
    std::vector<Tensor> vectors;
    for (std::size_t k = 0; k < factors.size(); ++k) {
      const auto mode = static_cast<std::int64_t>(k);
      vectors.push_back(leading_vectors(weight.movedim(mode, 0).flatten(1), graph_.weight(factors[k])[1]));
    }
    for (std::size_t k = 0; k < factors.size(); ++k) {
      set(factors[k], vectors[k]);
      weight = mode_product(weight, vectors[k].t(), static_cast<std::int64_t>(k));
    }
    return weight;
  }

  /// Cores, or cores each times a factor: a Tucker whose core is a tensor train.
  void tensor_train(NodeId at, const std::vector<NodeId> &inputs, double bound) {
    std::vector<NodeId> cores;
    std::vector<NodeId> factors;
    std::vector<std::int64_t> modes;
    std::vector<std::vector<std::int64_t>> core_extents;
    for (NodeId input : inputs) {
      modes.push_back(graph_.weight(input)[1]);
      cores.push_back(input);
      if (std::holds_alternative<ModeProduct>(op(input))) {
        const std::vector<NodeId> parts = graph_.inputs(input);
        cores.back() = parts[0];
        factors.push_back(parts[1]);
      }
      core_extents.push_back(extents(cores.back()));
    }
    Tensor weight = dense(at, modes, bound);
    if (!factors.empty()) weight = project(weight, factors);
    const std::vector<Tensor> values = tensor_train_svd(weight, core_extents);
    for (std::size_t k = 0; k < cores.size(); ++k) set(cores[k], values[k]);
  }

  /// A core times a factor along each mode in turn.
  void tucker(NodeId last, double bound) {
    std::vector<NodeId> factors;
    NodeId core = last;
    while (std::holds_alternative<ModeProduct>(op(core))) {
      const std::vector<NodeId> parts = graph_.inputs(core);
      factors.insert(factors.begin(), parts[1]);
      core = parts[0];
    }
    set(core, project(dense(last, extents(last), bound), factors));
  }

  const Graph &graph_;
  const Initialisation &rules_;
  std::uint64_t seed_;
  std::map<std::string, Tensor> tensors_;
  std::set<NodeId> done_;
};

} // namespace

std::vector<Tensor> tensor_train_svd(const Tensor &weight, const std::vector<std::vector<std::int64_t>> &extents) {
  std::vector<Tensor> cores;
  Tensor rest = weight.reshape({1, -1});
  for (std::size_t k = 0; k + 1 < extents.size(); ++k) {
    const std::int64_t rows = extents[k][0] * extents[k][1];
    const std::int64_t rank = extents[k][2];
    rest = rest.reshape({rows, -1});
    const auto [left, values, right] = torch::linalg_svd(rest, false);
    const std::int64_t has = std::min(rank, values.size(0));
    Tensor core = torch::zeros({rows, rank}, weight.options());
    core.narrow(1, 0, has).copy_(left.narrow(1, 0, has));
    Tensor next = torch::zeros({rank, rest.size(1)}, weight.options());
    next.narrow(0, 0, has).copy_(values.narrow(0, 0, has).unsqueeze(1) * right.narrow(0, 0, has));
    cores.push_back(core.reshape(extents[k]));
    rest = next;
  }
  cores.push_back(rest.reshape(extents.back()));
  return cores;
}

void draw_buffers(GraphModule &module, std::uint64_t seed) {
  std::map<std::string, Tensor> buffers;
  for (const auto &entry : module.named_buffers()) buffers[entry.key()] = entry.value();
  const Graph &graph = module.graph();
  for (NodeId id = 0; id < graph.node_count(); ++id)
    if (const auto *buffer = std::get_if<Buffer>(&graph.node(id).op)) {
      const std::string name = graph.parameter_name(id);
      RandomStream random(seed, Purpose::kHashIndex, hash_of(name));
      const auto upper = static_cast<std::uint64_t>(buffer->upper);
      Tensor values = torch::empty(buffers.at(name).sizes(), torch::kInt64);
      auto *to = values.mutable_data_ptr<std::int64_t>();
      for (std::int64_t i = 0; i < values.numel(); ++i)
        to[i] =
            upper == 0 ? static_cast<std::int64_t>(random.below(2)) * 2 - 1 : static_cast<std::int64_t>(random.below(upper));
      buffers.at(name).copy_(values);
    }
}

void initialise(GraphModule &module, const Initialisation &rules, std::uint64_t seed) {
  Initialiser(module, rules, seed).run();
  draw_buffers(module, seed);
}

} // namespace pare::train
