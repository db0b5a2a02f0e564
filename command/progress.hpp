#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace pare::command {

/// Progress on stderr: on a terminal one line that is written over, elsewhere a plain line now and then.
class Progress {
public:
  explicit Progress(bool quiet);
  ~Progress() { finish(); }

  /// Where the run is. `figures` is text such as "loss 1.23, error 45.6 %".
  struct State {
    std::string_view what; ///< "epoch 3/10"
    std::int64_t done = 0;
    std::int64_t total = 0;       ///< 0: not known, nor how long it takes
    double images_per_second = 0; ///< 0: it is not about images
    double seconds_left = 0;      ///< of the whole run
    std::string figures;
    std::string_view unit = "step"; ///< of what is done
  };
  /// Shows it, at most ten times a second on a terminal and every ten seconds elsewhere, or at once where `now`.
  void show(const State &state, bool now = false);
  /// A line that stays.
  void line(std::string_view text);
  /// Ends the line that is written over.
  void finish();

private:
  using Clock = std::chrono::steady_clock;
  bool quiet_;
  bool terminal_;
  bool open_ = false;
  Clock::time_point last_;
};

/// "epoch 3/10  step 5/20  loss 1.23  310 images/s  5 s left"
std::string text_of(const Progress::State &state);

/// "1 h 2 min", "3 min 4 s", "5 s"
std::string duration(double seconds);

} // namespace pare::command
