#pragma once

#include "analysis/tally.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

/// A way to count, as a row of data: which events a tool counts, and how heavily. A (op kind, spelling, event) that is not
/// listed weighs 0 and is reported as not counted.
struct Convention {
  struct Weight {
    std::string op;                   ///< an op kind: "conv"
    std::optional<Spelling> spelling; ///< none: both
    Event event;
    double weight = 1;
  };

  std::string name;
  std::string source; ///< what is counted, after which tool or paper
  std::vector<Weight> weights;
  bool shown = false; ///< in tables where no convention is asked for

  /// Weight of an event; none where it is not listed.
  std::optional<double> weight(std::size_t op_kind, Spelling spelling, Event event) const;
};

/// The conventions that Pare knows.
std::span<const Convention> conventions();
/// What "mult-adds" alone means: the first of them.
const Convention &standard_convention();
/// By its name in any case, of those that Pare has and then of `own`. Throws Error{kUnknownName} with the known names.
const Convention &find_convention(std::string_view name, std::span<const Convention> own = {});

/// Reads `pare.convention/1`:
///   {"schema": "pare.convention/1", "name": "mine", "source": "...", "weights": {"conv.mac": 1, "relu.module.element": 1}}
/// A key is op.event (both spellings) or op.spelling.event. Throws Error{kInvalidFile}; `where` names the text in it.
Convention parse_convention(std::string_view json, const std::string &where);
/// The same as JSON, on one line: reading it back gives the same convention.
std::string write_convention(const Convention &convention);

} // namespace pare
