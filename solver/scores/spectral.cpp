#include "solver/scores/score.hpp"

#include <cmath>

namespace pare {

namespace {

class Spectral final : public Score {
public:
  const ScoreInfo &info() const override {
    static const ScoreInfo info{
        .name = "spectral",
        .description =
            "the share of the energy (sum of squares) of a teacher's weights that the layer's projection keeps, before "
            "sweeps that may add to it; from a file of weights",
        .assumes = "that energy is worth the same in every layer; candidates without a projection are left out",
        .needs_weights = true,
        .by_name = true};
    return info;
  }
  bool has_score(const ConvSite &site, const Substitute &candidate) const override { return has_share(site, candidate); }
  std::vector<std::int64_t> scores(const ScoredLayer &layer) const override {
    const ConvSite &site = layer.sites.front();
    const DenseTensor weight = layer.teacher->of(site).weight;
    std::vector<std::int64_t> out;
    out.reserve(layer.candidates.size());
    // In far fewer digits than are right, so that every processor comes to the same.
    constexpr std::int64_t kSteps = 1'000'000;
    for (const double share : shares_kept(site, layer.candidates, weight))
      out.push_back(std::llround(share * kSteps) * (kScoreUnit / kSteps));
    return out;
  }
};

} // namespace

const Score &score_spectral() {
  static const Spectral instance;
  return instance;
}

} // namespace pare
