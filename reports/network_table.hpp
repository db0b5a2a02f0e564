#pragma once

#include "analysis/graph.hpp"
#include "reports/report.hpp"

#include <string_view>

namespace pare {

/// The layers of a network as it is, before anything is substituted: op, attributes, output shape, marks.
Report network_table(const Graph &graph, std::string_view name);

} // namespace pare
