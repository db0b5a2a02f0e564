#pragma once

// Every family and every way of its own in which one is computed.

#include "analysis/substitution.hpp"

#include <array>
#include <set>
#include <string_view>
#include <vector>

namespace pare::train {

// Each name of the 2019 system, and each family: those that are not here by their example. Settings are small enough for narrow
// layers.
constexpr std::array kNamed = {"Conv",
                               "convolution",
                               "Sep",
                               "Generic_0.25",
                               "LR_0.25",
                               "Hashed_0.1",
                               "HashedDecimate",
                               "hashed:ratio=0.2,sign=yes",
                               "SepHashed_0.3",
                               "SepHashedDecimate",
                               "HashedSeparable_0.5",
                               "ACDC_4",
                               "OriginalACDC",
                               "acdc:layers=2,riffle=outer",
                               "Shuffle_2",
                               "TensorTrain_0.4",
                               "tensor_train:dimensions=4,rank_scale=0.6",
                               "Tucker_0.4",
                               "tucker:rank_scale=0.4",
                               "CP_0.5",
                               "TensorTrain_0.4@contraction",
                               "tucker:rank_scale=0.4@contraction",
                               "CP_0.5@contraction",
                               "LR_0.25@dense",
                               "tt_matrix:rank_scale=0.3@contraction",
                               "tt_matrix:rank_scale=0.3@dense",
                               "kronecker:rank_scale=0.2@dense",
                               "tucker2:rank_scale=0.4@contraction",
                               "tucker2:rank_scale=0.9@dense",
                               "spatial:rank_scale=0.5@dense",
                               "grouped:groups=4@dense",
                               "monarch:blocks=3@dense",
                               "btt:rank_scale=0.5@dense",
                               "butterfly:layers=2@dense"};

inline const std::vector<std::string_view> &all_substitutes() {
  static const std::vector<std::string_view> all = [] {
    std::vector<std::string_view> out(kNamed.begin(), kNamed.end());
    std::set<const Substitution *> families;
    for (const char *text : kNamed)
      if (const Substitute own = parse_substitute(text); !own.evaluation) families.insert(own.family);
    for (const Substitution *family : substitutions())
      if (families.insert(family).second) out.push_back(family->info().example);
    return out;
  }();
  return all;
}

} // namespace pare::train
