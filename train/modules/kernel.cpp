#include "train/modules/kernel.hpp"

#include "base/error.hpp"
#include "train/data/random.hpp"
#include "train/modules/fused.hpp"
#include "train/modules/structured.hpp"
#include "train/torch.hpp"

#include <ATen/autocast_mode.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

namespace pare::train {

namespace {

using torch::Tensor;
using Inputs = std::span<const Tensor>;

std::array<std::int64_t, 2> pair(const Pair &p) { return {p.height, p.width}; }

std::vector<std::int64_t> sizes(const Extents &extents) { return {extents.begin(), extents.end()}; }

/// Input `port`, or an undefined tensor.
const Tensor &at_or_none(Inputs in, std::size_t port) {
  static const Tensor none;
  return port < in.size() ? in[port] : none;
}

/// Whether a view of x as [N, H, W, C] is cheap and what is made from it stays in that order.
bool channels_last(const Tensor &x) { return x.is_contiguous(torch::MemoryFormat::ChannelsLast) && !x.is_contiguous(); }

/// An inverse index that follows its index: loading weights replaces the numbers in it.
class Inverse {
public:
  std::shared_ptr<const InverseIndex> of(const Tensor &index, std::int64_t values) {
    const std::pair<const void *, std::int64_t> seen{index.data_ptr(), index._version()};
    if (!inverse_ || seen_ != seen) {
      inverse_ = std::make_shared<const InverseIndex>(invert(index, values));
      seen_ = seen;
    }
    return inverse_;
  }

private:
  std::shared_ptr<const InverseIndex> inverse_;
  std::pair<const void *, std::int64_t> seen_{nullptr, 0};
};

/// What convolutions and pools take: the padding that they do themselves, which must be the same on both sides, and the image
/// with the rest of it put around.
struct Padded {
  std::array<std::int64_t, 2> own{0, 0};
  std::array<std::int64_t, 4> around{0, 0, 0, 0}; ///< left, right, top, bottom

  explicit Padded(const Padding &p) {
    if (p.is_symmetric())
      own = {p.vertical.before, p.horizontal.before};
    else
      around = {p.horizontal.before, p.horizontal.after, p.vertical.before, p.vertical.after};
  }
  bool is_own() const { return around == std::array<std::int64_t, 4>{}; }
  Tensor operator()(const Tensor &x, double value = 0) const { return is_own() ? x : at::constant_pad_nd(x, around, value); }
};

/// The positions at which a 1 x 1 map with a stride and a padding works.
class Positions {
public:
  Positions(const Pair &stride, const Padding &padding) : stride_(stride), padding_(padding) {}

  Tensor operator()(const Tensor &x) const {
    const auto &[vertical, horizontal] = padding_;
    Tensor out = padding_ == Padding{0, 0}
                     ? x
                     : at::constant_pad_nd(x, {horizontal.before, horizontal.after, vertical.before, vertical.after});
    if (stride_ != Pair{1, 1}) out = out.slice(2, 0, std::nullopt, stride_.height).slice(3, 0, std::nullopt, stride_.width);
    return out;
  }

private:
  Pair stride_;
  Padding padding_;
};

std::vector<std::int64_t> sizes(const Legs &legs) {
  std::vector<std::int64_t> out;
  for (const Leg &leg : legs) out.push_back(leg.size);
  return out;
}

/// Whether a grouped 1 x 1 convolution is faster as a whole one, whose weight is zero outside its blocks: a GPU's matrix units
/// are fast where numbers are short, and cuDNN's grouped convolutions are not.
bool is_faster_whole(const Tensor &x, const Tensor &weight, std::int64_t groups) {
  constexpr std::int64_t kMostChannels = 2048; // of the whole weight's numbers on each side
  return groups > 1 && weight.size(1) > 1 && weight.size(2) == 1 && weight.size(3) == 1 && x.is_cuda() &&
         x.size(1) <= kMostChannels && weight.size(0) <= kMostChannels &&
         (at::autocast::is_autocast_enabled(x.device().type()) || x.scalar_type() == torch::kBFloat16);
}

/// A contraction as einsum is told it: labels become letters. `positions`, where there are any, is a dimension in front of the
/// first operand's.
std::string equation_of(const std::vector<Legs> &operands, const Legs &out, std::string_view positions = "") {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXY"; // Z is the positions
  std::vector<std::int64_t> known;
  const auto written = [&](const Legs &legs) {
    std::string text;
    for (const Leg &leg : legs) {
      const auto at = std::find(known.begin(), known.end(), leg.label);
      const auto place = static_cast<std::size_t>(at - known.begin());
      if (at == known.end()) known.push_back(leg.label);
      text += kLetters.at(place);
    }
    return text;
  };
  std::string equation;
  for (const Legs &legs : operands) equation += (equation.empty() ? std::string(positions) : ",") + written(legs);
  return equation + "->" + std::string(positions) + written(out);
}

/// Which elements dropout keeps, each with its factor: of an image's own numbers, so that neither micro-batches nor computing
/// again change them.
Tensor dropout_factors(const Tensor &x, double probability, const Pass &pass, NodeId node) {
  const double keep = 1 - probability;
  const std::int64_t n = x.numel() / std::max<std::int64_t>(x.size(0), 1);
  Tensor factors = torch::empty({x.size(0), n}, torch::kFloat32);
  auto *to = factors.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    RandomStream random(pass.seed, Purpose::kDropout, pass.step, static_cast<std::uint64_t>(pass.first_image + i) << 32 | node);
    for (std::int64_t k = 0; k < n; ++k) *to++ = random.uniform() < keep ? static_cast<float>(1 / keep) : 0;
  }
  return factors.view(x.sizes()).to(x.options());
}

struct MakeKernel {
  const Graph &graph;
  NodeId node;

