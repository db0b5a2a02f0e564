#include "solver/verify.hpp"

#include "base/bisect.hpp"
#include "base/error.hpp"
#include "solver/mixed/problem.hpp"
#include "solver/solver.hpp"
#include "solver/uniform/problem.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

namespace pare {

namespace {

/// The plan's costs hold; the sentence says each.
bool check_budgets(const Design &design, const std::vector<Budget> &budgets, const Costs &costs, Verification &out) {
  std::vector<std::string> said;
  for (const Budget &budget : budgets) {
    const Count &value = costs.at(budget.quantity);
    said.push_back(fmt::format("{} {} {} {}", budget.quantity.text(), value.to_string(), to_string(budget.relation),
                               budget.limit.to_string()));
    if (budget.holds(value)) continue;
    out.objection = fmt::format("{} does not hold", said.back());
    return false;
  }
  out.proven = Proven::kFeasible;
  out.steps.push_back(
      fmt::format("the plan of {} layers, counted again: {}", design.plan.layers.size(), fmt::join(said, ", ")));
  return true;
}

/// One setting that is not the answer's.
struct Step {
  std::string text;
  Costs costs;
};

/// What could be a better answer than a uniform one: the steps next to it where costs never fall with the setting, else all.
struct Steps {
  std::vector<Step> steps;
  std::string why; ///< these are enough
};

class UniformSteps {
public:
  UniformSteps(const Design &design, const Substitute &setting, std::span<const Convention> conventions)
      : design_(design), setting_(setting), conventions_(conventions) {
    for (const ConvSites &layer : replaceable_sites(design.network.graph)) {
      const Substitute *own = design.plan.find(layer.front().name);
      if (own == nullptr || *own != setting) continue;
      layers_.push_back(layer.front().name);
      sites_.insert(sites_.end(), layer.begin(), layer.end());
    }
  }

  Steps find(bool both_sides) const {
    const KnobInfo &knob = setting_.family->info().knob;
    const double own = *setting_.knob;
    switch (knob.kind) {
    case KnobInfo::Kind::kReal: return beside(own, both_sides);
    case KnobInfo::Kind::kInteger: {
      Steps out{.steps = {}, .why = fmt::format("no cost falls as {} rises", knob.name)};
      add(out, own + 1);
      if (both_sides && own > static_cast<double>(knob.least)) add(out, own - 1);
      return out;
    }
    case KnobInfo::Kind::kGroups:
    case KnobInfo::Kind::kNone: break;
    }
    Steps out{.steps = {}, .why = "these are all"};
    std::int64_t most = 1;
    for (const ConvSite &site : sites_) most = std::max({most, site.in_channels(), site.out_channels()});
    std::optional<Structure> last;
    for (std::int64_t value = knob.least; value <= most; ++value) {
      const auto structure = structures(static_cast<double>(value));
      if (!structure || structure == last) continue;
      last = structure;
      add(out, static_cast<double>(value));
    }
    return out;
  }

private:
  std::optional<Structure> structures(double knob) const {
    Structure out;
    Substitute substitute = setting_;
    substitute.knob = knob;
    for (const ConvSite &site : sites_) {
      const Resolved own = resolve(site, substitute);
      if (own.refusal) return std::nullopt;
      out.insert(out.end(), own.structure.begin(), own.structure.end());
    }
    return out;
  }
  void add(Steps &out, double knob) const {
    Plan plan = design_.plan;
    Substitute substitute = setting_;
    substitute.knob = knob;
    for (const std::string &layer : layers_) plan.layers.at(layer) = substitute;
    out.steps.push_back({substitute.text(), costs_of(design_.network.graph, plan, conventions_)});
  }
  Steps beside(double own, bool both_sides) const {
    Steps out{.steps = {}, .why = fmt::format("no cost falls as {} rises", setting_.family->info().knob.name)};
    const auto structure = structures(own);
    const auto differs = [&](std::uint64_t o) { return structures(from_ordinal(o)) != structure; };
    const std::uint64_t at = ordinal_of(own);
    const std::uint64_t last = ordinal_of(1.0);
    if (at < last && differs(last)) add(out, from_ordinal(first_where(at, last, differs)));
    if (!both_sides) return out;
    const std::uint64_t begin = first_where(0, at, [&](std::uint64_t o) { return structures(from_ordinal(o)) == structure; });
    if (begin > 1 && structures(from_ordinal(begin - 1))) add(out, from_ordinal(begin - 1));
    return out;
  }

