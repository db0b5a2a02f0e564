#include "reports/writers/markdown.hpp"

#include "base/text.hpp"
#include "reports/numbers.hpp"

#include <fmt/format.h>

#include <cctype>

namespace pare {

namespace {

std::string escaped_markdown(std::string_view text) {
  const std::string line = one_line(text);
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const unsigned char next = i + 1 < line.size() ? static_cast<unsigned char>(line[i + 1]) : 0;
    const bool markup = c == '\\' || c == '|' || c == '*' || c == '`';
    // "<" starts a tag only before these; "<=" is no markup.
    const bool tag = c == '<' && (std::isalpha(next) != 0 || next == '/' || next == '!' || next == '?');
    if (markup || tag) out += '\\';
    out += c;
  }
  return out;
}

std::string markdown_text(const Cell &cell, const Column &column, bool marks_missing) {
  struct Visitor {
    const Column &column;
    bool marks_missing;
    std::string operator()(std::monostate /*empty*/) const { return marks_missing ? "—" : ""; }
    std::string operator()(const std::string &text) const { return escaped_markdown(text); }
    std::string operator()(const Count &count) const { return people_digits(count, column); }
    std::string operator()(const Percent &percent) const { return fmt::format("{:.2f} %", percent.value); }
    std::string operator()(const Measured &measured) const {
      const std::string mean = people_digits(measured.mean, column);
      return measured.sd ? fmt::format("{} ± {}", mean, people_digits(*measured.sd, column)) : mean;
    }
  };
  const std::string text = std::visit(Visitor{column, marks_missing}, cell);
  return cell.best ? "**" + text + "**" : text;
}

} // namespace

std::string write_markdown(const Report &report) {
  std::string out;
  if (!report.caption.empty()) out += escaped_markdown(report.caption) + "\n\n";
  for (const std::string &line : report.title) out += escaped_markdown(line) + "\n\n";
  out += '|';
  for (std::size_t i = 0; i < report.columns.size(); ++i) out += ' ' + escaped_markdown(shown_heading(report, i)) + " |";
  out += "\n|";
  for (const Column &column : report.columns) out += column.align == Align::kRight ? " ---: |" : " :--- |";
  out += '\n';
  for (const std::vector<Cell> &row : report.rows) {
    out += '|';
    for (std::size_t i = 0; i < row.size(); ++i)
      out += ' ' + markdown_text(row[i], report.columns[i], report.marks_missing) + " |";
    out += '\n';
  }
  if (!report.notes.empty()) out += '\n';
  for (const std::string &line : report.notes) out += "- " + escaped_markdown(line) + '\n';
  return out;
}

} // namespace pare
