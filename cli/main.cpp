#include "analysis/error.hpp"
#include "cli/command.hpp"
#include "cli/files.hpp"
#include "cli/parse.hpp"
#include "cli/version.hpp"
#include "reports/numbers.hpp"

#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace pare::cli {

namespace {

int exit_code(ErrorCode code) {
  switch (code) {
  case ErrorCode::kUsage:
  case ErrorCode::kUnknownName:
  case ErrorCode::kInvalidValue: return kUsageFault;
  case ErrorCode::kInvalidConfig:
  case ErrorCode::kInvalidFile:
  case ErrorCode::kNotApplicable:
  case ErrorCode::kOverflow:
  case ErrorCode::kLimit:
  case ErrorCode::kIo: return kFault;
  }
  return kFault;
}

int report(const Error &error) {
  talk(std::string("pare: ") + error.what());
  return exit_code(error.code());
}

int run(const std::vector<std::string> &words) {
  if (words.empty())
    throw Error(ErrorCode::kUsage, "pare", "a command is missing; accepted: " + command_names() + "; see pare --help");
  const std::string &first = words.front();
  // Only the command that is asked for is described: the others' options would cost time at every start.
  for (const CommandEntry &entry : commands()) {
    if (entry.name != first) continue;
    const Command &command = entry.command();
    const auto arguments = parse(command, {words.begin() + 1, words.end()});
    if (!arguments) {
      print(help(command));
      return kDone;
    }
    return command.run(*arguments);
  }
  if (first == "--help" || first == "-h") {
    print(help());
    return kDone;
  }
  if (first == "--version") {
    print(version_text());
    return kDone;
  }
  throw Error(ErrorCode::kUsage, "pare",
              "\"" + first + "\" is no command; accepted: " + command_names() + ", --help, --version; see pare --help");
}

} // namespace

} // namespace pare::cli

int main(int argc, char **argv) {
  using namespace pare;
  cli::prepare_standard_streams();
  try {
    return cli::run({argv + (argc > 0 ? 1 : 0), argv + argc});
  } catch (const Error &error) {
    return cli::report(error);
  } catch (const std::bad_alloc &) {
    return cli::report(
        Error(ErrorCode::kLimit, "memory", "there is not enough for this network; a smaller one would be accepted"));
  } catch (const std::length_error &) {
    return cli::report(
        Error(ErrorCode::kLimit, "memory", "there is not enough for this network; a smaller one would be accepted"));
  } catch (const std::exception &error) {
    cli::talk("pare: [internal] " + one_line(error.what()) + "; this is a bug of pare");
    return cli::kFault;
  }
}
