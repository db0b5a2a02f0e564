#pragma once

#include "reports/format.hpp"
#include "reports/report.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pare {

/// What a registry says of itself, for people and programs: `pare list`.
struct Catalogue {
  struct Key {
    std::string name;
    std::string standard; ///< empty where there is none
    std::string accepted;
    std::string description;
  };
  struct Entry {
    std::string name;
    std::vector<std::string> other_names; ///< short names, reference names
    std::string description;
    std::string source;
    std::vector<Key> keys;
  };

  std::string what; ///< "networks"
  std::vector<Entry> entries;
};

Catalogue network_catalogue();
Catalogue substitution_catalogue();
Catalogue convention_catalogue();
/// Of one setting for the whole network, and of mixed plans by the same name.
Catalogue solver_catalogue();
/// What a mixed plan can be the best in, and what that assumes.
Catalogue score_catalogue();
/// Ways of training; each entry has every key with its value.
Catalogue protocol_catalogue();

/// The closed forms of one substitution as text ("tensor_train:dimensions=4"), or, where that is empty, of all at their
/// standard keys.
struct Formula {
  struct Line {
    std::string symbol;
    std::string expression;
  };
  std::string substitution;
  std::vector<Line> definitions;
  std::string parameters;
  std::string mult_adds;
  std::string per_batch;
};
std::vector<Formula> formulas(std::string_view substitution);

std::string write_catalogue(const Catalogue &catalogue, Format format);
/// Text, JSON or markdown.
std::string write_formulas(const std::vector<Formula> &formulas, Format format);

} // namespace pare
