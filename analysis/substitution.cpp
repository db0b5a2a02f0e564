#include "analysis/substitution.hpp"

#include "analysis/convention.hpp"
#include "analysis/cost_model.hpp"
#include "base/divisors.hpp"
#include "base/enums.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "base/values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <set>

namespace pare {

#define PARE_SUBSTITUTION(name) const Substitution &substitution_##name();
#include "analysis/substitutions/list.def"
#undef PARE_SUBSTITUTION

namespace {

std::vector<const Substitution *> &registry() {
  static std::vector<const Substitution *> all = {
#define PARE_SUBSTITUTION(name) &substitution_##name(),
#include "analysis/substitutions/list.def"
#undef PARE_SUBSTITUTION
  };
  return all;
}

} // namespace

std::span<const Substitution *const> substitutions() { return registry(); }

// ---------------------------------------------------------------------------------------------------- sites

ConvSite make_site(std::string name, const Shape &input, std::int64_t out_channels, Pair kernel, Pair stride, Padding padding,
                   Pair dilation, bool bias) {
  Graph graph;
  Builder builder(graph);
  const NodeId x = graph.add_input(input);
  const NodeId y = builder.conv(name, x,
                                {.out_channels = out_channels,
                                 .kernel = kernel,
                                 .stride = stride,
                                 .padding = padding,
                                 .dilation = dilation,
                                 .bias = bias});
  return site_of(graph, {.node = y, .baseline = Baseline::kConv});
}

ConvSite site_of(const Graph &graph, const Graph::Replaceable &replaceable) {
  const Node &node = graph.node(replaceable.node);
  const std::vector<NodeId> inputs = graph.inputs(replaceable.node);
  if (replaceable.baseline == Baseline::kLinear)
    return {.name = graph.layer(node.layer).name,
            .input = graph.activation(inputs[0]),
            .output = graph.activation(replaceable.node),
            .bias = inputs.size() == 3,
            .baseline = replaceable.baseline};
  const Conv &conv = std::get<Conv>(node.op);
  const Extents &weight = graph.weight(inputs[1]);
  return {.name = graph.layer(node.layer).name,
          .input = graph.activation(inputs[0]),
          .output = graph.activation(replaceable.node),
          .kernel = {weight[2], weight[3]},
          .stride = conv.stride,
          .padding = conv.padding,
          .dilation = conv.dilation,
          .groups = conv.groups,
          .bias = inputs.size() == 3,
          .baseline = replaceable.baseline};
}

std::vector<ConvSites> replaceable_sites(const Graph &graph, const std::vector<std::vector<NodeId>> &sharers) {
  std::vector<ConvSites> out;
  out.reserve(sharers.size());
  for (std::size_t i = 0; i < sharers.size(); ++i) {
    const Graph::Replaceable &mark = graph.replaceable()[i];
    ConvSites &sites = out.emplace_back();
    sites.push_back(site_of(graph, mark));
    for (const NodeId sharer : sharers[i]) sites.push_back(site_of(graph, {.node = sharer, .baseline = mark.baseline}));
  }
  return out;
}

namespace {

std::string text_of(const Numbers &numbers) {
  return fmt::format("{}", fmt::join(numbers, std::string_view(&kNumbersSeparator, 1)));
}

/// By numbers, which must be as many as the site has, each in its range there.
Resolved resolve_numbers(const ConvSite &site, const Substitute &substitute) {
  const Substitution &family = *substitute.family;
  const std::string_view name = family.info().numbers.name;
  const Numbers &numbers = *substitute.numbers;
  NumberRanges allowed = family.number_ranges(site, substitute.settings);
  if (allowed.refusal) return {.structure = {}, .refusal = std::move(allowed.refusal)};
  const auto refuse = [&](std::string message) {
    return Resolved{.structure = {}, .refusal = Refusal{std::string(name), std::move(message), true}};
  };
  if (numbers.size() != allowed.ranges.size()) {
    Numbers most;
    for (const NumberRange &range : allowed.ranges) most.push_back(range.most);
    return refuse(fmt::format("{} = {} must be {} numbers, {} at most", name, text_of(numbers), most.size(), text_of(most)));
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto [least, most] = allowed.ranges[i];
    if (least <= numbers[i] && numbers[i] <= most) continue;
    return refuse(numbers.size() == 1
                      ? fmt::format("{} = {} must be from {} to {}", name, numbers[i], least, most)
                      : fmt::format("number {} of {} = {} must be from {} to {}", i + 1, name, text_of(numbers), least, most));
  }
  return {.structure = family.structure_of(site, substitute.settings, numbers), .refusal = {}};
}

} // namespace

std::optional<std::string> refused_evaluation(const SubstitutionInfo &info, Evaluation evaluation) {
  if (evaluation == Evaluation::kCheapest) return std::nullopt;
  if (std::find(info.evaluations.begin(), info.evaluations.end(), evaluation) != info.evaluations.end()) return std::nullopt;
  std::vector<std::string_view> accepted;
  for (const Evaluation known : info.evaluations) accepted.push_back(name_of(kEvaluations, known));
  return fmt::format("evaluation = {} must be {} for {}", name_of(kEvaluations, evaluation), fmt::join(accepted, " or "),
                     info.name);
}

Resolved resolve(const ConvSite &site, const Substitute &substitute) {
  const SubstitutionInfo &info = substitute.family->info();
  if (site.groups != 1 && !info.accepts_groups) {
    std::vector<std::string_view> accepted;
    for (const Substitution *family : substitutions())
      if (family->info().accepts_groups) accepted.push_back(family->info().name);
    return {.structure = {},
            .refusal = Refusal{"groups",
                               fmt::format("groups = {} must be 1 for {}; {} would be accepted", site.groups, info.name,
                                           fmt::join(accepted, " or ")),
                               false}};
  }
  if (auto refused = refused_evaluation(info, substitute.evaluated()))
    return {.structure = {}, .refusal = Refusal{"evaluation", *std::move(refused), false}};
  if (substitute.numbers) return resolve_numbers(site, substitute);
  return substitute.family->resolve(site, substitute.settings, substitute.knob.value_or(0));
}

Resolved resolve(std::span<const ConvSite> sites, const Substitute &substitute) {
  Resolved out = resolve(sites.front(), substitute);
  for (const ConvSite &site : sites.subspan(1)) {
    if (out.refusal) return out;
    Resolved here = resolve(site, substitute);
    if (here.refusal)
      out.refusal = Refusal{here.refusal->field, "where its parameters are shared, " + here.refusal->message,
                            here.refusal->depends_on_knob};
    else if (here.structure != out.structure)
      out.refusal = Refusal{"shares",
                            "the layers that share its parameters would need other numbers (ranks, groups) than it has itself; "
                            "another family would be accepted",
                            false};
  }
  // The order of a contraction may depend on the positions of a place; what is merged once per batch is the same for all.
  if (!out.refusal && sites.size() > 1 && substitute.evaluated() == Evaluation::kContraction) {
    const auto merged = [&](const ConvSite &site) {
      Graph graph;
      lower_site(graph, site, graph.add_input(site.input), substitute, out.structure);
      std::vector<std::pair<Op, TensorShape>> constant;
      for (const Node &node : graph.nodes())
        if (!node.on_activations) constant.emplace_back(node.op, node.shape);
      return constant;
    };
    const auto first = merged(sites.front());
    for (const ConvSite &site : sites.subspan(1))
      if (merged(site) != first) {
        out.refusal = Refusal{"evaluation",
                              "the layers that share its parameters would be contracted in another order than it is itself; "
                              "another evaluation would be accepted",
                              true};
        break;
      }
  }
  return out;
}

void throw_refusal(const ConvSite &site, const Substitute &substitute, const Refusal &refusal) {
  throw Error(ErrorCode::kNotApplicable, site.name + "/" + refusal.field,
              fmt::format("{} does not apply: {}", substitute.text(), refusal.message));
}

const Substitute &baseline_substitute() {
  static const Substitute substitute = [] {
    // The one that is every layer's baseline.
    const auto all = substitutions();
    const auto most = std::max_element(all.begin(), all.end(), [](const Substitution *a, const Substitution *b) {
      return a->info().baselines.size() < b->info().baselines.size();
    });
    return Substitute{.family = *most, .settings = {}, .knob = {}};
  }();
  return substitute;
}

bool is_baseline(const ConvSite &site, const Substitute &substitute) {
  const auto &baselines = substitute.family->info().baselines;
  return std::find(baselines.begin(), baselines.end(), site.baseline) != baselines.end();
}

Substitute settled(std::span<const ConvSite> sites, Substitute substitute) {
  if (substitute.evaluated() != Evaluation::kCheapest) return substitute;
  substitute.evaluation.reset();
  const std::vector<Evaluation> &own = substitute.family->info().evaluations;
  if (own.size() == 1) return substitute;
  const Resolved resolved = resolve(sites, substitute);
  if (resolved.refusal) return substitute;
  std::optional<Count> least;
  Evaluation cheapest = own.front();
  for (const Evaluation evaluation : own) {
    substitute.evaluation = evaluation;
    Count macs;
    for (const ConvSite &site : sites) {
      Graph graph;
      lower_site(graph, site, graph.add_input(site.input), substitute, resolved.structure);
      macs += count(graph).mult_adds(standard_convention());
    }
    if (least && !(macs < *least)) continue;
    least = macs;
    cheapest = evaluation;
  }
  substitute.evaluation = cheapest;
  return substitute;
}

NodeId lower_site(Graph &graph, const ConvSite &site, NodeId x, const Substitute &substitute) {
  const Resolved resolved = resolve(site, substitute);
  if (resolved.refusal) throw_refusal(site, substitute, *resolved.refusal);
  return lower_site(graph, site, x, substitute, resolved.structure);
}

NodeId lower_site(Graph &graph, const ConvSite &site, NodeId x, const Substitute &substitute, const Structure &structure) {
  const Evaluation evaluation = settled({&site, 1}, substitute).evaluated();
  Builder builder(graph, !is_baseline(site, substitute));
  const auto first = static_cast<LayerId>(graph.layer_count());
  const NodeId out = [&] {
    try {
      return substitute.family->lower(builder, site, x, substitute.settings, structure, evaluation);
    } catch (const Error &error) {
      throw error.where().empty() ? error.within(site.name) : error; // a number of the family's own, outside any layer
    }
  }();
  const TensorShape &made = graph.node(out).shape;
  if (made != TensorShape(site.output))
    throw Error(ErrorCode::kInvalidConfig, site.name,
                fmt::format("{} makes {}, and {} is needed in its place; a lower() that makes that would be accepted",
                            substitute.family->info().name, to_string(made), to_string(site.output)));
  for (LayerId layer = first; layer < graph.layer_count(); ++layer) graph.set_family(layer, substitute.family->info().name);
  return out;
}

NodeId SiteLowering::lower(Graph &graph, const ConvSite &site, NodeId x, const Substitute &substitute) {
  if (layers_.empty()) {
    auto node = static_cast<NodeId>(graph.node_count());
    auto layer = static_cast<LayerId>(graph.layer_count());
    const NodeId out = lower_site(graph, site, x, substitute);
    owner_ = site.name;
    for (; layer < graph.layer_count(); ++layer) layers_.push_back(layer);
    for (; node < graph.node_count(); ++node)
      if (!graph.node(node).on_activations) constant_.push_back(node);
    return out;
  }
  // Lowered on its own, and copied without what the first place has already: no family knows of it.
  const auto refuse = [&] {
    throw Error(ErrorCode::kNotApplicable, site.name + "/shares",
                fmt::format("{} makes other parameters here than at {}, whose parameters it shares; another family would be "
                            "accepted",
                            substitute.family->info().name, shown(owner_)));
  };
  Graph own(graph.initialisation());
  const NodeId out = lower_site(own, site, own.add_input(site.input), substitute);
  std::vector<LayerId> layers(own.layer_count());
  if (own.layer_count() != layers_.size() + 1) refuse(); // one is the input's
  for (LayerId id = 1; id < own.layer_count(); ++id) {
    const Layer &layer = own.layer(id);
    layers[id] = graph.add_layer(layer.name, layer.kind, layer.substituted, layers_[id - 1]);
    graph.set_family(layers[id], layer.family);
  }
  std::vector<NodeId> moved(own.node_count(), x);
  std::vector<NodeId> inputs;
  std::size_t next_constant = 0;
  std::size_t next_attached = 0;
  const auto attached = own.attached_events();
  for (NodeId id = 1; id < own.node_count(); ++id) {
    const Node &node = own.node(id);
    const auto is_mine = [&] { return next_attached < attached.size() && attached[next_attached].node == id; };
    if (!node.on_activations) {
      if (next_constant == constant_.size()) refuse();
      const Node &first = graph.node(constant_[next_constant]);
      if (first.op != node.op || first.shape != node.shape) refuse();
      moved[id] = constant_[next_constant++];
      while (is_mine()) ++next_attached; // the first place has it
      continue;
    }
    own.inputs(id, inputs);
    for (NodeId &input : inputs) input = moved[input];
    moved[id] = graph.add(layers[node.layer], node.op, inputs, node.spelling);
    for (; is_mine(); ++next_attached) graph.attach(moved[id], attached[next_attached].event, attached[next_attached].amount);
  }
  if (next_constant != constant_.size()) refuse();
  return moved[out];
}

// ---------------------------------------------------------------------------------------------------- formulas

std::span<const SiteSymbol> site_symbols() {
  static constexpr auto real = [](std::int64_t whole) { return static_cast<double>(whole); };
  static constexpr auto positions = [](const Shape &shape) {
    return real(checked_mul(shape.batch, shape.height, shape.width));
  };
  static constexpr SiteSymbol kAll[] = {
      {"c_i", "input channels", [](const ConvSite &site) { return real(site.in_channels()); }},
      {"c_o", "output channels", [](const ConvSite &site) { return real(site.out_channels()); }},
      {"k_h", "kernel height", [](const ConvSite &site) { return real(site.kernel.height); }},
      {"k_w", "kernel width", [](const ConvSite &site) { return real(site.kernel.width); }},
      {"S", "output positions, of the whole batch", [](const ConvSite &site) { return positions(site.output); }},
      {"S_in", "input positions, of the whole batch", [](const ConvSite &site) { return positions(site.input); }},
      {"S_v", "positions between a vertical pass and a horizontal one, output rows by input columns, of the whole batch",
       [](const ConvSite &site) { return real(checked_mul(site.output.batch, site.output.height, site.input.width)); }, true},
      {"D", "parameters of the depthwise in front: c_i k_h k_w, 0 for a 1 x 1 kernel",
       [](const ConvSite &site) { return site.pointwise() ? 0 : real(checked_mul(site.in_channels(), site.kernel.area())); },
       true},
      {"b", "parameters of the convolution's own bias: c_o, or 0 without",
       [](const ConvSite &site) { return site.bias ? real(site.out_channels()) : 0; }}};
  return kAll;
}

std::vector<Expression> expressions_of(const ClosedForm &form) {
  std::vector<Expression> out;
  for (const Definition &definition : form.definitions) out.push_back(definition.expression);
  out.insert(out.end(), {form.parameters, form.mult_adds, form.per_batch});
  for (const EstimateInfo &estimate : kEstimates)
    if (const Expression &formula = form.*estimate.formula; !formula.empty()) out.push_back(formula);
  return out;
}

bool is_of_interest(const SiteSymbol &symbol, std::span<const Expression> formulas) {
  return !symbol.is_rare || std::any_of(formulas.begin(), formulas.end(),
                                        [&](const Expression &formula) { return FormulaTree(formula).has(symbol.name); });
}

// ---------------------------------------------------------------------------------------------------- numbers

NumberRanges Substitution::number_ranges(const ConvSite & /*site*/, const Settings & /*settings*/) const { return {}; }
Structure Substitution::structure_of(const ConvSite & /*site*/, const Settings & /*settings*/,
                                     const Numbers & /*numbers*/) const {
  return {};
}
Numbers Substitution::numbers_of(const ConvSite & /*site*/, const Settings & /*settings*/,
                                 const Structure & /*structure*/) const {
  return {};
}
CostsIn Substitution::costs_in(const Settings & /*settings*/) const { return CostsIn::kNothing; }

DegreesOfFreedom Substitution::degrees_of_freedom(const ConvSite &site, const Settings &settings,
                                                  const Structure &structure) const {
  Graph graph;
  lower_site(graph, site, graph.add_input(site.input), {.family = this, .settings = settings, .knob = {}}, structure);
  DegreesOfFreedom out{.value = 0, .is_estimate = true};
  std::vector<bool> is_bias(graph.node_count(), false);
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Op &op = graph.node(id).op;
    const std::size_t first = std::holds_alternative<Conv>(op) || std::holds_alternative<Linear>(op)         ? 2
                              : std::holds_alternative<AddBias>(op) || std::holds_alternative<BatchNorm>(op) ? 1
                                                                                                             : SIZE_MAX;
    const std::vector<NodeId> inputs = graph.inputs(id);
    for (std::size_t port = first; port < inputs.size(); ++port) is_bias[inputs[port]] = true;
  }
  for (NodeId id = 0; id < graph.node_count(); ++id)
    if (const auto *parameter = std::get_if<Parameter>(&graph.node(id).op); parameter != nullptr && !is_bias[id])
      out.value = checked_add(out.value, parameter->extents.elements());
  return out;
}

