#include "analysis/cost_model.hpp"
#include "analysis/substitution.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/left_out.hpp"

namespace pare::fuzz {

void read(std::string_view bytes) {
  if (is_substitute_left_out(bytes)) return;
  const Substitute substitute = parse_substitute(bytes, FreeKnob::kAllow);
  const std::string text = substitute.text();
  const Substitute again =
      without_error("the canonical text is refused", [&] { return parse_substitute(text, FreeKnob::kAllow); });
  expect(again.text() == text, "the canonical text has another canonical text");
  expect(again.family == substitute.family && again.settings == substitute.settings && again.knob == substitute.knob &&
             again.numbers == substitute.numbers,
         "the canonical text is another substitute");
  if (substitute.has_free_knob()) return;

  // A usual site, a pointwise one of many channels, and one whose sizes are odd and prime.
  for (const ConvSite &site : {make_site("usual", {1, 64, 16, 16}, 128, {3, 3}, {1, 1}, {1, 1}, {1, 1}),
                               make_site("pointwise", {1, 2048, 7, 7}, 512, {1, 1}, {1, 1}, {0, 0}, {1, 1}, true),
                               make_site("odd", {2, 13, 5, 9}, 101, {1, 7}, {2, 1}, {0, 3}, {1, 1})}) {
    if (resolve(site, substitute).refusal) continue;
    Graph graph;
    lower_site(graph, site, graph.add_input(site.input), substitute);
    count(graph);
  }
}

} // namespace pare::fuzz
