#pragma once

#include "models/network.hpp"
#include "solver/control.hpp"
#include "solver/mixed/request.hpp"
#include "solver/quantity.hpp"
#include "solver/result.hpp"
#include "solver/solver.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace pare {

inline constexpr std::size_t kFewestPoints = 2;
inline constexpr std::size_t kMostPoints = 10000; ///< of a front

/// Whole numbers spaced geometrically from `least` to `most`, both of them in it, ascending; fewer than `points` where they are
/// too near to each other. 1 <= least <= most; kFewestPoints <= points.
std::vector<std::int64_t> geometric_limits(std::int64_t least, std::int64_t most, std::size_t points);

/// Of each point as soon as it is solved; `place` counts from 1. `count`: how many there will be.
using PointSolved = std::function<void(const Solution &point, std::size_t place, std::size_t count)>;

/// The best plans, a family and a setting for each layer, under limits on `quantity` spaced geometrically from the least that
/// it can be to the most that anything is gained by, within the request's budgets, which are of other quantities. Each point is
/// what solve_mixed() gives for these budgets with its limit (the last of its budgets), proven alike, and the last point is the
/// best there is without one. All points have the same candidates, those of the families' uniform answers to every limit among
/// them (MixedRequest::uniform), so that a higher limit never has a lower value.
///
/// `control` is for each search by itself, its time too. An interrupted search ends the front: the points so far are returned.
/// A point that is not proven optimal is at least as good as the one before it. Where the other budgets cannot be met (or where
/// nothing was found in time) there is one solution, without a plan. Throws Error for a request that makes no sense.
std::vector<Solution> pareto(const Network &network, const MixedRequest &request, const Quantity &quantity, std::size_t points,
                             const Control &control = {}, const PointSolved &solved = {});

/// The settings of a family, or the widths, none of which another is better than: with no more of the quantity as many
/// parameters. Each is the answer to the request with the budget front_budget().
struct UniformFront {
  Quantity quantity;            ///< by its convention's own name
  std::vector<Setting> plans;   ///< ascending in the quantity, and in parameters
  std::size_t steps = 0;        ///< settings that were compared: all that meet the budgets; 0 with `points`
  std::optional<Solution> none; ///< where there are no plans: why
};

/// All of them, within the request's budgets; where settings have no end, and no budget is <=, up to the original network's
/// quantity. `points`: the answers to so many limits only, spaced geometrically from the least that is attainable to the most.
/// No plans: nothing meets the budgets. Throws Error{kLimit} where there are more than kMostPoints and no number of points is
/// given, and what solve_uniform() throws.
UniformFront uniform_front(const Network &network, const SolveRequest &request, const Quantity &quantity,
                           std::optional<std::size_t> points = {});

/// One of its plans, as the answer to the request with that budget besides, with its proof.
Solution front_plan(const Network &network, const SolveRequest &request, const UniformFront &front, std::size_t place);

/// "parameters<=799306": a plan's own cost as a limit, rounded up.
Budget front_budget(const Quantity &quantity, const Setting &plan);

} // namespace pare
