#pragma once

#include "reports/report.hpp"

#include <string>

namespace pare {

/// Text for people: aligned, thousands separated, SI beside the exact number where a column asks for it.
std::string write_text(const Report &report);

} // namespace pare
