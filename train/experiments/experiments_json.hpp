#pragma once

// Reading pare.experiments/1: what an entry says, as axes, before anything is solved or opened. Not installed: it includes
// nlohmann_json.

#include "base/error.hpp"
#include "base/json.hpp"
#include "solver/mixed/request.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pare::train::experiments {

using Json = json::Value;

inline constexpr std::string_view kDataMissing = "\"data\" is missing, here and at the top; such as \"cifar10:DIR\"";

/// A value of the file, with its place for faults.
struct Said {
  const Json *value = nullptr;
  json::Place place{std::string()};

  bool is_null() const { return value == nullptr || value->is_null(); }
  std::string text(std::string_view name) const;
};

/// What an option would throw, at the place of the file that says it.
template <class Action>
auto at_place(const json::Place &place, Action &&action) {
  try {
    return action();
  } catch (const Error &error) {
    if (error.where().starts_with(place.text())) throw; // it has its place
    throw Error(error.code(), place.text(),
                error.where().empty() || error.where().starts_with("--")
                    ? error.message()
                    : fmt::format("{}: {}", error.where(), error.message()));
  }
}

/// The values of an axis: those of an array, or the one that stands there. None where nothing is said.
std::vector<Said> axis(json::Members &members, std::string_view key);
/// The one value that a teacher may have of an axis; nothing where none is said.
Said only(const std::vector<Said> &values);
/// A text, or several in a list, each once.
std::vector<std::string> texts_of(const Said &said, std::string_view name);

/// The value of a key as --set reads it.
std::string setting_text(const Said &said, std::string_view key);
std::uint64_t read_seed(const Said &said);
std::string read_precision(const Said &said);

/// What the whole file says where an experiment says nothing, and what an experiment or a teacher says.
struct Common {
  std::vector<Said> data;
  std::vector<Said> protocols;
  std::vector<Said> precisions;
  std::vector<std::pair<std::string, std::vector<Said>>> settings; ///< by key, in order
};
Common read_common(json::Members &members, const Common &otherwise);

/// A key by which experiments are told apart, its value, and what of it stands in names.
struct VariantKey {
  std::string key;
  std::string value;
  std::string part;
};

/// One way in which a plan is chosen layer by layer.
struct PerLayer {
  MixedRequest request; ///< without budgets and conventions
  std::string name;     ///< what of it is not as it is where nothing is said, for names: ".generic+shuffle.tie_stage"
  std::vector<VariantKey> variant; ///< the same of what no column of a table says: "exclude=conv1"
};

/// What is trained: networks, and what is replaced in them.
struct Designs {
  json::Place place{std::string()};
  std::vector<Said> networks;
  std::vector<Said> substitutes;
  std::vector<Said> budgets;
  std::vector<PerLayer> per_layer; ///< all combinations; empty: one setting for the whole network
  bool where_possible = false;
  std::optional<double> max_width; ///< of the substitute `width`
  std::optional<Said> input;
};
/// `is_one`: a teacher's, which has no axes; its budgets must all hold.
Designs read_designs(json::Members &members, bool is_one);

/// One entry of "experiments": its axes.
struct Block {
  json::Place place{std::string()};
  const Json *set = nullptr; ///< its own keys of the protocol
  Common common;
  Designs designs;
  std::vector<Said> teachers; ///< null: none
  std::vector<Said> seeds;
  std::string tag;
  bool leaves_out = false; ///< what cannot be met
};
Block read_block(const Json &value, const json::Place &place, const Common &top);

/// A part of a name: what is no letter, digit, . + or - is an underline.
std::string name_part(std::string_view text);
/// Of budgets that must all hold: "parameters_20pct_mult_adds_min_60m".
std::string name_of_budgets(const std::vector<Budget> &budgets);

} // namespace pare::train::experiments
