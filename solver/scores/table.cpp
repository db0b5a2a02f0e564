#include "base/error.hpp"
#include "base/text.hpp"
#include "base/values.hpp"
#include "solver/scores/score.hpp"

#include <fmt/format.h>

#include <cmath>

namespace pare {

namespace {

constexpr std::string_view kHeading = "layer,candidate,score";

/// The cells of one line; quotes around a cell keep its commas, and stand in it doubled.
std::vector<std::string> cells_of(std::string_view line, const std::string &where) {
  std::vector<std::string> out(1);
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == ',') {
      out.emplace_back();
    } else if (line[i] == '"' && out.back().empty()) {
      for (++i;; ++i) {
        if (i == line.size()) throw Error(ErrorCode::kInvalidFile, where, "a quote is not closed on its line");
        if (line[i] == '"' && (i + 1 == line.size() || line[i + 1] != '"')) break;
        if (line[i] == '"') ++i;
        out.back() += line[i];
      }
    } else {
      out.back() += line[i];
    }
  }
  return out;
}

/// A candidate by whichever of its names, as the one that it is listed by.
std::string canonical(const std::string &candidate) {
  Substitute out = parse_substitute(candidate);
  out.by_own_name = true;
  return out.text();
}

class TableScore final : public Score {
public:
  const ScoreInfo &info() const override {
    static const ScoreInfo info{.name = "table",
                                .description = "a file of layer,candidate,score",
                                .assumes = "what its author says: that a plan is worth the sum over its layers",
                                .needs_table = true,
                                .by_name = true};
    return info;
  }
  std::vector<std::int64_t> scores(const ScoredLayer &layer) const override {
    const std::string &name = layer.sites.front().name;
    std::vector<std::int64_t> out;
    std::vector<std::string> missing;
    for (const Substitute &candidate : layer.candidates) {
      const std::string text = candidate.text();
      const auto found = layer.table->find(name, text);
      if (found)
        out.push_back(*found);
      else
        missing.push_back(text);
    }
    if (missing.empty()) return out;
    throw Error(ErrorCode::kInvalidFile, layer.table->where(),
                fmt::format("no score for {} of layer {}{}; a line for each candidate of each layer would be accepted",
                            shown(missing.front()), shown(name),
                            missing.size() > 1 ? fmt::format(" and {} more of its candidates", missing.size() - 1) : ""));
  }
};

} // namespace

ScoreTable::ScoreTable(std::string_view csv, const std::string &where) : text_(csv), where_(where) {
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < csv.size();) {
    const std::size_t end = std::min(csv.find('\n', begin), csv.size());
    std::string_view line = csv.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::string at = fmt::format("{}:{}", where, number);
    if (number == 1) {
      if (line != kHeading) throw Error(ErrorCode::kInvalidFile, at, fmt::format("{} must be {}", shown(line, 60), kHeading));
      continue;
    }
    if (line.empty()) continue;
    const std::vector<std::string> cells = cells_of(line, at);
    if (cells.size() != 3)
      throw Error(ErrorCode::kInvalidFile, at,
                  fmt::format("a line has {} cells, and must have 3: {}; a candidate with commas stands in quotes",
                              cells.size(), kHeading));
    const auto score = parse_real(cells[2]);
    constexpr double kMost = 1e6; // thousands of layers of it, times kScoreUnit, add up in 64 bits
    if (!score || !(std::fabs(*score) <= kMost))
      throw Error(ErrorCode::kInvalidFile, at, fmt::format("score = {} must be a number from -1e6 to 1e6", shown(cells[2])));
    std::string candidate;
    try {
      candidate = canonical(cells[1]);
    } catch (const Error &error) {
      throw Error(ErrorCode::kInvalidFile, at, error.message());
    }
    const auto units = static_cast<std::int64_t>(std::llround(static_cast<long double>(*score) * kScoreUnit));
    if (!scores_[cells[0]].emplace(std::move(candidate), units).second)
      throw Error(ErrorCode::kInvalidFile, at, fmt::format("{} of layer {} is given twice", shown(cells[1]), shown(cells[0])));
  }
  if (number == 0) throw Error(ErrorCode::kInvalidFile, where, fmt::format("an empty file; {} must head it", kHeading));
}

std::vector<std::string_view> ScoreTable::layers() const {
  std::vector<std::string_view> out;
  for (const auto &[layer, scores] : scores_) out.push_back(layer);
  return out;
}

std::optional<std::int64_t> ScoreTable::find(const std::string &layer, const std::string &candidate) const {
  const auto of_layer = scores_.find(layer);
  if (of_layer == scores_.end()) return std::nullopt;
  // As it is written in the table too, by its own name.
  auto found = of_layer->second.find(candidate);
  if (found == of_layer->second.end()) found = of_layer->second.find(canonical(candidate));
  return found == of_layer->second.end() ? std::nullopt : std::optional(found->second);
}

const Score &score_table() {
  static const TableScore instance;
  return instance;
}

} // namespace pare
