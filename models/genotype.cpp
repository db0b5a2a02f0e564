#include "models/genotype.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "base/values.hpp"
#include "models/literal_json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

namespace pare {

namespace {

struct Published {
  std::string_view name;
  std::string_view text; ///< as parse_genotype() reads it
};

// Each as its authors' repository has it; models/README.md says which, and in which file.
constexpr std::array kPublished = {
    Published{"darts_v1",
              "Genotype([('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 0), ('sep_conv_3x3', 1),"
              "          ('skip_connect', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 2)], range(2, 6),"
              "         [('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 0),"
              "          ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), ('avg_pool_3x3', 0)], range(2, 6))"},
    Published{"darts_v2",
              "Genotype([('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1),"
              "          ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], range(2, 6),"
              "         [('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1),"
              "          ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], range(2, 6))"},
    Published{"nasnet", "Genotype([('sep_conv_5x5', 1), ('sep_conv_3x3', 0), ('sep_conv_5x5', 0), ('sep_conv_3x3', 0),"
                        "          ('avg_pool_3x3', 1), ('skip_connect', 0), ('avg_pool_3x3', 0), ('avg_pool_3x3', 0),"
                        "          ('sep_conv_3x3', 1), ('skip_connect', 1)], range(2, 7),"
                        "         [('sep_conv_5x5', 1), ('sep_conv_7x7', 0), ('max_pool_3x3', 1), ('sep_conv_7x7', 0),"
                        "          ('avg_pool_3x3', 1), ('sep_conv_5x5', 0), ('skip_connect', 3), ('avg_pool_3x3', 2),"
                        "          ('sep_conv_3x3', 2), ('max_pool_3x3', 1)], range(4, 7))"},
    Published{"amoebanet", "Genotype([('avg_pool_3x3', 0), ('max_pool_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_5x5', 2),"
                           "          ('sep_conv_3x3', 0), ('avg_pool_3x3', 3), ('sep_conv_3x3', 1), ('skip_connect', 1),"
                           "          ('skip_connect', 0), ('avg_pool_3x3', 1)], range(4, 7),"
                           "         [('avg_pool_3x3', 0), ('sep_conv_3x3', 1), ('max_pool_3x3', 0), ('sep_conv_7x7', 2),"
                           "          ('sep_conv_7x7', 0), ('avg_pool_3x3', 1), ('max_pool_3x3', 0), ('max_pool_3x3', 1),"
                           "          ('conv_7x1_1x7', 0), ('sep_conv_3x3', 5)], [3, 4, 6])"},
    Published{"p_darts",
              "Genotype([('skip_connect', 0), ('dil_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 1),"
              "          ('sep_conv_3x3', 1), ('sep_conv_3x3', 3), ('sep_conv_3x3', 0), ('dil_conv_5x5', 4)], range(2, 6),"
              "         [('avg_pool_3x3', 0), ('sep_conv_5x5', 1), ('sep_conv_3x3', 0), ('dil_conv_5x5', 2),"
              "          ('max_pool_3x3', 0), ('dil_conv_3x3', 1), ('dil_conv_3x3', 1), ('dil_conv_5x5', 3)], range(2, 6))"},
    Published{"pc_darts",
              "Genotype([('sep_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 0), ('dil_conv_3x3', 1),"
              "          ('sep_conv_5x5', 0), ('sep_conv_3x3', 1), ('avg_pool_3x3', 0), ('dil_conv_3x3', 1)], range(2, 6),"
              "         [('sep_conv_5x5', 1), ('max_pool_3x3', 0), ('sep_conv_5x5', 1), ('sep_conv_5x5', 2),"
              "          ('sep_conv_3x3', 0), ('sep_conv_3x3', 3), ('sep_conv_3x3', 1), ('sep_conv_3x3', 2)], range(2, 6))"},
    Published{"pc_darts_image",
              "Genotype([('skip_connect', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 0), ('skip_connect', 1),"
              "          ('sep_conv_3x3', 1), ('sep_conv_3x3', 3), ('sep_conv_3x3', 1), ('dil_conv_5x5', 4)], range(2, 6),"
              "         [('sep_conv_3x3', 0), ('skip_connect', 1), ('dil_conv_5x5', 2), ('max_pool_3x3', 1),"
              "          ('sep_conv_3x3', 2), ('sep_conv_3x3', 1), ('sep_conv_5x5', 0), ('sep_conv_3x3', 3)], range(2, 6))"},
    Published{"gdas",
              "Genotype([('skip_connect', 0), ('skip_connect', 1), ('skip_connect', 0), ('sep_conv_5x5', 2),"
              "          ('sep_conv_3x3', 3), ('skip_connect', 0), ('sep_conv_5x5', 4), ('sep_conv_3x3', 3)], range(2, 6),"
              "         [('sep_conv_5x5', 0), ('sep_conv_3x3', 1), ('sep_conv_5x5', 2), ('sep_conv_5x5', 1),"
              "          ('dil_conv_5x5', 2), ('sep_conv_3x3', 1), ('sep_conv_5x5', 0), ('sep_conv_5x5', 1)], range(2, 6))"},
    Published{"fair_darts_a",
              "Genotype([('sep_conv_3x3', 2, 0), ('sep_conv_5x5', 2, 1), ('max_pool_3x3', 4, 0), ('sep_conv_3x3', 5, 0)],"
              "         range(2, 6),"
              "         [('max_pool_3x3', 2, 0), ('avg_pool_3x3', 2, 1), ('avg_pool_3x3', 3, 0), ('dil_conv_5x5', 3, 1),"
              "          ('avg_pool_3x3', 4, 0), ('sep_conv_5x5', 4, 1), ('skip_connect', 5, 0), ('skip_connect', 5, 1)],"
              "         range(2, 6))"},
    Published{"fair_darts_b",
              "Genotype([('sep_conv_3x3', 2, 0), ('sep_conv_3x3', 2, 1), ('sep_conv_3x3', 3, 1), ('dil_conv_3x3', 4, 0),"
              "          ('sep_conv_5x5', 4, 1), ('dil_conv_5x5', 5, 1)], range(2, 6),"
              "         [('skip_connect', 2, 0), ('dil_conv_3x3', 2, 1), ('skip_connect', 3, 0), ('dil_conv_3x3', 3, 1),"
              "          ('max_pool_3x3', 4, 0), ('sep_conv_3x3', 4, 1), ('skip_connect', 5, 2), ('max_pool_3x3', 5, 0)],"
              "         range(2, 6))"},
    Published{"fair_darts_c",
              "Genotype([('max_pool_3x3', 2, 0), ('sep_conv_5x5', 2, 1), ('dil_conv_3x3', 4, 0), ('dil_conv_5x5', 4, 2),"
              "          ('skip_connect', 5, 3), ('sep_conv_3x3', 5, 0)], range(2, 6),"
              "         [('dil_conv_3x3', 2, 1), ('dil_conv_5x5', 2, 0), ('dil_conv_3x3', 3, 0), ('sep_conv_3x3', 3, 1),"
              "          ('sep_conv_5x5', 4, 0), ('sep_conv_5x5', 4, 3), ('sep_conv_5x5', 5, 0), ('skip_connect', 5, 1)],"
              "         range(2, 6))"},
    Published{"fair_darts_d",
              "Genotype([('sep_conv_3x3', 2, 0), ('sep_conv_5x5', 2, 1), ('dil_conv_3x3', 3, 1), ('max_pool_3x3', 3, 0),"
              "          ('dil_conv_3x3', 4, 0), ('dil_conv_3x3', 4, 1), ('sep_conv_3x3', 5, 0), ('dil_conv_5x5', 5, 1)],"
              "         range(2, 6),"
              "         [('max_pool_3x3', 2, 0), ('sep_conv_5x5', 2, 1), ('avg_pool_3x3', 3, 0), ('dil_conv_5x5', 3, 2),"
              "          ('dil_conv_3x3', 4, 3), ('avg_pool_3x3', 4, 0), ('avg_pool_3x3', 5, 0), ('skip_connect', 5, 3)],"
              "         range(2, 6))"},
    Published{"fair_darts_e",
              "Genotype([('sep_conv_3x3', 2, 0), ('sep_conv_3x3', 2, 1), ('dil_conv_3x3', 4, 1), ('dil_conv_3x3', 4, 2),"
              "          ('dil_conv_3x3', 5, 0), ('dil_conv_5x5', 5, 1)], range(2, 6),"
              "         [('max_pool_3x3', 2, 1), ('max_pool_3x3', 2, 0), ('max_pool_3x3', 3, 1), ('max_pool_3x3', 3, 0),"
              "          ('sep_conv_5x5', 4, 1), ('max_pool_3x3', 4, 0), ('avg_pool_3x3', 5, 0), ('dil_conv_5x5', 5, 1)],"
              "         range(2, 6))"},
    Published{"fair_darts_f",
              "Genotype([('max_pool_3x3', 2, 0), ('sep_conv_3x3', 2, 1), ('dil_conv_3x3', 3, 1), ('sep_conv_5x5', 4, 1),"
              "          ('sep_conv_3x3', 5, 0), ('sep_conv_3x3', 5, 1)], range(2, 6),"
              "         [('max_pool_3x3', 2, 0), ('max_pool_3x3', 2, 1), ('max_pool_3x3', 3, 0), ('dil_conv_3x3', 3, 1),"
              "          ('dil_conv_3x3', 4, 2), ('max_pool_3x3', 4, 0), ('max_pool_3x3', 5, 0), ('sep_conv_3x3', 5, 1)],"
              "         range(2, 6))"},
    Published{"fair_darts_g",
              "Genotype([('sep_conv_3x3', 2, 0), ('sep_conv_3x3', 2, 1), ('skip_connect', 4, 3), ('sep_conv_5x5', 4, 1),"
              "          ('dil_conv_3x3', 5, 0), ('sep_conv_3x3', 5, 1)], range(2, 6),"
              "         [('avg_pool_3x3', 2, 1), ('skip_connect', 2, 0), ('skip_connect', 3, 2), ('max_pool_3x3', 3, 1),"
              "          ('sep_conv_5x5', 4, 3), ('max_pool_3x3', 4, 0), ('dil_conv_3x3', 5, 1), ('dil_conv_3x3', 5, 4)],"
              "         range(2, 6))"},
};

struct Operation {
  std::string_view name;
  OperationKind kind;
  std::int64_t kernel;
};

// Of operations that are the same under several names the first is the one that canonical texts have.
constexpr std::array kOperations = {
    Operation{"none", OperationKind::kNone, 0},
    Operation{"skip_connect", OperationKind::kSkip, 0},
    Operation{"max_pool_3x3", OperationKind::kMaxPool, 3},
    Operation{"max_pool_5x5", OperationKind::kMaxPool, 5},
    Operation{"max_pool_7x7", OperationKind::kMaxPool, 7},
    Operation{"avg_pool_3x3", OperationKind::kAvgPool, 3},
    Operation{"avg_pool_5x5", OperationKind::kAvgPool, 5},
    Operation{"sep_conv_3x3", OperationKind::kSeparable, 3},
    Operation{"sep_conv_5x5", OperationKind::kSeparable, 5},
    Operation{"sep_conv_7x7", OperationKind::kSeparable, 7},
    Operation{"dil_conv_3x3", OperationKind::kDilated, 3},
    Operation{"dil_conv_5x5", OperationKind::kDilated, 5},
    Operation{"dil_sep_conv_3x3", OperationKind::kDilatedSeparable, 3},
    Operation{"conv_1x1", OperationKind::kFull, 1},
    Operation{"conv_3x3", OperationKind::kFull, 3},
    Operation{"conv_3x1_1x3", OperationKind::kFactorized, 3},
    Operation{"conv_7x1_1x7", OperationKind::kFactorized, 7},
    Operation{"nor_conv_1x1", OperationKind::kFull, 1},
    Operation{"nor_conv_3x3", OperationKind::kFull, 3},
    Operation{"nor_conv_7x7", OperationKind::kFull, 7},
    Operation{"dua_sepc_3x3", OperationKind::kSeparable, 3},
    Operation{"dua_sepc_5x5", OperationKind::kSeparable, 5},
    Operation{"dil_sepc_3x3", OperationKind::kDilated, 3},
    Operation{"dil_sepc_5x5", OperationKind::kDilated, 5},
};

const Operation &find_operation(const std::string &name, const json::Place &place) {
  std::vector<std::string_view> names;
  for (const Operation &operation : kOperations) names.push_back(operation.name);
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    place.fail(
        fmt::format("unknown operation {}; known: {}{}", shown(name), fmt::join(names, ", "), did_you_mean(name, names)));
  const Operation &named = kOperations[static_cast<std::size_t>(found - names.begin())];
  return *std::find_if(kOperations.begin(), kOperations.end(), [&](const Operation &operation) {
    return operation.kind == named.kind && operation.kernel == named.kernel;
  });
}

bool has_weights(OperationKind kind) {
  switch (kind) {
  case OperationKind::kNone:
  case OperationKind::kSkip:
  case OperationKind::kMaxPool:
  case OperationKind::kAvgPool: return false;
  case OperationKind::kSeparable:
  case OperationKind::kDilated:
  case OperationKind::kDilatedSeparable:
  case OperationKind::kFull:
  case OperationKind::kFactorized: return true;
  }
  return true;
}

/// The forms that an edge has in a list of edges.
enum class EdgeForm : std::uint8_t {
  kPair,     ///< (operation, input)
  kWeighted, ///< (operation, input, weight), which the search left
  kPlaced,   ///< (operation, node, input)
};

std::optional<EdgeForm> form_of(const json::Value &edge, bool in_a_node) {
  if (!edge.is_array() || edge.empty() || !edge[0].is_string()) return std::nullopt;
  for (std::size_t i = 1; i < edge.size(); ++i)
    if (!edge[i].is_number()) return std::nullopt;
  if (edge.size() == 2) return json::as_whole(edge[1]) ? std::optional(EdgeForm::kPair) : std::nullopt;
  if (edge.size() != 3 || !json::as_whole(edge[1])) return std::nullopt;
  // A weight is a share, and printed with a point or an exponent; a whole number there is a state.
  return in_a_node || edge[2].is_number_float() ? EdgeForm::kWeighted : EdgeForm::kPlaced;
}

constexpr std::string_view kEdgeForms =
    R"([name, input], [name, input, weight] or [name, node, input], such as ["sep_conv_3x3", 0])";

/// An edge whose input is from 0 to `states` - 1.
CellEdge edge_of(const json::Value &edge, std::size_t input_at, std::int64_t states, const json::Place &place) {
  const Operation &operation = find_operation(edge[0].get<std::string>(), place);
  const std::int64_t input = *json::as_whole(edge[input_at]);
  if (input < 0 || input >= states)
    place.fail(fmt::format("input = {} must be from 0 to {}: an input of the cell or an earlier node", input, states - 1));
  return {.name = operation.name, .kind = operation.kind, .kernel = operation.kernel, .input = input};
}

/// The list of states that are joined: whole numbers from 2 to `most`, each once.
std::vector<std::int64_t> read_concat(json::Members &genotype, const std::string &name, std::int64_t most) {
  const json::Value &joined = genotype.at(name);
  const json::Place place = genotype.place(name);
  if (!joined.is_array() || joined.empty())
    json::refuse(joined, place, name, "a list of the nodes that are joined, such as [2, 3]");
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < joined.size(); ++i) {
    const auto state = json::as_whole(joined[i]);
    if (!state || *state < 2 || *state > most) json::refuse(joined[i], place.item(i), "node", whole_rule({}, 2, most));
    out.push_back(*state);
  }
  std::vector<std::int64_t> sorted = out;
  std::sort(sorted.begin(), sorted.end());
  if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end()) {
    const auto second = std::find(std::next(std::find(out.begin(), out.end(), *twice)), out.end(), *twice);
    place.item(static_cast<std::size_t>(second - out.begin()))
        .fail(fmt::format("node {} is joined twice; each once would be accepted", *twice));
  }
  return out;
}

