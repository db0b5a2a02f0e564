#include "solver/verify.hpp"
#include "base/error.hpp"
#include "cli/options.hpp"
#include "cli/per_layer.hpp"
#include "command/interrupt.hpp"
#include "command/output.hpp"
#include "solver/candidate_file.hpp"

#include "base/files.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <chrono>

namespace pare::cli {

namespace {

constexpr std::size_t kMostNameBytes = 4096; ///< of a file: all of it

int do_verify(const Arguments &arguments) {
  const auto begin = std::chrono::steady_clock::now();
  const std::string argument = arguments.get("FILE");
  Design design = load_design(argument, {}, Holds::kPlanOrProof);
  if (!design.is_solved)
    throw Error(ErrorCode::kUsage, "FILE",
                fmt::format("{} is no solved file (pare.solved/1), and claims nothing", shown(argument)));
  const auto teacher = arguments.find("--teacher");
  const bool needs_weights = design.mixed && design.mixed->request.weights;
  if (teacher && !needs_weights)
    throw Error(ErrorCode::kUsage, "--teacher",
                fmt::format("{} was not scored by weights; without it would be accepted", shown(argument)));
  if (needs_weights) {
    ScoreWeights &weights = *design.mixed->request.weights;
    read_weights_again(teacher.value_or(weights.file), weights);
  }
  const Control control = read_control(arguments);
  const Verification verification = verify(design, control);
  std::string text = fmt::format("{}: {}\n", plain(file_name(argument), kMostNameBytes), design.network.name);
  const auto add = [&](const std::string &said, std::string_view before) {
    for (const std::string &line : wrapped(said, kTextWidth - 2, 2)) text += fmt::format("{}{}\n", before, line);
  };
  for (const std::string &step : verification.steps) add(step, "  ");
  add(verification.is_claim ? fmt::format("proven: {}", to_string(verification.proven))
                            : fmt::format("not proven: {}", *verification.objection),
      "");
  print(text);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  talk(fmt::format("pare: verified in {:.2f} s", seconds));
  if (verification.is_claim) return kDone;
  return interrupted() != 0 ? 128 + interrupted() : kFault;
}

} // namespace

const Command &command_verify() {
  static const Command command{
      .name = "verify",
      .summary = "Prove what a solved file says",
      .description =
          "Makes the candidates again from the file's network, counts its plan again, and checks its certificate, with "
          "nothing of the search that wrote it. Of one setting for the whole network it counts again each step of "
          "the staircase that could be a better answer. It prints the level that it proved: feasible, bound, "
          "optimal, or infeasible (of what `solve --per-layer --format json` prints where there is no plan). Exit code 1 says "
          "that what the file claims was not proven.",
      .options = {{.name = "FILE",
                   .description = "A solved file (pare.solved/1); - is stdin",
                   .values = Values::kFile,
                   .required = true},
                  {.name = "--teacher",
                   .value = "FILE",
                   .description =
                       "Where the weights lie now that a plan was scored by (spectral); they must be those of before",
                   .values = Values::kFile,
                   .otherwise = "where they were"},
                  time_limit_option(),
                  memory_option()},
      .examples = {{"pare verify s.json", "Whether that plan is the best one"}},
      .run = do_verify};
  return command;
}

} // namespace pare::cli
