#pragma once

#include "reports/report.hpp"

#include <string>

namespace pare {

/// An array with an object for each row, keyed by heading; an empty cell is null.
std::string write_json(const Report &report);

} // namespace pare
