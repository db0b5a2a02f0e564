#include "formats/fit.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

namespace pare::formats {

namespace {

constexpr std::size_t kMostPrefixParts = 12; ///< "model.module._orig_mod." has three
constexpr std::size_t kMostPrefixes = 16;
constexpr std::size_t kMostTensors = 50'000; ///< each name is matched many times; networks have some thousands

/// A tensor of the file.
struct Given {
  std::string theirs; ///< as the file has it
  std::string name;   ///< after the user's renames, without the key
  const std::vector<std::int64_t> *sizes;
};

Error refused(const std::string &where, const std::string &message) { return {ErrorCode::kInvalidConfig, where, message}; }

/// The first parts of the names: "state_dict", "model".
std::string first_parts(const TensorFile &file) {
  std::vector<std::string> out;
  for (const std::string &name : file.order) {
    const std::string part = shown(name.substr(0, name.find('.')), 40);
    if (std::find(out.begin(), out.end(), part) == out.end()) out.push_back(part);
    if (out.size() == 8) break;
  }
  return fmt::format("{}", fmt::join(out, ", "));
}

std::vector<Given> given_tensors(const TensorFile &file, const Reading &reading, const std::string &where) {
  const Renamer rename(reading.renames, "name map");
  // A key that names of a file with one dictionary of tensors are without already.
  std::string key = reading.key == kRootKey || reading.key == file.key ? std::string() : reading.key;
  if (!file.key.empty() && key.starts_with(file.key + ".")) key.erase(0, file.key.size() + 1);
  const bool is_under_key = !key.empty();
  std::vector<Given> out;
  std::map<std::string, std::string> renamed; // theirs by what it became
  std::vector<std::string> names = file.order;
  if (names.empty())
    for (const auto &[name, tensor] : file.tensors) names.push_back(name);
  for (const std::string &theirs : names) {
    std::string name = theirs;
    if (is_under_key) {
      if (!name.starts_with(key + ".")) continue;
      name.erase(0, key.size() + 1);
    }
    if (!rename.is_empty()) {
      name = rename(name);
      if (name.empty()) continue; // the user leaves it out
      if (const auto [other, added] = renamed.emplace(name, theirs); !added)
        throw refused(where,
                      fmt::format("the name map makes {} of both {} and {}; a name of its own for each would be accepted",
                                  shown(name), shown(other->second), shown(theirs)));
    }
    out.push_back({.theirs = theirs, .name = std::move(name), .sizes = &file.tensors.at(theirs).sizes});
  }
  if (out.empty() && is_under_key)
    throw refused(where, fmt::format("has no tensors under the key {}; {} would be accepted", shown(reading.key),
                                     file.key.empty() ? "what its names begin with: " + first_parts(file) : shown(file.key)));
  return out;
}

/// What names may begin with before a network's own begin, the shortest first: under each lie as many tensors as half of those
/// that are needed.
std::vector<std::string> prefixes(const std::vector<Given> &given, std::size_t needed) {
  std::map<std::string, std::size_t> count;
  for (const Given &tensor : given) {
    std::size_t dot = tensor.name.find('.');
    for (std::size_t parts = 0; parts < kMostPrefixParts && dot != std::string::npos;
         ++parts, dot = tensor.name.find('.', dot + 1))
      ++count[tensor.name.substr(0, dot + 1)];
  }
  std::vector<std::pair<std::ptrdiff_t, std::string>> found;
  for (const auto &[prefix, tensors] : count)
    if (2 * tensors >= needed) found.emplace_back(std::count(prefix.begin(), prefix.end(), '.'), prefix);
  std::stable_sort(found.begin(), found.end(), [&](const auto &a, const auto &b) {
    return a.first != b.first ? a.first < b.first : count[a.second] > count[b.second];
  });
  std::vector<std::string> out = {""};
  for (std::size_t i = 0; i < std::min(found.size(), kMostPrefixes); ++i) out.push_back(found[i].second);
  return out;
}

/// A name without its numbers: "layer#.#.conv#.weight".
std::string kind_of_name(std::string_view name) {
  std::string out;
  for (const char c : name)
    if (c < '0' || c > '9')
      out += c;
    else if (out.empty() || out.back() != '#')
      out += '#';
  return out;
}

std::string_view layer_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return name.substr(0, dot == std::string_view::npos ? 0 : dot);
}

// A convolution that may be replaced is X.conv here, or X.pointwise, as it is one of the layers that may be in the place of X,
// and X elsewhere.

constexpr std::array<std::string_view, 2> kConvolutions = {".conv", ".pointwise"};

std::vector<std::string> as_here(const std::string &name) {
  std::vector<std::string> out = {name};
  const std::string_view layer = layer_of(name);
  for (const std::string_view part : kConvolutions)
    out.push_back(std::string(layer) + std::string(part) + name.substr(layer.size()));
  return out;
}

std::string as_elsewhere(const std::string &name) {
  const std::string_view layer = layer_of(name);
  for (const std::string_view part : kConvolutions)
    if (layer.ends_with(part)) return std::string(layer.substr(0, layer.size() - part.size())) + name.substr(layer.size());
  return name;
}

/// One that is whole; else that which gives more of what is needed.
bool is_better(const Fit &one, const Fit &other) {
  if (one.whole() != other.whole()) return one.whole();
  if (one.source.size() != other.source.size()) return one.source.size() > other.source.size();
  return one.problems() < other.problems();
}

class Fitter {
public:
  Fitter(const NamedSizes &wanted, const Reading &reading) : reading_(reading) {
    for (const auto &[name, sizes] : wanted) {
      if (is_in_one_of(name, reading.anew)) continue;
      wanted_.emplace(name, &sizes);
      if (is_batch_counter(name)) continue;
      for (const std::string &known : {name, as_elsewhere(name)}) {
        kinds_.insert(kind_of_name(known));
        for (std::string_view layer = layer_of(known); !layer.empty(); layer = layer_of(layer)) layers_.emplace(layer);
      }
      ++needed_;
    }
  }

