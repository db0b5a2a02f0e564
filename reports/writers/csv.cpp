#include "reports/writers/csv.hpp"

#include "reports/numbers.hpp"

namespace pare {

namespace {

std::string quoted_csv(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string shown(const Cell &cell) {
  struct Visitor {
    std::string operator()(std::monostate /*empty*/) const { return {}; }
    std::string operator()(const std::string &text) const { return quoted_csv(text); }
    std::string operator()(const Count &count) const { return count.to_string(); }
    std::string operator()(const Percent &percent) const { return digits(percent.value); }
    std::string operator()(const Measured &measured) const { return digits(measured.mean); }
  };
  return std::visit(Visitor{}, cell);
}

} // namespace

std::string csv_heading(std::span<const Column> columns) {
  std::string out;
  for (const Column &column : columns) {
    if (&column != columns.data()) out += ',';
    out += quoted_csv(full_heading(column));
    if (column.with_sd) out += ',' + quoted_csv(sd_heading(column));
  }
  return out + "\n";
}

std::string csv_row(std::span<const Column> columns, std::span<const Cell> row) {
  std::string out;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) out += ',';
    out += shown(row[i]);
    if (!columns[i].with_sd) continue;
    out += ',';
    if (const auto sd = sd_of(row[i])) out += digits(*sd);
  }
  return out + "\n";
}

std::string write_csv(const Report &report) {
  std::string out = csv_heading(report.columns);
  for (const std::vector<Cell> &row : report.rows) out += csv_row(report.columns, row);
  return out;
}

} // namespace pare
