#include "base/names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

namespace pare {

namespace {

constexpr std::size_t kMostLetters = 64;  ///< of a name that could be a slip: what is longer is no name
constexpr std::size_t kFewestToBegin = 3; ///< letters that say which name was begun
constexpr std::size_t kMostWrongLetters = 3;

bool is_separator(char c) { return c == '-' || c == '_'; }

/// Letters that are wrong, missing, too many, or exchanged with their neighbour (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

} // namespace

std::string folded(std::string_view name, bool is_pattern) {
  const auto is_number = [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return std::isdigit(byte) != 0 || c == '.' || (is_pattern && std::isupper(byte) != 0);
  };
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool between = i > 0 && i + 1 < name.size() && !is_separator(name[i - 1]) && !is_separator(name[i + 1]);
    if (is_separator(c) && between) {
      if (is_number(name[i - 1]) && is_number(name[i + 1])) out += '-';
    } else {
      out += is_pattern ? c : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

std::optional<std::size_t> find_name(std::string_view name, std::span<const std::string_view> known) {
  if (const auto same = std::find(known.begin(), known.end(), name); same != known.end())
    return static_cast<std::size_t>(same - known.begin());
  if (name.size() > kMostLetters) return std::nullopt;
  const std::string own = folded(name);
  std::optional<std::size_t> out;
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (folded(known[i]) != own) continue;
    if (out) return std::nullopt;
    out = i;
  }
  return out;
}

std::optional<std::string_view> nearest_name(std::string_view name, std::span<const std::string_view> known) {
  if (name.size() > kMostLetters) return std::nullopt;
  const std::string own = folded(name);
  std::size_t least = std::min(own.size() / 3, kMostWrongLetters) + 1;
  std::vector<std::pair<std::string, std::string_view>> nearest; // folded, and as it is known
  for (const std::string_view candidate : known) {
    std::string other = folded(candidate);
    const bool is_begun = own.size() >= kFewestToBegin && other.starts_with(own) && other != own;
    const std::size_t away = is_begun ? 1 : distance(own, other);
    if (away > least || (away == least && nearest.empty())) continue;
    if (away < least) nearest.clear();
    least = away;
    nearest.emplace_back(std::move(other), candidate);
  }
  // mobilenet-v2 and mobilenet_v2 are one name: the first is named.
  const auto shortest = std::min_element(nearest.begin(), nearest.end(),
                                         [](const auto &a, const auto &b) { return a.first.size() < b.first.size(); });
  if (shortest == nearest.end() ||
      !std::all_of(nearest.begin(), nearest.end(), [&](const auto &one) { return one.first.starts_with(shortest->first); }))
    return std::nullopt;
  return shortest->second;
}

std::string did_you_mean(std::string_view name, std::span<const std::string_view> known) {
  const auto nearest = nearest_name(name, known);
  return nearest ? "; did you mean " + std::string(*nearest) + "?" : std::string();
}

} // namespace pare
