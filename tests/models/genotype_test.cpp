// Genotypes in the forms that repositories print them in, and counts of their networks by the published code
// (golden/genotype_counts.csv).

#include "models/genotype.hpp"

#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "tests/support.hpp"

#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace pare {
namespace {

const std::string kGolden = PARE_GOLDEN_DIR;

struct Row {
  std::map<std::string, std::string> fields;
  std::string spec(const std::string &genotype) const {
    return fields.at("family") + ":channels=" + fields.at("channels") + ",layers=" + fields.at("layers") +
           ",genotype=" + genotype;
  }
  std::string file() const { return kGolden + "/genotypes/" + fields.at("file") + ".txt"; }
  std::int64_t number(const std::string &field) const { return std::stoll(fields.at(field)); }
};

std::vector<Row> rows() {
  const auto split = [](const std::string &line) {
    std::vector<std::string> out;
    std::istringstream in(line);
    for (std::string field; std::getline(in, field, ',');) out.push_back(field);
    return out;
  };
  std::istringstream in(test::read_text(kGolden + "/genotype_counts.csv"));
  std::string line;
  std::getline(in, line);
  const std::vector<std::string> header = split(line);
  std::vector<Row> out;
  while (std::getline(in, line)) {
    const std::vector<std::string> values = split(line);
    Row &row = out.emplace_back();
    for (std::size_t i = 0; i < header.size(); ++i) row.fields[header[i]] = values.at(i);
  }
  return out;
}

void expect_counts(const Row &row, const std::string &spec) {
  SCOPED_TRACE(spec);
  const auto macs = find_convention("macs");
  Network network = make_network(spec);
  const CostReport plain = count(lower(network.graph, {}).graph);
  EXPECT_EQ(plain.parameters, row.number("parameters"));
  EXPECT_EQ(plain.mult_adds(macs), Count(row.number("macs")));
  const NodeId output = network.graph.output();
  append_auxiliary_head(network);
  EXPECT_EQ(network.graph.output(), output);
  const CostReport whole = count(lower(network.graph, {}).graph);
  EXPECT_EQ(whole.parameters, row.number("parameters_with_head"));
  EXPECT_EQ(whole.mult_adds(macs), Count(row.number("macs_with_head")));
}

TEST(Genotypes, CountAsThePublishedCode) {
  const std::vector<Row> all = rows();
  ASSERT_GE(all.size(), 22u);
  std::size_t named = 0;
  for (const Row &row : all) {
    expect_counts(row, row.spec("@" + row.file()));
    if (row.fields.at("name").empty()) continue;
    ++named;
    expect_counts(row, row.spec(row.fields.at("name")));
  }
  EXPECT_GT(named, genotype_names().size()) << "one of them twice, for two families";
}

std::string text_of(const std::string &text) { return canonical_genotype(text, "darts/genotype"); }

// The names are what the files say.
TEST(Genotypes, NamesStandForWhatTheirRepositoriesPrint) {
  std::map<std::string, std::string> files;
  for (const Row &row : rows())
    if (!row.fields.at("name").empty()) files[row.fields.at("name")] = row.file();
  for (const std::string_view name : genotype_names()) {
    ASSERT_TRUE(files.contains(std::string(name))) << name;
    const Genotype known = parse_genotype(name, "");
    const Genotype printed = parse_genotype(test::read_text(files.at(std::string(name))), "");
    for (const auto cell : {&Genotype::normal, &Genotype::reduce}) {
      EXPECT_EQ((known.*cell).concat, (printed.*cell).concat) << name;
      ASSERT_EQ((known.*cell).nodes.size(), (printed.*cell).nodes.size()) << name;
      for (std::size_t i = 0; i < (known.*cell).nodes.size(); ++i) {
        ASSERT_EQ((known.*cell).nodes[i].size(), (printed.*cell).nodes[i].size()) << name;
        for (std::size_t j = 0; j < (known.*cell).nodes[i].size(); ++j) {
          EXPECT_EQ((known.*cell).nodes[i][j].name, (printed.*cell).nodes[i][j].name) << name;
          EXPECT_EQ((known.*cell).nodes[i][j].input, (printed.*cell).nodes[i][j].input) << name;
        }
      }
    }
  }
  EXPECT_EQ(text_of("PDARTS"), "p_darts");
  EXPECT_EQ(text_of(" PC-DARTS\n"), "pc_darts");
  EXPECT_EQ(text_of("PC_DARTS_cifar"), "pc_darts"); // as PC-DARTS' code names it
  EXPECT_EQ(text_of("GDAS_V1"), "gdas");
  EXPECT_EQ(text_of("\xef\xbb\xbfpdarts\n"), "p_darts"); // a byte order mark
}

constexpr const char *kOne = R"({"normal":[["sep_conv_3x3",0],["skip_connect",1],["max_pool_3x3",2],["none",0]],)"
                             R"("normal_concat":[2,3],"reduce":[["dil_conv_5x5",1],["avg_pool_3x3",0]],"reduce_concat":[2]})";

TEST(Genotypes, AllWritingsOfOneHaveOneText) {
  EXPECT_EQ(text_of(kOne), kOne);
  for (
      const char *same : {
          // keywords, ranges
          "Genotype(normal=[('sep_conv_3x3', 0), ('skip_connect', 1), ('max_pool_3x3', 2), ('none', 0)], "
          "normal_concat=range(2, 4), reduce=[('dil_conv_5x5', 1), ('avg_pool_3x3', 0)], reduce_concat=range(2, 3))",
          // positional, lists for tuples, double quotes, commas at the ends
          R"(Genotype([["sep_conv_3x3", 0], ["skip_connect", 1,], ["max_pool_3x3", 2], ["none", 0],], [2, 3,], (("dil_conv_5x5", 1), ("avg_pool_3x3", 0)), (2,),))",
          // positional, then by name; a name in front, lines, comments, blanks
          "MINE_V1 = genotypes.Genotype(  # the best of 4\n  [\n    ('sep_conv_3x3', 0), ('skip_connect', 1),  # don't ) "
          "count\n"
          "\t('max_pool_3x3', 2), ('none', 0)], list(range(2, 4)),\r\n  reduce_concat = [2], # order is free\n"
          "  reduce = tuple([('dil_conv_5x5', 1), ('avg_pool_3x3', 0)]))\n# the end",
          // by node, None of GDAS
          "Genotype(normal=[(('sep_conv_3x3', 0), ('skip_connect', 1)), (('max_pool_3x3', 2), ('none', 0))], "
          "normal_concat=[2, 3], reduce=[(('dil_conv_5x5', 1), ('avg_pool_3x3', 0))], reduce_concat=[2], connectN=None, "
          "connects=None)",
          "Genotype([(('sep_conv_3x3', 0), ('skip_connect', 1)), (('max_pool_3x3', 2), ('none', 0))], [2, 3], "
          "[(('dil_conv_5x5', 1), ('avg_pool_3x3', 0))], [2], None, None)",
          // (op, input, weight), flat and by node
          "Genotype(normal=[('sep_conv_3x3', 0, 0.25), ('skip_connect', 1, 1e-05), ('max_pool_3x3', 2, 1.0), ('none', 0, .5)], "
          "normal_concat=range(2, 4), reduce=[('dil_conv_5x5', 1, 1.0), ('avg_pool_3x3', 0, 0.5)], reduce_concat=[2])",
          "{'normal': [(('sep_conv_3x3', 0, 0.25), ('skip_connect', 1, 0)), (('max_pool_3x3', 2, 1), ('none', 0, 1))], "
          "'normal_concat': [2, 3], 'reduce': [(('dil_conv_5x5', 1, 1.0), ('avg_pool_3x3', 0, 0.5))], 'reduce_concat': [2]}",
          // (op, node, input), and with nodes that are not there
          "Genotype(normal=[('sep_conv_3x3', 2, 0), ('skip_connect', 2, 1), ('max_pool_3x3', 3, 2), ('none', 3, 0)], "
          "normal_concat=range(2, 4), reduce=[('dil_conv_5x5', 2, 1), ('avg_pool_3x3', 2, 0)], reduce_concat=range(2, 6))",
          "Genotype(normal=[('sep_conv_3x3', 2, 0), ('skip_connect', 2, 1), ('max_pool_3x3', 5, 2), ('skip_connect', 5, 3), "
          "('none', 5, 0)], normal_concat=range(2, 6), reduce=[('dil_conv_5x5', 4, 1), ('avg_pool_3x3', 4, 0)], "
          "reduce_concat=range(2, 6))",
          // JSON: other order of members, by node, placed
          R"({"reduce_concat": [2], "reduce": [["dil_conv_5x5", 1], ["avg_pool_3x3", 0]], "normal_concat": [2, 3],
               "normal": [[["sep_conv_3x3", 0], ["skip_connect", 1]], [["max_pool_3x3", 2], ["none", 0]]], "connectN": null})",
          R"({"normal": [["sep_conv_3x3", 2, 0], ["skip_connect", 2, 1], ["max_pool_3x3", 3, 2], ["none", 3, 0]],
               "normal_concat": [2, 3], "reduce": [["dil_conv_5x5", 2, 1], ["avg_pool_3x3", 2, 0]], "reduce_concat": [2]})",
          // other names of the same operations
          "Genotype([('dua_sepc_3x3', 0), ('skip_connect', 1), ('max_pool_3x3', 2), ('none', 0)], (2, 3), "
          "[('dil_sepc_5x5', 1), ('avg_pool_3x3', 0)], [2])",
      }) {
    EXPECT_EQ(text_of(same), kOne) << same;
    const Network network = make_network(std::string("darts:channels=2,layers=3,genotype=") + same + ",classes=3");
    EXPECT_EQ(network.name, std::string("darts:channels=2,layers=3,classes=3,genotype=") + kOne) << same;
  }
}

