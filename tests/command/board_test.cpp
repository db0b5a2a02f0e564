#include "command/board.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>

#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pare::command {
namespace {

/// What `action` shows on a terminal of this size.
std::string shown_on(unsigned short rows, unsigned short columns, const std::function<void()> &action) {
  const winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (child == 0) {
    action();
    ::_exit(0);
  }
  std::string out;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = ::read(terminal, buffer.data(), buffer.size())) > 0;)
    out.append(buffer.data(), static_cast<std::size_t>(n));
  ::close(terminal);
  ::waitpid(child, nullptr, 0);
  return out;
}

TEST(Board, IsWrittenOverAndFitsTheTerminal) {
  const std::string shown = shown_on(4, 12, [] {
    Board board(false);
    board.show({"one", "a line that is too long"});
    board.line("stays");
    board.show({"1", "2", "3", "4"});
  });
  // One row is left for the cursor, one column at the end of each line.
  EXPECT_EQ(shown, "one\r\na line that\r\n"
                   "\x1b[2A\r\x1b[Jstays\r\none\r\na line that\r\n"
                   "\x1b[2A\r\x1b[J1\r\n2\r\n... and 2 m\r\n"
                   "\x1b[3A\r\x1b[J");
}

TEST(Board, SaysNothingWhereItIsAskedTo) {
  EXPECT_EQ(shown_on(4, 12,
                     [] {
                       Board board(true);
                       board.show({"one"});
                       board.line("stays");
                     }),
            "");
}

} // namespace
} // namespace pare::command
