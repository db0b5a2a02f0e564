#include "train/experiments/identity.hpp"

#include "analysis/network_file.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

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
                      {"evaluation", name_of(kEvaluations, substitute->evaluated())}};
  }
  return out;
}

/// Families whose weight decay may be scaled, of what the plan puts in.
std::vector<std::string> scaled_families(const Canonical &plan) {
  std::vector<std::string> out;
  for (const auto &entry : plan) out.push_back(entry.at("family"));
  return out;
}

/// Without its name, and without what changes nothing.
Canonical protocol_of(const Protocol &protocol, bool has_teacher, const std::vector<std::string> &families) {
  Protocol plain = protocol;
  // Milestones that are never reached.
  std::erase_if(plain.schedule.milestones, [&](std::int64_t epoch) { return epoch >= protocol.epochs; });
  std::erase_if(plain.decay_scaling,
                [&](const auto &entry) { return std::find(families.begin(), families.end(), entry.first) == families.end(); });
  Canonical out = Canonical::parse(write_protocol(plain));
  for (const char *key : {"schema", "name", "description", "for_networks", "data", "recompute"}) out.erase(key);
  if (plain.schedule.milestones.empty()) out["schedule"].erase("factor");
  for (const FieldDescription &field : describe_protocol_fields()) {
    if (!without_effect(protocol, field.key) && (has_teacher || !without_effect_alone(field.key))) continue;
    const auto dot = field.key.find('.');
    if (dot == std::string::npos)
      out.erase(field.key);
    else
      out[field.key.substr(0, dot)].erase(field.key.substr(dot + 1));
  }
  return out;
}

Canonical teacher_of(const RunConfig &config, const std::string &identity) {
  if (!config.teacher) return nullptr;
  if (!identity.empty()) return {{"run", identity}};
  return {{"file", config.teacher->checksum}, {"network", digest_of(teacher_design_of(config).network.graph)}};
}

/// The network with its plan.
Canonical design_json(const ModelConfig &model, bool auxiliary_head) {
  const Design design = design_of(model);
  const Network &network = design.network;
  Canonical out = {{"document", digest_of(network.graph)},
                   // What parameters start as depends on it, and no file has that.
                   {"family", network.family == nullptr ? Canonical(nullptr) : Canonical(network.family->info().name)},
                   {"plan", plan_of(design, model.where_possible)},
                   {"auxiliary_head", nullptr}};
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

std::string Identities::of(const RunConfig &config, const std::string &fingerprint, const std::string &teacher) {
  const bool auxiliary_head = config.protocol.auxiliary_head;
  const std::string key = digest(key_of(config.model, auxiliary_head));
  auto design = designs_.find(key);
  if (design == designs_.end()) design = designs_.emplace(key, design_json(config.model, auxiliary_head).dump()).first;
  Canonical out = {{"semantics", kSemantics}};
  out["network"] = Canonical::parse(design->second);
  const std::vector<std::string> families = scaled_families(out["network"]["plan"]);
  out["protocol"] = protocol_of(config.protocol, config.teacher.has_value(), families);
  out["precision"] = config.precision;
  out["micro_batch"] =
      config.micro_batch && *config.micro_batch < config.protocol.batch ? Canonical(*config.micro_batch) : Canonical(nullptr);
  out["seed"] = config.seed;
  out["data"] = {{"kind", parse_data_spec(config.data).first},
                 {"fingerprint", fingerprint},
                 {"max_images", config.max_images ? Canonical(*config.max_images) : Canonical(nullptr)}};
  out["teacher"] = teacher_of(config, teacher);
  out["weights"] = config.weights ? Canonical(config.weights->checksum) : Canonical(nullptr);
  return digest(out.dump());
}

} // namespace pare::train