  const Design &design_;
  const Substitute &setting_;
  std::span<const Convention> conventions_;
  std::vector<std::string> layers_;
  std::vector<ConvSite> sites_;
};

Verification verify_uniform(const Design &design) {
  Verification out;
  const SolveSetting setting = resolve_budgets(design.network, design.budgets, design.conventions);
  const std::vector<Budget> &budgets = setting.budgets;
  const Costs own = costs_of(design.network.graph, design.plan, setting.conventions);
  if (!check_budgets(design, budgets, own, out)) return out;

  const auto nearest =
      std::find_if(budgets.begin(), budgets.end(), [](const Budget &b) { return b.relation == Relation::kNearest; });
  const bool has_nearest = nearest != budgets.end();
  Steps steps;
  const Substitute *found = nullptr;
  for (const auto &[layer, substitute] : design.plan.layers) {
    if (substitute == baseline_substitute()) continue;
    if (found != nullptr && *found != substitute) {
      out.objection = "its layers have several settings, and it has no certificate (per_layer)";
      return out;
    }
    found = &substitute;
  }
  // A layer stays as it is only where no setting fits it.
  for (const ConvSites &layer : replaceable_sites(design.network.graph)) {
    const Substitute *stays = design.plan.find(layer.front().name);
    if (found == nullptr || !found->knob || (stays != nullptr && *stays != baseline_substitute())) continue;
    Substitute any = *found;
    const KnobInfo &knob = any.family->info().knob;
    any.knob = knob.kind == KnobInfo::Kind::kReal ? 1.0 : static_cast<double>(knob.least);
    if (is_baseline(layer.front(), any) || resolve(layer, any).refusal) continue;
    out.proven = Proven::kNothing;
    out.objection = fmt::format("layer {} stays as it is, and {} fits it", layer.front().name, any.text());
    return out;
  }
  if (found != nullptr && found->knob) {
    steps = UniformSteps(design, *found, setting.conventions).find(has_nearest);
  } else if (found == nullptr && is_of_width(design)) {
    // Every width of the original, which is the network itself where none is named.
    const Network original = original_of(design);
    const Widths widths(original);
    const auto problem = make_width_problem(original, design.max_width.value_or(1), budgets, setting.conventions);
    if (design.max_width && design.termination.detail.find(problem->searched()) == std::string::npos) {
      out.proven = Proven::kNothing;
      out.objection = fmt::format("termination.detail must say how far was searched: {}", problem->searched());
      return out;
    }
    steps.why = fmt::format("these are all widths {}", problem->searched());
    for (const auto &plateau : problem->plateaus())
      steps.steps.push_back({problem->text(plateau.first), costs_of(widths.at(plateau.first).graph, {}, setting.conventions)});
  } else {
    out.objection = "the plan has no setting that could be another";
    return out;
  }

  const auto value = [&](const Costs &costs) { return has_nearest ? costs.at(nearest->quantity) : costs.at(Quantity{}); };
  for (const Step &step : steps.steps) {
    const auto broken =
        std::find_if(budgets.begin(), budgets.end(), [&](const Budget &b) { return !b.holds(step.costs.at(b.quantity)); });
    const bool is_better = has_nearest ? apart(value(step.costs), nearest->limit) < apart(value(own), nearest->limit)
                                       : value(step.costs) > value(own);
    if (broken != budgets.end() || !is_better) continue;
    out.objection = fmt::format("{} meets the budgets and is better: {} {}", step.text,
                                has_nearest ? nearest->quantity.text() : Quantity{}.text(), value(step.costs).to_string());
    out.proven = Proven::kNothing;
    return out;
  }
  out.proven = Proven::kOptimal;
  out.steps.push_back(steps.steps.empty()
                          ? "it is the largest there is"
                          : fmt::format("{} other settings, counted again, break a budget or are no better, and {}",
                                        steps.steps.size(), steps.why));
  return out;
}

Verification verify_answer(const Design &design, const MixedProblem &problem, const Control &control) {
  Verification out;
  const MixedAnswer &answer = *design.mixed;
  const auto object = [&](std::string why) {
    out.proven = Proven::kNothing;
    out.objection = std::move(why);
    return out;
  };
  if (problem.candidate_count() != answer.candidate_count || problem.layer_count() != answer.layer_count)
    return object(fmt::format("the network has {} candidates for {} layers, and the file says {} for {}",
                              problem.candidate_count(), problem.layer_count(), answer.candidate_count, answer.layer_count));
  if (problem.rounded() != answer.rounded) return object("it does not say which costs are rounded (rounded)");
  if (design.termination.reason == Reason::kInfeasible) {
    const CandidateTable table = *problem.table();
    check_table(table);
    const Proof none = prove(table, answer.certificate, nullptr, control);
    if (none.refuted) return object(none.detail);
    out.proven = none.proven;
    out.steps.push_back(fmt::format("{} made again", problem.description()));
    out.steps.push_back(fmt::format("{} ({} states)", none.detail, none.states));
    if (none.proven != Proven::kInfeasible) out.objection = none.detail;
    if (!answer.relaxations.empty() || !answer.binding.empty())
      out.steps.push_back("what would do (relaxations, binding) is the search's, and not proven again");
    return out;
  }
  const Costs own = costs_of(design.network.graph, design.plan, problem.setting().conventions);
  if (!check_budgets(design, problem.setting().budgets, own, out)) return out;
  using From = MixedProblem::From;
  const bool balanced = answer.request.objective == Objective::kBalanced && !problem.levels().empty(); // else nothing is chosen
  if (balanced && !answer.level) return object("the objective is balanced, and it has no level");
  const From from = balanced ? From::kAtLevel : From::kAll;
  const Level level = answer.level.value_or(Level{0, 1});
  const auto choice = problem.choice_of(design.plan, from, level);
  if (!choice)
    return object(balanced ? "a layer has what is no candidate at its level or above" : "a layer has what is no candidate");
  const auto table = problem.table(false, from, level);
  check_table(*table);

  const bool is_optimal = design.termination.reason == Reason::kOptimal;
  // A fill that nothing beats may stand at a level that something beats.
  const auto claimed = design.termination.bound;
  const bool is_best = is_optimal || (claimed && answer.value && *claimed == Count(*answer.value));
  const Proof proof = prove(*table, answer.certificate, &*choice, control, is_best ? Proven::kOptimal : Proven::kBound);
  if (proof.refuted) return object(proof.detail);
  if (claimed && proof.proven != Proven::kOptimal && !is_optimal && (!proof.bound || Count(*proof.bound) > *claimed))
    return object(fmt::format("the certificate's bound is {}, and the file says {}",
                              proof.bound ? std::to_string(*proof.bound) : "beyond 64 bits", claimed->to_string()));
  out.proven = is_optimal ? proof.proven : std::min(proof.proven, Proven::kBound);
  out.steps.push_back(fmt::format("{} made again", problem.description()));
  if (proof.bound)
    out.steps.push_back(fmt::format("no plan's value is above {} (units of 1e-9), by the certificate", *proof.bound));
  out.steps.push_back(fmt::format("{} ({} states)", proof.detail, proof.states));
  if (is_optimal && proof.proven != Proven::kOptimal) out.objection = proof.detail;
  if (!balanced || out.objection) return out;
  // And no plan keeps more.
  const std::vector<Level> levels = problem.levels();
  const auto next = std::find_if(levels.begin(), levels.end(), [&](const Level &l) { return compare(l, level) > 0; });
  if (next == levels.end()) {
    if (answer.next_level) return object("no candidate has a higher level, and the file names one");
    out.steps.push_back("no candidate keeps more than that level");
    return out;
  }
  if (answer.next_level != *next)
    return object(fmt::format("the next level is {} / {}, which the file does not say", next->first, next->second));
  if (!is_optimal && !answer.next_certificate) return out; // whether a plan keeps more is not known, and the file says so
  const auto above = problem.table(false, From::kAboveLevel, level);
  if (above) {
    if (!answer.next_certificate) return object("it has no certificate that the next level cannot be met");
    const Proof none = prove(*above, *answer.next_certificate, nullptr, control);
    if (none.refuted) return object(none.detail);
    if (none.proven != Proven::kInfeasible) {
      out.proven = Proven::kBound;
      out.objection = none.detail;
      return out;
    }
  }
  out.steps.push_back(
      fmt::format("no plan keeps {} / {} of each layer's degrees of freedom, the next level", next->first, next->second));
  return out;
}

Verification verify_mixed(const Design &design, const Control &control) {
  const MixedProblem problem = [&] {
    try {
      return MixedProblem(design.network, design.mixed->request);
    } catch (const Error &error) { // names and values are the file's, and no argument's
      throw Error(ErrorCode::kInvalidFile, "per_layer" + (error.where().empty() ? "" : "/" + error.where()), error.message());
    }
  }();
  Verification out = verify_answer(design, problem, control);
  const std::string sentence = problem.sentence(design.termination, *design.mixed);
  if (!out.objection && design.termination.detail != sentence) {
    out.proven = Proven::kNothing;
    out.objection = fmt::format("the sentence of proof (termination.detail) must be: {}", sentence);
  }
  return out;
}

} // namespace

Verification verify(const Design &design, const Control &control) {
  if (!design.is_solved) throw Error(ErrorCode::kInvalidFile, "", "it is no solved file (pare.solved/1), and claims nothing");
  Verification out = design.mixed ? verify_mixed(design, control) : verify_uniform(design);
  const Proven claimed = design.termination.reason == Reason::kInfeasible ? Proven::kInfeasible
                         : design.termination.reason == Reason::kOptimal  ? Proven::kOptimal
                         : design.mixed                                   ? Proven::kBound
                                                                          : Proven::kFeasible;
  out.is_claim = !out.objection && out.proven >= claimed;
  if (!out.is_claim && !out.objection) out.objection = "the limits of this verification ended it";
  return out;
}

} // namespace pare
