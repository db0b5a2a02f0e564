#include "projection/separable.hpp"

#include <algorithm>
#include <cmath>

namespace pare {

using numerics::Matrix;

namespace {

std::size_t size(std::int64_t value) { return static_cast<std::size_t>(value); }

} // namespace

Separable::Separable(const ConvSite &site, const DenseTensor &weight)
    : weight_(weight.values), out_(size(site.out_channels())), in_(size(site.in_channels())), area_(size(site.kernel.area())),
      energy_(numerics::energy(weight.values)) {
  if (pointwise()) {
    depthwise_ = Matrix(in_, 1, std::vector<double>(in_, 1.0));
    target_ = Matrix(out_, in_, weight.values);
  } else {
    turn(numerics::channel_directions(weight_, out_, in_, area_));
  }
}

void Separable::turn(Matrix depthwise) {
  depthwise_ = std::move(depthwise);
  target_ = target_for(depthwise_);
}

Matrix Separable::directions_for(const Matrix &basis) const {
  return numerics::channel_directions(weight_, out_, in_, area_, &basis);
}

std::vector<double> Separable::energies_for(const Matrix &basis) const {
  return numerics::direction_energies(weight_, in_, area_, basis);
}

Matrix Separable::target_for(const Matrix &depthwise) const {
  Matrix out(out_, in_);
  for (std::size_t o = 0; o < out_; ++o)
    for (std::size_t i = 0; i < in_; ++i) {
      const double *own = weight_.data() + (o * in_ + i) * area_;
      for (std::size_t x = 0; x < area_; ++x) out(o, i) += own[x] * depthwise(i, x);
    }
  return out;
}

Matrix Separable::norms_of(const Matrix &depthwise) const {
  Matrix out(out_, in_);
  for (std::size_t i = 0; i < in_; ++i) {
    const double norm = numerics::energy({depthwise.values.data() + i * area_, area_});
    for (std::size_t o = 0; o < out_; ++o) out(o, i) = norm;
  }
  return out;
}

Separable::Normal Separable::normal_equations(const Matrix &pointwise) const {
  Normal out{.products = Matrix(in_, area_), .norms = std::vector<double>(in_)};
  for (std::size_t o = 0; o < out_; ++o)
    for (std::size_t i = 0; i < in_; ++i) {
      const double *own = weight_.data() + (o * in_ + i) * area_;
      out.norms[i] += pointwise(o, i) * pointwise(o, i);
      for (std::size_t x = 0; x < area_; ++x) out.products(i, x) += own[x] * pointwise(o, i);
    }
  return out;
}

Matrix Separable::depthwise_for(const Matrix &pointwise) const {
  Normal normal = normal_equations(pointwise);
  for (std::size_t i = 0; i < in_; ++i)
    for (std::size_t x = 0; x < area_; ++x) {
      double &value = normal.products(i, x);
      value = normal.norms[i] > 0 ? value / normal.norms[i] : depthwise_(i, x);
    }
  return std::move(normal.products);
}

double Separable::share(double kept) const { return energy_ == 0 ? 1 : std::clamp(kept / energy_, 0.0, 1.0); }

double Separable::share_of(const Matrix &pointwise, const Matrix &depthwise) const {
  double error = 0;
  for (std::size_t o = 0; o < out_; ++o)
    for (std::size_t i = 0; i < in_; ++i) {
      const double *own = weight_.data() + (o * in_ + i) * area_;
      for (std::size_t x = 0; x < area_; ++x) {
        const double difference = own[x] - pointwise(o, i) * depthwise(i, x);
        error += difference * difference;
      }
    }
  return energy_ == 0 ? 1 : 1 - error / energy_;
}

Projection project_by_turns(const ConvSite &site, Separable separable, const FindNearMap &find, std::size_t sweeps) {
  Projection out;
  NearMap near = find(separable.target());
  Matrix depthwise = separable.depthwise();
  out.energy_kept = separable.share_of(near.map, depthwise);
  out.parameters = near.parameters;
  const auto keep_better = [&](const Matrix &other, const NearMap &map) {
    const double share = separable.share_of(map.map, other);
    if (share <= out.energy_kept) return;
    out.energy_kept = share;
    out.parameters = map.parameters;
    depthwise = other;
  };
  if (!separable.pointwise())
    sweep(sweeps, out.energy_kept, [&] {
      Matrix best = separable.depthwise_for(near.map);
      keep_better(best, near);
      for (std::size_t i = 0; i < best.rows; ++i) { // of unit norm: what is near to the target is near to the weight then
        double *row = best.values.data() + i * best.columns;
        const double norm = std::sqrt(numerics::energy({row, best.columns}));
        for (std::size_t x = 0; norm > 0 && x < best.columns; ++x) row[x] /= norm;
      }
      separable.turn(std::move(best));
      near = find(separable.target());
      keep_better(separable.depthwise(), near);
      return out.energy_kept;
    });
  put_depthwise(site, depthwise, out.parameters);
  return out;
}

void put_depthwise(const ConvSite &site, const Matrix &depthwise, DenseTensors &out) {
  if (site.pointwise()) return;
  out[site.name + ".grouped.weight"] = {.extents = {site.in_channels(), 1, site.kernel.height, site.kernel.width},
                                        .values = depthwise.values};
}

} // namespace pare