// Nodes of one operation, of three, and of one that leaves its input as it is.
TEST(Genotypes, NodesOfAnyNumberOfOperations) {
  const std::string text = "Genotype(normal=[('sep_conv_3x3', 2, 0), ('skip_connect', 3, 2), ('skip_connect', 4, 0), "
                           "('max_pool_3x3', 4, 1), ('skip_connect', 4, 3)], normal_concat=range(2, 6), "
                           "reduce=[('skip_connect', 2, 0)], reduce_concat=range(2, 6))";
  EXPECT_EQ(text_of(text),
            R"({"normal":[[["sep_conv_3x3",0]],[["skip_connect",2]],[["skip_connect",0],["max_pool_3x3",1],)"
            R"(["skip_connect",3]]],"normal_concat":[2,3,4],"reduce":[[["skip_connect",0]]],"reduce_concat":[2]})");
  EXPECT_EQ(text_of(text_of(text)), text_of(text));
  const Network network = make_network("darts:channels=4,layers=3,genotype=" + text);
  // Cell 0, channels 4 from 12: two preprocessings 12 x 4 + 8; sep_conv_3x3 2 x (36 + 16 + 8). Cells 1 and 2 reduce: of 12 and
  // 12 channels into 8, then of 12 and 8 into 16, with one factorized reduce each, 8 x 8 + 16 and 16 x 16 + 32.
  const std::int64_t stem = 27 * 12 + 24;
  const std::int64_t cell0 = 2 * (12 * 4 + 8) + 2 * (36 + 16 + 8);
  const std::int64_t cell1 = 2 * (12 * 8 + 16) + 8 * 8 + 16;
  const std::int64_t cell2 = (12 * 16 + 32) + (8 * 16 + 32) + 16 * 16 + 32;
  EXPECT_EQ(count(lower(network.graph, {}).graph).parameters, stem + cell0 + cell1 + cell2 + 16 * 10 + 10);
}

