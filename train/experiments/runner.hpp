#pragma once

#include "train/experiments/schedule.hpp"
#include "train/experiments/state.hpp"
#include "train/plan/claim.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pare::train {

struct RunnerOptions {
  std::string trainer;                        ///< the path of pare-train
  std::string runs = "runs";                  ///< the folder of all runs
  std::int64_t jobs = 1;                      ///< runs at a time; the cores are divided among them
  std::vector<std::string> devices = {"cpu"}; ///< jobs take them in turn
  std::int64_t retries = 2;                   ///< after an end that is no result
  std::vector<std::string> data;              ///< "cifar10:DIR": where the images of this kind lie here
  ClaimOptions claim;
};

/// Who listens to a runner, and may end it.
class RunnerListener {
public:
  virtual ~RunnerListener() = default;
  /// Something began or ended.
  virtual void line(std::string_view text) = 0;
  struct Row {
    std::string_view name;
    const RunStatus *status;
  };
  /// What runs here, a few times a second. `ended` of `total` will not be run any more.
  virtual void show(std::size_t ended, std::size_t total, std::span<const Row> rows) = 0;
  /// A signal that asks it to end; 0: none.
  virtual int signal() = 0;
};

/// Runs all of a schedule that is not done or diverged, teachers before their students, each in a process of its own that goes
/// on where it stopped. What another runner trains is waited for. Ends when nothing is left to do, or at a signal, when all
/// have saved. Returns the state of each experiment, in order. Throws Error before anything is begun: where a folder is of
/// another run, and for what no run could be started with.
std::vector<RunStatus> run_schedule(const Schedule &schedule, const RunnerOptions &options, RunnerListener &listener);

} // namespace pare::train
