#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pare::command {

/// Exit codes.
inline constexpr int kDone = 0;
inline constexpr int kFault = 1;
inline constexpr int kUsageFault = 2;
inline constexpr int kNothingFits = 3;

/// What a value names, which is what completion offers for it.
enum class Values : std::uint8_t { kAny, kFile, kNetwork, kSubstitution, kFamily, kConvention, kProtocol, kProtocolKey };

/// An option ("--batch"), a flag (without `value`), or an argument that has a place ("NETWORK").
struct OptionInfo {
  std::string_view name;
  std::string_view letter = {}; ///< "-o"
  std::string_view value = {};  ///< how the help calls its value: "FILE"
  std::string_view description;
  Values values = Values::kAny;
  std::vector<std::string_view> choices = {}; ///< where only these are accepted
  std::string_view otherwise = {};            ///< what it is where it is not given
  bool required = false;
  bool repeats = false;

  bool has_place() const { return !name.starts_with('-'); }
  bool is_flag() const { return !has_place() && value.empty(); }
};

/// What help and man page say of it: "How to write the result: text, json; default: text".
std::string describe(const OptionInfo &option);

/// What was given, by the name of the option.
class Arguments {
public:
  void add(std::string_view name, std::string value) { given_.emplace_back(name, std::move(value)); }
  bool has(std::string_view name) const { return find(name).has_value(); }
  std::optional<std::string> find(std::string_view name) const;
  std::string get(std::string_view name, std::string_view otherwise = {}) const;
  std::vector<std::string> all(std::string_view name) const;
  /// The items of all its lists, in order: split_list(). The name of a file that is there is one item, commas and all.
  std::vector<std::string> items(std::string_view name) const;

private:
  std::vector<std::pair<std::string_view, std::string>> given_;
};

struct Example {
  std::string_view command;
  std::string_view does;
};

/// A subcommand, described once: parsing, help, completion and the man page read it. One of the two functions is there.
struct Command {
  std::string_view name;
  std::string_view summary;     ///< one line
  std::string_view description; ///< a paragraph, for help and the man page
  std::vector<OptionInfo> options;
  std::vector<Example> examples;
  /// Options of other programs, and what is meant here: for whoever asks for those.
  std::vector<std::pair<std::string, std::string>> elsewhere = {};
  int (*run)(const Arguments &arguments) = nullptr;
  /// Instead of `run`: what another program does. It gets the words behind the command's name unread, --help too.
  int (*hand_over)(const Command &command, const std::vector<std::string> &words) = nullptr;
};

/// A line of a program's list of commands. The description of a command is made when it is asked for.
struct CommandEntry {
  std::string_view name;
  const Command &(*command)();
};

/// An executable.
struct Program {
  std::string_view name;        ///< what its users type, and how its faults begin: "pare"
  std::string_view description; ///< a paragraph, for the help
  std::span<const CommandEntry> commands;
  std::string (*version_text)(); ///< what --version prints
};

} // namespace pare::command
