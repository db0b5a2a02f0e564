#include "reports/writers/text.hpp"

#include "base/text.hpp"
#include "reports/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pare {

namespace {

std::string shown(const Cell &cell) {
  struct Visitor {
    std::string operator()(std::monostate /*empty*/) const { return {}; }
    std::string operator()(const std::string &text) const { return one_line(text); }
    std::string operator()(const Count &count) const { return thousands(rounded(count)); }
    std::string operator()(const Percent &percent) const { return fmt::format("{:.2f} %", percent.value); }
  };
  return std::visit(Visitor{}, cell);
}

/// A column as it is printed: one with SI beside it is two.
struct Printed {
  std::size_t column;
  bool si = false;
  Align align = Align::kLeft;
  std::size_t width = 0;
};

std::string text_of(const Printed &printed, const std::vector<Cell> &row) {
  if (!printed.si) return shown(row[printed.column]);
  const Count *count = std::get_if<Count>(&row[printed.column]);
  return count != nullptr ? si(*count) : std::string();
}

void append_line(std::string &out, const std::vector<std::pair<const Printed *, std::string>> &cells) {
  std::string line;
  for (const auto &[printed, text] : cells) {
    if (printed != cells.front().first) line += "  ";
    const std::string space(printed->width - std::min(printed->width, display_width(text)), ' ');
    line += printed->align == Align::kRight ? space + text : text + space;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + '\n';
}

} // namespace

std::string write_text(const Report &report) {
  std::vector<Printed> columns;
  for (std::size_t i = 0; i < report.columns.size(); ++i) {
    const Column &column = report.columns[i];
    columns.push_back({.column = i, .align = column.align, .width = display_width(column.heading)});
    if (column.with_si) columns.push_back({.column = i, .si = true, .align = Align::kRight});
  }
  for (Printed &printed : columns)
    for (const std::vector<Cell> &row : report.rows)
      printed.width = std::max(printed.width, display_width(text_of(printed, row)));

  std::string out;
  for (const std::string &line : report.title) out += one_line(line) + '\n';
  if (!columns.empty() && !report.rows.empty()) {
    if (!report.title.empty()) out += '\n';
    std::vector<std::pair<const Printed *, std::string>> cells;
    std::size_t total = 2 * (columns.size() - 1);
    for (const Printed &printed : columns) {
      cells.emplace_back(&printed, printed.si ? "" : report.columns[printed.column].heading);
      total += printed.width;
    }
    append_line(out, cells);
    out += std::string(total, '-') + '\n';
    for (const std::vector<Cell> &row : report.rows) {
      for (std::size_t i = 0; i < columns.size(); ++i) cells[i].second = text_of(columns[i], row);
      append_line(out, cells);
    }
  }
  if (!report.notes.empty()) {
    if (!out.empty()) out += '\n';
    for (const std::string &line : report.notes) out += one_line(line) + '\n';
  }
  return out;
}

} // namespace pare
