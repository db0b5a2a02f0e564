#include "train/experiments/experiments.hpp"

#include "analysis/cost_model.hpp"
#include "analysis/network_json.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "base/values.hpp"
#include "command/version.hpp"
#include "solver/mixed/mixed.hpp"
#include "train/experiments/experiments_json.hpp"
#include "train/experiments/identity.hpp"
#include "train/experiments/per_layer.hpp"
#include "train/plan/run_config_fields.hpp"
#include "train/plan/run_config_json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

namespace pare::train {

namespace {

using namespace experiments;
using Settings = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kExperimentsSchema = "pare.experiments/1";
constexpr std::size_t kMostExperiments = 1'000'000;

/// "wrn-28-10": "wrn_28_10"; a file by its name without the ending.
std::string network_part(const std::string &argument, const NetworkText &network) {
  const std::filesystem::path file = std::filesystem::path(argument).filename();
  const bool has_width = file.string().find(':') != std::string::npos; // net.json:width=0.5
  std::string out = name_part(network.document.empty() ? argument : (has_width ? file : file.stem()).string());
  std::replace(out.begin(), out.end(), '-', '_');
  return out;
}

/// A network with what its layers are replaced by.
struct FittedNetwork {
  std::size_t design = 0;
  std::string network_family; ///< empty for a network from a file
  std::string network;        ///< as tables call it
  std::string setting;
  std::string name;                ///< of what is replaced, as names of experiments have it
  std::vector<VariantKey> variant; ///< what else tells it apart
  std::vector<std::string> budgets;
  std::int64_t classes = 0;
  std::size_t taps = 0;
  bool has_drop_path = false;
  bool has_auxiliary_head = false;
};

/// What a plan is made for.
struct Original {
  std::string argument; ///< as the file names it
  std::string part;     ///< of names
  const Network *network = nullptr;
};

/// Who teaches.
struct Teacher {
  std::string name;
  std::optional<TeacherConfig> outside;
  std::string data_kind; ///< of an outside one: that it was trained on; empty: not said
  std::size_t taps = 0;
  std::string identity; ///< of a scheduled one
};

/// What all experiments of an inner loop have in common: texts for names, and what tells them apart.
struct Variant {
  std::string name;
  std::vector<std::string> keys; ///< "beta=100"

  void add(const std::string &key, const std::string &value, const std::string &part) {
    keys.push_back(key + "=" + value);
    name += "." + part;
  }
};

class Maker {
public:
  Maker(const std::string &where, const ScheduleOptions &options) : where_(where), options_(options) {}
  Schedule make(std::string_view text);

private:
  /// Which keys of a block's `set` change something, and why others do not.
  struct Effects {
    std::set<std::string> with;
    std::map<std::string, std::string> without;
  };
  void expand(const Block &block);
  void expand(const Block &block, const Experiment &experiment, const FittedNetwork &fitted, Variant outer, Effects &effects);
  void add_runs(const Block &block, Experiment experiment, Variant outer);
  const Teacher &teacher(const std::string &name, const json::Place &place);
  void make_teacher(const std::string &name, const Json &value, const json::Place &place);
  std::vector<FittedNetwork> fitted_networks(const Said &network, const Designs &designs, std::vector<LeftOut> &infeasible);
  std::optional<FittedNetwork> fit(const Original &original, const Substitute *free, const std::string &substitution,
                                   const Said &budget, const Designs &designs, std::vector<LeftOut> &infeasible);
  std::optional<FittedNetwork> fit_per_layer(const Original &original, const PerLayer &asked, const Said &budget,
                                             const json::Place &place, std::vector<LeftOut> &infeasible);
  FittedNetwork solved_network(const Solution &solution, const std::string &provenance, const Network &original);
  FittedNetwork fitted_network(ModelConfig model, const Network &original);
  std::size_t data(const Said &said);
  std::size_t protocol(const Protocol &protocol);
  const ChosenProtocol &choose(const Said &name, const Settings &settings, const FittedNetwork &fitted, std::size_t data,
                               const json::Place &place);
  ProtocolScope scope_of(const FittedNetwork &fitted, bool has_teacher) const;
  static Experiment experiment_of(const FittedNetwork &fitted, const Teacher *above);
  std::string add(Experiment experiment, const json::Place &place);
  void check_classes(const FittedNetwork &fitted, std::size_t data, const json::Place &place) const;