/// Edges that say their node, in FairDARTS's way: nodes that no edge makes are not there, what reads one of them is left out,
/// and all that are there are joined.
GenotypeCell placed_cell(const json::Value &edges, const json::Place &place, const std::vector<std::int64_t> &concat,
                         const json::Place &concat_place) {
  GenotypeCell out;
  std::map<std::int64_t, std::int64_t> states = {{0, 0}, {1, 1}}; // those that are there, and what they are called in `out`
  std::int64_t last = 1;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const json::Value &edge = edges[i];
    const std::int64_t node = *json::as_whole(edge[1]);
    if (node < 2 || node < last)
      place.item(i).fail(
          fmt::format("node = {} must be from {} up: edges stand by node, as [name, node, input]; a weight in the "
                      "third place has a point: 1.0",
                      node, std::max<std::int64_t>(last, 2)));
    if (node != last) {
      if (last > 1 && out.nodes.back().empty()) break;
      out.nodes.emplace_back();
      last = node;
    }
    CellEdge read = edge_of(edge, 2, node, place.item(i));
    const auto input = states.find(read.input);
    states.emplace(node, static_cast<std::int64_t>(out.nodes.size()) + 1);
    if (input == states.end() && has_weights(read.kind))
      place.item(i).fail(
          fmt::format("{} reads node {}, which no edge makes: its weights would be held and never run", read.name, read.input));
    if (input == states.end()) continue;
    read.input = input->second;
    out.nodes.back().push_back(read);
  }
  if (out.nodes.back().empty()) place.fail(fmt::format("node {} must read a node that is there", last));
  std::vector<std::int64_t> there;
  for (const std::int64_t node : concat)
    if (const auto state = states.find(node); state != states.end()) there.push_back(state->second);
  for (std::size_t i = 0; i < out.nodes.size(); ++i) out.concat.push_back(static_cast<std::int64_t>(i) + 2);
  if (there != out.concat)
    concat_place.fail("it must have every node, in order: where edges say their node all of them are joined");
  return out;
}

