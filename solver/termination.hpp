#pragma once

#include "base/count.hpp"
#include "base/enums.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pare {

enum class Reason : std::uint8_t {
  kOptimal,    ///< proven: nothing else is better
  kFeasible,   ///< meets the budgets; better ones may exist
  kInfeasible, ///< proven: nothing meets the budgets
  kUnknown,    ///< nothing was found, and nothing is proven
};
inline constexpr std::array kReasons = {
    std::pair{Reason::kOptimal, std::string_view("optimal")}, std::pair{Reason::kFeasible, std::string_view("feasible")},
    std::pair{Reason::kInfeasible, std::string_view("infeasible")}, std::pair{Reason::kUnknown, std::string_view("unknown")}};
constexpr std::string_view to_string(Reason reason) { return name_of(kReasons, reason); }

/// What ended a search that proves neither that its answer is optimal nor that there is none.
enum class Limit : std::uint8_t { kNone, kTime, kMemory, kGap, kInterrupted };
inline constexpr std::array kLimits = {
    std::pair{Limit::kNone, std::string_view("none")}, std::pair{Limit::kTime, std::string_view("time")},
    std::pair{Limit::kMemory, std::string_view("memory")}, std::pair{Limit::kGap, std::string_view("gap")},
    std::pair{Limit::kInterrupted, std::string_view("interrupted")}};
constexpr std::string_view to_string(Limit limit) { return name_of(kLimits, limit); }

/// Why a solver stopped. Optimal: gap is 0, no limit. Infeasible: neither bound nor gap, no limit. Feasible and unknown: a
/// limit.
struct Termination {
  Reason reason = Reason::kUnknown;
  Limit limit = Limit::kNone;
  std::optional<Count> bound;                    ///< nothing does better than this in the objective
  std::optional<Count> gap;                      ///< |objective - bound|
  std::string detail = "solve() was not called"; ///< one sentence for people
};

} // namespace pare
