#pragma once

// Runs the pare command as a user does: its own process, its own folder, stdout and stderr caught.

#include "tests/support.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace pare::test {

using Json = nlohmann::ordered_json;

struct Result {
  int code = -1; ///< exit code; 128 + signal where a signal ended it
  std::string out;
  std::string err;
};

/// Where stdout goes instead of being caught.
enum class Stdout { kCaught, kFull, kClosed, kReaderGone };

Result run(const std::vector<std::string> &arguments, Stdout out = Stdout::kCaught);
/// The same, any program, looked up in PATH.
Result run_program(const std::vector<std::string> &words, Stdout out = Stdout::kCaught);

/// A program that runs beside the test. One that is not waited for is killed at the end.
class Process {
public:
  /// Looked up in PATH; stderr is caught as well.
  explicit Process(const std::vector<std::string> &words, Stdout out = Stdout::kCaught);
  Process(const Process &) = delete;
  Process &operator=(const Process &) = delete;
  ~Process();

  void signal(int number) const;
  bool is_running();
  Result wait();
  /// What it has written to stderr up to now.
  std::string err() const;

private:
  struct Files;
  std::unique_ptr<Files> files_;
  pid_t child_ = 0;
  std::optional<int> status_; ///< once it has ended
};

std::vector<std::string> lines(const std::string &text);
std::vector<std::string> keys(const Json &object);
/// RFC 4180, with lines that end in LF: rows of fields.
std::vector<std::vector<std::string>> parse_csv(const std::string &text);

/// Each test runs in an empty folder of its own, which is removed behind it.
class Cli : public ::testing::Test {
protected:
  void SetUp() override;
  void TearDown() override;

  std::filesystem::path folder() const { return folder_; }
  void write(const std::string &name, const std::string &text) const;
  std::string read(const std::string &name) const;
  /// Names in the folder, sorted.
  std::vector<std::string> files() const;

  /// Runs and expects success; returns stdout.
  static std::string output(const std::vector<std::string> &arguments);
  static Json json(const std::vector<std::string> &arguments);

private:
  std::filesystem::path folder_;
  std::filesystem::path before_;
};

/// One line on stderr, `pare: [code] ...`, nothing on stdout, the exit code, and each of `parts` in the line.
void expect_fault(const Result &result, int code, std::string_view tag, const std::vector<std::string> &parts = {});

} // namespace pare::test
