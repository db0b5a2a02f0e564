#include "reports/writers/text.hpp"

#include "base/text.hpp"
#include "reports/breaks.hpp"
#include "reports/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pare {

namespace {

std::string cell_text(const Cell &cell, const Column &column, bool marks_missing) {
  struct Visitor {
    const Column &column;
    bool marks_missing;
    std::string operator()(std::monostate /*empty*/) const { return marks_missing ? "—" : ""; }
    std::string operator()(const std::string &text) const { return one_line(text); }
    std::string operator()(const Count &count) const { return thousands(people_digits(count, column)); }
    std::string operator()(const Percent &percent) const { return fmt::format("{:.2f} %", percent.value); }
    std::string operator()(const Measured &measured) const {
      const std::string mean = people_digits(measured.mean, column);
      return measured.sd ? fmt::format("{} ± {}", mean, people_digits(*measured.sd, column)) : mean;
    }
  };
  return std::visit(Visitor{column, marks_missing}, cell);
}

/// A column as it is printed: one with SI beside it is two.
struct Printed {
  std::size_t column;
  bool si = false;
  std::string heading = {};
  Align align = Align::kLeft;
  std::size_t width = 0;
  bool stars = false; ///< the best have one behind them, all others a blank
};

constexpr std::size_t kGap = 2; ///< between columns

std::size_t width_of(const std::vector<Printed> &columns) {
  std::size_t out = kGap * (columns.size() - 1);
  for (const Printed &printed : columns) out += printed.width;
  return out;
}

std::string text_of(const Printed &printed, const Report &report, const std::vector<Cell> &row) {
  if (!printed.si) {
    const Cell &cell = row[printed.column];
    const std::string text = cell_text(cell, report.columns[printed.column], report.marks_missing);
    return printed.stars ? text + (cell.best ? '*' : ' ') : text;
  }
  const Count *count = std::get_if<Count>(&row[printed.column]);
  return count != nullptr ? si(*count) : std::string();
}

/// Makes columns narrower until the table is no wider than text is, as far as that goes: first those that only their heading
/// makes wide, then the widest that has texts to break, and again.
void narrow(std::vector<Printed> &columns, const Report &report) {
  if (width_of(columns) <= kTextWidth) return;
  std::vector<std::size_t> least(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::size_t body = 0;
    for (const std::vector<Cell> &row : report.rows) {
      const std::string text = text_of(columns[i], report, row);
      body = std::max(body, display_width(text));
      least[i] = std::max(least[i], std::holds_alternative<std::string>(row[columns[i].column]) ? longest_piece(text)
                                                                                                : display_width(text));
    }
    if (const std::string &brief = report.columns[columns[i].column].brief; !brief.empty()) columns[i].heading = brief;
    const std::size_t heading = longest_piece(columns[i].heading);
    least[i] = std::max(least[i], heading);
    columns[i].width = std::max(body, heading);
  }
  for (;;) {
    const std::size_t total = width_of(columns);
    if (total <= kTextWidth) return;
    std::size_t widest = columns.size();
    for (std::size_t i = 0; i < columns.size(); ++i)
      if (columns[i].width > least[i] && (widest == columns.size() || columns[i].width > columns[widest].width)) widest = i;
    if (widest == columns.size()) return;
    Printed &column = columns[widest];
    column.width = std::max(least[widest], column.width - std::min(column.width, total - kTextWidth));
  }
}

/// A row, which takes as many lines as its tallest cell.
void append_row(std::string &out, const std::vector<Printed> &columns, const std::vector<std::string> &texts) {
  std::vector<std::vector<std::string>> cells;
  std::size_t height = 1;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    cells.push_back(broken(texts[i], columns[i].width));
    height = std::max(height, cells.back().size());
  }
  for (std::size_t at = 0; at < height; ++at) {
    std::string line;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) line.append(kGap, ' ');
      const std::string text = at < cells[i].size() ? cells[i][at] : std::string();
      const std::string space(columns[i].width - std::min(columns[i].width, display_width(text)), ' ');
      line += columns[i].align == Align::kRight ? space + text : text + space;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
}

void append_lines(std::string &out, const std::string &text, std::size_t indent) {
  for (const std::string &line : wrapped(one_line(text), kTextWidth, indent)) out += line + '\n';
}

} // namespace

std::string write_text(const Report &report) {
  std::vector<Printed> columns;
  for (std::size_t i = 0; i < report.columns.size(); ++i) {
    const Column &column = report.columns[i];
    const std::string heading = shown_heading(report, i);
    columns.push_back({.column = i,
                       .heading = heading,
                       .align = column.align,
                       .width = display_width(heading),
                       .stars = has_best(report, i)});
    if (column.with_si) columns.push_back({.column = i, .si = true, .align = Align::kRight});
  }
  for (Printed &printed : columns)
    for (const std::vector<Cell> &row : report.rows)
      printed.width = std::max(printed.width, display_width(text_of(printed, report, row)));

  std::string out;
  if (!report.caption.empty()) append_lines(out, report.caption, 0);
  for (const std::string &line : report.title) append_lines(out, line, 0);
  if (!columns.empty() && !report.rows.empty()) {
    if (!out.empty()) out += '\n';
    narrow(columns, report);
    std::vector<std::string> texts;
    for (const Printed &printed : columns) texts.push_back(printed.heading);
    append_row(out, columns, texts);
    out += std::string(width_of(columns), '-') + '\n';
    for (std::size_t at = 0; at < report.rows.size(); ++at) {
      if (begins_group(report, at)) out += std::string(width_of(columns), '-') + '\n';
      for (std::size_t i = 0; i < columns.size(); ++i) texts[i] = text_of(columns[i], report, report.rows[at]);
      append_row(out, columns, texts);
    }
  }
  const bool has_stars = std::any_of(columns.begin(), columns.end(), [](const Printed &printed) { return printed.stars; });
  if (!report.notes.empty() || has_stars) {
    if (!out.empty()) out += '\n';
    if (has_stars) append_lines(out, "* the best of its column", 2);
    for (const std::string &line : report.notes) append_lines(out, line, 2);
  }
  return out;
}

} // namespace pare
