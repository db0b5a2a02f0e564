#include "train/experiments/per_layer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

namespace pare::train {

namespace {

/// What `all` is written out as.
std::vector<std::string> all_families() {
  std::vector<std::string> out;
  for (const Substitution *family : substitutions())
    if (family->info().among_all) out.push_back(parse_substitute(family->info().name, FreeKnob::kAllow).text());
  return out;
}

} // namespace

std::string PerLayerText::setting() const {
  const bool is_sum = objective == name_of(kObjectives, Objective::kSum);
  return fmt::format("{} ({})", kPerLayer, is_sum ? score.substr(0, score.find(':')) : objective);
}

PerLayerText describe(const MixedRequest &request) {
  PerLayerText out;
  out.families =
      request.families == all_families() ? std::string(kAllFamilies) : fmt::format("{}", fmt::join(request.families, ", "));
  out.score = request.table ? fmt::format("{}:{}", request.score, request.table->where()) : request.score;
  out.tie = name_of(kTies, request.tie);
  out.objective = name_of(kObjectives, request.objective);
  return out;
}

std::vector<std::string> families_of(const Network &network, const Plan &plan) {
  std::set<std::string> out;
  for (const Graph::Replaceable &mark : network.graph.replaceable()) {
    const Substitute *substitute = plan.find(network.graph.layer(network.graph.node(mark.node).layer).name);
    if (substitute != nullptr && substitute->family != baseline_substitute().family)
      out.emplace(substitute->family->info().name);
  }
  return {out.begin(), out.end()};
}

} // namespace pare::train
