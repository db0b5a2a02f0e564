#include "solver/mixed/problem.hpp"

#include "analysis/cost_model.hpp"
#include "analysis/site_costs.hpp"
#include "base/error.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "base/wide.hpp"
#include "solver/mixed/ties.hpp"
#include "solver/site_key.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

namespace pare {

namespace {

void check_budgets(const std::vector<Budget> &budgets) {
  std::set<std::pair<Quantity, Relation>> seen;
  std::set<Quantity> quantities;
  for (const Budget &budget : budgets) {
    if (budget.relation == Relation::kNearest)
      throw Error(ErrorCode::kUsage, fmt::format("budget {}", budget.written),
                  "~ (nearest) is for one setting of the whole network; per layer, a window of >= and <= would be accepted");
    if (!seen.emplace(budget.quantity, budget.relation).second)
      throw Error(
          ErrorCode::kUsage, fmt::format("budget {}", budget.written),
          fmt::format("{} has another {}; one of each would be accepted", budget.quantity.text(), to_string(budget.relation)));
    quantities.insert(budget.quantity);
  }
  std::vector<std::string> named;
  for (const Quantity &quantity : quantities) named.push_back(quantity.text());
  if (quantities.size() > kMostBudgets)
    throw Error(ErrorCode::kUsage, "budget",
                fmt::format("{} quantities have a budget ({}), and a mixed plan may have {}", quantities.size(),
                            fmt::join(named, ", "), kMostBudgets));
}

/// Up for <=, down for >=: against the user.
std::int64_t against_user(const Count &cost, Relation relation) {
  if (cost.is_whole()) return cost.whole();
  const bool down = relation == Relation::kAtLeast;
  const double value = cost.to_double();
  const double near = down ? std::floor(value) : std::ceil(value);
  constexpr double kMost = 9007199254740992.0; // beyond which doubles are further apart than whole numbers
  if (!(std::fabs(near) <= kMost))
    throw Error(ErrorCode::kOverflow, "mult-adds", "a cost that is not whole must be at most 2^53 to be rounded");
  const auto rounded = static_cast<std::int64_t>(near);
  // A count has more digits than its double.
  if (down) return Count(rounded) > cost ? rounded - 1 : rounded;
  return Count(rounded) < cost ? rounded + 1 : rounded;
}

using CostRow = std::vector<Count>; // by quantity

void add(CostRow &to, const CostRow &cost, std::int64_t times) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += cost[i].repeated(times);
}

Level lowest_terms(std::int64_t part, std::int64_t whole) {
  const std::int64_t divisor = std::gcd(part, whole);
  return {part / divisor, whole / divisor};
}

} // namespace

std::vector<Substitute> read_families(const std::vector<std::string> &names) {
  std::vector<Substitute> out;
  const auto add = [&](const Substitute &family) {
    if (std::find(out.begin(), out.end(), family) == out.end()) out.push_back(family);
  };
  constexpr std::array kAll = {kAllFamilies};
  for (const std::string &name : names) {
    if (!find_name(name, kAll)) {
      add(parse_substitute(name, FreeKnob::kAllow));
      continue;
    }
    for (const Substitution *family : substitutions()) {
      const SubstitutionInfo &info = family->info();
      if (info.among_all) add(parse_substitute(info.name, FreeKnob::kAllow));
    }
  }
  if (out.empty()) throw Error(ErrorCode::kUsage, "families", "at least one family is needed, or all");
  return out;
}

std::strong_ordering compare(const Level &a, const Level &b) {
  return static_cast<Wide>(a.first) * b.second <=> static_cast<Wide>(b.first) * a.second;
}

std::vector<Substitute> uniform_answers(const Network &network, const std::vector<std::string> &families,
                                        const std::vector<Budget> &budgets, const std::vector<Convention> &conventions) {
  std::vector<Substitute> out;
  for (const std::string &name : families) {
    const Substitute family = parse_substitute(name, FreeKnob::kAllow);
    if (!family.has_free_knob()) continue;
    try {
      const Solution answer = solve_uniform(network, {.substitution = name,
                                                      .budgets = budgets,
                                                      .conventions = conventions,
                                                      .method = std::string(kDefaultMethod),
                                                      .where_refused = WhereRefused::kLeaveAsItIs});
      if (!answer.uniform->answer) continue;
      out.push_back(family);
      out.back().knob = answer.uniform->answer->knob;
    } catch (const Error &error) {
      // A family that applies nowhere, or whose costs no budget bounds, has no answer.
      if (error.code() != ErrorCode::kNotApplicable && error.code() != ErrorCode::kInvalidConfig &&
          error.code() != ErrorCode::kOverflow && error.code() != ErrorCode::kLimit)
        throw;
    }
  }
  return out;
}

