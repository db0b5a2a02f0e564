#include "tests/train_run/run_test.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <pty.h>

// What pare train, evaluate and data do and say, from the outside.

namespace pare::test {

namespace {

namespace fs = std::filesystem;

class Run : public TrainRun {
protected:
  /// A value of run.json's record.
  Json record(const std::string &name) const { return run_json(name).at("record"); }
  /// One step of a student beside the teacher in "teacher/weights.safetensors".
  static Words student(const std::string &name, const std::string &substitute = "Generic_0.5") {
    return join(small(name), {"--substitute", substitute, "--teacher", "teacher/weights.safetensors", "--max-steps", "1"});
  }
  void make_teacher() const { uninterrupted("teacher"); }
  double top1(const std::string &name) const { return metrics(name).back().at("validation").at("top1_error_percent"); }
};

TEST_F(Run, TeacherThenSolvedStudentEndToEnd) {
  fs::remove_all("data");
  output({"data", "synthesize", "--like", "cifar10", "--classes", "3", "--images", "600", "data"});
  const std::string network = "wide_resnet:depth=10,width=1,classes=3";
  const Words settings = {"--data", "cifar10:data",          "--batch",   "20", "--learning-rate", "0.05",
                          "--set",  "augmentation.cutout=0", "--threads", "1"};
  trained(join({network, "--epochs", "4", "--set", "schedule.milestones=3", "-o", "runs/teacher"}, settings));
  output({"solve", network, "--substitute", "Generic", "--budget", "parameters<=40%", "-o", "student.json"});
  const double error = top1("runs/teacher");
  const Result result = trained(
      join({"student.json", "--teacher", "runs/teacher/weights.safetensors", "--expect-teacher-error",
            std::to_string(error) + "+-0.01", "--epochs", "6", "--set", "schedule.milestones=4,5", "-o", "runs/student"},
           settings));
  // Chance is 66.7 %.
  EXPECT_LT(error, 20);
  EXPECT_LT(top1("runs/student"), 30);
  EXPECT_GE(metrics("runs/student").back().at("train").at("attention"), 0);

  // The graph that was counted is the graph that was trained.
  const Json solved = Json::parse(read("student.json"));
  const Json cost = json({"cost", "student.json", "--format", "json"});
  const Tensors weights = read_tensors("runs/student/weights.safetensors");
  EXPECT_EQ(record("runs/student").at("parameters"), cost.at("parameters")) << cost;
  EXPECT_EQ(record("runs/student").at("substitution"), solved.at("substitution"));
  EXPECT_EQ(record("runs/student").at("teacher").at("top1_error_percent"), error);
  // The solved configuration goes with the weights.
  EXPECT_EQ(Json::parse(Json::parse(weights.metadata.at("pare.run")).at("network").dump()), Json::parse(solved.dump()));

  const Json evaluation = json({"evaluate", "runs/student", "--data", "cifar10:data", "--threads", "1", "--format", "json"});
  EXPECT_EQ(evaluation.at("top1_error_percent"), top1("runs/student"));
  EXPECT_EQ(evaluation.at("substitution"), solved.at("substitution"));
  EXPECT_NE(result.out.find("top-1 error"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("synthetic"), std::string::npos) << result.out;
}

TEST_F(Run, EvaluatesRunsAndNetworks) {
  uninterrupted("run");
  const std::string network = small("")[0];
  const Words data = {"--data", "cifar10:data", "--threads", "1", "--format", "json"};
  const Json of_run = json(join({"evaluate", "run"}, data));
  EXPECT_EQ(keys(of_run), (Words{"schema", "network", "substitution", "weights", "data", "data_fingerprint", "synthetic",
                                 "images", "top1_error_percent", "top5_error_percent", "loss", "parameters"}));
  const Json last = metrics("run").back().at("validation");
  EXPECT_EQ(of_run.at("schema"), "pare.evaluation/1");
  EXPECT_EQ(of_run.at("top1_error_percent"), last.at("top1_error_percent"));
  EXPECT_EQ(of_run.at("top5_error_percent"), last.at("top5_error_percent"));
  EXPECT_EQ(of_run.at("loss"), last.at("loss"));
  EXPECT_EQ(of_run.at("images"), 40); // a fifth of 200
  EXPECT_EQ(of_run.at("synthetic"), true);
  EXPECT_EQ(of_run.at("data_fingerprint"), record("run").at("data_fingerprint"));
  EXPECT_EQ(of_run.at("parameters"), json({"cost", network, "--format", "json"}).at("parameters"));

  Json of_network = json(join({"evaluate", network, "--weights", "run/weights.safetensors"}, data));
  // 10 images of a batch, or 128: the sums are rounded otherwise.
  EXPECT_NEAR(of_network.at("loss").get<double>(), of_run.at("loss").get<double>(), 1e-5);
  EXPECT_EQ(of_network.at("top1_error_percent"), of_run.at("top1_error_percent"));

  // A run that is not finished: its last checkpoint.
  trained(join(small("unfinished"), {"--max-steps", "20"}));
  const Json unfinished = json(join({"evaluate", "unfinished"}, data));
  EXPECT_EQ(unfinished.at("loss"), metrics("run")[20].at("validation").at("loss")); // behind the first epoch's 20 steps
  EXPECT_NE(unfinished.at("weights").get<std::string>().find("step 20 (not finished)"), std::string::npos);
  // Its files say what they are, and where the images were.
  const auto loss_of = [](const std::string &what) {
    return json({"evaluate", what, "--threads", "1", "--format", "json"}).at("loss");
  };
  EXPECT_EQ(loss_of("unfinished/checkpoint-000000000020.safetensors"), unfinished.at("loss"));
  for (const char *what : {"run", "run/weights.safetensors"}) EXPECT_EQ(loss_of(what), of_run.at("loss")) << what;
  Json best; // the first of the epochs with the fewest errors
  for (const Json &line : metrics("run"))
    if (line.contains("validation") &&
        (best.is_null() || line.at("validation").at("top1_error_percent") < best.at("top1_error_percent")))
      best = line.at("validation");
  EXPECT_EQ(loss_of("run/best.safetensors"), best.at("loss"));
  // Other images are not taken for those of the run, and where these are now is asked for.
  fs::rename("data", "moved");
  expect_fault_in(run({"evaluate", "run"}), 1, "io", {"the run had its images in cifar10:data", "--data KIND:DIR"});
  output({"data", "synthesize", "--like", "cifar10", "--classes", "10", "--images", "100", "--seed", "9", "data"});
  expect_fault_in(run({"evaluate", "run/best.safetensors"}), 1, "invalid_config", {"has other images than those of the run"});
  EXPECT_EQ(json({"evaluate", "run", "--data", "cifar10:moved", "--threads", "1", "--format", "json"}).at("loss"),
            of_run.at("loss"));
  fs::remove_all("data");
  fs::rename("moved", "data");

  // A run's folder is a teacher, of its own network, done or not.
  for (const char *teacher : {"run", "unfinished"}) {
    const std::string student = std::string("of_") + teacher;
    trained(
        join({"wide_resnet:depth=10,width=0.5", "--data", "cifar10:data", "--epochs", "1", "--batch", "10", "--threads", "1"},
             {"--set", "schedule.milestones=", "--teacher", teacher, "-o", student}));
    EXPECT_EQ(run_json(student).at("teacher").at("network"), run_json(teacher).at("network"));
    EXPECT_NEAR(record(student).at("teacher").at("loss").get<double>(),
                (teacher == std::string("run") ? of_run : unfinished).at("loss").get<double>(), 1e-5);
  }

  const std::string text = output({"evaluate", "run", "--data", "cifar10:data", "--threads", "1"});
  EXPECT_NE(text.find("(synthetic)"), std::string::npos) << text;
  EXPECT_EQ(output({"evaluate", "run", "--data", "cifar10:data", "--threads", "1", "-o", "result"}), "");
  EXPECT_EQ(read("result"), text);
}

TEST_F(Run, ResultsOnSyntheticDataSaySoEverywhere) {
  const Words words = join(small("run"), {"--teacher", "run0/weights.safetensors"});
  uninterrupted("run0");
  const Result result = trained(words);
  EXPECT_NE(result.out.find("on synthetic data"), std::string::npos) << result.out;
  int results = 0;
  for (const std::string &line : lines(result.err))
    if (line.find("error") != std::string::npos && line.find("step") == std::string::npos) {
      EXPECT_NE(line.find("synthetic data"), std::string::npos) << line;
      ++results;
    }
  EXPECT_EQ(results, 1 + 3); // the teacher, and each epoch
  for (const Json &line : metrics("run"))
    if (line.contains("validation")) {
      EXPECT_EQ(line.at("synthetic"), true) << line;
    }
  EXPECT_EQ(record("run").at("data_is_synthetic"), true);
  EXPECT_EQ(read_tensors("run/weights.safetensors").metadata.at("synthetic"), "true");

  // The same images without the mark are taken as what they look like.
  fs::create_directory("plain");
  for (const std::string name :
       {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"})
    fs::copy_file("data/" + name, "plain/" + name);
  const Result plain = trained(with(small("run1"), "--data", "cifar10:plain"));
  EXPECT_EQ((plain.out + plain.err).find("synthetic"), std::string::npos) << plain.out << plain.err;
  EXPECT_EQ(metrics("run1").back().at("synthetic"), false);
  EXPECT_EQ(record("run1").at("data_is_synthetic"), false);
  EXPECT_EQ(read_tensors("run1/weights.safetensors").metadata.at("synthetic"), "false");
}

TEST_F(Run, TeachersErrorIsCheckedAndWrittenDown) {
  make_teacher();
  const double error = top1("teacher");
  const auto expecting = [&](double percent) { return std::to_string(percent) + "+-1"; };
  expect_fault_in(train(join(student("run"), {"--expect-teacher-error", expecting(error + 1.5)})), 1, "invalid_config",
                  {"--expect-teacher-error", "was expected"});
  EXPECT_FALSE(fs::exists("run/metrics.jsonl"));
  trained(join(student("run"), {"--expect-teacher-error", expecting(error - 0.5)}));
  EXPECT_EQ(record("run").at("teacher").at("top1_error_percent"), error);
  EXPECT_EQ(run_json("run").at("teacher").at("expected_error").at("tolerance"), 1);
  // When it goes on as well, though it is not evaluated again.
  const Result result =
      train(with(join(student("run"), {"--expect-teacher-error", expecting(error + 1.5)}), "--max-steps", "2"));
  expect_fault_in(result, 1, "invalid_config", {"--expect-teacher-error", "was expected"});
  EXPECT_EQ(result.err.find("evaluating"), std::string::npos) << result.err;
}

TEST_F(Run, WrongTeachersAreRefused) {
  make_teacher();
  const auto refused = [&](const Words &words, int code, std::string_view tag, const Words &parts) {
    expect_fault_in(train(words), code, tag, parts);
  };
  refused(with(student("run"), "--teacher", "nothing.safetensors"), 1, "io", {"nothing.safetensors"});
  refused(with(student("run"), "--teacher", "data/test_batch.bin"), 1, "invalid_file", {"test_batch.bin"});
  refused(join(student("run"), {"--teacher-network", "wide_resnet:depth=16,width=0.25"}), 1, "invalid_config",
          {"missing", "block1.0.layer.1.bn1.bias"});
  refused(join(student("run"), {"--teacher-network", "wide_resnet:depth=10,width=0.25,classes=7"}), 1, "invalid_config",
          {"10 classes", "7"});
  refused(join(small("run"), {"--expect-teacher-error", "5+-1"}), 2, "usage", {"there is no teacher"});
  // Another file than the run was started with.
  trained(student("run"));
  std::string bytes = read("teacher/weights.safetensors");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write("teacher/weights.safetensors", bytes);
  refused(with(student("run"), "--max-steps", "2"), 1, "invalid_config", {"teacher"});
}

TEST_F(Run, NetworkAndDataMustFit) {
  const auto refused = [&](const Words &words, int code, std::string_view tag, const Words &parts) {
    expect_fault_in(train(words), code, tag, parts);
  };
  Words words = small("run");
  words[0] = "wide_resnet:depth=10,width=0.25,classes=4";
  refused(words, 1, "invalid_config", {"--data", "10 classes", "4"});
  refused(with(small("run"), "--data", "cifar10:nowhere"), 1, "io", {"nowhere"});
  refused(with(small("run"), "--data", "cifar100:data"), 1, "invalid_file", {"synthetic 'cifar10'", "cifar10:data"});
  refused(with(small("run"), "--data", "pictures:data"), 2, "usage", {"pictures", "cifar10"});
  // A file that is cut off.
  write("data/data_batch_3.bin", read("data/data_batch_3.bin").substr(0, 5000));
  refused(small("run"), 1, "invalid_file", {"data_batch_3.bin"});
  // A folder that holds something else.
  refused(small("data"), 1, "io", {"data", "no run.json"});
  refused(small("data/test_batch.bin"), 1, "io", {"is no folder"});
  for (const auto &entry : fs::directory_iterator("data")) EXPECT_FALSE(entry.path().filename().string().starts_with("claim"));
}

TEST_F(Run, NotFiniteStopsItAndNamesALayer) {
  const Result result = train(with(small("run"), "--learning-rate", "1e30"));
  EXPECT_EQ(result.code, 1);
  const std::string last = lines(result.err).back();
  EXPECT_TRUE(last.starts_with("pare: [not_finite] run: step 2 of epoch 1: the loss is not finite; first not finite: "))
      << last;
  EXPECT_TRUE(
      last.ends_with(". The weights are in diverged.safetensors; a smaller learning_rate, or clip_grad would be accepted"))
      << last;
  // One of the network's layers, or parameters, by its name.
  const Tensors weights = read_tensors("run/diverged.safetensors");
  EXPECT_TRUE(std::any_of(weights.tensors.begin(), weights.tensors.end(), [&](const auto &entry) {
    const std::string layer = entry.first.substr(0, entry.first.rfind('.'));
    return last.find("parameter " + entry.first) != std::string::npos || last.find("layer " + layer) != std::string::npos;
  })) << last;
  EXPECT_FALSE(fs::exists("run/weights.safetensors"));
  EXPECT_TRUE(checkpoints("run").empty());
  EXPECT_NE(read("run/log").find("not finite"), std::string::npos);
  // The same command comes to the same end.
  EXPECT_EQ(lines(train(with(small("run"), "--learning-rate", "1e30")).err).back(), last);
}

/// One step an epoch: its loss is that of the weights before, and what it makes of them shows in the validation alone.
TEST_F(Run, AValidationLossThatIsNotFiniteIsNoResult) {
  const Words words = with(with(with(small("run"), "--learning-rate", "1e30"), "--batch", "200"), "--epochs", "1");
  const Result result = train(words);
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.out, "");
  const std::string last = lines(result.err).back();
  EXPECT_TRUE(last.starts_with("pare: [not_finite] run: epoch 1: the validation loss is not finite; first not finite: layer "))
      << last;
  EXPECT_TRUE(
      last.ends_with(". The weights are in diverged.safetensors; a smaller learning_rate, or clip_grad would be accepted"))
      << last;
  EXPECT_TRUE(fs::exists("run/diverged.safetensors"));
  EXPECT_FALSE(fs::exists("run/weights.safetensors"));
  EXPECT_TRUE(checkpoints("run").empty());
  EXPECT_EQ(lines(train(words).err).back(), last);
}

/// Writes over the beginning of a tensor of a safetensors file.
void overwrite(const std::string &path, const std::string &name, const std::string &with) {
  std::string bytes = read_text(path);
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  const std::size_t begin = Json::parse(bytes.substr(8, header)).at(name).at("data_offsets").at(0);
  bytes.replace(8 + header + begin, with.size(), with);
  std::ofstream(path, std::ios::binary) << bytes;
}

template <class Number>
std::string bytes_of(Number value) {
  return {reinterpret_cast<const char *>(&value), sizeof value};
}

TEST_F(Run, WeightsThatAreNoNumbersAreNamedWhenTheyAreLoaded) {
  uninterrupted("run");
  fs::copy_file("run/weights.safetensors", "bad.safetensors");
  overwrite("bad.safetensors", "conv1.weight", bytes_of(NAN));
  const std::string said =
      "[not_finite] bad.safetensors: \"conv1.weight\" has nan at [0, 0, 0, 0]; finite numbers would be accepted";
  const Words data = {"--data", "cifar10:data", "--threads", "1"};
  const auto refused = [&](const Words &words) {
    const Result result = run(words);
    EXPECT_EQ(result.code, 1);
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(lines(result.err).back(), "pare: " + said);
  };
  refused(join({"evaluate", small("")[0], "--weights", "bad.safetensors"}, data));
  refused(join(join({"train"}, small("student")), {"--teacher", "bad.safetensors"}));
  refused(join(join({"train"}, small("started")), {"--weights", "bad.safetensors"}));
  EXPECT_FALSE(fs::exists("student/run.json"));

  // Numbers all, whose loss is none: the teacher or the weights are at fault, and no learning rate.
  fs::copy_file("run/weights.safetensors", "large.safetensors");
  overwrite("large.safetensors", "fc.weight", bytes_of(3e38F) + bytes_of(3e38F) + bytes_of(3e38F) + bytes_of(3e38F));
  const std::string layer = "first not finite: layer fc (linear); ";
  EXPECT_EQ(run(join({"evaluate", small("")[0], "--weights", "large.safetensors"}, data)).err,
            "pare: [not_finite] large.safetensors: the loss on the validation images is not finite; " + layer +
                "other weights would be accepted\n");
  const Result taught = train(join(small("student"), {"--teacher", "large.safetensors"}));
  EXPECT_EQ(taught.code, 1);
  EXPECT_EQ(lines(taught.err).back(),
            "pare: [not_finite] large.safetensors: the teacher's loss on the validation images is not finite; " + layer +
                "another teacher would be accepted");
  EXPECT_FALSE(fs::exists("student/run.json"));
}

TEST_F(Run, AHashIndexOutOfRangeIsTheFiles) {
  trained(with(join(small("whole"), {"--substitute", "Hashed_0.5"}), "--epochs", "1"));
  const Tensors tensors = read_tensors("whole/weights.safetensors");
  const auto index = std::find_if(tensors.tensors.begin(), tensors.tensors.end(),
                                  [](const auto &entry) { return entry.first.ends_with(".idxs"); });
  ASSERT_NE(index, tensors.tensors.end());
  const std::string name = index->first;
  overwrite("whole/weights.safetensors", name, bytes_of(std::int64_t{1} << 40));
  const Result result = run({"evaluate", "whole", "--data", "cifar10:data", "--threads", "1"});
  EXPECT_EQ(result.code, 1);
  const std::string line = lines(result.err).back();
  EXPECT_TRUE(line.starts_with("pare: [invalid_file] whole/weights.safetensors: \"" + name + "\" has 1099511627776 at [0"))
      << line;
  EXPECT_NE(line.find("; whole numbers from 0 to "), std::string::npos) << line;
  EXPECT_TRUE(line.ends_with(" would be accepted")) << line;
}

TEST_F(Run, BatchNormOverOneValueIsRefusedBeforeTheFirstStep) {
  // 4 x 4 images: 1 x 1 behind two strides.
  const auto tiny = [](const std::string &name) {
    return join(small(name), {"--input", "3,4,4", "--set", "augmentation.size=4", "--set", "augmentation.cutout=0", "--set",
                              "augmentation.evaluation=resize_crop", "--set", "augmentation.evaluation_resize=4"});
  };
  const auto refused = [&](const Words &words, const std::string &line) {
    const Result result = train(words);
    EXPECT_EQ(result.code, 1);
    EXPECT_EQ(result.err, "pare: [invalid_config] " + line + "\n");
    EXPECT_FALSE(fs::exists("run/run.json"));
  };
  const std::string norm =
      "leave a pass of 1 image, in which batch norm block3.0.layer.0.bn2, on maps of 1 x 1, has one value per "
      "channel and no variance to divide by; ";
  refused(with(tiny("run"), "--batch", "199"),
          "protocol/batch: batch = 199 and 200 training images " + norm + "batch = 200 would be accepted");
  refused(with(tiny("run"), "--micro-batch", "3"),
          "--micro-batch: micro-batch = 3 and 200 training images " + norm + "micro-batch = 4 would be accepted");
  trained(join(with(tiny("run"), "--batch", "100"), {"--max-steps", "1"}));
  // One image on larger maps is as good as any.
  trained(join(with(small("larger"), "--batch", "1"), {"--max-steps", "1"}));
}

TEST_F(Run, GoesOnWhereNobodyReadsItsResult) {
  const Result result = run(join({"train"}, small("run")), Stdout::kReaderGone);
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.err.find("pare: ["), std::string::npos) << result.err;
  EXPECT_TRUE(fs::exists("run/weights.safetensors"));
  EXPECT_EQ(run(join({"train"}, small("run")), Stdout::kReaderGone).code, 0); // of the run that is complete
}

TEST_F(Run, AdviceOnClassesFitsWhereTheNetworkCameFrom) {
  const std::string four = "wide_resnet:depth=10,width=0.25,classes=4";
  const auto refused = [&](const std::string &network, const std::string &advice) {
    Words words = small("run");
    words[0] = network;
    const Result result = train(words);
    EXPECT_EQ(result.code, 1);
    EXPECT_EQ(lines(result.err).back(), "pare: [invalid_config] --data: cifar10:data has 10 classes, and the network 4; " +
                                            advice + ", or data of 4 classes would be accepted");
  };
  refused(four, "wide_resnet:classes=10");
  output({"solve", four, "--substitute", "Generic", "--budget", "parameters<=60%", "-o", "solved.json"});
  refused("solved.json", "one that was solved for wide_resnet:classes=10");
  output({"show", four, "--format", "json", "-o", "network.json"});
  Words words = small("run");
  words[0] = "network.json";
  const Result result = train(join(words, {"--protocol", "cifar10-wrn"}));
  EXPECT_EQ(lines(result.err).back(),
            "pare: [invalid_config] --data: cifar10:data has 10 classes, and the network 4; a file of a "
            "network with 10 outputs, or data of 4 classes would be accepted");
}

TEST_F(Run, NothingDependsOnTheNumberOfWorkers) {
  for (const std::string workers : {"0", "1", "3"}) trained(join(small("w" + workers), {"--workers", workers}));
  expect_same_results("w0", "w1");
  expect_same_results("w0", "w3");
  trained(with(small("other"), "--seed", "1"));
  EXPECT_NE(read("other/metrics.jsonl"), read("w0/metrics.jsonl")); // as they would be equal if nothing were random
}

TEST_F(Run, RecomputedActivationsAreTheSame) {
  make_teacher();
  const auto words = [](const std::string &name) { return with(student(name), "--max-steps", "20"); };
  trained(words("kept"));
  trained(join(words("recomputed"), {"--recompute", "all"}));
  EXPECT_EQ(run_json("recomputed").at("protocol").at("recompute"), "all");
  EXPECT_EQ(metrics("kept").size(), 21U);
  EXPECT_EQ(read("recomputed/metrics.jsonl"), read("kept/metrics.jsonl"));
  const Tensors kept = read_tensors("kept/" + checkpoints("kept").back());
  EXPECT_TRUE(read_tensors("recomputed/" + checkpoints("recomputed").back()).tensors == kept.tensors);
}

TEST_F(Run, MicroBatchesAddUpAndSaySo) {
  const Result result = trained(join(small("run"), {"--micro-batch", "5", "--max-steps", "1"}));
  EXPECT_NE(result.err.find("batch norm sees 5 images at a time, and not 10"), std::string::npos) << result.err;
  EXPECT_EQ(run_json("run").at("micro_batch"), 5);
  // A micro-batch of all is the batch.
  trained(join(small("all"), {"--micro-batch", "10", "--max-steps", "2"}));
  trained(join(small("none"), {"--max-steps", "2"}));
  EXPECT_EQ(read("all/metrics.jsonl"), read("none/metrics.jsonl"));
  expect_fault_in(train(join(small("run2"), {"--micro-batch", "11"})), 1, "invalid_config", {"micro-batch = 11", "10"});
}

TEST_F(Run, DecayScalingIsRecordedWithBothFactors) {
  const std::string network = small("")[0];
  const Words cost = {"cost", network, "--format", "json"};
  const double before = json(cost).at("parameters");
  const double after = json(join(cost, {"--substitute", "Generic_0.5"})).at("parameters");
  const auto decay = [&](const std::string &name, const Words &more) {
    trained(join(join(small(name), {"--substitute", "Generic_0.5", "--max-steps", "1"}), more));
    return record(name).at("weight_decay");
  };
  const Json on = decay("on", {});
  EXPECT_EQ(on.at("not_scaled"), 5e-4); // protocols.md
  EXPECT_NEAR(on.at("scaled").get<double>(), 5e-4 * after / before, 1e-15);
  EXPECT_NEAR(on.at("compression_ratio").get<double>(), after / before, 1e-12);
  EXPECT_EQ(on.at("scaled_families"), Json::parse(R"({"generic": true})"));
  EXPECT_EQ(decay("off", {"--decay-scaling", "off"}).at("scaled_families"), Json::parse(R"({"generic": false})"));
  EXPECT_EQ(decay("one", {"--decay-scaling", "generic=off"}).at("scaled_families"), Json::parse(R"({"generic": false})"));
  const auto weights = [&](const std::string &name) { return read_tensors(name + "/" + checkpoints(name).back()).tensors; };
  EXPECT_TRUE(weights("off") == weights("one"));
  EXPECT_FALSE(weights("off") == weights("on"));
}

TEST_F(Run, RunJsonHoldsWhatIsNeededToRepeatIt) {
  make_teacher();
  const Words words = with(join(student("run"), {"--seed", "7", "--workers", "2", "--checkpoint-every", "5", "--weights",
                                                 "start/weights.safetensors"}),
                           "--max-steps", "3");
  trained(join(small("start"), {"--substitute", "Generic_0.5"}));
  trained(words);
  const Json run = run_json("run");
  EXPECT_EQ(run.at("schema"), "pare.run/1");
  EXPECT_EQ(run.at("network"), "wide_resnet:depth=10,width=0.25,classes=10");
  EXPECT_EQ(run.at("substitution"), "Generic_0.5");
  EXPECT_EQ(run.at("input"), Json::parse("[3, 32, 32]"));
  EXPECT_EQ(run.at("teacher").at("file"), "teacher/weights.safetensors");
  EXPECT_EQ(run.at("teacher").at("checksum").get<std::string>().size(), 64U);
  EXPECT_EQ(run.at("teacher").at("network"), "wide_resnet:depth=10,width=0.25,classes=10");
  EXPECT_EQ(run.at("weights").at("file"), "start/weights.safetensors");
  EXPECT_EQ(run.at("data"), "cifar10:data");
  EXPECT_EQ(run.at("seed"), 7);
  EXPECT_EQ(run.at("threads"), 1);
  EXPECT_EQ(run.at("device"), "cpu");
  EXPECT_EQ(run.at("precision"), "fp32");
  const Json protocol = run.at("protocol");
  EXPECT_EQ(protocol.at("name"), "cifar10-wrn");
  EXPECT_EQ(protocol.at("batch"), 10);
  EXPECT_EQ(protocol.at("epochs"), 3);
  EXPECT_EQ(protocol.at("momentum"), 0.9);
  EXPECT_EQ(protocol.at("schedule").at("milestones"), Json::parse("[1, 2]"));
  EXPECT_EQ(protocol.at("augmentation").at("cutout"), 16);
  const Json found = run.at("record");
  for (const std::string name : {"pare", "compiler", "LibTorch"}) EXPECT_FALSE(found.at("versions").at(name).empty()) << name;
  EXPECT_EQ(found.at("data_fingerprint").get<std::string>().size(), 64U);
  EXPECT_EQ(found.at("training_images"), 200);
  EXPECT_EQ(found.at("validation_images"), 40);

  // The protocol of run.json is one to start from, and gives the same.
  Json renamed = protocol;
  renamed["name"] = "repeated"; // a known protocol's name is refused where the values are others
  write("protocol.json", renamed.dump());
  trained({"wide_resnet:depth=10,width=0.25",
           "--substitute",
           "Generic_0.5",
           "--input",
           "3,32,32",
           "--teacher",
           "teacher/weights.safetensors",
           "--weights",
           "start/weights.safetensors",
           "--data",
           "cifar10:data",
           "--protocol",
           "protocol.json",
           "--seed",
           "7",
           "--threads",
           "1",
           "--max-steps",
           "3",
           "-o",
           "again"});
  EXPECT_EQ(read("again/metrics.jsonl"), read("run/metrics.jsonl"));
}

TEST_F(Run, TrainsFoldersOfImages) {
  output({"data", "synthesize", "--like", "imagenet", "--classes", "4", "--images", "80", "--size", "80", "images"});
  const auto words = [](const std::string &name) -> Words {
    return {"resnet-18:width=0.25,classes=4",
            "--input",
            "3,64,64",
            "--data",
            "imagenet:images",
            "--set",
            "augmentation.size=64",
            "--set",
            "augmentation.evaluation_resize=72",
            "--epochs",
            "2",
            "--batch",
            "20",
            "--learning-rate",
            "0.01",
            "--threads",
            "1",
            "-o",
            name};
  };
  trained(words("one"));
  EXPECT_EQ(run_json("one").at("protocol").at("augmentation").at("kind"), "random_resized_crop");
  EXPECT_EQ(record("one").at("training_images"), 80);
  EXPECT_EQ(metrics("one").back().at("step"), 8);
  EXPECT_EQ(
      json({"evaluate", "one", "--data", "imagenet:images", "--threads", "1", "--format", "json"}).at("top1_error_percent"),
      top1("one"));
  trained(join(words("two"), {"--max-steps", "3", "--workers", "3"}));
  trained(join(words("two"), {"--workers", "0"}));
  expect_same_results("one", "two");

  // A bad image is named, and stops it or is counted.
  std::vector<std::string> files;
  for (const auto &entry : fs::directory_iterator("images/train/synthetic_0001")) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  write(files[1], "no image");
  fs::remove("images/train/synthetic_0002/nothing");
  expect_fault_in(train(words("bad")), 1, "invalid_file", {files[1], "--on-bad-file skip"});
  const Result result = trained(join(words("bad"), {"--on-bad-file", "skip"}));
  EXPECT_NE(result.err.find("1 image could not be decoded"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find(files[1]), std::string::npos) << result.err;
  EXPECT_NE(read("bad/log").find(files[1]), std::string::npos);
  EXPECT_EQ(metrics("bad").back().at("step"), 8); // an epoch keeps its length
}

TEST_F(Run, QuietSaysNothingAndPlainLinesHaveNoCodes) {
  const Result quiet = trained(join(small("quiet"), {"--quiet"}));
  EXPECT_EQ(quiet.err, "");
  EXPECT_EQ(lines(quiet.out).size(), 2U) << quiet.out; // the result, and where the weights are
  EXPECT_EQ(lines(quiet.out)[1], "quiet/weights.safetensors");
  const Result plain = trained(small("plain"));
  EXPECT_EQ(plain.err.find('\x1b'), std::string::npos);
  EXPECT_EQ(plain.err.find('\r'), std::string::npos);
  EXPECT_NE(plain.err.find("epoch 3/3: loss "), std::string::npos) << plain.err;
}

TEST_F(Run, ATerminalShowsABarThatFitsIt) {
  constexpr unsigned short kColumns = 60;
  const winsize size{.ws_row = 24, .ws_col = kColumns, .ws_xpixel = 0, .ws_ypixel = 0};
  Words words = join({PARE_BINARY, "train"}, small("run"));
  words[2] = "wide_resnet:depth=10,width=1"; // long enough for a bar, which is shown ten times a second
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, &size);
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::vector<std::string> copies = words;
    std::vector<char *> argv;
    for (std::string &word : copies) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  std::string shown;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = ::read(terminal, buffer.data(), buffer.size())) > 0;)
    shown.append(buffer.data(), static_cast<std::size_t>(n));
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(terminal);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << shown;
  // Each bar is written over: behind a return and an order to clear the line, and never longer than the line.
  const std::string clear = "\r\x1b[K[";
  int bars = 0;
  for (std::size_t at = 0; (at = shown.find(clear, at)) != std::string::npos; ++bars) {
    const std::size_t begin = at + clear.size() - 1;
    at = std::min(shown.find('\r', begin), shown.size());
    EXPECT_LT(at - begin, kColumns) << shown.substr(begin, at - begin);
    EXPECT_NE(shown.substr(begin, at - begin).find("epoch"), std::string::npos) << shown.substr(begin, at - begin);
  }
  EXPECT_GE(bars, 1) << shown;
  EXPECT_NE(shown.find("epoch 3/3: loss "), std::string::npos) << shown;
}

} // namespace

} // namespace pare::test