DegreesOfFreedom degrees_of_freedom(const ConvSite &site, const Substitute &substitute) {
  const Resolved resolved = resolve(site, substitute);
  if (resolved.refusal) throw_refusal(site, substitute, *resolved.refusal);
  DegreesOfFreedom out = substitute.family->degrees_of_freedom(site, substitute.settings, resolved.structure);
  out.value = std::min(out.value, site.weights());
  return out;
}

std::vector<std::int64_t> Substitution::group_channels(const ConvSite & /*site*/, const Settings & /*settings*/,
                                                       const Structure & /*structure*/) const {
  return {};
}

// ---------------------------------------------------------------------------------------------------- names

namespace {

std::string known_names() {
  std::vector<std::string> out;
  for (const Substitution *family : substitutions()) {
    for (const ReferenceName &reference : family->info().reference_names)
      out.push_back(std::string(reference.name) + (reference.suffix == ReferenceName::Suffix::kRequired ? "_S" : ""));
    out.emplace_back(family->info().name);
  }
  return fmt::format("{}", fmt::join(out, ", "));
}

/// A setting behind a name: "_0.1".
bool begins_setting(std::string_view text) {
  return text.size() > 1 && text[0] == '_' && text.find_first_of("0123456789.") == 1;
}

/// What `Genric_0.1`, `Generic0.1` or `tensr_train:...` may have meant, with the setting that was written, or an S for one that
/// must be.
std::string meant_name(std::string_view text, FreeKnob free_knob) {
  const std::string_view own = text.substr(0, text.find(':'));
  std::string_view name = own.substr(0, own.rfind('_'));
  std::string_view setting = own.substr(name.size());
  if (!begins_setting(setting)) {
    // Pare's names have no digits in them: what begins with one is a setting whose _ was left out.
    name = own.substr(0, own.find_first_of("0123456789."));
    setting = own.substr(name.size());
    if (!parse_real(setting)) {
      name = own;
      setting = {};
    }
  } else {
    setting.remove_prefix(1);
  }
  const bool has_setting = !setting.empty();
  std::vector<std::string_view> known;
  std::vector<std::string_view> with_setting; ///< those of them that need one
  for (const Substitution *family : substitutions()) {
    for (const ReferenceName &reference : family->info().reference_names) {
      const bool required = reference.suffix == ReferenceName::Suffix::kRequired;
      if (own != text || (has_setting && !required)) continue;
      known.push_back(reference.name);
      if (required && !reference.knob) with_setting.push_back(reference.name);
    }
    if (!has_setting) known.push_back(family->info().name);
  }
  const auto nearest = nearest_name(name, known);
  if (!nearest) return {};
  const bool needs_one = std::find(with_setting.begin(), with_setting.end(), *nearest) != with_setting.end();
  if (!has_setting && needs_one && free_knob == FreeKnob::kRefuse) setting = "S";
  return fmt::format("; did you mean {}{}{}?", *nearest, setting.empty() ? "" : "_", setting);
}

[[noreturn]] void unknown(std::string_view name, const std::string &meant) {
  throw Error(ErrorCode::kUnknownName, "substitution",
              fmt::format("unknown substitution {}; known: {} (S is a setting){}", shown(name), known_names(), meant));
}

/// Whom a text means, by which name; no family where nobody is meant.
struct Named {
  const Substitution *family = nullptr;
  const ReferenceName *reference = nullptr; ///< null: by its own name
};

/// Reference names: Name or Name_setting. Pare's own: family:key=value,... As it is written first: `acdc` is Pare's own, `ACDC`
/// the reference's. In another case only what can be meant.
Named find_named(std::string_view text) {
  const auto underscore = text.find('_');
  const bool bare = underscore == std::string_view::npos;
  const std::string_view head = text.substr(0, underscore);
  const std::string_view name = text.substr(0, text.find(':'));
  const auto in_any_case = [&](const ReferenceName &reference) {
    return folded(reference.name) == folded(head) &&
           (bare || (reference.suffix == ReferenceName::Suffix::kRequired && begins_setting(text.substr(underscore))));
  };
  for (const bool exact : {true, false}) {
    for (const Substitution *family : substitutions())
      for (const ReferenceName &reference : family->info().reference_names)
        if (exact ? reference.name == head : in_any_case(reference)) return {family, &reference};
    for (const Substitution *family : substitutions())
      if (exact ? family->info().name == name : folded(family->info().name) == folded(name)) return {family, nullptr};
  }
  return {};
}

constexpr std::int64_t kMostKnob = std::int64_t{1} << 53; ///< what a double holds exactly

/// The knob in words: "a number in (0, 1]".
std::string accepted(const KnobInfo &knob, std::int64_t least) {
  if (knob.kind == KnobInfo::Kind::kReal) return "a number in (0, 1]";
  return fmt::format("a whole number from {} to {}", least, kMostKnob);
}

/// Reads a setting as the 2019 system does: a binary double, or a whole number.
double parse_knob(const KnobInfo &knob, std::string_view text, std::int64_t offset, const std::string &where) {
  const std::int64_t least = knob.least - offset;
  const auto fail = [&]() {
    throw Error(ErrorCode::kInvalidValue, where,
                fmt::format("{} = {} must be {}", knob.name, plain(text), accepted(knob, least)));
  };
  if (knob.kind == KnobInfo::Kind::kReal) {
    const auto value = parse_real(text);
    if (!value || !(*value > 0 && *value <= 1)) fail();
    return *value;
  }
  const auto value = parse_whole(text);
  if (!value || *value < least || *value > kMostKnob) fail();
  return static_cast<double>(*value + offset);
}

/// Numbers from 1 up, with / between them where they may be several.
Numbers parse_numbers(const NumbersInfo &info, std::string_view text, const std::string &where) {
  Numbers out;
  const auto fail = [&]() {
    throw Error(ErrorCode::kInvalidValue, where,
                fmt::format("{} = {} must be {}", info.name, plain(text),
                            info.are_several ? fmt::format("whole numbers from 1 to {}, as in 3/5", kMostKnob)
                                             : fmt::format("a whole number from 1 to {}", kMostKnob)));
  };
  for (std::string_view rest = text;;) {
    const auto slash = info.are_several ? rest.find(kNumbersSeparator) : std::string_view::npos;
    const auto value = parse_whole(rest.substr(0, slash));
    if (!value || *value < 1 || *value > kMostKnob || out.size() == Extents::kMaxRank) fail();
    out.push_back(*value);
    if (slash == std::string_view::npos) return out;
    rest = rest.substr(slash + 1);
  }
}

Settings standard_settings(const SubstitutionInfo &info) {
  Settings out;
  for (const KeyInfo &key : info.keys) out.push_back(key.standard);
  return out;
}

std::int64_t parse_key(const KeyInfo &key, std::string_view text, const std::string &where) {
  if (const auto choice = find_name(text, key.choices)) return static_cast<std::int64_t>(*choice);
  const auto value = parse_whole(text);
  if (!key.choices.empty() || !value || *value < key.least || *value > key.most)
    throw Error(ErrorCode::kInvalidValue, where,
                fmt::format("{} = {} must be {}{}", key.name, plain(text),
                            key.choices.empty() ? fmt::format("a whole number from {} to {}", key.least, key.most)
                                                : fmt::format("one of {}", fmt::join(key.choices, ", ")),
                            did_you_mean(text, key.choices)));
  return *value;
}

std::vector<std::string_view> keys_of(const SubstitutionInfo &info) {
  std::vector<std::string_view> out;
  if (info.knob.kind != KnobInfo::Kind::kNone) out.push_back(info.knob.name);
  if (!info.numbers.name.empty()) out.push_back(info.numbers.name);
  for (const KeyInfo &key : info.keys) out.push_back(key.name);
  return out;
}

std::string key_names(const SubstitutionInfo &info) {
  const std::vector<std::string_view> keys = keys_of(info);
  return keys.empty() ? "none" : fmt::format("{}", fmt::join(keys, ", "));
}

Substitute parse_own(const Substitution &family, std::string_view options, const std::string &where) {
  const SubstitutionInfo &info = family.info();
  Substitute out{.family = &family, .settings = standard_settings(info), .knob = {}, .by_own_name = true};
  std::vector<std::string_view> seen;
  while (!options.empty()) {
    const auto comma = options.find(',');
    const std::string_view pair = options.substr(0, comma);
    options = comma == std::string_view::npos ? std::string_view() : options.substr(comma + 1);
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos)
      throw Error(ErrorCode::kInvalidValue, where, fmt::format("{} must be key=value; keys: {}", shown(pair), key_names(info)));
    const std::vector<std::string_view> known = keys_of(info);
    const auto found = find_name(pair.substr(0, equals), known);
    const std::string_view name = found ? known[*found] : pair.substr(0, equals);
    if (std::find(seen.begin(), seen.end(), name) != seen.end())
      throw Error(ErrorCode::kInvalidValue, where, fmt::format("key {} is given twice", name));
    seen.push_back(name);
    const std::string_view value = pair.substr(equals + 1);
    if (info.knob.kind != KnobInfo::Kind::kNone && name == info.knob.name) {
      out.knob = parse_knob(info.knob, value, 0, where);
      continue;
    }
    if (!info.numbers.name.empty() && name == info.numbers.name) {
      out.numbers = parse_numbers(info.numbers, value, where);
      continue;
    }
    const auto key = std::find_if(info.keys.begin(), info.keys.end(), [&](const KeyInfo &k) { return k.name == name; });
    if (key == info.keys.end())
      throw Error(ErrorCode::kUnknownName, where,
                  fmt::format("unknown key {}; known: {}{}", shown(name), key_names(info), did_you_mean(name, known)));
    out.settings[static_cast<std::size_t>(key - info.keys.begin())] = parse_key(*key, value, where);
  }
  return out;
}

