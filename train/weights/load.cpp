#include "train/weights/load.hpp"

#include "analysis/error.hpp"
#include "train/weights/name_maps.hpp"
#include "train/weights/tensor_bytes.hpp"
#include "train/weights/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pare::train {

namespace {

std::map<std::string, torch::Tensor> tensors_of(const torch::nn::Module &module) {
  std::map<std::string, torch::Tensor> out;
  for (const auto &item : module.named_parameters())
    if (item.value().defined()) out.emplace(item.key(), item.value());
  for (const auto &item : module.named_buffers())
    if (item.value().defined()) out.emplace(item.key(), item.value());
  return out;
}

NamedSizes sizes_of(const std::map<std::string, torch::Tensor> &tensors) {
  NamedSizes out;
  for (const auto &[name, tensor] : tensors) out.emplace(name, tensor.sizes().vec());
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
bool converts(const torch::Tensor &from, at::ScalarType to) {
  if (from.scalar_type() == to) return true;
  const bool floats = at::isFloatingType(from.scalar_type());
  if (floats != at::isFloatingType(to)) return false;
  if (floats) return from.isfinite().logical_not().logical_or(from.to(to).isfinite()).all().item<bool>();
  return from.to(to).to(from.scalar_type()).equal(from);
}

} // namespace

Loaded load_state(torch::nn::Module &module, const State &state, const std::string &where) {
  const std::map<std::string, torch::Tensor> targets = tensors_of(module);
  const Fit fit = best_fit(sizes_of(targets), sizes_of(state.tensors));

  std::vector<std::string> types;
  for (const auto &[ours, theirs] : fit.source)
    if (!converts(state.tensors.at(theirs), targets.at(ours).scalar_type()))
      types.push_back(fmt::format("{} is {}, the network's {}", shown(ours),
                                  c10::toString(state.tensors.at(theirs).scalar_type()),
                                  c10::toString(targets.at(ours).scalar_type())));
  if (!fit.whole() || !types.empty()) {
    std::string message = fmt::format("{} of the network's {} tensors fit", fit.source.size() - types.size(), targets.size());
    if (fit.map != nullptr) message += fmt::format(", as names of a {}", fit.map->name);
    const auto name = [](const std::string &text) { return shown(text); };
    list(message, fit.missing, "missing", name);
    list(message, fit.unexpected, "that the network has not", name);
    list(message, fit.different, "of another shape", [](const Fit::Difference &difference) {
      return fmt::format("{} is {}, the network's {}", shown(difference.name), sizes_text(difference.given),
                         sizes_text(difference.wanted));
    });
    list(message, types, "of a type that does not convert", [](const std::string &text) { return text; });
    message += "; weights of exactly this network would be accepted";
    throw Error(ErrorCode::kInvalidConfig, where, message);
  }

  const torch::NoGradGuard no_grad;
  for (const auto &[ours, theirs] : fit.source) {
    torch::Tensor target = targets.at(ours);
    target.copy_(state.tensors.at(theirs).reshape(target.sizes()));
  }
  return {fit.map != nullptr ? fit.map->name : std::string_view()};
}

State state_of(const torch::nn::Module &module) {
  State out;
  out.format = "safetensors";
  for (const auto &[name, tensor] : tensors_of(module))
    out.tensors.emplace(name, tensor.detach().to(at::kCPU).clone(at::MemoryFormat::Contiguous));
  return out;
}

} // namespace pare::train
