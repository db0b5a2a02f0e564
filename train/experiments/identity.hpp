#pragma once

#include "train/plan/run_config.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace pare::train {

/// What a run computes, as a number that is raised by hand when a change alters that: from then on runs of before are not those
/// of today.
inline constexpr std::int64_t kSemantics = 1;

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
  std::map<std::string, std::string> designs_; ///< canonical JSON of network and plan, by what was asked for
};

} // namespace pare::train
