#pragma once

#include "analysis/convention.hpp"
#include "base/count.hpp"
#include "base/enums.hpp"
#include "solver/quantity.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace pare {

enum class Relation : std::uint8_t {
  kAtMost,  ///< <=
  kAtLeast, ///< >=
  kNearest, ///< ~
};
inline constexpr std::array kRelations = {std::pair{Relation::kAtMost, std::string_view("<=")},
                                          std::pair{Relation::kAtLeast, std::string_view(">=")},
                                          std::pair{Relation::kNearest, std::string_view("~")}};
constexpr std::string_view to_string(Relation relation) { return name_of(kRelations, relation); }

/// A limit on one quantity. A window is two of them.
struct Budget {
  Quantity quantity = {};
  Relation relation = Relation::kAtMost;
  Count limit = {};
  /// A limit given as a share of the original network: limit is set once that is counted.
  bool is_percentage = false;
  std::string written = {}; ///< as the user wrote it, blanks left out and the convention named: "mult-adds[macs]<=5%"

  /// "parameters <= 800000"
  std::string text() const;
  /// The same by a convention, in `written` too.
  Budget by(std::string_view convention_name) const;
  bool holds(const Count &value) const {
    switch (relation) {
    case Relation::kAtMost: return value <= limit;
    case Relation::kAtLeast: return value >= limit;
    case Relation::kNearest: break;
    }
    return true;
  }
};

/// Reads "parameters<=0.8M", "mult-adds<=1.2e8", "mult-adds[reference]<=100M", "activations<=1M", "stored-bytes>=4M",
/// "parameters~0.8M", "parameters<=5%"; "params" and "mult_adds" too. K, M, G, in small letters too, are powers of ten, and
/// numbers are read exactly. `bare_convention` is what mult-adds without one is counted by; where that is empty it must be
/// named. Throws Error{kUsage}.
Budget parse_budget(std::string_view text, std::string_view bare_convention = standard_convention().name);

/// Reads "parameters", "mult-adds", "mult-adds[reference]", "activations", "stored-bytes", as in a budget. Throws Error{kUsage}
/// placed at `where`.
Quantity parse_quantity(std::string_view text, const std::string &where,
                        std::string_view bare_convention = standard_convention().name);

/// A percentage turned into a limit, rounded down for kAtMost and up for kAtLeast.
Budget resolve_percentage(const Budget &budget, const Count &original);

} // namespace pare