  Kernel operator()(const Conv &op) const {
    return [stride = pair(op.stride), pad = Padded(op.padding), dilation = pair(op.dilation), groups = op.groups,
            strided = op.stride != Pair{1, 1}, at = Positions(op.stride, op.padding)](const Pass &, Inputs in) {
      // oneDNN's weight gradient of a strided 1 x 1 is wrong, or written elsewhere, where a CPU has AVX2 and no AVX-512, there
      // are fewer than 8 input channels and they are last (oneDNN of LibTorch 2.11): the positions are taken first.
      if (strided && in[1].size(2) == 1 && in[1].size(3) == 1 && in[0].is_cpu())
        return at::convolution(at(in[0]), in[1], at_or_none(in, 2), {1, 1}, {0, 0}, {1, 1}, false, {0, 0}, groups);
      if (is_faster_whole(in[0], in[1], groups))
        return at::convolution(pad(in[0]), block_diagonal(in[1], groups, 1), at_or_none(in, 2), stride, pad.own, dilation,
                               false, {0, 0}, 1);
      return at::convolution(pad(in[0]), in[1], at_or_none(in, 2), stride, pad.own, dilation, false, {0, 0}, groups);
    };
  }
  Kernel operator()(const Linear & /*op*/) const {
    return [](const Pass &, Inputs in) {
      return at::linear(in[0].flatten(1), in[1], at_or_none(in, 2)).unsqueeze(-1).unsqueeze(-1);
    };
  }
  Kernel operator()(const Relu & /*op*/) const {
    return [](const Pass &, Inputs in) { return at::relu(in[0]); };
  }
  Kernel operator()(const Relu6 & /*op*/) const {
    return [](const Pass &, Inputs in) { return at::hardtanh(in[0], 0, 6); };
  }
  Kernel operator()(const Sigmoid & /*op*/) const {
    return [](const Pass &, Inputs in) { return at::sigmoid(in[0]); };
  }
  Kernel operator()(const Silu & /*op*/) const {
    return [](const Pass &, Inputs in) { return at::silu(in[0]); };
  }
  Kernel operator()(const HardSigmoid & /*op*/) const {
    return [](const Pass &, Inputs in) { return at::hardsigmoid(in[0]); };
  }
  Kernel operator()(const HardSwish & /*op*/) const {
    return [](const Pass &, Inputs in) { return at::hardswish(in[0]); };
  }
  Kernel operator()(const Gelu & /*op*/) const {
    return [](const Pass &, Inputs in) { return at::gelu(in[0], "none"); };
  }
  Kernel operator()(const Tanh & /*op*/) const {
    return [](const Pass &, Inputs in) { return at::tanh(in[0]); };
  }
  Kernel operator()(const MaxPool &op) const {
    return [kernel = pair(op.kernel), stride = pair(op.stride), pad = Padded(op.padding), ceil = op.ceil_mode](const Pass &,
                                                                                                               Inputs in) {
      constexpr double kNothing = -std::numeric_limits<double>::infinity(); // never the largest
      return at::max_pool2d(pad(in[0], kNothing), kernel, stride, pad.own, {1, 1}, ceil);
    };
  }
  Kernel operator()(const AvgPool &op) const {
    return [kernel = pair(op.kernel), stride = pair(op.stride), pad = Padded(op.padding), ceil = op.ceil_mode,
            counts_padding = op.count_include_pad](const Pass &, Inputs in) {
      if (pad.is_own() || counts_padding) return at::avg_pool2d(pad(in[0]), kernel, stride, pad.own, ceil, counts_padding);
      // The sum over each window, by how many of its pixels are the image's.
      const auto sum = [&](const Tensor &x) { return at::avg_pool2d(pad(x), kernel, stride, pad.own, ceil, true, 1); };
      return sum(in[0]) / sum(at::ones({1, 1, in[0].size(2), in[0].size(3)}, in[0].options()));
    };
  }
  Kernel operator()(const GlobalAvgPool & /*op*/) const {
    return [](const Pass &, Inputs in) { return in[0].mean({2, 3}, true); };
  }
  Kernel operator()(const AdaptiveAvgPool &op) const {
    return [size = pair(op.size)](const Pass &, Inputs in) { return at::adaptive_avg_pool2d(in[0], size); };
  }
  Kernel operator()(const Multiply & /*op*/) const {
    return [](const Pass &, Inputs in) {
      Tensor out = in[0] * in[1];
      for (const Tensor &more : in.subspan(2)) out = out * more;
      return out;
    };
  }
  Kernel operator()(const Dropout &op) const {
    return [probability = op.probability, node = node](const Pass &pass, Inputs in) {
      return pass.training && probability > 0 ? in[0] * dropout_factors(in[0], probability, pass, node) : in[0];
    };
  }
  Kernel operator()(const Flatten & /*op*/) const {
    return [](const Pass &, Inputs in) { return in[0].flatten(1).unsqueeze(-1).unsqueeze(-1); };
  }
  Kernel operator()(const Add & /*op*/) const {
    return [](const Pass &, Inputs in) {
      Tensor out = in[0] + in[1];
      for (const Tensor &more : in.subspan(2)) out = out + more;
      return out;
    };
  }
  Kernel operator()(const AddBias & /*op*/) const {
    return [](const Pass &, Inputs in) { return in[0] + in[1].view({1, -1, 1, 1}); };
  }
  Kernel operator()(const Concat & /*op*/) const {
    return [](const Pass &, Inputs in) { return at::cat(at::ITensorListRef(at::TensorList(in.data(), in.size())), 1); };
  }
  Kernel operator()(const Crop &op) const {
    return [top = op.top, left = op.left, stride = op.stride](const Pass &, Inputs in) {
      return in[0].slice(2, top, std::nullopt, stride.height).slice(3, left, std::nullopt, stride.width);
    };
  }
  Kernel operator()(const SliceChannels &op) const {
    return [begin = op.begin, count = op.count](const Pass &, Inputs in) { return in[0].narrow(1, begin, count); };
  }
  Kernel operator()(const RepeatChannels &op) const {
    return [times = op.times](const Pass &, Inputs in) {
      const std::vector<Tensor> copies(static_cast<std::size_t>(times), in[0]);
      return at::cat(copies, 1);
    };
  }
  Kernel operator()(const SumChannels &op) const {
    return [size = op.size](const Pass &, Inputs in) {
      if (channels_last(in[0])) return in[0].permute({0, 2, 3, 1}).unflatten(3, {-1, size}).sum(4).permute({0, 3, 1, 2});
      return in[0].unflatten(1, {-1, size}).sum(2);
    };
  }
  Kernel operator()(const ShuffleChannels &op) const {
    return [groups = op.groups](const Pass &, Inputs in) {
      if (channels_last(in[0]))
        return in[0].permute({0, 2, 3, 1}).unflatten(3, {groups, -1}).transpose(3, 4).flatten(3, 4).permute({0, 3, 1, 2});
      return in[0].unflatten(1, {groups, -1}).transpose(1, 2).flatten(1, 2);
    };
  }
  Kernel operator()(const Zeros &op) const {
    return [stride = pair(op.stride)](const Pass &, Inputs in) {
      return in[0].slice(2, 0, std::nullopt, stride[0]).slice(3, 0, std::nullopt, stride[1]).mul(0);
    };
  }
  Kernel operator()(const Gather &op) const {
    return [extents = sizes(op.extents), inverse = std::make_shared<Inverse>()](const Pass &, Inputs in) {
      return hashed_weight(in[0], in[1].flatten(), at_or_none(in, 2).defined() ? in[2].flatten() : Tensor(),
                           inverse->of(in[1], in[0].numel()))
          .view(extents);
    };
  }
  Kernel operator()(const TtMerge &op) const {
    return [extents = sizes(op.extents)](const Pass &, Inputs in) { return tensor_train_weight(in).view(extents); };
  }
  Kernel operator()(const ModeProduct &op) const {
    return [mode = op.mode](const Pass &, Inputs in) { return mode_product(in[0], in[1], mode); };
  }
  Kernel operator()(const CpMerge &op) const {
    return [extents = sizes(op.extents)](const Pass &, Inputs in) { return polyadic_weight(in).view(extents); };
  }
  Kernel operator()(const AcdcProduct &op) const {
    return [riffle = op.inner_riffle](const Pass &, Inputs in) { return acdc_weight(in, riffle).unsqueeze(-1).unsqueeze(-1); };
  }
  Kernel operator()(const AcdcTransform &op) const {
    return [riffle = op.inner_riffle, at = Positions(op.stride, op.padding)](const Pass &, Inputs in) {
      return acdc_transform(at(in[0]).permute({0, 2, 3, 1}), in[1], in[2], riffle).permute({0, 3, 1, 2});
    };
  }
  Kernel operator()(const Contract &op) const {
    // At each position by itself: those stand in front of the channels' legs.
    return [at = Positions(op.stride, op.padding), equation = equation_of({op.x, op.weight}, op.out, "Z"), x = sizes(op.x),
            weight = sizes(op.weight)](const Pass &, Inputs in) {
      Tensor out = at(in[0]).permute({0, 2, 3, 1});
      const auto positions = out.sizes().slice(0, 3).vec();
      out = at::einsum(equation, {out.unflatten(3, x).flatten(0, 2), in[1].reshape(weight)});
      return out.reshape({positions[0], positions[1], positions[2], -1}).permute({0, 3, 1, 2});
    };
  }
  Kernel operator()(const ContractWeights &op) const {
    if (op.b.empty())
      return [equation = equation_of({op.a}, op.out), a = sizes(op.a)](const Pass &, Inputs in) {
        return at::einsum(equation, {in[0].reshape(a)}).flatten();
      };
    return [equation = equation_of({op.a, op.b}, op.out), a = sizes(op.a), b = sizes(op.b)](const Pass &, Inputs in) {
      return at::einsum(equation, {in[0].reshape(a), in[1].reshape(b)}).flatten();
    };
  }
  Kernel operator()(const BlockDiagonal &op) const {
    return [groups = op.groups, row_groups = op.row_groups, rows = op.rows, columns = op.columns](const Pass &, Inputs in) {
      Tensor out = block_diagonal(in[0], groups, row_groups);
      if (rows > 0) out = out.narrow(0, 0, rows);
      return columns > 0 ? out.narrow(1, 0, columns) : out;
    };
  }
  Kernel operator()(const CirculantMerge & /*op*/) const {
    return [](const Pass &, Inputs in) { return circulant_blocks(in[0]).unsqueeze(-1).unsqueeze(-1); };
  }
  Kernel operator()(const Transpose & /*op*/) const {
    return [](const Pass &, Inputs in) { return in[0].transpose(0, 1); };
  }
  Kernel operator()(const Reshape &op) const {
    return [extents = sizes(op.extents)](const Pass &, Inputs in) { return in[0].reshape(extents); };
  }
  // Not operations: the module has them.
  Kernel operator()(const Input & /*op*/) const { return {}; }
  Kernel operator()(const Parameter & /*op*/) const { return {}; }
  Kernel operator()(const Buffer & /*op*/) const { return {}; }
  Kernel operator()(const BatchNorm & /*op*/) const { return {}; }
};

} // namespace

