#include "base/digest.hpp"
#include "command/parse.hpp"
#include "solver/solver.hpp"
#include "tests/support.hpp"
#include "train/command/commands.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace pare::train {

namespace {

using test::expect_error;
using test::expect_message;

// A network of one's own, 3 x 32 x 32.
const std::string kNetwork = R"({"schema": "pare.network/1", "name": "tiny", "input": [3, 32, 32], "layers": [
  {"id": "a", "op": "conv", "inputs": ["input"], "out_channels": 8, "kernel": 3, "replaceable": "Conv"},
  {"id": "p", "op": "global_avg_pool", "inputs": ["a"]},
  {"id": "f", "op": "flatten", "inputs": ["p"]},
  {"id": "g", "op": "linear", "inputs": ["f"], "out_features": 10}], "attention_taps": [], "output": "g"})";

class Runs : public ::testing::Test {
protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "pare-plan-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string &name, const std::string &text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return (folder_ / name).string();
  }
  std::string solved(const std::string &network, const std::string &family, const std::string &budget) const {
    SolveRequest request;
    request.substitution = family;
    request.budgets = {parse_budget(budget)};
    return write("solved.json", write_solved(solve_uniform(make_network(network), request), "{}"));
  }
  std::filesystem::path folder_;
};

command::Arguments parsed(const command::Command &command, const std::vector<std::string> &words) {
  return command::parse("pare", command, words).value();
}

/// pare train NETWORK --data cifar10:data -o out WORDS
RunConfig asked(const std::string &network, const std::vector<std::string> &words = {}) {
  std::vector<std::string> all{network, "--data", "cifar10:data", "-o", "out"};
  all.insert(all.end(), words.begin(), words.end());
  return read_run_config(parsed(describe_train(), all));
}

TEST_F(Runs, ANetworkByName) {
  const RunConfig run = asked("wrn-16-2");
  EXPECT_EQ(run.model.network.spec, "wide_resnet:depth=16,width=2,classes=10");
  EXPECT_EQ(run.model.input.height, 32);
  EXPECT_EQ(run.protocol.name, "cifar10-wrn");
  EXPECT_EQ(run.data, "cifar10:data");
  EXPECT_FALSE(run.teacher);
  EXPECT_EQ(run.device, "cpu");
  EXPECT_EQ(run.precision, "fp32");
  EXPECT_EQ(run.seed, 0U);
  EXPECT_FALSE(run.threads);
  EXPECT_EQ(design_of(run.model).network.name, run.model.network.spec);
  EXPECT_EQ(asked("darts").protocol.name, "cifar10-darts");
}

TEST_F(Runs, NamesAreReadInAnyCase) {
  const RunConfig run = asked("WRN-16-2", {"--device", "CUDA:1", "--precision", "BF16", "--on-bad-file", "Skip", "--recompute",
                                           "ALL", "--set", "Schedule.Kind=COSINE"});
  EXPECT_EQ(run.device, "cuda:1");
  EXPECT_EQ(run.precision, "bf16");
  EXPECT_EQ(run.on_bad_file, "skip");
  EXPECT_EQ(run.protocol.recompute, RecomputeChoice::kAll);
  EXPECT_EQ(run.protocol.schedule.kind, ScheduleKind::kCosine);
  EXPECT_EQ(parse_data_spec("CIFAR10:X"), std::pair(std::string("cifar10"), std::string("X")));
  EXPECT_EQ(parse_data_spec("Folder:x").first, "imagenet");
}

