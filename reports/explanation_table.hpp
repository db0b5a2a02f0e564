#pragma once

#include "analysis/explanation.hpp"
#include "reports/format.hpp"

#include <array>
#include <string>
#include <string_view>

namespace pare {

inline constexpr std::array kExplanationFormats = {Format::kText, Format::kJson, Format::kMarkdown};
/// Text, JSON (schema `pare.explanation/1`) or markdown. `network`: its name.
std::string write_explanation(const Explanation &explanation, std::string_view network, Format format);

} // namespace pare
