#pragma once

#include "command/command.hpp"

namespace pare::cli {

using namespace command; // what commands are made of

/// Of `cost`: --sweep, and --points beside it.
OptionInfo sweep_option();
OptionInfo sweep_points_option();
/// `cost --sweep`: every distinct plan of families.
int cost_sweep(const Arguments &arguments);

} // namespace pare::cli
