#include "train/precision.hpp"

#include "train/torch.hpp"

#include <ATen/autocast_mode.h>

namespace pare::train {

PrecisionGuard::PrecisionGuard(Precision precision, torch::DeviceType device) : precision_(precision), device_(device) {
  switch (precision) {
  case Precision::kFp32:
  case Precision::kTf32: return;
  case Precision::kBf16: break;
  }
  enabled_before_ = at::autocast::is_autocast_enabled(device);
  at::autocast::set_autocast_enabled(device, true);
  at::autocast::set_autocast_dtype(device, torch::kBFloat16);
  at::autocast::increment_nesting();
}

PrecisionGuard::~PrecisionGuard() {
  if (precision_ != Precision::kBf16) return;
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, enabled_before_);
}

} // namespace pare::train
