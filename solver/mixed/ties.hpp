#pragma once

#include "solver/mixed/request.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

/// Places of the layers that are chosen for as one, in the network's order; a layer that is tied to none is alone.
/// `chosen`: places in `sites` of the layers that are not settled. Throws Error{kUnknownName} or {kInvalidConfig}.
std::vector<std::vector<std::size_t>> tied(const std::vector<ConvSites> &sites, const std::vector<std::size_t> &chosen,
                                           const MixedRequest &request);

/// Whether a name is one that a pattern stands for: * is any letters.
bool matches(std::string_view pattern, std::string_view name);

/// The settings of a family that all of several layers accept, one for each network that they come to: those of the rule
/// where layers differ. Free numbers are of one shape, so that only a knob can be shared.
std::vector<Substitute> shared_candidates(const std::vector<ConvSites> &sites, const Substitute &family,
                                          const CandidateRule &rule);

} // namespace pare