Kernel make_kernel(const Graph &graph, NodeId node) { return std::visit(MakeKernel{graph, node}, graph.node(node).op); }

std::pair<Tensor, Tensor> affine_of(const Statistics &statistics, const Tensor &weight, const Tensor &bias, double eps) {
  const torch::NoGradGuard no_gradient;
  Tensor scale = torch::rsqrt(statistics.variance.to(torch::kFloat64) + eps);
  if (weight.defined()) scale = scale * weight;
  Tensor shift = -statistics.mean * scale;
  if (bias.defined()) shift = shift + bias;
  return {scale, shift};
}

Kernel batch_norm_kernel(const BatchNorm &op, Statistics &statistics, bool relu, const std::string &layer) {
  return [eps = op.eps, own = op.momentum, &statistics, relu, layer](const Pass &pass, Inputs in) {
    const double momentum = pass.momentum.value_or(own);
    if (pass.training && in[0].numel() <= in[0].size(1))
      throw Error(
          ErrorCode::kInvalidConfig, layer,
          fmt::format("batch norm has one value per channel, of {} image of {} x {}, and no variance to divide by; more "
                      "images in a pass would be accepted",
                      in[0].size(0), in[0].size(2), in[0].size(3)));
    Tensor mean = statistics.mean;
    Tensor variance = statistics.variance;
    if (pass.training && pass.update_statistics) {
      const torch::NoGradGuard no_gradient;
      statistics.batches.add_(1);
    } else if (pass.training) {
      mean = variance = Tensor();
    }
    if (in.size() == 3 && fuses(in[0])) {
      if (pass.training)
        return fused_batch_norm(in[0], in[1], in[2], eps, relu, {.mean = mean, .variance = variance, .momentum = momentum});
      if (!torch::GradMode::is_enabled()) {
        const auto [scale, shift] = affine_of(statistics, in[1], in[2], eps);
        return fused_scale_shift(in[0], scale.to(torch::kFloat32), shift.to(torch::kFloat32), relu);
      }
    }
    Tensor out = at::batch_norm(in[0], at_or_none(in, 1), at_or_none(in, 2), mean, variance, pass.training, momentum, eps,
                                at::globalContext().userEnabledCuDNN());
    return relu ? out.relu_() : out;
  };
}