void genotype_refused(const std::string &genotype, std::string_view line, const char *file = __builtin_FILE(),
                      int at = __builtin_LINE()) {
  test::expect_message([&] { parse_genotype(genotype, "darts/genotype"); }, line, file, at);
}

std::string with_normal(const std::string &normal, const std::string &concat = "[2]") {
  return "Genotype(normal=" + normal + ", normal_concat=" + concat + ", reduce=[('none', 0), ('none', 1)], reduce_concat=[2])";
}

TEST(Genotypes, SyntaxIsRefusedWithItsPlace) {
  const auto at_1 = [](int column, const std::string &found, const std::string &accepted) {
    return "[invalid_value] darts/genotype: line 1, column " + std::to_string(column) + ": \"" + found + "\" stands where " +
           accepted + " would be accepted";
  };
  genotype_refused(
      "Genotype(",
      R"([invalid_value] darts/genotype: line 1, column 10: the end of the text stands where a value would be accepted)");
  genotype_refused("Genotype()",
                   "[invalid_value] darts/genotype: line 1, column 1: Genotype() must have arguments: normal, normal_concat, "
                   "reduce, reduce_concat, connectN, connects");
  genotype_refused(
      "Genotype(\n  normal=[('none', 0)\n  ('none', 1)])",
      R"([invalid_value] darts/genotype: line 3, column 3: "('none', 1)]" stands where a comma or ] would be accepted)");
  genotype_refused("Genotype(normal=[('none' 0)])", at_1(26, "0)])", "a comma or )"));
  genotype_refused("Genotype(normal=[('none, 0)])",
                   "[invalid_value] darts/genotype: line 1, column 19: a string that does not end");
  genotype_refused("Genotype(normal=[], [2])", at_1(21, "[2])", "an argument by name, as the one before it,"));
  genotype_refused("Genotype(normal=[], normal=[])",
                   R"([invalid_value] darts/genotype: line 1, column 21: "normal" is given twice)");
  genotype_refused("Genotype([], normal=[])", R"([invalid_value] darts/genotype: line 1, column 14: "normal" is given twice)");
  genotype_refused("Genotype(1, 2, 3, 4, 5, 6, 7)", at_1(28, "7)", "the end of Genotype(...), which has 6 fields,"));
  genotype_refused(
      "__import__('os').system('true')",
      R"([invalid_value] darts/genotype: line 1, column 1: "__import__('" stands where a value, Genotype(...), range(...), list(...) or tuple(...) would be accepted)");
  genotype_refused(
      "A = B = [1]",
      R"([invalid_value] darts/genotype: line 1, column 5: "B = [1]" stands where a value, Genotype(...), range(...), list(...) or tuple(...) would be accepted)");
  genotype_refused(
      "A = Genotype(1)\nB = Genotype(1)",
      R"([invalid_value] darts/genotype: line 2, column 1: "B = Genotype" stands where the end of the text: one value would be accepted)");
  genotype_refused(
      "from collections import namedtuple\nG = 1",
      R"([invalid_value] darts/genotype: line 1, column 1: "from collect" stands where a value, Genotype(...), range(...), list(...) or tuple(...) would be accepted)");
  genotype_refused("[1 + 2]",
                   R"([invalid_value] darts/genotype: line 1, column 4: "+ 2]" stands where a comma or ] would be accepted)");
  genotype_refused("[2e]", R"([invalid_value] darts/genotype: line 1, column 2: "2e" must be a number that 64 bits hold)");
  genotype_refused("[1e999]",
                   R"([invalid_value] darts/genotype: line 1, column 2: "1e999" must be a number that 64 bits hold)");
  genotype_refused("[0x10]", R"([invalid_value] darts/genotype: line 1, column 2: "0x10" must be a number that 64 bits hold)");
  genotype_refused(
      "['\\x41']",
      R"([invalid_value] darts/genotype: line 1, column 2: "\x41" must be of printable ASCII characters, without escapes)");
  genotype_refused("[range()]",
                   "[invalid_value] darts/genotype: line 1, column 2: range[] must be range(stop), range(start, stop) or "
                   "range(start, stop, step), of whole numbers up to 1000000");
  genotype_refused("[range(2, 6, 0)]",
                   "[invalid_value] darts/genotype: line 1, column 2: range[2,6,0] must be range(stop), range(start, "
                   "stop) or range(start, stop, step), of whole numbers up to 1000000");
  genotype_refused("[list(1)]",
                   "[invalid_value] darts/genotype: line 1, column 2: list(...) must be of one list, tuple or range");
}

