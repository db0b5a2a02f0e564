#include "train/experiments/collate.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/options.hpp"
#include "command/output.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>

extern char **environ;

namespace pare::cli {

namespace {

namespace fs = std::filesystem;

/// What is copied from another machine: what results are made from, and no weights.
constexpr std::array<const char *, 5> kCopied = {"run.json", "result.json", "metrics.jsonl", "heartbeat.json", "failure.json"};

/// What rsync says where runs went on while it copied, and a temporary file of theirs was gone again.
constexpr int kFilesVanished = 24;

/// A folder that goes when this goes.
class TemporaryFolder {
public:
  TemporaryFolder() {
    std::error_code fault;
    std::string name = (fs::temp_directory_path(fault) / "pare-collate-XXXXXX").string();
    if (fault)
      throw Error(ErrorCode::kIo, "TMPDIR",
                  fmt::format("names no folder for copies: {}; one that can be written in would be accepted", fault.message()));
    if (::mkdtemp(name.data()) == nullptr)
      throw Error(ErrorCode::kIo, name, fmt::format("cannot be made: {}; TMPDIR names another place", std::strerror(errno)));
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;
  const fs::path &path() const { return path_; }

private:
  fs::path path_;
};

/// HOST:DIR, as rsync and ssh write it: a colon before any slash, where no such file is.
bool is_remote(const std::string &source) {
  std::error_code ignored;
  const auto colon = source.find(':');
  return colon != std::string::npos && colon > 0 && source.find('/') > colon && !fs::exists(source, ignored);
}

/// Copies the small files of the runs in HOST:DIR. Nothing of a shell reads the words.
void copy_from(const std::string &source, const fs::path &to) {
  if (source.starts_with('-'))
    throw Error(ErrorCode::kUsage, "SOURCE", fmt::format("{} is no host: rsync would read it as an option", shown(source)));
  std::vector<std::string> words = {"rsync", "-a", "--timeout=60", "--include=/*/"};
  for (const char *name : kCopied) words.push_back(fmt::format("--include=/*/{}", name));
  words.insert(words.end(), {"--exclude=*", "--", source + (source.ends_with(':') ? "./" : "/"),
                             to.string() + "/"}); // "HOST:/" is another folder
  std::vector<char *> argv;
  for (std::string &word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::signal(SIGCHLD, SIG_DFL); // where it is ignored, nobody is told how a process ended
  pid_t child = 0;
  const int fault = ::posix_spawnp(&child, "rsync", nullptr, nullptr, argv.data(), environ);
  if (fault != 0)
    throw Error(ErrorCode::kIo, "rsync",
                fmt::format("cannot be run: {}; the package rsync, or folders of this machine would be accepted",
                            std::strerror(fault)));
  int status = -1;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != kFilesVanished))
    throw Error(ErrorCode::kIo, source,
                fmt::format("could not be copied (rsync ended with status {}): nothing is written; a host that answers, or the "
                            "same command without it would be accepted",
                            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)));
}

/// One line, and one for each of the first that are not done.
void tell(const train::Collation &collation) {
  for (const std::string &line : collation.remarks) talk(one_line("pare: " + line));
  std::map<std::string, std::int64_t> states;
  for (const train::ResultRow &row : collation.rows) ++states[row.state];
  std::vector<std::string> parts;
  for (const auto &[state, count] : states) parts.push_back(fmt::format("{} {}", count, state));
  talk(
      fmt::format("{} experiment{}: {}", collation.rows.size(), collation.rows.size() == 1 ? "" : "s", fmt::join(parts, ", ")));
  constexpr std::int64_t kShown = 10;
  std::int64_t others = 0;
  for (const train::ResultRow &row : collation.rows) {
    if (row.state == "done" || ++others > kShown) continue;
    talk(one_line(fmt::format("  {}: {}{}{}", row.name, row.state,
                              row.epoch ? fmt::format(", epoch {} of {}", *row.epoch, row.epochs.value_or(0)) : "",
                              row.note.empty() ? "" : ": " + row.note)));
  }
  if (others > kShown) talk(fmt::format("  and {} more that are not done", others - kShown));
}

int do_collate(const Arguments &arguments) {
  const std::string file = arguments.get("SCHEDULE");
  const std::string name = file_name(file);
  const std::string output = arguments.get("--output");
  const train::Schedule schedule = train::read_schedule(read_text(file, name), name);
  train::check_identities(schedule, name);

  std::optional<TemporaryFolder> copies;
  std::vector<train::RunsFolder> folders;
  std::vector<train::ResultRow> published;
  for (const std::string &source : arguments.all("SOURCE")) {
    std::error_code ignored;
    if (is_remote(source)) {
      if (!copies) copies.emplace();
      const fs::path to = copies->path() / std::to_string(folders.size());
      copy_from(source, to);
      folders.push_back({.path = to.string(), .name = source, .is_whole = false});
    } else if (fs::is_directory(source, ignored)) {
      folders.push_back({.path = source, .name = source});
    } else {
      const auto rows = train::read_any_results(read_text(source, source), source);
      published.insert(published.end(), rows.begin(), rows.end());
    }
  }
  train::Collation collation = train::collate(schedule, folders);
  tell(collation);
  std::vector<train::ResultRow> rows = std::move(collation.rows);
  rows.insert(rows.end(), published.begin(), published.end());

  const std::string json = train::write_results_json(rows);
  if (output.empty() || output == "-") {
    print(json);
    return kDone;
  }
  fs::path table = output;
  table.replace_extension(".csv");
  const std::string csv = train::write_results_csv(rows);
  if (table == output) {
    deliver(output, csv);
    return kDone;
  }
  check_output(output);
  check_output(table.string());
  write_files(std::array{NamedText{.path = output, .text = json}, NamedText{.path = table.string(), .text = csv}});
  return kDone;
}

} // namespace

const Command &command_collate() {
  static const Command command{
      .name = "collate",
      .summary = "Gather the results of a schedule from folders and hosts",
      .description =
          "Takes the furthest run of each experiment from any number of folders of runs: done before diverged before the most "
          "epochs that a whole checkpoint has. A run that is configured otherwise than its experiment is refused; what is "
          "missing or unfinished is a row that says so. HOST:DIR is copied by rsync, the small files only. Published points "
          "(pare.results/1, the 2019 system's collated.json, examples/results_2019.json) stand behind them.",
      .options = {{.name = "SCHEDULE",
                   .description = "A pare.schedule/1 file, of `pare schedule`",
                   .values = Values::kFile,
                   .required = true},
                  {.name = "SOURCE",
                   .description = "A folder of runs, here or as HOST:DIR, or a file of results",
                   .values = Values::kFile,
                   .required = true,
                   .repeats = true},
                  output_option(
                      "Where the results go: NAME.json, and beside it NAME.csv of the same columns; NAME.csv alone is "
                      "that only")},
      .examples = {{"pare collate schedule.json runs hostA:/data/runs -o results.json", "two machines' runs as one table"}},
      .run = do_collate};
  return command;
}

} // namespace pare::cli
