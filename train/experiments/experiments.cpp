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
#include "train/experiments/identity.hpp"
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

using Json = json::Value;
using Settings = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kSchema = "pare.experiments/1";
constexpr std::size_t kMostExperiments = 1'000'000;
constexpr std::string_view kDataMissing = "\"data\" is missing, here and at the top; such as \"cifar10:DIR\"";

/// A value of the file, with its place for faults.
struct Said {
  const Json *value = nullptr;
  json::Place place{std::string()};

  bool is_null() const { return value == nullptr || value->is_null(); }
  std::string text(std::string_view name) const {
    if (!value->is_string()) json::refuse(*value, place, name, "text in quotes");
    return value->get<std::string>();
  }
};

/// What an option would throw, at the place of the file that says it.
template <class Action>
auto at_place(const json::Place &place, Action &&action) {
  try {
    return action();
  } catch (const Error &error) {
    if (error.where().starts_with(place.text())) throw; // it has its place
    throw Error(error.code(), place.text(),
                error.where().empty() || error.where().starts_with("--")
                    ? error.message()
                    : fmt::format("{}: {}", error.where(), error.message()));
  }
}

/// The values of an axis: those of an array, or the one that stands there. None where nothing is said.
std::vector<Said> axis(json::Members &members, std::string_view key) {
  const Json *value = members.find(key);
  std::vector<Said> out;
  if (value == nullptr) return out;
  const json::Place place = members.place(key);
  if (!value->is_array()) return {{.value = value, .place = place}};
  if (value->empty()) place.fail(fmt::format("{} is an empty list; one value at least would be accepted", key));
  std::set<std::string> seen;
  for (std::size_t i = 0; i < value->size(); ++i) {
    const Json &item = (*value)[i];
    if (!seen.insert(json::dumped(item)).second)
      place.item(i).fail(fmt::format("{} stands in the list twice; each value once would be accepted", json::shown(item)));
    out.push_back({.value = &item, .place = place.item(i)});
  }
  return out;
}

/// The value of a key as --set reads it.
std::string setting_text(const Said &said, std::string_view key) {
  const Json &value = *said.value;
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "on" : "off";
  if (const auto whole = json::as_whole(value)) return std::to_string(*whole);
  if (value.is_number_float()) return shortest(value.get<double>());
  json::refuse(value, said.place, key, "a text, a number, true or false, or a list of these, an experiment for each");
}

/// A part of a name: what is no letter, digit, . + or - is an underline.
std::string name_part(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool fits = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '+' || c == '-';
    out += fits ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : '_';
  }
  return out;
}

/// "wrn-28-10": "wrn_28_10"; a file by its name without the ending.
std::string network_part(const std::string &argument, const NetworkText &network) {
  std::string out = name_part(network.document.empty() ? argument : std::filesystem::path(argument).filename().stem().string());
  std::replace(out.begin(), out.end(), '-', '_');
  return out;
}

/// What the whole file says where an experiment says nothing, and what an experiment or a teacher says.
struct Common {
  std::vector<Said> data;
  std::vector<Said> protocols;
  std::vector<Said> precisions;
  std::vector<std::pair<std::string, std::vector<Said>>> settings; ///< by key, in order
};

Common read_common(json::Members &members, const Common &otherwise) {
  Common out = otherwise;
  if (auto said = axis(members, "data"); !said.empty()) out.data = std::move(said);
  if (auto said = axis(members, "protocol"); !said.empty()) out.protocols = std::move(said);
  if (auto said = axis(members, "precision"); !said.empty()) out.precisions = std::move(said);
  if (const Json *set = members.find("set"); set != nullptr) {
    json::Members keys(*set, members.place("set"));
    for (const auto &[key, value] : set->items()) {
      auto values = axis(keys, key);
      const auto known = std::find_if(out.settings.begin(), out.settings.end(),
                                      [own = std::string_view(key)](const auto &entry) { return entry.first == own; });
      if (known != out.settings.end())
        known->second = std::move(values); // instead of the whole file's
      else
        out.settings.emplace_back(key, std::move(values));
    }
  }
  return out;
}

