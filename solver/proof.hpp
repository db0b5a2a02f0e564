#pragma once

#include "solver/candidate_table.hpp"
#include "solver/control.hpp"
#include "solver/termination.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pare {

/// What is certain of a claim. Each level of an answer includes those before it.
enum class Proven : std::uint8_t {
  kNothing,
  kFeasible,   ///< the choice meets the budgets, and its scores sum to the value
  kBound,      ///< and no choice is better than `bound`
  kOptimal,    ///< and no choice is better than this one
  kInfeasible, ///< no choice meets the budgets
};
inline constexpr std::array kProvenLevels = {
    std::pair{Proven::kNothing, std::string_view("nothing")}, std::pair{Proven::kFeasible, std::string_view("feasible")},
    std::pair{Proven::kBound, std::string_view("bound")}, std::pair{Proven::kOptimal, std::string_view("optimal")},
    std::pair{Proven::kInfeasible, std::string_view("infeasible")}};
constexpr std::string_view to_string(Proven level) { return name_of(kProvenLevels, level); }

/// What prove() finds. refuted: the claim is false, and `proven` is kNothing. Neither refuted nor kOptimal or kInfeasible: the
/// certificate is too weak for the limits, or nobody asked for more.
struct Proof {
  Proven proven = Proven::kNothing;
  bool refuted = false;
  Limit limit = Limit::kNone;        ///< what ended the enumeration before its end
  std::optional<std::int64_t> bound; ///< floor(U / 2^shift); none where the value is none, or it is beyond 64 bits
  std::optional<std::int64_t> gap;   ///< bound - value; none where that is beyond 64 bits
  std::size_t candidates = 0;        ///< that could take part in a better choice, by layer and not by name
  std::size_t states = 0;            ///< partial choices that were looked at
  std::string detail;                ///< one sentence: what was proven, or why it was not
};

/// Proves what a certificate says of a table, by whole numbers of 128 bits, and with nothing of the search that made it.
///
/// The bound is the header's U. A choice of value v is short of it by
///   U - 2^shift v = sum of its candidates' losses + sum_j m_j s_j (limit_j - cost_j),
/// all of them >= 0, so that a better choice than the value has room for few losses only. The candidates within this room are
/// listed and all their choices enumerated: layer by layer, equal and worse partial choices left out, and what cannot meet a
/// budget or stay within the room any more. Limits and values that no sum of whole multiples reaches (greatest common divisors
/// of the differences within layers) are moved to the next that one does.
///
/// With a `choice` nothing better may be found; without one the value must be found as well. Where the value is none, nothing
/// that meets the budgets may be found, whatever its score. Other multipliers may leave a claim unproven, never turn a verdict.
///
/// `enough`: kFeasible and kBound spare the enumeration. Of `control` it heeds time, memory and interrupted. The table is
/// one that check_table() passes. Throws Error{kInvalidValue} for a certificate or a choice that does not fit the table (a
/// negative multiplier, a shift outside 0 ... 62, another number of layers), Error{kOverflow} beyond 120 bits.
Proof prove(const CandidateTable &table, const Certificate &certificate, const Choice *choice = nullptr,
            const Control &control = {}, Proven enough = Proven::kOptimal);

} // namespace pare
