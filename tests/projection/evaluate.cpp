#include "tests/projection/evaluate.hpp"

#include "tests/support.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace pare::test {

namespace {

/// Of the indices of a tensor, and back.
std::vector<std::size_t> strides_of(const Extents &extents) {
  std::vector<std::size_t> out(extents.rank(), 1);
  for (std::size_t k = extents.rank(); k-- > 1;) out[k - 1] = out[k] * static_cast<std::size_t>(extents[k]);
  return out;
}

DenseTensor zeros(const Extents &extents) {
  return {extents, std::vector<double>(static_cast<std::size_t>(extents.elements()))};
}

/// Element by element, each a product of matrices.
DenseTensor merged_train(const Extents &extents, const std::vector<const DenseTensor *> &cores) {
  DenseTensor out = zeros(extents);
  for (std::size_t e = 0; e < out.values.size(); ++e) {
    std::size_t rest = e;
    std::vector<std::size_t> at(cores.size());
    for (std::size_t k = cores.size(); k-- > 0;) {
      at[k] = rest % static_cast<std::size_t>(cores[k]->extents[1]);
      rest /= static_cast<std::size_t>(cores[k]->extents[1]);
    }
    std::vector<double> row = {1.0};
    for (std::size_t k = 0; k < cores.size(); ++k) {
      const auto n = static_cast<std::size_t>(cores[k]->extents[1]);
      std::vector<double> next(static_cast<std::size_t>(cores[k]->extents[2]));
      for (std::size_t a = 0; a < row.size(); ++a)
        for (std::size_t b = 0; b < next.size(); ++b) next[b] += row[a] * cores[k]->values[(a * n + at[k]) * next.size() + b];
      row = next;
    }
    out.values[e] = row[0];
  }
  return out;
}

DenseTensor mode_product(const DenseTensor &core, const DenseTensor &factor, std::size_t mode) {
  Extents extents = core.extents;
  extents[mode] = factor.extents[0];
  DenseTensor out = zeros(extents);
  const auto from = strides_of(core.extents);
  const auto to = strides_of(extents);
  for (std::size_t e = 0; e < core.values.size(); ++e) {
    std::size_t base = 0;
    for (std::size_t k = 0; k < from.size(); ++k)
      if (k != mode) base += e / from[k] % static_cast<std::size_t>(core.extents[k]) * to[k];
    const std::size_t r = e / from[mode] % static_cast<std::size_t>(core.extents[mode]);
    for (std::size_t i = 0; i < static_cast<std::size_t>(extents[mode]); ++i)
      out.values[base + i * to[mode]] += core.values[e] * factor.values[i * static_cast<std::size_t>(factor.extents[1]) + r];
  }
  return out;
}

/// x [c, h, w] of an activation, stride and dilation 1.
DenseTensor convolved(const Conv &op, const DenseTensor &x, const DenseTensor &weight, const Shape &shape) {
  DenseTensor out = zeros({shape.channels, shape.height, shape.width});
  const auto at = [](const DenseTensor &t, std::int64_t c, std::int64_t i, std::int64_t j) {
    return static_cast<std::size_t>((c * t.extents[1] + i) * t.extents[2] + j);
  };
  const std::int64_t per_group = shape.channels / op.groups;
  for (std::int64_t o = 0; o < shape.channels; ++o)
    for (std::int64_t i = 0; i < shape.height; ++i)
      for (std::int64_t j = 0; j < shape.width; ++j)
        for (std::int64_t c = 0; c < weight.extents[1]; ++c)
          for (std::int64_t a = 0; a < weight.extents[2]; ++a)
            for (std::int64_t b = 0; b < weight.extents[3]; ++b) {
              const std::int64_t y = i + a - op.padding.vertical.before;
              const std::int64_t z = j + b - op.padding.horizontal.before;
              if (y < 0 || z < 0 || y >= x.extents[1] || z >= x.extents[2]) continue;
              out.values[at(out, o, i, j)] +=
                  x.values[at(x, o / per_group * weight.extents[1] + c, y, z)] *
                  weight.values[static_cast<std::size_t>(
                      ((o * weight.extents[1] + c) * weight.extents[2] + a) * weight.extents[3] + b)];
            }
  return out;
}

/// The product of two operands summed over what the result lacks, label by label; `positions` behind each of a's elements are
/// the result's too.
std::vector<double> contracted(const Legs &a, const DenseTensor &x, const Legs &b, const DenseTensor &weight, const Legs &out,
                               std::size_t positions) {
  const Legs all = union_of(a, b);
  std::vector<double> made(static_cast<std::size_t>(elements_of(out)) * positions);
  std::map<std::int64_t, std::int64_t> at;
  const auto place = [&](const Legs &legs) {
    std::size_t out_of = 0;
    for (const Leg &leg : legs) out_of = out_of * static_cast<std::size_t>(leg.size) + static_cast<std::size_t>(at[leg.label]);
    return out_of;
  };
  for (std::int64_t e = 0; e < elements_of(all); ++e) {
    std::int64_t rest = e;
    for (const Leg &leg : all) {
      at[leg.label] = rest % leg.size;
      rest /= leg.size;
    }
    for (std::size_t p = 0; p < positions; ++p)
      made[place(out) * positions + p] += x.values[place(a) * positions + p] * weight.values[place(b)];
  }
  return made;
}

/// Channels, or rows, of which those of g groups change places with those within a group.
DenseTensor shuffled(const DenseTensor &x, std::int64_t groups) {
  DenseTensor out = zeros(x.extents);
  const auto g = static_cast<std::size_t>(groups);
  const auto n = static_cast<std::size_t>(x.extents[0]);
  const std::size_t behind = x.values.size() / n;
  for (std::size_t c = 0; c < n; ++c)
    for (std::size_t p = 0; p < behind; ++p)
      out.values[(c % (n / g) * g + c / (n / g)) * behind + p] = x.values[c * behind + p];
  return out;
}

/// The first channels of x, those that are lacking 0.
DenseTensor with_channels(const DenseTensor &x, std::int64_t channels) {
  DenseTensor out = zeros({channels, x.extents[1], x.extents[2]});
  std::copy_n(x.values.begin(), std::min(x.values.size(), out.values.size()), out.values.begin());
  return out;
}

/// What an op of these families makes; nothing where it is none of theirs.
std::optional<DenseTensor> structured(const Op &op, const std::vector<const DenseTensor *> &in, const TensorShape &shape) {
  const auto positions = [&] { return static_cast<std::size_t>(std::get<Shape>(shape).positions()); };
  if (const auto *contract = std::get_if<Contract>(&op)) {
    const Shape &y = std::get<Shape>(shape);
    return DenseTensor{{y.channels, y.height, y.width},
                       contracted(contract->x, *in[0], contract->weight, *in[1], contract->out, positions())};
  }
  if (const auto *contract = std::get_if<ContractWeights>(&op))
    return DenseTensor{std::get<Extents>(shape), contracted(contract->a, *in[0], contract->b, *in[1], contract->out, 1)};
  if (const auto *shuffle = std::get_if<ShuffleChannels>(&op)) return shuffled(*in[0], shuffle->groups);
  if (const auto *blocks = std::get_if<BlockDiagonal>(&op)) {
    DenseTensor out = zeros({in[0]->extents[0], in[0]->extents[1] * blocks->groups, 1, 1});
    const auto rows = static_cast<std::size_t>(in[0]->extents[0]);
    const auto columns = static_cast<std::size_t>(in[0]->extents[1]);
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t column = 0; column < columns; ++column) {
        const std::size_t group = row / (rows / static_cast<std::size_t>(blocks->groups));
        out.values[(row * static_cast<std::size_t>(blocks->groups) + group) * columns + column] =
            in[0]->values[row * columns + column];
      }
    const DenseTensor all = shuffled(out, blocks->row_groups);
    DenseTensor kept = zeros(std::get<Extents>(shape));
    const auto width = static_cast<std::size_t>(kept.extents[1]);
    for (std::size_t e = 0; e < kept.values.size(); ++e)
      kept.values[e] = all.values[e / width * static_cast<std::size_t>(all.extents[1]) + e % width];
    return kept;
  }
  if (std::holds_alternative<CirculantMerge>(op)) {
    DenseTensor out = zeros(std::get<Extents>(shape));
    const auto block = static_cast<std::size_t>(in[0]->extents[2]);
    const auto across = static_cast<std::size_t>(in[0]->extents[1]) * block;
    for (std::size_t e = 0; e < out.values.size(); ++e) {
      const std::size_t row = e / across;
      const std::size_t column = e % across;
      out.values[e] = in[0]->values[(row / block * (across / block) + column / block) * block +
                                    (row % block + block - column % block) % block];
    }
    return out;
  }
  if (std::holds_alternative<Zeros>(op)) return zeros(in[0]->extents);
  if (const auto *repeat = std::get_if<RepeatChannels>(&op)) return with_channels(*in[0], in[0]->extents[0] * repeat->times);
  if (const auto *slice = std::get_if<SliceChannels>(&op); slice != nullptr && slice->begin == 0)
    return with_channels(*in[0], slice->count);
  if (std::holds_alternative<Concat>(op)) return with_channels(*in[0], in[0]->extents[0] + in[1]->extents[0]); // zeros
  if (std::holds_alternative<AddBias>(op)) return *in[0];                                                      // left out
  return std::nullopt;
}

} // namespace