TEST_F(Runs, OptionsChangeTheProtocol) {
  const RunConfig run = asked("wrn-16-2", {"--epochs",
                                           "5",
                                           "--batch",
                                           "32",
                                           "--learning-rate",
                                           "0.01",
                                           "--set",
                                           "schedule.milestones=2,4",
                                           "--set",
                                           "momentum=0.8",
                                           "--decay-scaling",
                                           "generic=off",
                                           "--recompute",
                                           "all",
                                           "--device",
                                           "cuda",
                                           "--precision",
                                           "bf16",
                                           "--channels-last",
                                           "--no-cuda-graph",
                                           "--micro-batch",
                                           "16",
                                           "--threads",
                                           "3",
                                           "--workers",
                                           "0",
                                           "--seed",
                                           "18446744073709551615",
                                           "--checkpoint-every",
                                           "7",
                                           "--on-bad-file",
                                           "skip",
                                           "--max-images",
                                           "12",
                                           "--max-steps",
                                           "9"});
  EXPECT_EQ(differences(run.protocol, find_protocol("cifar10-wrn")),
            (std::vector<std::string>{"batch = 32, not 128", "epochs = 5, not 200", "learning_rate = 0.01, not 0.1",
                                      "momentum = 0.8, not 0.9", "schedule.milestones = 2,4, not 60,120,160",
                                      "decay_scaling.generic = off, not on", "recompute = all, not auto"}));
  EXPECT_EQ(run.device, "cuda:0");
  EXPECT_EQ(run.precision, "bf16");
  EXPECT_TRUE(run.channels_last);
  EXPECT_FALSE(run.cuda_graph);
  EXPECT_EQ(run.micro_batch, 16);
  EXPECT_EQ(run.threads, 3);
  EXPECT_EQ(run.workers, 0);
  EXPECT_EQ(run.seed, 18446744073709551615U);
  EXPECT_EQ(run.checkpoint_every, 7);
  EXPECT_EQ(run.on_bad_file, "skip");
  EXPECT_EQ(run.max_steps, 9);
  EXPECT_EQ(run.max_images, 12);
  for (const auto &[family, on] : asked("wrn-16-2", {"--decay-scaling", "off"}).protocol.decay_scaling)
    EXPECT_FALSE(on) << family;
}

