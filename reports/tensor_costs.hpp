#pragma once

#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "reports/report.hpp"

namespace pare {

/// What a network's tensors cost on activations, by convention macs, by layer and in all: the estimates of closed forms
/// (kEstimates) beside what the two evaluations execute that can be executed, dense and contraction. Of layers that have no
/// such tensors, and of all that is not replaceable, each column has what is executed. Throws Error{kNotApplicable} where the
/// plan has no tensors that can be contracted.
Report tensor_costs(const Network &network, const Plan &plan, WhereRefused where_refused);

} // namespace pare