/// The key that says what the knob would; null where none does.
const KeyInfo *instead_of_knob(const Substitute &substitute) {
  const auto &keys = substitute.family->info().keys;
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (keys[i].sets_knob && substitute.settings[i] > 0) return &keys[i];
  return nullptr;
}

} // namespace

const Substitution &example_family() {
  const auto all = substitutions();
  return **std::find_if(all.begin(), all.end(),
                        [](const Substitution *family) { return family->info().knob.kind != KnobInfo::Kind::kNone; });
}

const Substitution &find_substitution(std::string_view name) {
  for (const Substitution *family : substitutions())
    if (family->info().name == name) return *family;
  unknown(name, {});
}

Evaluation parse_evaluation(std::string_view name, const std::string &where) {
  if (const auto found = find_value(kEvaluations, name)) return *found;
  const std::vector<std::string_view> known = names_of(kEvaluations);
  throw Error(
      ErrorCode::kInvalidValue, where,
      fmt::format("evaluation = {} must be one of {}{}", shown(name), fmt::join(known, ", "), did_you_mean(name, known)));
}

bool Substitute::has_free_knob() const {
  return !knob && !numbers && family->info().knob.kind != KnobInfo::Kind::kNone && instead_of_knob(*this) == nullptr;
}

Substitute parse_substitute(std::string_view text, FreeKnob free_knob) {
  const std::string where = shortened(text, 120);
  if (const auto at = text.rfind(kEvaluationSeparator); at != std::string_view::npos) {
    Substitute out = parse_substitute(text.substr(0, at), free_knob);
    if (out.evaluation) throw Error(ErrorCode::kInvalidValue, where, "two evaluations are given; one would be accepted");
    out.evaluation = parse_evaluation(text.substr(at + 1), where);
    if (const auto refused = refused_evaluation(out.family->info(), *out.evaluation))
      throw Error(ErrorCode::kInvalidValue, where, *refused);
    return out;
  }
  const auto finish = [&](Substitute out) {
    const KnobInfo &knob = out.family->info().knob;
    const auto give_one = [&](std::string_view one, std::string_view other, std::string_view what) {
      throw Error(ErrorCode::kInvalidConfig, where, fmt::format("{} and {} both say {}; give one", one, other, what));
    };
    const NumbersInfo &numbers = out.family->info().numbers;
    if (const KeyInfo *key = instead_of_knob(out); key != nullptr && (out.knob || out.numbers))
      give_one(key->name, out.knob ? knob.name : numbers.name, "how many values there are");
    if (out.knob && out.numbers)
      give_one(knob.name, numbers.name,
               numbers.are_ranks ? (numbers.are_several ? "what the ranks are" : "what the rank is")
                                 : "how many values there are");
    if (out.has_free_knob() && free_knob == FreeKnob::kRefuse)
      throw Error(ErrorCode::kInvalidValue, where,
                  fmt::format("{} is missing; it must be {}", knob.name, accepted(knob, knob.least)));
    return out;
  };

  const Named named = find_named(text);
  const auto colon = text.find(':');
  if (named.family == nullptr) unknown(text.substr(0, colon), meant_name(text, free_knob));
  if (named.reference == nullptr)
    return finish(
        parse_own(*named.family, colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1), where));

  const ReferenceName &reference = *named.reference;
  const KnobInfo &knob = named.family->info().knob;
  const auto underscore = text.find('_');
  const bool bare = underscore == std::string_view::npos;
  Substitute out{.family = named.family, .settings = reference.keys, .knob = {}, .reference_name = reference.name};
  if (reference.suffix == ReferenceName::Suffix::kNone && !bare)
    throw Error(ErrorCode::kInvalidValue, where, fmt::format("{} takes no setting", reference.name));
  if (!bare)
    out.knob = parse_knob(knob, text.substr(underscore + 1), reference.knob_offset, where);
  else if (free_knob == FreeKnob::kRefuse)
    out.knob = reference.knob;
  if (out.has_free_knob() && free_knob == FreeKnob::kRefuse)
    throw Error(ErrorCode::kInvalidValue, where,
                fmt::format("{} needs a setting, as in {}_S: S must be {}", reference.name, reference.name,
                            accepted(knob, knob.least - reference.knob_offset)));
  return finish(out);
}

