#pragma once

#include "reports/report.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace pare {

enum class Format : std::uint8_t { kText, kJson, kCsv, kMarkdown, kLatex };
inline constexpr Format kFormats[] = {Format::kText, Format::kJson, Format::kCsv, Format::kMarkdown, Format::kLatex};

/// "text", "json", "csv", "markdown", "latex".
std::string_view to_string(Format format);
/// Throws Error{kUsage} placed at "--format" with the `accepted` ones.
Format parse_format(std::string_view name, std::span<const Format> accepted = kFormats);

/// Writes tables one after the other; each file has a writer of its own in writers/. CSV and JSON hold one table: exactly one
/// must be given.
std::string write(std::span<const Report> reports, Format format);

} // namespace pare
