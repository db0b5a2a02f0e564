#include "reports/report.hpp"

#include <utility>

namespace pare {

std::string full_heading(const Column &column) {
  return column.unit.empty() ? column.heading : column.heading + " [" + column.unit + "]";
}

Column number_column(std::string heading, bool with_si) {
  return {.heading = std::move(heading), .unit = {}, .align = Align::kRight, .with_si = with_si};
}

} // namespace pare
