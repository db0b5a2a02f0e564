#pragma once

#include "analysis/substitution.hpp"
#include "formats/tensor_file.hpp"
#include "projection/teacher.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

/// Scores are whole numbers: round(score x 10^9).
inline constexpr std::int64_t kScoreUnit = 1'000'000'000;

/// A user's own scores: lines of layer, candidate and score, under that heading.
class ScoreTable {
public:
  /// Reads CSV. A candidate is written as a substitution is, and may stand in quotes. Throws Error{kInvalidFile}.
  ScoreTable(std::string_view csv, const std::string &where);
  /// In units of 1 / kScoreUnit; none where it is missing.
  std::optional<std::int64_t> find(const std::string &layer, const std::string &candidate) const;
  /// Those that it scores.
  std::vector<std::string_view> layers() const;
  /// The file's text, and what it is called.
  const std::string &text() const { return text_; }
  const std::string &where() const { return where_; }

private:
  std::string text_;
  std::string where_;
  std::map<std::string, std::map<std::string, std::int64_t, std::less<>>, std::less<>> scores_;
};

/// The weights that a score is of: those of the network before anything is substituted.
struct ScoreWeights {
  std::string file;
  std::string checksum;                            ///< digest() of the file
  std::optional<formats::TensorFile> tensors = {}; ///< none: not read, but named by a solved file
};
/// Throws Error{kIo}, {kInvalidFile} or {kLimit}.
ScoreWeights read_score_weights(const std::string &path);

/// A layer that is to be scored with each of its candidates.
struct ScoredLayer {
  std::span<const ConvSite> sites;          ///< all its places
  std::span<const Substitute> candidates;   ///< that apply
  std::span<const std::int64_t> parameters; ///< of each of them
  const ScoreTable *table = nullptr;        ///< where the score needs one
  const TeacherWeights *teacher = nullptr;  ///< where the score needs weights
};

struct ScoreInfo {
  std::string_view name;
  std::string_view description;
  std::string_view assumes;
  bool needs_table = false;
  bool needs_weights = false; ///< a file of them
  bool of_freedom = false;    ///< it is made of degrees of freedom, of which some families have an estimate
  bool by_name = false;       ///< layers of one shape may score differently

  bool needs_file() const { return needs_table || needs_weights; }
};

/// What a candidate is worth, as a number for each layer: the sum over the layers is what a mixed plan is the best in.
class Score {
public:
  virtual ~Score() = default;
  virtual const ScoreInfo &info() const = 0;
  /// Whether a candidate has a score there. One that has none is left out, and its family listed: nothing is guessed.
  virtual bool has_score(const ConvSite & /*site*/, const Substitute & /*candidate*/) const { return true; }
  /// One for each candidate, all of which have one. Throws Error{kOverflow}, or of a table Error{kInvalidFile} where one is
  /// missing.
  virtual std::vector<std::int64_t> scores(const ScoredLayer &layer) const = 0;
};

/// The registry: list.def.
std::span<const Score *const> scores();
/// Throws Error{kUnknownName}.
const Score &find_score(std::string_view name);
inline constexpr std::string_view kDefaultScore = "capacity";

} // namespace pare
