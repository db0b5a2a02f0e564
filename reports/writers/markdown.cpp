#include "reports/writers/markdown.hpp"

#include "base/text.hpp"
#include "reports/numbers.hpp"

#include <fmt/format.h>

#include <cctype>

namespace pare {

namespace {

std::string escaped(std::string_view text) {
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

std::string shown(const Cell &cell) {
  struct Visitor {
    std::string operator()(std::monostate /*empty*/) const { return {}; }
    std::string operator()(const std::string &text) const { return escaped(text); }
    std::string operator()(const Count &count) const { return rounded(count); }
    std::string operator()(const Percent &percent) const { return fmt::format("{:.2f} %", percent.value); }
  };
  return std::visit(Visitor{}, cell);
}

} // namespace

std::string write_markdown(const Report &report) {
  std::string out;
  for (const std::string &line : report.title) out += escaped(line) + "\n\n";
  out += '|';
  for (const Column &column : report.columns) out += ' ' + escaped(column.heading) + " |";
  out += "\n|";
  for (const Column &column : report.columns) out += column.align == Align::kRight ? " ---: |" : " :--- |";
  out += '\n';
  for (const std::vector<Cell> &row : report.rows) {
    out += '|';
    for (const Cell &cell : row) out += ' ' + shown(cell) + " |";
    out += '\n';
  }
  if (!report.notes.empty()) out += '\n';
  for (const std::string &line : report.notes) out += "- " + escaped(line) + '\n';
  return out;
}

} // namespace pare
