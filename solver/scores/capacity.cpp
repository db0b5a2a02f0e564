#include "solver/scores/score.hpp"

#include <cmath>

namespace pare {

namespace {

class Capacity final : public Score {
public:
  const ScoreInfo &info() const override {
    static const ScoreInfo info{
        .name = "capacity",
        .description = "ln of the degrees of freedom of the layer's map: trainable values without biases, after rank "
                       "reduction, less what changes nothing, at most c_i c_o k^2",
        .assumes = "that layers multiply: doubling any layer's freedom is worth the same; of some "
                   "families it is an upper estimate, which an answer says",
        .of_freedom = true};
    return info;
  }
  std::vector<std::int64_t> scores(const ScoredLayer &layer) const override {
    std::vector<std::int64_t> out;
    out.reserve(layer.candidates.size());
    for (const Substitute &candidate : layer.candidates) {
      const std::int64_t freedom = degrees_of_freedom(layer.sites.front(), candidate).value;
      // In more digits than are kept, so that no library's last one is seen.
      out.push_back(std::llround(std::log(static_cast<long double>(freedom)) * kScoreUnit));
    }
    return out;
  }
};

} // namespace

const Score &score_capacity() {
  static const Capacity instance;
  return instance;
}

} // namespace pare
