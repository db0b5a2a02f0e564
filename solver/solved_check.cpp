#include "solver/solved_check_json.hpp"

#include "analysis/cost_model.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "base/values.hpp"
#include "models/width.hpp"
#include "solver/uniform/problem.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <unordered_set>

namespace pare::solved {

using json::Value;

std::string_view json_key(Metric metric) {
  switch (metric) {
  case Metric::kParameters: return "parameters";
  case Metric::kMultAdds: return "mult_adds";
  case Metric::kActivations: return "activations";
  case Metric::kStoredBytes: return "stored_bytes";
  }
  return {};
}

bool is_number(const Value &value, const Count &counted) {
  if (counted.is_whole()) return json::as_whole(value) == counted.whole();
  return value.is_number() && std::abs(value.get<double>() - counted.to_double()) <= 1e-12 * std::abs(counted.to_double());
}

namespace {

/// The same but for the last digits of real numbers, which `scale` is as large as.
bool is_near(const Count &a, const Count &b, double scale) {
  return a == b || (!(a.is_whole() && b.is_whole()) && std::abs((a - b).to_double()) <= 1e-12 * std::abs(scale));
}

/// A count as write_solved() writes it: whole ones in digits, so that the same number always has the same form.
Count read_number(json::Members &members, std::string_view key) {
  const double real = members.real(key);
  const Value &value = members.at(key);
  if (const auto whole = json::as_whole(value)) return *whole;
  if (const std::string_view digits = json::in_digits(value); !digits.empty())
    json::refuse(value, members.place(key), key, fmt::format("a whole number{}", digits));
  return Count::from_real(real);
}

/// The same of what is counted: parameters are whole, and nothing is below 0.
Count read_count(json::Members &members, std::string_view key, const Quantity &quantity) {
  if (quantity.metric != Metric::kMultAdds) return members.whole(key, 0);
  Count out = read_number(members, key);
  if (out < Count(0)) json::refuse(members.at(key), members.place(key), key, "from 0 up");
  return out;
}

bool stays(const Substitute &substitute) { return substitute.family == baseline_substitute().family; }

} // namespace

void Recount::check_convention(std::string_view name, const json::Place &place) const {
  if (!all_known_ || costs_.find(Quantity::mult_adds(name))) return;
  std::vector<std::string_view> known;
  for (const auto &[quantity, count] : costs_)
    if (quantity.metric == Metric::kMultAdds) known.push_back(quantity.convention);
  place.fail(fmt::format("unknown convention {}; known, with those of the file: {}", shown(name), fmt::join(known, ", ")));
}

void Recount::check(const Value &written, const json::Place &place, std::string_view name, const Count &counted,
                    std::string_view whose) {
  if (is_number(written, counted)) return;
  place.fail(fmt::format("{} = {}, but {} has {}{}", name, json::shown(written), whose, counted.to_string(),
                         counted.is_whole() ? json::in_digits(written) : ""));
}

std::vector<Budget> read_budgets(const Value &budgets, const json::Place &place, const Recount &recount, const Costs *original,
                                 bool has_plan) {
  if (!budgets.is_array()) json::refuse(budgets, place, "budgets", "an array of objects");
  std::vector<Budget> out;
  for (std::size_t i = 0; i < budgets.size(); ++i) {
    json::Members members(budgets[i], place.item(i));
    Budget budget;
    Quantity &quantity = budget.quantity;
    quantity.metric = *value_of(kMetrics, members.choice("metric", names_of(kMetrics)));
    if (quantity.metric == Metric::kMultAdds)
      quantity.convention = members.text("convention");
    else if (members.said("convention") != nullptr)
      json::refuse(*members.said("convention"), members.place("convention"), "convention",
                   fmt::format("null: {} have none", to_string(quantity.metric)));
    budget.relation = *value_of(kRelations, members.choice("relation", names_of(kRelations)));
    if (quantity.metric == Metric::kMultAdds) recount.check_convention(quantity.convention, members.place("convention"));
    budget.limit = read_number(members, "limit");
    const Value &limit = members.at("limit");
    const Value &achieved = members.at("achieved");
    if (members.said("written") != nullptr) {
      const std::string text = members.text("written");
      Budget written;
      try {
        written = parse_budget(text);
      } catch (const Error &error) {
        members.place("written").fail(error.message());
      }
      if (original != nullptr && original->find(written.quantity))
        written = resolve_percentage(written, original->at(written.quantity));
      if (written.quantity != budget.quantity || written.relation != budget.relation ||
          (!written.limit.is_zero() && !is_number(limit, written.limit)))
        members.place("written").fail(fmt::format("written = {} is not {}", shown(text), budget.text()));
      budget.written = text;
    }
    members.finish();
    out.push_back(budget);
    if (!has_plan && !achieved.is_null())
      json::refuse(achieved, members.place("achieved"), "achieved", "null, since there is no plan");
    const auto counted = recount.value(budget.quantity);
    if (!has_plan || !counted) continue;
    Recount::check(achieved, members.place("achieved"), quantity.text(), *counted);
    if (!budget.holds(*counted) && !is_number(limit, *counted)) // equal but for the last digits of a real number
      members.place("achieved")
          .fail(fmt::format("{} {} is {} the limit, {}", quantity.text(), counted->to_string(),
                            budget.relation == Relation::kAtLeast ? "below" : "over", budget.limit.to_string()));
  }
  return out;
}

namespace {

// What only a search knows can still be of the right kind, and must not contradict the rest of the file.

/// What was solved for: the setting of all layers that are substituted, or the width.
struct SolvedFor {
  std::optional<Substitute> setting;
  std::string_view width_key; ///< where it is the width
  std::optional<double> knob;
  bool is_real = false; ///< the knob, which intervals are of then

