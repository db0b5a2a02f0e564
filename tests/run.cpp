#include "tests/run.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

extern char **environ; // NOLINT(readability-redundant-declaration): POSIX leaves it to the program

namespace pare::test {

namespace {

struct Fd {
  int value;
  explicit Fd(int fd) : value(fd) {
    if (fd < 0) throw std::runtime_error("cannot open what a test needs");
  }
  Fd(const Fd &) = delete;
  Fd &operator=(const Fd &) = delete;
  ~Fd() { ::close(value); }
};

/// A file without a name: what is caught may be larger than a pipe holds.
int catcher() {
  std::string name = (std::filesystem::temp_directory_path() / "pare-caught-XXXXXX").string();
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd >= 0) ::unlink(name.c_str());
  return fd;
}

std::string caught(const Fd &file) {
  std::string out;
  std::array<char, 65536> buffer{};
  // The offset is shared with the program that writes.
  for (ssize_t n = 0; (n = ::pread(file.value, buffer.data(), buffer.size(), static_cast<off_t>(out.size()))) > 0;)
    out.append(buffer.data(), static_cast<std::size_t>(n));
  return out;
}

} // namespace

struct Process::Files {
  Fd out{catcher()};
  Fd err{catcher()};
};

Process::Process(const std::vector<std::string> &words, Stdout kind) : files_(std::make_unique<Files>()) {
  const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  ::close(pipe[0]);
  const Fd gone(pipe[1]);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  switch (kind) {
  case Stdout::kCaught: posix_spawn_file_actions_adddup2(&actions, files_->out.value, STDOUT_FILENO); break;
  case Stdout::kFull: posix_spawn_file_actions_adddup2(&actions, full.value, STDOUT_FILENO); break;
  case Stdout::kReaderGone: posix_spawn_file_actions_adddup2(&actions, gone.value, STDOUT_FILENO); break;
  case Stdout::kClosed: posix_spawn_file_actions_addclose(&actions, STDOUT_FILENO); break;
  }
  posix_spawn_file_actions_adddup2(&actions, files_->err.value, STDERR_FILENO);

  std::vector<std::string> copies = words;
  std::vector<char *> argv;
  for (std::string &word : copies) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int fault = ::posix_spawnp(&child_, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (fault != 0) throw std::runtime_error("cannot run " + words[0]);
}

Process::~Process() {
  if (status_) return;
  signal(SIGKILL);
  wait();
}

void Process::signal(int number) const { ::kill(child_, number); }

bool Process::is_running() {
  int status = 0;
  if (!status_ && ::waitpid(child_, &status, WNOHANG) == child_) status_ = status;
  return !status_;
}

Result Process::wait() {
  int status = 0;
  while (!status_)
    if (::waitpid(child_, &status, 0) == child_) status_ = status;
  Result result;
  result.code = WIFEXITED(*status_) ? WEXITSTATUS(*status_) : 128 + WTERMSIG(*status_);
  result.out = caught(files_->out);
  result.err = caught(files_->err);
  return result;
}

std::string Process::err() const { return caught(files_->err); }

Result run_program(const std::vector<std::string> &words, Stdout out) { return Process(words, out).wait(); }

Result run(const std::vector<std::string> &arguments, Stdout out) {
  std::vector<std::string> words{PARE_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return run_program(words, out);
}

std::vector<std::string> lines(const std::string &text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

std::vector<std::string> keys(const Json &object) {
  std::vector<std::string> out;
  for (const auto &[key, value] : object.items()) out.push_back(key);
  return out;
}

std::vector<std::vector<std::string>> parse_csv(const std::string &text) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
  std::string field;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      field += '"';
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == ',') {
      row.push_back(std::move(field));
      field.clear();
    } else if (!quoted && c == '\n') {
      row.push_back(std::move(field));
      field.clear();
      rows.push_back(std::move(row));
      row.clear();
    } else {
      field += c;
    }
  }
  EXPECT_FALSE(quoted) << "a quote is not closed";
  EXPECT_TRUE(row.empty() && field.empty()) << "the last row has no end";
  return rows;
}

void Cli::SetUp() {
  std::string name = (std::filesystem::temp_directory_path() / "pare-test-XXXXXX").string();
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  folder_ = name;
  before_ = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
}

void Cli::TearDown() {
  std::filesystem::current_path(before_);
  std::filesystem::remove_all(folder_);
}

void Cli::write(const std::string &name, const std::string &text) const {
  std::ofstream out(folder_ / name, std::ios::binary);
  out << text;
  ASSERT_TRUE(out.good());
}

std::string Cli::read(const std::string &name) const { return read_text((folder_ / name).string()); }

std::vector<std::string> Cli::files() const {
  std::vector<std::string> out;
  for (const auto &entry : std::filesystem::directory_iterator(folder_)) out.push_back(entry.path().filename().string());
  std::sort(out.begin(), out.end());
  return out;
}

std::string Cli::output(const std::vector<std::string> &arguments) {
  const Result result = run(arguments);
  EXPECT_EQ(result.code, 0) << result.err;
  return result.out;
}

Json Cli::json(const std::vector<std::string> &arguments) {
  const std::string text = output(arguments);
  Json document = Json::parse(text, nullptr, false);
  EXPECT_FALSE(document.is_discarded()) << text;
  return document;
}

void expect_fault(const Result &result, int code, std::string_view tag, const std::vector<std::string> &parts) {
  EXPECT_EQ(result.code, code) << result.err;
  EXPECT_EQ(result.out, "");
  const std::vector<std::string> err = lines(result.err);
  ASSERT_EQ(err.size(), 1U) << result.err;
  EXPECT_TRUE(result.err.ends_with('\n'));
  EXPECT_TRUE(err[0].starts_with("pare: [" + std::string(tag) + "] ")) << err[0];
  for (const std::string &part : parts)
    EXPECT_NE(err[0].find(part), std::string::npos) << "expected: " << part << "\nin: " << err[0];
}

} // namespace pare::test
