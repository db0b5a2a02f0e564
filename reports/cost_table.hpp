#pragma once

#include "analysis/convention.hpp"
#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "base/enums.hpp"
#include "models/network.hpp"
#include "reports/report.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pare {

/// What layers are put together by.
enum class GroupBy : std::uint8_t {
  kStage,  ///< output resolution: "32 x 32"
  kKernel, ///< "3 x 3", "3 x 3 depthwise", "3 x 3 grouped", "2 x 2 pool"
  kKind,   ///< the layer's kind: "conv"
};
inline constexpr std::array kGroupings = {std::pair{GroupBy::kStage, std::string_view("stage")},
                                          std::pair{GroupBy::kKernel, std::string_view("kernel")},
                                          std::pair{GroupBy::kKind, std::string_view("kind")}};
/// Throws Error{kUsage} placed at "--group-by" with what would be accepted.
GroupBy parse_group_by(std::string_view name);

/// What was counted, and how: everything that the tables and `pare.cost/1` say.
struct CostView {
  const Network &network;
  bool has_auxiliary_head = false;         ///< append_auxiliary_head() put it into the network
  std::optional<std::string> substitution; ///< the uniform one
  const Lowered &lowered;                  ///< of the network: what was counted
  const CostReport &cost;                  ///< count(lowered.graph, Detail::kLayers) where layers or groups are asked for
  std::vector<Convention> conventions;
  bool layers = false;
  std::optional<GroupBy> group_by;
};

/// The sum over some layers. The totals of all groups are those of the network.
struct CostGroup {
  std::string name; ///< "-" for layers that have none of what they are grouped by
  std::int64_t layers = 0;
  std::int64_t parameters = 0;
  std::vector<Count> mult_adds; ///< by convention, whole batch
  std::vector<Count> per_batch;
};
/// In the order in which they first occur in the network.
std::vector<CostGroup> cost_groups(const CostView &view, GroupBy group_by);

/// Tables for people: totals, what was not counted and kept layers; groups and layers where they are asked for.
std::vector<Report> cost_reports(const CostView &view);
/// One table, for formats that hold one: the layers or the groups where asked for, else the totals with what was not counted.
/// Throws Error{kUsage} where both are asked for.
Report cost_table(const CostView &view);

/// The document of schema `pare.cost/1`.
std::string write_cost_json(const CostView &view);

} // namespace pare
