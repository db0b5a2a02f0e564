#include "analysis/site_costs.hpp"

#include "analysis/cost_model.hpp"
#include "base/checked.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

namespace pare {

namespace {

/// Of one candidate at all places.
struct Cost {
  std::int64_t parameters = 0;
  std::int64_t stored_bytes = 0;
  std::int64_t activation_elements = 0;
  std::vector<Count> mult_adds;
};

/// A multilinear function of m numbers, by what it is where each of them is 0 or 1: bit j of a corner is number j. Only the
/// coefficients that are not 0 are kept; a family has a few of all the 2^m.
template <class Value>
class Multilinear {
public:
  explicit Multilinear(std::vector<Value> corners) {
    if (corners.empty()) return; // never; gcc asks
    for (std::size_t bit = 1; bit < corners.size(); bit *= 2)
      for (std::size_t corner = 0; corner < corners.size(); ++corner)
        if ((corner & bit) != 0) subtract(corners[corner], corners[corner ^ bit]);
    constant_ = corners.front();
    for (std::size_t corner = 1; corner < corners.size(); ++corner)
      if (!is_zero(corners[corner])) terms_.push_back({static_cast<std::uint32_t>(corner), corners[corner]});
  }

  Value at(std::span<const std::int64_t> numbers) const {
    Value out = constant_;
    for (const auto &[corner, coefficient] : terms_) {
      std::int64_t product = 1;
      for (std::uint32_t left = corner; left != 0; left &= left - 1)
        product = checked_mul(product, numbers[static_cast<std::size_t>(std::countr_zero(left))]);
      add(out, coefficient, product);
    }
    return out;
  }

private:
  struct Term {
    std::uint32_t corner;
    Value coefficient;
  };
  static void subtract(std::int64_t &from, std::int64_t value) { from = checked_add(from, -value); }
  static void subtract(Count &from, const Count &value) { from -= value; }
  static bool is_zero(std::int64_t value) { return value == 0; }
  static bool is_zero(const Count &value) { return value.is_whole() && value.is_zero(); }
  static void add(std::int64_t &to, std::int64_t coefficient, std::int64_t times) {
    to = checked_add(to, checked_mul(coefficient, times));
  }
  static void add(Count &to, const Count &coefficient, std::int64_t times) { to += coefficient.repeated(times); }

  Value constant_{};
  std::vector<Term> terms_;
};

class Costs {
public:
  Costs(std::span<const ConvSite> sites, std::span<const Convention> conventions) : sites_(sites), conventions_(conventions) {
    out_.conventions = conventions.size();
  }
  CandidateCosts take() { return std::move(out_); }

