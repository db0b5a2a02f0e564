#pragma once

#include "base/files.hpp"

#include <optional>
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

/// A result that is written piece by piece: to a file, which is there whole or not at all, or, without a path and for "-", to
/// stdout at once.
class Delivery {
public:
  /// Throws as check_output() does.
  explicit Delivery(const std::string &path);
  /// Throws as print() does.
  void write(std::string_view text);
  void commit();

private:
  std::optional<NewFile> file_;
};

/// The same of a result in one piece.
void deliver(const std::string &path, std::string_view text);

} // namespace pare::command