  /// Of those that are needed, without counts of batches.
  std::size_t needed() const { return needed_; }

  Fit fit(const std::vector<Given> &given, const std::string &prefix, const NameMap *map) const {
    Fit out;
    out.names = map != nullptr ? map->name : std::string_view();
    out.prefix = prefix;
    std::map<std::string, std::string> found; // theirs by ours
    for (const Given &tensor : given) {
      if (!tensor.name.starts_with(prefix)) {
        if (!is_batch_counter(tensor.name)) out.left.push_back(tensor.theirs);
        continue;
      }
      const std::string rest = tensor.name.substr(prefix.size());
      std::vector<std::string> names = as_here(map != nullptr ? map->ours(rest) : rest);
      if (map != nullptr)
        for (std::string &name : as_here(rest)) names.push_back(std::move(name));
      const std::string &ours = pick(names, *tensor.sizes);
      const auto want = wanted_.find(ours);
      if (want == wanted_.end()) {
        const auto starts_anew = [&](const std::string &name) { return is_in_one_of(name, reading_.anew); };
        if (is_batch_counter(ours) || std::any_of(names.begin(), names.end(), starts_anew)) continue;
        const auto is_foreign = [&](const std::string &name) {
          bool is_near = kinds_.contains(kind_of_name(name));
          for (std::string_view layer = layer_of(name); !layer.empty(); layer = layer_of(layer))
            is_near = is_near || layers_.contains(layer);
          return is_near;
        };
        (std::any_of(names.begin(), names.end(), is_foreign) ? out.foreign : out.left).push_back(tensor.theirs);
        continue;
      }
      const auto entry = found.emplace(ours, tensor.theirs);
      const std::string &first = entry.first->second;
      if (!entry.second) {
        if (std::none_of(out.twice.begin(), out.twice.end(), [&](const Fit::Twice &twice) { return twice.name == ours; }))
          out.twice.push_back({.name = ours, .one = first, .other = tensor.theirs});
        out.source.erase(ours);
        continue;
      }
      if (same_but_for_ones(*tensor.sizes, *want->second))
        out.source.emplace(ours, tensor.theirs);
      else if (!is_batch_counter(ours))
        out.different.push_back({ours, *want->second, *tensor.sizes});
    }
    for (const auto &[ours, sizes] : wanted_)
      if (!found.contains(ours) && !is_batch_counter(ours)) out.missing.push_back(ours);
    return out;
  }

  /// The best fit of the names as they are and the maps.
  Fit best(const std::vector<Given> &given, const std::string &prefix) const {
    Fit out = fit(given, prefix, nullptr);
    for (const NameMap &map : name_maps()) {
      if (out.whole()) break;
      if (Fit other = fit(given, prefix, &map); is_better(other, out)) out = std::move(other);
    }
    return out;
  }

private:
  /// The first of these names that the network has, with such sizes where one has; the first where it has none.
  const std::string &pick(const std::vector<std::string> &names, const std::vector<std::int64_t> &sizes) const {
    const std::string *known = nullptr;
    for (const std::string &name : names) {
      const auto want = wanted_.find(name);
      if (want == wanted_.end()) continue;
      if (same_but_for_ones(sizes, *want->second)) return name;
      if (known == nullptr) known = &name;
    }
    return known != nullptr ? *known : names.front();
  }

