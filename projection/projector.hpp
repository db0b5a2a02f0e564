#pragma once

#include "projection/projection.hpp"

#include <memory>
#include <span>
#include <string_view>

namespace pare {

/// A weight, as a family sees it: what its structures have in common is computed once.
class WeightProjector {
public:
  virtual ~WeightProjector() = default;
  /// All parameters but biases. `buffers` as project() takes them.
  virtual Projection project(const Structure &structure, const DenseTensors &buffers, std::size_t sweeps) = 0;
  /// What project() keeps without sweeps; of families that say so only (Projector::has_share()).
  virtual double share_kept(const Structure &structure);
};

/// How a family's members are found that are near to a weight.
class Projector {
public:
  virtual ~Projector() = default;
  /// The name of its family.
  virtual std::string_view family() const = 0;
  /// Null where there is no projection. The weight outlives what is returned.
  virtual std::unique_ptr<WeightProjector> at(const ConvSite &site, const Settings &settings,
                                              const DenseTensor &weight) const = 0;
  /// Whether at() gives something there, of which share_kept() is known: not where that depends on what is drawn at random.
  virtual bool has_share(const ConvSite &site, const Settings &settings) const = 0;
};

/// The value of a key of a family, by its name.
std::int64_t setting_of(std::string_view family, const Settings &settings, std::string_view key);

/// The registry: families/list.def. Null where a family has none.
const Projector *find_projector(std::string_view family);

} // namespace pare
