#include "base/checked.hpp"
#include "solver/scores/score.hpp"

namespace pare {

namespace {

class ParametersScore final : public Score {
public:
  const ScoreInfo &info() const override {
    static const ScoreInfo info{.name = "parameters",
                                .description = "the number of parameters: fills the budget",
                                .assumes = "that a parameter is worth the same wherever it is"};
    return info;
  }
  std::vector<std::int64_t> scores(const ScoredLayer &layer) const override {
    std::vector<std::int64_t> out;
    out.reserve(layer.parameters.size());
    for (const std::int64_t parameters : layer.parameters) out.push_back(checked_mul(parameters, kScoreUnit));
    return out;
  }
};

} // namespace

const Score &score_parameters() {
  static const ParametersScore instance;
  return instance;
}

} // namespace pare
