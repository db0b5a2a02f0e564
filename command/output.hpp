#pragma once

#include <string>
#include <string_view>

namespace pare::command {

/// Sees to it that file descriptors 0, 1 and 2 are taken, so that no file that is opened later is mistaken for one of them, and
/// that a reader who went away is an error and not a silent end.
void prepare_standard_streams();

/// Thrown where nobody reads stdout any more: not a fault, but the end, without a word.
struct ReaderGone {};
inline constexpr int kReaderGone = 128 + 13; ///< the status then, as of a program that SIGPIPE ended

/// Writes a result to stdout. Throws ReaderGone, or Error{kIo} where it cannot be written in full.
void print(std::string_view text);

/// Writes one line to stderr: talk, warnings, faults.
void talk(std::string_view line);

/// Throws Error{kUsage} where a result would be written over a file that this command has read.
void check_output(const std::string &path);

/// check_output() and write_file() where a path is given, else, and for "-", print().
void deliver(const std::string &path, std::string_view text);

} // namespace pare::command
