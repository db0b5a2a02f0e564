#pragma once

#include "train/plan/run_config.hpp"

#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <type_traits>

namespace pare::train {

inline constexpr std::array<std::string_view, 3> kPrecisions = {"fp32", "tf32", "bf16"};
inline constexpr std::array<std::string_view, 2> kOnBadFile = {"fail", "skip"};

/// What another value would change of a run that goes on.
enum class Effect : std::uint8_t {
  kResult, ///< what comes out: it cannot go on with it
  kBits,   ///< the last bits only
  kNone,   ///< nothing: where files lie, how many work, how often is saved
};

/// A field of a run: run.json, its checks and whether a run may go on are made from this list.
struct RunField {
  std::string_view key; ///< in run.json
  Effect effect = Effect::kNone;
  std::int64_t least = 1; ///< of a whole number
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
  std::span<const std::string_view> choices = {}; ///< of a text
  bool missing_before = false;                    ///< files of before do not have it
  std::string_view option = {};                   ///< what the command line calls it, where that is not the key with hyphens
};

/// Calls visit(RunField, value) for each field, in the order of the file.
template <class Config, class Visit>
requires std::same_as<std::remove_const_t<Config>, RunConfig>
void visit_fields(Config &c, Visit &&visit) {
  visit(RunField{.key = "network", .effect = Effect::kResult}, c.model.network);
  visit(RunField{.key = "input", .effect = Effect::kResult}, c.model.input);
  visit(RunField{.key = "substitution", .effect = Effect::kResult, .option = "substitute"}, c.model.substitution);
  visit(RunField{.key = "where_possible", .effect = Effect::kResult}, c.model.where_possible);
  visit(RunField{.key = "teacher", .effect = Effect::kResult}, c.teacher);
  visit(RunField{.key = "weights", .effect = Effect::kResult}, c.weights);
  visit(RunField{.key = "start", .effect = Effect::kResult, .missing_before = true}, c.start);
  visit(RunField{.key = "data", .effect = Effect::kResult}, c.data);
  visit(RunField{.key = "max_images", .effect = Effect::kResult, .missing_before = true}, c.max_images);
  visit(RunField{.key = "protocol", .effect = Effect::kResult}, c.protocol);
  visit(RunField{.key = "seed", .effect = Effect::kResult}, c.seed);
  visit(RunField{.key = "device", .effect = Effect::kBits}, c.device);
  visit(RunField{.key = "precision", .effect = Effect::kResult, .choices = kPrecisions}, c.precision);
  visit(RunField{.key = "channels_last", .effect = Effect::kBits}, c.channels_last);
  visit(RunField{.key = "cuda_graph", .missing_before = true, .option = "no-cuda-graph"}, c.cuda_graph);
  visit(RunField{.key = "micro_batch", .effect = Effect::kResult}, c.micro_batch);
  visit(RunField{.key = "threads", .effect = Effect::kBits, .most = kMostThreads}, c.threads);
  visit(RunField{.key = "workers", .least = 0, .most = kMostThreads}, c.workers);
  visit(RunField{.key = "checkpoint_every"}, c.checkpoint_every);
  visit(RunField{.key = "on_bad_file", .choices = kOnBadFile}, c.on_bad_file);
  visit(RunField{.key = "max_steps"}, c.max_steps);
}

} // namespace pare::train