std::string Substitute::text() const {
  std::string out = setting();
  if (evaluated() != family->info().evaluations.front())
    out += fmt::format("{}{}", kEvaluationSeparator, name_of(kEvaluations, evaluated()));
  return out;
}

std::string Substitute::setting() const {
  const SubstitutionInfo &info = family->info();
  const auto written = [&](double value) {
    return info.knob.kind == KnobInfo::Kind::kReal ? shortest(value) : std::to_string(static_cast<std::int64_t>(value));
  };
  for (const bool asked : {true, false})
    for (const ReferenceName &reference : info.reference_names) {
      if (by_own_name || numbers || reference.keys != settings || (asked && reference.name != reference_name)) continue;
      const std::string name(reference.name);
      if (reference.suffix == ReferenceName::Suffix::kNone) {
        if (knob == reference.knob) return name;
        continue;
      }
      return knob ? name + "_" + written(*knob - static_cast<double>(reference.knob_offset)) : name;
    }
  std::vector<std::string> options;
  if (knob) options.push_back(fmt::format("{}={}", info.knob.name, written(*knob)));
  if (numbers) options.push_back(fmt::format("{}={}", info.numbers.name, text_of(*numbers)));
  for (std::size_t i = 0; i < info.keys.size(); ++i) {
    const KeyInfo &key = info.keys[i];
    if (settings[i] == key.standard) continue;
    options.push_back(fmt::format("{}={}", key.name,
                                  key.choices.empty() ? std::to_string(settings[i])
                                                      : std::string(key.choices[static_cast<std::size_t>(settings[i])])));
  }
  std::string out(info.name);
  if (!options.empty()) out += fmt::format(":{}", fmt::join(options, ","));
  return out;
}