  std::string text() const {
    return setting ? setting->text() : knob ? fmt::format("{}={}", width_key, shortest(*knob)) : std::string();
  }
};

SolvedFor solved_for(const Design &design) {
  SolvedFor out;
  bool is_one = true;
  for (const auto &[layer, substitute] : design.plan.layers) {
    if (stays(substitute)) continue;
    is_one = is_one && (!out.setting || *out.setting == substitute);
    out.setting = substitute;
  }
  if (!is_one) return {};
  if (out.setting) {
    out.knob = out.setting->knob;
    out.is_real = out.setting->family->info().knob.kind == KnobInfo::Kind::kReal;
  } else if (is_of_width(design)) {
    const Widths widths(design.network);
    out.width_key = widths.key();
    out.knob = widths.own();
    out.is_real = !widths.is_whole();
  }
  return out;
}

/// What all settings of what was solved for come to, on the layers that the plan substitutes.
struct AllSettings {
  bool is_ordered = false; ///< the next one up is the next network that the knob comes to
  bool is_endless = false; ///< there is no largest
  double most = 0;
  std::function<Structure(double)> structure; ///< empty where there is no such setting
  std::function<Costs(double)> costs;
  std::vector<double> known = {}; ///< settings whose costs the file must agree with
  bool are_all = false;           ///< the least and the most of all costs are among these, and unless ordered each network
};

/// Of a substitution. None where the family does not apply to all that it replaces.
std::optional<AllSettings> all_settings(const Design &design, const Substitute &setting,
                                        const std::vector<Convention> &conventions) {
  std::vector<Lowered::Kept> kept;
  for (const Graph::Replaceable &mark : design.network.graph.replaceable()) {
    const std::string &layer = design.network.graph.layer(design.network.graph.node(mark.node).layer).name;
    if (const Substitute *substitute = design.plan.find(layer); substitute == nullptr || stays(*substitute))
      kept.push_back({layer, {}});
  }
  try {
    const std::shared_ptr<UniformProblem> problem =
        make_substitution_problem(design.network, setting, {}, conventions, WhereRefused::kThrow, kept);
    using Axis = UniformProblem::Axis;
    AllSettings out{.is_ordered = problem->axis() != Axis::kEnumerated,
                    .is_endless = problem->axis() == Axis::kWhole,
                    .most = problem->most(),
                    .structure = {},
                    .costs = {},
                    .known = {problem->least()},
                    .are_all = true};
    if (problem->axis() == Axis::kReal) out.known.push_back(problem->most());
    if (problem->axis() == Axis::kEnumerated)
      for (const UniformProblem::Plateau &plateau : problem->plateaus()) out.known.push_back(plateau.first);
    out.structure = [problem](double knob) {
      return knob >= problem->least() && knob <= problem->most() ? problem->structure(knob) : Structure();
    };
    out.costs = [problem](double knob) { return problem->setting({knob, knob}).costs; };
    return out;
  } catch (const Error &) {
    return std::nullopt;
  }
}

/// Of a width of `original`. Each is a network that is built: not all of them are, but those that the file names, and the
/// widest.
AllSettings all_widths(const Widths &widths, double most, const std::vector<Convention> &conventions) {
  AllSettings out{.most = most, .structure = {}, .costs = {}, .known = {widths.own(), most}};
  out.structure = [&widths, most](double width) {
    try {
      return width <= most ? widths.channels(width) : Structure();
    } catch (const Error &) {
      return Structure();
    }
  };
  out.costs = [&widths, &conventions](double width) { return costs_of(widths.at(width).graph, {}, conventions); };
  return out;
}

/// Of the objective that a search proves: the parameters, or with a budget that is ~ the distance to it.
struct Objective {
  const Budget *nearest = nullptr;
  std::optional<Count> achieved; ///< none where the answer's cannot be told

