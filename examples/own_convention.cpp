// Counts a network by conventions of one's own: one made here, one read from a pare.convention/1 file.
//
//   example_own_convention resnet-18 files/fvcore.json
#include "analysis/convention.hpp"
#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "models/network.hpp"

#include <iostream>

int main(int argc, char **argv) try {
  if (argc != 3) throw pare::Error(pare::ErrorCode::kUsage, "arguments", "a network and a convention file are expected");
  // An op kind, a spelling (none: both), an event and its weight. What is not listed is not counted, and reported so.
  const pare::Convention flops{.name = "flops",
                               .source = "a multiply-accumulate is two operations",
                               .weights = {{"conv", {}, pare::Event::kMac, 2}, {"linear", {}, pare::Event::kMac, 2}}};
  const pare::Convention own = pare::parse_convention(pare::read_text(argv[2], argv[2]), argv[2]);

  const pare::Network network = pare::make_network(argv[1]);
  const pare::CostReport report = pare::count(pare::lower(network.graph, {}).graph);
  for (const pare::Convention &convention : {flops, own})
    std::cout << argv[1] << ", " << convention.name << ": " << report.mult_adds(convention).to_string() << '\n';
} catch (const pare::Error &error) {
  std::cerr << error.what() << '\n';
  return 1;
}