TEST(Genotypes, HostileTextHasLimits) {
  genotype_refused(
      std::string(1 << 20, '['),
      "[invalid_value] darts/genotype: line 1, column 18: nested deeper than 16 levels, which nothing that is read here needs");
  genotype_refused("[range(1000000), range(1000000)]", "[limit] darts/genotype: line 1, column 2: more than 1000000 values");
  std::string many = "[";
  for (int i = 0; i < 1'000'000; ++i) many += "1,";
  genotype_refused(many, "[limit] darts/genotype: line 1, column 2000000: more than 1000000 values");
  std::string keys = "{";
  for (int i = 0; i < 1000; ++i) keys += "'" + std::to_string(i) + "': 1,";
  EXPECT_TRUE(test::message_of([&] { parse_genotype(keys, "x"); }).starts_with("[limit] x: line 1, column "));
}

// Each byte damaged in turn, and cut there: an Error or a genotype, never anything else.
TEST(Genotypes, DamageIsAnErrorOrAGenotype) {
  for (const char *file : {"of_gdas", "fair_darts_g", "weighted"}) {
    const std::string text = test::read_text(kGolden + "/genotypes/" + file + ".txt");
    const auto check = [](const std::string &damaged) {
      const std::string line = test::message_of([&] { parse_genotype(damaged, "x"); });
      EXPECT_TRUE(line == "no error" || line.starts_with("[invalid_") || line.starts_with("[limit] ")) << line;
    };
    for (std::size_t at = 0; at < text.size(); ++at) {
      check(text.substr(0, at));
      for (const char byte : {'\'', '(', ']', '=', '#', ',', '9', '\xff', '\0'}) {
        std::string damaged = text;
        damaged[at] = byte;
        check(damaged);
      }
    }
  }
}

