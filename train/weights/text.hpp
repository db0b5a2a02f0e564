#pragma once

#include <string>
#include <string_view>

namespace pare::train {

/// A text from a file as a message shows it: in quotes, the middle left out where it is long.
inline std::string shown(std::string_view text, std::size_t most = 120) {
  std::string out = "\"";
  if (text.size() <= most)
    out += text;
  else
    out.append(text.substr(0, most / 2)).append("...").append(text.substr(text.size() - most / 2));
  return out + '"';
}

} // namespace pare::train