ConvSite impulse_site(std::int64_t in_channels, std::int64_t out_channels, Pair kernel, bool bias) {
  return make_site("X", {.batch = 1, .channels = in_channels, .height = 1, .width = 1}, out_channels, kernel, {1, 1},
                   {kernel.height - 1, kernel.width - 1}, {1, 1}, bias);
}

DenseTensor random_tensor(const Extents &extents, std::mt19937_64 &random) {
  std::normal_distribution<double> normal;
  DenseTensor out = zeros(extents);
  for (double &value : out.values) value = normal(random);
  return out;
}

Drawn draw(const ConvSite &site, const Substitute &substitute, std::mt19937_64 &random) {
  Graph graph;
  lower_site(graph, site, graph.add_input(site.input), substitute);
  Drawn out;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    if (std::holds_alternative<Parameter>(graph.node(id).op))
      out.parameters[graph.parameter_name(id)] = random_tensor(graph.weight(id), random);
    if (const auto *buffer = std::get_if<Buffer>(&graph.node(id).op)) {
      DenseTensor &own = out.buffers[graph.parameter_name(id)] = zeros(graph.weight(id));
      for (double &value : own.values)
        value = buffer->upper == 0 ? (random() % 2 == 0 ? 1.0 : -1.0)
                                   : static_cast<double>(random() % static_cast<std::uint64_t>(buffer->upper));
    }
  }
  return out;
}

