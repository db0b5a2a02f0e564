#include "train/device.hpp"

#include "base/error.hpp"
#include "train/cuda/graph.hpp"
#include "train/cuda/kernels.hpp"
#include "train/torch.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <dlfcn.h>
#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <thread>

namespace pare::train {

namespace {

/// Loads libtorch_cuda, which registers itself, and our kernels for it. Empty, or why not.
std::string load_cuda() {
  static const std::string fault = [] {
    if (::dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
      const char *why = ::dlerror();
      return fmt::format("libtorch_cuda.so cannot be loaded ({})", why == nullptr ? "" : why);
    }
    load_cuda_kernels();
    load_cuda_graphs();
    return std::string();
  }();
  return fault;
}

} // namespace

bool has_cuda(std::string &why) {
  why = load_cuda();
  if (!why.empty()) return false;
  if (torch::cuda::device_count() == 0) {
    why = "this machine has no GPU that CUDA can use";
    return false;
  }
  return true;
}

torch::Device open_device(const std::string &text) {
  if (text == "cpu") return torch::kCPU;
  std::string why;
  if (!has_cuda(why))
    throw Error(ErrorCode::kNotApplicable, "--device", fmt::format("device = {}: {}; cpu would be accepted", text, why));
  const torch::Device device(text);
  const auto count = static_cast<std::int64_t>(torch::cuda::device_count());
  if (device.has_index() && device.index() >= count)
    throw Error(ErrorCode::kNotApplicable, "--device",
                fmt::format("device = {}: there are {} GPUs, numbered from 0", text, count));
  const torch::Device out = device.has_index() ? device : torch::Device(torch::kCUDA, 0);
  at::globalContext().setDeterministicCuDNN(true); // the same numbers give the same bits
  // What this thread does there from now on goes to a stream of its own: the default one cannot be recorded as a graph.
  const c10::impl::VirtualGuardImpl guard(torch::kCUDA);
  guard.setDevice(out);
  guard.exchangeStream(guard.getStreamFromGlobalPool(out));
  return out;
}

Precision open_precision(const std::string &text, torch::Device device) {
  if (text == "bf16") return Precision::kBf16;
  if (text == "tf32" && device.is_cpu())
    throw Error(ErrorCode::kNotApplicable, "--precision",
                "precision = tf32 is one of GPUs; on cpu fp32 or bf16 would be accepted");
  at::globalContext().setFloat32MatmulPrecision(text == "tf32" ? "high" : "highest");
  at::globalContext().setAllowTF32CuDNN(text == "tf32");
  return text == "tf32" ? Precision::kTf32 : Precision::kFp32;
}

std::int64_t prepare_cpu(std::optional<std::int64_t> threads) {
  ::mallopt(M_MMAP_THRESHOLD, 1 << 30);
  ::mallopt(M_TRIM_THRESHOLD, 2147483647);
  ::mallopt(M_TOP_PAD, 64 << 20);
  const std::int64_t count = threads.value_or(std::max(1U, std::thread::hardware_concurrency()));
  at::set_num_threads(static_cast<int>(count));
  return count;
}

std::optional<std::int64_t> free_bytes(torch::Device device) {
  if (device.is_cuda()) return cuda_free_bytes();
  const long pages = ::sysconf(_SC_AVPHYS_PAGES);
  const long size = ::sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0 ? std::optional(static_cast<std::int64_t>(pages) * size) : std::nullopt;
}

std::string describe(torch::Device device) {
  if (device.is_cpu()) return fmt::format("cpu ({} threads)", at::get_num_threads());
  return fmt::format("{}", device.str());
}

} // namespace pare::train
