#include "base/files.hpp"

#include "base/error.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace pare {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStdin = "-";

/// Closes what it holds.
struct Descriptor {
  int value = -1;
  explicit Descriptor(int descriptor) : value(descriptor) {}
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  ~Descriptor() {
    if (value > STDERR_FILENO) ::close(value);
  }
};

constexpr std::string_view kWritable = "a file in a folder that exists, has room and can be written";

[[noreturn]] void fail_to_write(const std::string &path, int fault, std::string_view accepted = kWritable) {
  throw Error(ErrorCode::kIo, path, fmt::format("cannot be written: {}; {} would be accepted", std::strerror(fault), accepted));
}

/// Where a chain of symbolic links leads, though nothing may be there, so that the links stay and their target is replaced.
std::string target_of(const std::string &path) {
  constexpr int kMostLinks = 40; // as Linux
  fs::path out = path;
  for (int i = 0; i < kMostLinks; ++i) {
    std::error_code is_no_link;
    const fs::path next = fs::read_symlink(out, is_no_link);
    if (is_no_link) return out;
    out = out.parent_path() / next; // an absolute one replaces it all
  }
  fail_to_write(path, ELOOP);
}

} // namespace

std::string file_name(const std::string &path) { return path == kStdin ? "stdin" : path; }

bool names_file(const std::string &argument) {
  std::error_code ignored;
  return argument == kStdin || argument.ends_with(".json") || argument.find('/') != std::string::npos ||
         fs::exists(argument, ignored);
}

namespace {

/// The regular files that were read. Data sets have a million, which nobody names as an output.
struct ReadFiles {
  static constexpr std::size_t kMost = 1 << 16;
  std::mutex mutex;
  std::set<std::pair<dev_t, ino_t>> files;

  static ReadFiles &all() {
    static ReadFiles instance;
    return instance;
  }
};

} // namespace

bool was_read(const std::string &path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return false;
  ReadFiles &read = ReadFiles::all();
  const std::scoped_lock lock(read.mutex);
  return read.files.contains({status.st_dev, status.st_ino});
}

std::string read_text(const std::string &path, const std::string &where, std::size_t most, const Look &look) {
  const auto fail = [&] {
    throw Error(ErrorCode::kIo, where,
                fmt::format("cannot read \"{}\": {}; a file that can be read would be accepted", path, std::strerror(errno)));
  };
  static bool stdin_is_read = false;
  if (path == kStdin && std::exchange(stdin_is_read, true))
    throw Error(ErrorCode::kUsage, where, "stdin is read once; a file would be accepted");
  const Descriptor file(path == kStdin ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.value < 0) fail();
  struct stat status {};
  if (::fstat(file.value, &status) != 0) fail();
  if (!S_ISREG(status.st_mode)) {
    most = std::min(most, kMostTextBytes);
  } else {
    ReadFiles &read = ReadFiles::all();
    const std::scoped_lock lock(read.mutex);
    if (read.files.size() < ReadFiles::kMost) read.files.emplace(status.st_dev, status.st_ino);
  }
  const auto too_large = [&] {
    throw Error(ErrorCode::kLimit, where,
                fmt::format("{}has more than {} bytes, which is all that is read",
                            where == file_name(path) ? "" : fmt::format("\"{}\" ", path), most));
  };
  std::string text;
  if (S_ISREG(status.st_mode)) {
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size > most) too_large();
    // Memory for the rest of a large file is taken when its beginning has been looked at.
    if (!look) text.reserve(static_cast<std::size_t>(size));
  }
  bool looked = !look;
  std::vector<char> buffer(std::size_t{1} << 16);
  for (;;) {
    const ssize_t n = ::read(file.value, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail();
    if (n == 0) {
      if (!looked) look(text);
      return text;
    }
    if (static_cast<std::size_t>(n) > most - text.size()) too_large();
    text.append(buffer.data(), static_cast<std::size_t>(n));
    if (!looked && text.size() >= kLookBytes) {
      looked = true;
      look(text);
      if (S_ISREG(status.st_mode)) text.reserve(static_cast<std::size_t>(status.st_size));
    }
  }
}

int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