  Count of(const Count &value) const { return nearest != nullptr ? apart(value, nearest->limit) : value; }
  /// What real numbers in it are as large as.
  double scale() const { return nearest != nullptr ? nearest->limit.to_double() : 1; }
};

Objective objective_of(const std::vector<Budget> &budgets, const Recount &recount) {
  Objective out;
  for (const Budget &budget : budgets)
    if (budget.relation == Relation::kNearest) out.nearest = &budget;
  if (const auto value = out.nearest != nullptr ? recount.value(out.nearest->quantity) : recount.value(Quantity{}))
    out.achieved = out.of(*value);
  return out;
}

/// Whether the reason is optimal.
bool check_termination(const Value &termination, const json::Place &place, const Objective &objective) {
  json::Members members(termination, place);
  const bool optimal = members.choice("reason", {"optimal", "feasible"}) == "optimal"; // there is an answer
  const auto count = [&](std::string_view key) {
    return members.said(key) != nullptr ? std::optional(read_number(members, key)) : std::nullopt;
  };
  const auto bound = count("bound");
  const auto gap = count("gap");
  if (gap && (optimal ? !gap->is_zero() : *gap < Count(0)))
    json::refuse(members.at("gap"), members.place("gap"), "gap", optimal ? "0, since the reason is optimal" : "from 0 up");
  if (bound && objective.achieved) {
    const Count &achieved = *objective.achieved;
    const std::string_view what =
        objective.nearest != nullptr ? "the answer's distance to the budget" : "the answer's parameters";
    const bool is_equal = is_near(*bound, achieved, objective.scale());
    if (optimal && !is_equal)
      json::refuse(members.at("bound"), members.place("bound"), "bound",
                   fmt::format("{}, {}, since the reason is optimal", achieved.to_string(), what));
    const bool is_worse = objective.nearest != nullptr ? *bound > achieved : *bound < achieved;
    if (!is_equal && is_worse)
      json::refuse(members.at("bound"), members.place("bound"), "bound",
                   fmt::format("{} {}, {}: nothing does better than the bound",
                               objective.nearest != nullptr ? "at most" : "at least", achieved.to_string(), what));
    if (const Count left = apart(*bound, achieved); gap && !is_near(*gap, left, objective.scale()))
      json::refuse(members.at("gap"), members.place("gap"), "gap",
                   fmt::format("{}, from {} to the bound", left.to_string(), what));
  }
  if (members.said("limit") != nullptr) members.choice("limit", names_of(kLimits)); // files of before have none
  members.text("detail");
  members.finish();
  return optimal;
}

/// [from, below); none for null.
using Interval = std::optional<std::pair<double, double>>;

/// `knob`: what it must hold, where that is known.
Interval read_interval(const Value &interval, const json::Place &place, const SolvedFor &answer, std::optional<double> knob) {
  if (knob && answer.is_real == interval.is_null())
    json::refuse(interval, place, "same_network_for",
                 answer.is_real ? "two numbers, the first below the second" : "null, since the setting is a whole number");
  if (interval.is_null()) return std::nullopt;
  const bool is_interval = interval.is_array() && interval.size() == 2 && interval[0].is_number() && interval[1].is_number() &&
                           interval[0] < interval[1];
  if (!is_interval) json::refuse(interval, place, "same_network_for", "null, or two numbers, the first below the second");
  const std::pair out{interval[0].get<double>(), interval[1].get<double>()};
  if (knob && !(out.first <= *knob && *knob < out.second))
    json::refuse(interval, place, "same_network_for",
                 fmt::format("from the first number to below the second, with the setting, {}, in it", shortest(*knob)));
  return out;
}

double just_below(double value) { return std::nextafter(value, -std::numeric_limits<double>::infinity()); }

/// That an interval has all settings of one network in it, and no other: structures never fall, so its ends tell.
void check_interval(const Value &written, const json::Place &place, const Interval &interval, double knob,
                    const AllSettings &all) {
  if (!interval) return;
  const Structure own = all.structure(knob);
  const auto check = [&](double setting, bool is_in) {
    if ((setting > 0 && all.structure(setting) == own) != is_in)
      json::refuse(written, place, "same_network_for",
                   fmt::format("all settings of one network, and {} is {} of them", shortest(setting), is_in ? "none" : "one"));
  };
  check(interval->first, true);
  check(just_below(interval->second), true);
  check(just_below(interval->first), false);
  check(interval->second, false);
}

/// The number of a setting as text, which must be one of what was solved for, and another than the answer's.
std::optional<double> read_next_setting(json::Members &members, const SolvedFor &answer) {
  const std::string text = members.text("setting");
  if (answer.text().empty()) return std::nullopt;
  std::optional<double> knob;
  bool is_other = false;
  if (answer.setting) {
    try {
      const Substitute next = parse_substitute(text);
      is_other = next.family == answer.setting->family && next.settings == answer.setting->settings &&
                 next.evaluated() == answer.setting->evaluated() && next != *answer.setting &&
                 next.numbers.has_value() == answer.setting->numbers.has_value();
      knob = next.knob;
    } catch (const Error &) { // no setting at all: said below
    }
  } else if (const std::string key = fmt::format("{}=", answer.width_key); text.starts_with(key)) {
    knob = parse_real(std::string_view(text).substr(key.size()));
    is_other = knob && *knob != *answer.knob;
  }
  if (!is_other)
    json::refuse(members.at("setting"), members.place("setting"), "setting",
                 fmt::format("another setting of what was solved for than the answer's, {}", answer.text()));
  return knob;
}

/// What a setting that is not the answer costs, as the file says.
using Written = std::map<Quantity, Count>;

/// The answer, as far as the file and its plan say what it is.
struct Answer {
  const Recount &recount;
  const std::vector<Budget> &budgets;
  const Objective &objective;
  bool optimal = false;
  SolvedFor solved_for;
  std::optional<AllSettings> all; ///< where these can be told
  Interval interval = {};
};

/// The fewest parameters above the answer's among the settings that are known; none where none has more.
std::optional<std::int64_t> least_above(const Answer &answer) {
  std::optional<std::int64_t> out;
  for (const double knob : answer.all->known)
    if (const std::int64_t value = answer.all->costs(knob).parameters(); value > answer.recount.costs().parameters())
      out = std::min(out.value_or(value), value);
  return out;
}

/// Nothing is next up: then the answer is the last.
void check_no_next(const Value &next, const json::Place &place, const Answer &answer) {
  if (!answer.all) return;
  const AllSettings &all = *answer.all;
  const bool is_last = all.is_ordered ? !all.is_endless && (!answer.interval || answer.interval->second > all.most)
                                      : !in_file(place, [&] { return least_above(answer); });
  if (!is_last) json::refuse(next, place, "next_up", "an object, since the answer is not the largest network");
}

/// What the next one up is and costs, where that can be counted.
void check_next(json::Members &members, json::Members &mult_adds, double knob, const Interval &interval, const Answer &answer) {
  const AllSettings &all = *answer.all;
  const Value &setting = members.at("setting");
  const json::Place at = members.place("setting");
  if (all.structure(knob).empty())
    json::refuse(setting, at, "setting", fmt::format("one that the network has, up to {}", shortest(all.most)));
  check_interval(members.at("same_network_for"), members.place("same_network_for"), interval, knob, all);
  if (all.is_endless && knob != *answer.solved_for.knob + 1) {
    Substitute above = *answer.solved_for.setting;
    above.knob = *above.knob + 1;
    json::refuse(setting, at, "setting", fmt::format("{}, the next one up", above.text()));
  }
  if (all.is_ordered && interval && answer.interval && interval->first != answer.interval->second)
    json::refuse(members.at("same_network_for"), members.place("same_network_for"), "same_network_for",
                 fmt::format("from {} up, where the answer's ends", shortest(answer.interval->second)));
  const Costs costs = in_file(at, [&] { return all.costs(knob); });
  const std::string whose = members.text("setting");
  Recount::check(members.at("parameters"), members.place("parameters"), Quantity{}.text(), costs.parameters(), whose);
  if (!all.is_ordered) {
    const auto least = in_file(at, [&] { return least_above(answer); });
    const bool is_more = costs.parameters() > answer.recount.costs().parameters();
    if (!is_more || (least ? costs.parameters() > *least || (all.are_all && costs.parameters() < *least) : all.are_all))
      json::refuse(setting, at, "setting",
                   least ? fmt::format("the next one up, of {} parameters{}", *least, all.are_all ? "" : " at most")
                         : std::string("of a network with more parameters than the answer"));
  }
  const auto check = [&](json::Members &of, std::string_view key, const Quantity &quantity) {
    if (const auto counted = costs.find(quantity); counted && answer.recount.value(quantity))
      Recount::check(of.at(key), of.place(key), quantity.text(), *counted, whose);
  };
  for (const auto &entry : mult_adds.object().items()) check(mult_adds, entry.key(), Quantity::mult_adds(entry.key()));
  for (const Metric metric : {Metric::kActivations, Metric::kStoredBytes})
    if (members.find(json_key(metric)) != nullptr) check(members, json_key(metric), {.metric = metric});
}

/// What is written of the next one up; none where there is none.
std::optional<Written> check_next_up(const Value &next, const json::Place &place, const Answer &answer) {
  const Recount &recount = answer.recount;
  const Objective &objective = answer.objective;
  const Interval &own_interval = answer.interval;
  if (next.is_null()) {
    check_no_next(next, place, answer);
    return std::nullopt;
  }
  json::Members members(next, place);
  const auto knob = read_next_setting(members, answer.solved_for);
  const Interval interval =
      read_interval(members.at("same_network_for"), members.place("same_network_for"), answer.solved_for, knob);
  if (interval && own_interval && interval->first < own_interval->second && own_interval->first < interval->second)
    members.place("same_network_for")
        .fail(fmt::format("same_network_for = {} must have no setting in it that is in the answer's, [{},{}]",
                          json::shown(members.at("same_network_for")), shortest(own_interval->first),
                          shortest(own_interval->second)));
  Written out;
  const std::int64_t parameters = members.whole("parameters", 0);
  if (parameters < recount.costs().parameters())
    json::refuse(members.at("parameters"), members.place("parameters"), "parameters",
                 fmt::format("at least the answer's, {}", recount.costs().parameters()));
  out.emplace(Quantity{}, parameters);
  json::Members mult_adds(members.at("mult_adds"), members.place("mult_adds"));
  for (const auto &entry : mult_adds.object().items()) {
    recount.check_convention(entry.key(), mult_adds.place(entry.key()));
    const Quantity quantity = Quantity::mult_adds(entry.key());
    out.emplace(quantity, read_count(mult_adds, entry.key(), quantity));
  }
  for (const Metric metric : {Metric::kActivations, Metric::kStoredBytes})
    if (members.find(json_key(metric)) != nullptr)
      out.emplace(Quantity{.metric = metric}, read_count(members, json_key(metric), {.metric = metric}));
  members.text("reason");
  members.finish();
  // It would be the answer, if it met the budgets and were better.
  const auto meets = [&](const Budget &budget) {
    const auto value = out.find(budget.quantity);
    return value != out.end() && budget.holds(value->second) &&
           (budget.relation == Relation::kNearest || value->second.is_whole() ||
            !is_near(value->second, budget.limit, budget.limit.to_double()));
  };
  if (answer.optimal && objective.achieved && std::all_of(answer.budgets.begin(), answer.budgets.end(), meets)) {
    const Quantity quantity = objective.nearest != nullptr ? objective.nearest->quantity : Quantity{};
    const Count better = objective.of(out.at(quantity));
    const bool is_better = objective.nearest != nullptr ? better < *objective.achieved : better > *objective.achieved;
    if (is_better && !is_near(better, *objective.achieved, objective.scale()))
      members.place().fail(fmt::format("{} of {} meets the budgets and is better than the answer, though the reason is optimal",
                                       quantity.text(), out.at(quantity).to_string()));
  }
  if (answer.all && knob) check_next(members, mult_adds, *knob, interval, answer);
  return out;
}

void check_attainable(const Value &attainable, const json::Place &place, const Answer &answer, bool is_next_null,
                      const std::optional<Written> &next) {
  const std::vector<Budget> &budgets = answer.budgets;
  const Recount &recount = answer.recount;
  json::Members members(attainable, place);
  const Quantity first = budgets.empty() ? Quantity{} : budgets.front().quantity;
  if (members.find("quantity") != nullptr) // files of before do not say it
    if (const std::string said = members.text("quantity"); !budgets.empty() && said != first.text())
      members.place("quantity").fail(fmt::format("quantity = {} must be the first budget's, {}", shown(said), first.text()));
  const Count smallest = read_count(members, "smallest", first);
  const auto largest = members.said("largest") != nullptr ? std::optional(read_count(members, "largest", first)) : std::nullopt;
  if (largest && *largest < smallest)
    json::refuse(members.at("largest"), members.place("largest"), "largest", "null, or from the smallest up");
  const auto check = [&](const Count &value, std::string_view whose) {
    const double scale = value.to_double();
    if (value < smallest && !is_near(value, smallest, scale))
      json::refuse(members.at("smallest"), members.place("smallest"), "smallest",
                   fmt::format("at most {}'s, {}", whose, value.to_string()));
    if (largest && value > *largest && !is_near(value, *largest, scale))
      json::refuse(members.at("largest"), members.place("largest"), "largest",
                   fmt::format("null, or at least {}'s, {}", whose, value.to_string()));
  };
  if (!budgets.empty()) {
    const auto achieved = recount.value(first);
    if (achieved) check(*achieved, "the answer");
    if (next)
      if (const auto value = next->find(first); value != next->end()) check(value->second, "the next one up");
    if (is_next_null && first.metric == Metric::kParameters && largest && *largest > *achieved)
      json::refuse(members.at("largest"), members.place("largest"), "largest",
                   fmt::format("the answer's, {}, since nothing is next up", achieved->to_string()));
    if (achieved && answer.all) {
      const AllSettings &all = *answer.all;
      std::vector<Count> values;
      for (const double knob : all.known) values.push_back(in_file(place, [&] { return all.costs(knob).at(first); }));
      const auto [least, most] = std::minmax_element(values.begin(), values.end());
      if (!all.are_all) {
        for (const Count &value : values) check(value, "a width");
        if (!largest)
          json::refuse(members.at("largest"), members.place("largest"), "largest", "a number, since widths have an end");
        if (first.metric == Metric::kParameters && smallest.is_zero())
          json::refuse(members.at("smallest"), members.place("smallest"), "smallest", "from 1 up: every width has parameters");
      } else {
        Recount::check(members.at("smallest"), members.place("smallest"), "smallest", *least, "the smallest network");
        if (!all.is_endless)
          Recount::check(members.at("largest"), members.place("largest"), "largest", *most, "the largest network");
        else if (largest)
          json::refuse(members.at("largest"), members.place("largest"), "largest", "null, since there is no end");
      }
    }
  }
  members.finish();
}

} // namespace

void check_kept(const Value &kept, const json::Place &place, const Plan &plan) {
  if (!kept.is_array()) json::refuse(kept, place, "kept", "an array of objects");
  std::unordered_set<std::string> listed;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    json::Members entry(kept[i], place.item(i));
    const std::string layer = entry.text("layer");
    entry.text("reason");
    entry.finish();
    const Substitute *substitute = plan.find(layer);
    if (substitute == nullptr || !stays(*substitute))
      entry.place("layer").fail(fmt::format("{} stays as it was, but the plan has {}", shown(layer),
                                            substitute == nullptr ? std::string("no such layer") : substitute->text()));
    if (!listed.insert(layer).second)
      entry.place("layer").fail(fmt::format("{} is listed twice; once would be accepted", shown(layer)));
  }
  for (const auto &[layer, substitute] : plan.layers)
    if (stays(substitute) && !listed.contains(layer))
      place.fail(fmt::format("the plan leaves {} as it was, and it is not listed", shown(layer)));
}

