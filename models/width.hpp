#pragma once

#include "models/network.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

/// How many times its own width a network may become where its width is solved for.
inline constexpr double kStandardWidthTimes = 4;
inline constexpr double kMostWidthTimes = 1024;
/// Throws Error{kInvalidValue} at `where` for another factor than from 1 to kMostWidthTimes.
void check_width_times(double times, const std::string &where);

/// The key that a network's width stands under: "width", or "channels".
std::string_view width_key(const Network &network);
double own_width(const Network &network);

/// Whether it has more than one: a network from a file may be such that it cannot be scaled.
bool has_widths(const Network &network);

/// The widths of a network: the one number that scales its channels, of a family its key, of a network from a file the factor
/// of analysis/widen.hpp.
class Widths {
public:
  /// Throws what Widening does for a network from a file that has but one.
  explicit Widths(const Network &network);

  std::string_view key() const { return width_key(network_); }
  bool is_whole() const; ///< a number of channels, and no factor
  double own() const { return own_width(network_); }
  /// The channel counts that a width decides, each never falling as it rises. Equal channels, equal network. Throws Error for a
  /// width that the network does not have.
  std::vector<std::int64_t> channels(double width) const;
  /// The same network of another width, for the same images.
  Network at(double width) const;
  /// The largest width that is tried: so many times the network's own, of whole ones the largest that the network has. Throws
  /// what check_width_times() does.
  double most(double times) const;

private:
  FileWidth file_width(double width) const { return {.factor = width, .round_to = network_.file_width.round_to}; }

  Network network_;
  std::unique_ptr<const Widening> ties_; ///< of one from a file
};

} // namespace pare
