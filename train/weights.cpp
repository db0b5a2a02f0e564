#include "train/weights.hpp"

#include "base/error.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
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

/// What a file must give.
formats::NamedSizes without_anew(const formats::NamedSizes &wanted, const std::vector<std::string> &anew,
                                 const std::string &where) {
  for (const std::string &layer : anew) {
    if (std::any_of(wanted.begin(), wanted.end(), [&](const auto &item) { return formats::is_in_one_of(item.first, {layer}); }))
      continue;
    std::vector<std::string> layers;
    for (const auto &item : wanted) layers.push_back(item.first.substr(0, item.first.rfind('.')));
    throw Error(ErrorCode::kUnknownName, "--reinitialise",
                fmt::format("the network that takes the weights of {} has no layer {}; its last is {}{}", where, shown(layer),
                            shown(layers.empty() ? "" : layers.back()),
                            did_you_mean(layer, std::vector<std::string_view>(layers.begin(), layers.end()))));
  }
  formats::NamedSizes out;
  for (const auto &item : wanted)
    if (!formats::is_in_one_of(item.first, anew)) out.push_back(item);
  return out;
}

/// The layer that gives the classes, where nothing keeps the file from fitting but how many it gives.
std::string other_head(const formats::Fit &fit, const formats::NamedSizes &wanted) {
  if (fit.different.empty() || fit.problems() != fit.different.size() || wanted.empty()) return {};
  const std::string &last = wanted.back().first;
  const std::string layer = last.substr(0, last.rfind('.'));
  const bool only_classes = std::all_of(fit.different.begin(), fit.different.end(), [&](const formats::Fit::Difference &it) {
    std::vector<std::int64_t> given = it.given;
    if (!given.empty() && !it.wanted.empty()) given[0] = it.wanted[0];
    return formats::is_in_one_of(it.name, {layer}) && formats::same_but_for_ones(given, it.wanted);
  });
  return only_classes ? layer : std::string();
}

/// What a user should know of how a file was read.
std::vector<std::string> remarks(const formats::Fit &fit, const formats::NamedSizes &wanted, const formats::Reading &reading) {
  std::vector<std::string> out;
  if (!fit.names.empty()) out.push_back(fmt::format("names of {}", fit.names));
  if (reading.by_order)
    for (const auto &[ours, sizes] : wanted)
      if (const auto theirs = fit.source.find(ours); theirs != fit.source.end())
        out.push_back(fmt::format("{} is {} {}", shown(theirs->second), ours, formats::sizes_text(sizes)));
  if (!fit.prefix.empty() && !fit.left.empty())
    out.push_back(fmt::format("the network's names are under {}", shown(fit.prefix)));
  std::string left;
  list(left, fit.left,
       fit.left.size() == 1 ? "tensor that the network does not use, left out"
                            : "tensors that the network does not use, left out",
       [](const std::string &text) { return shown(text); });
  if (!left.empty()) out.push_back(left.substr(2));
  for (std::string &line : out) line = one_line(line); // names are the file's
  return out;
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

formats::NamedSizes state_sizes(const torch::nn::Module &module) {
  formats::NamedSizes out;
  for (const auto &[name, tensor] : tensors_of(module)) out.emplace_back(name, tensor.sizes().vec());
  return out;
}

std::vector<std::string> load_state(torch::nn::Module &module, const formats::NamedSizes &wanted, const TensorFile &file,
                                    const std::string &where, const ValueRules &rules, const formats::Reading &reading) {
  const std::map<std::string, Tensor> targets = tensors_of(module);
  const formats::NamedSizes needed = without_anew(wanted, reading.anew, where);
  const formats::Fit fit = formats::fit_tensors(wanted, file, reading, where);

  // Counts of batches may be missing: they are no part of what must fit, nor of how many do.
  const std::int64_t all =
      std::count_if(needed.begin(), needed.end(), [](const auto &item) { return !formats::is_batch_counter(item.first); });
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
  const auto name = [](const std::string &text) { return shown(text); };
  const bool is_refused_for_more = reading.strict && !fit.left.empty();
  if (!fit.whole() || !types.empty() || is_refused_for_more) {
    std::string message = fmt::format("{} of the network's {} tensors fit", fitting, all);
    if (!fit.names.empty()) message += fmt::format(", as names of {}", fit.names);
    if (!fit.prefix.empty()) message += fmt::format(", under {}", shown(fit.prefix));
    list(message, fit.missing, "missing", name);
    list(message, fit.different, "of another shape", [](const formats::Fit::Difference &difference) {
      return fmt::format("{} is {}, the network's {}", shown(difference.name), formats::sizes_text(difference.given),
                         formats::sizes_text(difference.wanted));
    });
    list(message, types, "of a type that does not convert", [](const std::string &text) { return text; });
    list(message, fit.twice, "there twice", [](const formats::Fit::Twice &twice) {
      return fmt::format("{} as {} and {}", shown(twice.name), shown(twice.one), shown(twice.other));
    });
    list(message, fit.foreign, "beside them in layers like its own, as of another network", name);
    list(message, fit.left, "beside them that the network has not", name);
    if (is_refused_for_more && fit.whole() && types.empty())
      message += "; without --strict they would be left out";
    else if (const std::string head = other_head(fit, needed); !head.empty() && types.empty())
      message += fmt::format(
          "; --reinitialise {} starts that layer anew, and would be accepted where its weights are to be trained", head);
    else
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
  return remarks(fit, needed, reading);
}

TensorFile state_of(const torch::nn::Module &module) {
  TensorFile out;
  out.format = "safetensors";
  for (const auto &[name, tensor] : tensors_of(module))
    out.tensors.emplace(name, bytes_of(tensor.detach().to(at::kCPU).clone(at::MemoryFormat::Contiguous)));
  return out;
}

} // namespace pare::train
