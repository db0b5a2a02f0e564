#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

/// What an edge of a searched cell does; the networks that define each are in models/README.md.
enum class OperationKind : std::uint8_t {
  kNone, ///< zeros
  kSkip, ///< identity; at stride 2 a factorized reduce
  kMaxPool,
  kAvgPool,          ///< without the padding in its divisor
  kSeparable,        ///< twice: ReLU, depthwise k x k, 1 x 1, batch norm
  kDilated,          ///< once, at dilation 2
  kDilatedSeparable, ///< twice, at dilation 2
  kFull,             ///< ReLU, k x k, batch norm
  kFactorized,       ///< ReLU, 1 x k, k x 1, batch norm
};

/// One operation of a cell, and the state (0 and 1 are the cell's inputs, 2 ... its nodes) that it reads.
struct CellEdge {
  std::string_view name; ///< "sep_conv_3x3"
  OperationKind kind;
  std::int64_t kernel;
  std::int64_t input;
};

struct GenotypeCell {
  std::vector<std::vector<CellEdge>> nodes; ///< each is the sum of its edges
  std::vector<std::int64_t> concat;         ///< the states that are joined
  std::size_t edge_count() const;
};

struct Genotype {
  GenotypeCell normal;
  GenotypeCell reduce;
};

/// The published ones that are known by name: "darts_v2".
std::span<const std::string_view> genotype_names();

/// A genotype by name, or written out: as Python prints it (`Genotype(normal=[('skip_connect', 0), ...], ...)`, a dictionary)
/// or as JSON. Edges are (operation, input) or (operation, input, weight), two for each node; (operation, node, input), any
/// number for a node; or lists of the first two, one for each node. Throws Error placed at `where` or at the value in it.
Genotype parse_genotype(std::string_view text, const std::string &where);

/// The text that all writings of one genotype have: its name as it is known, else JSON in one line.
std::string canonical_genotype(const std::string &text, const std::string &where);

} // namespace pare
