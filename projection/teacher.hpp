#pragma once

#include "formats/fit.hpp"
#include "formats/tensor_file.hpp"
#include "projection/projection.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace pare {

/// The weights of a network in which nothing is substituted, from a file, as projections take them.
class TeacherWeights {
public:
  /// `graph`: the network, nothing of it lowered. Names in the file are ours, or those of a name map (formats/name_maps.hpp)
  /// where more fit so. `where`: what messages call the file.
  TeacherWeights(const Graph &graph, formats::TensorFile file, std::string where);

  /// Of a replaceable layer, rounded to single precision, which is what networks are trained in. Throws
  /// Error{kInvalidConfig} where the file has it not, or of another shape, and {kNotFinite} where a number of it is none.
  LayerWeight of(const ConvSite &site) const;

private:
  formats::TensorFile file_;
  std::string where_;
  std::map<std::string, std::vector<std::int64_t>> sizes_; ///< the network's, by its names
  formats::Fit fit_;
};

} // namespace pare
