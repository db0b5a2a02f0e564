#include "command/files.hpp"

#include "analysis/error.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace pare::cli {

namespace {

/// 0, or the errno of what failed.
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

[[noreturn]] void fail(const std::string &path, int fault, std::string_view accepted) {
  throw Error(ErrorCode::kIo, path, fmt::format("cannot be written: {}; {} would be accepted", std::strerror(fault), accepted));
}

constexpr std::string_view kWritable = "a file in a folder that exists, has room and can be written";

/// Where a chain of symbolic links leads, so that the link stays and its target is replaced.
std::string real_path(const std::string &path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  return real ? std::string(real.get()) : path;
}

} // namespace

void prepare_standard_streams() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN); // a file that grows beyond its limit is a fault to report, not the end
  // Read only: what is written to a stream that was closed still fails.
  for (int descriptor = 0; descriptor <= 2; ++descriptor)
    if (::fcntl(descriptor, F_GETFD) < 0 && errno == EBADF && ::open("/dev/null", O_RDONLY) < 0) return;
}

void print(std::string_view text) {
  if (const int fault = write_all(STDOUT_FILENO, text); fault != 0)
    fail("stdout", fault, "an output that is open and has room");
}

void talk(std::string_view line) {
  // Nobody is left to tell where stderr cannot be written.
  (void)write_all(STDERR_FILENO, std::string(line) + '\n');
}

void write_file(const std::string &path, std::string_view text) {
  struct stat status {};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) fail(path, EISDIR, "the name of a file");
  if (exists && ::access(path.c_str(), W_OK) != 0) fail(path, errno, kWritable);
  if (exists && !S_ISREG(status.st_mode)) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) fail(path, errno, kWritable);
    int fault = write_all(descriptor, text);
    if (::close(descriptor) != 0 && fault == 0) fault = errno;
    if (fault != 0) fail(path, fault, kWritable);
    return;
  }

  const std::string target = exists ? real_path(path) : path;
  const std::string temporary = fmt::format("{}.{}.tmp", target, ::getpid());
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0) fail(path, errno, kWritable);
  int fault = write_all(descriptor, text);
  if (fault == 0 && exists && ::fchmod(descriptor, status.st_mode & 07777) != 0) fault = errno;
  if (fault == 0 && ::fsync(descriptor) != 0) fault = errno;
  if (::close(descriptor) != 0 && fault == 0) fault = errno;
  if (fault == 0 && ::rename(temporary.c_str(), target.c_str()) != 0) fault = errno;
  if (fault == 0) return;
  ::unlink(temporary.c_str());
  fail(path, fault, kWritable);
}

void deliver(const std::string &path, std::string_view text) {
  if (path.empty())
    print(text);
  else
    write_file(path, text);
}

} // namespace pare::cli
