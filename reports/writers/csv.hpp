#pragma once

#include "reports/report.hpp"

#include <string>

namespace pare {

/// RFC 4180: a heading, then the rows; numbers in plain digits, nothing rounded. Title and notes are left out: a file holds one
/// table.
std::string write_csv(const Report &report);

} // namespace pare
