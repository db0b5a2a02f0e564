#include "train/experiments/identity.hpp"

#include "analysis/network_file.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "train/plan/run_config_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace pare::train {

namespace {

/// Keys sorted, whatever order they were made in; dumped without blanks and with doubles as the shortest decimal.
using Canonical = nlohmann::json;

/// Two networks that differ in nothing but their name are one.
std::string digest_of(const Graph &graph) {
  Canonical document = Canonical::parse(write_network(graph, "network"));
  document.erase("name");
  return digest(document.dump());
}

Canonical plan_of(const Design &design, bool where_possible) {
  Canonical out = Canonical::object();
  for (const ConvSites &sites : replaceable_sites(design.network.graph)) {
    const ConvSite &site = sites.front();
    const Substitute *substitute = design.plan.find(site.name);
    if (substitute == nullptr || is_baseline(site, *substitute)) continue;
    const Resolved resolved = resolve(sites, *substitute);
    if (resolved.refusal) {
      if (!where_possible) throw_refusal(site, *substitute, *resolved.refusal);
      continue; // it stays as it is
    }
    const SubstitutionInfo &info = substitute->family->info();
    Canonical keys = Canonical::object();
    for (std::size_t i = 0; i < info.keys.size(); ++i)
      if (!info.keys[i].sets_knob) // the structure has what it comes to
        keys[std::string(info.keys[i].name)] = substitute->settings[i];
    out[site.name] = {{"family", info.name},
                      {"keys", std::move(keys)},
                      {"structure", resolved.structure},
                      {"evaluation", name_of(kEvaluations, settled(sites, *substitute).evaluated())}};
  }
  return out;
}

std::vector<std::string> families_of(const Canonical &plan) {
  std::set<std::string> out;
  for (const auto &entry : plan) out.insert(entry.at("family"));
  return {out.begin(), out.end()};
}

/// Without its name, and without what changes nothing.
Canonical protocol_of(const Protocol &protocol, const ProtocolScope &scope) {
  Protocol plain = protocol;
  // Milestones that are never reached, or at which nothing happens.
  const std::vector<std::int64_t> epochs = milestone_epochs(protocol);
  Milestones &milestones = plain.schedule.milestones;
  milestones.assign(epochs.begin(), epochs.end());
  std::erase_if(milestones,
                [&](double epoch) { return epoch >= static_cast<double>(protocol.epochs) || protocol.schedule.factor == 1; });
  for (auto &[family, scaling] : plain.decay_scaling)
    if (scaling.factor == 1) scaling = false;
  constexpr std::string_view kScaling = "decay_scaling";
  std::erase_if(plain.decay_scaling, [&](const auto &entry) {
    return without_effect(protocol, fmt::format("{}.{}", kScaling, entry.first), scope).has_value();
  });
  Canonical out = Canonical::parse(write_protocol(plain));
  for (const char *key : {"schema", "name", "description", "for_networks", "data", "recompute"}) out.erase(key);
  if (milestones.empty()) out["schedule"].erase("factor");
  for (const FieldDescription &field : describe_protocol_fields()) {
    if (field.key == kScaling || !without_effect(protocol, field.key, scope)) continue;
    const auto dot = field.key.find('.');
    if (dot == std::string::npos)
      out.erase(field.key);
    else
      out[field.key.substr(0, dot)].erase(field.key.substr(dot + 1));
  }
  return out;
}

/// Null also for one that nothing is learned from.
Canonical teacher_of(const RunConfig &config, const std::string &identity) {
  if (!config.teacher || !distils(config.protocol)) return nullptr;
  if (!identity.empty()) return {{"run", identity}};
  const Design design = teacher_design_of(config);
  return {{"file", config.teacher->checksum},
          {"network", digest_of(design.network.graph)},
          {"plan", plan_of(design, config.teacher->where_possible)}};
}

/// The network with its plan.
Canonical design_json(const ModelConfig &model, bool auxiliary_head, bool &has_drop_path) {
  const Design design = design_of(model);
  const Network &network = design.network;
  Canonical out = {{"document", digest_of(network.graph)},
                   // What parameters start as depends on it, and no file has that.
                   {"family", network.family == nullptr ? Canonical(nullptr) : Canonical(network.family->info().name)},
                   {"plan", plan_of(design, model.where_possible)},
                   {"auxiliary_head", nullptr}};
  has_drop_path = !network.graph.marked(Mark::kDropPath).empty();
  if (const auto taps = network.graph.marked(Mark::kAuxiliaryTap); auxiliary_head && !taps.empty() && network.family != nullptr)
    if (const auto head = network.family->auxiliary_head(network.values, network.graph.activation(taps[0])))
      out["auxiliary_head"] = digest_of(*head);
  return out;
}

/// What was asked for, as a key: equal keys are equal designs.
std::string key_of(const ModelConfig &model, bool auxiliary_head) {
  return fmt::format("{}\n{}\n{},{},{}\n{}\n{}\n{}", model.network.spec, model.network.document, model.input.channels,
                     model.input.height, model.input.width, model.substitution, model.where_possible, auxiliary_head);
}

} // namespace

