#include "command/run.hpp"

#include "base/error.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "command/output.hpp"
#include "command/parse.hpp"

#include <fmt/format.h>

#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace pare::command {

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
  case ErrorCode::kNotFinite:
  case ErrorCode::kIo: return kFault;
  }
  return kFault;
}

int report(std::string_view program, const Error &error) {
  talk(fmt::format("{}: {}", program, error.what()));
  return exit_code(error.code());
}

int out_of_memory(std::string_view program) {
  return report(program,
                Error(ErrorCode::kLimit, "memory", "there is not enough for this network; a smaller one would be accepted"));
}

int run(const Program &program, const std::vector<std::string> &words) {
  const std::string name(program.name);
  if (words.empty())
    throw Error(ErrorCode::kUsage, name,
                fmt::format("a command is missing; accepted: {}; see {} --help", command_names(program.commands), name));
  std::vector<std::string_view> known = {"--help", "--version"};
  for (const CommandEntry &entry : program.commands) known.push_back(entry.name);
  const auto found = find_name(words.front(), known);
  const std::string first(found ? known[*found] : words.front());
  // Only the command that is asked for is described: the others' options would cost time at every start.
  for (const CommandEntry &entry : program.commands) {
    if (entry.name != first) continue;
    const Command &command = entry.command();
    const std::vector<std::string> rest(words.begin() + 1, words.end());
    if (command.hand_over != nullptr) return command.hand_over(command, rest);
    const auto arguments = parse(name, command, rest);
    if (!arguments) {
      print(help(name, command));
      return kDone;
    }
    return command.run(*arguments);
  }
  if (first == "--help" || first == "-h") {
    print(help(program));
    return kDone;
  }
  if (first == "--version") {
    print(program.version_text());
    return kDone;
  }
  throw Error(ErrorCode::kUsage, name,
              fmt::format("{} is no command; accepted: {}, --help, --version; see {} --help{}", shown(first),
                          command_names(program.commands), name, did_you_mean(first, known)));
}

} // namespace

int run_program(const Program &program, int argc, char **argv) {
  prepare_standard_streams();
  try {
    return run(program, {argv + (argc > 0 ? 1 : 0), argv + argc});
  } catch (const ReaderGone &) {
    return kReaderGone;
  } catch (const Error &error) {
    return report(program.name, error);
  } catch (const std::bad_alloc &) {
    return out_of_memory(program.name);
  } catch (const std::length_error &) {
    return out_of_memory(program.name);
  } catch (const std::exception &error) {
    talk(fmt::format("{}: [internal] {}; this is a bug of pare", program.name, one_line(error.what())));
    return kFault;
  }
}

} // namespace pare::command
