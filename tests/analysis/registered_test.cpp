// A file that nobody registered, and a registration without a file: both are caught here (design rule 9).

#include "analysis/substitution.hpp"
#include "models/network.hpp"
#include "tests/support.hpp"

#include <cctype>
#include <filesystem>
#include <set>

namespace pare {
namespace {

/// Every identifier X between `before` and `after`, at the beginning of a line or behind a blank.
std::set<std::string> between(const std::string &text, const std::string &before, const std::string &after) {
  std::set<std::string> out;
  for (auto at = text.find(before); at != std::string::npos; at = text.find(before, at + 1)) {
    if (at > 0 && text[at - 1] != ' ' && text[at - 1] != '\n') continue;
    auto end = at + before.size();
    while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_')) ++end;
    if (text.compare(end, after.size(), after) == 0) out.insert(text.substr(at + before.size(), end - at - before.size()));
  }
  return out;
}

/// X of every definition "const T &PREFIX_X() {" below a folder.
std::set<std::string> defined(const std::string &folder, const std::string &prefix) {
  std::set<std::string> out;
  for (const auto &entry : std::filesystem::recursive_directory_iterator(std::string(PARE_SOURCE_DIR) + "/" + folder))
    if (entry.path().extension() == ".cpp")
      out.merge(between(test::read_text(entry.path().string()), "&" + prefix + "_", "() {"));
  return out;
}

/// X of every line "MACRO(X)" of a list.def.
std::set<std::string> listed(const std::string &file, const std::string &macro) {
  return between(test::read_text(std::string(PARE_SOURCE_DIR) + "/" + file), macro + "(", ")");
}

TEST(Registered, Substitutions) {
  const auto names = listed("analysis/substitutions/list.def", "PARE_SUBSTITUTION");
  EXPECT_EQ(defined("analysis/substitutions", "substitution"), names);
  EXPECT_EQ(substitutions().size(), names.size());
  std::set<std::string> own;
  for (const Substitution *family : substitutions()) own.emplace(family->info().name);
  EXPECT_EQ(own, names) << "an entry's name is its function's";
  // One file each, of that name; parts.cpp is what they share.
  std::set<std::string> files;
  for (const auto &entry : std::filesystem::directory_iterator(std::string(PARE_SOURCE_DIR) + "/analysis/substitutions"))
    if (entry.path().extension() == ".cpp" && entry.path().stem() != "parts") files.insert(entry.path().stem().string());
  EXPECT_EQ(files, names);
}

TEST(Registered, Networks) {
  const auto names = listed("models/list.def", "PARE_NETWORK");
  EXPECT_EQ(defined("models", "network"), names);
  std::set<std::string> own;
  for (const NetworkFamily *family : network_families()) own.emplace(family->info().name);
  EXPECT_EQ(own, names);
}

TEST(Registered, Solvers) { EXPECT_EQ(defined("solver", "solver"), listed("solver/uniform/list.def", "PARE_SOLVER")); }

TEST(Registered, AListedNameIsFound) {
  // The search itself works: these exist today.
  EXPECT_TRUE(listed("analysis/substitutions/list.def", "PARE_SUBSTITUTION").contains("tensor_train"));
  EXPECT_TRUE(defined("models", "network").contains("wrn_50_2"));
  EXPECT_TRUE(defined("solver", "solver").contains("exact"));
}

} // namespace
} // namespace pare
