#include "train/cuda/kernels.hpp"

#include "train/torch.hpp"

#include <c10/core/impl/VirtualGuardImpl.h>

#include <dlfcn.h>

#include <filesystem>

namespace pare::train {

namespace {

// What kernels.cu exports.
using SumByValue = int(int is_double, const void *gradient, const std::int64_t *order, const std::int64_t *offsets, void *out,
                       std::int64_t values, void *stream);

using FreeBytes = std::int64_t();

SumByValue *sum_by_value = nullptr;
FreeBytes *free_bytes = nullptr;

} // namespace

bool load_cuda_kernels() {
  if (sum_by_value != nullptr) return true;
  std::error_code fault;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", fault);
  if (fault) return false;
  for (const char *place : {"libpare_cuda.so", "../../train/libpare_cuda.so", "../lib/pare/libpare_cuda.so"}) {
    void *library = ::dlopen((self.parent_path() / place).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) continue;
    sum_by_value = reinterpret_cast<SumByValue *>(::dlsym(library, "pare_cuda_sum_by_value"));
    free_bytes = reinterpret_cast<FreeBytes *>(::dlsym(library, "pare_cuda_free_bytes"));
    if (sum_by_value != nullptr) return true;
  }
  return false;
}

std::optional<std::int64_t> cuda_free_bytes() {
  const std::int64_t bytes = free_bytes != nullptr ? free_bytes() : -1;
  return bytes >= 0 ? std::optional(bytes) : std::nullopt;
}

torch::Tensor cuda_sum_by_value(const torch::Tensor &gradient, const torch::Tensor &order, const torch::Tensor &offsets) {
  const bool is_double = gradient.scalar_type() == torch::kFloat64;
  if (sum_by_value == nullptr || (!is_double && gradient.scalar_type() != torch::kFloat32))
    return at::segment_reduce(gradient.index_select(0, order), "sum", {}, {}, offsets, 0, true, 0);
  torch::Tensor out = torch::empty({offsets.numel() - 1}, gradient.options());
  const c10::impl::VirtualGuardImpl device(torch::kCUDA);
  const int fault = sum_by_value(is_double ? 1 : 0, gradient.const_data_ptr(), order.const_data_ptr<std::int64_t>(),
                                 offsets.const_data_ptr<std::int64_t>(), out.mutable_data_ptr(), out.numel(),
                                 device.getStream(gradient.device()).native_handle());
  TORCH_CHECK(fault == 0, "sum_by_value: CUDA error ", fault);
  return out;
}

} // namespace pare::train
