#pragma once

#include "analysis/shape.hpp"
#include "analysis/substitution.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

/// Numbers row by row, the last index the fastest.
struct DenseTensor {
  Extents extents;
  std::vector<double> values;

  bool operator==(const DenseTensor &) const = default;
};
/// By the names that they have in a lowered graph.
using DenseTensors = std::map<std::string, DenseTensor>;

/// What a replaceable layer computes with before anything is substituted, as one convolution.
struct LayerWeight {
  DenseTensor weight; ///< [c_o, c_i / groups, k_h, k_w]
  std::optional<DenseTensor> bias;
};

/// A tensor by the name that it has in the lowered graph of a network; null where there is none.
using FindTensor = std::function<const DenseTensor *(const std::string &)>;
/// The weight of a layer of a network in which nothing is substituted: of a separable one the product of its two. None where
/// a tensor of it is missing, or of another shape.
std::optional<LayerWeight> layer_weight(const ConvSite &site, const FindTensor &find);

/// A member of a family that stands for a weight.
struct Projection {
  DenseTensors parameters; ///< of the layer's substitute, all that are trained
  /// 1 - ||W - W'||^2 / ||W||^2, with W' what the parameters come to; 1 where W is 0.
  double energy_kept = 0;
  /// No member of the family with these numbers is nearer: proven, and true up to rounding. Else it is a good one.
  bool is_nearest = false;
};

/// Sweeps that make a projection better which is not known to be the nearest: at most so many.
inline constexpr std::size_t kMostSweeps = 20;

/// The projection of a weight on a substitute's family at its site, with the convolution's own bias. Buffers, the index and
/// signs of hashed layers, are the student's: `buffers` has them by name. None where the family has no projection there. Throws
/// Error{kNotApplicable} where the substitute does not apply.
std::optional<Projection> project(const ConvSite &site, const Substitute &substitute, const LayerWeight &layer,
                                  const DenseTensors &buffers = {}, std::size_t sweeps = kMostSweeps);

/// Whether shares_kept() knows what a substitute would keep of the site's weights, whatever these are.
bool has_share(const ConvSite &site, const Substitute &substitute);
/// Of each substitute the share of the weight's energy that its projection keeps before any sweep, which can only add to it.
/// Each must have one, and apply. The weight is decomposed once for each family.
std::vector<double> shares_kept(const ConvSite &site, std::span<const Substitute> substitutes, const DenseTensor &weight);

} // namespace pare