  const Reading &reading_;
  std::map<std::string, const std::vector<std::int64_t> *> wanted_;
  std::set<std::string> kinds_;
  std::set<std::string, std::less<>> layers_;
  std::size_t needed_ = 0;
};

/// The last part of a name where it says what a tensor is for.
std::string_view role_of(std::string_view name) {
  constexpr std::array<std::string_view, 4> kRoles = {"weight", "bias", "running_mean", "running_var"};
  for (const std::string_view role : kRoles)
    if (name.ends_with(role)) return role;
  return {};
}

Fit fit_by_order(const NamedSizes &wanted, const std::vector<Given> &all, const TensorFile &file, const Reading &reading,
                 const std::string &where) {
  std::vector<Given> given;
  for (const Given &tensor : all)
    if (!is_batch_counter(tensor.name)) given.push_back(tensor);
  if (file.format == "safetensors" && given.size() > 1 &&
      std::is_sorted(given.begin(), given.end(), [](const Given &a, const Given &b) { return a.theirs < b.theirs; }))
    throw refused(where,
                  "its tensors are sorted by their names, as safetensors are written, and not in a network's order; a PyTorch "
                  "file, or a name map would be accepted");
  Fit out;
  std::size_t i = 0;
  for (const auto &item : wanted) {
    const std::string &ours = item.first;
    const std::vector<std::int64_t> &sizes = item.second;
    if (is_batch_counter(ours)) continue;
    if (i == given.size())
      throw refused(where,
                    fmt::format("by their order {} of its tensors are paired, and {} of the network's is without one; as many "
                                "of the same shapes would be accepted",
                                i, shown(ours)));
    const Given &tensor = given[i++];
    if (is_in_one_of(ours, reading.anew)) continue;
    const auto differs = [&](std::string_view what) {
      return refused(where, fmt::format("by their order tensor {} of the file, {} {}, would be the network's {} {}: {}", i,
                                        shown(tensor.theirs), sizes_text(*tensor.sizes), shown(ours), sizes_text(sizes), what));
    };
    if (!same_but_for_ones(*tensor.sizes, sizes)) throw differs("the shapes of all must be the same, one after the other");
    const std::string_view role = role_of(tensor.name);
    if (!role.empty() && !role_of(ours).empty() && role != role_of(ours))
      throw differs("their names say that they are not for the same");
    out.source.emplace(ours, tensor.theirs);
  }
  if (i < given.size())
    throw refused(where,
                  fmt::format("by their order {} of its {} tensors are paired, and {} is left over; as many of the same shapes "
                              "would be accepted",
                              i, given.size(), shown(given[i].theirs)));
  return out;
}

} // namespace

bool is_in_one_of(std::string_view name, const std::vector<std::string> &layers) {
  return std::any_of(layers.begin(), layers.end(), [&](const std::string &layer) {
    return name.starts_with(layer) && (name.size() == layer.size() || name[layer.size()] == '.');
  });
}

bool same_but_for_ones(const std::vector<std::int64_t> &a, const std::vector<std::int64_t> &b) {
  const std::size_t common = std::min(a.size(), b.size());
  const auto is_one = [](std::int64_t size) { return size == 1; };
  const auto end = static_cast<std::ptrdiff_t>(common);
  return std::equal(a.begin(), a.begin() + end, b.begin()) && std::all_of(a.begin() + end, a.end(), is_one) &&
         std::all_of(b.begin() + end, b.end(), is_one);
}

Fit fit_tensors(const NamedSizes &wanted, const TensorFile &file, const Reading &reading, const std::string &where) {
  if (file.tensors.size() > kMostTensors)
    throw Error(ErrorCode::kLimit, where,
                fmt::format("holds {} tensors; up to {} would be accepted", file.tensors.size(), kMostTensors));
  const std::vector<Given> given = given_tensors(file, reading, where);
  if (reading.by_order) return fit_by_order(wanted, given, file, reading, where);

  const Fitter fitter(wanted, reading);
  std::optional<Fit> best;
  std::vector<Fit> whole;
  for (const std::string &prefix : prefixes(given, fitter.needed())) {
    if (reading.key == kRootKey && !prefix.empty()) break;
    Fit found = fitter.best(given, prefix);
    // The names of some are told with their prefix and without.
    if (found.whole() && std::none_of(whole.begin(), whole.end(), [&](const Fit &fit) { return fit.source == found.source; }))
      whole.push_back(found);
    if (!best || is_better(found, *best)) best = std::move(found);
    if (!reading.key.empty() && prefix.empty() && best->whole()) break; // these very names were asked for
  }
  if (whole.size() > 1) {
    std::vector<std::string> keys;
    for (const Fit &fit : whole)
      keys.push_back(fit.prefix.empty() ? std::string(kRootKey) + " (the names as they stand)"
                                        : fit.prefix.substr(0, fit.prefix.size() - 1));
    throw refused(where, fmt::format("holds the network {} times: {}; a key that says which is meant (--weights-key of train "
                                     "and evaluate), or a file that "
                                     "holds it once, would be accepted",
                                     whole.size(), fmt::join(keys, ", ")));
  }
  return std::move(*best);
}

} // namespace pare::formats
