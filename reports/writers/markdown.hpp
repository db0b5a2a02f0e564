#pragma once

#include "reports/report.hpp"

#include <string>

namespace pare {

/// A table as GitHub reads it: numbers in plain digits, pipes and markup in words escaped.
std::string write_markdown(const Report &report);

} // namespace pare
