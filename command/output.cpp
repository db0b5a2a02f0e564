#include "command/output.hpp"

#include "base/error.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace pare::command {

namespace {

[[noreturn]] void fail(const std::string &path, int fault, std::string_view accepted) {
  throw Error(ErrorCode::kIo, path, fmt::format("cannot be written: {}; {} would be accepted", std::strerror(fault), accepted));
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
  const int fault = write_all(STDOUT_FILENO, text);
  if (fault == EPIPE) throw ReaderGone{};
  if (fault != 0) fail("stdout", fault, "an output that is open and has room");
}

void talk(std::string_view line) {
  // Nobody is left to tell where stderr cannot be written.
  (void)write_all(STDERR_FILENO, std::string(line) + '\n');
}

void check_output(const std::string &path) {
  if (was_read(path)) throw Error(ErrorCode::kUsage, path, "is what this command reads; another file would be accepted");
}

Delivery::Delivery(const std::string &path) {
  if (path.empty() || path == "-") return;
  check_output(path);
  file_.emplace(path);
}

void Delivery::write(std::string_view text) { file_ ? file_->write(text) : print(text); }

void Delivery::commit() {
  if (file_) file_->commit();
}

void deliver(const std::string &path, std::string_view text) {
  Delivery delivery(path);
  delivery.write(text);
  delivery.commit();
}

} // namespace pare::command