MixedProblem::MixedProblem(const Network &network, const MixedRequest &request, const Scored &scored)
    : request_(request), setting_(resolve_budgets(network, request.budgets, request.conventions)),
      quantities_(quantities(setting_.conventions)), score_(&find_score(request.score)),
      sites_(replaceable_sites(network.graph)) {
  check_budgets(setting_.budgets);
  if (score_->info().needs_table != request.table.has_value() || score_->info().needs_weights != request.weights.has_value())
    throw Error(ErrorCode::kUsage, "score",
                !score_->info().needs_file() || (request.table && request.weights)
                    ? fmt::format("{} takes no file of {}", score_->info().name, request.table ? "scores" : "weights")
                    : fmt::format("{0} needs a file; {0}:FILE would be accepted", score_->info().name));
  std::optional<TeacherWeights> teacher;
  if (request.weights) {
    if (!request.weights->tensors)
      throw Error(ErrorCode::kInvalidFile, "score_weights",
                  fmt::format("{} was not read, and candidates are scored by it", shown(request.weights->file)));
    teacher.emplace(network.graph, *request.weights->tensors, request.weights->file);
    request_.weights->tensors.reset(); // nothing else needs them
  }
  if (request.objective == Objective::kBalanced && score_->info().name != kBalancedScore)
    throw Error(ErrorCode::kUsage, "score",
                fmt::format("the objective {} fills by {}; that score, or the objective {}, would be accepted",
                            name_of(kObjectives, Objective::kBalanced), kBalancedScore, name_of(kObjectives, Objective::kSum)));
  if (request.table) {
    std::set<std::string_view> names;
    for (const ConvSites &sites : sites_) names.insert(sites.front().name);
    for (const std::string_view layer : request.table->layers())
      if (!names.contains(layer))
        throw Error(ErrorCode::kInvalidFile, request.table->where(),
                    fmt::format("{} has no replaceable layer {}", network.name, shown(layer)));
  }
  const std::vector<Substitute> families = read_families(request.families);
  request_.families.clear();
  for (const Substitute &family : families) request_.families.push_back(family.text());
  request_.score = score_->info().name;
  settle(network);

  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < sites_.size(); ++i)
    if (!settled_[i]) chosen.push_back(i);
  for (std::vector<std::size_t> &layers : tied(sites_, chosen, request)) {
    std::string name = sites_[layers.front()].front().name;
    units_.push_back({.name = std::move(name), .layers = std::move(layers), .options = 0, .scores = {}});
  }
  std::vector<Substitute> uniform;
  if (request_.uniform)
    for (const std::string &setting : *request_.uniform) {
      uniform.push_back(parse_substitute(setting));
      const auto is_its = [&](const Substitute &family) {
        return family.family == uniform.back().family && family.settings == uniform.back().settings &&
               family.evaluated() == uniform.back().evaluated();
      };
      if (std::none_of(families.begin(), families.end(), is_its))
        throw Error(ErrorCode::kInvalidConfig, "uniform",
                    fmt::format("{} is of none of the families that are chosen from", shown(setting)));
    }
  else if (!units_.empty())
    uniform = uniform_answers(network, request_.families, setting_.budgets, setting_.conventions);

  Plan settled;
  for (std::size_t i = 0; i < sites_.size(); ++i)
    if (settled_[i]) settled.layers.emplace(sites_[i].front().name, *settled_[i]);
  const CostReport report = count(lower(network.graph, settled).graph);
  CostRow rest;
  for (const Quantity &quantity : quantities_) rest.push_back(amount(report, quantity, setting_.conventions));

  std::size_t scored_layers = 0;
  std::size_t all_layers = 0;
  for (const Unit &unit : units_) all_layers += unit.layers.size();
  std::map<std::vector<std::vector<SiteKey>>, std::size_t> known;
  std::map<std::vector<SiteKey>, CostRow> baselines;
  for (Unit &unit : units_) {
    std::vector<std::vector<SiteKey>> keys;
    for (const std::size_t layer : unit.layers) {
      keys.push_back(keys_of(sites_[layer]));
      const auto [baseline, is_new] = baselines.try_emplace(keys.back());
      if (is_new)
        baseline->second = amounts(candidate_costs(sites_[layer], {&baseline_substitute(), 1}, setting_.conventions), 0);
      add(rest, baseline->second, -1); // what is left once the layers are taken away
    }
    const auto [place, is_new] = known.try_emplace(keys, options_.size());
    unit.options = place->second;
    if (is_new) {
      std::vector<ConvSites> shapes;
      std::vector<std::int64_t> times;
      std::map<std::vector<SiteKey>, std::size_t> shape_of;
      for (std::size_t i = 0; i < unit.layers.size(); ++i) {
        const auto [shape, is_other] = shape_of.try_emplace(keys[i], shapes.size());
        if (is_other) {
          shapes.push_back(sites_[unit.layers[i]]);
          times.push_back(0);
        }
        ++times[shape->second];
      }
      options_.push_back(make_options(shapes, times, families, uniform));
    }
    const Options &options = options_[unit.options];
    candidate_count_ += options.substitutes.size();
    if (!score_->info().by_name) continue;
    unit.scores.assign(options.substitutes.size(), 0);
    for (const std::size_t layer : unit.layers) {
      if (scored) scored(scored_layers++, all_layers);
      const auto own = score_->scores({.sites = sites_[layer],
                                       .candidates = options.substitutes,
                                       .parameters = {},
                                       .table = request.table ? &*request.table : nullptr,
                                       .teacher = teacher ? &*teacher : nullptr});
      for (std::size_t c = 0; c < own.size(); ++c) unit.scores[c] = checked_add(unit.scores[c], own[c]);
    }
  }
  add_by_budget(rest, rest_);
  if (!unscored_.empty() && candidate_count_ == units_.size()) // each layer as it is
    throw Error(ErrorCode::kUsage, "families",
                fmt::format("{} has no score for any candidate of {}; another family would be accepted", score_->info().name,
                            fmt::join(unscored_, ", ")));

  // Equal layers are one of the table's, which chooses once for each.
  std::map<std::pair<std::size_t, std::vector<std::int64_t>>, std::size_t> places;
  for (std::size_t i = 0; i < units_.size(); ++i) {
    const auto [place, is_new] = places.try_emplace({units_[i].options, units_[i].scores}, merged_.size());
    if (is_new) merged_.emplace_back();
    merged_[place->second].push_back(i);
  }
}

