#include "train/cuda/kernels.hpp"

#include "train/torch.hpp"

#include <c10/core/impl/VirtualGuardImpl.h>

#include <dlfcn.h>

#include <cstring>
#include <filesystem>

namespace pare::train {

namespace {

std::optional<CudaFunctions> functions;

} // namespace

bool load_cuda_library(const std::string &file, const std::vector<CudaSymbol> &symbols) {
  std::error_code fault;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", fault);
  if (fault) return false;
  for (const char *place : {".", "../../train", "../lib/pare"}) {
    void *library = ::dlopen((self.parent_path() / place / file).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) continue;
    bool has_all = true;
    for (const CudaSymbol &symbol : symbols) {
      void *found = ::dlsym(library, symbol.name);
      std::memcpy(symbol.function, &found, sizeof(found));
      has_all = has_all && found != nullptr;
    }
    if (has_all) return true;
    ::dlclose(library);
  }
  return false;
}

bool load_cuda_kernels() {
  if (functions) return true;
  CudaFunctions out{};
  const bool has_all = load_cuda_library("libpare_cuda.so", {{"pare_cuda_free_bytes", &out.free_bytes},
                                                             {"pare_cuda_sum_by_value", &out.sum_by_value},
                                                             {"pare_cuda_batch_norm_work", &out.batch_norm_work},
                                                             {"pare_cuda_batch_norm", &out.batch_norm},
                                                             {"pare_cuda_batch_norm_gradients", &out.batch_norm_gradients},
                                                             {"pare_cuda_scale_shift", &out.scale_shift},
                                                             {"pare_cuda_mean_square", &out.mean_square},
                                                             {"pare_cuda_mean_square_gradient", &out.mean_square_gradient}});
  if (has_all) functions = out;
  return has_all;
}

const CudaFunctions *cuda_functions() { return functions ? &*functions : nullptr; }

void *cuda_stream(const torch::Tensor &x) {
  const c10::impl::VirtualGuardImpl device(torch::kCUDA);
  return device.getStream(x.device()).native_handle();
}

void check_cuda(int error) { TORCH_CHECK(error == 0, "libpare_cuda: CUDA error ", error); }

std::optional<std::int64_t> cuda_free_bytes() {
  const std::int64_t bytes = functions ? functions->free_bytes() : -1;
  return bytes >= 0 ? std::optional(bytes) : std::nullopt;
}

torch::Tensor cuda_sum_by_value(const torch::Tensor &gradient, const torch::Tensor &order, const torch::Tensor &offsets) {
  const bool is_double = gradient.scalar_type() == torch::kFloat64;
  if (!functions || (!is_double && gradient.scalar_type() != torch::kFloat32))
    return at::segment_reduce(gradient.index_select(0, order), "sum", {}, {}, offsets, 0, true, 0);
  torch::Tensor out = torch::empty({offsets.numel() - 1}, gradient.options());
  check_cuda(functions->sum_by_value(is_double ? 1 : 0, gradient.const_data_ptr(), order.const_data_ptr<std::int64_t>(),
                                     offsets.const_data_ptr<std::int64_t>(), out.mutable_data_ptr(), out.numel(),
                                     cuda_stream(gradient)));
  return out;
}

} // namespace pare::train
