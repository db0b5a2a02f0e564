#pragma once

#include "analysis/convention.hpp"
#include "analysis/substitution.hpp"
#include "base/enums.hpp"
#include "solver/budget.hpp"
#include "solver/control.hpp"
#include "solver/scores/score.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pare {

/// What a plan that differs from layer to layer is the best in.
enum class Objective : std::uint8_t {
  kSum,      ///< the sum of the layers' scores
  kBalanced, ///< the least share of degrees of freedom that any layer keeps, then the parameters
};
inline constexpr std::array kObjectives = {std::pair{Objective::kSum, std::string_view("sum")},
                                           std::pair{Objective::kBalanced, std::string_view("balanced")}};

inline constexpr std::string_view kBalancedScore = "parameters"; ///< the score that kBalanced fills by

/// Which layers share family, keys and setting, each resolving its own structure.
enum class Tie : std::uint8_t {
  kNone,
  kStage,  ///< those of one output size
  kBlock,  ///< those whose names agree up to the last number in them that is not their end: layer1.0.conv1, layer1.0.conv2
  kShape,  ///< those that are equal but for their names
  kGroups, ///< MixedRequest::groups
};
inline constexpr std::array kTies = {
    std::pair{Tie::kNone, std::string_view("none")}, std::pair{Tie::kStage, std::string_view("stage")},
    std::pair{Tie::kBlock, std::string_view("block")}, std::pair{Tie::kShape, std::string_view("shape")},
    std::pair{Tie::kGroups, std::string_view("groups")}};

inline constexpr std::string_view kAllFamilies = "all";
inline constexpr std::size_t kMostBudgets = 4; ///< of a mixed plan; a window is one

/// What is asked for: for each replaceable layer a family at a setting of its own. All of it stands in the solved file, from
/// which `verify` makes the candidates again.
struct MixedRequest {
  /// Pare's own names with their standard keys, or as they are named (SepHashed, tucker:core=train). `all`: each family of the
  /// registry that has a setting, and sep; not hashed, whose mult-adds are those of the full convolution.
  std::vector<std::string> families = {std::string(kAllFamilies)};
  std::vector<Budget> budgets;         ///< <= or >=; on kMostBudgets quantities at most, each with one of either
  std::vector<Convention> conventions; ///< that the answer is counted by
  std::string score = std::string(kDefaultScore);
  std::optional<ScoreTable> table;     ///< where the score needs one
  std::optional<ScoreWeights> weights; ///< where the score needs them
  Objective objective = Objective::kSum;
  CandidateRule rule;
  /// Settings of families, whose structures are candidates where the rule leaves them out: pareto() takes the uniform answers
  /// of all its points. None: those of the families' own uniform answers to these budgets.
  std::optional<std::vector<std::string>> uniform;
  Tie tie = Tie::kNone;
  std::vector<std::vector<std::string>> groups; ///< layers by name, of Tie::kGroups
  /// Layers that stay as they are, and those with a substitute that is settled. Names, in which * stands for any letters.
  std::vector<std::string> excluded;
  std::vector<std::pair<std::string, std::string>> fixed;
  std::string method = "exact";

  /// What a plan of it is called: "per layer (capacity)", "per layer (balanced)".
  std::string text() const {
    const bool is_sum = objective == Objective::kSum;
    return "per layer (" + (is_sum ? score : std::string(name_of(kObjectives, objective))) + ")";
  }
};

/// Reads the file that the request's score needs.
void read_score_file(const std::string &path, MixedRequest &request);
/// Reads the weights that a solved file names, from where they lie now. Throws Error{kInvalidConfig} where they are others.
void read_weights_again(const std::string &path, ScoreWeights &weights);

} // namespace pare
