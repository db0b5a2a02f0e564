#include "solver/scores/score.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/names.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace pare {

#define PARE_SCORE(name) const Score &score_##name();
#include "solver/scores/list.def"
#undef PARE_SCORE

std::span<const Score *const> scores() {
  static const std::array all = {
#define PARE_SCORE(name) &score_##name(),
#include "solver/scores/list.def"
#undef PARE_SCORE
  };
  return all;
}

ScoreWeights read_score_weights(const std::string &path) {
  return {.file = path, .checksum = digest_of_file(path), .tensors = formats::read_tensor_file(path)};
}

const Score &find_score(std::string_view name) {
  std::vector<std::string_view> known;
  for (const Score *score : scores()) known.push_back(score->info().name);
  if (const auto found = find_name(name, known)) return *scores()[*found];
  throw Error(ErrorCode::kUnknownName, "score",
              fmt::format("unknown score {}; known: {}{}", shown(name), fmt::join(known, ", "), did_you_mean(name, known)));
}

} // namespace pare
