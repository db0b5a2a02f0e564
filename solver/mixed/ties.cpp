#include "solver/mixed/ties.hpp"

#include "base/bisect.hpp"
#include "base/error.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "solver/site_key.hpp"
#include "solver/uniform/problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace pare {

namespace {

/// "layer1.0" of "layer1.0.conv1", "features.3" of "features.3.conv.0".
std::string block_of(std::string_view name) {
  const auto is_number = [](std::string_view part) {
    return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  // The last part names the layer in its block, also where it is a number.
  for (std::size_t end = name.rfind('.'); end != std::string_view::npos && end > 0;) {
    const std::size_t dot = name.rfind('.', end - 1);
    const std::size_t begin = dot == std::string_view::npos ? 0 : dot + 1;
    if (is_number(name.substr(begin, end - begin))) return std::string(name.substr(0, end));
    end = dot;
  }
  return std::string(name);
}

std::vector<std::vector<std::size_t>> by_groups(const std::vector<ConvSites> &sites, const std::vector<std::size_t> &chosen,
                                                const std::vector<std::vector<std::string>> &groups) {
  std::vector<std::string_view> names;
  for (const std::size_t at : chosen) names.push_back(sites[at].front().name);
  std::vector<std::size_t> group_of(chosen.size(), groups.size());
  for (std::size_t g = 0; g < groups.size(); ++g)
    for (const std::string &pattern : groups[g]) {
      bool any = false;
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (!matches(pattern, names[i])) continue;
        any = true;
        if (group_of[i] != groups.size() && group_of[i] != g)
          throw Error(ErrorCode::kInvalidConfig, "tie",
                      fmt::format("layer {} is in two groups; one would be accepted", shown(names[i])));
        group_of[i] = g;
      }
      if (!any)
        throw Error(ErrorCode::kUnknownName, "tie",
                    fmt::format("no layer that is chosen for is called {}; there are {}{}{}", shown(pattern), names.size(),
                                names.empty() ? "" : fmt::format(", such as {}", plain(names.front())),
                                did_you_mean(pattern, names)));
    }
  std::vector<std::vector<std::size_t>> out;
  std::map<std::size_t, std::size_t> places;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const std::size_t key = group_of[i] == groups.size() ? groups.size() + i : group_of[i];
    const auto [place, is_new] = places.try_emplace(key, out.size());
    if (is_new) out.emplace_back();
    out[place->second].push_back(chosen[i]);
  }
  return out;
}

template <class KeyOf>
std::vector<std::vector<std::size_t>> by_key(const std::vector<std::size_t> &chosen, const KeyOf &key_of) {
  std::vector<std::vector<std::size_t>> out;
  std::map<decltype(key_of(std::size_t{})), std::size_t> places;
  for (const std::size_t at : chosen) {
    const auto [place, is_new] = places.try_emplace(key_of(at), out.size());
    if (is_new) out.emplace_back();
    out[place->second].push_back(at);
  }
  return out;
}

/// The rule's multiples, of ranks and of channels in a group.
bool is_aligned(const ConvSite &site, const Substitute &substitute, const CandidateRule &rule) {
  if (rule.multiple_of == 1) return true;
  const SubstitutionInfo &info = substitute.family->info();
  const Structure structure = resolve(site, substitute).structure;
  std::vector<std::int64_t> numbers;
  if (info.knob.kind == KnobInfo::Kind::kGroups)
    numbers = substitute.family->group_channels(site, substitute.settings, structure);
  else if (info.numbers.are_ranks && substitute.knob)
    numbers = substitute.family->numbers_of(site, substitute.settings, structure);
  return std::all_of(numbers.begin(), numbers.end(), [&](std::int64_t n) { return n % rule.multiple_of == 0; });
}

} // namespace

