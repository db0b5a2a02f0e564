#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pare::formats {

/// Names and sizes of tensors: of a module, or of a file.
using NamedSizes = std::map<std::string, std::vector<std::int64_t>>;

/// How another program's names become those of our lowered graphs.
struct NameMap {
  std::string_view name;   ///< "torchvision ResNet"
  std::string_view covers; ///< the networks
  /// Our name for one of theirs; none for a name that their networks do not have.
  std::optional<std::string> (*ours)(std::string_view theirs);
  /// Where theirs is a Linear layer and ours a 1 x 1 convolution: [out, in] becomes [out, in, 1, 1].
  bool (*linear_to_conv)(std::string_view ours);
};

/// The registry.
///
/// torchvision ResNet: resnet18 to resnet152 are our resnet-18 to resnet-152; wide_resnet50_2 (bottlenecks of 128 2^i inner
/// channels, outputs twice that: 256 2^i) is our wrn-50-2, or resnet:depth=50,width=2,expansion=2. torchvision MobileNetV2:
/// mobilenet_v2 is our mobilenet-v2, with round_to=8 for widths other than 1.
std::span<const NameMap> name_maps();

/// Whether a tensor is batch norm's count of batches (`num_batches_tracked`).
bool is_batch_counter(std::string_view name);

/// How well tensors fit a module.
struct Fit {
  struct Difference {
    std::string name; ///< ours
    std::vector<std::int64_t> wanted, given;
  };
  const NameMap *map = nullptr;              ///< null: the names as they are
  std::map<std::string, std::string> source; ///< name in the file by our name, of those that fit
  std::vector<std::string> missing;          ///< ours
  std::vector<std::string> unexpected;       ///< theirs
  std::vector<Difference> different;         ///< sizes

  bool whole() const { return problems() == 0; }
  std::size_t problems() const { return missing.size() + unexpected.size() + different.size(); }
};

/// Batch norm's count of batches has no part in what a network computes: it may be missing, and one that the module has no
/// place for, or one of another shape, is left out.
Fit fit(const NamedSizes &wanted, const NamedSizes &given, const NameMap *map);

/// The fit with the fewest problems: the names as they are where they fit, else the best of these and the maps.
Fit best_fit(const NamedSizes &wanted, const NamedSizes &given);

} // namespace pare::formats
