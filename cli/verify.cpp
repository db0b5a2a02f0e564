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

int run(const Arguments &arguments) {
  const auto begin = std::chrono::steady_clock::now();
  const std::string argument = arguments.get("FILE");
  const Design design = load_design(argument);
  if (!design.is_solved)
    throw Error(ErrorCode::kUsage, "FILE",
                fmt::format("{} is no solved file (pare.solved/1), and claims nothing", shown(argument)));
  const Control control = read_control(arguments);
  const Verification verification = verify(design, control);
  std::string text = fmt::format("{}: {}\n", file_name(argument), design.network.name);
  for (const std::string &step : verification.steps) text += fmt::format("  {}\n", step);
  text += fmt::format("{}: {}\n", verification.is_claim ? "proven" : "not proven",
                      verification.is_claim ? to_string(verification.proven) : *verification.objection);
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
          "the staircase that could be a better answer. It prints the level that it proved: feasible, bound or "
          "optimal. Exit code 1 says that what the file claims was not proven.",
      .options = {{.name = "FILE",
                   .description = "A solved file (pare.solved/1); - is stdin",
                   .values = Values::kFile,
                   .required = true},
                  time_limit_option(),
                  memory_option()},
      .examples = {{"pare verify s.json", "Whether that plan is the best one"}},
      .run = run};
  return command;
}

} // namespace pare::cli