bool matches(std::string_view pattern, std::string_view name) {
  // The last star can take one letter more, wherever what follows it does not fit.
  std::size_t p = 0;
  std::size_t n = 0;
  std::optional<std::size_t> star;
  std::size_t taken = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star) {
      p = *star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::vector<std::vector<std::size_t>> tied(const std::vector<ConvSites> &sites, const std::vector<std::size_t> &chosen,
                                           const MixedRequest &request) {
  switch (request.tie) {
  case Tie::kNone: return by_key(chosen, [](std::size_t at) { return at; });
  case Tie::kStage:
    return by_key(chosen, [&](std::size_t at) {
      const Shape &output = sites[at].front().output;
      return std::pair(output.height, output.width);
    });
  case Tie::kBlock: return by_key(chosen, [&](std::size_t at) { return block_of(sites[at].front().name); });
  case Tie::kShape: return by_key(chosen, [&](std::size_t at) { return keys_of(sites[at]); });
  case Tie::kGroups: break;
  }
  return by_groups(sites, chosen, request.groups);
}

std::vector<Substitute> shared_candidates(const std::vector<ConvSites> &sites, const Substitute &family,
                                          const CandidateRule &rule) {
  std::vector<Substitute> out;
  const KnobInfo &knob = family.family->info().knob;
  const auto with = [&](double value) {
    Substitute substitute = family;
    substitute.knob = value;
    return substitute;
  };
  // What all layers come to, one behind the other; nothing where one of them refuses.
  const auto structure_of = [&](const Substitute &substitute) -> std::optional<Structure> {
    Structure all;
    for (const ConvSites &layer : sites) {
      const Resolved own = resolve(layer, substitute);
      if (own.refusal) return std::nullopt;
      all.insert(all.end(), own.structure.begin(), own.structure.end());
    }
    return all;
  };
  const auto take = [&](const Substitute &substitute) {
    for (const ConvSites &layer : sites)
      if (!is_aligned(layer.front(), substitute, rule)) return;
    out.push_back(substitute);
  };
  if (!family.has_free_knob()) {
    if (structure_of(family)) take(family);
    return out;
  }
  if (knob.kind != KnobInfo::Kind::kReal) {
    // More groups asked for are never fewer groups made, and beyond the channels nothing changes.
    std::int64_t most = CandidateRule::kMostFactors;
    if (knob.kind == KnobInfo::Kind::kGroups) {
      most = 1;
      for (const ConvSites &layer : sites) most = std::max({most, layer.front().in_channels(), layer.front().out_channels()});
    }
    std::optional<Structure> last;
    for (std::int64_t value = knob.least; value <= most; ++value) {
      const Substitute substitute = with(static_cast<double>(value));
      const auto own = structure_of(substitute);
      if (!own || own == last) continue;
      last = own;
      take(substitute);
    }
    return out;
  }
  if (!structure_of(with(1))) return out;
  const auto at = [&](std::uint64_t ordinal) { return structure_of(with(from_ordinal(ordinal))); };
  const std::uint64_t last = ordinal_of(1.0);
  std::uint64_t begin = first_where(0, last, [&](std::uint64_t o) { return at(o).has_value(); });
  const auto end_of = [&](std::uint64_t from) {
    const auto own = at(from);
    return at(last) == own ? last + 1 : first_where(from, last, [&](std::uint64_t o) { return at(o) != own; });
  };
  const auto add = [&](std::uint64_t from) {
    const std::uint64_t end = end_of(from);
    take(with(shortest_decimal(from_ordinal(from), from_ordinal(end))));
    return end;
  };
  const std::uint64_t first = begin;
  std::size_t number = 0;
  for (; begin <= last && number <= rule.most; ++number) begin = add(begin);
  if (begin > last) return out;
  // More than there may be: so many of them in geometric steps, ends included.
  out.clear();
  const double least = from_ordinal(first);
  std::uint64_t behind = 0; // the last that was taken ends there
  for (std::size_t i = 0; i < rule.most; ++i) {
    const double share = rule.most > 1 ? static_cast<double>(i) / static_cast<double>(rule.most - 1) : 0;
    const double value = i + 1 == rule.most ? 1.0 : std::clamp(least * std::pow(1 / least, share), least, 1.0);
    if (ordinal_of(value) < behind) continue;
    // Where its plateau begins.
    const auto own = at(ordinal_of(value));
    const std::uint64_t from =
        first_where(std::max(first, behind) - 1, ordinal_of(value), [&](std::uint64_t o) { return at(o) == own; });
    behind = add(from);
  }
  return out;
}

} // namespace pare
