#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace pare {

/// The most that is read of a text: networks of a million layers take 113 MB.
inline constexpr std::size_t kMostTextBytes = std::size_t{512} << 20;

/// Whether read_text() has read this very file, by whatever name, in this process: who writes a result over it would lose it.
/// It remembers the first 65,536 that are read.
bool was_read(const std::string &path);

/// The bytes of a file, or of stdin where `path` is "-". Throws Error{kIo}, or Error{kLimit} beyond `most` bytes, placed at
/// `where`: a device without end is refused, not read for ever. What is no regular file, whose size nobody knows, is read up to
/// kMostTextBytes at most. `look` sees how the file begins before the rest is read, and may throw.
using Look = std::function<void(std::string_view first_bytes)>;
inline constexpr std::size_t kLookBytes = 16; ///< at least, or the file has fewer
std::string read_text(const std::string &path, const std::string &where, std::size_t most = kMostTextBytes,
                      const Look &look = {});

/// What a path is called in messages: "stdin" for "-".
std::string file_name(const std::string &path);

/// Whether an argument that is no known name means a file: it is there, or looks like one ("-", x.json, a/b).
bool names_file(const std::string &argument);

/// A file that is written piece by piece, and is there whole or not at all: it has a temporary name beside its own until it is
/// committed, and is gone where it never is. A pipe or a device, which has no other name, is written as it is.
class NewFile {
public:
  /// Throws Error{kIo} placed at the path, as all of it does; the temporary file is gone then.
  explicit NewFile(const std::string &path);
  NewFile(NewFile &&other) noexcept;
  NewFile &operator=(NewFile &&) = delete;
  ~NewFile();

  bool is_regular() const { return !target_.empty(); }
  /// Whether both are to be the same file; a pipe or a device may be written twice.
  bool is_same_as(const NewFile &other) const { return is_regular() && target_ == other.target_; }

  void write(std::string_view text);
  /// All is on the disk then.
  void finish();
  /// finish(), and it has its name.
  void commit();

private:
  [[noreturn]] void fail(int fault);
  void discard();

  std::string path_;
  std::string target_;    ///< empty: no regular file
  std::string temporary_; ///< empty: there is none any more
  int descriptor_ = -1;
};

/// Writes a file whole or not at all: under a temporary name beside it, flushed to the disk, then renamed. A link keeps
/// leading where it led, also where nothing was there yet; a pipe or a device is written as it is; a file keeps its mode.
/// Throws Error{kIo} placed at the path; the temporary file is gone then. `may` is asked when all is on the disk, before it
/// gets its name, and may throw.
using MayWrite = std::function<void()>;
void write_file(const std::string &path, std::string_view text, const MayWrite &may = {});

/// Writes a new file whole or not at all. False, and nothing is written, where there is one already, also where another process
/// makes it at the same moment, on whatever host. Throws Error{kIo}.
bool create_file(const std::string &path, std::string_view text);

/// Why link() failed, by its errno: where the file system has no hard links, that some are needed.
std::string link_fault(int fault);

/// The same as write_file() for several: none is there anew before all are written under their temporary names.
struct NamedText {
  std::string path;
  std::string_view text;
};
void write_files(std::span<const NamedText> files);

/// Writes all of a text to an open file; 0, or the errno of what failed.
int write_all(int descriptor, std::string_view text);

} // namespace pare
