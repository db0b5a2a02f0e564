#include "train/modules/fused.hpp"

#include "train/cuda/kernels.hpp"
#include "train/modules/fused_kernels.hpp"
#include "train/torch.hpp"

namespace pare::train {

using torch::Tensor;

namespace {

/// As x is: so that its gradient may be added to x's own.
Tensor like(const Tensor &gradient, const Tensor &x) {
  return gradient.to(x.scalar_type()).contiguous(torch::MemoryFormat::ChannelsLast);
}

class FusedBatchNorm : public torch::autograd::Function<FusedBatchNorm> {
public:
  static Tensor forward(torch::autograd::AutogradContext *context, const Tensor &x, const Tensor &weight, const Tensor &bias,
                        double eps, bool relu, const RunningStatistics *running) {
    const NormOutput out = x.is_cpu() ? fused_cpu::batch_norm(x, weight, bias, eps, relu, *running)
                                      : fused_gpu::batch_norm(x, weight, bias, eps, relu, *running);
    context->save_for_backward({x, out.statistics, bias});
    context->saved_data["relu"] = relu;
    return out.y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0];
    const bool relu = context->saved_data["relu"].toBool();
    const Tensor dy = like(gradients[0], x);
    NormGradients out = x.is_cpu() ? fused_cpu::batch_norm_gradients(x, dy, saved[1], saved[2], relu)
                                   : fused_gpu::batch_norm_gradients(x, dy, saved[1], saved[2], relu);
    return {out.x, out.weight, out.bias, {}, {}, {}};
  }
};

class FusedMeanSquare : public torch::autograd::Function<FusedMeanSquare> {
public:
  static Tensor forward(torch::autograd::AutogradContext *context, const Tensor &x) {
    context->save_for_backward({x});
    return x.is_cpu() ? fused_cpu::mean_square(x) : fused_gpu::mean_square(x);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    const Tensor x = context->get_saved_variables()[0];
    const Tensor gradient = gradients[0].contiguous();
    return {x.is_cpu() ? fused_cpu::mean_square_gradient(x, gradient) : fused_gpu::mean_square_gradient(x, gradient)};
  }
};

} // namespace

bool fuses(const Tensor &x) {
  const auto type = x.scalar_type();
  const bool is_known =
      x.is_cpu() ? type == torch::kFloat32
                 : x.is_cuda() && cuda_functions() != nullptr && (type == torch::kFloat32 || type == torch::kBFloat16);
  return is_known && x.dim() == 4 && x.numel() > 0 && x.is_contiguous(torch::MemoryFormat::ChannelsLast);
}

Tensor fused_batch_norm(const Tensor &x, const Tensor &weight, const Tensor &bias, double eps, bool relu,
                        const RunningStatistics &running) {
  return FusedBatchNorm::apply(x, weight, bias, eps, relu, &running);
}

Tensor fused_scale_shift(const Tensor &x, const Tensor &scale, const Tensor &shift, bool relu) {
  return x.is_cpu() ? fused_cpu::scale_shift(x, scale, shift, relu) : fused_gpu::scale_shift(x, scale, shift, relu);
}

Tensor fused_mean_square(const Tensor &x) { return FusedMeanSquare::apply(x); }

} // namespace pare::train
