#pragma once

#include "train/precision.hpp"
#include "train/torch.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace pare::train {

/// "cpu", "cuda" or "cuda:1" as a device that is there. LibTorch's CUDA libraries are loaded now, and not before: they take
/// seconds. What this thread does on a GPU from now on goes there, to a stream of its own, and cuDNN takes algorithms that give
/// the same bits every time. Throws Error{kNotApplicable} that says what is missing.
torch::Device open_device(const std::string &text);

/// Whether open_device("cuda") would work; `why` says why not. For tests.
bool has_cuda(std::string &why);

/// "fp32", "tf32", "bf16": sets what is global for it.
Precision open_precision(const std::string &text, torch::Device device);

/// Memory that was freed is kept for the next use (glibc gives large blocks back, and each page is then made and zeroed again:
/// up to 1.6 x the time of a step), and `threads` compute, all cores where none are given. Returns how many. Before the first
/// tensor.
std::int64_t prepare_cpu(std::optional<std::int64_t> threads);

/// Bytes of memory that are free for activations on a device; none where that cannot be found out.
std::optional<std::int64_t> free_bytes(torch::Device device);

/// "cpu (2 threads)", "NVIDIA H200 (cuda:0)"
std::string describe(torch::Device device);

} // namespace pare::train
