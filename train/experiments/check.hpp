#pragma once

#include "train/experiments/schedule.hpp"

#include <string>
#include <vector>

namespace pare::train {

/// What of a budget a setting must reach, or it is far from it.
inline constexpr double kFarPercent = 10;

/// What is allowed and yet looks like a slip, one line each: two networks with one list of settings, a teacher of other data, a
/// budget that is missed by more than kFarPercent, weight decay that a family does not scale by default or the other way round
/// and in all experiments alike, a batch norm that would see one value.
std::vector<std::string> slips(const Schedule &schedule);

} // namespace pare::train
