// What every substitution owes, over the registry: a new one is tested by being registered.

#include "tests/analysis/contract.hpp"

#include "analysis/cost_model.hpp"
#include "tests/support.hpp"

#include <cmath>
#include <set>
#include <tuple>

namespace pare {
namespace {

class Contract : public testing::TestWithParam<std::string> {
protected:
  const Substitution &family() const { return find_substitution(GetParam()); }

  /// Calls check(site, substitute) over the grid: all of it with the standard settings, every fifth site with each other; of
  /// these a third under the sanitizers.
  template <class Check>
  void over_grid(Check &&check) const {
    const auto all = test::variants(family());
    for (std::size_t v = 0; v < all.size(); ++v)
      for (const std::optional<double> knob : test::knobs_to_try(family(), all[v])) {
        const Substitute substitute{.family = &family(), .settings = all[v], .knob = knob};
        SCOPED_TRACE(substitute.text());
        for (std::size_t i = 0; i < test::grid().size(); ++i) {
          if (v != 0 && i % 5 != v % 5) continue;
          if (test::kIsSanitized && i % 3 != 0) continue; // they take ten times as long
          check(test::grid()[i], substitute);
          if (HasFailure()) { // one failure tells enough
            const ConvSite &s = test::grid()[i];
            FAIL() << s.in_channels() << " -> " << s.out_channels() << ", kernel " << s.kernel.height << ", stride "
                   << s.stride.height << ", padding " << s.padding.vertical.before << ", dilation " << s.dilation.height
                   << ", bias " << s.bias;
          }
        }
      }
  }
};

// ------------------------------------------------------------------------------------ shapes, parameters, closed forms

Symbols symbols_of(const ConvSite &site, const Substitute &substitute) {
  const auto real = [](std::int64_t v) { return static_cast<double>(v); };
  Symbols out = {{"c_i", real(site.in_channels())},
                 {"c_o", real(site.out_channels())},
                 {"k_h", real(site.kernel.height)},
                 {"k_w", real(site.kernel.width)},
                 {"S", real(site.output.batch * site.output.height * site.output.width)},
                 {"S_in", real(site.input.batch * site.input.height * site.input.width)},
                 {"S_v", real(site.output.batch * site.output.height * site.input.width)},
                 {"D", site.pointwise() ? 0.0 : real(site.in_channels() * site.kernel.area())},
                 {"b", site.bias ? real(site.out_channels()) : 0.0}};
  if (substitute.knob) out[std::string(substitute.family->info().knob.name)] = *substitute.knob;
  const ClosedForm form = substitute.family->closed_form(substitute.settings, substitute.evaluated());
  for (const Definition &definition : form.definitions) out[definition.symbol] = evaluate(definition.expression, out);
  return out;
}

TEST_P(Contract, ShapeAndClosedFormEqualTheLoweredGraph) {
  const Convention &macs = find_convention("macs");
  std::size_t applied = 0;
  const auto check = [&](const ConvSite &site, const Substitute &substitute) {
    Graph graph;
    const NodeId y = lower_site(graph, site, graph.add_input(site.input), substitute);
    EXPECT_EQ(graph.activation(y), site.output);

    const CostReport report = count(graph);
    std::int64_t sum = 0;
    std::set<std::string> names;
    for (NodeId id = 0; id < graph.node_count(); ++id)
      if (const auto *parameter = std::get_if<Parameter>(&graph.node(id).op)) {
        std::int64_t elements = 1;
        for (std::int64_t extent : parameter->extents) elements *= extent;
        sum += elements;
        EXPECT_TRUE(names.insert(graph.parameter_name(id)).second) << graph.parameter_name(id) << " twice";
      }
    EXPECT_EQ(report.parameters, sum);
    // What a convention may weigh is what an op says that it emits.
    for (const EventCount &e : report.events)
      EXPECT_TRUE(events_of(e.op_kind).contains(e.event)) << kind_name(e.op_kind) << "." << to_string(e.event);

    const ClosedForm form = substitute.family->closed_form(substitute.settings, substitute.evaluated());
    const Symbols symbols = symbols_of(site, substitute);
    EXPECT_EQ(static_cast<double>(report.parameters), evaluate(form.parameters, symbols)) << form.parameters;
    EXPECT_EQ(report.mult_adds(macs).to_double(), evaluate(form.mult_adds, symbols)) << form.mult_adds;
    EXPECT_EQ(report.per_batch(macs).to_double(), evaluate(form.per_batch, symbols)) << form.per_batch;
    EXPECT_TRUE(report.mult_adds(macs).is_whole());
    EXPECT_TRUE(report.per_batch(macs).is_whole());
  };
  over_grid([&](const ConvSite &site, const Substitute &substitute) {
    if (resolve(site, substitute).refusal) return;
    ++applied;
    Substitute evaluated = substitute;
    const std::vector<Evaluation> &ways = family().info().evaluations;
    for (std::size_t way = 0; way < ways.size(); ++way) {
      if (way > 0 && applied % 5 != way) continue;
      evaluated.evaluation = ways[way];
      SCOPED_TRACE(evaluated.text());
      check(site, evaluated);
    }
  });
  EXPECT_GT(applied, 100u);
}

// What is stored, and how it starts, does not depend on how it is evaluated; nor does the 2019 counter's figure, which knew one
// way.
TEST_P(Contract, EvaluationsShareTheirParameters) {
  const auto stored = [](const Graph &graph) {
    std::vector<std::tuple<std::string, Parameter, TensorShape>> out;
    for (const Node &node : graph.nodes())
      if (const auto *parameter = std::get_if<Parameter>(&node.op))
        out.emplace_back(graph.layer(node.layer).name, *parameter, node.shape);
    return out;
  };
  over_grid([&](const ConvSite &site, const Substitute &substitute) {
    if (family().info().evaluations.size() == 1 || site.stride.height != 1 + site.kernel.height % 2) return;
    if (resolve(site, substitute).refusal) return;
    Graph first;
    lower_site(first, site, first.add_input(site.input), substitute);
    for (const Evaluation evaluation : family().info().evaluations) {
      Substitute evaluated = substitute;
      evaluated.evaluation = evaluation;
      SCOPED_TRACE(evaluated.text());
      Graph graph;
      lower_site(graph, site, graph.add_input(site.input), evaluated);
      EXPECT_EQ(stored(graph), stored(first));
      EXPECT_EQ(count(graph).mult_adds(find_convention("reference")).to_double(),
                count(first).mult_adds(find_convention("reference")).to_double());
    }
  });
}

// ------------------------------------------------------------------------------------------------------- refusals

/// formulas.md, "Where the reference would build something empty or broken, Pare refuses", written out once more.
bool must_refuse(const ConvSite &s, const Substitute &substitute, double knob) {
  const Substitution &family = *substitute.family;
  const std::string_view name = family.info().name;
  const std::int64_t c_i = s.in_channels();
  const std::int64_t c_o = s.out_channels();
  const std::int64_t k2 = s.kernel.height * s.kernel.width;
  const bool one = k2 == 1;
  const auto key = [&](std::string_view k) { return test::setting(family, substitute.settings, k); };
  const auto rank_is_zero = [&] { return std::floor(knob * static_cast<double>(std::max(c_i, c_o))) < 1; };
  // Hashed: K = int(double(numbers) * ratio), or numbers // divisor; at least 2 with the reference's index, else 1.
  const auto budget = [&](std::int64_t numbers) {
    return key("divisor") > 0 ? numbers / key("divisor") : static_cast<std::int64_t>(static_cast<double>(numbers) * knob);
  };
  const std::int64_t least = key("index") == 1 ? 2 : 1;

  if (name == "baseline" || name == "convolution" || name == "sep") return false;
  if (name == "generic") return rank_is_zero();
  if (name == "lr") return c_o % c_i != 0 || rank_is_zero();
  if (name == "hashed") return budget(c_i * c_o * k2) < least;
  if (name == "sep_hashed") {
    if (key("of") == 1 && !one) return budget(c_i * c_o * k2) - c_i * k2 < least;
    return budget(c_i * c_o) < least;
  }
  if (name == "hashed_separable") {
    if (one) return budget(c_i * c_o) < least;
    const std::int64_t both = c_i * k2 + c_i * c_o;
    const auto share = [&](std::int64_t part) {
      return static_cast<std::int64_t>(static_cast<double>(budget(both)) * static_cast<double>(part) /
                                       static_cast<double>(both));
    };
    return share(c_i * k2) < least || share(c_i * c_o) < least;
  }
  if (name == "acdc") {
    std::int64_t a = 0;
    while (c_o > c_i && c_o % (c_i + a) != 0) ++a;
    return std::max(c_i, c_o) % 2 != 0 || a > c_i || (c_o < c_i && c_i % c_o != 0);
  }
  if (name == "shuffle") return c_o < key("bottleneck");
  if (name == "tensor_train" || name == "tucker" || name == "cp") return false;
  // Ranks and groups are brought into what there is, channels filled up with zeros.
  for (const std::string_view any :
       {"tt_matrix", "kronecker", "tucker2", "spatial", "grouped", "monarch", "btt", "block_circulant", "butterfly"})
    if (name == any) return false;
  ADD_FAILURE() << "state where " << name << " cannot apply";
  return false;
}

TEST_P(Contract, RefusesExactlyWhereTheFormulasSay) {
  over_grid([&](const ConvSite &site, const Substitute &substitute) {
    const double knob = substitute.knob.value_or(0);
    const Resolved resolved = resolve(site, substitute);
    EXPECT_EQ(resolved.refusal.has_value(), must_refuse(site, substitute, knob));
    if (!resolved.refusal) return;
    test::expect_error(
        [&] {
          Graph graph;
          lower_site(graph, site, graph.add_input(site.input), substitute);
        },
        ErrorCode::kNotApplicable, "X/" + resolved.refusal->field, resolved.refusal->message);
    // What the refusal says of other settings is true: the largest one is accepted, if any is.
    if (family().info().knob.kind == KnobInfo::Kind::kReal && substitute.knob)
      EXPECT_EQ(resolved.refusal->depends_on_knob, !must_refuse(site, substitute, 1.0)) << resolved.refusal->message;
    else
      EXPECT_FALSE(resolved.refusal->depends_on_knob);
  });
}

TEST_P(Contract, RefusesGroupedConvolutionsUnlessTheyStay) {
  ConvSite site = make_site("X", {.batch = 1, .channels = 32, .height = 8, .width = 8}, 32, {3, 3}, {1, 1}, {1, 1}, {1, 1});
  site.groups = 4;
  const auto standard = test::variants(family())[0];
  const Substitute substitute{.family = &family(), .settings = standard, .knob = test::knobs_to_try(family(), standard).back()};
  const bool stays = GetParam() == "baseline" || GetParam() == "convolution";
  EXPECT_EQ(resolve(site, substitute).refusal.has_value(), !stays);
}

// ---------------------------------------------------------------------------------------------------------- marks

/// formulas.md, "Weight decay". `leaf` is the parameter's name behind the replaced layer's.
bool decay_scaled(std::string_view family, std::string_view leaf) {
  if (family == "baseline" || family == "convolution" || family == "sep") return false;
  if (family == "generic") return leaf.starts_with("lowrank_contract.") || leaf.starts_with("lowrank_expand.");
  if (family == "lr") return leaf == "lowrank.weight";
  if (family == "hashed") return leaf == "hashed_weight"; // not the bias of a full Hashed
  if (family == "sep_hashed") return leaf == "hashed.hashed_weight" || leaf == "hashed.bias";
  if (family == "hashed_separable") return true; // both parts are hashed
  if (family == "acdc") return leaf.starts_with("layers.");
  if (family == "shuffle") return true;
  if (family == "tensor_train") return leaf.starts_with("weight_core_");
  if (family == "tucker") return leaf.starts_with("weight_core") || leaf.starts_with("weight_u_");
  if (family == "cp") return leaf.starts_with("weight_u_");
  if (family == "tt_matrix" || family == "btt") return leaf.starts_with("weight_core_");
  if (family == "kronecker") return leaf == "weight_a" || leaf == "weight_b";
  if (family == "tucker2" || family == "spatial") return true; // as Generic's, the bias on the last too
  if (family == "grouped") return leaf == "grouped_pointwise.weight";
  if (family == "monarch") return leaf.starts_with("monarch_") && leaf.ends_with(".weight");
  if (family == "block_circulant") return leaf == "weight_columns";
  if (family == "butterfly") return leaf.starts_with("layers.");
  ADD_FAILURE() << "state which parameters of " << family << " have scaled decay";
  return false;
}

TEST_P(Contract, MarksItsParameters) {
  std::size_t applied = 0;
  for (const Settings &settings : test::variants(family()))
    for (std::size_t i = 0; i < test::grid().size(); i += 7) {
      const ConvSite &site = test::grid()[i];
      const Substitute substitute{
          .family = &family(), .settings = settings, .knob = test::knobs_to_try(family(), settings).back()};
      if (resolve(site, substitute).refusal) continue;
      ++applied;
      Graph graph;
      lower_site(graph, site, graph.add_input(site.input), substitute);
      std::int64_t scaled = 0;
      std::int64_t substituted = 0;
      for (NodeId id = 0; id < graph.node_count(); ++id) {
        const auto *parameter = std::get_if<Parameter>(&graph.node(id).op);
        if (parameter == nullptr) continue;
        const std::string name = graph.parameter_name(id);
        ASSERT_TRUE(name.starts_with("X.")) << name;
        EXPECT_EQ(parameter->decay_scaled, decay_scaled(GetParam(), std::string_view(name).substr(2))) << name;
        EXPECT_EQ(parameter->substituted, !is_baseline(site, substitute)) << name;
        scaled += parameter->decay_scaled ? parameter->extents.elements() : 0;
        substituted += parameter->substituted ? parameter->extents.elements() : 0;
      }
      const CostReport report = count(graph);
      EXPECT_EQ(report.scaled_decay_parameters, scaled);
      EXPECT_EQ(report.substituted_parameters, substituted);
      if (HasFailure()) FAIL() << substitute.text();
    }
  EXPECT_GT(applied, 50u);
}

// ----------------------------------------------------------------------------------------------- numbers, candidates

/// All that is made and counted: ops with their attributes, shapes, names, events.
std::string dump(const ConvSite &site, const Substitute &substitute) {
  Graph graph;
  lower_site(graph, site, graph.add_input(site.input), substitute);
  std::string out;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node &node = graph.node(id);
    out += std::string(kind_name(kind_index(node.op))) + to_string(node.shape);
    for (const NodeId input : graph.inputs(id)) out += " " + std::to_string(input);
    if (std::holds_alternative<Parameter>(node.op) || std::holds_alternative<Buffer>(node.op))
      out += " " + graph.parameter_name(id);
    out += "\n";
  }
  for (const EventCount &e : count(graph).events) out += e.amount.to_string() + " ";
  return out;
}

// What a knob gives is given by numbers too, in their ranges, and lowered to the same.
TEST_P(Contract, NumbersSayWhatTheKnobDoes) {
  const NumbersInfo &info = family().info().numbers;
  if (info.name.empty()) {
    EXPECT_TRUE(info.description.empty());
    return;
  }
  std::size_t applied = 0;
  over_grid([&](const ConvSite &site, const Substitute &substitute) {
    if (!substitute.knob) return;
    const Resolved resolved = resolve(site, substitute);
    const NumberRanges ranges = family().number_ranges(site, substitute.settings);
    Substitute largest = substitute;
    largest.knob = 1.0;
    EXPECT_EQ(ranges.refusal.has_value(), resolve(site, largest).refusal.has_value());
    if (resolved.refusal) return;
    ++applied;
    const Numbers numbers = family().numbers_of(site, substitute.settings, resolved.structure);
    ASSERT_EQ(numbers.size(), ranges.ranges.size());
    EXPECT_EQ(info.are_several || numbers.size() == 1, true);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      EXPECT_LE(ranges.ranges[i].least, numbers[i]);
      EXPECT_LE(numbers[i], ranges.ranges[i].most);
    }
    const Substitute named{.family = &family(), .settings = substitute.settings, .knob = {}, .numbers = numbers};
    EXPECT_FALSE(named.has_free_knob());
    EXPECT_EQ(resolve(site, named).structure, resolved.structure);
    EXPECT_EQ(parse_substitute(named.text()), named) << named.text();
    EXPECT_EQ(parse_substitute(named.text()).text(), named.text());
    EXPECT_NE(named, substitute);
    if (applied % 7 == 0) {
      EXPECT_EQ(dump(site, named), dump(site, substitute)) << named.text();
    }
    // The ends of the ranges apply, and beyond them nothing does.
    for (const bool upper : {false, true}) {
      Substitute end = named;
      for (std::size_t i = 0; i < numbers.size(); ++i)
        (*end.numbers)[i] = upper ? ranges.ranges[i].most : ranges.ranges[i].least;
      EXPECT_FALSE(resolve(site, end).refusal.has_value()) << end.text();
      const Structure structure = resolve(site, end).structure;
      EXPECT_EQ(family().structure_of(site, end.settings, family().numbers_of(site, end.settings, structure)), structure);
      (*end.numbers)[numbers.size() - 1] += upper ? 1 : -1;
      const auto refusal = resolve(site, end).refusal;
      ASSERT_TRUE(refusal.has_value()) << end.text();
      EXPECT_EQ(refusal->field, info.name);
    }
    Substitute many = named;
    many.numbers->push_back(1);
    EXPECT_TRUE(resolve(site, many).refusal.has_value());
  });
  EXPECT_GT(applied, 100u);
}

