#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pare::command {

std::string_view version();  ///< git describe, or the project's version
std::string_view compiler(); ///< "GNU 12.2.0"
/// (name, version) of the libraries that this was built with.
std::vector<std::pair<std::string, std::string>> libraries();

/// What `pare --version` prints; `more` are the libraries of one program only.
std::string version_text(const std::vector<std::pair<std::string, std::string>> &more = {});

} // namespace pare::command
