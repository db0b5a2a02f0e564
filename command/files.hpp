#pragma once

#include <string>
#include <string_view>

namespace pare::cli {

/// Sees to it that file descriptors 0, 1 and 2 are taken, so that no file that is opened later is mistaken for one of them, and
/// that a reader who went away is an error and not a silent end.
void prepare_standard_streams();

/// Writes a result to stdout. Throws Error{kIo} where it cannot be written in full.
void print(std::string_view text);

/// Writes one line to stderr: talk, warnings, faults.
void talk(std::string_view line);

/// Writes a file whole or not at all: under a temporary name beside it, flushed to the disk, then renamed. A pipe or a device
/// is written as it is. Throws Error{kIo}; the temporary file is gone then.
void write_file(const std::string &path, std::string_view text);

/// write_file() where a path is given, else print().
void deliver(const std::string &path, std::string_view text);

} // namespace pare::cli
