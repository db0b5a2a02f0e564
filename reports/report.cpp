#include "reports/report.hpp"

#include <algorithm>
#include <utility>

namespace pare {

std::string full_heading(const Column &column) {
  return column.unit.empty() ? column.heading : column.heading + " [" + column.unit + "]";
}

std::string shown_heading(const Report &report, std::size_t column) {
  const bool has_signs = std::any_of(report.rows.begin(), report.rows.end(), [&](const std::vector<Cell> &row) {
    return std::holds_alternative<Percent>(row[column]);
  });
  return has_signs ? report.columns[column].heading : full_heading(report.columns[column]);
}

std::string sd_heading(const Column &column) {
  Column sd = column;
  sd.heading += " sd";
  return full_heading(sd);
}

std::optional<double> sd_of(const Cell &cell) {
  const auto *measured = std::get_if<Measured>(&cell);
  return measured != nullptr ? measured->sd : std::nullopt;
}

bool has_best(const Report &report, std::size_t column) {
  return std::any_of(report.rows.begin(), report.rows.end(), [&](const std::vector<Cell> &row) { return row[column].best; });
}

bool begins_group(const Report &report, std::size_t row) {
  return std::find(report.groups.begin(), report.groups.end(), row) != report.groups.end();
}

Column number_column(std::string heading, bool with_si) {
  return {.heading = std::move(heading), .unit = {}, .align = Align::kRight, .with_si = with_si};
}

} // namespace pare