TEST(Genotypes, CellsAreCheckedByTheirForm) {
  constexpr std::string_view kForms =
      R"(must be [name, input], [name, input, weight] or [name, node, input], such as ["sep_conv_3x3", 0])";
  const auto line = [](std::string_view where, std::string_view message) {
    return "[invalid_config] darts/genotype/" + std::string(where) + ": " + std::string(message);
  };
  genotype_refused(with_normal("[('none', 0), 1]"), line("normal[1]", "operation = 1 " + std::string(kForms)));
  genotype_refused(with_normal("[('none', 0), ('none', 1, 0.5)]"),
                   line("normal[1]", R"(operation = ["none",1,0.5] must be of one form with those before it: )" +
                                         std::string(kForms.substr(8))));
  // A weight as a whole number is not taken for a node.
  genotype_refused(
      with_normal("[('none', 0, 1), ('none', 1, 1)]"),
      line("normal[0]",
           "node = 0 must be from 2 up: edges stand by node, as [name, node, input]; a weight in the third place has "
           "a point: 1.0"));
  genotype_refused(with_normal("[('none', 0, 0.5), ('none', 1, 1)]"),
                   line("normal[1]", R"(operation = ["none",1,1] must be of one form with those before it: )" +
                                         std::string(kForms.substr(8))));
  genotype_refused(
      with_normal("[('none', 3, 0), ('none', 2, 1)]", "[2, 3]"),
      line("normal[1]",
           "node = 2 must be from 3 up: edges stand by node, as [name, node, input]; a weight in the third place has "
           "a point: 1.0"));
  genotype_refused(with_normal("[('none', 2, 2)]"),
                   line("normal[0]", "input = 2 must be from 0 to 1: an input of the cell or an earlier node"));
  genotype_refused(
      with_normal("[('none', 2, 0), ('sep_conv_3x3', 4, 3)]", "[2, 3, 4]"),
      line("normal[1]", "sep_conv_3x3 reads node 3, which no edge makes: its weights would be held and never run"));
  genotype_refused(with_normal("[('none', 2, 0), ('skip_connect', 4, 3), ('none', 5, 0)]", "[2, 3, 4, 5]"),
                   line("normal", "node 4 must read a node that is there"));
  genotype_refused(
      with_normal("[('none', 2, 0), ('none', 3, 0)]", "[3]"),
      line("normal_concat", "it must have every node, in order: where edges say their node all of them are joined"));
  genotype_refused(
      with_normal("[('none', 0)]"),
      line(
          "normal",
          R"(normal = [["none",0]] must be two operations for each node, such as [["sep_conv_3x3", 0], ["skip_connect", 1]])"));
  genotype_refused(with_normal("[[('none', 0)], []]"),
                   line("normal[1]", "node = [] must be a list of operations, as the nodes before it"));
  genotype_refused(with_normal("[[('none', 2)]]"),
                   line("normal[0][0]", "input = 2 must be from 0 to 1: an input of the cell or an earlier node"));
  genotype_refused(with_normal("[('none', 0), ('none', 1)]", "range(2, 4)"),
                   line("normal_concat[1]", "node = 3 must be a whole number from 2 to 2"));
  genotype_refused(
      "Genotype(normal=[('none', 0), ('none', 1)], normal_concat=[2], reduce=[('none', 0), ('none', 1)], reduce_concat=[2], "
      "connectN=3)",
      line("connectN", "connectN = 3 must be None"));
}

// What publications call by a name that others do not know, or that their code defines no operation for, is named.
TEST(Genotypes, UnknownOperationsAreNamed) {
  for (const char *unknown : {"att_squeeze", "max_pool_2x2", "sep_conv_9x9", "identity", "conv 3x3"}) {
    const std::string text = test::message_of(
        [&] { parse_genotype(with_normal(std::string("[('") + unknown + "', 0), ('none', 1)]"), "darts/genotype"); });
    EXPECT_TRUE(text.starts_with(std::string("[invalid_config] darts/genotype/normal[0]: unknown operation \"") + unknown +
                                 "\"; known: none, skip_connect, max_pool_3x3"))
        << text;
  }
}

TEST(AuxiliaryHeads, AreOfDartsAlone) {
  Network network = make_network("wrn-10-1");
  test::expect_message(
      [&] { append_auxiliary_head(network); },
      "[not_applicable] wide_resnet:depth=10,width=1,classes=10: the network has no auxiliary head; those of darts "
      "and darts_imagenet have one");
}

} // namespace
} // namespace pare