/// The one value that a teacher may have of an axis; nothing where none is said.
Said only(const std::vector<Said> &values) {
  if (values.size() > 1)
    values[1].place.fail("a teacher is one run; one value, or another teacher for the second would be accepted");
  return values.empty() ? Said{} : values.front();
}

/// Readers of results have no whole numbers beyond the 53 bits of a double.
std::uint64_t read_seed(const Said &said) {
  constexpr std::int64_t kMost = std::int64_t{1} << 53;
  const auto whole = json::as_whole(*said.value);
  if (!whole || *whole < 0 || *whole > kMost)
    json::refuse(*said.value, said.place, "seed", fmt::format("a whole number from 0 to {}", kMost));
  return static_cast<std::uint64_t>(*whole);
}

std::string read_precision(const Said &said) {
  if (said.is_null()) return std::string(kPrecisions.front());
  return at_place(said.place, [&] { return read_choice("precision", said.text("precision"), kPrecisions); });
}

/// A network with one setting of its substitutes.
struct Candidate {
  std::size_t design = 0;
  std::string network_family; ///< empty for a network from a file
  std::string network;        ///< as tables call it
  std::string setting;
  std::vector<std::string> budgets;
  std::int64_t classes = 0;
  std::size_t taps = 0;
  bool has_drop_path = false;
  bool has_auxiliary_head = false;
};

/// Who teaches.
struct Teacher {
  std::string name;
  std::optional<TeacherConfig> outside;
  std::string data_kind; ///< of an outside one: that it was trained on; empty: not said
  std::size_t taps = 0;
  std::string identity; ///< of a scheduled one
};

/// One entry of "experiments": its axes.
struct Block {
  json::Place place{std::string()};
  const Json *set = nullptr; ///< its own keys of the protocol
  Common common;
  std::vector<Said> networks;
  std::vector<Said> substitutes;
  std::vector<Said> budgets;
  std::vector<Said> teachers; ///< null: none
  std::vector<Said> seeds;
  bool where_possible = false;
  std::optional<Said> input;
  std::string tag;
  bool leaves_out = false; ///< what no setting meets
};