// ---------------------------------------------------------------------------------------------------- families of users

namespace {

[[noreturn]] void refuse(const SubstitutionInfo &info, const std::string &message) {
  throw Error(ErrorCode::kInvalidValue, fmt::format("substitution {}", shown(info.name)), message);
}

bool consists_of(std::string_view name, std::string_view letters) {
  return !name.empty() && name.find_first_not_of(letters) == std::string_view::npos;
}

/// What must be right for names to be read and written.
void check_info(const SubstitutionInfo &info) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyz0123456789_";
  constexpr std::string_view kReference = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  if (!consists_of(info.name, kPlain)) refuse(info, "a name must be of lower-case letters, digits and _");
  if (info.description.empty()) refuse(info, "info() must describe it");
  if (info.evaluations.empty()) refuse(info, "info() must say how it can be evaluated");
  if (std::find(info.evaluations.begin(), info.evaluations.end(), Evaluation::kCheapest) != info.evaluations.end())
    refuse(info, "the evaluation cheapest is one of its others; leave it out");
  if (std::set(info.baselines.begin(), info.baselines.end()).size() != info.baselines.size())
    refuse(info, "a baseline is given twice");

  const bool has_knob = info.knob.kind != KnobInfo::Kind::kNone;
  if (has_knob ? !consists_of(info.knob.name, kPlain) : !info.knob.name.empty())
    refuse(info, fmt::format("the knob's name {} must be {}", shown(info.knob.name),
                             has_knob ? "of lower-case letters, digits and _" : "empty where its kind is kNone"));
  std::vector<std::string_view> seen{info.knob.name};
  if (const NumbersInfo &numbers = info.numbers; !numbers.name.empty()) {
    if (!has_knob)
      refuse(info, fmt::format("the numbers {} must stand in the place of a knob, and there is none", numbers.name));
    if (!consists_of(numbers.name, kPlain))
      refuse(info, fmt::format("the numbers' name {} must be of lower-case letters, digits and _", shown(numbers.name)));
    if (numbers.name == info.knob.name) refuse(info, fmt::format("{} names both its knob and its numbers", numbers.name));
    seen.push_back(numbers.name);
  }
  for (const KeyInfo &key : info.keys) {
    if (!consists_of(key.name, kPlain))
      refuse(info, fmt::format("the key {} must be of lower-case letters, digits and _", shown(key.name)));
    if (std::find(seen.begin(), seen.end(), key.name) != seen.end())
      refuse(info, fmt::format("{} names two of its knob, numbers and keys", key.name));
    seen.push_back(key.name);
    const auto choices = static_cast<std::int64_t>(key.choices.size());
    if (choices > 0 && (key.least != 0 || key.most != choices - 1))
      refuse(info, fmt::format("the key {} must be from 0 to {}, as it has {} choices", key.name, choices - 1, choices));
    if (key.standard < key.least || key.standard > key.most)
      refuse(info,
             fmt::format("the standard {} of the key {} must be from {} to {}", key.standard, key.name, key.least, key.most));
  }