void MixedProblem::settle(const Network &network) {
  settled_.resize(sites_.size());
  std::vector<std::string_view> names;
  for (const ConvSites &layer : sites_) names.push_back(layer.front().name);
  const auto settle = [&](const std::string &pattern, const Substitute &substitute, const std::string &where) {
    bool any = false;
    for (std::size_t i = 0; i < sites_.size(); ++i) {
      if (!matches(pattern, names[i])) continue;
      any = true;
      if (settled_[i] && *settled_[i] != substitute) // patterns may overlap
        throw Error(ErrorCode::kInvalidConfig, where,
                    fmt::format("layer {} is excluded or fixed twice, as {} and as {}; one would be accepted", shown(names[i]),
                                settled_[i]->text(), substitute.text()));
      if (const auto refusal = resolve(sites_[i], substitute).refusal) throw_refusal(sites_[i].front(), substitute, *refusal);
      settled_[i] = pare::settled(sites_[i], substitute);
    }
    if (!any)
      throw Error(ErrorCode::kUnknownName, where,
                  fmt::format("no replaceable layer of {} is called {}; there are {}{}{}", network.name, shown(pattern),
                              names.size(), names.empty() ? "" : fmt::format(", such as {}", plain(names.front())),
                              did_you_mean(pattern, names)));
  };
  for (const std::string &pattern : request_.excluded) settle(pattern, baseline_substitute(), "exclude");
  for (const auto &[pattern, text] : request_.fixed) settle(pattern, parse_substitute(text), "fix");
}

void MixedProblem::set_limit(std::size_t budget, const Budget &other) {
  assert(request_.uniform);
  assert(setting_.budgets[budget].quantity == other.quantity && setting_.budgets[budget].relation == other.relation);
  setting_.budgets[budget] = other;
  request_.budgets[budget] = other;
}

