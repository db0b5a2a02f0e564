#pragma once

#include "solver/candidate_table.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace pare {

/// `pare.candidates/1`: a table and what is said to prove its best choice, for whoever wants to check it (solver/README.md).
struct CandidateFile {
  CandidateTable table;
  Certificate certificate;
};

/// The most that is read of one: a million candidates take 80 MB.
inline constexpr std::size_t kMostCandidateBytes = std::size_t{128} << 20;

/// A candidate to a line.
std::string write_candidates(const CandidateTable &table, const Certificate &certificate);

/// Throws Error{kInvalidFile} placed at `source` and the path of what is wrong, Error{kLimit} for more bytes or budgets than
/// are read, Error{kOverflow} where sums over a choice do not fit in 64 bits. The table passes check_table().
CandidateFile read_candidates(std::string_view text, const std::string &source);

/// The table as outside solvers read it, with whole numbers in digits: a number x_i_c for each candidate c of each layer i
/// (from 1 up), how many of the equal layers choose it. Comments say what layers and candidates are.
///
/// Free MPS, in which layer i's numbers sum to its equal layers (row layer_i), budget j is row budget_j, and the row loss,
/// the scores with their signs changed, is minimised.
std::string write_mps(const CandidateTable &table);
/// OPB of the pseudo-Boolean competitions. It has no numbers but 0 and 1, so that each of the equal layers has its own.
std::string write_opb(const CandidateTable &table);

} // namespace pare
