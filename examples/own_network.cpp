// Builds a network of one's own, writes it as a pare.network/1 file, reads that back, and counts it with and without
// substitutes. `pare cost FILE` and every other command read such a file as well.
//
//   example_own_network tiny.json
#include "analysis/builder.hpp"
#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "analysis/network_file.hpp"
#include "base/error.hpp"
#include "base/files.hpp"

#include <fstream>
#include <iostream>

namespace {

pare::Graph tiny() {
  pare::Graph graph;
  pare::Builder b(graph);
  pare::NodeId x = graph.add_input({.batch = 1, .channels = 3, .height = 32, .width = 32});
  x = b.conv("stem", x, {.out_channels = 8, .kernel = {3, 3}, .padding = {1, 1}});
  x = b.op("stem.relu", pare::Relu{}, {b.batch_norm("stem.bn", x)});
  x = b.conv("body", x, {.out_channels = 16, .kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}});
  graph.mark_replaceable(x, pare::Baseline::kConv);
  x = b.op("body.relu", pare::Relu{}, {b.batch_norm("body.bn", x)});
  graph.mark_attention_tap(x);
  x = b.op("pool", pare::GlobalAvgPool{}, {x});
  x = b.op("flatten", pare::Flatten{}, {x}, pare::Spelling::kFunction);
  graph.set_output(b.linear("fc", x, 10));
  return graph;
}

void print(const std::string &title, const pare::Graph &graph, const pare::Plan &plan) {
  const pare::CostReport report = pare::count(pare::lower(graph, plan).graph);
  std::cout << title << ": " << report.parameters << " parameters, "
            << report.mult_adds(pare::find_convention("macs")).to_string() << " mult-adds\n";
}

} // namespace

int main(int argc, char **argv) try {
  if (argc != 2) throw pare::Error(pare::ErrorCode::kUsage, "arguments", "the file to write is expected");
  const std::string path = argv[1];
  std::ofstream(path) << pare::write_network(tiny(), "tiny");

  const pare::NetworkFile file = pare::read_network(pare::read_text(path, path), path);
  print(file.name, file.graph, {});
  print(file.name + " with Generic_0.5", file.graph, {.uniform = pare::parse_substitute("Generic_0.5"), .layers = {}});
} catch (const pare::Error &error) {
  std::cerr << error.what() << '\n';
  return 1;
}