  const std::string &where_;
  const ScheduleOptions &options_;
  Schedule out_;
  Common common_;
  std::map<std::string, std::pair<const Json *, json::Place>> teacher_texts_;
  std::map<std::string, Teacher> teachers_;
  std::vector<std::string> teachers_in_making_;
  std::map<std::string, std::size_t> designs_;
  std::map<std::string, std::size_t> data_;
  std::map<std::string, std::int64_t> classes_; ///< of data, by fingerprint
  std::map<std::string, std::size_t> protocols_;
  std::map<std::string, ChosenProtocol> chosen_;
  std::map<std::string, FittedNetwork> known_networks_;
  std::unordered_map<std::string, std::size_t> by_identity_;
  std::unordered_map<std::string, std::pair<std::size_t, std::string>> by_name_; ///< the experiment, and where it was asked for
  Identities identities_;
  std::vector<LeftOut> infeasible_;
  std::size_t asked_ = 0; ///< experiments, equal ones counted
};

std::int64_t output_classes(const Graph &graph) { return graph.activation(graph.output()).elements_per_image(); }

FittedNetwork Maker::fitted_network(ModelConfig model, const Network &original) {
  FittedNetwork out;
  const Design design = design_of(model);
  const Lowered lowered =
      lower(design.network.graph, design.plan, model.where_possible ? WhereRefused::kLeaveAsItIs : WhereRefused::kThrow);
  const CostReport cost = count(lowered.graph);
  const CostReport before = count(lower(original.graph, {}).graph);
  ScheduledDesign scheduled;
  scheduled.model = std::move(model);
  scheduled.costs.parameters = cost.parameters;
  scheduled.costs.activation_elements = cost.activation_elements;
  scheduled.costs.original_parameters = before.parameters;
  for (const Convention &convention : conventions()) {
    if (!convention.shown) continue;
    scheduled.costs.mult_adds.emplace(convention.name, cost.mult_adds(convention));
    scheduled.costs.original_mult_adds.emplace(convention.name, before.mult_adds(convention));
  }
  out.design = out_.designs.size();
  out.network_family = design.network.family == nullptr ? std::string() : std::string(design.network.family->info().name);
  out.network = original.name;
  out.classes = output_classes(lowered.graph);
  out.taps = lowered.graph.attention_taps().size();
  out.has_drop_path = !lowered.graph.marked(Mark::kDropPath).empty();
  if (const auto taps = lowered.graph.marked(Mark::kAuxiliaryTap); !taps.empty() && design.network.family != nullptr)
    out.has_auxiliary_head =
        design.network.family->auxiliary_head(design.network.values, lowered.graph.activation(taps[0])).has_value();
  scheduled.families = families_of(design.network, design.plan);
  if (design.mixed) scheduled.per_layer = describe(design.mixed->request);
  out_.designs.push_back(std::move(scheduled));
  return out;
}

/// Versions and options of a fit: no date and no host.
std::string provenance(const std::string &method, Json options, const std::vector<std::string> &budgets) {
  Json out;
  out["pare"] = std::string(command::version());
  out["method"] = method;
  options["budgets"] = budgets;
  out["options"] = std::move(options);
  return out.dump();
}

/// What tables show where none is asked for.
std::vector<Convention> shown_conventions() {
  std::vector<Convention> out;
  for (const Convention &convention : conventions())
    if (convention.shown) out.push_back(convention);
  return out;
}

std::vector<Budget> read_budgets(const Said &said) {
  return at_place(said.place, [&] {
    std::vector<Budget> out;
    for (const std::string &text : texts_of(said, "a budget")) out.push_back(parse_budget(text));
    return out;
  });
}

FittedNetwork Maker::solved_network(const Solution &solution, const std::string &provenance, const Network &original) {
  ModelConfig model;
  model.network.document = json::dumped(json::parse(write_solved(solution, provenance), json::Place("a solution")));
  model.input = original.input;
  FittedNetwork out = fitted_network(std::move(model), original);
  std::vector<std::string> written;
  for (const Budget &one : solution.budgets) written.push_back(one.written);
  out.budgets = {fmt::format("{}", fmt::join(written, ", "))};
  return out;
}

std::optional<FittedNetwork> Maker::fit(const Original &original, const Substitute *free, const std::string &substitution,
                                        const Said &budget, const Designs &designs, std::vector<LeftOut> &infeasible) {
  const std::vector<std::string> texts = texts_of(budget, "a budget");
  const std::string called = free == nullptr ? std::string(kWidth) : free->text();
  const SolveRequest request{.substitution = substitution,
                             .budgets = read_budgets(budget),
                             .conventions = shown_conventions(),
                             .method = std::string(kDefaultMethod),
                             .where_refused = designs.where_possible ? WhereRefused::kLeaveAsItIs : WhereRefused::kThrow,
                             .max_width = designs.max_width.value_or(kStandardWidthTimes)};
  options_.say(fmt::format("{}, {}: fitting to {}", original.argument, called, fmt::join(texts, ", ")));
  const Solution solution = at_place(budget.place, [&] {
    try {
      return solve_uniform(*original.network, request);
    } catch (const Error &error) {
      throw error.within(fmt::format("{}, {}", original.argument, called));
    }
  });
  if (!solution.uniform->answer) {
    infeasible.push_back({.name = fmt::format("{}.{}, {}", original.part, name_part(called), fmt::join(texts, ", ")),
                          .reason = solution.termination.detail});
    return std::nullopt;
  }
  Json options = {{"substitute", substitution}, {"where_possible", designs.where_possible}};
  if (designs.max_width) options["max_width"] = *designs.max_width;
  FittedNetwork out = solved_network(solution, provenance(request.method, std::move(options), texts), *original.network);
  out.setting = solution.uniform->answer->text;
  out.name = name_part(out.setting);
  return out;
}

/// What could be had of budgets that cannot all be met.
std::string what_could_be_had(const Solution &solution) {
  std::string out;
  for (const Relaxation &relaxation : solution.mixed->relaxations) {
    const Budget &budget = solution.budgets[relaxation.budget];
    const bool at_least = budget.relation == Relation::kAtLeast;
    if (!budget.holds(relaxation.alone))
      out += fmt::format("; {} come to {} at {}", budget.quantity.text(), relaxation.alone, at_least ? "most" : "least");
    else if (relaxation.with_others && solution.budgets.size() > 1)
      out += fmt::format("; {} {} {} could be met with the others", budget.quantity.text(), to_string(budget.relation),
                         *relaxation.with_others);
  }
  return out;
}

/// Equal texts are of equal requests.
std::string key_of(const MixedRequest &request) {
  std::string out = fmt::format("{}\n{}\n{}\n{}\n{} {}\n", fmt::join(request.families, ","), request.score,
                                request.table     ? request.table->text()
                                : request.weights ? request.weights->checksum
                                                  : "",
                                name_of(kObjectives, request.objective), request.rule.most, request.rule.multiple_of);
  out += fmt::format("{}\n{}\n", name_of(kTies, request.tie), fmt::join(request.excluded, "\x1f"));
  for (const std::vector<std::string> &group : request.groups) out += fmt::format("{}\x1e", fmt::join(group, "\x1f"));
  for (const auto &[layer, setting] : request.fixed) out += fmt::format("{}\x1f{}\x1e", layer, setting);
  return out;
}

std::optional<FittedNetwork> Maker::fit_per_layer(const Original &original, const PerLayer &asked, const Said &budget,
                                                  const json::Place &place, std::vector<LeftOut> &infeasible) {
  const std::vector<std::string> texts = texts_of(budget, "a budget");
  MixedRequest request = asked.request;
  request.budgets = read_budgets(budget);
  request.conventions = shown_conventions();
  std::string name = name_part(kPerLayer) + asked.name;
  options_.say(fmt::format("{}, {}: fitting to {}", original.argument, name, fmt::join(texts, ", ")));
  const Solution solution = [&] {
    try {
      return solve_mixed(*original.network, request);
    } catch (const Error &error) {
      // What of the entry it is about.
      for (const char *key : {"families", "score", "tie", "exclude", "fix"})
        if (error.where() == key) throw Error(error.code(), place.member(key).text(), error.message());
      return at_place(budget.place,
                      [&]() -> Solution { throw error.within(fmt::format("{}, {}", original.argument, kPerLayer)); });
    }
  }();
  if (!solution.costs) {
    infeasible.push_back({.name = fmt::format("{}.{}, {}", original.part, name, fmt::join(texts, ", ")),
                          .reason = solution.termination.detail + what_could_be_had(solution)});
    return std::nullopt;
  }
  FittedNetwork out = solved_network(solution, provenance(request.method, {{"per_layer", true}}, texts), *original.network);
  out.setting = describe(solution.mixed->request).setting();
  out.name = name.insert(kPerLayer.size(), "_" + name_of_budgets(solution.budgets));
  out.variant = asked.variant;
  return out;
}

std::vector<FittedNetwork> Maker::fitted_networks(const Said &said, const Designs &designs, std::vector<LeftOut> &infeasible) {
  const std::vector<Said> &budgets = designs.budgets;
  const std::string argument = said.text("network");
  const NetworkText text = at_place(said.place, [&] { return read_network_text(argument); });
  const Design design = at_place(said.place, [&] { return load_design_text(text); });
  ModelConfig plain;
  plain.network = text;
  plain.input = design.network.input;
  if (designs.input) plain.input = read_input_shape(*designs.input->value, designs.input->place);
  plain.input.batch = 1;
  const std::string base = fmt::format("{}\n{}\n{},{},{}\n{}\n", text.spec, text.document, plain.input.channels,
                                       plain.input.height, plain.input.width, designs.where_possible);
  std::optional<Network> loaded; // for images of that size
  const auto original = [&]() -> const Network & {
    if (!loaded) {
      ModelConfig before = plain;
      before.network = original_network(text);
      loaded = at_place(said.place, [&] { return design_of(before).network; });
    }
    return *loaded;
  };
  std::vector<FittedNetwork> out;
  /// Made once, and again where it came to nothing: it is named then.
  const auto once = [&](const std::string &key, const auto &make) {
    const auto known = known_networks_.find(key);
    if (known != known_networks_.end())
      out.push_back(known->second);
    else if (std::optional<FittedNetwork> made = make())
      out.push_back(known_networks_.emplace(key, std::move(*made)).first->second);
  };
  const auto given = [&](const std::string &substitution, const json::Place &place) {
    once(base + substitution, [&]() -> std::optional<FittedNetwork> {
      ModelConfig model = plain;
      model.substitution = substitution;
      model.where_possible = designs.where_possible && !substitution.empty();
      FittedNetwork made = at_place(place, [&] { return fitted_network(std::move(model), original()); });
      made.setting = substitution.empty() ? design.substitution_text() : substitution;
      if (design.is_solved && made.setting.empty() && design.network.name != made.network)
        made.setting = design.network.name; // its width was solved for
      made.name = name_part(made.setting);
      if (design.mixed) {
        made.setting = describe(design.mixed->request).setting();
        made.name = name_part(kPerLayer);
      }
      return made;
    });
  };
  const auto refuse_solved = [&](const json::Place &place) {
    if (design.is_solved) place.fail(fmt::format("{} {}", argument, what_is_settled(design)));
  };
  const auto to_fit = [&] {
    return Original{.argument = argument, .part = network_part(argument, text), .network = &original()};
  };
  for (std::size_t i = 0; i < designs.per_layer.size(); ++i) {
    refuse_solved(designs.place.member("per_layer"));
    for (const Said &budget : budgets)
      once(fmt::format("{}{}\n{}\n{}", base, kPerLayer, key_of(designs.per_layer[i].request), json::dumped(*budget.value)),
           [&] { return fit_per_layer(to_fit(), designs.per_layer[i], budget, designs.place, infeasible); });
  }
  if (!designs.per_layer.empty()) return out;
  if (designs.substitutes.empty()) {
    if (!budgets.empty())
      budgets.front().place.fail(
          "there is nothing to fit to budgets; \"substitute\": a family without its setting, or \"per_layer\": true would be "
          "accepted");
    given({}, said.place);
    return out;
  }
  bool is_fitted = false;
  for (const Said &substitute : designs.substitutes) {
    if (substitute.is_null()) {
      given({}, substitute.place);
      continue;
    }
    const std::string written = substitute.text("substitute");
    refuse_solved(substitute.place);
    const bool asks_width = is_width(written);
    std::optional<Substitute> parsed;
    if (!asks_width) parsed = at_place(substitute.place, [&] { return parse_substitute(written, FreeKnob::kAllow); });
    if (!asks_width && !parsed->has_free_knob()) {
      given(parsed->text(), substitute.place);
      continue;
    }
    if (budgets.empty())
      substitute.place.fail(
          fmt::format("{} leaves its setting open; \"budgets\", or a setting would be accepted", shown(written)));
    is_fitted = true;
    for (const Said &budget : budgets)
      once(fmt::format("{}{}\n{}", base,
                       asks_width ? fmt::format("{} {}", kWidth, shortest(designs.max_width.value_or(kStandardWidthTimes)))
                                  : parsed->text(),
                       json::dumped(*budget.value)),
           [&] { return fit(to_fit(), parsed ? &*parsed : nullptr, written, budget, designs, infeasible); });
  }
  if (!is_fitted && !budgets.empty())
    budgets.front().place.fail("every substitute has its setting; a family without one would be fitted to budgets");
  return out;
}

std::size_t Maker::data(const Said &said) {
  ScheduledData out;
  json::Place place = said.place;
  if (said.value->is_object()) {
    json::Members members(*said.value, said.place);
    out.spec = members.text("at");
    if (members.said("max_images") != nullptr) out.max_images = members.whole("max_images", 1);
    members.finish();
    place = members.place("at");
  } else {
    out.spec = said.text("data");
  }
  const std::string key = fmt::format("{}\n{}", out.spec, out.max_images.value_or(0));
  if (const auto known = data_.find(key); known != data_.end()) return known->second;
  at_place(place, [&] {
    parse_data_spec(out.spec);
    for (const std::string &named : {out.spec, std::string()})
      if (const auto known = options_.fingerprints.find(named); known != options_.fingerprints.end()) {
        out.fingerprint = known->second;
        return;
      }
    options_.say(fmt::format("{}: taking the fingerprint", out.spec));
    const DataSource source = open_data(out.spec, OnBadFile::kFail, Digest::kSha256, out.max_images);
    if (!source.left_out.empty()) options_.say(fmt::format("{}: {}", out.spec, source.left_out));
    out.fingerprint = source.fingerprint;
    out.training_images = source.train->size();
    classes_[out.fingerprint] = source.classes;
  });
  out_.data.push_back(std::move(out));
  return data_.emplace(key, out_.data.size() - 1).first->second;
}

std::size_t Maker::protocol(const Protocol &protocol) {
  const auto [known, is_new] = protocols_.emplace(write_protocol(protocol), out_.protocols.size());
  if (is_new) out_.protocols.push_back(protocol);
  return known->second;
}

const ChosenProtocol &Maker::choose(const Said &name, const Settings &settings, const FittedNetwork &fitted, std::size_t data,
                                    const json::Place &place) {
  const Shape &input = out_.designs[fitted.design].model.input;
  const std::string kind = parse_data_spec(out_.data[data].spec).first;
  std::string key = fmt::format("{}\n{}\n{},{},{}\n{}", name.is_null() ? std::string() : json::dumped(*name.value),
                                fitted.network_family, input.channels, input.height, input.width, kind);
  key += fitted.has_auxiliary_head ? "\nhead" : "";
  for (const auto &[setting, value] : settings) key += fmt::format("\n{}={}", setting, value);
  if (const auto known = chosen_.find(key); known != chosen_.end()) return known->second;
  ChosenProtocol out = at_place(name.is_null() ? place : name.place, [&] {
    return choose_protocol(name.is_null() ? std::nullopt : std::optional(name.text("protocol")), settings,
                           fitted.network_family, input, kind);
  });
  if (out.protocol.auxiliary_head && !fitted.has_auxiliary_head)
    place.fail(fmt::format("{} has no auxiliary head; \"auxiliary_head\": false would be accepted", fitted.network));
  return chosen_.emplace(std::move(key), std::move(out)).first->second;
}

ProtocolScope Maker::scope_of(const FittedNetwork &fitted, bool has_teacher) const {
  return {.has_teacher = has_teacher, .has_drop_path = fitted.has_drop_path, .families = out_.designs[fitted.design].families};
}

/// What the network and its teacher decide.
Experiment Maker::experiment_of(const FittedNetwork &fitted, const Teacher *above) {
  Experiment out;
  out.network = fitted.network;
  out.setting = fitted.setting;
  out.budgets = fitted.budgets;
  out.design = fitted.design;
  if (above == nullptr) return out;
  out.teacher = above->identity;
  out.outside_teacher = above->outside;
  out.outside_data = above->data_kind;
  return out;
}

void Maker::check_classes(const FittedNetwork &fitted, std::size_t data, const json::Place &place) const {
  const auto classes = classes_.find(out_.data[data].fingerprint);
  if (classes == classes_.end() || classes->second == fitted.classes) return;
  place.fail(fmt::format("{} has {} classes, and {} {}; a network of {}, such as {}:classes={}, would be accepted",
                         out_.data[data].spec, classes->second, fitted.network, fitted.classes, classes->second,
                         fitted.network_family.empty() ? std::string("NAME") : fitted.network_family, classes->second));
}

/// Adds it, or finds the equal one that is there. Its identity.
std::string Maker::add(Experiment experiment, const json::Place &place) {
  if (++asked_ > kMostExperiments)
    throw Error(ErrorCode::kLimit, where_,
                fmt::format("asks for more than {} experiments, equal ones counted", kMostExperiments));
  const RunConfig config = run_config_of(out_, experiment);
  experiment.identity =
      at_place(place, [&] { return identities_.of(config, out_.data[experiment.data].fingerprint, experiment.teacher); });
  if (const auto known = by_identity_.find(experiment.identity); known != by_identity_.end()) { // equal ones run once
    // Their setting meets the budgets of both.
    std::vector<std::string> &budgets = out_.experiments[known->second].budgets;
    for (const std::string &budget : experiment.budgets)
      if (std::find(budgets.begin(), budgets.end(), budget) == budgets.end()) budgets.push_back(budget);
    return experiment.identity;
  }
  RunConfig any_seed = config;
  any_seed.seed = 0;
  experiment.configuration = identities_.of(
      any_seed, out_.data[experiment.data].fingerprint,
      experiment.teacher.empty() ? std::string() : out_.experiments[by_identity_.at(experiment.teacher)].configuration);
  if (const auto known = by_name_.find(experiment.name); known != by_name_.end())
    place.fail(fmt::format("{} would be the name of another experiment too, that of {}; \"tag\": a word that is added to the "
                           "names here would be accepted",
                           experiment.name, known->second.second));
  if (!is_experiment_name(experiment.name))
    place.fail(
        fmt::format("{} is no name for a folder: at most {} letters are accepted", shown(experiment.name), kMostNameBytes));
  by_identity_.emplace(experiment.identity, out_.experiments.size());
  by_name_.emplace(experiment.name, std::pair(out_.experiments.size(), place.text()));
  out_.experiments.push_back(std::move(experiment));
  return out_.experiments.back().identity;
}

const Teacher &Maker::teacher(const std::string &name, const json::Place &place) {
  if (const auto known = teachers_.find(name); known != teachers_.end()) return known->second;
  const auto text = teacher_texts_.find(name);
  if (text == teacher_texts_.end()) {
    std::vector<std::string_view> known;
    for (const auto &[other, value] : teacher_texts_) known.push_back(other);
    place.fail(fmt::format("teacher = {} must be {}{}", shown(name),
                           known.empty() ? std::string("null, as the file has no \"teachers\"")
                                         : fmt::format("null or one of \"teachers\": {}", fmt::join(known, ", ")),
                           did_you_mean(name, known)));
  }
  const auto circle = std::find(teachers_in_making_.begin(), teachers_in_making_.end(), name);
  if (circle != teachers_in_making_.end())
    place.fail(fmt::format("teachers in a circle: {} needs {}; a first one without a teacher would be accepted",
                           fmt::join(circle, teachers_in_making_.end(), " needs "), name));
  teachers_in_making_.push_back(name);
  make_teacher(name, *text->second.first, text->second.second);
  teachers_in_making_.pop_back();
  return teachers_.at(name);
}

void Maker::make_teacher(const std::string &name, const Json &value, const json::Place &place) {
  json::Members members(value, place);
  Teacher out;
  out.name = name;
  if (members.find("file") != nullptr) {
    TeacherConfig config;
    config.file = members.text("file");
    const NetworkText network = at_place(members.place("network"), [&] { return read_network_text(members.text("network")); });
    config.network = network;
    config.checksum = at_place(members.place("file"), [&] { return digest_of_file(config.file); });
    if (const Json *error = members.said("expected_error"))
      config.expected_error = read_expected_error(*error, members.place("expected_error"));
    if (const Json *reading = members.said("reading"))
      config.reading = read_teacher_reading(*reading, members.place("reading"));
    if (members.said("data") != nullptr)
      out.data_kind = at_place(members.place("data"), [&] { return parse_data_spec(members.text("data") + ":-").first; });
    members.finish();
    out.taps = load_design_text(network).network.graph.attention_taps().size();
    out.outside = std::move(config);
    teachers_.emplace(name, std::move(out));
    return;
  }
  const Common common = read_common(members, common_);
  const Json *set = members.find("set");
  const Designs designs = read_designs(members, true);
  std::vector<LeftOut> infeasible;
  const std::vector<FittedNetwork> made = fitted_networks(designs.networks.front(), designs, infeasible);
  if (made.empty())
    throw Error(ErrorCode::kInvalidConfig, place.text(),
                fmt::format("the teacher {} cannot be made: {}", name, infeasible.front().reason));
  const FittedNetwork &fitted = made.front();
  const Teacher *above = nullptr;
  if (members.said("teacher") != nullptr) above = &teacher(members.text("teacher"), members.place("teacher"));
  Experiment experiment = experiment_of(fitted, above);
  experiment.name = name;
  if (common.data.empty()) place.fail(std::string(kDataMissing));
  experiment.data = data(only(common.data));
  check_classes(fitted, experiment.data, designs.networks.front().place);
  Settings settings;
  for (const auto &[key, values] : common.settings) settings.emplace_back(key, setting_text(values.front(), key));
  const ChosenProtocol &chosen = choose(only(common.protocols), settings, fitted, experiment.data, place);
  const ProtocolScope scope = scope_of(fitted, above != nullptr);
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const auto &[key, values] = common.settings[i];
    const auto why = without_effect(chosen.protocol, chosen.changed[i], scope);
    if (!why) only(values); // what an axis of the whole file changes in a teacher would make it several
    if (why && set != nullptr && set->contains(key)) members.place("set").member(key).fail(*why);
  }
  experiment.protocol = protocol(chosen.protocol);
  experiment.precision = read_precision(only(common.precisions));
  if (const Json *seed = members.find("seed")) experiment.seed = read_seed({.value = seed, .place = members.place("seed")});
  members.finish();
  out.taps = fitted.taps;
  out.identity = add(std::move(experiment), place);
  teachers_.emplace(name, std::move(out));
}

void Maker::expand(const Block &block) {
  Effects effects;
  for (const Said &network : block.designs.networks) {
    std::vector<LeftOut> infeasible;
    const auto made = fitted_networks(network, block.designs, infeasible);
    auto &list = block.leaves_out ? out_.left_out : infeasible_;
    list.insert(list.end(), infeasible.begin(), infeasible.end());
    const std::string argument = network.text("network");
    const std::string base = network_part(argument, read_network_text(argument));
    for (const FittedNetwork &fitted : made)
      for (const Said &taught : block.teachers)
        for (const Said &data_said : block.common.data) {
          const Teacher *above = taught.is_null() ? nullptr : &teacher(taught.text("teacher"), taught.place);
          if (above != nullptr && above->taps != fitted.taps)
            taught.place.fail(fmt::format("the student has {} attention taps and the teacher {} {}; they must have as many",
                                          fitted.taps, above->name, above->taps));
          Experiment experiment = experiment_of(fitted, above);
          experiment.data = data(data_said);
          check_classes(fitted, experiment.data, network.place);
          Variant variant{.name = base, .keys = {}};
          if (!fitted.name.empty()) variant.name += "." + fitted.name;
          if (above != nullptr) variant.name += ".student";
          const auto teachers =
              std::count_if(block.teachers.begin(), block.teachers.end(), [](const Said &said) { return !said.is_null(); });
          if (above != nullptr && teachers > 1) variant.add("teacher", above->name, name_part(above->name));
          const ScheduledData &images = out_.data[experiment.data];
          if (block.common.data.size() > 1) {
            const std::string kind = parse_data_spec(images.spec).first;
            const std::string most = images.max_images ? fmt::format("_{}", *images.max_images) : "";
            variant.add("data", kind + most, name_part(kind) + most);
          }
          for (const VariantKey &key : fitted.variant) variant.add(key.key, key.value, key.part);
          expand(block, experiment, fitted, std::move(variant), effects);
        }
  }
  // What the whole file says may be for others.
  if (block.set == nullptr) return;
  for (const auto &[key, why] : effects.without)
    if (!effects.with.contains(key) && block.set->contains(key))
      block.place.member("set").member(key).fail(fmt::format("{}: no experiment here depends on it", why));
}

/// All combinations of what is left: protocols, the keys of `set`, precisions, seeds.
void Maker::expand(const Block &block, const Experiment &experiment, const FittedNetwork &fitted, Variant outer,
                   Effects &effects) {
  const auto &settings = block.common.settings;
  const ProtocolScope scope = scope_of(fitted, !experiment.teacher.empty() || experiment.outside_teacher);
  static const std::vector<Said> kUnsaid(1);
  for (const Said &name : block.common.protocols.empty() ? kUnsaid : block.common.protocols) {
    std::vector<std::size_t> at(settings.size(), 0);
    for (bool more = true; more;) {
      Settings values;
      for (std::size_t i = 0; i < at.size(); ++i)
        values.emplace_back(settings[i].first, setting_text(settings[i].second[at[i]], settings[i].first));
      const ChosenProtocol &chosen = choose(name, values, fitted, experiment.data, block.place);
      Variant variant = outer;
      if (block.common.protocols.size() > 1) variant.add("protocol", chosen.protocol.name, name_part(chosen.protocol.name));
      for (std::size_t i = 0; i < at.size(); ++i) {
        const std::string &key = chosen.changed[i];
        if (const auto why = without_effect(chosen.protocol, key, scope)) {
          effects.without.emplace(settings[i].first, *why);
          continue;
        }
        effects.with.insert(settings[i].first);
        if (settings[i].second.size() > 1)
          variant.add(key, values[i].second, fmt::format("{}_{}", name_part(key), name_part(values[i].second)));
      }
      Experiment one = experiment;
      one.protocol = protocol(chosen.protocol);
      add_runs(block, std::move(one), std::move(variant));
      more = false;
      for (std::size_t i = at.size(); i-- > 0 && !more;) {
        at[i] = (at[i] + 1) % settings[i].second.size();
        more = at[i] != 0;
      }
    }
  }
}

void Maker::add_runs(const Block &block, Experiment experiment, Variant outer) {
  static const std::vector<Said> kUnsaid(1);
  const auto &precisions = block.common.precisions.empty() ? kUnsaid : block.common.precisions;
  for (const Said &precision : precisions) {
    experiment.precision = read_precision(precision);
    Variant variant = outer;
    if (precisions.size() > 1) variant.add("precision", experiment.precision, experiment.precision);
    if (!block.tag.empty()) variant.add("tag", block.tag, block.tag);
    experiment.variant = fmt::format("{}", fmt::join(variant.keys, ", "));
    for (const Said &seed : block.seeds) {
      Experiment one = experiment;
      one.seed = read_seed(seed);
      one.name = block.seeds.size() > 1 ? fmt::format("{}.seed_{}", variant.name, one.seed) : variant.name;
      add(std::move(one), block.place);
    }
  }
}

Schedule Maker::make(std::string_view text) {
  const json::Place top(where_);
  const Json document = json::parse(text, top);
  json::Members members(document, top, kExperimentsSchema);
  out_.name = members.text("name");
  common_ = read_common(members, {});
  if (const Json *teachers = members.find("teachers"); teachers != nullptr) {
    json::Members each(*teachers, members.place("teachers"));
    for (const auto &[name, value] : teachers->items()) {
      if (!is_experiment_name(name))
        members.place("teachers")
            .member(name)
            .fail(fmt::format("{} is no name for a folder: letters, digits, . _ - and +, and neither . nor - first",
                              shown(name)));
      teacher_texts_.emplace(name, std::pair(&value, members.place("teachers").member(name)));
    }
    for (const auto &[name, value] : teachers->items()) teacher(name, members.place("teachers").member(name));
  }
  if (const Json *blocks = members.find("experiments"); blocks != nullptr) {
    if (!blocks->is_array()) json::refuse(*blocks, members.place("experiments"), "experiments", "an array");
    for (std::size_t i = 0; i < blocks->size(); ++i)
      expand(read_block((*blocks)[i], members.place("experiments").item(i), common_));
  }
  members.finish();
  if (!infeasible_.empty()) {
    std::vector<std::string> lines;
    for (const LeftOut &left : infeasible_) lines.push_back(fmt::format("{}: {}", left.name, left.reason));
    throw Error(
        ErrorCode::kInvalidConfig, where_,
        fmt::format("{} budget{} cannot be met: {}; other budgets, or \"when_infeasible\": \"leave_out\" would be accepted",
                    lines.size(), lines.size() == 1 ? "" : "s", fmt::join(lines, "; ")));
  }
  if (out_.experiments.empty() && !out_.left_out.empty())
    throw Error(ErrorCode::kInvalidConfig, where_,
                fmt::format("all of it is left out: {}: {}; other budgets would be accepted", out_.left_out.front().name,
                            out_.left_out.front().reason));
  if (out_.experiments.empty())
    top.fail("asks for no experiment; \"experiments\": [{\"network\": ...}], or \"teachers\" would be accepted");
  return std::move(out_);
}

} // namespace

Schedule make_schedule(std::string_view text, const std::string &where, const ScheduleOptions &options) {
  return Maker(where, options).make(text);
}

} // namespace pare::train
