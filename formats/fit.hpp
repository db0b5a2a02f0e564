#pragma once

#include "formats/name_maps.hpp"
#include "formats/reading.hpp"
#include "formats/tensor_file.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pare::formats {

/// Names and sizes of a network's tensors, in the order of its layers.
using NamedSizes = std::vector<std::pair<std::string, std::vector<std::int64_t>>>;

/// Which of a file's tensors are those that a network needs, and what keeps them from being taken.
struct Fit {
  struct Difference {
    std::string name; ///< ours
    std::vector<std::int64_t> wanted, given;
  };
  struct Twice {
    std::string name; ///< ours
    std::string one, other;
  };

  std::string_view names;                    ///< whose (a name map's); empty: as they are
  std::string prefix;                        ///< that theirs have before that: "module."; empty: none
  std::map<std::string, std::string> source; ///< name in the file by our name, of those that fit
  std::vector<std::string> missing;          ///< ours
  std::vector<Difference> different;         ///< of other sizes
  std::vector<Twice> twice;                  ///< two of theirs for one of ours
  /// Theirs that the network has no place for, though it has layers of their kind, or the layer or block that they are in: they
  /// are of another network, a deeper one, or one with biases or more in its blocks.
  std::vector<std::string> foreign;
  std::vector<std::string> left; ///< all other of theirs that the network does not use

  bool whole() const { return problems() == 0; }
  std::size_t problems() const { return missing.size() + different.size() + twice.size() + foreign.size(); }
};

/// What of `file` a network needs: the fit that gives most of it over the keys and prefixes under which so many tensors lie,
/// the names as they are and those of the name maps; a convolution that may be replaced is X.conv or X.pointwise here, and X
/// elsewhere. Sizes may differ in ones at their end: a linear layer is a 1 x 1 convolution. Batch norm's count of batches has
/// no part in what a network computes: it may be missing, and one that the network has no place for is passed over.
///
/// `wanted` is all of the network; of the layers of reading.anew nothing is needed, and what the file has of them is passed
/// over. Throws Error{kInvalidConfig} placed at `where` (the file) where it has no tensors under reading.key, where the network
/// lies in it twice and no key says which is meant, where reading.renames make two names one, and by order where the sequences
/// of sizes differ.
Fit fit_tensors(const NamedSizes &wanted, const TensorFile &file, const Reading &reading, const std::string &where);

/// Whether sizes are the same but for ones at their end.
bool same_but_for_ones(const std::vector<std::int64_t> &a, const std::vector<std::int64_t> &b);

} // namespace pare::formats
