#include "reports/breaks.hpp"

#include "base/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

namespace pare {

namespace {

/// Whether a word is a setting in Pare's own spelling: "sep_hashed:ratio=0.3,index=reference".
bool is_own_spelling(std::string_view word) {
  constexpr std::string_view kName = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  const std::size_t colon = word.find_first_not_of(kName);
  if (colon == 0 || colon == std::string_view::npos || word[colon] != ':') return false;
  const std::size_t equals = word.find_first_not_of(kName, colon + 1);
  return equals != std::string_view::npos && equals > colon + 1 && word[equals] == '=';
}

/// What is left whole where a cell is broken: words (a shape is one, "16 x 32 x 32"), parts of a name ("cells.0.|preprocess",
/// "batch_|norm"), a quantity and its convention ("mult-adds|[macs]"), the family and each key of a setting in Pare's own
/// spelling ("sep_hashed:|ratio=0.3,|index=reference"). Numbers have none of these breaks in them.
std::vector<std::string> pieces(const std::string &text) {
  const auto is_letter = [&](std::size_t i) {
    return i < text.size() && std::isalpha(static_cast<unsigned char>(text[i])) != 0;
  };
  std::vector<std::string> out(1);
  bool in_setting = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 0 || text[i - 1] == ' ') {
      const std::string_view rest = std::string_view(text).substr(i);
      in_setting = is_own_spelling(rest.substr(0, rest.find(' ')));
    }
    if (i > 0) {
      const char before = text[i - 1];
      const bool in_shape = text.compare(i, 2, "x ") == 0 || (i > 2 && text.compare(i - 3, 3, " x ") == 0);
      const bool behind_word = before == ' ' && !in_shape;
      const bool behind_part = in_setting ? (before == ':' || before == ',') && is_letter(i)
                                          : (before == '.' && (is_letter(i) || text[i] == '_')) ||
                                                (before == '_' && i > 1 && is_letter(i - 2) && is_letter(i));
      const bool before_convention = text[i] == '[' && is_letter(i - 1);
      if (behind_word || behind_part || before_convention) out.emplace_back();
    }
    out.back() += text[i];
  }
  return out;
}

std::size_t trimmed_width(const std::string &text) { return display_width(text) - (text.ends_with(' ') ? 1 : 0); }

} // namespace

std::vector<std::string> broken(const std::string &text, std::size_t width) {
  if (display_width(text) <= width) return {text};
  std::vector<std::string> out(1);
  for (const std::string &piece : pieces(text)) {
    if (!out.back().empty() && trimmed_width(out.back() + piece) > width) out.emplace_back();
    out.back() += piece;
  }
  for (std::string &line : out)
    if (line.ends_with(' ')) line.pop_back();
  return out;
}

std::size_t longest_piece(const std::string &text) {
  std::size_t out = 0;
  for (const std::string &piece : pieces(text)) out = std::max(out, trimmed_width(piece));
  return out;
}

std::string hanging(const std::string &head, std::string_view text) {
  return fmt::format("{}\n", fmt::join(wrapped(head + std::string(text), kTextWidth, head.size()), "\n"));
}

} // namespace pare
