#pragma once

// What several tests share: golden files, and the shape of an error.

#include "base/error.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace pare::test {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kIsSanitized = true;
#elif defined(__has_feature)
inline constexpr bool kIsSanitized = __has_feature(address_sanitizer);
#else
inline constexpr bool kIsSanitized = false;
#endif

/// Of so many random trials, or things that are many to be many, those that are made: under the sanitizers, which look for
/// other faults and take ten times as long, a quarter.
constexpr int trials(int all) { return kIsSanitized ? (all + 3) / 4 : all; }

inline std::string read_text(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// tests/golden, or where it is on a machine to which the tests were carried.
inline std::string golden_folder() {
  const char *elsewhere = std::getenv("PARE_GOLDEN_DIR");
  return elsewhere != nullptr ? elsewhere : PARE_GOLDEN_DIR;
}

/// A file of tests/golden.
inline nlohmann::ordered_json golden(const std::string &name) {
  return nlohmann::ordered_json::parse(read_text(golden_folder() + "/" + name));
}

/// A name that GoogleTest accepts.
inline std::string test_name(std::string text) {
  for (char &c : text)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return text;
}

/// The line of the Error that `action` throws, the whole of what(); "no error" where it throws none.
template <class Action>
std::string message_of(Action &&action) {
  try {
    action();
  } catch (const Error &error) {
    return error.what();
  }
  return "no error";
}

/// Runs `action`, which must throw an Error of this line, the whole of it: "[invalid_file] net.json/layers[1].id: ...".
template <class Action>
void expect_message(Action &&action, std::string_view line, const char *file = __builtin_FILE(), int at = __builtin_LINE()) {
  const std::string thrown = message_of(action);
  if (thrown != line) ADD_FAILURE_AT(file, at) << "thrown:   " << thrown << "\nexpected: " << line;
}

/// Runs `action`, which must throw Error{code} whose `where` and message contain these, in one line that begins with the code.
/// An empty `where` is an Error without a place, and an empty message is never a match: for what is not Pare's own (a text of
/// the operating system, a path) and for files that are damaged at random. What readers say is compared whole:
/// expect_message().
template <class Action>
void expect_error(Action &&action, ErrorCode code, std::string_view where, std::string_view message) {
  try {
    action();
  } catch (const Error &error) {
    const std::string line = error.what();
    EXPECT_EQ(error.code(), code) << line;
    EXPECT_TRUE(where.empty() ? error.where().empty() : error.where().find(where) != std::string::npos)
        << line << "\nexpected in where: " << where;
    EXPECT_TRUE(!message.empty() && error.message().find(message) != std::string::npos)
        << line << "\nexpected in message: " << message;
    EXPECT_TRUE(line.starts_with(std::string("[").append(to_string(code)).append("] "))) << line;
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
    return;
  }
  ADD_FAILURE() << "no error; expected [" << to_string(code) << "] " << where << ": " << message;
}

/// The same where only the place is of interest. It must be named.
template <class Action>
void expect_error(Action &&action, ErrorCode code, std::string_view where) {
  EXPECT_FALSE(where.empty()) << "expect_message() compares the line of an error without a place";
  try {
    action();
  } catch (const Error &error) {
    expect_error([&] { throw error; }, code, where, error.message()); // whatever it is, but for none
    return;
  }
  ADD_FAILURE() << "no error; expected [" << to_string(code) << "] " << where;
}

} // namespace pare::test