TEST_P(Contract, CandidatesAreTheDistinctStructures) {
  const KnobInfo::Kind kind = family().info().knob.kind;
  for (const Settings &settings : test::variants(family())) {
    const Substitute free{.family = &family(), .settings = settings, .knob = {}};
    SCOPED_TRACE(free.text());
    for (std::size_t i = 0; i < test::grid().size(); i += 41) {
      const ConvSite &site = test::grid()[i];
      SCOPED_TRACE(site.in_channels() * 1000 + site.out_channels());
      for (const std::size_t most : {std::size_t{12}, std::size_t{1000}}) {
        const std::vector<Substitute> all = family().candidates({&site, 1}, settings, {.most = most});
        const double dearest = kind == KnobInfo::Kind::kReal ? 1.0 : static_cast<double>(family().info().knob.least);
        EXPECT_EQ(all.empty(), must_refuse(site, free, dearest));
        EXPECT_LE(all.size(), most);
        std::set<Structure> structures;
        for (const Substitute &candidate : all) {
          EXPECT_EQ(candidate.settings, settings);
          EXPECT_FALSE(candidate.has_free_knob());
          const Resolved resolved = resolve(site, candidate);
          ASSERT_FALSE(resolved.refusal.has_value()) << candidate.text();
          EXPECT_TRUE(structures.insert(resolved.structure).second) << candidate.text() << " twice";
        }
        // What the knob gives is among them, where they are all.
        const NumbersInfo &info = family().info().numbers;
        std::size_t there_are = all.size();
        if (info.name.empty()) there_are = family().candidates({&site, 1}, settings, {.most = CandidateRule::kAll}).size();
        if (!info.name.empty() && free.has_free_knob() && !all.empty()) {
          there_are = 1;
          for (const NumberRange &range : family().number_ranges(site, settings).ranges)
            there_are *= static_cast<std::size_t>(range.most - range.least + 1);
          if (there_are <= most) {
            EXPECT_LE(all.size(), there_are);
            EXPECT_TRUE(!info.are_distinct || all.size() == there_are);
          } else if (!info.are_several) {
            EXPECT_GT(all.size(), most / 3);
          }
        }
        for (const std::optional<double> knob : test::knobs_to_try(family(), settings)) {
          Substitute known = free;
          known.knob = knob;
          const Resolved resolved = resolve(site, known);
          if (resolved.refusal || there_are > most || kind == KnobInfo::Kind::kInteger) continue;
          EXPECT_TRUE(structures.contains(resolved.structure)) << known.text();
        }
        if (HasFailure()) return;
      }
    }
  }
}