Block read_block(const Json &value, const json::Place &place, const Common &top) {
  static const Json none = nullptr;
  static const Json zero = std::uint64_t{0};
  json::Members members(value, place);
  Block out;
  out.place = place;
  out.common = read_common(members, top);
  out.set = members.find("set");
  members.at("network");
  out.networks = axis(members, "network");
  out.substitutes = axis(members, "substitute");
  out.budgets = axis(members, "budgets");
  out.teachers = axis(members, "teacher");
  out.seeds = axis(members, "seeds");
  members.read("where_possible", out.where_possible);
  if (const Json *shape = members.said("input")) out.input = Said{.value = shape, .place = members.place("input")};
  members.read("tag", out.tag);
  if (!out.tag.empty() && !is_experiment_name(out.tag))
    json::refuse(members.at("tag"), members.place("tag"), "tag", kExperimentNameRule);
  out.leaves_out =
      members.find("when_infeasible") != nullptr && members.choice("when_infeasible", {"fail", "leave_out"}) == "leave_out";
  members.finish();
  if (out.common.data.empty()) place.fail(std::string(kDataMissing));
  if (out.teachers.empty()) out.teachers.push_back({.value = &none, .place = place});
  if (out.seeds.empty()) out.seeds.push_back({.value = &zero, .place = place});
  for (const Said &seed : out.seeds) read_seed(seed);
  return out;
}

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
  void expand(const Block &block, const Experiment &experiment, const Candidate &candidate, Variant outer, Effects &effects);
  void add_runs(const Block &block, Experiment experiment, Variant outer);
  const Teacher &teacher(const std::string &name, const json::Place &place);
  void make_teacher(const std::string &name, const Json &value, const json::Place &place);
  std::vector<Candidate> candidates(const Said &network, const std::vector<Said> &substitutes, const std::vector<Said> &budgets,
                                    bool where_possible, const std::optional<Said> &input, std::vector<LeftOut> &infeasible);
  std::optional<Candidate> fit(const std::string &argument, const NetworkText &text, const Network &network,
                               const Substitute *free, const std::string &substitution, const Said &budget, bool where_possible,
                               std::vector<LeftOut> &infeasible);
  Candidate candidate(ModelConfig model, const Network &original);
  std::size_t data(const Said &said);
  std::size_t protocol(const Protocol &protocol);
  const ChosenProtocol &choose(const Said &name, const Settings &settings, const Candidate &candidate, std::size_t data,
                               const json::Place &place);
  ProtocolScope scope_of(const Candidate &candidate, bool has_teacher) const;
  static Experiment experiment_of(const Candidate &candidate, const Teacher *above);
  std::string add(Experiment experiment, const json::Place &place);
  void check_classes(const Candidate &candidate, std::size_t data, const json::Place &place) const;

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
  std::map<std::string, Candidate> known_candidates_;
  std::unordered_map<std::string, std::size_t> by_identity_;
  std::unordered_map<std::string, std::pair<std::size_t, std::string>> by_name_; ///< the experiment, and where it was asked for
  Identities identities_;
  std::vector<LeftOut> infeasible_;
  std::size_t asked_ = 0; ///< experiments, equal ones counted
};

std::int64_t output_classes(const Graph &graph) { return graph.activation(graph.output()).elements_per_image(); }

Candidate Maker::candidate(ModelConfig model, const Network &original) {
  Candidate out;
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
  std::set<std::string> families;
  for (const Graph::Replaceable &mark : design.network.graph.replaceable()) {
    const Substitute *substitute =
        design.plan.find(design.network.graph.layer(design.network.graph.node(mark.node).layer).name);
    if (substitute != nullptr && substitute->family != baseline_substitute().family)
      families.emplace(substitute->family->info().name);
  }
  scheduled.families.assign(families.begin(), families.end());
  out_.designs.push_back(std::move(scheduled));
  return out;
}

/// Versions and options of a fit: no date and no host.
std::string provenance(const SolveRequest &request, const std::vector<std::string> &budgets) {
  Json out;
  out["pare"] = std::string(command::version());
  out["method"] = request.method;
  out["options"] = {{"substitute", request.substitution},
                    {"budgets", budgets},
                    {"where_possible", request.where_refused == WhereRefused::kLeaveAsItIs}};
  return out.dump();
}

/// The budgets of one fit: a text, or several in a list, all of which must hold.
std::vector<std::string> budget_texts(const Said &said) {
  std::vector<std::string> out;
  if (!said.value->is_array()) return {said.text("a budget")};
  if (said.value->empty()) said.place.fail("an empty list of budgets; one at least would be accepted");
  for (std::size_t i = 0; i < said.value->size(); ++i)
    out.push_back(Said{.value = &(*said.value)[i], .place = said.place.item(i)}.text("a budget"));
  return out;
}