void check_search(json::Members &members, const Design &design, const Recount &recount, const std::vector<Budget> &budgets,
                  const std::vector<Convention> &conventions) {
  const Objective objective = objective_of(budgets, recount);
  const bool optimal = check_termination(members.at("termination"), members.place("termination"), objective);
  Answer answer{.recount = recount,
                .budgets = budgets,
                .objective = objective,
                .optimal = optimal,
                .solved_for = solved_for(design),
                .all = {}};
  const SolvedFor &asked = answer.solved_for;
  if (asked.knob && asked.setting) answer.all = all_settings(design, *asked.setting, conventions);
  const bool is_width = asked.knob && !asked.setting;
  if (members.said("max_width") != nullptr && !is_width)
    json::refuse(members.at("max_width"), members.place("max_width"), "max_width", "of a file whose width was solved for");
  std::optional<Widths> widths; // outlive what is asked of them
  if (is_width) {
    const Network whole = in_file(members.place("original"), [&] { return original_of(design); });
    widths.emplace(whole);
    const double most = in_file(members.place("max_width"), [&] { return widths->most(design.max_width.value_or(1)); });
    if (whole.family != design.network.family || widths->at(*asked.knob).name != design.network.name)
      members.place("original").fail(fmt::format("{} is not a width of it", plain(design.network.name)));
    if (*asked.knob > most)
      members.place("max_width")
          .fail(fmt::format("{} is above {}={}, the largest width that was tried", asked.text(), asked.width_key,
                            shortest(most)));
    answer.all = all_widths(*widths, most, conventions);
  }
  if (const Value *interval = members.find("same_network_for"); interval != nullptr) {
    const json::Place at = members.place("same_network_for");
    answer.interval = read_interval(*interval, at, asked, asked.knob);
    if (answer.all) check_interval(*interval, at, answer.interval, *asked.knob, *answer.all);
  }
  const Value *next = members.find("next_up");
  const auto next_costs = next == nullptr ? std::nullopt : check_next_up(*next, members.place("next_up"), answer);
  if (const Value *attainable = members.find("attainable"))
    check_attainable(*attainable, members.place("attainable"), answer, next != nullptr && next->is_null(), next_costs);
  if (members.said("nearest") != nullptr)
    json::refuse(members.at("nearest"), members.place("nearest"), "nearest", "null: the budgets are met");
}

