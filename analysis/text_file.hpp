#pragma once

#include <string>

namespace pare {

/// The bytes of a file. Throws Error{kIo}, placed at `where`.
std::string read_text(const std::string &path, const std::string &where);

} // namespace pare
