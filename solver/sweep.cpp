#include "solver/sweep.hpp"

#include "base/bisect.hpp"
#include "base/text.hpp"
#include "solver/solver.hpp"
#include "solver/uniform/staircase.hpp"

#include <fmt/format.h>

#include <cassert>
#include <cmath>
#include <set>
#include <utility>

namespace pare {

Sweep::Sweep(const Network &network, const SweepRequest &request) : request_(request) {
  assert(request.points >= kFewestPoints && request.points <= request.most);
  original_ = costs_of(network.graph, {}, request.conventions);
  const SolveRequest asked{.substitution = request.substitution,
                           .budgets = {},
                           .conventions = request.conventions,
                           .where_refused = request.where_refused,
                           .max_width = request.max_width};
  problem_ = make_uniform_problem(network, asked, {.conventions = request.conventions, .original = original_, .budgets = {}},
                                  kept_, leaves_layers() ? SettingRange::kAnyApplies : SettingRange::kAllApply);
  knob_ = is_width(request.substitution) ? std::string(width_key(network))
                                         : parse_substitute(request.substitution, FreeKnob::kAllow).family->info().knob.name;
  note_what_is_below(network);
  if (const std::string searched = problem_->searched(); !searched.empty())
    notes_.push_back(fmt::format("the settings {} are taken", searched));
  if (problem_->axis() == UniformProblem::Axis::kWhole)
    notes_.push_back(fmt::format("{} has no end: its settings up to {} are taken", knob_, CandidateRule::kMostFactors));
  if (request.most == SweepRequest::kAll) return;
  over_plans([&](const UniformProblem::Plateau &plateau) {
    listed_.push_back(plateau);
    return listed_.size() <= request.most;
  });
  if (listed_.size() <= request.most) return;
  is_complete_ = false;
  listed_ = geometric();
  notes_.push_back(fmt::format("not every plan is listed: there are more than {}, and these {} are at geometric steps of {}",
                               request.most, listed_.size(), knob_));
}

void Sweep::note_what_is_below(const Network &network) {
  if (problem_->axis() != UniformProblem::Axis::kReal || ordinal_of(problem_->least()) == 1) return;
  Substitute below = parse_substitute(request_.substitution, FreeKnob::kAllow);
  below.knob = from_ordinal(ordinal_of(problem_->least()) - 1);
  std::set<std::string_view> staying;
  for (const Lowered::Kept &layer : kept_) staying.insert(layer.layer);
  for (const ConvSites &sites : replaceable_sites(network.graph)) {
    if (staying.contains(sites.front().name) || !resolve(sites, below).refusal) continue;
    notes_.push_back(fmt::format("there is no plan below {} = {}: {}", knob_, shortest(problem_->least()),
                                 leaves_layers() ? "it applies to no layer"
                                                 : fmt::format("{} does not accept it", plain(sites.front().name))));
    return;
  }
}

void Sweep::over_plans(const std::function<bool(const UniformProblem::Plateau &)> &visit) {
  const bool is_endless = problem_->axis() == UniformProblem::Axis::kWhole;
  over_steps(*problem_, [&](const UniformProblem::Plateau &plateau) {
    return !(is_endless && plateau.first > static_cast<double>(CandidateRule::kMostFactors)) && visit(plateau);
  });
}

std::vector<UniformProblem::Plateau> Sweep::geometric() {
  std::vector<UniformProblem::Plateau> out;
  if (problem_->axis() == UniformProblem::Axis::kReal) {
    // From the end of the first plateau, which may begin next to 0.
    out.push_back(listed_.front());
    const double least = out.front().end;
    const std::size_t steps = request_.points - 1;
    for (std::size_t i = 1; i <= steps; ++i) {
      const double setting =
          i == steps ? problem_->most() : std::pow(least, 1 - static_cast<double>(i - 1) / static_cast<double>(steps - 1));
      const UniformProblem::Plateau plateau = step_at(*problem_, setting);
      if (plateau.first > out.back().first) out.push_back(plateau);
    }
    return out;
  }
  std::vector<UniformProblem::Plateau> all;
  over_plans([&](const UniformProblem::Plateau &plateau) {
    all.push_back(plateau);
    return true;
  });
  for (const std::int64_t place : geometric_limits(1, static_cast<std::int64_t>(all.size()), request_.points))
    out.push_back(all[static_cast<std::size_t>(place - 1)]);
  return out;
}

void Sweep::run(const std::function<bool(const SweptPlan &)> &take) {
  const auto visit = [&](const UniformProblem::Plateau &plateau) {
    return take({.setting = problem_->setting(plateau),
                 .kept = static_cast<std::int64_t>(kept_.size()) + problem_->refusing(plateau.first)});
  };
  if (listed_.empty()) return over_plans(visit);
  for (const UniformProblem::Plateau &plateau : listed_)
    if (!visit(plateau)) return;
}

} // namespace pare
