#pragma once

#include "base/count.hpp"

#include <cstddef>
#include <functional>
#include <optional>

namespace pare {

/// What a search says each time that it knows more.
struct SearchProgress {
  std::optional<Count> best;  ///< value of the best plan so far
  std::optional<Count> bound; ///< no plan does better
  double seconds = 0;         ///< since the search began
};

/// How far a search may go, and how it is watched and stopped. What it has found by then it returns, with a bound that holds.
struct Control {
  std::optional<double> time_limit_seconds; ///< none: as long as it takes
  /// It stops once (bound - value) / max(|value|, 1) is at most this.
  double relative_gap = 0;
  /// Of the states that a search keeps, about; a search that would need more goes on with the best of them.
  std::size_t memory_bytes = std::size_t{1} << 30;
  std::function<void(const SearchProgress &)> progress; ///< at each improvement of best or bound; may be empty
  std::function<bool()> interrupted;                    ///< asked now and then; may be empty
};

} // namespace pare
