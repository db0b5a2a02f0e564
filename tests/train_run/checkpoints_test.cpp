#include "tests/train_run/run_test.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

// Weights as other programs hold them, from the outside: PyTorch writes what a run came to under other keys and names.

namespace pare::test {

namespace {

class Checkpoints : public TrainRun {
protected:
  void SetUp() override {
    TrainRun::SetUp();
    uninterrupted("run");
    const std::string command =
        fmt::format("'{}' -B -W ignore '{}' run/weights.safetensors .", PARE_TORCH_PYTHON, PARE_WRITE_CHECKPOINTS);
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
    loss_ = evaluated("run/weights.safetensors").at("loss");
  }
  static Words evaluation(const std::string &weights, const Words &more) {
    return join(
        {"evaluate", small("")[0], "--weights", weights, "--data", "cifar10:data", "--threads", "1", "--format", "json"}, more);
  }
  static Json evaluated(const std::string &weights, const Words &more = {}) { return json(evaluation(weights, more)); }
  /// That the network computes what the run's does; returns what was said.
  std::string same(const std::string &weights, const Words &more = {}) const {
    const Result result = run(evaluation(weights, more));
    EXPECT_EQ(result.code, 0) << result.err;
    if (result.code == 0) {
      EXPECT_EQ(Json::parse(result.out).at("loss"), loss_) << weights;
    }
    return result.err;
  }
  void refused(const std::string &weights, const Words &more, std::string_view tag, const Words &parts) const {
    expect_fault_in(run(evaluation(weights, more)), tag == "invalid_config" ? 1 : 2, tag, parts);
  }
  Json loss_;
};

TEST_F(Checkpoints, OfOtherProgramsAreReadByWhatTheNetworkNeeds) {
  const std::string said = same("wrapped.pt");
  EXPECT_NE(said.find("wrapped.pt: names of xternalz's WideResNet"), std::string::npos) << said;
  EXPECT_NE(
      said.find(
          "2 tensors that the network does not use, left out: \"module.model.sub_block1.layer.0.conv1.weight\", \"module.mu\""),
      std::string::npos)
      << said;
  refused("wrapped.pt", {"--strict"}, "invalid_config", {"2 beside them that the network has not", "without --strict"});
  EXPECT_NE(same("functional.pt7").find("names of szagoruyko's WideResNet"), std::string::npos);
  same("wrapped.pt", {"--weights-key", "model_state_dict"});
  refused("wrapped.pt", {"--weights-key", "ema"}, "invalid_config",
          {"no tensors under the key \"ema\"", "\"model_state_dict\""});

  refused("two.pth", {}, "invalid_config", {"holds the network 2 times", "state_dict, state_dict_ema"});
  same("two.pth", {"--weights-key", "state_dict"});
  EXPECT_NE(evaluated("two.pth", {"--weights-key", "state_dict_ema"}).at("loss"), loss_);

  EXPECT_NE(same("list.pt", {"--match", "order"}).find("\"layers.0\" is conv1.weight ["), std::string::npos);
  refused("list.pt", {}, "invalid_config", {"0 of the network's", "missing"});
  refused("run/weights.safetensors", {"--match", "order"}, "invalid_config", {"sorted by their names"});

  write("map.json", R"([["^net/", ""], ["/", "."], ["kernel$", "weight"]])");
  same("odd.pt", {"--name-map", "map.json"});
  write("map.json", R"([["(", ""]])");
  refused("odd.pt", {"--name-map", "map.json"}, "invalid_value", {"map.json[0]", "RE2"});

  same("arrays.pkl");
  // Names are the file's, and a terminal does what it is told.
  const std::string escaped = same("escape.pt");
  EXPECT_NE(escaped.find("left out: \"mu"), std::string::npos) << escaped;
  EXPECT_EQ(escaped.find('\x1b'), std::string::npos);

  refused("missing.pt", {}, "invalid_config", {"1 missing: \"bn1.bias\""});
  refused("deeper.pt", {}, "invalid_config", {"as of another network", "block1.0.layer.1.conv1.conv.weight"});
  refused("classes.pt", {}, "invalid_config", {"2 of another shape", "--reinitialise fc"});
  refused("wrapped.pt", {"--reinitialise", "fc"}, "usage", {"--reinitialise"}); // evaluate has no use for it
}

TEST_F(Checkpoints, TrainingTakesThemAndRecordsHow) {
  const Words student = {"--substitute",  "Generic_0.5",    "--teacher",   "two.pth",
                         "--weights-key", "state_dict_ema", "--max-steps", "1"};
  trained(join(small("student"), student));
  EXPECT_EQ(run_json("student").at("teacher").at("reading").at("key"), "state_dict_ema");
  // A run that goes on does so with what it was started with.
  expect_fault_in(train(with(join(small("student"), student), "--weights-key", "state_dict")), 1, "invalid_config",
                  {"teacher-reading"});
  EXPECT_EQ(run({"resume", "student", "--threads", "1"}).code, 0);

  trained(join(small("transfer"), {"--weights", "classes.pt", "--reinitialise", "fc", "--max-steps", "1"}));
  EXPECT_EQ(run_json("transfer").at("weights").at("reading").at("reinitialise"), Json::array({"fc"}));
  EXPECT_TRUE(run_json("run").at("weights").is_null());
  trained(join(small("projected"), {"--substitute", "Generic_0.5", "--start", "two.pth", "--weights-key", "state_dict",
                                    "--reinitialise", "fc", "--max-steps", "1"}));
  const Json drawn = run_json("projected").at("record").at("start").at("drawn");
  EXPECT_NE(std::find(drawn.begin(), drawn.end(), Json("fc.weight")), drawn.end()) << drawn;

  expect_fault_in(train(join(small("none"), {"--weights-key", "ema"})), 2, "usage", {"--weights-key", "no file of weights"});
  expect_fault_in(train(join(small("none"), {"--reinitialise", "fc"})), 2, "usage", {"--reinitialise", "start anew"});
  expect_fault_in(train(join(small("none"), {"--weights", "classes.pt", "--reinitialise", "head"})), 2, "unknown_name",
                  {"no layer \"head\"", "\"fc\""});
}

} // namespace

} // namespace pare::test
