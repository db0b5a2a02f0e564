#include "tests/projection/evaluate.hpp"

#include "tests/support.hpp"

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
  for (std::int64_t channel = 0; channel < site.in_channels(); ++channel) {
    std::vector<DenseTensor> values(graph.node_count());
    values[0] = zeros({site.in_channels(), 1, 1});
    values[0].values[static_cast<std::size_t>(channel)] = 1;
    for (NodeId id = 1; id < graph.node_count(); ++id) {
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
