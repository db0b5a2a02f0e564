#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pare::command {

/// Several lines on stderr that are written over: on a terminal; elsewhere there are none, and only what stays is said.
class Board {
public:
  explicit Board(bool quiet);
  ~Board() { clear(); }
  Board(const Board &) = delete;
  Board &operator=(const Board &) = delete;

  /// Shows these lines in the place of those of before, as many of them and as much of each as the terminal holds.
  void show(const std::vector<std::string> &lines);
  /// A line that stays, above them.
  void line(std::string_view text);

private:
  void clear();
  void draw();

  bool quiet_;
  bool terminal_;
  std::vector<std::string> lines_;
  std::size_t drawn_ = 0; ///< lines on the screen
};

} // namespace pare::command
