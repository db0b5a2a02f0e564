#include "cli/trainer.hpp"

#include "base/error.hpp"
#include "command/output.hpp"
#include "command/parse.hpp"
#include "train/command/commands.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

// What needs LibTorch is done by a second executable, pare-train, so that this one starts fast and builds without.

namespace pare::cli {

using namespace command; // what commands are made of

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTrainer = "pare-train";

bool is_executable(const fs::path &path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

/// Beside this executable, in the build tree, in libexec, then in PATH.
std::optional<fs::path> look_for_trainer() {
  std::error_code fault;
  const fs::path self = fs::read_symlink("/proc/self/exe", fault);
  if (!fault) {
    const fs::path folder = self.parent_path();
    for (const fs::path &place : {folder, folder / "../train", folder / "../libexec/pare"})
      if (is_executable(place / kTrainer)) return place / kTrainer;
  }
  const char *path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
    // An empty or relative entry would run what lies in the folder that one happens to be in.
    if (const fs::path file = fs::path(folder) / kTrainer; file.is_absolute() && is_executable(file)) return file;
  }
  return std::nullopt;
}

int hand_over(const Command &command, const std::vector<std::string> &words) {
  // The help is the same text wherever it is printed.
  const auto is_given = [&](std::string_view word) { return std::find(words.begin(), words.end(), word) != words.end(); };
  if ((is_given("--help") || is_given("-h")) && !look_for_trainer()) {
    print(help("pare", command));
    return kDone;
  }
  const std::string trainer = find_trainer(fmt::format("pare {}", command.name));
  std::vector<std::string> copies{trainer, std::string(command.name)};
  copies.insert(copies.end(), words.begin(), words.end());
  std::vector<char *> argv;
  for (std::string &word : copies) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(trainer.c_str(), argv.data());
  throw Error(ErrorCode::kIo, trainer,
              fmt::format("cannot be run: {}; a {} of this pare would be accepted", std::strerror(errno), kTrainer));
}

Command handed_over(Command command) {
  command.hand_over = hand_over;
  return command;
}

} // namespace

std::string find_trainer(const std::string &command) {
  const std::optional<fs::path> trainer = look_for_trainer();
  if (!trainer)
    throw Error(ErrorCode::kIo, command,
                fmt::format("{} is not here, beside pare or in PATH; it is built with LibTorch 2.6 or later: pip install "
                            "torch==2.11.0 in a virtual environment, then cmake -DPARE_TRAIN=ON -DPARE_TORCH_PYTHON=its python "
                            "(scripts/test does both)",
                            kTrainer));
  // Threads that wait for one another spin for a moment, not for milliseconds: beside other work a step took several times as
  // long. Read before main(), so it must be set here; what a user has set stays.
  if (std::getenv("OMP_WAIT_POLICY") == nullptr) ::setenv("GOMP_SPINCOUNT", "10000", 0);
  return trainer->string();
}

const Command &command_train() {
  static const Command command = handed_over(train::describe_train());
  return command;
}

const Command &command_resume() {
  static const Command command = handed_over(train::describe_resume());
  return command;
}

const Command &command_evaluate() {
  static const Command command = handed_over(train::describe_evaluate());
  return command;
}

const Command &command_data() {
  static const Command command = handed_over(train::describe_data());
  return command;
}

} // namespace pare::cli
