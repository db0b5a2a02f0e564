#include "train/experiments/check.hpp"

#include "base/error.hpp"
#include "solver/budget.hpp"
#include "solver/result.hpp"
#include "train/plan/batch_norm.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

namespace pare::train {

namespace {

using Lines = std::vector<std::string>;

/// A line that several experiments make stands once, with how many.
class Findings {
public:
  void add(const std::string &line, const std::string &name) {
    auto &names = lines_[line];
    if (names.empty()) order_.push_back(line);
    names.push_back(name);
  }
  Lines texts() const {
    Lines out;
    for (const std::string &line : order_) {
      const auto &names = lines_.at(line);
      out.push_back(names.size() == 1 ? fmt::format("{}: {}", names.front(), line)
                                      : fmt::format("{} and {} more: {}", names.front(), names.size() - 1, line));
    }
    return out;
  }

private:
  std::map<std::string, Lines> lines_;
  Lines order_;
};

/// On 30 January 2019 the settings of one network had been copied into the list of another.
void copied_settings(const Schedule &schedule, Lines &out) {
  std::map<std::string, std::map<std::string, std::set<std::string>>> settings; // network, family
  for (const Experiment &e : schedule.experiments)
    if (const std::string &given = schedule.designs[e.design].model.substitution; !given.empty()) {
      Substitute substitute = parse_substitute(given);
      substitute.by_own_name = false; // of one name, however it was asked for
      substitute.reference_name = {};
      settings[e.network][std::string(substitute.family->info().name)].insert(substitute.text());
    }
  for (auto one = settings.begin(); one != settings.end(); ++one)
    for (auto other = std::next(one); other != settings.end(); ++other) {
      Lines same;
      for (const auto &[family, list] : one->second) {
        const auto copy = other->second.find(family);
        if (list.size() > 1 && copy != other->second.end() && copy->second == list)
          same.insert(same.end(), list.begin(), list.end());
      }
      if (!same.empty())
        out.push_back(fmt::format("{} and {} have one list of settings: {}; was it copied?", one->first, other->first,
                                  fmt::join(same, ", ")));
    }
}

void teachers_of_other_data(const Schedule &schedule, Findings &out) {
  std::map<std::string, const Experiment *> by_identity;
  for (const Experiment &e : schedule.experiments) by_identity.emplace(e.identity, &e);
  for (const Experiment &e : schedule.experiments) {
    const ScheduledData &own = schedule.data[e.data];
    const std::string kind = parse_data_spec(own.spec).first;
    if (!e.outside_data.empty() && e.outside_data != kind)
      out.add(fmt::format("its teacher was trained on {}, and it learns {}", e.outside_data, kind), e.name);
    if (e.teacher.empty()) continue;
    const ScheduledData &other = schedule.data[by_identity.at(e.teacher)->data];
    if (other.fingerprint != own.fingerprint)
      out.add(fmt::format("its teacher {} is trained on {}, and it learns {}", by_identity.at(e.teacher)->name, other.spec,
                          own.spec),
              e.name);
  }
}

Costs costs_from(std::int64_t parameters, const std::map<std::string, Count> &mult_adds) {
  Costs out;
  out.set({}, parameters);
  for (const auto &[convention, count] : mult_adds) out.set(Quantity::mult_adds(convention), count);
  return out;
}

void missed_budgets(const Schedule &schedule, Findings &out) {
  for (const Experiment &e : schedule.experiments) {
    const ExperimentCosts &costs = schedule.designs[e.design].costs;
    const Costs achieved = costs_from(costs.parameters, costs.mult_adds);
    const Costs original = costs_from(costs.original_parameters, costs.original_mult_adds);
    for (const std::string &fit : e.budgets) {
      // One of several budgets of a fit binds, and the others are not reached.
      double nearest = INFINITY;
      std::string line;
      for (std::size_t begin = 0; begin < fit.size();) {
        const std::size_t end = std::min(fit.find(", ", begin), fit.size());
        const std::string text = fit.substr(begin, end - begin);
        begin = end + 2;
        Budget budget = parse_budget(text);
        const auto value = achieved.find(budget.quantity);
        const auto whole = original.find(budget.quantity);
        if (!value || !whole) continue; // of a convention that the schedule does not count by
        budget = resolve_percentage(budget, *whole);
        const double limit = budget.limit.to_double();
        const double away = 100 * std::abs(limit - value->to_double()) / limit;
        if (away >= nearest) continue;
        nearest = away;
        line = fmt::format("{} has {} {}, {:.1f} % away from {}", e.setting, budget.quantity.text(), value->to_string(), away,
                           text);
      }
      if (std::isfinite(nearest) && nearest > kFarPercent) out.add(line, e.name);
    }
  }
}

/// On 28 January 2019 four families turned out to have been trained without it.
void unusual_decay(const Schedule &schedule, Lines &out) {
  const auto standard = standard_decay_scaling();
  struct Seen {
    std::size_t usual = 0;
    std::size_t unusual = 0;
    std::set<std::string> values; ///< more than one: an axis
  };
  std::map<std::string, Seen> families;
  for (const Experiment &e : schedule.experiments)
    for (const std::string &family : schedule.designs[e.design].families) {
      const auto usual = standard.find(family);
      if (usual == standard.end()) continue;
      const auto &scaling = schedule.protocols[e.protocol].decay_scaling;
      const auto said = scaling.find(family);
      const bool same = said == scaling.end() || said->second == usual->second;
      Seen &seen = families[family];
      ++(same ? seen.usual : seen.unusual);
      if (!same) seen.values.insert(fmt::format("{} {}", said->second.on, said->second.factor.value_or(0)));
    }
  for (const auto &[family, seen] : families)
    if (seen.usual == 0 && seen.values.size() == 1)
      out.push_back(
          fmt::format("decay_scaling of {} is other than the family's own, {}, in {}, and is no axis", family,
                      standard.at(family) ? "on" : "off",
                      seen.unusual == 1 ? "its one experiment" : fmt::format("all of its {} experiments", seen.unusual)));
}

void single_values(const Schedule &schedule, Findings &out) {
  std::set<std::tuple<std::size_t, std::size_t, std::size_t>> seen;
  for (const Experiment &e : schedule.experiments) {
    const auto images = schedule.data[e.data].training_images;
    if (!images || !seen.emplace(e.design, e.protocol, e.data).second) continue;
    const ModelConfig &model = schedule.designs[e.design].model;
    const Protocol &protocol = schedule.protocols[e.protocol];
    const Design design = design_of(model);
    const Lowered lowered =
        lower(design.network.graph, design.plan, model.where_possible ? WhereRefused::kLeaveAsItIs : WhereRefused::kThrow);
    std::optional<Graph> head;
    if (const auto taps = lowered.graph.marked(Mark::kAuxiliaryTap);
        protocol.auxiliary_head && !taps.empty() && design.network.family != nullptr)
      head = design.network.family->auxiliary_head(design.network.values, lowered.graph.activation(taps[0]));
    try {
      check_batch_norms(lowered.graph, head ? &*head : nullptr, *images, protocol.batch, std::nullopt);
    } catch (const Error &error) {
      out.add(fmt::format("{}: {}", error.where(), error.message()), e.name);
    }
  }
}

} // namespace

std::vector<std::string> slips(const Schedule &schedule) {
  Lines out;
  copied_settings(schedule, out);
  unusual_decay(schedule, out);
  Findings findings;
  teachers_of_other_data(schedule, findings);
  missed_budgets(schedule, findings);
  single_values(schedule, findings);
  const Lines more = findings.texts();
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

} // namespace pare::train
