// A layer's numbers in the formulas of a substitute, beside what is counted.

#include "analysis/explanation.hpp"

#include "analysis/builder.hpp"
#include "analysis/network_file.hpp"
#include "examples/bottleneck.hpp"
#include "tests/analysis/contract.hpp"
#include "tests/analysis/tower.hpp"
#include "tests/support.hpp"

#include <utility>

namespace pare {
namespace {

/// One replaceable convolution X, 3 x 3 and with a bias: 16 -> 32 channels, 8 x 6 -> 4 x 3 positions, two images.
Graph with_one(Baseline baseline = Baseline::kConv, std::int64_t groups = 1) {
  Graph graph;
  Builder builder(graph);
  NodeId x = graph.add_input({.batch = 2, .channels = 16, .height = 8, .width = 6});
  x = builder.conv("X", x,
                   {.out_channels = 32, .kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}, .groups = groups, .bias = true});
  graph.mark_replaceable(x, baseline);
  x = builder.conv("Y", x, {.out_channels = 8});
  graph.set_output(x);
  return graph;
}

Plan plan_of(std::string_view substitute) { return {.uniform = parse_substitute(substitute), .layers = {}}; }

const Explanation::Step &step_called(const std::vector<Explanation::Step> &steps, std::string_view name) {
  for (const Explanation::Step &step : steps)
    if (step.name == name) return step;
  throw std::runtime_error("no step " + std::string(name));
}

double symbol_called(const Explanation &explanation, std::string_view name) {
  for (const Explanation::Symbol &symbol : explanation.symbols)
    if (symbol.name == name) return symbol.value;
  throw std::runtime_error("no symbol " + std::string(name));
}

TEST(Explanations, StepByStep) {
  const Explanation explanation = explain(with_one(), "X", plan_of("Generic_0.3"));
  EXPECT_EQ(explanation.site.name, "X");
  EXPECT_EQ(explanation.family, "generic");
  EXPECT_EQ(explanation.evaluation, Evaluation::kFactored);
  for (const auto &[name, value] : std::vector<std::pair<const char *, double>>{{"c_i", 16},
                                                                                {"c_o", 32},
                                                                                {"k_h", 3},
                                                                                {"k_w", 3},
                                                                                {"S", 2 * 4 * 3},
                                                                                {"S_in", 2 * 8 * 6},
                                                                                {"D", 16 * 9},
                                                                                {"b", 32},
                                                                                {"rank_scale", 0.3}})
    EXPECT_EQ(symbol_called(explanation, name), value) << name;
  EXPECT_EQ(explanation.symbols.size(), 9u);
  ASSERT_EQ(explanation.definitions.size(), 1u);
  EXPECT_EQ(explanation.definitions[0].name, "r");
  EXPECT_EQ(explanation.definitions[0].formula, "int(rank_scale * max(c_i, c_o))");
  EXPECT_EQ(explanation.definitions[0].numbers, "int(0.3 * max(16, 32))");
  EXPECT_EQ(explanation.definitions[0].value, 9) << "9.6, toward zero";
  ASSERT_EQ(explanation.totals.size(), 3u);
  const Explanation::Step &parameters = explanation.totals[0];
  EXPECT_EQ(parameters.numbers, "144 + 9 * (16 + 32) + 32");
  EXPECT_EQ(parameters.value, 144 + 9 * 48 + 32);
  EXPECT_EQ(parameters.counted, Count(144 + 9 * 48 + 32));
  EXPECT_EQ(step_called(explanation.totals, "mult-adds").counted, Count(24 * (144 + 9 * 48)));
  EXPECT_EQ(step_called(explanation.totals, "per batch").counted, Count(0));
  ASSERT_EQ(explanation.estimates.size(), 1u);
  EXPECT_EQ(explanation.estimates[0].name, "floor");
  EXPECT_EQ(explanation.estimates[0].value, 24 * (144 + 9 * (48 - 9))) << "a matrix of rank r has r (c_i + c_o - r) numbers";
  EXPECT_TRUE(explanation.notes.empty());
}

// Numbers are what the definitions with the knob come to: for every family that has them the formulas hold for these too.
TEST(Explanations, ByNumbersOfEveryFamily) {
  std::size_t explained = 0;
  for (const Substitution *family : substitutions()) {
    if (family->info().numbers.name.empty()) continue;
    for (const Settings &settings : test::variants(*family))
      for (const std::optional<double> knob : test::knobs_to_try(*family, settings)) {
        if (!knob) continue;
        const Substitute by_knob{.family = family, .settings = settings, .knob = knob};
        const Graph graph = with_one();
        const ConvSite site = replaceable_sites(graph)[0][0];
        const Resolved resolved = resolve(site, by_knob);
        if (resolved.refusal) continue;
        ++explained;
        const Substitute by_numbers{.family = family,
                                    .settings = settings,
                                    .knob = {},
                                    .numbers = family->numbers_of(site, settings, resolved.structure)};
        SCOPED_TRACE(by_numbers.text());
        const Explanation one = explain(graph, "X", {.uniform = by_knob, .layers = {}});
        const Explanation other = explain(graph, "X", {.uniform = by_numbers, .layers = {}});
        EXPECT_EQ(one.totals[0].value, other.totals[0].value);
        EXPECT_EQ(one.totals[1].value, other.totals[1].value);
        EXPECT_EQ(other.notes.size(), by_numbers.numbers->size()) << "each is said";
        EXPECT_EQ(other.symbols.size() + 1, one.symbols.size()) << "there is no knob";
      }
  }
  EXPECT_GT(explained, 50u);
}

TEST(Explanations, OfWhatALayerIsAnyway) {
  const Explanation conv = explain(with_one(), "X", {});
  EXPECT_EQ(conv.family, "convolution");
  EXPECT_EQ(conv.totals[0].counted, Count(16 * 32 * 9 + 32));
  const Explanation sep = explain(with_one(Baseline::kSep), "X", plan_of("Conv"));
  EXPECT_EQ(sep.family, "sep");
  EXPECT_EQ(sep.substitute.text(), "Conv");
  EXPECT_EQ(sep.totals[0].counted, Count(144 + 16 * 32 + 32));
  EXPECT_EQ(sep.notes, std::vector<std::string>{"Conv leaves this layer as the network has it: sep"});
}

TEST(Explanations, WhereParametersAreShared) {
  std::string text = test::tower();
  const Graph same_names = read_network(text, "net.json").graph;
  const std::string name = R"("name": "a", )"; // of a#2
  text.erase(text.find(name), name.size());
  const Graph graph = read_network(text, "net.json").graph;
  const Explanation owner = explain(graph, "a", plan_of("Sep"));
  EXPECT_EQ(symbol_called(owner, "S"), 120);
  EXPECT_EQ(owner.notes, std::vector<std::string>{"layers that run with its parameters too: 2; these, and work per batch, the "
                                                  "network has once; S and S_in are of its own place"});
  const Explanation sharer = explain(graph, "a#2", plan_of("Sep"));
  EXPECT_EQ(symbol_called(sharer, "S"), 30);
  EXPECT_EQ(symbol_called(sharer, "S_in"), 120);
  EXPECT_EQ(sharer.totals[1].counted, Count(30 * (72 + 64)));
  EXPECT_EQ(sharer.notes,
            std::vector<std::string>{"it runs with the parameters of a: these, and work per batch, the network has "
                                     "once; S and S_in are of its own place"});
  // A plan names owners; a sharer has what its owner has.
  Plan plan;
  plan.layers.emplace("a", parse_substitute("Sep"));
  EXPECT_EQ(explain(graph, "a#2", plan).family, "sep");
  EXPECT_EQ(explain(graph, "other", plan).family, "convolution");
  EXPECT_EQ(explain(same_names, "a", {}).notes.back(), "2 layers have this name; this is the first of them");
}

TEST(Explanations, OfNoSuchLayer) {
  const auto fails = [](const Graph &graph, std::string_view layer, std::string_view substitute, std::string_view line,
                        int at = __builtin_LINE()) {
    test::expect_message([&] { explain(graph, layer, plan_of(substitute)); }, line, __FILE__, at);
  };
  fails(with_one(), "x", "Sep",
        R"([unknown_name] layer: the network has no layer "x"; replaceable ones: 1, such as X; did you mean X?)");
  fails(with_one(), "Y", "Sep",
        R"([not_applicable] layer: "Y" (conv) is no layer that a substitute replaces; replaceable ones: 1, such as X)");
  fails(Graph(with_one()), "X", "LR_0.01",
        "[not_applicable] X/rank_scale: LR_0.01 does not apply: rank = int(0.01 x 32) = 0 must be at least 1; a rank_scale "
        "from 0.03125 up would be accepted");
  fails(
      with_one(Baseline::kConv, 4), "X", "Sep",
      "[not_applicable] X/groups: Sep does not apply: groups = 4 must be 1 for sep; baseline or convolution would be accepted");
  fails(
      with_one(Baseline::kConv, 4), "X", "Conv",
      "[not_applicable] X/groups: groups = 4 must be 1: closed forms are of convolutions without groups; `pare cost --layers` "
      "counts this one");
}

/// The bottleneck with other closed forms.
class Estimated final : public Substitution {
public:
  explicit Estimated(ClosedForm form) : form_(std::move(form)) {}
  const SubstitutionInfo &info() const override { return bottleneck_.info(); }
  Resolved resolve(const ConvSite &site, const Settings &settings, double knob) const override {
    return bottleneck_.resolve(site, settings, knob);
  }
  NodeId lower(Builder &b, const ConvSite &site, NodeId x, const Settings &settings, const Structure &structure,
               Evaluation evaluation) const override {
    return bottleneck_.lower(b, site, x, settings, structure, evaluation);
  }
  ClosedForm closed_form(const Settings & /*settings*/, Evaluation /*evaluation*/) const override { return form_; }

private:
  Bottleneck bottleneck_;
  ClosedForm form_;
};

TEST(Explanations, EstimatesStandApart) {
  ClosedForm form = Bottleneck().closed_form({}, Evaluation::kFactored);
  form.floor = "S * r * (c_i + c_o - r)";
  form.novikov = "S * 2 * r * r * max(c_i, c_o)";
  const Estimated family(form);
  const Explanation explanation =
      explain(with_one(), "X", {.uniform = Substitute{.family = &family, .settings = {}, .knob = 0.25}, .layers = {}});
  ASSERT_EQ(explanation.estimates.size(), 2u) << "a form that is empty is none";
  EXPECT_EQ(explanation.estimates[0].name, "floor");
  EXPECT_EQ(explanation.estimates[0].numbers, "24 * 8 * (16 + 32 - 8)");
  EXPECT_EQ(explanation.estimates[0].value, 24 * 8 * 40);
  EXPECT_FALSE(explanation.estimates[0].counted);
  EXPECT_EQ(explanation.estimates[1].name, "novikov");
  EXPECT_EQ(explanation.estimates[1].value, 24 * 2 * 64 * 32);
}

TEST(Explanations, AFormulaThatIsNotTheCountIsABug) {
  ClosedForm form = Bottleneck().closed_form({}, Evaluation::kFactored);
  form.parameters += " + 1";
  const Estimated family(form);
  const Plan plan{.uniform = Substitute{.family = &family, .settings = {}, .knob = 0.25}, .layers = {}};
  try {
    explain(with_one(), "X", plan);
    ADD_FAILURE() << "nothing is thrown";
  } catch (const std::logic_error &error) {
    // 8 (16 + 8 * 9 + 32) + 32
    EXPECT_STREQ(error.what(),
                 "parameters of bottleneck:rank_scale=0.25 at layer X: the formula r * (c_i + r * k_h * k_w + c_o) "
                 "+ b + 1 comes to 993, and the lowered graph has 992");
  }
}

} // namespace
} // namespace pare
