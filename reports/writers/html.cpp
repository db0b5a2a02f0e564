#include "reports/writers/html.hpp"

#include "base/text.hpp"
#include "reports/numbers.hpp"

#include <fmt/format.h>

namespace pare {

namespace {

constexpr std::string_view kStyle =
    "body { font-family: sans-serif; margin: 2em; }\n"
    "table { border-collapse: collapse; margin: 1em 0; border-top: 2px solid; border-bottom: 2px solid; }\n"
    "caption { text-align: left; margin-bottom: 0.5em; }\n"
    "th, td { padding: 0.2em 0.8em; text-align: left; vertical-align: bottom; }\n"
    "td { white-space: nowrap; }\n"
    "thead th { border-bottom: 1px solid; }\n"
    "tbody + tbody { border-top: 1px solid; }\n"
    ".number { text-align: right; font-variant-numeric: tabular-nums; }\n"
    ".note { font-size: smaller; margin: 0.2em 0; }\n";

std::string escaped_html(std::string_view text) {
  std::string out;
  for (const char c : one_line(text)) {
    switch (c) {
    case '&': out += "&amp;"; break;
    case '<': out += "&lt;"; break;
    case '>': out += "&gt;"; break;
    case '"': out += "&quot;"; break;
    case '\'': out += "&#39;"; break;
    default: out += c;
    }
  }
  return out;
}

std::string html_text(const Cell &cell, const Column &column, bool marks_missing) {
  struct Visitor {
    const Column &column;
    bool marks_missing;
    std::string operator()(std::monostate /*empty*/) const { return marks_missing ? "—" : ""; }
    std::string operator()(const std::string &text) const { return escaped_html(text); }
    std::string operator()(const Count &count) const { return thousands(people_digits(count, column)); }
    std::string operator()(const Percent &percent) const { return fmt::format("{:.2f} %", percent.value); }
    std::string operator()(const Measured &measured) const {
      const std::string mean = people_digits(measured.mean, column);
      return measured.sd ? fmt::format("{} ± {}", mean, people_digits(*measured.sd, column)) : mean;
    }
  };
  const std::string text = std::visit(Visitor{column, marks_missing}, cell);
  return cell.best ? "<strong>" + text + "</strong>" : text;
}

void append_table(std::string &out, const Report &report) {
  for (const std::string &line : report.title) out += "<p>" + escaped_html(line) + "</p>\n";
  if (!report.rows.empty()) {
    std::string id = report.label; // which has no blanks in it
    for (char &c : id)
      if (c == ' ') c = '-';
    out += id.empty() ? "<table>\n" : fmt::format("<table id=\"{}\">\n", escaped_html(id));
    if (!report.caption.empty()) out += "<caption>" + escaped_html(report.caption) + "</caption>\n";
    const auto begin = [&](std::size_t column, std::string_view tag) {
      return fmt::format("<{}{}>", tag, report.columns[column].align == Align::kRight ? " class=\"number\"" : "");
    };
    out += "<thead>\n<tr>";
    for (std::size_t i = 0; i < report.columns.size(); ++i)
      out += begin(i, "th") + escaped_html(shown_heading(report, i)) + "</th>";
    out += "</tr>\n</thead>\n<tbody>\n";
    for (std::size_t at = 0; at < report.rows.size(); ++at) {
      if (begins_group(report, at)) out += "</tbody>\n<tbody>\n";
      out += "<tr>";
      for (std::size_t i = 0; i < report.columns.size(); ++i)
        out += begin(i, "td") + html_text(report.rows[at][i], report.columns[i], report.marks_missing) + "</td>";
      out += "</tr>\n";
    }
    out += "</tbody>\n</table>\n";
  }
  for (const std::string &line : report.notes) out += "<p class=\"note\">" + escaped_html(line) + "</p>\n";
}

/// What the page is called.
std::string name_of(std::span<const Report> reports) {
  for (const Report &report : reports) {
    if (!report.caption.empty()) return report.caption;
    if (!report.title.empty()) return report.title.front();
  }
  return "pare";
}

} // namespace

std::string write_html(std::span<const Report> reports) {
  std::string out = fmt::format("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{}</title>\n"
                                "<style>\n{}</style>\n</head>\n<body>\n",
                                escaped_html(name_of(reports)), kStyle);
  for (const Report &report : reports) append_table(out, report);
  return out + "</body>\n</html>\n";
}

} // namespace pare