MixedProblem::Options MixedProblem::make_options(const std::vector<ConvSites> &shapes, const std::vector<std::int64_t> &times,
                                                 const std::vector<Substitute> &families,
                                                 const std::vector<Substitute> &uniform) {
  Options options;
  std::vector<Substitute> &out = options.substitutes;
  out.push_back(baseline_substitute());
  for (const Substitute &family : families) {
    const auto stands_there = [&](const ConvSites &shape) { return is_baseline(shape.front(), family); };
    if (std::all_of(shapes.begin(), shapes.end(), stands_there)) continue;
    if (shapes.size() > 1 && family.evaluated() == Evaluation::kCheapest && family.family->info().evaluations.size() > 1)
      throw Error(
          ErrorCode::kUsage, "families",
          fmt::format("{} is evaluated as is cheapest at each layer, and layers of different shapes are tied; without ties, or "
                      "with the evaluation {}, it would be accepted",
                      family.text(), name_of(kEvaluations, family.family->info().evaluations.front())));
    const auto own = shapes.size() == 1 && family.has_free_knob()
                         ? family.family->candidates(shapes.front(), family.settings, request_.rule)
                         : shared_candidates(shapes, family, request_.rule);
    for (Substitute candidate : own) {
      candidate.evaluation = family.evaluation;
      out.push_back(settled(shapes.front(), std::move(candidate)));
      out.back().by_own_name = family.by_own_name;
      out.back().reference_name = family.reference_name;
    }
  }
  // What the families' uniform answers come to here.
  const auto structures_of = [&](const Substitute &substitute) {
    std::vector<Structure> all;
    for (const ConvSites &shape : shapes) {
      Resolved own = resolve(shape, substitute);
      if (own.refusal) return std::vector<Structure>();
      all.push_back(std::move(own.structure));
    }
    return all;
  };
  using Structures = std::vector<Structure>;
  const auto without_knob = [&](const Substitute &substitute) {
    return std::tuple(substitute.family, substitute.settings, settled(shapes.front(), substitute).evaluated());
  };
  using Family = std::tuple<const Substitution *, Settings, Evaluation>;
  std::map<Family, std::set<Structures>> known; // of the families that have an answer
  for (const Substitute &answer : uniform) known.try_emplace(without_knob(answer));
  for (const Substitute &candidate : out)
    if (const auto family = known.find(without_knob(candidate)); family != known.end())
      family->second.insert(structures_of(candidate));
  for (const Substitute &answer : uniform) {
    const Structures own = structures_of(answer);
    if (own.empty()) continue;
    if (!known.at(without_knob(answer)).insert(own).second) continue;
    out.push_back(settled(shapes.front(), answer));
    if (shapes.size() > 1 || answer.family->info().numbers.name.empty()) continue;
    out.back().numbers = answer.family->numbers_of(shapes.front().front(), answer.settings, own.front());
    out.back().knob.reset();
  }

  std::erase_if(out, [&](const Substitute &candidate) {
    const auto is_unscored = [&](const ConvSites &shape) { return !score_->has_score(shape.front(), candidate); };
    if (std::none_of(shapes.begin(), shapes.end(), is_unscored)) return false;
    unscored_.insert(candidate.family->info().name);
    return true;
  });

  std::vector<CostRow> rows(out.size(), CostRow(quantities_.size()));
  options.scores.assign(out.size(), 0);
  for (std::size_t shape = 0; shape < shapes.size(); ++shape) {
    const CandidateCosts own = candidate_costs(shapes[shape], out, setting_.conventions);
    for (std::size_t c = 0; c < out.size(); ++c) add(rows[c], amounts(own, c), times[shape]);
    if (score_->info().by_name) continue;
    const auto worth = score_->scores({.sites = shapes[shape], .candidates = out, .parameters = own.parameters});
    for (std::size_t c = 0; c < out.size(); ++c)
      options.scores[c] = checked_add(options.scores[c], checked_mul(worth[c], times[shape]));
  }
  for (const CostRow &row : rows) add_by_budget(row, options.costs);
  if (request_.objective != Objective::kBalanced) return options;

  for (const Substitute &candidate : out) {
    std::optional<Level> least;
    for (const ConvSites &shape : shapes) {
      const Level own = lowest_terms(degrees_of_freedom(shape.front(), candidate).value,
                                     degrees_of_freedom(shape.front(), baseline_substitute()).value);
      if (!least || compare(own, *least) < 0) least = own;
    }
    options.levels.push_back(*least);
  }
  return options;
}

