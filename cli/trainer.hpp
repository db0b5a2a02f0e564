#pragma once

#include <string>

namespace pare::cli {

/// The path of pare-train, which is looked for beside this executable, in the build tree, in libexec, then in PATH; and the
/// environment as it wants it. Throws Error{kIo} placed at the command that needs it.
std::string find_trainer(const std::string &command);

} // namespace pare::cli
