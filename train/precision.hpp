#pragma once

#include "train/torch.hpp"

#include <cstdint>

namespace pare::train {

/// In which numbers a network runs.
enum class Precision : std::uint8_t {
  kFp32,
  kTf32, ///< products of 32-bit numbers rounded to 10 bits, on a GPU
  kBf16, ///< autocast: convolutions and matrix products in bfloat16, the rest as PyTorch does it
};

/// While it lives, operations on `device` run in `precision`.
class PrecisionGuard {
public:
  PrecisionGuard(Precision precision, torch::DeviceType device);
  ~PrecisionGuard();
  PrecisionGuard(const PrecisionGuard &) = delete;
  PrecisionGuard &operator=(const PrecisionGuard &) = delete;

private:
  Precision precision_;
  torch::DeviceType device_;
  bool enabled_before_ = false;
};

} // namespace pare::train
