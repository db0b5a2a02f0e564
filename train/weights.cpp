#include "train/weights.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "formats/name_maps.hpp"
#include "train/torch.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

namespace pare::train {

using formats::Dtype;
using formats::TensorBytes;
using formats::TensorFile;
using torch::Tensor;

namespace {

at::ScalarType scalar_type(Dtype dtype) {
  switch (dtype) {
  case Dtype::kF64: return at::kDouble;
  case Dtype::kF32: return at::kFloat;
  case Dtype::kF16: return at::kHalf;
  case Dtype::kBF16: return at::kBFloat16;
  case Dtype::kI64: return at::kLong;
  case Dtype::kI32: return at::kInt;
  case Dtype::kI16: return at::kShort;
  case Dtype::kI8: return at::kChar;
  case Dtype::kU8: return at::kByte;
  case Dtype::kBool: return at::kBool;
  }
  return at::ScalarType::Undefined;
}

Dtype dtype_of(at::ScalarType type) {
  for (const Dtype dtype : {Dtype::kF64, Dtype::kF32, Dtype::kF16, Dtype::kBF16, Dtype::kI64, Dtype::kI32, Dtype::kI16,
                            Dtype::kI8, Dtype::kU8, Dtype::kBool})
    if (scalar_type(dtype) == type) return dtype;
  throw Error(
      ErrorCode::kInvalidValue, "tensor",
      fmt::format("is of type {}, which files do not hold; {} would be accepted", c10::toString(type), formats::kDtypeNames));
}

std::map<std::string, Tensor> tensors_of(const torch::nn::Module &module) {
  std::map<std::string, Tensor> out;
  for (const auto &item : module.named_parameters())
    if (item.value().defined()) out.emplace(item.key(), item.value());
  for (const auto &item : module.named_buffers())
    if (item.value().defined()) out.emplace(item.key(), item.value());
  return out;
}

/// "; 12 missing: a, b, c, d and 8 more"
template <class Items, class Text>
void list(std::string &out, const Items &items, std::string_view what, Text &&text) {
  constexpr std::size_t kShown = 4;
  if (items.empty()) return;
  out += fmt::format("; {} {}: ", items.size(), what);
  for (std::size_t i = 0; i < std::min(items.size(), kShown); ++i) out += (i > 0 ? ", " : "") + text(items[i]);
  if (items.size() > kShown) out += fmt::format(" and {} more", items.size() - kShown);
}

/// Whether every value stays what it is, up to the rounding of floating types.
bool converts(const Tensor &from, at::ScalarType to) {
  if (from.scalar_type() == to) return true;
  const bool floats = at::isFloatingType(from.scalar_type());
  if (floats != at::isFloatingType(to)) return false;
  if (floats) return from.isfinite().logical_not().logical_or(from.to(to).isfinite()).all().item<bool>();
  return from.to(to).to(from.scalar_type()).equal(from);
}

/// The first element where `wrong` is: "-1 at [3, 0]".
std::string first_where(const Tensor &tensor, const Tensor &wrong) {
  std::int64_t at = wrong.flatten().to(torch::kUInt8).argmax().item<std::int64_t>();
  const std::string value = at::isFloatingType(tensor.scalar_type())
                                ? fmt::format("{}", tensor.flatten()[at].item<double>())
                                : fmt::format("{}", tensor.flatten()[at].item<std::int64_t>());
  std::vector<std::int64_t> index(static_cast<std::size_t>(tensor.dim()));
  for (std::size_t i = index.size(); i-- > 0; at /= tensor.size(static_cast<std::int64_t>(i)))
    index[i] = at % tensor.size(static_cast<std::int64_t>(i));
  return fmt::format("{} at [{}]", value, fmt::join(index, ", "));
}

} // namespace

Tensor tensor_of(const TensorBytes &bytes) {
  Tensor out = torch::empty(bytes.sizes, scalar_type(bytes.dtype));
  if (!bytes.bytes.empty()) std::memcpy(out.mutable_data_ptr(), bytes.bytes.data(), bytes.bytes.size());
  return out;
}

TensorBytes bytes_of(const Tensor &tensor) {
  const auto owner = std::make_shared<const Tensor>(tensor.detach().to(torch::kCPU).contiguous().resolve_conj().resolve_neg());
  return {.dtype = dtype_of(owner->scalar_type()),
          .sizes = owner->sizes().vec(),
          .bytes = {static_cast<const char *>(owner->const_data_ptr()), owner->nbytes()},
          .owner = owner};
}

void check_values(const Tensor &tensor, const ValueRule *rule, const std::string &where, const std::string &name) {
  const auto check = [&](const Tensor &wrong, ErrorCode code, const std::string &accepted) {
    if (!wrong.any().item<bool>()) return;
    throw Error(code, where, fmt::format("{} has {}; {} would be accepted", shown(name), first_where(tensor, wrong), accepted));
  };
  if (tensor.numel() == 0) return;
  if (at::isFloatingType(tensor.scalar_type())) check(tensor.isfinite().logical_not(), ErrorCode::kNotFinite, "finite numbers");
  if (rule == nullptr) return;
  switch (rule->kind) {
  case ValueRule::Kind::kBelow:
    check(tensor.lt(0).logical_or(tensor.ge(rule->end)), ErrorCode::kInvalidFile,
          fmt::format("whole numbers from 0 to {}", rule->end - 1));
    break;
  case ValueRule::Kind::kSign: check(tensor.ne(1).logical_and(tensor.ne(-1)), ErrorCode::kInvalidFile, "-1 and 1"); break;
  case ValueRule::Kind::kVariance: check(tensor.lt(0), ErrorCode::kInvalidFile, "variances from 0 up"); break;
  case ValueRule::Kind::kCount: check(tensor.lt(0), ErrorCode::kInvalidFile, "whole numbers from 0 up"); break;
  }
}

Loaded load_state(torch::nn::Module &module, const TensorFile &file, const std::string &where, const ValueRules &rules) {
  const std::map<std::string, Tensor> targets = tensors_of(module);
  formats::NamedSizes wanted;
  formats::NamedSizes given;
  for (const auto &[name, tensor] : targets) wanted.emplace(name, tensor.sizes().vec());
  for (const auto &[name, tensor] : file.tensors) given.emplace(name, tensor.sizes);
  const formats::Fit fit = formats::best_fit(wanted, given);

  // Counts of batches may be missing: they are no part of what must fit, nor of how many do.
  std::int64_t needed = 0;
  for (const auto &[name, tensor] : targets) needed += formats::is_batch_counter(name) ? 0 : 1;
  std::int64_t fitting = 0;
  std::map<std::string, Tensor> values; // by our name
  std::vector<std::string> types;
  for (const auto &[ours, theirs] : fit.source) {
    Tensor value = tensor_of(file.tensors.at(theirs));
    const at::ScalarType type = targets.at(ours).scalar_type();
    const bool counter = formats::is_batch_counter(ours);
    if (converts(value, type)) {
      fitting += counter ? 0 : 1;
      values.emplace(ours, std::move(value));
    } else if (!counter) {
      types.push_back(
          fmt::format("{} is {}, the network's {}", shown(ours), c10::toString(value.scalar_type()), c10::toString(type)));
    }
  }
  if (!fit.whole() || !types.empty()) {
    std::string message = fmt::format("{} of the network's {} tensors fit", fitting, needed);
    if (fit.map != nullptr) message += fmt::format(", as names of a {}", fit.map->name);
    const auto name = [](const std::string &text) { return shown(text); };
    list(message, fit.missing, "missing", name);
    list(message, fit.different, "of another shape", [](const formats::Fit::Difference &difference) {
      return fmt::format("{} is {}, the network's {}", shown(difference.name), formats::sizes_text(difference.given),
                         formats::sizes_text(difference.wanted));
    });
    list(message, types, "of a type that does not convert", [](const std::string &text) { return text; });
    list(message, fit.unexpected, "beside them that the network has not", name);
    message += "; weights of exactly this network would be accepted";
    throw Error(ErrorCode::kInvalidConfig, where, message);
  }
  for (const auto &[ours, value] : values) {
    const auto rule = rules.find(ours);
    check_values(value, rule == rules.end() ? nullptr : &rule->second, where, fit.source.at(ours));
  }

  const torch::NoGradGuard no_grad;
  for (const auto &[ours, value] : values) {
    Tensor target = targets.at(ours);
    target.copy_(value.reshape(target.sizes()));
  }
  return {fit.map != nullptr ? fit.map->name : std::string_view()};
}

TensorFile state_of(const torch::nn::Module &module) {
  TensorFile out;
  out.format = "safetensors";
  for (const auto &[name, tensor] : tensors_of(module))
    out.tensors.emplace(name, bytes_of(tensor.detach().to(at::kCPU).clone(at::MemoryFormat::Contiguous)));
  return out;
}

} // namespace pare::train
