#pragma once

#include "base/enums.hpp"
#include "reports/report.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace pare {

enum class Format : std::uint8_t { kText, kJson, kCsv, kMarkdown, kLatex, kHtml };
inline constexpr std::array kFormatNames = {
    std::pair{Format::kText, std::string_view("text")},   std::pair{Format::kJson, std::string_view("json")},
    std::pair{Format::kCsv, std::string_view("csv")},     std::pair{Format::kMarkdown, std::string_view("markdown")},
    std::pair{Format::kLatex, std::string_view("latex")}, std::pair{Format::kHtml, std::string_view("html")}};
inline constexpr auto kFormats = [] {
  std::array<Format, kFormatNames.size()> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = kFormatNames[i].first;
  return out;
}();
constexpr std::string_view to_string(Format format) { return name_of(kFormatNames, format); }

/// Throws Error{kUsage} placed at "--format" with the `accepted` ones.
Format parse_format(std::string_view name, std::span<const Format> accepted = kFormats);

/// Writes tables one after the other; each file has a writer of its own in writers/. CSV and JSON hold one table: exactly one
/// must be given.
std::string write(std::span<const Report> reports, Format format);

} // namespace pare
