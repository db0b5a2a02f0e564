#pragma once

#include "reports/report.hpp"

#include <span>
#include <string>

namespace pare {

/// One page with a table element for each report, and a small style of its own.
std::string write_html(std::span<const Report> reports);

} // namespace pare
