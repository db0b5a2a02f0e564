#pragma once

#include "analysis/convention.hpp"
#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "models/width.hpp"
#include "solver/pareto.hpp"
#include "solver/quantity.hpp"
#include "solver/result.hpp"
#include "solver/uniform/problem.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

/// Which settings of a family are walked through.
struct SweepRequest {
  static constexpr std::size_t kAll = SIZE_MAX;
  static constexpr std::size_t kStandardPoints = 1000;

  std::string substitution;            ///< "Generic", "tensor_train:dimensions=4", or "width"
  std::vector<Convention> conventions; ///< that plans are counted by
  /// With kLeaveAsItIs settings that some layers refuse are plans too, with these layers as they are.
  WhereRefused where_refused = WhereRefused::kThrow;
  double max_width = kStandardWidthTimes; ///< of `width`: how many times the network's own they go to
  /// All distinct plans where there are no more of them (kAll: however many there are), else `points` in geometric steps of
  /// the setting.
  std::size_t most = kMostPoints;
  std::size_t points = kStandardPoints;
};

/// One plan of a family, and the settings that give it.
struct SweptPlan {
  Setting setting;
  std::int64_t kept = 0; ///< layers that stay as they were
};

/// The distinct plans of one family: those whose replaceable layers differ somewhere in their structure. Costs are added up
/// from those of layers, each structure of which is lowered once.
class Sweep {
public:
  /// Finds out how many plans there are, and counts none of them. The network outlives it. Throws what solving does for a
  /// request that makes no sense, and Error{kNotApplicable}.
  Sweep(const Network &network, const SweepRequest &request);

  const std::string &substitution() const { return request_.substitution; }
  const std::string &knob() const { return knob_; }
  const std::vector<Convention> &conventions() const { return request_.conventions; }
  const Costs &original() const { return original_; }              ///< of the network, baselines in place
  const std::vector<Lowered::Kept> &kept() const { return kept_; } ///< layers that accept no setting
  bool leaves_layers() const { return request_.where_refused == WhereRefused::kLeaveAsItIs; }
  /// Whether every distinct plan of the settings that there are, up to an end that notes() name, is among them.
  bool is_complete() const { return is_complete_; }
  /// What is not among the plans, a sentence each.
  const std::vector<std::string> &notes() const { return notes_; }
  /// How many plans there are; none: that is not known.
  std::optional<std::size_t> count() const { return listed_.empty() ? std::nullopt : std::optional(listed_.size()); }

  /// Calls take() with each plan, in rising setting, until it returns false. Plans are counted as they are asked for. Throws
  /// Error{kOverflow}.
  void run(const std::function<bool(const SweptPlan &)> &take);

private:
  void note_what_is_below(const Network &network);
  /// The settings of all plans, until visit() returns false.
  void over_plans(const std::function<bool(const UniformProblem::Plateau &)> &visit);
  /// Those that are listed where all are too many.
  std::vector<UniformProblem::Plateau> geometric();

  SweepRequest request_;
  std::string knob_;
  Costs original_;
  std::vector<Lowered::Kept> kept_;
  std::unique_ptr<UniformProblem> problem_;
  std::vector<UniformProblem::Plateau> listed_; ///< empty: they are found one after the other
  bool is_complete_ = true;
  std::vector<std::string> notes_;
};

} // namespace pare