GenotypeCell read_cell(json::Members &genotype, const std::string &name) {
  const json::Value &edges = genotype.at(name);
  const json::Place place = genotype.place(name);
  const std::string concat_name = name + "_concat";
  if (!edges.is_array() || edges.empty())
    json::refuse(edges, place, name,
                 R"(a list of operations, two for each node, such as [["sep_conv_3x3", 0], ["skip_connect", 1]])");
  // A list of lists that begin with no name is one of nodes.
  const bool by_node = edges[0].is_array() && !edges[0].empty() && edges[0][0].is_array();
  std::optional<EdgeForm> form;
  const auto check = [&](const json::Value &edge, const json::Place &at) {
    const auto own = form_of(edge, by_node);
    if (!own) json::refuse(edge, at, "operation", kEdgeForms);
    if (form && own != form)
      json::refuse(edge, at, "operation", "of one form with those before it: " + std::string(kEdgeForms));
    form = own;
  };
  GenotypeCell out;
  if (by_node) {
    for (std::size_t i = 0; i < edges.size(); ++i) {
      if (!edges[i].is_array() || edges[i].empty())
        json::refuse(edges[i], place.item(i), "node", "a list of operations, as the nodes before it");
      auto &node = out.nodes.emplace_back();
      for (std::size_t j = 0; j < edges[i].size(); ++j) {
        check(edges[i][j], place.item(i).item(j));
        node.push_back(edge_of(edges[i][j], 1, static_cast<std::int64_t>(i) + 2, place.item(i).item(j)));
      }
    }
  } else {
    for (std::size_t i = 0; i < edges.size(); ++i) check(edges[i], place.item(i));
    if (form == EdgeForm::kPlaced)
      return placed_cell(edges, place, read_concat(genotype, concat_name, INT64_MAX), genotype.place(concat_name));
    if (edges.size() % 2 != 0)
      json::refuse(edges, place, name, R"(two operations for each node, such as [["sep_conv_3x3", 0], ["skip_connect", 1]])");
    for (std::size_t i = 0; i < edges.size(); ++i) {
      if (i % 2 == 0) out.nodes.emplace_back();
      out.nodes.back().push_back(edge_of(edges[i], 1, static_cast<std::int64_t>(out.nodes.size()) + 1, place.item(i)));
    }
  }
  out.concat = read_concat(genotype, concat_name, static_cast<std::int64_t>(out.nodes.size()) + 1);
  return out;
}

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  if (constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf"; text.starts_with(kByteOrderMark))
    text.remove_prefix(kByteOrderMark.size());
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

const Published *find_published(std::string_view text) {
  // As their repositories name them.
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kAliases = {
      {{"pc_darts_cifar", "pc_darts"}, {"gdas_v1", "gdas"}}};
  std::string_view name = trimmed(text);
  for (const auto &[alias, own] : kAliases)
    if (find_name(name, {&alias, 1})) name = own;
  const auto found = find_name(name, genotype_names());
  return found ? &kPublished[*found] : nullptr;
}

Genotype read_genotype(std::string_view text, const std::string &where) {
  // The two last are of GDAS's repository, and None there.
  static constexpr std::array<std::string_view, 6> kFields = {"normal",        "normal_concat", "reduce",
                                                              "reduce_concat", "connectN",      "connects"};
  const json::Place place(where, ErrorCode::kInvalidConfig);
  const std::string_view own = trimmed(text);
  constexpr std::string_view kAccepted = "or one written out: Genotype(normal=[('skip_connect', 0), ...], normal_concat=..., "
                                         "reduce=..., reduce_concat=...), or JSON "
                                         "with these members (@file reads one)";
  const auto refuse = [&] {
    place.fail(fmt::format("genotype = {} must be {}, {}{}", plain(text), fmt::join(genotype_names(), ", "), kAccepted,
                           did_you_mean(own, genotype_names())));
  };
  if (own.find_first_of("([{'\"=#") == std::string_view::npos) refuse();
  const json::Value document = parse_literal(own, where, {.name = "Genotype", .fields = kFields});
  if (!document.is_object()) refuse();
  json::Members genotype(document, place);
  Genotype out{.normal = read_cell(genotype, "normal"), .reduce = read_cell(genotype, "reduce")};
  for (const std::string_view unused : {kFields[4], kFields[5]})
    if (const json::Value *value = genotype.said(unused)) json::refuse(*value, genotype.place(unused), unused, "None");
  genotype.finish();
  return out;
}

/// Pairs where every node has two edges, as the published networks of 2018 are written; else lists of pairs, one for each node.
json::Value cell_json(const GenotypeCell &cell) {
  const bool is_flat = std::all_of(cell.nodes.begin(), cell.nodes.end(), [](const auto &node) { return node.size() == 2; });
  json::Value out = json::Value::array();
  for (const auto &node : cell.nodes) {
    json::Value edges = json::Value::array();
    for (const CellEdge &edge : node) edges.push_back(json::Value::array({edge.name, edge.input}));
    if (is_flat)
      out.insert(out.end(), edges.begin(), edges.end());
    else
      out.push_back(std::move(edges));
  }
  return out;
}

} // namespace

std::size_t GenotypeCell::edge_count() const {
  std::size_t out = 0;
  for (const auto &node : nodes) out += node.size();
  return out;
}

std::span<const std::string_view> genotype_names() {
  static const auto names = [] {
    std::array<std::string_view, kPublished.size()> out;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = kPublished[i].name;
    return out;
  }();
  return names;
}

Genotype parse_genotype(std::string_view text, const std::string &where) {
  const Published *published = find_published(text);
  return read_genotype(published != nullptr ? published->text : text, where);
}

std::string canonical_genotype(const std::string &text, const std::string &where) {
  if (const Published *published = find_published(text)) return std::string(published->name);
  const Genotype genotype = read_genotype(text, where);
  json::Value out = json::Value::object();
  for (const auto &[name, cell] : {std::pair("normal", &genotype.normal), std::pair("reduce", &genotype.reduce)}) {
    out[name] = cell_json(*cell);
    out[fmt::format("{}_concat", name)] = cell->concat;
  }
  return json::dumped(out);
}

} // namespace pare
