#pragma once

// What the tests of runners and of run folders share: a schedule made by hand, and folders as a trainer leaves them.

#include "base/files.hpp"
#include "tests/support.hpp"
#include "train/experiments/identity.hpp"
#include "train/experiments/schedule.hpp"
#include "train/experiments/state.hpp"
#include "train/plan/claim.hpp"
#include "train/plan/run_result.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace pare::train {

namespace fs = std::filesystem;

/// A folder of its own, in which the test runs.
class Runs : public testing::Test {
protected:
  Runs() {
    std::string name = (fs::temp_directory_path() / "pare-runs-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    root_ = name;
    before_ = fs::current_path();
    fs::current_path(root_);
  }
  ~Runs() override {
    fs::current_path(before_);
    fs::remove_all(root_);
  }

  static void write(const std::string &path, std::string_view text) {
    if (const fs::path parent = fs::path(path).parent_path(); !parent.empty()) fs::create_directories(parent);
    std::ofstream(path, std::ios::binary) << text;
  }

  /// Experiments by name, each with the place of its teacher in this list, or itself. They differ in their seeds.
  static Schedule schedule(const std::vector<std::pair<std::string, std::size_t>> &experiments) {
    Schedule out;
    out.name = "by hand";
    ScheduledDesign design;
    design.model.network.spec = "wide_resnet:depth=10,width=1,classes=10";
    design.model.input = {.batch = 1, .channels = 3, .height = 32, .width = 32};
    out.designs.push_back(design);
    out.protocols.push_back(default_protocol("cifar10", "wide_resnet"));
    ScheduledData data;
    data.spec = "cifar10:data";
    data.fingerprint = std::string(64, 'f');
    out.data.push_back(data);
    Identities identities;
    for (std::size_t i = 0; i < experiments.size(); ++i) {
      Experiment e;
      e.name = experiments[i].first;
      e.seed = i;
      if (experiments[i].second != i) e.teacher = out.experiments.at(experiments[i].second).identity;
      e.identity = identities.of(run_config_of(out, e), data.fingerprint, e.teacher);
      out.experiments.push_back(e);
    }
    return out;
  }
  static std::string folder(const Schedule &schedule, std::size_t i) { return "runs/" + schedule.experiments[i].folder(); }

  static RunResult result(Ending ending, const std::string &reason = {}) {
    return {.ending = ending, .reason = reason, .step = 40, .steps = 60, .epoch = 2, .epochs = 3, .seconds = 5.5, .last = {}};
  }
  /// As a trainer leaves it that is done.
  static void put_done(const Schedule &schedule, std::size_t i) {
    const std::string path = folder(schedule, i);
    write(path + "/run.json", write_run({.config = run_config_of(schedule, schedule.experiments[i]),
                                         .record = with_experiment("{}", schedule.experiments[i])}));
    write(path + "/weights.safetensors", std::string_view("\x02\0\0\0\0\0\0\0{}", 10)); // of no tensor
    write(path + "/result.json", write_result(result(Ending::kDone)));
  }
  /// The claim of another machine, renewed so many seconds ago.
  static void put_claim(const std::string &path, ClaimFile claim, double seconds_ago = 0) {
    const std::string file = path + "/claim-5.json";
    write(file, write_claim(claim));
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec -= static_cast<time_t>(seconds_ago);
    const std::array<timespec, 2> times = {now, now};
    ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times.data(), 0), 0);
  }

private:
  fs::path root_;
  fs::path before_;
};

} // namespace pare::train