NewFile::NewFile(const std::string &path) : path_(path) {
  struct stat status {};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) fail_to_write(path, EISDIR, "the name of a file");
  if (exists && ::access(path.c_str(), W_OK) != 0) fail_to_write(path, errno);
  if (exists && !S_ISREG(status.st_mode)) return;

  target_ = target_of(path);
  const std::string temporary = fmt::format("{}.{}.tmp", target_, ::getpid());
  const auto create = [&] { return ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); };
  descriptor_ = create();
  // What a process of this number left when it was killed: containers give the same numbers again.
  if (descriptor_ < 0 && errno == EEXIST && ::unlink(temporary.c_str()) == 0) descriptor_ = create();
  if (descriptor_ < 0) fail_to_write(path, errno);
  temporary_ = temporary;
  if (exists && ::fchmod(descriptor_, status.st_mode & 07777) != 0) fail(errno);
}

NewFile::NewFile(NewFile &&other) noexcept
    : path_(std::move(other.path_)), target_(std::move(other.target_)), temporary_(std::exchange(other.temporary_, {})),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

NewFile::~NewFile() { discard(); }

void NewFile::write(std::string_view text) {
  if (target_.empty() && descriptor_ < 0) {
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor_ < 0) fail_to_write(path_, errno);
  }
  if (const int fault = write_all(descriptor_, text); fault != 0) fail(fault);
}

void NewFile::finish() {
  if (descriptor_ < 0) return;
  int fault = 0;
  if (!target_.empty() && ::fsync(descriptor_) != 0) fault = errno;
  if (::close(std::exchange(descriptor_, -1)) != 0 && fault == 0) fault = errno;
  if (fault != 0) fail(fault);
}

void NewFile::commit() {
  finish();
  if (target_.empty()) return;
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail(errno);
  temporary_.clear();
}

void NewFile::fail(int fault) {
  discard();
  fail_to_write(path_, fault);
}

void NewFile::discard() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  temporary_.clear();
}

void write_file(const std::string &path, std::string_view text, const MayWrite &may) {
  NewFile file(path);
  if (file.is_regular()) {
    file.write(text);
    file.finish();
  }
  if (may) may();
  if (!file.is_regular()) file.write(text);
  file.commit();
}

bool create_file(const std::string &path, std::string_view text) {
  std::random_device random;
  const std::string temporary = fmt::format("{}.{:08x}{:08x}.tmp", path, random(), random()); // other hosts have the same pids
  int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0) fail_to_write(path, errno);
  int fault = write_all(descriptor, text);
  if (fault == 0 && ::fsync(descriptor) != 0) fault = errno;
  int link_failed = 0;
  bool created = fault == 0 && ::link(temporary.c_str(), path.c_str()) == 0;
  if (fault == 0 && !created) {
    // On NFS its answer may be lost: then the count of links tells.
    const int why = errno;
    struct stat status {};
    created = ::fstat(descriptor, &status) == 0 && status.st_nlink == 2;
    if (!created && why != EEXIST) link_failed = why;
  }
  ::close(descriptor);
  ::unlink(temporary.c_str());
  if (fault != 0) fail_to_write(path, fault);
  if (link_failed != 0) throw Error(ErrorCode::kIo, path, fmt::format("cannot be made: {}", link_fault(link_failed)));
  return created;
}

std::string link_fault(int fault) {
  std::string out = std::strerror(fault);
  if (fault == EPERM || fault == EOPNOTSUPP) // ENOTSUP is the same number on Linux
    out += "; a folder on a file system with hard links would be accepted";
  return out;
}

void write_files(std::span<const NamedText> files) {
  std::vector<NewFile> all;
  all.reserve(files.size());
  for (const NamedText &file : files) {
    NewFile &made = all.emplace_back(file.path);
    for (std::size_t i = 0; i + 1 < all.size(); ++i)
      if (made.is_same_as(all[i]))
        throw Error(ErrorCode::kIo, file.path, "is another output too, by a link; another file would be accepted");
    if (!made.is_regular()) continue;
    made.write(file.text);
    made.finish();
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i].is_regular()) all[i].write(files[i].text);
    all[i].commit();
  }
}

} // namespace pare