  seen.clear();
  for (const ReferenceName &reference : info.reference_names) {
    // With a capital none is the beginning of anybody's own name, nor with a setting one of these.
    if (!consists_of(reference.name, kReference) || std::isupper(static_cast<unsigned char>(reference.name.front())) == 0)
      refuse(info, fmt::format("the reference name {} must be of letters and digits, a capital first", shown(reference.name)));
    if (std::any_of(seen.begin(), seen.end(), [&](std::string_view name) { return folded(name) == folded(reference.name); }))
      refuse(info, fmt::format("the reference name {} is given twice", reference.name));
    seen.push_back(reference.name);
    if (!has_knob && (reference.suffix == ReferenceName::Suffix::kRequired || reference.knob))
      refuse(info, fmt::format("the reference name {} must be without a setting, as there is no knob", reference.name));
    if (reference.keys.size() != info.keys.size())
      refuse(info, fmt::format("the reference name {} sets {} keys, and must set each of {}", reference.name,
                               reference.keys.size(), info.keys.size()));
    for (std::size_t i = 0; i < info.keys.size(); ++i)
      if (const KeyInfo &key = info.keys[i]; reference.keys[i] < key.least || reference.keys[i] > key.most)
        refuse(info, fmt::format("the reference name {} has {} = {}, which must be from {} to {}", reference.name, key.name,
                                 reference.keys[i], key.least, key.most));
  }
}

} // namespace

