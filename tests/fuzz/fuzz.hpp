#pragma once

// What the targets share. A target is a file with one function, read(), over the bytes of an input.

#include "base/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace pare::fuzz {

/// What each target defines. It may throw Error, and nothing else; that this is what Error promises is checked for all.
void read(std::string_view bytes);

/// Ends the process, so that the input is kept.
[[noreturn]] void fail(std::string_view what, std::string_view detail = {});
/// The same where something does not hold. Not an assert: optimised builds have none.
inline void expect(bool holds, std::string_view what) {
  if (!holds) fail(what);
}

/// What `make` gives. Here an Error is a fault of Pare: it refuses what it has accepted or written itself.
template <class Make>
auto without_error(std::string_view what, const Make &make) {
  try {
    return make();
  } catch (const Error &error) {
    fail(what, error.what());
  }
}

/// An input as numbers, for what takes no bytes: past its end all are 0.
class Numbers {
public:
  explicit Numbers(std::string_view bytes) : rest_(bytes) {}

  template <class T>
  T take() {
    T out{};
    const std::size_t size = std::min(sizeof(T), rest_.size());
    std::memcpy(&out, rest_.data(), size);
    rest_.remove_prefix(size);
    return out;
  }
  /// least + one of 0 ... most - least
  std::int64_t take(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(take<std::uint32_t>() % static_cast<std::uint64_t>(most - least + 1));
  }
  std::string_view rest() const { return rest_; }

private:
  std::string_view rest_;
};

} // namespace pare::fuzz
