#pragma once

#include "train/plan/run_config.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pare::train {

/// What a run computes, as a number that is raised by hand when a change alters that: from then on runs of before are not those
/// of today.
inline constexpr std::int64_t kSemantics = 1;

/// What a protocol acts on in a run.
struct ProtocolScope {
  bool has_teacher = false;
  bool has_drop_path = false;        ///< the network has places for it
  std::vector<std::string> families; ///< of the plan's substitutes, by name
};
/// Why a key of a protocol, "decay_scaling.generic" too, changes nothing in such a run; none where it does.
std::optional<std::string> without_effect(const Protocol &protocol, const std::string &key, const ProtocolScope &scope);

/// Tells runs apart by what they compute: SHA-256, in hexadecimal, of canonical JSON (keys sorted, no blanks, doubles as the
/// shortest decimal) of the network, its plan in whole numbers, the protocol without the keys that have no effect, precision,
/// seed, data and teacher (train/experiments/README.md has the form). Equal runs have one identity however they were asked for.
/// Threads, device and layout change the last bits only, and are not in it.
class Identities {
public:
  /// `fingerprint`: of the data. `teacher`: the identity of the run that trained it; empty: `config.teacher` is a file from
  /// outside, which enters by its checksum, or there is none. Throws Error where the network or its plan cannot be read.
  std::string of(const RunConfig &config, const std::string &fingerprint, const std::string &teacher);

private:
  struct Known {
    std::string json; ///< canonical, of network and plan
    bool has_drop_path = false;
  };
  std::map<std::string, Known> designs_; ///< by what was asked for
};

} // namespace pare::train
