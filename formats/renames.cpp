#include "formats/renames.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <memory>

namespace pare::formats {

namespace {

constexpr std::size_t kMostRules = 1000;
constexpr std::size_t kMostRuleBytes = 1000;
constexpr std::int64_t kMostAutomatonBytes = std::int64_t{1} << 22; ///< of one rule
constexpr std::size_t kMostNameBytes = 4096;                        ///< names do not grow without end

} // namespace

struct Renamer::Rule {
  std::unique_ptr<re2::RE2> pattern;
  std::string replacement;
};

Renamer::~Renamer() = default;
Renamer::Renamer(Renamer &&) noexcept = default;
Renamer &Renamer::operator=(Renamer &&) noexcept = default;

Renamer::Renamer(std::span<const Rename> rules, const std::string &where) {
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(kMostAutomatonBytes);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string place = fmt::format("{}[{}]", where, i);
    const auto &[pattern, replacement] = rules[i];
    if (pattern.empty() || pattern.size() > kMostRuleBytes || replacement.size() > kMostRuleBytes)
      throw Error(ErrorCode::kInvalidValue, place,
                  fmt::format("pattern {} and replacement {} must have up to {} bytes, the pattern one at least",
                              shown(pattern), shown(replacement), kMostRuleBytes));
    Rule rule{.pattern = std::make_unique<re2::RE2>(pattern, options), .replacement = replacement};
    if (!rule.pattern->ok())
      throw Error(
          ErrorCode::kInvalidValue, place,
          fmt::format("pattern = {} must be a regular expression as RE2 takes it: {}", shown(pattern), rule.pattern->error()));
    std::string why;
    if (!rule.pattern->CheckRewriteString(replacement, &why))
      throw Error(ErrorCode::kInvalidValue, place,
                  fmt::format("replacement = {} must be a text in which \\1 is the pattern's first group: {}",
                              shown(replacement), why));
    rules_.push_back(std::move(rule));
  }
}

bool Renamer::is_empty() const { return rules_.empty(); }

std::string Renamer::operator()(std::string_view name) const {
  std::string out(name);
  for (const Rule &rule : rules_) {
    if (out.size() > kMostNameBytes)
      throw Error(
          ErrorCode::kLimit, "name map",
          fmt::format("{} has or becomes more than {} bytes; shorter names would be accepted", shown(name), kMostNameBytes));
    re2::RE2::GlobalReplace(&out, *rule.pattern, rule.replacement);
  }
  return out;
}

std::vector<Rename> parse_renames(std::string_view text, const std::string &where) {
  const json::Place place(where);
  const json::Value list = json::parse(text, place);
  constexpr std::string_view kRule = "a list of [pattern, replacement], such as [[\"^encoder\\\\.\", \"\"]]";
  if (!list.is_array() || list.empty()) json::refuse(list, place, "name map", kRule);
  if (list.size() > kMostRules) place.fail(fmt::format("has {} rules; up to {} would be accepted", list.size(), kMostRules));
  std::vector<Rename> out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json::Value &pair = list[i];
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string())
      json::refuse(pair, place.item(i), "rule", "[pattern, replacement], both texts");
    out.push_back({.pattern = pair[0].get<std::string>(), .replacement = pair[1].get<std::string>()});
  }
  const Renamer checked(out, where);
  return out;
}

} // namespace pare::formats