TEST_F(Runs, TheTeacherIsTheNetworkBeforeSubstitution) {
  const std::string file = write("teacher", "123456789");
  RunConfig run = asked("wrn-16-2", {"--substitute", "Shuffle_4", "--teacher", file, "--expect-teacher-error", "4.5+-0.25"});
  EXPECT_EQ(run.model.substitution, "Shuffle_4");
  ASSERT_TRUE(run.teacher);
  // SHA-256 of "123456789" (as sha256sum prints it).
  EXPECT_EQ(run.teacher->checksum, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
  EXPECT_EQ(run.teacher->network, run.model.network);
  EXPECT_EQ(run.teacher->expected_error.value().percent, 4.5);
  EXPECT_EQ(run.teacher->expected_error.value().tolerance, 0.25);
  EXPECT_TRUE(design_of(run.model).plan.uniform);
  EXPECT_FALSE(teacher_design_of(run).plan.uniform);

  run = asked(solved("wrn-16-2", "Generic", "parameters<=100K"), {"--teacher", file});
  EXPECT_FALSE(run.model.network.document.empty());
  EXPECT_EQ(run.teacher->network.spec, "wide_resnet:depth=16,width=2,classes=10");
  EXPECT_FALSE(design_of(run.model).plan.layers.empty());

  // A narrower network learns from the one whose width was solved for.
  run = asked(solved("wrn-16-2", "width", "parameters<=100K"), {"--teacher", file});
  EXPECT_EQ(run.teacher->network.spec, "wide_resnet:depth=16,width=2,classes=10");
  EXPECT_NE(design_of(run.model).network.name, run.teacher->network.spec);

  run = asked("wrn-16-1", {"--teacher", file, "--teacher-network", "wrn-40-2"});
  EXPECT_EQ(run.teacher->network.spec, "wide_resnet:depth=40,width=2,classes=10");
}

TEST_F(Runs, AFileIsKeptWhole) {
  const std::string file = write("tiny.json", kNetwork);
  const RunConfig run = asked(file, {"--protocol", "cifar10-wrn", "--substitute", "Generic_0.5"});
  std::filesystem::remove(file);
  const Design design = design_of(run.model);
  EXPECT_EQ(design.network.name, "tiny");
  EXPECT_EQ(design.substitution, "Generic_0.5");
}

TEST_F(Runs, FilesAreReadAsTheyWereWritten) {
  const std::string teacher = write("teacher", "123456789");
  const std::string tiny = write("tiny.json", kNetwork);
  for (const RunConfig &config : {asked("wrn-16-2"), asked("darts", {"--seed", "18446744073709551615", "--max-steps", "3"}),
                                  asked("wrn-16-2", {"--substitute", "Generic_0.1", "--teacher", teacher,
                                                     "--expect-teacher-error", "5+-0.1", "--weights", teacher}),
                                  asked(tiny, {"--protocol", "cifar10-wrn", "--threads", "2"}),
                                  asked("wrn-16-2", {"--substitute", "Generic_0.1", "--start", teacher}),
                                  asked(solved("wrn-16-2", "Generic", "parameters<=100K"), {"--teacher", teacher})}) {
    const std::string text = write_run({.config = config, .record = R"({"versions":{"pare":"1"},"anything":[1,2.5,null]})"});
    const RunFile read = read_run(text, "run.json");
    EXPECT_EQ(write_run(read), text);
    EXPECT_EQ(first_difference(read.config, config), std::nullopt);
    EXPECT_TRUE(bit_differences(read.config, config).empty());
    EXPECT_EQ(read.record, R"({"versions":{"pare":"1"},"anything":[1,2.5,null]})");
    EXPECT_EQ(read.config.seed, config.seed);
    EXPECT_EQ(read.config.teacher.has_value(), config.teacher.has_value());
    EXPECT_EQ(design_of(read.config.model).network.name, design_of(config.model).network.name);
  }
}

TEST_F(Runs, FilesAreReadStrictly) {
  const std::string good = write_run({.config = asked("wrn-16-2", {"--teacher", write("teacher", "x")}), .record = "{}"});
  const auto bad = [&](const std::string &what, const std::string &with, std::string_view line, int at = __builtin_LINE()) {
    std::string text = good;
    const auto begin = text.find(what);
    ASSERT_NE(begin, std::string::npos) << what;
    text.replace(begin, what.size(), with);
    expect_message([&] { read_run(text, "run.json"); }, line, __FILE__, at);
  };
  bad("pare.run/1", "pare.run/2", R"([invalid_file] run.json/schema: schema = "pare.run/2" must be "pare.run/1")");
  bad("\"seed\": 0", "\"seed\": -1",
      "[invalid_file] run.json/seed: seed = -1 must be a whole number from 0 to 18446744073709551615");
  bad("\"seed\": 0", "\"sede\": 0", R"([invalid_file] run.json/seed: "seed" is missing)");
  bad("\"seed\": 0", "\"seed\": 0, \"sede\": 0",
      R"([invalid_file] run.json/sede: unknown key "sede"; known: schema, network, input, substitution, where_possible, teacher, weights, start, data, max_images, protocol, seed, device, precision, channels_last, cuda_graph, micro_batch, threads, workers, checkpoint_every, on_bad_file, max_steps, record; did you mean seed?)");
  bad("\"seed\": 0", "\"seed\": 0, \"seed\": 0", R"([invalid_file] run.json/seed: key "seed" is given twice in one object)");
  bad("\"batch\": 128", "\"batch\": 0", "[invalid_file] run.json/protocol.batch: batch = 0 must be a whole number from 1 up");
  bad("\"batch\": 128", "\"btch\": 128", R"([invalid_file] run.json/protocol.batch: "batch" is missing)");
  bad("\"checksum\"", "\"cheksum\"", R"([invalid_file] run.json/teacher.checksum: "checksum" is missing)");
  bad("\"precision\": \"fp32\"", "\"precision\": \"fp8\"",
      R"([invalid_file] run.json/precision: precision = "fp8" must be one of fp32, tf32, bf16)");
  bad("\"device\": \"cpu\"", "\"device\": \"tpu\"", "[invalid_file] run.json/device: device = tpu must be cpu, cuda or cuda:N");
  bad("\"data\": \"cifar10:data\"", "\"data\": \"data\"",
      "[invalid_file] run.json/data: data = data must be KIND:DIR with KIND one of cifar10, cifar100, fashion-mnist, mnist, "
      "svhn, stl10, tiny-imagenet, imagenet (folder is imagenet)");
  bad("\"threads\": null", "\"threads\": 0",
      "[invalid_file] run.json/threads: threads = 0 must be a whole number from 1 to 1024");
  bad("\"record\": {}", "\"record\": []", "[invalid_file] run.json/record: record = [] must be an object");
  for (std::size_t size = 1; size + 2 < good.size(); size += 41)
    expect_error([&] { read_run(good.substr(0, size), "run.json"); }, ErrorCode::kInvalidFile, "run.json",
                 "parse error at line ");
  // Each byte damaged in turn: an Error or a run, never anything else.
  for (std::size_t at = 0; at < good.size(); ++at)
    for (const char byte : {'"', '[', '}', '9', '\xff'}) {
      std::string damaged = good;
      damaged[at] = byte;
      const std::string line = test::message_of([&] { read_run(damaged, "run.json"); });
      EXPECT_TRUE(line == "no error" || line.starts_with("[invalid_file] run.json")) << line;
    }
}

TEST_F(Runs, StartIsOfTheNetworkBeforeAnythingIsSubstituted) {
  const std::string teacher = write("teacher", "123456789");
  const RunConfig run = asked(solved("wrn-16-2", "Generic", "parameters<=100K"), {"--start", teacher});
  EXPECT_EQ(run.start.value().file, teacher);
  EXPECT_EQ(run.start->checksum, digest("123456789"));
  const Design design = design_of(start_network(run));
  EXPECT_EQ(design.network.name, "wide_resnet:depth=16,width=2,classes=10");
  EXPECT_EQ(design.substitution_text(), "");
  EXPECT_FALSE(asked("wrn-16-2").start);
  // A file of before has no such key.
  std::string before = write_run({.config = asked("wrn-16-2"), .record = "{}"});
  const std::string key = "  \"start\": null,\n";
  ASSERT_NE(before.find(key), std::string::npos);
  before.erase(before.find(key), key.size());
  EXPECT_FALSE(read_run(before, "run.json").config.start);
}

TEST_F(Runs, WhatIsAskedForOtherwiseIsNamed) {
  const std::string teacher = write("teacher", "one");
  const std::string other = write("other", "two");
  const RunConfig started = asked("wrn-16-2", {"--teacher", teacher, "--threads", "2"});
  const auto difference = [&](const std::string &network, std::vector<std::string> words) {
    return first_difference(asked(network, words), started).value_or("");
  };
  const auto expect = [](const std::string &line, const std::vector<std::string> &parts) {
    for (const std::string &part : parts) EXPECT_NE(line.find(part), std::string::npos) << part << "\nin: " << line;
  };
  // Another place of the same bytes, and how the work is done, are the same run.
  const std::string same = write("same", "one");
  EXPECT_EQ(difference("wrn-16-2", {"--teacher", same, "--workers", "5", "--max-steps", "8", "--checkpoint-every", "3"}), "");
  EXPECT_EQ(difference("wide_resnet:depth=16,width=2", {"--teacher", teacher}), "");
  expect(difference("wrn-16-1", {"--teacher", teacher, "--teacher-network", "wrn-16-2"}), {"network", "width=1", "width=2"});
  expect(difference("wrn-16-2", {"--teacher", teacher, "--substitute", "Generic_0.1"}), {"substitute = Generic_0.1", "none"});
  expect(difference("wrn-16-2", {}), {"teacher = none"});
  expect(difference("wrn-16-2", {"--teacher", other}), {"teacher = "});
  expect(difference("wrn-16-2", {"--teacher", teacher, "--teacher-network", "wrn-40-2"}), {"teacher-network", "depth=40"});
  expect(difference("wrn-16-2", {"--teacher", teacher, "--weights", other}), {"weights = "});
  expect(difference("wrn-16-2", {"--teacher", teacher, "--start", other}), {"start = ", "none"});
  expect(difference("wrn-16-2", {"--teacher", teacher, "--batch", "64"}), {"protocol.batch = 64", "started with 128"});
  expect(difference("wrn-16-2", {"--teacher", teacher, "--set", "decay_scaling.cp=off"}), {"protocol.decay_scaling.cp = off"});
  expect(difference("wrn-16-2", {"--teacher", teacher, "--seed", "1"}), {"seed = 1", "started with 0"});
  expect(difference("wrn-16-2", {"--teacher", teacher, "--precision", "bf16"}), {"precision = bf16"});
  expect(difference("wrn-16-2", {"--teacher", teacher, "--micro-batch", "64"}), {"micro-batch = 64", "none"});

  // A substitution goes by either name: runs of before hold the reference's where Pare's own was given.
  EXPECT_EQ(first_difference(asked("wrn-16-2", {"--substitute", "generic:rank_scale=0.1"}),
                             asked("wrn-16-2", {"--substitute", "Generic_0.1"})),
            std::nullopt);

  RunConfig again = asked("wrn-16-2", {"--teacher", teacher});
  EXPECT_TRUE(bit_differences(again, started).empty()); // threads were not said
  adopt(again, started);
  EXPECT_EQ(again.threads, 2);
  again = asked("wrn-16-2", {"--teacher", teacher, "--threads", "4", "--device", "cuda:1", "--channels-last"});
  EXPECT_EQ(first_difference(again, started), std::nullopt);
  const std::vector<std::string> lines = bit_differences(again, started);
  ASSERT_EQ(lines.size(), 3U);
  expect(lines[0], {"device = cuda:1", "cpu"});
  expect(lines[1], {"channels-last = on"});
  expect(lines[2], {"threads = 4", "2"});
}

TEST_F(Runs, WhatCannotBeIsNamed) {
  const std::string teacher = write("teacher", "x");
  const auto bad = [](std::vector<std::string> words, ErrorCode code, std::string_view where, std::string_view message) {
    const std::string network = words.front();
    words.erase(words.begin());
    expect_error([&] { asked(network, words); }, code, where, message);
  };
  bad({"wrn-16-2", "--set", "batch"}, ErrorCode::kUsage, "--set", "KEY=VALUE");
  bad({"wrn-16-2", "--set", "bacth=1"}, ErrorCode::kUnknownName, "protocol/bacth", "batch");
  bad({"wrn-16-2", "--set", "batch=0"}, ErrorCode::kInvalidValue, "protocol/batch", "from 1 up");
  bad({"wrn-16-2", "--batch", "8", "--set", "batch=9"}, ErrorCode::kUsage, "protocol/batch", "twice");
  bad({"wrn-16-2", "--batch", "8", "--set", "BATCH=9"}, ErrorCode::kUsage, "protocol/batch", "twice");
  bad({"wrn-16-2", "--set", "augmentation.mean=2,2,2"}, ErrorCode::kInvalidValue, "protocol/augmentation.mean",
      "from 0 up to 1");
  bad({"wrn-16-2", "--teacher", "-"}, ErrorCode::kUsage, "--teacher", "not read from stdin");
  bad({"wrn-16-2", "--weights", "-"}, ErrorCode::kUsage, "--weights", "not read from stdin");
  bad({"wrn-16-2", "--start", "-"}, ErrorCode::kUsage, "--start", "not read from stdin");
  const std::string weights = write("weights", "1");
  bad({"wrn-16-2", "--start", weights, "--weights", weights}, ErrorCode::kUsage, "--start", "one of the two would be accepted");
  bad({"darts", "--set", "schedule.factor=0.5"}, ErrorCode::kUsage, "protocol/schedule.factor", "cosine");
  // As other programs call it.
  bad({"wrn-16-2", "--lr", "0.1"}, ErrorCode::kUsage, "pare train", "did you mean --learning-rate?");
  bad({"wrn-16-2", "--batch-size=64"}, ErrorCode::kUsage, "pare train", "did you mean --batch?");
  bad({"wrn-16-2", "--weight-decay", "1e-4"}, ErrorCode::kUsage, "pare train", "did you mean --set weight_decay=VALUE?");
  bad({"wrn-16-2", "--ema", "0.9"}, ErrorCode::kUsage, "pare train", "did you mean --set ema_decay=VALUE?");
  bad({"wrn-16-2", "--set", "lr=0.1"}, ErrorCode::kUnknownName, "protocol/lr", "did you mean learning_rate?");
  bad({"wrn-16-2", "--set", "WD=1e-4"}, ErrorCode::kUnknownName, "protocol/WD", "did you mean weight_decay?");
  bad({"wrn-16-2", "--set", "gamma=0.1"}, ErrorCode::kUnknownName, "protocol/gamma", "did you mean schedule.factor?");
  bad({"wrn-16-2", "--decay-scaling", "generic"}, ErrorCode::kInvalidValue, "decay_scaling", "on, off or a number above 0");
  bad({"wrn-16-2", "--decay-scaling", "foo=on"}, ErrorCode::kUnknownName, "decay_scaling", "generic");
  bad({"wrn-16-2", "--protocol", "nope"}, ErrorCode::kUnknownName, "protocol", "cifar10-wrn");
  bad({"mobilenet-v2"}, ErrorCode::kUsage, "--protocol", "cifar10-wrn");
  bad({"wrn-16-2", "--protocol", "cifar100-wrn"}, ErrorCode::kInvalidConfig, "--protocol", "for cifar100 data, not cifar10");
  bad({"wrn-16-2", "--input", "3,64,64"}, ErrorCode::kInvalidConfig, "--input", "3 x 32 x 32");
  bad({"wrn-16-2", "--device", "gpu"}, ErrorCode::kInvalidValue, "--device", "cpu, cuda");
  bad({"wrn-16-2", "--device", "cuda:-1"}, ErrorCode::kInvalidValue, "--device", "whole number");
  bad({"wrn-16-2", "--precision", "fp16"}, ErrorCode::kInvalidValue, "--precision", "fp32, tf32, bf16");
  bad({"wrn-16-2", "--micro-batch", "129"}, ErrorCode::kInvalidConfig, "--micro-batch", "128");
  bad({"wrn-16-2", "--threads", "0"}, ErrorCode::kInvalidValue, "--threads", "from 1 to 1024");
  bad({"wrn-16-2", "--seed", "-1"}, ErrorCode::kInvalidValue, "--seed", "from 0");
  bad({"wrn-16-2", "--teacher", (folder_ / "missing").string()}, ErrorCode::kIo, "missing", "No such file");
  bad({"wrn-16-2", "--teacher-network", "wrn-40-2"}, ErrorCode::kUsage, "--teacher-network", "--teacher FILE");
  bad({"wrn-16-2", "--expect-teacher-error", "5+-1"}, ErrorCode::kUsage, "--expect-teacher-error", "--teacher FILE");
  for (const std::string error : {"5", "5+-", "+-1", "101+-1", "-1+-1", "5+--1", "nan+-1", "5+-inf"})
    bad({"wrn-16-2", "--teacher", teacher, "--expect-teacher-error", error}, ErrorCode::kInvalidValue, "--expect-teacher-error",
        "must be");
  bad({solved("wrn-16-2", "Generic", "parameters<=100K"), "--substitute", "Sep"}, ErrorCode::kUsage, "--substitute", "solved");
  for (const std::string data : {"data", "cifar10", "cifar10:", "emnist:data", ""})
    expect_error(
        [&] {
          read_run_config(parsed(describe_train(), {"wrn-16-2", "--data", data, "-o", "out"}));
        },
        ErrorCode::kUsage, "--data", "KIND:DIR");
  expect_message(
      [] {
        write_run({.config =
                       [] {
                         RunConfig run = asked("wrn-16-2");
                         run.data = "cifar10:\xff";
                         return run;
                       }(),
                   .record = "{}"});
      },
      "[invalid_value] run.json: a name is not UTF-8, which JSON needs; one that is would be accepted");
}

// What the help shows can be read; files that it names are not there.
TEST_F(Runs, ExamplesOfTheHelp) {
  std::size_t read = 0;
  for (const command::Command &command : {describe_train(), describe_evaluate(), describe_data()})
    for (const command::Example &example : command.examples) {
      SCOPED_TRACE(example.command);
      std::istringstream line{std::string(example.command)};
      std::vector<std::string> words(std::istream_iterator<std::string>(line), {});
      ASSERT_GT(words.size(), 3U);
      EXPECT_EQ(words[0], "pare");
      EXPECT_EQ(words[1], command.name);
      words.erase(words.begin(), words.begin() + 2);
      const command::Arguments arguments = parsed(command, words);
      if (command.name == "train" && !arguments.has("--teacher") && !arguments.has("--start")) {
        EXPECT_NO_THROW(read_run_config(arguments));
      }
      if (command.name == "data") {
        EXPECT_NO_THROW(read_synthesize_request(arguments));
      }
      ++read;
    }
  EXPECT_GE(read, 6U);
}

/// A forgotten teacher costs a run.
TEST_F(Runs, KeysThatOnlyATeacherUsesAreRefusedWithoutOne) {
  for (const char *setting : {"alpha=0.5", "beta=3", "temperature=2", "attention=paper", "distillation=hinton",
                              "distillation_weight=1", "distillation_ramp_epochs=2", "attention_resize=pool"})
    expect_error(
        [&] {
          asked("wrn-16-2", {"--set", "alpha=0.5", "--set", setting});
        },
        ErrorCode::kUsage, "protocol/", setting == std::string_view("alpha=0.5") ? "twice" : "without a teacher");
  expect_error(
      [&] {
        asked("wrn-16-2", {"--set", "beta=3"});
      },
      ErrorCode::kUsage, "protocol/beta", "no effect without a teacher");
  EXPECT_EQ(asked("wrn-16-2", {"--set", "label_smoothing=0.1"}).protocol.label_smoothing, 0.1);
}

TEST_F(Runs, Evaluate) {
  const auto read = [](const std::vector<std::string> &words) {
    return read_evaluate_request(parsed(describe_evaluate(), words));
  };
  const std::string no_run = folder_.string();
  expect_message(
      [&] {
        read({no_run, "--data", "cifar10:data"});
      },
      "[io] " + no_run + ": has no run.json; the folder of a run would be accepted");
  write("run.json", write_run({.config = asked("wrn-16-4", {"--substitute", "Shuffle_2"}), .record = "{}"}));
  expect_message(
      [&] {
        read({no_run, "--data", "cifar10:data"});
      },
      "[io] " + no_run + ": has neither weights.safetensors nor a checkpoint; a run that has saved once would be accepted");
  write("weights.safetensors", "x"); // whose they are is in run.json
  EvaluateRequest request = read({folder_.string()});
  EXPECT_EQ(request.weights, (folder_ / "weights.safetensors").string());
  EXPECT_EQ(request.told, request.weights);
  EXPECT_EQ(request.data, "cifar10:data");
  EXPECT_EQ(request.model.network.spec, "wide_resnet:depth=16,width=4,classes=10");
  EXPECT_EQ(request.model.substitution, "Shuffle_2");
  EXPECT_EQ(read({folder_.string(), "--data", "cifar10:elsewhere"}).data, "cifar10:elsewhere");
  EXPECT_EQ(read({folder_.string(), "--weights", "w"}).weights, "w");
  std::filesystem::remove(folder_ / "weights.safetensors");
  EXPECT_EQ(read({folder_.string(), "--weights", "w"}).weights, "w"); // a run that saved none
  write("weights.safetensors", "x");
  for (const char *setting : {"learning_rate=9", "beta=0", "ema_decay=0.9"})
    expect_error(
        [&] {
          read({"wrn-16-2", "--weights", "w", "--data", "cifar10:data", "--set", setting});
        },
        ErrorCode::kUsage, "protocol/", "where nothing is trained");
  const std::string broken = write("checkpoint-000000000001.safetensors", "x");
  expect_error([&] { read({broken}); }, ErrorCode::kInvalidFile, "checkpoint-000000000001", "checksum");
  std::filesystem::remove(broken);
  expect_error([&] { read({(folder_ / "weights.safetensors").string()}); }, ErrorCode::kInvalidFile, "weights.safetensors",
               "is not a file of weights");
  request = read({"wrn-16-2", "--weights", "w", "--data", "cifar100:data", "--format", "json"});
  EXPECT_EQ(request.model.network.spec, "wide_resnet:depth=16,width=2,classes=10");
  EXPECT_EQ(request.protocol.name, "cifar100-wrn");
  expect_error([&] { read({"wrn-16-2", "--weights", "w"}); }, ErrorCode::kUsage, "--data", "is missing");
  EXPECT_EQ(request.format, "json");
  EXPECT_EQ(read({"wrn-16-2", "--weights", "w", "--data", "cifar10:data", "--set", "batch=7"}).protocol.batch, 7);
  expect_message(
      [&] {
        read({folder_.string(), "--data", "cifar10:data", "--set", "batch=7"});
      },
      "[usage] --set: the run in " + folder_.string() + " has its own; without it would be accepted");
  expect_error([&] { read({"wrn-16-2", "--data", "cifar10:data"}); }, ErrorCode::kUsage, "--weights", "without weights");
  expect_message(
      [&] {
        read({"wrn-16-2", "--data", "cifar10:data", "--weights", "-"});
      },
      "[usage] --weights: weights are not read from stdin; the name of a file would be accepted");
  expect_message(
      [&] {
        read({folder_.string(), "--data", "cifar10:data", "--protocol", "cifar10-wrn"});
      },
      "[usage] --protocol: the run in " + folder_.string() + " has its own; without it would be accepted");
  expect_error(
      [&] {
        read({"wrn-16-2", "--weights", "w", "--data", "cifar10:data", "--format", "csv"});
      },
      ErrorCode::kUsage, "--format", "text, json");
}

TEST_F(Runs, Synthesize) {
  const auto read = [](const std::vector<std::string> &words) {
    return read_synthesize_request(parsed(describe_data(), words));
  };
  SynthesizeRequest request = read({"synthesize", "--like", "cifar10", "--classes", "4", "--images", "100", "dir"});
  EXPECT_EQ(request.like, "cifar10");
  EXPECT_EQ(request.size, 32);
  EXPECT_EQ(request.images, 100);
  EXPECT_EQ(request.folder, "dir");
  request =
      read({"synthesize", "dir", "--like", "imagenet", "--classes", "20", "--images", "40", "--size", "64", "--seed", "5"});
  EXPECT_EQ(request.size, 64);
  EXPECT_EQ(request.seed, 5U);
  expect_error(
      [&] {
        read({"destroy", "dir", "--like", "cifar10", "--classes", "4", "--images", "100"});
      },
      ErrorCode::kUsage, "data", "synthesize");
  expect_error(
      [&] {
        read({"synthesize", "dir", "--like", "cifar10", "--classes", "11", "--images", "100"});
      },
      ErrorCode::kInvalidValue, "--classes", "from 2 to 10");
  expect_error(
      [&] {
        read({"synthesize", "dir", "--like", "cifar10", "--classes", "4", "--images", "3"});
      },
      ErrorCode::kInvalidValue, "--images", "from 4");
  expect_error(
      [&] {
        read({"synthesize", "dir", "--like", "cifar10", "--classes", "4", "--images", "9", "--size", "64"});
      },
      ErrorCode::kUsage, "--size", "32 x 32");
  expect_message(
      [&] {
        read({"synthesize", "--like", "cifar10", "--classes", "4", "--images", "9"});
      },
      "[usage] pare data: DIR is missing; see pare data --help");
}

} // namespace

} // namespace pare::train
