#pragma once

#include "analysis/shape.hpp"

#include <cstdint>
#include <string_view>

namespace pare {

/// How a parameter is drawn before it is trained. Who writes a parameter into a graph says it.
struct Start {
  enum class Kind : std::uint8_t {
    kUnsaid,   ///< a fault: nothing is drawn by a rule that nobody gave
    kUniform,  ///< in [-a, a]
    kNormal,   ///< mean a, standard deviation b
    kConstant, ///< a
    kFactor,   ///< part of a decomposition: the orthonormal factor [n_k, R_k] of mode `mode`
    kCore,     ///< part of a decomposition: what is left, whole, or its core [r_{k-1}, n_k, r_k] of mode `mode`
  };
  Kind kind = Kind::kUnsaid;
  std::uint8_t mode = 0;
  /// Of kFactor and kCore: the name of the weight that is decomposed, which all its parts share within a layer. It is drawn
  /// uniform in [-a, a], of the modes' extents, then projected on its factors (HOSVD, De Lathauwer et al. 2000), then cut into
  /// its cores where these are several (TT-SVD, Oseledets 2011). A text that lives for ever, as a literal does.
  std::string_view group = {};
  double a = 0;
  double b = 0;

  bool operator==(const Start &) const = default;

  static Start uniform(double bound) { return {.kind = Kind::kUniform, .a = bound}; }
  static Start normal(double mean, double deviation) { return {.kind = Kind::kNormal, .a = mean, .b = deviation}; }
  static Start constant(double value) { return {.kind = Kind::kConstant, .a = value}; }
  static Start factor(std::string_view group, std::size_t mode, double bound) {
    return {.kind = Kind::kFactor, .mode = static_cast<std::uint8_t>(mode), .group = group, .a = bound};
  }
  static Start core(std::string_view group, std::size_t mode, double bound) {
    return {.kind = Kind::kCore, .mode = static_cast<std::uint8_t>(mode), .group = group, .a = bound};
  }
};

/// 1 / sqrt(fan-in), PyTorch's bound, of a weight [c_out, c_in / groups, k_h, k_w] or [out, in].
double default_bound(const Extents &weight);

/// What a network draws otherwise than PyTorch does by default, which is uniform within 1 / sqrt(fan-in), weights and biases.
struct Initialisation {
  /// Plain convolutions, those inside substitutes too: normal with variance 2 / (k_h k_w c_out) (He et al. 2015, fan out).
  bool convolutions_by_fan_out = false;
  bool zero_convolution_biases = false;
  bool zero_linear_biases = false;

  bool operator==(const Initialisation &) const = default;

  /// Of a convolution whose weight is a parameter. A bias is told the weight that it stands beside.
  Start convolution_weight(const Extents &weight) const;
  Start convolution_bias(const Extents &weight) const;
  Start linear_weight(const Extents &weight) const;
  Start linear_bias(const Extents &weight) const;
};

} // namespace pare
