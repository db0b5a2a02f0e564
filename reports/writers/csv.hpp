#pragma once

#include "reports/report.hpp"

#include <span>
#include <string>

namespace pare {

/// RFC 4180: a heading, then the rows; numbers in plain digits, nothing rounded. Title and notes are left out: a file holds one
/// table.
std::string write_csv(const Report &report);
/// Its lines, for tables that are written row by row.
std::string csv_heading(std::span<const Column> columns);
std::string csv_row(std::span<const Column> columns, std::span<const Cell> row);

} // namespace pare