std::optional<std::string> without_effect(const Protocol &protocol, const std::string &key, const ProtocolScope &scope) {
  if (auto why = without_effect(protocol, key)) return why;
  if (!scope.has_teacher)
    if (auto why = without_effect_alone(key)) return why;
  for (const std::string_view word : {"name", "description", "for_networks"})
    if (key == word) return fmt::format("{} changes nothing that is computed; a key that does would be accepted", key);
  if (key == "drop_path" && !scope.has_drop_path)
    return "drop_path has no effect on a network without places for it; one of darts would use it";
  constexpr std::string_view kScaling = "decay_scaling";
  if (!key.starts_with(kScaling)) return std::nullopt;
  if (protocol.weight_decay == 0) return fmt::format("{} has no effect with weight_decay = 0; one above 0 would use it", key);
  const auto standard = standard_decay_scaling();
  const bool is_there = std::any_of(scope.families.begin(), scope.families.end(), [&](const std::string &family) {
    return standard.contains(family) && (key == kScaling || key == fmt::format("{}.{}", kScaling, family));
  });
  if (is_there) return std::nullopt;
  return fmt::format(
      "{} has no effect on layers whose weight decay is never scaled; a substitute of such a family would use it", key);
}

std::string Identities::of(const RunConfig &config, const std::string &fingerprint, const std::string &teacher) {
  const bool auxiliary_head = config.protocol.auxiliary_head;
  const std::string key = digest(key_of(config.model, auxiliary_head));
  auto known = designs_.find(key);
  if (known == designs_.end()) {
    Known made;
    made.json = design_json(config.model, auxiliary_head, made.has_drop_path).dump();
    known = designs_.emplace(key, std::move(made)).first;
  }
  Canonical out = {{"semantics", kSemantics}};
  out["network"] = Canonical::parse(known->second.json);
  out["teacher"] = teacher_of(config, teacher);
  out["protocol"] = protocol_of(config.protocol, {.has_teacher = !out["teacher"].is_null(),
                                                  .has_drop_path = known->second.has_drop_path,
                                                  .families = families_of(out["network"]["plan"])});
  out["precision"] = config.precision;
  out["micro_batch"] =
      config.micro_batch && *config.micro_batch < config.protocol.batch ? Canonical(*config.micro_batch) : Canonical(nullptr);
  out["seed"] = config.seed;
  out["data"] = {{"kind", parse_data_spec(config.data).first},
                 {"fingerprint", fingerprint},
                 {"max_images", config.max_images ? Canonical(*config.max_images) : Canonical(nullptr)}};
  out["weights"] = config.weights ? Canonical(config.weights->checksum) : Canonical(nullptr);
  // Runs of before have no such keys.
  if (config.start) out["start"] = config.start->checksum;
  const auto put_reading = [&](const char *name, formats::Reading reading) {
    reading.strict = false; // which changes no number
    if (reading != formats::Reading()) out[name] = reading_json(reading);
  };
  if (config.teacher && !out["teacher"].is_null()) put_reading("teacher_reading", config.teacher->reading);
  if (config.weights) put_reading("weights_reading", config.weights->reading);
  if (config.start) put_reading("start_reading", config.start->reading);
  return digest(out.dump());
}

} // namespace pare::train
