#pragma once

#include <array>
#include <cstdint>

namespace pare::train {

/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): four random words that depend on the
/// counter and the key alone. With counter 0 and key 0: 6627e8d5 e169c58d bc57ac4c 9b00dbd8.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

/// What a stream of random numbers is for: two uses of one seed never share numbers.
enum class Purpose : std::uint32_t {
  kInitialisation = 1, ///< a: hash of the parameter's name
  kHashIndex = 2,      ///< a: hash of the buffer's name
  kShuffle = 3,        ///< a: epoch
  kAugmentation = 4,   ///< a: epoch, b: index of the image
  kDropPath = 5,       ///< a: step, b: node
  kSynthesis = 6,      ///< a: index of the image
  kDropout = 7,        ///< a: step, b: node, and index of the image in its batch above 32 bits
};

/// The random numbers of (seed, purpose, a, b), in order. Two streams that differ in any of the four are independent; nothing
/// has to be stored to go on with one.
class RandomStream {
public:
  RandomStream(std::uint64_t seed, Purpose purpose, std::uint64_t a = 0, std::uint64_t b = 0);

  std::uint32_t next();
  /// Uniform in [0, 1), of 53 bits.
  double uniform();
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Standard normal (Box and Muller).
  double normal();
  /// Uniform in [0, n), without bias; n >= 1.
  std::uint64_t below(std::uint64_t n);

private:
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  unsigned used_ = 4;
};

} // namespace pare::train
