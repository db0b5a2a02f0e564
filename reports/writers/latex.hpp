#pragma once

#include "reports/report.hpp"

#include <string>
#include <string_view>

namespace pare {

/// A tabular with the rules of booktabs and the number columns of siunitx; title and notes are comments. With a caption or a
/// label it stands in a table environment, and the notes are printed below.
std::string write_latex(const Report &report);

/// A text on one line, with what LaTeX would read as more escaped.
std::string escaped_latex(std::string_view text);

} // namespace pare
