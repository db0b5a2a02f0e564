#pragma once

#include "command/command.hpp"
#include "train/plan/claim.hpp"
#include "train/plan/protocol.hpp"
#include "train/plan/run_config.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pare::train {

/// What `pare` shows and `pare-train` does. `run` is null where another program is asked to do it.
using Run = int (*)(const command::Arguments &);
command::Command describe_train(Run run = nullptr);
command::Command describe_resume(Run run = nullptr);
command::Command describe_evaluate(Run run = nullptr);
command::Command describe_data(Run run = nullptr);

/// `train NETWORK ...`: reads every file but the data. Throws Error.
RunConfig read_run_config(const command::Arguments &arguments);

/// `--lease` and `--host`, of who trains and of who has it trained. Throws Error{kInvalidValue}.
command::OptionInfo lease_option();
command::OptionInfo host_option();
ClaimOptions read_claim_options(const command::Arguments &arguments);

/// `resume RUN ...`: the run of a folder as its run.json says, with what lies elsewhere now, and without a step to stop at.
/// Reads every file but the data. Throws Error, also where a file of weights is not what the run was started with.
struct ResumeRequest {
  std::string folder;
  RunConfig config;
  ClaimOptions claim;
};
ResumeRequest read_resume_request(const command::Arguments &arguments);

/// `evaluate`: a network with weights, or what a run came to, which has all of this.
struct EvaluateRequest {
  ModelConfig model;
  Protocol protocol;                           ///< how images are cut and normalised
  std::string weights;                         ///< a file
  std::string told;                            ///< what the weights are, for people: the file, or which step of which run
  std::vector<std::string> remarks;            ///< on how they were found
  formats::Reading reading = {};               ///< of that file
  std::string data_fingerprint;                ///< of the run's images, where they are what is evaluated on; empty: any images
  std::optional<std::int64_t> max_images = {}; ///< of the run, which its fingerprint has
  std::string data;                            ///< "cifar10:DIR"
  std::optional<std::int64_t> batch;
  std::string device = "cpu";
  std::string precision = "fp32";
  bool channels_last = false;
  std::optional<std::int64_t> workers;
  std::optional<std::int64_t> threads;
  std::string on_bad_file = "fail";
  std::string format = "text"; ///< "text" or "json"
  std::string output;          ///< a file; empty: stdout
};
EvaluateRequest read_evaluate_request(const command::Arguments &arguments);

/// `data synthesize`.
struct SynthesizeRequest {
  std::string like; ///< "cifar10" or "imagenet"
  std::int64_t classes = 0;
  std::int64_t images = 0; ///< to train on
  std::int64_t size = 0;   ///< height and width, pixels
  std::uint64_t seed = 0;
  std::string folder;
};
SynthesizeRequest read_synthesize_request(const command::Arguments &arguments);

} // namespace pare::train
