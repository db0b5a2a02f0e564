#include "train/initialise.hpp"

#include "base/error.hpp"
#include "train/data/random.hpp"
#include "train/modules/structured.hpp"
#include "train/torch.hpp"

#include <fmt/format.h>

#include <functional>
#include <map>

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
  Initialiser(GraphModule &module, std::uint64_t seed) : graph_(module.graph()), seed_(seed) {
    for (const auto &entry : module.named_parameters()) tensors_[entry.key()] = entry.value();
  }

  void run() {
    std::map<std::pair<LayerId, std::string_view>, Parts> decompositions;
    for (NodeId id = 0; id < graph_.node_count(); ++id) {
      const auto *parameter = std::get_if<Parameter>(&graph_.node(id).op);
      if (parameter == nullptr) continue;
      const Start &start = parameter->start;
      RandomStream random = stream(graph_.parameter_name(id));
      switch (start.kind) {
      case Start::Kind::kUnsaid:
        throw Error(ErrorCode::kInvalidConfig, graph_.parameter_name(id),
                    "nothing says how this parameter starts; a Start in its Parameter would be accepted");
      case Start::Kind::kUniform: set(id, drawn(extents(id), [&] { return random.uniform(-start.a, start.a); })); break;
      case Start::Kind::kNormal: set(id, drawn(extents(id), [&] { return start.a + start.b * random.normal(); })); break;
      case Start::Kind::kConstant: set(id, torch::full(extents(id), start.a, torch::kFloat64)); break;
      case Start::Kind::kFactor: decompositions[{graph_.node(id).layer, start.group}].factors[start.mode] = id; break;
      case Start::Kind::kCore: decompositions[{graph_.node(id).layer, start.group}].cores[start.mode] = id; break;
      }
    }
    for (const auto &[weight, parts] : decompositions)
      decompose(fmt::format("{}.{}", graph_.layer(weight.first).name, weight.second), parts);
  }

private:
  /// Of a weight that is decomposed, by mode.
  struct Parts {
    std::map<std::uint8_t, NodeId> factors;
    std::map<std::uint8_t, NodeId> cores;
  };

  std::vector<std::int64_t> extents(NodeId id) const { return {graph_.weight(id).begin(), graph_.weight(id).end()}; }
  const Start &start(NodeId id) const { return std::get<Parameter>(graph_.node(id).op).start; }
  RandomStream stream(const std::string &name) const { return {seed_, Purpose::kInitialisation, hash_of(name)}; }

  void set(NodeId parameter, const Tensor &value) {
    const torch::NoGradGuard no_gradient;
    tensors_.at(graph_.parameter_name(parameter)).copy_(value.reshape(extents(parameter)));
  }

  /// Of a weight whose every mode has a factor, a core, or both. `name` is what it would be called.
  void decompose(const std::string &name, const Parts &parts) {
    // Every mode from 0 up has its part, or a family has said something else than it meant.
    const auto is_complete = [](const std::map<std::uint8_t, NodeId> &of) {
      return of.empty() || of.rbegin()->first + 1U == of.size();
    };
    if (parts.cores.empty() || !is_complete(parts.cores) || !is_complete(parts.factors))
      throw Error(ErrorCode::kInvalidConfig, name,
                  "its decomposition lacks a core, or the part of a mode; Start::core and Start::factor of modes 0, 1, ... "
                  "would be accepted");
    const bool whole = parts.cores.size() == 1 && parts.factors.size() > 1; // the core is one tensor of all modes
    const auto modes_of = [&](const std::map<std::uint8_t, NodeId> &of, std::size_t extent) {
      std::vector<std::int64_t> out;
      for (const auto &[mode, part] : of) out.push_back(graph_.weight(part)[extent]);
      return out;
    };
    const std::vector<std::int64_t> modes = parts.factors.empty() ? modes_of(parts.cores, 1) : modes_of(parts.factors, 0);
    const double bound = start(parts.cores.begin()->second).a;
    RandomStream random = stream(name);
    Tensor rest = drawn(modes, [&] { return random.uniform(-bound, bound); });

    std::vector<Tensor> vectors;
    for (const auto &[mode, factor] : parts.factors)
      vectors.push_back(leading_vectors(rest.movedim(mode, 0).flatten(1), graph_.weight(factor)[1]));
    for (const auto &[mode, factor] : parts.factors) {
      const Tensor &own = vectors.at(mode);
      set(factor, own);
      rest = mode_product(rest, own.t(), mode);
    }
    if (whole) return set(parts.cores.begin()->second, rest);
    std::vector<std::vector<std::int64_t>> core_extents;
    for (const auto &[mode, core] : parts.cores) core_extents.push_back(extents(core));
    const std::vector<Tensor> cores = tensor_train_svd(rest, core_extents);
    for (const auto &[mode, core] : parts.cores) set(core, cores.at(mode));
  }

  const Graph &graph_;
  std::uint64_t seed_;
  std::map<std::string, Tensor> tensors_;
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

void initialise(GraphModule &module, std::uint64_t seed) {
  Initialiser(module, seed).run();
  draw_buffers(module, seed);
}

} // namespace pare::train