void register_substitution(const Substitution &family) {
  const SubstitutionInfo &info = family.info();
  check_info(info);
  std::vector<std::string_view> names{info.name};
  for (const ReferenceName &reference : info.reference_names) names.push_back(reference.name);
  for (const std::string_view name : names) {
    if (folded(name) == folded(kWidth)) refuse(info, fmt::format("{} is what `solve` calls the network's own width", kWidth));
    // In any letter case, and as another's name with a setting: what it means already it goes on meaning.
    if (const Named known = find_named(name); known.family != nullptr)
      refuse(info, fmt::format("the name {} is taken by {}; another would be accepted", name, known.family->info().name));
  }
  registry().push_back(&family);
  try {
    if (parse_substitute(info.example).family != &family)
      throw Error(ErrorCode::kInvalidValue, "example", "it is another family's");
  } catch (const Error &error) {
    registry().pop_back();
    refuse(info,
           fmt::format("the example {} must be read as this family with a setting: {}", shown(info.example), error.message()));
  }
}

// ---------------------------------------------------------------------------------------------------- modes

std::vector<std::int64_t> dimensionize(std::int64_t elements, std::int64_t count) {
  const double equal = std::exp(std::log(static_cast<double>(elements)) / static_cast<double>(count));
  const double nearest = std::nearbyint(equal);
  const auto target = static_cast<std::int64_t>(nearest);
  // The reference takes a root as whole where it nearly is; of large numbers many are that near and not whole.
  std::int64_t left_of_power = elements;
  for (std::int64_t k = 0; k < count && left_of_power % target == 0; ++k) left_of_power /= target;
  if (std::fabs(equal - nearest) < 1e-6 && left_of_power == 1)
    return std::vector<std::int64_t>(static_cast<std::size_t>(count), target);
  std::vector<std::int64_t> out;
  std::int64_t left = elements;
  for (std::int64_t k = 1; k < count; ++k) {
    const std::int64_t mode = least_divisor_from(left, std::min(left, target));
    out.push_back(mode);
    left /= mode;
  }
  out.push_back(left);
  return out;
}

} // namespace pare
