#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pare::formats {

/// A regular expression of RE2 (no backreferences) and what a match of it becomes, in which \1 is the first group.
struct Rename {
  std::string pattern;
  std::string replacement;

  bool operator==(const Rename &) const = default;
};

/// Renames names: each rule, one after the other, replaces all its matches in what the rules before it left. Linear in a name's
/// length whatever the pattern.
class Renamer {
public:
  /// Throws Error{kInvalidValue} placed at WHERE[i] for a pattern that RE2 does not take, or a replacement that asks for a
  /// group which the pattern has not.
  Renamer(std::span<const Rename> rules, const std::string &where);
  ~Renamer();
  Renamer(Renamer &&) noexcept;
  Renamer &operator=(Renamer &&) noexcept;

  /// Throws Error{kLimit} for a name that has, or becomes, more than 4096 bytes.
  std::string operator()(std::string_view name) const;
  bool is_empty() const;

private:
  struct Rule;
  std::vector<Rule> rules_;
};

/// Reads a JSON list of [pattern, replacement]. Throws Error{kInvalidFile}, placed at `where`, for what is no such list, and
/// what Renamer throws.
std::vector<Rename> parse_renames(std::string_view json, const std::string &where);

} // namespace pare::formats
