#pragma once

// What a substitute with given parameters computes, as one dense convolution: written anew from what the ops say that they are,
// with nothing of the projections.

#include "analysis/substitution.hpp"
#include "projection/projection.hpp"

#include <random>

namespace pare::test {

/// A site without bias whose output is its flipped kernel where one number of one pixel is 1.
ConvSite impulse_site(std::int64_t in_channels, std::int64_t out_channels, Pair kernel, bool bias = false);

/// The parameters of a substitute at a site, and its buffers, drawn at random: parameters are normal.
struct Drawn {
  DenseTensors parameters;
  DenseTensors buffers;
};
Drawn draw(const ConvSite &site, const Substitute &substitute, std::mt19937_64 &random);

/// [c_o, c_i, k_h, k_w] of the substitute at an impulse site; biases left out.
DenseTensor dense_of(const ConvSite &site, const Substitute &substitute, const DenseTensors &parameters,
                     const DenseTensors &buffers);

DenseTensor random_tensor(const Extents &extents, std::mt19937_64 &random);
/// ||a - b||^2 / ||a||^2
double relative_error(const DenseTensor &a, const DenseTensor &b);

} // namespace pare::test
