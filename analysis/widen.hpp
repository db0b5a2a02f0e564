#pragma once

#include "analysis/graph.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace pare {

/// int(factor x channels), as Python: toward zero. Throws where nothing is left, or where it is beyond 2^53. `round_to` above
/// 1: instead torchvision's _make_divisible, which is the nearest multiple, at least one, and never loses more than a tenth.
std::int64_t scaled_channels(std::int64_t channels, double factor, const std::string &where, std::int64_t round_to = 1);
inline constexpr std::int64_t kMostRoundTo = 1 << 20;

/// The channels of any network, which a factor scales: all but those of its input and of what nothing follows on (its last
/// layer). Ops tie them: add and multiply take inputs of as many channels, concat puts them beside each other, a depthwise
/// convolution has as many outputs for each input, flatten a feature for each position, shares the owner's; all others hand on
/// what they get, or make channels of their own (conv, linear).
///
/// What is tied scales alike. The greatest number that divides all of a tie, its unit, becomes int(factor x unit), at least 1:
/// 36 channels that are a concatenation of 18 and 18 become twice int(factor x 18). Where channels stand in groups (of a
/// convolution that is not depthwise, whose groups stay as many, or of shuffle_channels) it is the largest multiple below that
/// the groups divide, at least one.
class Widening {
public:
  /// Throws Error{kInvalidConfig} at the layer that forbids a width: one that ties channels between layers to those of the
  /// input, or whose weight is computed (of a lowered graph); and where there are no channels to scale.
  explicit Widening(const Graph &graph);

  /// Of each tie its unit at a factor, in the order of the layers: equal numbers, equal network. None falls as the factor
  /// rises. `round_to`: as in scaled_channels(). Throws Error{kOverflow}.
  std::vector<std::int64_t> units(double factor, std::int64_t round_to = 1) const;

  /// The network of these channels; `graph` is the one that the ties are of.
  Graph widened(const Graph &graph, double factor, std::int64_t round_to = 1) const;

private:
  class Finder;
  using TieId = std::size_t;
  /// So many consecutive channels of one tie.
  struct Piece {
    TieId tie = 0;
    std::int64_t size = 0;
  };
  using Layout = std::vector<Piece>;
  struct Tie {
    std::int64_t unit = 0; ///< divides the sizes of all its pieces
    /// What all groups ask for: (channels of the tie, groups that must divide them).
    std::vector<std::pair<std::int64_t, std::int64_t>> grouped = {};
    bool is_fixed = false;
    std::int64_t multiple_of = 1; ///< what a scaled unit must be
  };

  std::vector<Tie> ties_;              ///< those that are scaled first
  std::size_t scaled_count_ = 0;       ///< so many of them
  std::vector<Layout> layouts_;        ///< the channels of activations
  std::vector<std::size_t> layout_of_; ///< by node; of those on activations
};

} // namespace pare
