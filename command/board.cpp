#include "command/board.hpp"

#include "base/files.hpp"
#include "base/text.hpp"
#include "command/output.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace pare::command {

namespace {

/// What cannot be shown is no fault.
void put(std::string_view text) { (void)write_all(STDERR_FILENO, text); }

struct Size {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

Size size_of_terminal() {
  winsize size{};
  Size out;
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0) return out;
  if (size.ws_col > 1) out.columns = size.ws_col;
  if (size.ws_row > 1) out.rows = size.ws_row;
  return out;
}

/// The beginning of a line that fits: one that is longer would take two rows, and could not be written over.
std::string fitting(std::string line, std::size_t columns) {
  while (!line.empty() && display_width(line) > columns) {
    while (line.size() > 1 && (static_cast<unsigned char>(line.back()) & 0xc0U) == 0x80U) line.pop_back();
    line.pop_back();
  }
  return line;
}

} // namespace

Board::Board(bool quiet) : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1) {}

void Board::clear() {
  if (drawn_ > 0) put(fmt::format("\x1b[{}A\r\x1b[J", drawn_));
  drawn_ = 0;
}

void Board::draw() {
  const Size size = size_of_terminal();
  const std::size_t room = size.rows - 1; // for where the cursor stands
  const bool all_fit = lines_.size() <= room;
  const std::size_t shown = all_fit ? lines_.size() : room - 1;
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) text += fitting(lines_[i], size.columns - 1) + '\n';
  if (!all_fit) text += fitting(fmt::format("... and {} more", lines_.size() - shown), size.columns - 1) + '\n';
  put(text);
  drawn_ = all_fit ? shown : shown + 1;
}

void Board::show(const std::vector<std::string> &lines) {
  if (quiet_ || !terminal_) return;
  clear();
  lines_ = lines;
  draw();
}

void Board::line(std::string_view text) {
  if (quiet_) return;
  clear();
  talk(text);
  if (!lines_.empty()) draw();
}

} // namespace pare::command