std::optional<Candidate> Maker::fit(const std::string &argument, const NetworkText &text, const Network &network,
                                    const Substitute *free, const std::string &substitution, const Said &budget,
                                    bool where_possible, std::vector<LeftOut> &infeasible) {
  const std::vector<std::string> texts = budget_texts(budget);
  const std::string called = free == nullptr ? std::string(kWidth) : free->text();
  SolveRequest request{.substitution = substitution,
                       .budgets = {},
                       .conventions = {},
                       .method = std::string(kDefaultMethod),
                       .where_refused = where_possible ? WhereRefused::kLeaveAsItIs : WhereRefused::kThrow};
  for (const Convention &convention : conventions())
    if (convention.shown) request.conventions.push_back(convention);
  at_place(budget.place, [&] {
    for (const std::string &one : texts) request.budgets.push_back(parse_budget(one));
  });
  options_.say(fmt::format("{}, {}: fitting to {}", argument, called, fmt::join(texts, ", ")));
  const Solution solution = at_place(budget.place, [&] {
    try {
      return solve_uniform(network, request);
    } catch (const Error &error) {
      throw error.within(fmt::format("{}, {}", argument, called));
    }
  });
  if (!solution.uniform->answer) {
    infeasible.push_back(
        {.name = fmt::format("{}.{}, {}", network_part(argument, text), name_part(called), fmt::join(texts, ", ")),
         .reason = solution.termination.detail});
    return std::nullopt;
  }
  ModelConfig model;
  model.network.document =
      json::dumped(json::parse(write_solved(solution, provenance(request, texts)), json::Place("a solution")));
  model.input = network.input;
  Candidate out = candidate(std::move(model), network);
  out.setting = solution.uniform->answer->text;
  std::vector<std::string> written;
  for (const Budget &one : solution.budgets) written.push_back(one.written);
  out.budgets = {fmt::format("{}", fmt::join(written, ", "))};
  return out;
}

