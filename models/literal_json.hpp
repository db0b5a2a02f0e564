#pragma once

// Not installed: it includes nlohmann_json.

#include "base/json.hpp"

#include <span>
#include <string>
#include <string_view>

namespace pare {

/// A call that a literal may have: NAME(...) is an object of its fields, given in this order or by name, as a namedtuple is.
struct LiteralCall {
  std::string_view name;
  std::span<const std::string_view> fields;
};

/// Reads one value as Python prints it, or as JSON is written: lists, tuples, dictionaries, strings of printable ASCII without
/// escapes, numbers, None (null), True, False, the call, range(), list() and tuple(); comments; `NAME = ` in front. Nothing is
/// evaluated. Lists, tuples and ranges are arrays. Throws Error{kInvalidValue} placed at `where`, with line and column, also
/// beyond 16 levels, and Error{kLimit} beyond a million values.
json::Value parse_literal(std::string_view text, const std::string &where, const LiteralCall &call);

} // namespace pare