void MixedProblem::add_by_budget(const std::vector<Count> &costs, std::vector<std::int64_t> &out) {
  for (const Budget &budget : setting_.budgets) {
    const auto at = std::find(quantities_.begin(), quantities_.end(), budget.quantity) - quantities_.begin();
    const Count &cost = costs[static_cast<std::size_t>(at)];
    if (!cost.is_whole() && std::find(rounded_.begin(), rounded_.end(), budget.quantity) == rounded_.end())
      rounded_.push_back(budget.quantity);
    out.push_back(against_user(cost, budget.relation));
  }
}

std::vector<std::uint32_t> MixedProblem::taken(const Options &options, From from, const Level &level) const {
  std::vector<std::uint32_t> out;
  for (std::uint32_t c = 0; c < options.substitutes.size(); ++c) {
    const bool is_in = from == From::kAll || compare(options.levels[c], level) > 0 ||
                       (from == From::kAtLevel && compare(options.levels[c], level) == 0);
    if (is_in) out.push_back(c);
  }
  return out;
}

std::optional<CandidateTable> MixedProblem::table(bool with_texts, From from, const Level &level) const {
  CandidateTable out;
  for (const Budget &budget : setting_.budgets) {
    const bool at_least = budget.relation == Relation::kAtLeast;
    // A limit that is not whole binds at the whole number inside it.
    const std::int64_t limit = against_user(budget.limit, at_least ? Relation::kAtMost : Relation::kAtLeast);
    out.budgets.push_back({.quantity = budget.quantity.text(), .at_least = at_least, .limit = limit});
  }
  for (const std::vector<std::size_t> &units : merged_) {
    const Unit &first = units_[units.front()];
    const Options &options = options_[first.options];
    const std::vector<std::int64_t> &scores = first.scores.empty() ? options.scores : first.scores;
    CandidateTable::Layer &layer = out.layers.emplace_back();
    for (const std::size_t unit : units) layer.names.push_back(units_[unit].name);
    if (from == From::kAll) {
      layer.costs = options.costs;
      layer.scores = scores;
      if (with_texts)
        for (const Substitute &substitute : options.substitutes) layer.texts.push_back(substitute.text());
      continue;
    }
    const std::size_t budgets = out.budgets.size();
    for (const std::uint32_t c : taken(options, from, level)) {
      const auto costs = options.costs.begin() + static_cast<std::ptrdiff_t>(c * budgets);
      layer.costs.insert(layer.costs.end(), costs, costs + static_cast<std::ptrdiff_t>(budgets));
      layer.scores.push_back(scores[c]);
      layer.levels.push_back(options.levels[c]);
      if (with_texts) layer.texts.push_back(options.substitutes[c].text());
    }
    if (layer.size() == 0) return std::nullopt;
  }
  CandidateTable::Layer &rest = out.layers.emplace_back();
  rest.names = {std::string(kRest)};
  rest.costs = rest_;
  rest.scores = {0};
  if (with_texts) rest.texts = {std::string(kRest)};
  if (from != From::kAll) rest.levels = {{1, 1}};
  return out;
}

Plan MixedProblem::plan(const Choice &choice, From from, const Level &level) const {
  Plan out;
  for (std::size_t i = 0; i < sites_.size(); ++i)
    if (settled_[i]) out.layers.emplace(sites_[i].front().name, *settled_[i]);
  for (std::size_t layer = 0; layer < merged_.size(); ++layer) {
    const std::vector<std::uint32_t> places = taken(options_[units_[merged_[layer].front()].options], from, level);
    for (std::size_t name = 0; name < merged_[layer].size(); ++name) {
      const Unit &unit = units_[merged_[layer][name]];
      const Substitute &substitute = options_[unit.options].substitutes[places[choice[layer][name]]];
      for (const std::size_t at : unit.layers) out.layers.emplace(sites_[at].front().name, substitute);
    }
  }
  return out;
}