// ---------------------------------------------------------------------------------------------------------- names

TEST_P(Contract, TextReadsBackAsItself) {
  const SubstitutionInfo &info = family().info();
  for (const Settings &settings : test::variants(family()))
    for (const std::optional<double> knob : test::knobs_to_try(family(), settings)) {
      const Substitute substitute{.family = &family(), .settings = settings, .knob = knob};
      const std::string text = substitute.text();
      // Through JSON, as plans store it.
      const std::string stored = nlohmann::json::parse(nlohmann::json(text).dump()).get<std::string>();
      const Substitute read = parse_substitute(stored);
      EXPECT_EQ(read.family, substitute.family) << text;
      EXPECT_EQ(read.settings, substitute.settings) << text;
      EXPECT_EQ(read.knob, substitute.knob) << text;
      EXPECT_EQ(read.text(), text);
      // Pare's own spelling, every key written out, means the same.
      std::string own = std::string(info.name);
      char separator = ':';
      const auto append = [&](std::string_view key, const std::string &value) {
        own += separator + std::string(key) + "=" + value;
        separator = ',';
      };
      if (knob) append(info.knob.name, shortest(*knob));
      for (std::size_t i = 0; i < info.keys.size(); ++i)
        append(info.keys[i].name, info.keys[i].choices.empty()
                                      ? std::to_string(settings[i])
                                      : std::string(info.keys[i].choices[static_cast<std::size_t>(settings[i])]));
      const Substitute spelled = parse_substitute(own);
      EXPECT_EQ(spelled.settings, settings) << own;
      EXPECT_EQ(spelled.knob, knob) << own;
      EXPECT_EQ(spelled, substitute) << own << ", " << text;
      // It is answered as it was asked for, and that reads back too.
      EXPECT_TRUE(spelled.text().starts_with(info.name)) << spelled.text();
      EXPECT_EQ(parse_substitute(spelled.text()), substitute) << spelled.text();
      EXPECT_EQ(parse_substitute(spelled.text()).text(), spelled.text());
    }
}

TEST_P(Contract, DescribesItself) {
  const SubstitutionInfo &info = family().info();
  EXPECT_EQ(&find_substitution(info.name), &family());
  EXPECT_FALSE(info.description.empty());
  EXPECT_EQ(info.knob.kind == KnobInfo::Kind::kNone, info.knob.name.empty());
  for (const KeyInfo &key : info.keys) {
    EXPECT_FALSE(key.description.empty()) << key.name;
    EXPECT_TRUE(key.least <= key.standard && key.standard <= key.most) << key.name;
    if (!key.choices.empty()) {
      EXPECT_EQ(key.most, static_cast<std::int64_t>(key.choices.size()) - 1) << key.name;
    }
  }
  for (const ReferenceName &reference : info.reference_names)
    EXPECT_EQ(reference.keys.size(), info.keys.size()) << reference.name;
}

INSTANTIATE_TEST_SUITE_P(Registry, Contract, testing::ValuesIn(test::family_names()),
                         [](const testing::TestParamInfo<std::string> &param) { return param.param; });

} // namespace
} // namespace pare