std::vector<Candidate> Maker::candidates(const Said &said, const std::vector<Said> &substitutes,
                                         const std::vector<Said> &budgets, bool where_possible,
                                         const std::optional<Said> &input, std::vector<LeftOut> &infeasible) {
  const std::string argument = said.text("network");
  const NetworkText text = at_place(said.place, [&] { return read_network_text(argument); });
  const Design design = at_place(said.place, [&] { return load_design_text(text); });
  ModelConfig plain;
  plain.network = text;
  plain.input = design.network.input;
  if (input) plain.input = read_input_shape(*input->value, input->place);
  plain.input.batch = 1;
  const std::string base = fmt::format("{}\n{}\n{},{},{}\n{}\n", text.spec, text.document, plain.input.channels,
                                       plain.input.height, plain.input.width, where_possible);
  std::optional<Network> loaded; // for images of that size
  const auto original = [&]() -> const Network & {
    if (!loaded) {
      ModelConfig before = plain;
      before.network = original_network(text);
      loaded = at_place(said.place, [&] { return design_of(before).network; });
    }
    return *loaded;
  };
  std::vector<Candidate> out;
  const auto given = [&](const std::string &substitution, const json::Place &place) {
    const auto known = known_candidates_.find(base + substitution);
    if (known != known_candidates_.end()) {
      out.push_back(known->second);
      return;
    }
    ModelConfig model = plain;
    model.substitution = substitution;
    model.where_possible = where_possible && !substitution.empty();
    Candidate made = at_place(place, [&] { return candidate(std::move(model), original()); });
    made.setting = substitution.empty() ? design.substitution_text() : substitution;
    if (design.is_solved && made.setting.empty() && design.network.name != made.network)
      made.setting = design.network.name; // its width was solved for
    known_candidates_.emplace(base + substitution, made);
    out.push_back(std::move(made));
  };
  if (substitutes.empty()) {
    if (!budgets.empty())
      budgets.front().place.fail(
          "there is nothing to fit to budgets; \"substitute\": a family without its setting would be accepted");
    given({}, said.place);
    return out;
  }
  bool is_fitted = false;
  for (const Said &substitute : substitutes) {
    if (substitute.is_null()) {
      given({}, substitute.place);
      continue;
    }
    const std::string written = substitute.text("substitute");
    if (design.is_solved) substitute.place.fail(fmt::format("{} {}", argument, what_is_settled(design)));
    constexpr std::array<std::string_view, 1> kWidths = {kWidth};
    const bool is_width = find_name(written, kWidths).has_value();
    std::optional<Substitute> parsed;
    if (!is_width) parsed = at_place(substitute.place, [&] { return parse_substitute(written, FreeKnob::kAllow); });
    if (!is_width && !parsed->has_free_knob()) {
      given(parsed->text(), substitute.place);
      continue;
    }
    if (budgets.empty())
      substitute.place.fail(
          fmt::format("{} leaves its setting open; \"budgets\", or a setting would be accepted", shown(written)));
    is_fitted = true;
    for (const Said &budget : budgets) {
      const std::string key =
          fmt::format("{}{}\n{}", base, is_width ? std::string(kWidth) : parsed->text(), json::dumped(*budget.value));
      if (const auto known = known_candidates_.find(key); known != known_candidates_.end()) {
        out.push_back(known->second);
        continue;
      }
      if (auto made = fit(argument, text, original(), parsed ? &*parsed : nullptr, written, budget, where_possible, infeasible))
        out.push_back(known_candidates_.emplace(key, std::move(*made)).first->second);
    }
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

const ChosenProtocol &Maker::choose(const Said &name, const Settings &settings, const Candidate &candidate, std::size_t data,
                                    const json::Place &place) {
  const Shape &input = out_.designs[candidate.design].model.input;
  const std::string kind = parse_data_spec(out_.data[data].spec).first;
  std::string key = fmt::format("{}\n{}\n{},{},{}\n{}", name.is_null() ? std::string() : json::dumped(*name.value),
                                candidate.network_family, input.channels, input.height, input.width, kind);
  key += candidate.has_auxiliary_head ? "\nhead" : "";
  for (const auto &[setting, value] : settings) key += fmt::format("\n{}={}", setting, value);
  if (const auto known = chosen_.find(key); known != chosen_.end()) return known->second;
  ChosenProtocol out = at_place(name.is_null() ? place : name.place, [&] {
    return choose_protocol(name.is_null() ? std::nullopt : std::optional(name.text("protocol")), settings,
                           candidate.network_family, input, kind);
  });
  if (out.protocol.auxiliary_head && !candidate.has_auxiliary_head)
    place.fail(fmt::format("{} has no auxiliary head; \"auxiliary_head\": false would be accepted", candidate.network));
  return chosen_.emplace(std::move(key), std::move(out)).first->second;
}

ProtocolScope Maker::scope_of(const Candidate &candidate, bool has_teacher) const {
  return {.has_teacher = has_teacher,
          .has_drop_path = candidate.has_drop_path,
          .families = out_.designs[candidate.design].families};
}

/// What the candidate and its teacher decide.
Experiment Maker::experiment_of(const Candidate &candidate, const Teacher *above) {
  Experiment out;
  out.network = candidate.network;
  out.setting = candidate.setting;
  out.budgets = candidate.budgets;
  out.design = candidate.design;
  if (above == nullptr) return out;
  out.teacher = above->identity;
  out.outside_teacher = above->outside;
  out.outside_data = above->data_kind;
  return out;
}

void Maker::check_classes(const Candidate &candidate, std::size_t data, const json::Place &place) const {
  const auto classes = classes_.find(out_.data[data].fingerprint);
  if (classes == classes_.end() || classes->second == candidate.classes) return;
  place.fail(fmt::format("{} has {} classes, and {} {}; a network of {}, such as {}:classes={}, would be accepted",
                         out_.data[data].spec, classes->second, candidate.network, candidate.classes, classes->second,
                         candidate.network_family.empty() ? std::string("NAME") : candidate.network_family, classes->second));
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
  members.at("network");
  const std::vector<Said> networks = axis(members, "network");
  const std::vector<Said> substitutes = axis(members, "substitute");
  std::vector<Said> budgets;
  if (const Json *budget = members.find("budgets"); budget != nullptr)
    budgets = {{.value = budget, .place = members.place("budgets")}};
  bool where_possible = false;
  members.read("where_possible", where_possible);
  std::optional<Said> input;
  if (const Json *shape = members.said("input")) input = Said{.value = shape, .place = members.place("input")};
  only(substitutes);
  std::vector<LeftOut> infeasible;
  const std::vector<Candidate> made = candidates(only(networks), substitutes, budgets, where_possible, input, infeasible);
  if (made.empty())
    throw Error(ErrorCode::kInvalidConfig, place.text(),
                fmt::format("the teacher {} cannot be made: {}", name, infeasible.front().reason));
  const Candidate &candidate = made.front();
  const Teacher *above = nullptr;
  if (members.said("teacher") != nullptr) above = &teacher(members.text("teacher"), members.place("teacher"));
  Experiment experiment = experiment_of(candidate, above);
  experiment.name = name;
  if (common.data.empty()) place.fail(std::string(kDataMissing));
  experiment.data = data(only(common.data));
  check_classes(candidate, experiment.data, networks.front().place);
  Settings settings;
  for (const auto &[key, values] : common.settings) settings.emplace_back(key, setting_text(values.front(), key));
  const ChosenProtocol &chosen = choose(only(common.protocols), settings, candidate, experiment.data, place);
  const ProtocolScope scope = scope_of(candidate, above != nullptr);
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
  out.taps = candidate.taps;
  out.identity = add(std::move(experiment), place);
  teachers_.emplace(name, std::move(out));
}

void Maker::expand(const Block &block) {
  Effects effects;
  for (const Said &network : block.networks) {
    std::vector<LeftOut> infeasible;
    const auto made = candidates(network, block.substitutes, block.budgets, block.where_possible, block.input, infeasible);
    auto &list = block.leaves_out ? out_.left_out : infeasible_;
    list.insert(list.end(), infeasible.begin(), infeasible.end());
    const std::string argument = network.text("network");
    const std::string base = network_part(argument, read_network_text(argument));
    for (const Candidate &candidate : made)
      for (const Said &taught : block.teachers)
        for (const Said &data_said : block.common.data) {
          const Teacher *above = taught.is_null() ? nullptr : &teacher(taught.text("teacher"), taught.place);
          if (above != nullptr && above->taps != candidate.taps)
            taught.place.fail(fmt::format("the student has {} attention taps and the teacher {} {}; they must have as many",
                                          candidate.taps, above->name, above->taps));
          Experiment experiment = experiment_of(candidate, above);
          experiment.data = data(data_said);
          check_classes(candidate, experiment.data, network.place);
          Variant variant{.name = base, .keys = {}};
          if (!candidate.setting.empty()) variant.name += "." + name_part(candidate.setting);
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
          expand(block, experiment, candidate, std::move(variant), effects);
        }
  }
  // What the whole file says may be for others.
  if (block.set == nullptr) return;
  for (const auto &[key, why] : effects.without)
    if (!effects.with.contains(key) && block.set->contains(key))
      block.place.member("set").member(key).fail(fmt::format("{}: no experiment here depends on it", why));
}

/// All combinations of what is left: protocols, the keys of `set`, precisions, seeds.
void Maker::expand(const Block &block, const Experiment &experiment, const Candidate &candidate, Variant outer,
                   Effects &effects) {
  const auto &settings = block.common.settings;
  const ProtocolScope scope = scope_of(candidate, !experiment.teacher.empty() || experiment.outside_teacher);
  static const std::vector<Said> kUnsaid(1);
  for (const Said &name : block.common.protocols.empty() ? kUnsaid : block.common.protocols) {
    std::vector<std::size_t> at(settings.size(), 0);
    for (bool more = true; more;) {
      Settings values;
      for (std::size_t i = 0; i < at.size(); ++i)
        values.emplace_back(settings[i].first, setting_text(settings[i].second[at[i]], settings[i].first));
      const ChosenProtocol &chosen = choose(name, values, candidate, experiment.data, block.place);
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
  json::Members members(document, top, kSchema);
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
