#include "reports/writers/latex.hpp"

#include "base/text.hpp"
#include "reports/breaks.hpp"
#include "reports/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pare {

std::string escaped_latex(std::string_view text) {
  std::string out;
  std::string line = one_line(text);
  // Of Pare's own words; not every font has them.
  for (const auto &[from, to] : {std::pair{"±", '\1'}, std::pair{"—", '\2'}})
    for (std::size_t at; (at = line.find(from)) != std::string::npos;) line.replace(at, std::string_view(from).size(), 1, to);
  for (const char c : line) {
    switch (c) {
    case '&':
    case '%':
    case '$':
    case '#':
    case '_':
    case '{':
    case '}': out += std::string("\\") + c; break;
    case '\\': out += "\\textbackslash{}"; break;
    case '\1': out += "$\\pm$"; break;
    case '\2': out += "---"; break;
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

namespace {

/// The number of a cell as siunitx reads it, "4.31(12)" with its uncertainty; empty where it has none.
std::string number(const Cell &cell, const Column &column) {
  if (const auto *count = std::get_if<Count>(&cell)) return people_digits(*count, column);
  if (const auto *percent = std::get_if<Percent>(&cell)) return fmt::format("{:.2f}", percent->value);
  const auto *measured = std::get_if<Measured>(&cell);
  if (measured == nullptr) return {};
  const std::string mean = people_digits(measured->mean, column);
  if (!measured->sd) return mean;
  std::string sd = people_digits(*measured->sd, column); // in units of the last digit
  sd.erase(std::remove(sd.begin(), sd.end(), '.'), sd.end());
  sd.erase(0, std::min(sd.find_first_not_of('0'), sd.size() - 1));
  return fmt::format("{}({})", mean, sd);
}

/// "S[table-format=8.0]" for a column of numbers: as many digits as its longest has on either side of the point, and of its
/// uncertainty.
std::string column_type(const Report &report, std::size_t column) {
  if (report.columns[column].align == Align::kLeft) return "l";
  std::size_t whole = 0;
  std::size_t decimals = 0;
  std::size_t uncertainty = 0;
  bool negative = false;
  for (const std::vector<Cell> &row : report.rows) {
    const std::string all = number(row[column], report.columns[column]);
    const std::string text = all.substr(0, all.find('('));
    if (text.empty()) continue;
    if (all.size() > text.size()) uncertainty = std::max(uncertainty, all.size() - text.size() - 2);
    const std::size_t sign = text[0] == '-' ? 1 : 0;
    const std::size_t point = std::min(text.find('.'), text.size());
    negative = negative || sign == 1;
    whole = std::max(whole, point - sign);
    if (point < text.size()) decimals = std::max(decimals, text.size() - point - 1);
  }
  if (whole == 0) return "r";
  return fmt::format("S[{}{}table-format={}{}.{}{}]", has_best(report, column) ? "detect-weight, " : "",
                     uncertainty > 0 ? "separate-uncertainty, table-align-uncertainty=false, retain-zero-uncertainty=true, "
                                     : "",
                     negative ? "-" : "", whole, decimals, uncertainty > 0 ? fmt::format("({})", uncertainty) : "");
}

std::string shown(const Cell &cell, const Column &column, const std::string &type, bool marks_missing) {
  const bool in_numbers = type[0] == 'S';
  const std::string words = std::holds_alternative<std::string>(cell) ? escaped_latex(std::get<std::string>(cell))
                            : std::holds_alternative<std::monostate>(cell) && marks_missing ? "---"
                                                                                            : "";
  if (!words.empty()) return in_numbers ? "{" + words + "}" : words;
  const std::string text = number(cell, column);
  if (text.empty()) return text;
  return (cell.best ? "\\bfseries " : "") + (in_numbers ? text : "\\num{" + text + "}");
}

/// Columns of characters that a column of the table takes: its cells, and what of its heading is left whole.
std::size_t width_of(const Report &report, std::size_t column) {
  std::size_t out = longest_piece(full_heading(report.columns[column]));
  for (const std::vector<Cell> &row : report.rows) {
    const auto *words = std::get_if<std::string>(&row[column]);
    out = std::max(out, display_width(words != nullptr ? *words : number(row[column], report.columns[column])));
  }
  return out;
}

/// A heading, on several lines where it is wider than what stands below.
std::string heading(const Report &report, std::size_t column, const std::string &type) {
  constexpr std::size_t kWhole = 10; // columns, which need no break
  // What is a percentage says so in its heading; its cells are numbers.
  const std::vector<std::string> lines =
      broken(full_heading(report.columns[column]), std::max(kWhole, width_of(report, column)));
  std::string out = escaped_latex(lines.front());
  if (lines.size() > 1) { // struts, so that lines of all columns are level
    out = type == "l" ? "\\shortstack[l]{" : "\\shortstack{";
    for (const std::string &line : lines) out += (&line == lines.data() ? "\\strut " : "\\\\\\strut ") + escaped_latex(line);
    out += '}';
  }
  return type[0] == 'S' ? "{" + out + "}" : out;
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
  const bool floats = !report.caption.empty() || !report.label.empty();
  if (floats) out += "\\begin{table}\n\\centering\n";
  std::size_t width = 0;
  for (std::size_t i = 0; i < report.columns.size(); ++i) width += width_of(report, i) + 2;
  constexpr std::size_t kOfPage = 60; // characters and columns of an article
  if (!report.caption.empty()) out += "\\caption{" + escaped_latex(report.caption) + "}\n\\medskip\n";
  if (!report.label.empty()) out += "\\label{" + one_line(report.label) + "}\n";
  if (floats && width > kOfPage) out += "\\footnotesize\\setlength{\\tabcolsep}{4pt}\n";
  out += "\\begin{tabular}{" + specification + "}\n\\toprule\n";
  for (std::size_t i = 0; i < report.columns.size(); ++i) out += (i > 0 ? " & " : "") + heading(report, i, types[i]);
  out += " \\\\\n\\midrule\n";
  for (std::size_t at = 0; at < report.rows.size(); ++at) {
    if (begins_group(report, at)) out += "\\midrule\n";
    const std::vector<Cell> &row = report.rows[at];
    for (std::size_t i = 0; i < row.size(); ++i)
      out += (i > 0 ? " & " : "") + shown(row[i], report.columns[i], types[i], report.marks_missing);
    out += " \\\\\n";
  }
  out += "\\bottomrule\n\\end{tabular}\n";
  for (const std::string &line : report.notes)
    out += floats ? "\\par\\smallskip{\\footnotesize " + escaped_latex(line) + "\\par}\n" : "% " + one_line(line) + '\n';
  if (floats) out += "\\end{table}\n";
  return out;
}

} // namespace pare
