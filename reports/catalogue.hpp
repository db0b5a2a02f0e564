#pragma once

#include "reports/format.hpp"

#include <string>
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

std::string write_catalogue(const Catalogue &catalogue, Format format);

} // namespace pare
