#include "command/progress.hpp"

#include "command/output.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace pare::command {

namespace {

constexpr std::string_view kClearLine = "\r\x1b[K";
constexpr int kBarCells = 20;

void put_line(std::string_view text) {
  // Progress that cannot be shown is no fault.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

/// Columns of the terminal; a line that is longer could not be written over.
std::size_t columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80U;
}

std::string bar(std::int64_t done, std::int64_t total) {
  const auto full = total > 0 ? static_cast<std::size_t>(done * kBarCells / total) : 0;
  return std::string(full, '#') + std::string(kBarCells - std::min<std::size_t>(full, kBarCells), '.');
}

} // namespace

std::string duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::max(0.0, seconds) + 0.5);
  if (whole >= 3600) return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
  if (whole >= 60) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} s", whole);
}

std::string text_of(const Progress::State &state) {
  std::string out = fmt::format("{}  {} {}", state.what, state.unit, state.done);
  if (state.total > 0) out += fmt::format("/{}", state.total);
  if (!state.figures.empty()) out += "  " + state.figures;
  if (state.images_per_second > 0) out += fmt::format("  {:.0f} images/s", state.images_per_second);
  if (state.total > 0) out += fmt::format("  {} left", duration(state.seconds_left));
  return out;
}

Progress::Progress(bool quiet) : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1), last_(Clock::now()) {}

void Progress::show(const State &state, bool now) {
  if (quiet_) return;
  const auto time = Clock::now();
  const auto pause = terminal_ ? std::chrono::milliseconds(100) : std::chrono::seconds(10);
  if (!now && time - last_ < pause) return;
  last_ = time;
  std::string text = text_of(state);
  if (!terminal_) {
    put_line(text + "\n");
    return;
  }
  text = fmt::format("[{}] {}", bar(state.done, state.total), text);
  put_line(std::string(kClearLine) + text.substr(0, columns() - 1));
  open_ = true;
}

void Progress::line(std::string_view text) {
  if (quiet_) return;
  finish();
  command::talk(text);
}

void Progress::finish() {
  if (open_) put_line(kClearLine);
  open_ = false;
}

} // namespace pare::command
