#include "train/data/random.hpp"

#include <cmath>
#include <numbers>

namespace pare::train {

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(p1),
               static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

RandomStream::RandomStream(std::uint64_t seed, Purpose purpose, std::uint64_t a, std::uint64_t b) {
  // The key is a function of all four, the counter counts: a block of the generator itself mixes them.
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
  const auto first = philox({low(a), high(a), low(b), high(b)}, {low(seed), high(seed)});
  const auto second = philox({first[0], first[1], static_cast<std::uint32_t>(purpose), 0}, {first[2], first[3]});
  key_ = {second[0], second[1]};
  counter_ = {0, 0, second[2], second[3]};
}

std::uint32_t RandomStream::next() {
  if (used_ == 4) {
    block_ = philox(counter_, key_);
    if (++counter_[0] == 0) ++counter_[1];
    used_ = 0;
  }
  return block_[used_++];
}

double RandomStream::uniform() {
  const std::uint64_t high = next() >> 5; // 27 bits
  const std::uint64_t low = next() >> 6;  // 26 bits
  return static_cast<double>((high << 26) | low) * 0x1p-53;
}

double RandomStream::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

std::uint64_t RandomStream::below(std::uint64_t n) {
  // The largest multiple of n, minus one: what is above it would favour small results.
  const std::uint64_t limit = UINT64_MAX - (UINT64_MAX % n + 1) % n;
  for (;;) {
    const std::uint64_t word = (std::uint64_t{next()} << 32) | next();
    if (word <= limit) return word % n;
  }
}

} // namespace pare::train
