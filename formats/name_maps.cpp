#include "formats/name_maps.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace pare::formats {

namespace {

constexpr std::string_view kCounter = "num_batches_tracked";

std::vector<std::string_view> split(std::string_view name) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0;;) {
    const std::size_t dot = name.find('.', at);
    out.push_back(name.substr(at, dot - at));
    if (dot == std::string_view::npos) return out;
    at = dot + 1;
  }
}

/// A whole number as networks number their modules; none of anything else.
std::optional<int> index(std::string_view text) {
  int out = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (fault != std::errc() || end != text.data() + text.size() || out < 0 || out > 100'000) return std::nullopt;
  return out;
}

std::string join(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) {
    if (!out.empty()) out += '.';
    out += part;
  }
  return out;
}

/// conv1, bn1, fc; layerL.B.convI, .bnI, .downsample.0 (convolution), .downsample.1 (batch norm). Ours: all convolutions but
/// the stem are replaceable, so that what stays a convolution is named ...conv; the shortcut's two are named conv and bn.
std::optional<std::string> resnet_name(std::string_view theirs) {
  const std::vector<std::string_view> parts = split(theirs);
  if (parts.size() == 2 && (parts[0] == "conv1" || parts[0] == "bn1" || parts[0] == "fc")) return std::string(theirs);
  if (parts.size() < 4 || !parts[0].starts_with("layer") || !index(parts[0].substr(5)) || !index(parts[1])) return std::nullopt;
  if (parts.size() == 4 && parts[2].starts_with("conv")) return join({parts[0], parts[1], parts[2], "conv", parts[3]});
  if (parts.size() == 4 && parts[2].starts_with("bn")) return std::string(theirs);
  if (parts.size() != 5 || parts[2] != "downsample") return std::nullopt;
  if (parts[3] == "0") return join({parts[0], parts[1], "downsample.conv.conv", parts[4]});
  if (parts[3] == "1") return join({parts[0], parts[1], "downsample.bn", parts[4]});
  return std::nullopt;
}

constexpr int kLastFeature = 18;

/// features.0.0 and .1 (stem), features.18.0 and .1 (last convolution), classifier.1; features.B.conv.I.J: J = 0 (convolution),
/// 1 (batch norm) of the I-th convolution with an activation behind it; then features.B.conv.I, the last convolution, and I +
/// 1, its batch norm. Block 1 does not expand and has one convolution with an activation (the depthwise one), the others two.
/// Ours number convolution, batch norm and activation in one row, and the pointwise convolutions are replaceable.
std::optional<std::string> mobilenet_v2_name(std::string_view theirs) {
  const std::vector<std::string_view> parts = split(theirs);
  if (parts.size() == 3 && parts[0] == "classifier" && parts[1] == "1") return join({"classifier_conv.conv", parts[2]});
  if (parts.size() < 4 || parts[0] != "features") return std::nullopt;
  const std::optional<int> block = index(parts[1]);
  if (!block) return std::nullopt;
  if (parts.size() == 4 && (*block == 0 || *block == kLastFeature)) {
    if (parts[2] == "0" && *block == kLastFeature) return join({parts[0], parts[1], "0.conv", parts[3]});
    if (parts[2] == "0" || parts[2] == "1") return std::string(theirs);
    return std::nullopt;
  }
  if (parts[2] != "conv" || *block < 1 || *block >= kLastFeature || parts.size() < 5) return std::nullopt;
  const int activated = *block == 1 ? 1 : 2;
  const std::optional<int> i = index(parts[3]);
  if (!i) return std::nullopt;
  int ours = 0;
  if (parts.size() == 6 && *i < activated && (parts[4] == "0" || parts[4] == "1"))
    ours = 3 * *i + (parts[4] == "0" ? 0 : 1);
  else if (parts.size() == 5 && (*i == activated || *i == activated + 1))
    ours = 3 * activated + *i - activated;
  else
    return std::nullopt;
  const bool pointwise = ours == 3 * activated || (ours == 0 && activated == 2);
  return join({parts[0], parts[1], "conv", std::to_string(ours) + (pointwise ? ".conv" : ""), parts.back()});
}

bool never(std::string_view /*ours*/) { return false; }
bool is_classifier(std::string_view ours) { return ours == "classifier_conv.conv.weight"; }

} // namespace

bool is_batch_counter(std::string_view name) { return split(name).back() == kCounter; }

std::span<const NameMap> name_maps() {
  static constexpr std::array<NameMap, 2> kMaps = {
      {{.name = "torchvision ResNet",
        .covers = "resnet18, resnet34, resnet50, resnet101, resnet152 and wide_resnet50_2",
        .ours = resnet_name,
        .linear_to_conv = never},
       {.name = "torchvision MobileNetV2",
        .covers = "mobilenet_v2",
        .ours = mobilenet_v2_name,
        .linear_to_conv = is_classifier}}};
  return kMaps;
}

Fit fit(const NamedSizes &wanted, const NamedSizes &given, const NameMap *map) {
  Fit out;
  out.map = map;
  std::map<std::string, std::string> found; // theirs by ours
  for (const auto &[theirs, sizes] : given) {
    const std::optional<std::string> ours = map != nullptr ? map->ours(theirs) : theirs;
    const auto want = ours ? wanted.find(*ours) : wanted.end();
    if (want == wanted.end()) {
      if (!is_batch_counter(theirs)) out.unexpected.push_back(theirs);
      continue;
    }
    if (!found.emplace(*ours, theirs).second) {
      out.unexpected.push_back(theirs); // two names of theirs for one of ours
      continue;
    }
    std::vector<std::int64_t> as_ours = sizes;
    if (map != nullptr && map->linear_to_conv(*ours) && sizes.size() == 2) as_ours.insert(as_ours.end(), {1, 1});
    if (as_ours == want->second)
      out.source.emplace(*ours, theirs);
    else if (!is_batch_counter(*ours))
      out.different.push_back({*ours, want->second, sizes});
  }
  for (const auto &[ours, sizes] : wanted)
    if (!found.contains(ours) && !is_batch_counter(ours)) out.missing.push_back(ours);
  return out;
}

Fit best_fit(const NamedSizes &wanted, const NamedSizes &given) {
  Fit best = fit(wanted, given, nullptr);
  for (const NameMap &map : name_maps()) {
    if (best.whole()) break;
    if (Fit candidate = fit(wanted, given, &map); candidate.problems() < best.problems()) best = std::move(candidate);
  }
  return best;
}

} // namespace pare::formats
