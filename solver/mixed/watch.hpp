#pragma once

#include "solver/control.hpp"
#include "solver/termination.hpp"

#include <chrono>
#include <cstddef>

namespace pare::mixed {

/// Thrown by Watch within a search, and caught by it: never seen outside.
struct Stopped {
  Limit limit = Limit::kNone;
};

/// The clock of a search, and who else may end it.
class Watch {
public:
  explicit Watch(const Control &control) : control_(control), start_(std::chrono::steady_clock::now()) {}

  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }
  /// Throws Stopped where the time is over or somebody interrupts.
  void check() const {
    if (control_.interrupted && control_.interrupted()) throw Stopped{Limit::kInterrupted};
    if (control_.time_limit_seconds && seconds() >= *control_.time_limit_seconds) throw Stopped{Limit::kTime};
  }
  /// Says that about so many steps of a few nanoseconds were done; looks at the clock each millisecond or so.
  void worked(std::size_t steps) {
    work_ += steps;
    if (work_ < kBetween) return;
    work_ = 0;
    check();
  }

private:
  static constexpr std::size_t kBetween = 100'000;

  const Control &control_;
  std::chrono::steady_clock::time_point start_;
  std::size_t work_ = 0;
};

} // namespace pare::mixed
