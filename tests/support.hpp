#pragma once

// What several tests share: golden files, and the shape of an error.

#include "analysis/error.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cctype>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace pare::test {

inline std::string read_text(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// A file of tests/golden.
inline nlohmann::ordered_json golden(const std::string &name) {
  return nlohmann::ordered_json::parse(read_text(std::string(PARE_GOLDEN_DIR) + "/" + name));
}

/// A name that GoogleTest accepts.
inline std::string test_name(std::string text) {
  for (char &c : text)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return text;
}

/// Runs `action`, which must throw Error{code} whose `where` and message contain these, in one line that begins with the code.
template <class Action>
void expect_error(Action &&action, ErrorCode code, std::string_view where = "", std::string_view message = "") {
  try {
    action();
  } catch (const Error &error) {
    const std::string line = error.what();
    EXPECT_EQ(error.code(), code) << line;
    EXPECT_NE(error.where().find(where), std::string::npos) << line << "\nexpected in where: " << where;
    EXPECT_NE(error.message().find(message), std::string::npos) << line << "\nexpected in message: " << message;
    EXPECT_TRUE(line.starts_with("[" + std::string(to_string(code)) + "] ")) << line;
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
    return;
  }
  ADD_FAILURE() << "no error; expected [" << to_string(code) << "] " << where << ": " << message;
}

} // namespace pare::test
