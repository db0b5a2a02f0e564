#include "tests/run.hpp"

#include <algorithm>
#include <filesystem>

namespace pare::test {

namespace {

class VerifyCommand : public Cli {};

// Plans that were solved when they were added, by families that are named: new ones change none of them.
TEST_F(VerifyCommand, GoldenPlansAreProven) {
  int proven = 0;
  for (const auto &entry : std::filesystem::directory_iterator(PARE_GOLDEN_DIR "/mixed")) {
    const Result result = run({"verify", entry.path().string()});
    EXPECT_EQ(result.code, 0) << entry.path() << result.out << result.err;
    EXPECT_TRUE(result.out.ends_with("\nproven: optimal\n")) << result.out;
    ++proven;
  }
  EXPECT_EQ(proven, 5);
}

TEST_F(VerifyCommand, AFalseClaimIsExitCodeOne) {
  Json solved = golden("mixed/wrn_16_2_parameters.json");
  for (const int by : {-1, 1}) {
    Json other = solved;
    for (Json *number :
         {&other["per_layer"]["value"], &other["per_layer"]["certificate"]["value"], &other["termination"]["bound"]})
      *number = number->get<std::int64_t>() + by;
    write("s.json", other.dump());
    const Result result = run({"verify", "s.json"});
    EXPECT_EQ(result.code, 1) << result.out;
    EXPECT_NE(result.out.find("not proven: the choice's scores sum to "), std::string::npos) << result.out;
  }
  solved["per_layer"]["families"] = {"nonsense"};
  write("s.json", solved.dump());
  expect_fault(run({"verify", "s.json"}), 1, "invalid_file", {"per_layer", "\"nonsense\""});
}

TEST_F(VerifyCommand, RefusesWhatClaimsNothing) {
  expect_fault(run({"verify", "wrn-10-1"}), 2, "usage", {"is no solved file"});
  expect_fault(run({"verify", "gone.json"}), 1, "io", {"gone.json"});
  const Result none =
      run({"solve", "wrn-10-1", "--per-layer", "--families", "generic", "--budget", "parameters<=5%", "--format", "json"});
  EXPECT_EQ(none.code, 3);
  write("none.json", none.out);
  const Result proof = run({"verify", "none.json"});
  EXPECT_EQ(proof.code, 0) << proof.err;
  EXPECT_TRUE(proof.out.ends_with("\nproven: infeasible\n")) << proof.out;
  // Nor does what was stopped before it knew.
  const Result stopped = run({"solve", "wrn-16-2", "--per-layer", "--families", "all", "--budget", "parameters<=5%", "--format",
                              "json", "--time-limit", "0"});
  EXPECT_EQ(stopped.code, 1) << stopped.out;
  write("stopped.json", stopped.out);
  expect_fault(run({"verify", "stopped.json"}), 1, "invalid_file", {"this file holds neither a plan nor a proof"});
}

TEST_F(VerifyCommand, LimitsOfItAreNoProof) {
  const std::string file = PARE_GOLDEN_DIR "/mixed/wrn_16_2_parameters.json";
  for (const std::string limit : {"0", "60"}) {
    const Result result = run({"verify", file, "--time-limit", limit});
    EXPECT_TRUE(result.code == 0 ? result.out.ends_with("proven: optimal\n")
                                 : result.out.find("not proven: ") != std::string::npos);
  }
  expect_fault(run({"verify", file, "--time-limit", "x"}), 2, "usage", {"must be a number from 0 up"});
  expect_fault(run({"verify", file, "--memory", "0"}), 2, "usage", {"must be a whole number from 1 up"});
}

} // namespace

} // namespace pare::test
