#include "analysis/substitution.hpp"

#include "base/bisect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace pare {

namespace {

constexpr std::int64_t kMostCandidates = 4'000'000; ///< of a layer: as many as a gigabyte holds

[[noreturn]] void throw_too_many(const ConvSite &site, const Substitution &family) {
  throw Error(ErrorCode::kLimit, site.name,
              fmt::format("{} has more than {} structures here; fewer candidates would be accepted", family.info().name,
                          kMostCandidates));
}

/// Whole numbers from least to most: all if they are no more than `count`, else at most so many in geometric steps, ends
/// included.
std::vector<std::int64_t> spread(std::int64_t least, std::int64_t most, std::size_t count) {
  std::vector<std::int64_t> out;
  if (least > most || count == 0) return out;
  if (static_cast<std::size_t>(most - least) < count) {
    for (std::int64_t value = least; value <= most; ++value) out.push_back(value);
    return out;
  }
  if (count == 1) return {least};
  const double ratio = static_cast<double>(most) / static_cast<double>(least);
  for (std::size_t i = 0; i < count; ++i) {
    const double exponent = static_cast<double>(i) / static_cast<double>(count - 1);
    const auto value = static_cast<std::int64_t>(std::nearbyint(static_cast<double>(least) * std::pow(ratio, exponent)));
    const std::int64_t inside = i + 1 == count ? most : std::clamp(value, least, most);
    if (out.empty() || inside > out.back()) out.push_back(inside);
  }
  return out;
}

/// The whole part of n^(1/m).
std::size_t whole_root(std::size_t n, std::size_t m) {
  const auto reaches = [&](std::size_t root) { // root^m <= n
    std::size_t left = n;
    for (std::size_t i = 0; i < m; ++i) left /= root;
    return left >= 1;
  };
  std::size_t below = 1;
  std::size_t above = n;
  while (above - below > 1) {
    const std::size_t middle = below + (above - below) / 2;
    (reaches(middle) ? below : above) = middle;
  }
  return above > below && reaches(above) ? above : below;
}

/// One knob for each distinct structure at a site, cheapest first: the smallest knob that gives it. Of a knob without end those
/// up to CandidateRule::kMostFactors. Empty where the family does not apply.
std::vector<double> knobs_at(const Substitution &family, const ConvSite &site, const Settings &settings) {
  const KnobInfo &knob = family.info().knob;
  const auto at = [&](double value) { return family.resolve(site, settings, value); };
  std::vector<double> out;
  switch (knob.kind) {
  case KnobInfo::Kind::kNone: break;
  case KnobInfo::Kind::kInteger:
    if (!at(static_cast<double>(knob.least)).refusal)
      for (std::int64_t value = knob.least; value <= CandidateRule::kMostFactors; ++value)
        out.push_back(static_cast<double>(value));
    break;
  case KnobInfo::Kind::kGroups: {
    // More groups cost less; the smallest setting of each distinct number of groups.
    Structure last;
    for (std::int64_t groups = knob.least; groups <= std::min(site.in_channels(), site.out_channels()); ++groups) {
      const Resolved resolved = at(static_cast<double>(groups));
      if (resolved.refusal) break;
      if (!last.empty() && resolved.structure <= last) continue;
      last = resolved.structure;
      out.push_back(static_cast<double>(groups));
    }
    std::reverse(out.begin(), out.end());
    break;
  }
  case KnobInfo::Kind::kReal: {
    // The smallest double in (low, 1] for which `holds`, which must hold at 1 and, once true, stay true.
    const auto first = [](double low, const auto &holds) {
      return from_ordinal(
          first_where(ordinal_of(low), ordinal_of(1.0), [&](std::uint64_t o) { return holds(from_ordinal(o)); }));
    };
    if (at(1.0).refusal) break;
    double value = first(0.0, [&](double s) { return !at(s).refusal; });
    const Structure last = at(1.0).structure;
    for (;;) {
      out.push_back(value);
      if (out.size() > kMostCandidates) throw_too_many(site, family);
      const Structure structure = at(value).structure;
      if (structure == last) break;
      value = first(value, [&](double s) { return at(s).structure != structure; });
    }
    break;
  }
  }
  return out;
}

/// Calls take(numbers) for all combinations, the last the fastest.
template <class Take>
void over_combinations(const std::vector<std::vector<std::int64_t>> &values, const Take &take) {
  std::vector<std::size_t> at(values.size(), 0);
  Numbers numbers;
  for (const auto &own : values) {
    if (own.empty()) return;
    numbers.push_back(own.front());
  }
  for (;;) {
    take(numbers);
    std::size_t k = values.size();
    while (k > 0 && ++at[k - 1] == values[k - 1].size()) {
      at[k - 1] = 0;
      numbers[k - 1] = values[k - 1].front();
      --k;
    }
    if (k == 0) return;
    numbers[k - 1] = values[k - 1][at[k - 1]];
  }
}

/// Numbers for each structure that the rule asks for.
std::vector<Numbers> numbers_at(const Substitution &family, const ConvSite &site, const Settings &settings,
                                const CandidateRule &rule) {
  const NumbersInfo &info = family.info().numbers;
  const NumberRanges allowed = family.number_ranges(site, settings);
  std::vector<Numbers> out;
  if (allowed.refusal) return out;
  const std::int64_t step = info.are_ranks ? rule.multiple_of : 1;
  const auto combine = [&](std::size_t count) {
    std::vector<std::vector<std::int64_t>> values;
    for (const auto &[least, most] : allowed.ranges) {
      auto &own = values.emplace_back(spread((least + step - 1) / step, most / step, count));
      for (std::int64_t &value : own) value *= step;
    }
    std::vector<Numbers> made;
    over_combinations(values, [&](const Numbers &numbers) {
      if (made.size() == kMostCandidates) throw_too_many(site, family);
      made.push_back(info.are_distinct ? numbers
                                       : family.numbers_of(site, settings, family.structure_of(site, settings, numbers)));
    });
    if (!info.are_distinct) {
      std::sort(made.begin(), made.end());
      made.erase(std::unique(made.begin(), made.end()), made.end());
    }
    return made;
  };
  // Up to so many; where several come to one structure, to be counted again.
  const std::size_t enough = info.are_distinct || rule.most > CandidateRule::kAll / 4 ? rule.most : 4 * rule.most;
  std::size_t all = 1;
  for (const auto &[least, most] : allowed.ranges) {
    const std::int64_t count = most / step - (least + step - 1) / step + 1;
    if (count < 1) return out;
    if (__builtin_mul_overflow(all, static_cast<std::size_t>(count), &all)) all = CandidateRule::kAll;
  }
  if (all <= enough) {
    if (all > kMostCandidates) throw_too_many(site, family);
    out = combine(CandidateRule::kAll);
    if (out.size() <= rule.most) return out;
  }
  return combine(whole_root(rule.most, allowed.ranges.size()));
}

} // namespace

