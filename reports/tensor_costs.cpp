#include "reports/tensor_costs.hpp"

#include "analysis/cost_model.hpp"
#include "analysis/explanation.hpp"
#include "base/enums.hpp"
#include "base/error.hpp"
#include "reports/numbers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>

namespace pare {

namespace {

constexpr std::array kExecuted = {Evaluation::kDense, Evaluation::kContraction};

bool is_contracted(const ConvSites &sites, const Substitute *planned) {
  return planned != nullptr && !is_baseline(sites.front(), *planned) &&
         !refused_evaluation(planned->family->info(), Evaluation::kContraction) && !resolve(sites, *planned).refusal;
}

/// By convention macs, on activations, for the whole batch.
Count macs_of(const ConvSites &sites, Substitute substitute, Evaluation evaluation) {
  substitute.evaluation = evaluation;
  Count out;
  for (const ConvSite &site : sites) {
    Graph graph;
    lower_site(graph, site, graph.add_input(site.input), substitute);
    out += count(graph).mult_adds(standard_convention());
  }
  return out;
}

} // namespace

Report tensor_costs(const Network &network, const Plan &plan, WhereRefused where_refused) {
  Report out{.title = {network.name, fmt::format("mult-adds[{}] of tensors, for a batch of {}", standard_convention().name,
                                                 network.input.batch)},
             .columns = {{.heading = "layer"}, {.heading = "substitute"}},
             .rows = {},
             .notes = {},
             .marks_missing = true};
  for (const EstimateInfo &estimate : kEstimates)
    out.columns.push_back(number_column(std::string(estimate.name) + " (estimate)"));
  for (const Evaluation evaluation : kExecuted)
    out.columns.push_back(number_column(std::string(name_of(kEvaluations, evaluation))));

  constexpr std::size_t kCosts = kEstimates.size() + kExecuted.size();
  const Lowered lowered = lower(network.graph, plan, where_refused);
  Count rest = count(lowered.graph).mult_adds(standard_convention());
  std::array<std::optional<Count>, kCosts> totals;
  totals.fill(Count(0));
  for (const ConvSites &sites : replaceable_sites(network.graph)) {
    const Substitute *planned = plan.find(sites.front().name);
    if (!is_contracted(sites, planned)) continue;
    const Substitute substitute = settled(sites, *planned);
    rest -= macs_of(sites, substitute, substitute.evaluated());
    std::array<std::optional<Count>, kCosts> costs;
    // Formulas are of one place.
    for (const ConvSite &site : sites)
      for (const Explanation::Step &step : explain(network.graph, site.name, plan).estimates)
        for (std::size_t i = 0; i < kEstimates.size(); ++i)
          if (kEstimates[i].name == step.name) costs[i] = costs[i].value_or(Count(0)) + Count::from_real(step.value);
    for (std::size_t i = 0; i < kExecuted.size(); ++i) costs[kEstimates.size() + i] = macs_of(sites, substitute, kExecuted[i]);
    std::vector<Cell> row{sites.front().name, substitute.setting()};
    for (std::size_t i = 0; i < kCosts; ++i) {
      row.push_back(costs[i] ? Cell(*costs[i]) : Cell());
      totals[i] = totals[i] && costs[i] ? std::optional(*totals[i] + *costs[i]) : std::nullopt;
    }
    out.rows.push_back(std::move(row));
  }
  if (out.rows.empty())
    throw Error(ErrorCode::kNotApplicable, "--tensor-costs",
                fmt::format("{} has no substitute that can be contracted; TensorTrain_0.1 would be accepted", network.name));
  out.groups.push_back(out.rows.size());
  std::vector<Cell> others{"all other layers", ""};
  std::vector<Cell> total{"total", ""};
  for (const std::optional<Count> &sum : totals) {
    others.emplace_back(rest);
    total.push_back(sum ? Cell(*sum + rest) : Cell());
  }
  out.rows.push_back(std::move(others));
  out.rows.push_back(std::move(total));
  if (!lowered.kept.empty())
    out.notes.push_back(fmt::format("{} layers were left as they were, such as {}: {}", lowered.kept.size(),
                                    lowered.kept.front().layer, lowered.kept.front().reason));
  for (const EstimateInfo &estimate : kEstimates)
    out.notes.push_back(fmt::format("{}, an estimate: {}", estimate.name, estimate.meaning));
  out.notes.emplace_back(
      "dense, contraction: executed by the evaluation of that name; merges and rebuilds, once per batch, apart");
  out.notes.push_back(fmt::format("{}: {}", standard_convention().name, standard_convention().source));
  return out;
}

} // namespace pare
