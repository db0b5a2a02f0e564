#pragma once

#include "projection/numerics.hpp"
#include "projection/projection.hpp"

#include <span>

namespace pare {

/// A weight W [c_o, c_i, k_h, k_w] as a depthwise d [c_i, k_h k_w] and a map P [c_o, c_i] behind it, which is what most
/// substitutes are made of: W'[o, i, :] = P[o, i] d[i, :]. Where k = 1 there is no depthwise: d is 1, and P is W.
///
/// With each d_i of unit norm ||W - W'||^2 = ||W||^2 - ||P*||^2 + ||P* - P||^2, where P*[o, i] = <W[o, i, :], d_i>: a member
/// that is near to P* is near to W. It begins with the d whose P* has the most energy, which makes P* d the nearest of all
/// separable weights (of each channel the leading singular vector, Eckart and Young 1936).
class Separable {
public:
  Separable(const ConvSite &site, const DenseTensor &weight);

  bool pointwise() const { return area_ == 1; }
  double energy() const { return energy_; } ///< of W
  const numerics::Matrix &depthwise() const { return depthwise_; }
  /// P*
  const numerics::Matrix &target() const { return target_; }
  /// Puts other directions in the place of the depthwise's, of unit norm.
  void turn(numerics::Matrix depthwise);
  /// The directions that keep the most of W behind a projection on the columns of `basis` [c_o, r].
  numerics::Matrix directions_for(const numerics::Matrix &basis) const;
  /// What they keep behind the first r columns of a basis, for each r from 1 up.
  std::vector<double> energies_for(const numerics::Matrix &basis) const;

  /// The d that is best for a P, of any norm: least squares. Rows of channels that P does not use stay as they are.
  numerics::Matrix depthwise_for(const numerics::Matrix &pointwise) const;
  /// Its normal equations: d[i, x] norms[i] = products[i, x], with norms[i] the sum of squares of column i of P.
  struct Normal {
    numerics::Matrix products;
    std::vector<double> norms;
  };
  Normal normal_equations(const numerics::Matrix &pointwise) const;
  /// <W[o, i, :], d_i> for any d.
  numerics::Matrix target_for(const numerics::Matrix &depthwise) const;
  /// ||d_i||^2 for each [o, i]: what weighs each number of P in the error.
  numerics::Matrix norms_of(const numerics::Matrix &depthwise) const;

  /// What a part of the energy is of the whole, from 0 to 1.
  double share(double kept) const;
  /// 1 - ||W - P d||^2 / ||W||^2
  double share_of(const numerics::Matrix &pointwise, const numerics::Matrix &depthwise) const;

private:
  std::span<const double> weight_;
  std::size_t out_;
  std::size_t in_;
  std::size_t area_;
  double energy_;
  numerics::Matrix depthwise_;
  numerics::Matrix target_;
};

/// A member of a family of maps that is near to a target [c_o, c_i], and the parameters of it.
struct NearMap {
  numerics::Matrix map;
  DenseTensors parameters;
};
using FindNearMap = std::function<NearMap(const numerics::Matrix &target)>;
/// With that map behind a depthwise: first of the target that `separable` begins with; then, as long as it gains, up to so many
/// times, the depthwise by least squares and the map for what that makes the target.
Projection project_by_turns(const ConvSite &site, Separable separable, const FindNearMap &find, std::size_t sweeps);

/// Calls step(), which gives the share that is kept once it is done, up to so many times; ends where it gains next to nothing.
template <class Step>
void sweep(std::size_t sweeps, double share, const Step &step) {
  for (std::size_t i = 0; i < sweeps; ++i) {
    const double now = step();
    if (now - share < numerics::kLeastGain) return;
    share = now;
  }
}

/// Writes the depthwise of a substitute ("NAME.grouped.weight") where it has one.
void put_depthwise(const ConvSite &site, const numerics::Matrix &depthwise, DenseTensors &out);

} // namespace pare
