#include "reports/format.hpp"

#include "base/error.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "reports/writers/csv.hpp"
#include "reports/writers/html.hpp"
#include "reports/writers/json.hpp"
#include "reports/writers/latex.hpp"
#include "reports/writers/markdown.hpp"
#include "reports/writers/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cassert>

namespace pare {

Format parse_format(std::string_view name, std::span<const Format> accepted) {
  std::vector<std::string_view> known;
  for (const Format format : accepted) known.push_back(to_string(format));
  if (const auto found = find_name(name, known)) return accepted[*found];
  throw Error(ErrorCode::kUsage, "--format",
              fmt::format("format = {} must be one of {}{}", plain(name), fmt::join(known, ", "), did_you_mean(name, known)));
}

std::string write(std::span<const Report> reports, Format format) {
  const auto each = [&](std::string (*writer)(const Report &)) {
    std::string out;
    for (const Report &report : reports) {
      if (!out.empty()) out += '\n';
      out += writer(report);
    }
    return out;
  };
  switch (format) {
  case Format::kText: return each(write_text);
  case Format::kMarkdown: return each(write_markdown);
  case Format::kLatex: return each(write_latex);
  case Format::kHtml: return write_html(reports);
  case Format::kCsv: assert(reports.size() == 1); return each(write_csv);
  case Format::kJson: assert(reports.size() == 1); return each(write_json);
  }
  return {};
}

} // namespace pare
