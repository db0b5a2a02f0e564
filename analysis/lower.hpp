#pragma once

#include "analysis/substitution.hpp"

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

/// Which substitute for each replaceable layer. What no entry names stays at its baseline.
struct Plan {
  std::optional<Substitute> uniform;                     ///< for every replaceable layer that `layers` does not name
  std::map<std::string, Substitute, std::less<>> layers; ///< by layer name

  const Substitute *find(std::string_view layer) const;
  /// A setting of the whole network: "Generic_0.1"; none where nothing is substituted.
  std::optional<std::string> text() const;
};

enum class WhereRefused : std::uint8_t {
  kThrow,       ///< a substitute that does not apply is an error
  kLeaveAsItIs, ///< the layer keeps its baseline and is listed
};

struct Lowered {
  Graph graph;
  struct Kept {
    std::string layer;
    std::string reason;
  };
  std::vector<Kept> kept; ///< left as they were, with kLeaveAsItIs
  /// How the families are evaluated that stand in the place of a layer; several ways of one in the order of kEvaluations.
  std::map<std::string, std::set<Evaluation>, std::less<>> evaluations = {};
  /// "tensor_train dense", "generic factored, tensor_train contraction and dense"; empty where nothing is substituted.
  std::string evaluation_text() const;
};

/// The graph with each replaceable layer written out as its substitute, or its baseline. This is what is counted,
/// exported and trained. Throws Error{kNotApplicable} or {kUnknownName} (a plan for a layer that the network has not).
Lowered lower(const Graph &graph, const Plan &plan, WhereRefused where_refused = WhereRefused::kThrow);

/// Says that a substitution replaces nothing: the network has no replaceable layer, or all of them are kept as they were.
std::string applies_to_no_layer(std::string_view substitute, std::span<const Lowered::Kept> kept);

/// A replaceable layer whose substitute has more parameters or more mult-adds (by standard_convention()) than its baseline.
struct Growth {
  std::string layer;
  std::string substitute;
  std::int64_t parameters_before = 0;
  std::int64_t parameters_after = 0;
  Count mult_adds_before;
  Count mult_adds_after;
};
std::vector<Growth> growths(const Graph &graph, const Plan &plan);

} // namespace pare