  /// Candidates of one family with the same keys and evaluation, all by numbers or all by knob.
  void add(std::span<const Substitute> run) {
    const Substitute &first = run.front();
    const Evaluation evaluation = first.evaluated();
    const bool is_searched = evaluation == Evaluation::kContraction || evaluation == Evaluation::kCheapest;
    const CostsIn in = is_searched ? CostsIn::kNothing : first.family->costs_in(first.settings);
    if (in == CostsIn::kNothing) return add_each(run);
    const bool by_numbers = in == CostsIn::kNumbers;
    std::vector<std::int64_t> variables; // `width` of each candidate
    std::size_t width = 0;
    for (const Substitute &candidate : run) {
      Structure own;
      std::span<const std::int64_t> values;
      if (by_numbers && candidate.numbers) {
        values = *candidate.numbers;
      } else {
        own = structure(candidate);
        if (by_numbers) own = first.family->numbers_of(sites_.front(), first.settings, own);
        values = own;
      }
      if (variables.empty()) width = values.size();
      if (values.size() != width || width == 0) return add_each(run);
      variables.insert(variables.end(), values.begin(), values.end());
    }

    std::vector<std::int64_t> least(variables.begin(), variables.begin() + static_cast<std::ptrdiff_t>(width));
    std::vector<std::int64_t> most = least;
    for (std::size_t i = 0; i < variables.size(); ++i) {
      least[i % width] = std::min(least[i % width], variables[i]);
      most[i % width] = std::max(most[i % width], variables[i]);
    }
    std::vector<std::size_t> varying;
    for (std::size_t k = 0; k < width; ++k)
      if (least[k] < most[k]) varying.push_back(k);
    if (varying.size() >= 32 || (std::size_t{1} << varying.size()) >= run.size()) return add_each(run);

    const auto by = [&](const std::vector<std::int64_t> &numbers) {
      Substitute out = first;
      out.knob.reset();
      out.numbers = numbers;
      return out;
    };
    if (by_numbers) structure(by(most)); // where these apply, and the corners, all between do
    std::vector<Cost> corners;
    for (std::size_t corner = 0; corner < std::size_t{1} << varying.size(); ++corner) {
      std::vector<std::int64_t> values = least;
      for (std::size_t j = 0; j < varying.size(); ++j) values[varying[j]] += static_cast<std::int64_t>(corner >> j & 1U);
      corners.push_back(by_numbers ? cost(by(values), structure(by(values))) : cost(first, values));
    }
    std::vector<std::int64_t> moved; // to where the corners are 0 and 1
    moved.reserve(varying.size() * run.size());
    for (std::size_t c = 0; c < run.size(); ++c)
      for (const std::size_t k : varying) moved.push_back(variables[c * width + k] - least[k]);
    const auto each = [&](const auto &function, const auto &take) {
      for (std::size_t c = 0; c < run.size(); ++c)
        take(c, function.at(std::span(moved).subspan(c * varying.size(), varying.size())));
    };
    const auto whole = [&](std::int64_t Cost::*member, std::vector<std::int64_t> &to) {
      std::vector<std::int64_t> values;
      for (const Cost &corner : corners) values.push_back(corner.*member);
      each(Multilinear(std::move(values)), [&](std::size_t, std::int64_t value) { to.push_back(value); });
    };
    whole(&Cost::parameters, out_.parameters);
    whole(&Cost::stored_bytes, out_.stored_bytes);
    whole(&Cost::activation_elements, out_.activation_elements);
    const std::size_t begin = out_.mult_adds.size();
    out_.mult_adds.resize(begin + run.size() * conventions_.size());
    for (std::size_t j = 0; j < conventions_.size(); ++j) {
      const auto put = [&](std::size_t c, const Count &value) { out_.mult_adds[begin + c * conventions_.size() + j] = value; };
      if (std::all_of(corners.begin(), corners.end(), [&](const Cost &corner) { return corner.mult_adds[j].is_whole(); })) {
        std::vector<std::int64_t> values;
        for (const Cost &corner : corners) values.push_back(corner.mult_adds[j].whole());
        each(Multilinear(std::move(values)), put);
      } else {
        std::vector<Count> values;
        for (const Cost &corner : corners) values.push_back(corner.mult_adds[j]);
        each(Multilinear(std::move(values)), put);
      }
    }
  }

private:
  /// Of what applies at all places.
  Structure structure(const Substitute &candidate) const {
    const Resolved resolved = resolve(sites_, candidate);
    if (resolved.refusal) throw_refusal(sites_.front(), candidate, *resolved.refusal);
    return resolved.structure;
  }
  Cost cost(const Substitute &substitute, const Structure &structure) {
    Cost out;
    out.mult_adds.resize(conventions_.size());
    for (std::size_t place = 0; place < sites_.size(); ++place) {
      scratch_.clear();
      lower_site(scratch_, sites_[place], scratch_.add_input(sites_[place].input), substitute, structure);
      const CostReport report = count(scratch_);
      if (place == 0) {
        out.parameters = report.parameters;
        out.stored_bytes = report.stored_bytes();
      }
      out.activation_elements = checked_add(out.activation_elements, report.activation_elements);
      for (std::size_t j = 0; j < conventions_.size(); ++j) out.mult_adds[j] += report.mult_adds(conventions_[j]);
    }
    return out;
  }
  void add_each(std::span<const Substitute> run) {
    for (const Substitute &candidate : run) {
      const Cost own = cost(settled(sites_, candidate), structure(candidate));
      out_.parameters.push_back(own.parameters);
      out_.stored_bytes.push_back(own.stored_bytes);
      out_.activation_elements.push_back(own.activation_elements);
      out_.mult_adds.insert(out_.mult_adds.end(), own.mult_adds.begin(), own.mult_adds.end());
    }
  }

  std::span<const ConvSite> sites_;
  std::span<const Convention> conventions_;
  CandidateCosts out_;
  Graph scratch_;
};

} // namespace

CandidateCosts candidate_costs(std::span<const ConvSite> sites, std::span<const Substitute> candidates,
                               std::span<const Convention> conventions) {
  assert(!sites.empty());
  Costs costs(sites, conventions);
  for (std::size_t begin = 0; begin < candidates.size();) {
    const Substitute &first = candidates[begin];
    std::size_t end = begin + 1;
    while (end < candidates.size() && candidates[end].family == first.family && candidates[end].settings == first.settings &&
           candidates[end].evaluated() == first.evaluated() && candidates[end].numbers.has_value() == first.numbers.has_value())
      ++end;
    costs.add(candidates.subspan(begin, end - begin));
    begin = end;
  }
  return costs.take();
}

} // namespace pare
