#include "reports/writers/latex.hpp"

#include "base/text.hpp"
#include "reports/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pare {

namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : one_line(text)) {
    switch (c) {
    case '&':
    case '%':
    case '$':
    case '#':
    case '_':
    case '{':
    case '}': out += std::string("\\") + c; break;
    case '\\': out += "\\textbackslash{}"; break;
    case '~': out += "\\textasciitilde{}"; break;
    case '^': out += "\\textasciicircum{}"; break;
    case '<': out += "\\textless{}"; break;
    case '>': out += "\\textgreater{}"; break;
    case '|': out += "\\textbar{}"; break;
    // Behind the \\ that ends a row these would be its arguments.
    case '[':
    case ']':
    case '*': out += std::string("{") + c + '}'; break;
    default: out += c;
    }
  }
  return out;
}

std::string percent_digits(const Percent &percent) { return fmt::format("{:.2f}", percent.value); }

/// The number of a cell, empty where it has none.
std::string number(const Cell &cell) {
  if (const auto *count = std::get_if<Count>(&cell)) return rounded(*count);
  if (const auto *percent = std::get_if<Percent>(&cell)) return percent_digits(*percent);
  return {};
}

/// "S[table-format=8.0]" for a column of numbers: as many digits as its longest has on either side of the point.
std::string column_type(const Report &report, std::size_t column) {
  if (report.columns[column].align == Align::kLeft) return "l";
  std::size_t whole = 0;
  std::size_t decimals = 0;
  bool negative = false;
  for (const std::vector<Cell> &row : report.rows) {
    const std::string text = number(row[column]);
    if (text.empty()) continue;
    const std::size_t sign = text[0] == '-' ? 1 : 0;
    const std::size_t point = std::min(text.find('.'), text.size());
    negative = negative || sign == 1;
    whole = std::max(whole, point - sign);
    if (point < text.size()) decimals = std::max(decimals, text.size() - point - 1);
  }
  return whole == 0 ? "r" : fmt::format("S[table-format={}{}.{}]", negative ? "-" : "", whole, decimals);
}

std::string shown(const Cell &cell, const std::string &type) {
  if (const auto *text = std::get_if<std::string>(&cell)) return type[0] == 'S' ? "{" + escaped(*text) + "}" : escaped(*text);
  const std::string text = number(cell);
  if (text.empty() || type[0] == 'S') return text;
  return "\\num{" + text + "}";
}

} // namespace

std::string write_latex(const Report &report) {
  std::vector<std::string> types;
  std::string specification;
  for (std::size_t i = 0; i < report.columns.size(); ++i) {
    types.push_back(column_type(report, i));
    specification += (i > 0 ? " " : "") + types.back();
  }
  std::string out = "% \\usepackage{booktabs,siunitx}\n";
  for (const std::string &line : report.title) out += "% " + one_line(line) + '\n';
  out += "\\begin{tabular}{" + specification + "}\n\\toprule\n";
  for (std::size_t i = 0; i < report.columns.size(); ++i) {
    // What is a percentage says so in its heading; its cells are numbers.
    const Column &column = report.columns[i];
    out += (i > 0 ? " & " : "") + shown(Cell(full_heading(column)), types[i]);
  }
  out += " \\\\\n\\midrule\n";
  for (const std::vector<Cell> &row : report.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) out += (i > 0 ? " & " : "") + shown(row[i], types[i]);
    out += " \\\\\n";
  }
  out += "\\bottomrule\n\\end{tabular}\n";
  for (const std::string &line : report.notes) out += "% " + one_line(line) + '\n';
  return out;
}

} // namespace pare