DenseTensor dense_of(const ConvSite &site, const Substitute &substitute, const DenseTensors &parameters,
                     const DenseTensors &buffers) {
  Graph graph;
  const NodeId output = lower_site(graph, site, graph.add_input(site.input), substitute);
  DenseTensor out = zeros({site.out_channels(), site.in_channels(), site.kernel.height, site.kernel.width});
  const auto area = static_cast<std::size_t>(site.kernel.area());
  std::vector<DenseTensor> values(graph.node_count());
  for (std::int64_t channel = 0; channel < site.in_channels(); ++channel) {
    values[0] = zeros({site.in_channels(), 1, 1});
    values[0].values[static_cast<std::size_t>(channel)] = 1;
    for (NodeId id = 1; id < graph.node_count(); ++id) {
      if (channel > 0 && !graph.node(id).on_activations) continue; // a weight
      const Op &op = graph.node(id).op;
      std::vector<const DenseTensor *> in;
      for (const NodeId input : graph.inputs(id)) in.push_back(&values[input]);
      if (std::holds_alternative<Parameter>(op)) {
        values[id] = parameters.at(graph.parameter_name(id));
      } else if (std::holds_alternative<Buffer>(op)) {
        values[id] = buffers.at(graph.parameter_name(id));
      } else if (const auto *conv = std::get_if<Conv>(&op)) {
        values[id] = convolved(*conv, *in[0], *in[1], graph.activation(id));
      } else if (const auto *gather = std::get_if<Gather>(&op)) {
        values[id] = zeros(gather->extents);
        for (std::size_t e = 0; e < values[id].values.size(); ++e)
          values[id].values[e] =
              in[0]->values[static_cast<std::size_t>(in[1]->values[e])] * (in.size() > 2 ? in[2]->values[e] : 1);
      } else if (const auto *train = std::get_if<TtMerge>(&op)) {
        values[id] = merged_train(train->extents, in);
      } else if (const auto *product = std::get_if<ModeProduct>(&op)) {
        values[id] = mode_product(*in[0], *in[1], static_cast<std::size_t>(product->mode));
      } else if (const auto *reshape = std::get_if<Reshape>(&op)) {
        values[id] = {reshape->extents, in[0]->values};
      } else if (auto made = structured(op, in, graph.node(id).shape)) {
        values[id] = *std::move(made);
      } else {
        ADD_FAILURE() << kind_name(op) << " is not known here";
        return out;
      }
    }
    // The output is the kernel, turned round.
    for (std::size_t o = 0; o < static_cast<std::size_t>(site.out_channels()); ++o)
      for (std::size_t x = 0; x < area; ++x)
        out.values[(o * static_cast<std::size_t>(site.in_channels()) + static_cast<std::size_t>(channel)) * area + x] =
            values[output].values[o * area + area - 1 - x];
  }
  return out;
}

double relative_error(const DenseTensor &a, const DenseTensor &b) {
  EXPECT_EQ(a.extents, b.extents);
  double error = 0;
  double whole = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    error += (a.values[i] - b.values[i]) * (a.values[i] - b.values[i]);
    whole += a.values[i] * a.values[i];
  }
  return error / whole;
}

} // namespace pare::test
