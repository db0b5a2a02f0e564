#include "train/cuda/kernels.hpp"
#include "train/modules/fused_kernels.hpp"
#include "train/torch.hpp"

namespace pare::train::fused_gpu {

using torch::Tensor;

namespace {

int is_bf16(const Tensor &x) { return x.scalar_type() == torch::kBFloat16 ? 1 : 0; }
std::int64_t rows(const Tensor &x) { return x.numel() / x.size(1); }
const float *data(const Tensor &x) { return x.const_data_ptr<float>(); }
Tensor like(const Tensor &x) { return torch::empty(x.sizes(), x.options(), torch::MemoryFormat::ChannelsLast); }
Tensor floats(const Tensor &x, at::IntArrayRef sizes) { return torch::empty(sizes, x.options().dtype(torch::kFloat32)); }
Tensor work_for(const Tensor &x) { return floats(x, {cuda_functions()->batch_norm_work(x.size(1))}); }

} // namespace

NormOutput batch_norm(const Tensor &x, const Tensor &weight, const Tensor &bias, double eps, bool relu,
                      const RunningStatistics &running) {
  const std::int64_t channels = x.size(1);
  NormOutput out{.y = like(x), .statistics = floats(x, {kNormStatistics, channels})};
  Tensor work = work_for(x);
  Tensor mean = running.mean;
  Tensor variance = running.variance;
  check_cuda(cuda_functions()->batch_norm(is_bf16(x), x.const_data_ptr(), rows(x), channels, data(weight), data(bias), eps,
                                          relu ? 1 : 0, out.statistics.mutable_data_ptr<float>(),
                                          mean.defined() ? mean.mutable_data_ptr<float>() : nullptr,
                                          variance.defined() ? variance.mutable_data_ptr<float>() : nullptr, running.momentum,
                                          work.mutable_data_ptr<float>(), out.y.mutable_data_ptr(), cuda_stream(x)));
  return out;
}

NormGradients batch_norm_gradients(const Tensor &x, const Tensor &dy, const Tensor &statistics, const Tensor &bias, bool relu) {
  const std::int64_t channels = x.size(1);
  NormGradients out{.x = like(x), .weight = floats(x, {channels}), .bias = floats(x, {channels})};
  Tensor work = work_for(x);
  check_cuda(cuda_functions()->batch_norm_gradients(is_bf16(x), x.const_data_ptr(), dy.const_data_ptr(), rows(x), channels,
                                                    data(statistics), data(bias), relu ? 1 : 0, work.mutable_data_ptr<float>(),
                                                    out.weight.mutable_data_ptr<float>(), out.bias.mutable_data_ptr<float>(),
                                                    out.x.mutable_data_ptr(), cuda_stream(x)));
  return out;
}

Tensor scale_shift(const Tensor &x, const Tensor &scale, const Tensor &shift, bool relu) {
  Tensor y = like(x);
  check_cuda(cuda_functions()->scale_shift(is_bf16(x), x.const_data_ptr(), rows(x), x.size(1), data(scale), data(shift),
                                           relu ? 1 : 0, y.mutable_data_ptr(), cuda_stream(x)));
  return y;
}

Tensor mean_square(const Tensor &x) {
  Tensor out = floats(x, {x.size(0), x.size(2) * x.size(3)});
  check_cuda(cuda_functions()->mean_square(is_bf16(x), x.const_data_ptr(), rows(x), x.size(1), out.mutable_data_ptr<float>(),
                                           cuda_stream(x)));
  return out;
}

Tensor mean_square_gradient(const Tensor &x, const Tensor &gradient) {
  Tensor dx = like(x);
  check_cuda(cuda_functions()->mean_square_gradient(is_bf16(x), x.const_data_ptr(), data(gradient), rows(x), x.size(1),
                                                    dx.mutable_data_ptr(), cuda_stream(x)));
  return dx;
}

} // namespace pare::train::fused_gpu
