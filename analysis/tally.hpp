#pragma once

#include "base/count.hpp"

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace pare {

/// What an op does when it runs, as counters name it. A convention weighs (op kind, spelling, event).
enum class Event : std::uint8_t {
  kMac,          ///< multiply-accumulates on all taps, zero padding included
  kBias,         ///< additions of a bias, one per output element
  kElement,      ///< elements that an element-wise op or a reduction reads
  kWindow,       ///< kernel area x output elements of a pooling op
  kCopy,         ///< elements written by moving data only
  kMultiply,     ///< multiplications without an accumulation
  kTransform,    ///< multiply-accumulates of a fast transform as its paper reckons them, which no kernel is held to
  kReferenceMac, ///< the 2019 reference counter's own figure for an op that it does not count by its macs; no work of its own
};
inline constexpr std::size_t kEventCount = 8;

/// "mac", "bias", "element", "window", "copy", "multiply", "transform", "reference_mac".
std::string_view to_string(Event event);
std::optional<Event> event_from(std::string_view name);

/// A set of events.
class Events {
public:
  constexpr Events(std::initializer_list<Event> events) {
    for (const Event event : events) bits_ |= 1U << static_cast<unsigned>(event);
  }
  constexpr bool contains(Event event) const { return (bits_ >> static_cast<unsigned>(event) & 1U) != 0; }

private:
  unsigned bits_ = 0;
};

/// Whether a tool sees the op as a module or only as a function call.
enum class Spelling : std::uint8_t { kModule, kFunction };
inline constexpr std::size_t kSpellingCount = 2;

std::string_view to_string(Spelling spelling);
std::optional<Spelling> spelling_from(std::string_view name);

/// The events of one execution of one op, on the whole batch.
class Tally {
public:
  struct Entry {
    Event event;
    Count amount;
  };

  void add(Event event, Count amount) {
    assert(size_ < entries_.size());
    entries_[size_++] = {event, amount};
  }
  void clear() { size_ = 0; }
  const Entry *begin() const { return entries_.data(); }
  const Entry *end() const { return entries_.data() + size_; }

private:
  std::array<Entry, kEventCount> entries_{};
  std::size_t size_ = 0;
};

} // namespace pare
