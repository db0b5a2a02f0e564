#pragma once

#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "solver/candidate_table.hpp"
#include "solver/mixed/answer.hpp"
#include "solver/mixed/request.hpp"
#include "solver/solver.hpp"
#include "solver/termination.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pare {

/// A share of degrees of freedom, as a fraction in lowest terms.
using Level = std::pair<std::int64_t, std::int64_t>;
std::strong_ordering compare(const Level &a, const Level &b);

/// Families, or `all`, as substitutes with their setting left free, or given.
std::vector<Substitute> read_families(const std::vector<std::string> &names);

/// What each family comes to as one setting for the whole network within these budgets, layers that it does not fit left as
/// they are; families that have no answer, or no setting, are left out.
std::vector<Substitute> uniform_answers(const Network &network, const std::vector<std::string> &families,
                                        const std::vector<Budget> &budgets, const std::vector<Convention> &conventions);

/// What a table calls that for which nothing is chosen: its last layer, which has one candidate of that name.
inline constexpr std::string_view kRest = "rest";

/// The candidates of a request for a network, with their costs and scores: what is solved, and what is verified.
class MixedProblem {
public:
  /// Told how many layers have been scored, of how many, where a score looks at each by itself.
  using Scored = std::function<void(std::size_t done, std::size_t all)>;
  /// Throws Error for a request that makes no sense for the network.
  MixedProblem(const Network &network, const MixedRequest &request, const Scored &scored = {});

  /// All candidates, or of kBalanced those at or above a level, or above it.
  enum class From : std::uint8_t { kAll, kAtLevel, kAboveLevel };
  /// With texts where they are asked for: they take longer to make than all else. A layer may have no candidate of a level:
  /// then there is no table.
  std::optional<CandidateTable> table(bool with_texts = false, From from = From::kAll, const Level &level = {0, 1}) const;
  /// The plan of a choice from that table: each replaceable layer named.
  Plan plan(const Choice &choice, From from = From::kAll, const Level &level = {0, 1}) const;
  /// The choice from it that a plan is; none where some layer has what is no candidate.
  std::optional<Choice> choice_of(const Plan &plan, From from = From::kAll, const Level &level = {0, 1}) const;
  /// Of kBalanced: those of all candidates, ascending.
  std::vector<Level> levels() const;

  /// Puts another limit in the place of one of its budgets, whose quantity and relation stay. Candidates stay what they are, so
  /// that request().uniform must say which they take from uniform answers.
  void set_limit(std::size_t budget, const Budget &other);

  /// What is known before anything is searched.
  MixedAnswer unanswered() const;
  /// "94386 candidates for 24 layers (...)": their number and the rule that makes them.
  std::string description() const;
  /// The sentence of proof: what of an answer is certain, and among what. Of `termination` all but its own sentence counts.
  std::string sentence(const Termination &termination, const MixedAnswer &answer) const;
  /// Whether a replaceable layer is excluded or fixed.
  bool is_settled(std::string_view layer) const;
  /// What was asked for, families written out.
  const MixedRequest &request() const { return request_; }
  const SolveSetting &setting() const { return setting_; }
  /// Over all layers that are chosen for.
  std::size_t candidate_count() const { return candidate_count_; }
  /// Layers and ties that are chosen for.
  std::size_t layer_count() const { return units_.size(); }
  /// Whose costs are not whole, and are rounded against the user in each layer.
  const std::vector<Quantity> &rounded() const { return rounded_; }

private:
  /// Layers that are chosen for as one: a layer, or a tie.
  struct Unit {
    std::string name;                 ///< the first layer's
    std::vector<std::size_t> layers;  ///< places in sites_
    std::size_t options = 0;          ///< place in options_
    std::vector<std::int64_t> scores; ///< of each option, where they are its own
  };
  /// What there is to choose from for units of equal shapes.
  struct Options {
    std::vector<Substitute> substitutes;
    std::vector<std::int64_t> costs; ///< as CandidateTable::Layer::costs
    std::vector<std::int64_t> scores;
    std::vector<Level> levels; ///< of kBalanced: the least of the layers
  };

  void settle(const Network &network);
  /// `shapes`: one layer of each shape; `times`: how many there are of it.
  Options make_options(const std::vector<ConvSites> &shapes, const std::vector<std::int64_t> &times,
                       const std::vector<Substitute> &families, const std::vector<Substitute> &uniform);
  /// Appends a layer's costs in the budgets' order.
  void add_by_budget(const std::vector<Count> &costs, std::vector<std::int64_t> &out);
  /// Places in the options that are in the table.
  std::vector<std::uint32_t> taken(const Options &options, From from, const Level &level) const;

  MixedRequest request_;
  SolveSetting setting_;
  std::vector<Quantity> quantities_;
  const Score *score_;
  std::vector<ConvSites> sites_;
  std::vector<std::optional<Substitute>> settled_; ///< by layer: what is not chosen
  std::vector<Unit> units_;
  std::vector<Options> options_;
  std::vector<std::vector<std::size_t>> merged_; ///< units by layer of the table
  std::vector<std::int64_t> rest_;               ///< cost of all that is not chosen, by budget
  std::vector<Quantity> rounded_;
  std::set<std::string_view> unscored_; ///< families of candidates that have no score
  std::size_t candidate_count_ = 0;
};

} // namespace pare