std::vector<Substitute> Substitution::candidates(std::span<const ConvSite> sites, const Settings &settings,
                                                 const CandidateRule &rule) const {
  assert(!sites.empty() && settings.size() == info().keys.size() && rule.most >= 1 && rule.multiple_of >= 1);
  const ConvSite &site = sites.front();
  Substitute one{.family = this, .settings = settings, .knob = {}};
  std::vector<Substitute> out;
  const auto applies = [&](const Substitute &substitute) { return !pare::resolve(sites, substitute).refusal; };
  if (!one.has_free_knob()) {
    if (applies(one)) out.push_back(one);
    return out;
  }
  if (!info().numbers.name.empty()) {
    for (Numbers &numbers : numbers_at(*this, site, settings, rule)) {
      one.numbers = std::move(numbers);
      // All of the ranges apply where one does; only other places may come to something else.
      if ((out.empty() || sites.size() > 1) && !applies(one)) {
        if (sites.size() == 1) return out;
        continue;
      }
      out.push_back(one);
    }
    return out;
  }
  const bool are_groups = info().knob.kind == KnobInfo::Kind::kGroups;
  for (const double knob : knobs_at(*this, site, settings)) {
    one.knob = knob;
    const Resolved resolved = pare::resolve(sites, one);
    if (resolved.refusal) continue;
    if (are_groups) {
      const std::vector<std::int64_t> channels = group_channels(site, settings, resolved.structure);
      if (std::any_of(channels.begin(), channels.end(), [&](std::int64_t n) { return n % rule.multiple_of != 0; })) continue;
    }
    out.push_back(one);
  }
  if (out.size() <= rule.most) return out;
  std::vector<Substitute> some;
  for (const std::int64_t place : spread(1, static_cast<std::int64_t>(out.size()), rule.most))
    some.push_back(out[static_cast<std::size_t>(place - 1)]);
  return some;
}

} // namespace pare