void check_mixed_termination(const Value &termination, const json::Place &place, const MixedAnswer &answer, bool has_plan) {
  json::Members members(termination, place);
  if (!has_plan) {
    constexpr std::array kWithoutPlan = {to_string(Reason::kInfeasible), to_string(Reason::kUnknown)};
    if (members.choice("reason", kWithoutPlan) == to_string(Reason::kUnknown))
      place.member("reason").fail(
          "this file holds neither a plan nor a proof that there is none: the search ended at its limit");
    for (const std::string_view key : {"limit", "bound", "gap"})
      if (const Value *said = members.said(key)) json::refuse(*said, members.place(key), key, "null, since there is no plan");
    if (answer.value) place.member("reason").fail("there is no plan, and per_layer.value says that there is one");
    if (answer.level || answer.next_level || answer.next_certificate)
      place.member("reason").fail("there is no plan, and per_layer has a level of it");
    members.text("detail");
    members.finish();
    return;
  }
  const bool optimal = members.choice("reason", {"optimal", "feasible"}) == "optimal"; // there is a plan
  const bool has_limit = members.said("limit") != nullptr;
  if (has_limit) members.choice("limit", names_of(kLimits));
  if (has_limit == optimal)
    json::refuse(members.at("limit"), members.place("limit"), "limit",
                 optimal ? "null, since the reason is optimal" : "what ended the search");
  if (!answer.value) place.member("reason").fail("there is a plan, and per_layer.value says that there is none");
  const std::int64_t bound = members.whole("bound", INT64_MIN);
  if (optimal ? bound != *answer.value : bound < *answer.value)
    json::refuse(members.at("bound"), members.place("bound"), "bound",
                 fmt::format("{}{}, the plan's value", optimal ? "" : "at least ", *answer.value));
  if (const std::int64_t gap = members.whole("gap", 0); gap != bound - *answer.value)
    json::refuse(members.at("gap"), members.place("gap"), "gap",
                 fmt::format("{}, from the value to the bound", bound - *answer.value));
  members.text("detail");
  members.finish();
}

} // namespace pare::solved