std::optional<Choice> MixedProblem::choice_of(const Plan &plan, From from, const Level &level) const {
  for (std::size_t i = 0; i < sites_.size(); ++i) {
    const Substitute *own = plan.find(sites_[i].front().name);
    if (own == nullptr || (settled_[i] && *own != *settled_[i])) return std::nullopt;
  }
  Choice out;
  for (const std::vector<std::size_t> &units : merged_) {
    std::vector<std::uint32_t> &choice = out.emplace_back();
    const Options &options = options_[units_[units.front()].options];
    const std::vector<std::uint32_t> places = taken(options, from, level);
    for (const std::size_t at : units) {
      const Unit &unit = units_[at];
      const Substitute &own = *plan.find(sites_[unit.layers.front()].front().name);
      const auto found =
          std::find_if(places.begin(), places.end(), [&](std::uint32_t c) { return options.substitutes[c] == own; });
      if (found == places.end()) return std::nullopt;
      for (const std::size_t layer : unit.layers)
        if (*plan.find(sites_[layer].front().name) != own) return std::nullopt;
      choice.push_back(static_cast<std::uint32_t>(found - places.begin()));
    }
  }
  out.push_back({0}); // the rest
  return out;
}

MixedAnswer MixedProblem::unanswered() const {
  MixedAnswer out;
  out.request = request_;
  out.candidate_count = candidate_count_;
  out.layer_count = layer_count();
  out.rounded = rounded_;
  return out;
}

std::string MixedProblem::description() const {
  const CandidateRule &rule = request_.rule;
  std::string which =
      rule.most == CandidateRule::kAll
          ? std::string("every structure of each family")
          : fmt::format("every structure of a family that has up to {} on a layer, else that many in geometric steps",
                        rule.most);
  if (rule.multiple_of != 1) which += fmt::format(", ranks and channels of groups multiples of {}", rule.multiple_of);
  which += request_.uniform ? fmt::format(", and {} uniform settings that are named", request_.uniform->size())
                            : std::string(", and each family's uniform answer");
  if (!unscored_.empty())
    which += fmt::format(", without those of {}, which have no {} score", fmt::join(unscored_, ", "), score_->info().name);
  std::string out = fmt::format("{} candidates for {} {} ({})", candidate_count_, units_.size(),
                                request_.tie == Tie::kNone ? "layers" : "ties", which);
  for (const Quantity &quantity : rounded_)
    out += fmt::format(", with {} rounded against the budgets to whole numbers in each layer", quantity.text());
  return out;
}

std::string MixedProblem::sentence(const Termination &termination, const MixedAnswer &answer) const {
  const std::string which = description();
  const std::string_view limit = to_string(termination.limit);
  const std::string gap = termination.gap
                              ? shortest(static_cast<double>(termination.gap->whole()) / static_cast<double>(kScoreUnit))
                              : std::string("what is unknown");
  const bool is_balanced = request_.objective == Objective::kBalanced;
  switch (termination.reason) {
  case Reason::kOptimal:
    if (answer.level)
      return fmt::format("no plan keeps more of every layer's degrees of freedom than {} / {}, and none at that level has "
                         "more parameters: optimal among {}",
                         answer.level->first, answer.level->second, which);
    return fmt::format("no plan has a higher {}: optimal among {}",
                       is_balanced ? "number of parameters" : fmt::format("sum of {}", request_.score), which);
  case Reason::kFeasible:
    if (is_balanced)
      return fmt::format(
          "a plan that meets the budgets; the search ended at its limit ({}): whether a plan keeps more of every "
          "layer's degrees of freedom is {}, and none at that level has more parameters by more than {} among {}",
          limit, answer.next_certificate || !answer.next_level ? "proven not to be" : "not known", gap, which);
    return fmt::format(
        "a plan that meets the budgets; the search ended at its limit ({}), and no plan is better by more than {} "
        "among {}",
        limit, gap, which);
  case Reason::kInfeasible: return fmt::format("no plan meets the budgets among {}", which);
  case Reason::kUnknown: break;
  }
  return fmt::format("the search ended at its limit ({}): no plan was found among {}, and none is known not to exist", limit,
                     which);
}

bool MixedProblem::is_settled(std::string_view layer) const {
  for (std::size_t i = 0; i < sites_.size(); ++i)
    if (sites_[i].front().name == layer) return settled_[i].has_value();
  return false;
}

std::vector<Level> MixedProblem::levels() const {
  std::vector<Level> out;
  for (const Options &options : options_) out.insert(out.end(), options.levels.begin(), options.levels.end());
  std::sort(out.begin(), out.end(), [](const Level &a, const Level &b) { return compare(a, b) < 0; });
  out.erase(std::unique(out.begin(), out.end()), out.end()); // in lowest terms, equal levels are the same
  return out;
}

} // namespace pare
