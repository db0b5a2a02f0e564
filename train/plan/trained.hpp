#pragma once

#include "train/plan/run_config.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pare::train {

/// What a run came to, or had come to when it was stopped.
struct Trained {
  RunConfig config;
  std::string data_fingerprint;          ///< of its images; empty where it was not written down
  std::string file;                      ///< its weights, or a checkpoint
  std::string told;                      ///< what these are, for people: the file, or which step of which run
  formats::Reading reading;              ///< how the network lies in it
  std::vector<std::string> remarks = {}; ///< checkpoints that are damaged, and were passed over
};

/// Of a run's folder (its weights.safetensors, or its newest checkpoint where it is not done), of weights that have their run
/// with them (weights.safetensors, best.safetensors, ema.safetensors, wherever they are), or of a checkpoint in its run's
/// folder. None where `path` is neither a folder nor a file of safetensors. Throws Error{kIo} where a folder has no run, or
/// nothing that was saved, and Error{kInvalidFile}, also where a file does not say of which network it is.
/// `needs_weights`: else a folder's are not looked for.
std::optional<Trained> find_trained(const std::string &path, bool needs_weights = true);

} // namespace pare::train
