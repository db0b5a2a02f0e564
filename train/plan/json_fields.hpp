#pragma once

// Strict reading of JSON, for this folder's own files. Not installed: it includes nlohmann_json.

#include <nlohmann/json.hpp>

#include <set>
#include <string>
#include <string_view>

namespace pare::train::json {

using Json = nlohmann::ordered_json;

/// Throws Error{kInvalidFile} placed at `where`, also for a key that is given twice and for nesting that would exhaust the
/// stack.
Json parse(std::string_view text, const std::string &where);

[[noreturn]] void fail(const std::string &where, const std::string &message);

/// The members of an object. Throws Error{kInvalidFile} placed at "where/key".
class Members {
public:
  /// The value must be an object.
  Members(const Json &object, std::string where);

  std::string place(std::string_view key) const { return where_ + "/" + std::string(key); }
  /// Null where it is missing.
  const Json *find(std::string_view key);
  const Json &at(std::string_view key);

  std::string text(std::string_view key);
  bool flag(std::string_view key);
  std::int64_t whole(std::string_view key, std::int64_t least);
  std::uint64_t natural(std::string_view key);
  double real(std::string_view key);

  /// A member that nobody has asked for is a fault.
  void finish() const;

private:
  const Json &object_;
  std::string where_;
  std::set<std::string, std::less<>> asked_;
};

} // namespace pare::train::json