namespace {

/// oneDNN's convolution with a ReLU done on its result while it is in registers.
Tensor onednn_convolution(const Tensor &x, const Tensor &weight, const Tensor &bias, at::IntArrayRef padding,
                          at::IntArrayRef stride, at::IntArrayRef dilation, std::int64_t groups, std::string_view after) {
  using Signature =
      Tensor(const Tensor &, const Tensor &, const std::optional<Tensor> &, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef,
             std::int64_t, std::string_view, torch::List<std::optional<at::Scalar>>, std::optional<std::string_view>);
  static const auto op =
      c10::Dispatcher::singleton().findSchemaOrThrow("mkldnn::_convolution_pointwise", "").typed<Signature>();
  return op.call(x, weight, bias, padding, stride, dilation, groups, after, torch::List<std::optional<at::Scalar>>(),
                 std::nullopt);
}

} // namespace

Kernel frozen_conv_kernel(const Conv &op, bool relu) {
  return [stride = pair(op.stride), pad = Padded(op.padding), dilation = pair(op.dilation), groups = op.groups,
          relu](const Pass &, Inputs in) {
    const Tensor x = pad(in[0]);
    if (relu && x.is_cpu() && fuses(x)) return onednn_convolution(x, in[1], in[2], pad.own, stride, dilation, groups, "relu");
    Tensor out = at::convolution(x, in[1], in[2], stride, pad.own, dilation, false, {0, 0}, groups);
    return relu ? out.relu_() : out;
  };
}

Kernel frozen_affine_kernel(bool relu) {
  return [relu](const Pass &, Inputs in) {
    if (fuses(in[0])) return fused_scale_shift(in[0], in[1], in[2], relu);
    Tensor out = in[0] * in[1].view({1, -1, 1, 1}) + in[2].view({1, -1, 1, 1});
    return relu ? out.relu_() : out;
  };
}

Tensor drop_path(const Tensor &x, const Pass &pass, NodeId node) {
  const double keep = 1 - pass.drop_path;
  RandomStream random(pass.seed, Purpose::kDropPath, pass.step, node);
  Tensor factor = torch::empty({x.size(0), 1, 1, 1}, torch::kFloat64);
  auto *to = factor.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < pass.first_image; ++i) random.uniform(); // those of the images before
  for (std::int64_t i = 0; i < x.size(0); ++i) to[i] = random.uniform() < keep ? 1 / keep : 0;
  return x * factor.to(x.options());
}

} // namespace pare::train
