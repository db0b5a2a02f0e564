// Results as files: written and read from one list of fields; those of the 2019 system and of publications.

#include "train/experiments/results.hpp"

#include "tests/support.hpp"

#include <fmt/format.h>

namespace pare::train {
namespace {

using test::expect_message;

ResultRow whole_row() {
  ResultRow row;
  row.name = "wrn_16_1.acdc_12.student";
  row.identity = "0123";
  row.configuration = "4567";
  row.state = "done";
  row.network = "wide_resnet:depth=16,width=1,classes=10";
  row.family = "acdc";
  row.setting = "ACDC_12";
  row.teacher = "wrn_16_1";
  row.teacher_network = "wide_resnet:depth=16,width=1,classes=10";
  row.data = "fashion-mnist";
  row.protocol = "fashion-mnist";
  row.seed = 0;
  row.epoch = 4;
  row.epochs = 4;
  row.parameters = 15402;
  row.mult_adds_reference = Count::from_real(1690182833.1879675);
  row.top1_error_percent = 18.93;
  row.seconds = 12.5;
  row.synthetic = false;
  row.source = "runs/a, \"b\"";
  return row;
}

ResultRow missing_row() {
  ResultRow row;
  row.name = "wrn_16_1";
  row.state = "missing";
  return row;
}

TEST(ResultRows, ARowIsALineOfJson) {
  const std::string text = write_results_json({whole_row(), missing_row()});
  EXPECT_EQ(
      text,
      "[\n"
      R"( {"schema":"pare.results/1","name":"wrn_16_1.acdc_12.student","identity":"0123","configuration":"4567",)"
      R"("state":"done","network":"wide_resnet:depth=16,width=1,classes=10","family":"acdc","setting":"ACDC_12",)"
      R"("families":null,"score":null,"tie":null,"objective":null,"budgets":null,)"
      R"("teacher":"wrn_16_1","teacher_network":"wide_resnet:depth=16,width=1,classes=10","variant":null,)"
      R"("data":"fashion-mnist","protocol":"fashion-mnist","seed":0,"epoch":4,)"
      R"("epochs":4,"parameters":15402,"mult_adds_macs":null,"mult_adds_reference":1690182833.1879675,)"
      R"("activation_elements":null,"original_parameters":null,"original_mult_adds_macs":null,)"
      R"("original_mult_adds_reference":null,"train_top1_error_percent":null,"train_top5_error_percent":null,)"
      R"("top1_error_percent":18.93,"top5_error_percent":null,"validation_loss":null,"seconds":12.5,"device":null,)"
      R"("synthetic":false,"source":"runs/a, \"b\"","note":null},)"
      "\n"
      R"( {"schema":"pare.results/1","name":"wrn_16_1","identity":null,"configuration":null,"state":"missing",)"
      R"("network":null,"family":null,"setting":null,"families":null,"score":null,"tie":null,"objective":null,"budgets":null,"teacher":null,"teacher_network":null,"variant":null,"data":null,"protocol":null,"seed":null,"epoch":null,)"
      R"("epochs":null,"parameters":null,"mult_adds_macs":null,"mult_adds_reference":null,"activation_elements":null,)"
      R"("original_parameters":null,"original_mult_adds_macs":null,"original_mult_adds_reference":null,)"
      R"("train_top1_error_percent":null,"train_top5_error_percent":null,"top1_error_percent":null,)"
      R"("top5_error_percent":null,"validation_loss":null,"seconds":null,"device":null,"synthetic":null,"source":null,)"
      R"("note":null})"
      "\n]\n");
  const std::vector<ResultRow> read = read_results(text, "r.json");
  EXPECT_EQ(write_results_json(read), text);
  EXPECT_EQ(read.at(0).seed, 0) << "zero is known";
  EXPECT_EQ(read.at(1).seed, std::nullopt);
  EXPECT_EQ(read_results("[]", "r.json").size(), 0U);
  EXPECT_EQ(write_results_json({}), "[]\n");
  // What was left out is not known either.
  const auto brief = read_results(R"([{"schema": "pare.results/1", "name": "wrn_16_1", "state": "missing"}])", "r.json");
  EXPECT_EQ(write_results_json(brief), write_results_json({missing_row()}));
}

TEST(ResultRows, CsvLeavesTheUnknownEmpty) {
  EXPECT_EQ(
      write_results_csv({whole_row(), missing_row()}),
      "schema,name,identity,configuration,state,network,family,setting,families,score,tie,objective,budgets,teacher,teacher_"
      "network,variant,data,protocol,"
      "seed,epoch,epochs,parameters,mult_adds_macs,mult_adds_reference,activation_elements,original_parameters,original_mult_"
      "adds_macs,"
      "original_mult_adds_reference,train_top1_error_percent,train_top5_error_percent,top1_error_percent,"
      "top5_error_percent,validation_loss,seconds,device,synthetic,source,note\n"
      "pare.results/1,wrn_16_1.acdc_12.student,0123,4567,done,\"wide_resnet:depth=16,width=1,classes=10\",acdc,ACDC_12,,,,,,"
      "wrn_16_1,\"wide_resnet:depth=16,width=1,classes=10\",,fashion-mnist,fashion-mnist,0,4,4,15402,,1690182833.1879675,,,,,,,"
      "18.93,,,12.5,,false,"
      "\"runs/a, \"\"b\"\"\",\n"
      "pare.results/1,wrn_16_1,,,missing,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n");
}

TEST(ResultRows, OtherTextsAreRefused) {
  const auto refused = [](std::string_view member, std::string_view line) {
    const std::string text = fmt::format(R"([{{"schema": "pare.results/1", "name": "a", "state": "done", {}}}])", member);
    expect_message([&] { read_results(text, "r.json"); }, fmt::format("[invalid_file] r.json/[0].{}", line));
  };
  refused(R"("seed": -1)", "seed: seed = -1 must be a whole number from 0 up");
  refused(R"("parameters": 1.5)", "parameters: parameters = 1.5 must be a whole number from 0 up");
  refused(R"("mult_adds_macs": "1")", "mult_adds_macs: mult_adds_macs = \"1\" must be a number from 0 up");
  refused(R"("top1_error_percent": 101)", "top1_error_percent: top1_error_percent = 101 must be a number from 0 to 100");
  refused(R"("seconds": -0.5)", "seconds: seconds = -0.5 must be a number from 0 up");
  refused(R"("synthetic": "no")", "synthetic: synthetic = \"no\" must be true or false");
  refused(R"("network": 1)", "network: network = 1 must be text in quotes");
  refused(R"("name": "b")", "name: key \"name\" is given twice in one object");
  expect_message([] { read_results(R"([{"schema": "pare.results/1", "name": "a", "state": "finished"}])", "r.json"); },
                 R"([invalid_file] r.json/[0].state: state = "finished" must be one of done, diverged, failed, unfinished, )"
                 "missing, published");
  expect_message([] { read_results(R"([{"schema": "pare.results/1", "state": "done"}])", "r.json"); },
                 R"([invalid_file] r.json/[0].name: "name" is missing)");
  expect_message([] { read_results(R"([{"schema": "pare.results/2"}])", "r.json"); },
                 R"([invalid_file] r.json/[0].schema: schema = "pare.results/2" must be "pare.results/1")");
  expect_message([] { read_results("{}", "r.json"); }, "[invalid_file] r.json: {} must be an array of objects");
  EXPECT_NE(test::message_of([] {
              read_results(R"([{"schema": "pare.results/1", "name": "a", "state": "done", "top1": 1}])", "r.json");
            }).find(R"(r.json/[0].top1: unknown key "top1"; known: schema, name, state, identity, configuration, network,)"),
            std::string::npos);
}

TEST(ResultRows, ThoseOf2019AreRead) {
  const std::string text = test::read_text(std::string(PARE_GOLDEN_DIR) + "/collated_sample.json");
  const std::vector<ResultRow> rows = read_any_results(text, "collated.json");
  ASSERT_EQ(rows.size(), 3U);
  const ResultRow &shuffle = rows[0];
  EXPECT_EQ(shuffle.name, "wrn_28_10.shuffle_4.student.Jan5.t7");
  EXPECT_EQ(shuffle.state, "published");
  EXPECT_EQ(shuffle.network, "wide_resnet:depth=28,width=10,classes=10");
  EXPECT_EQ(shuffle.family, "shuffle");
  EXPECT_EQ(shuffle.setting, "Shuffle_4");
  EXPECT_EQ(shuffle.teacher, "not named");
  EXPECT_EQ(shuffle.epoch, 200);
  EXPECT_EQ(shuffle.parameters, Count(823674));
  EXPECT_EQ(shuffle.mult_adds_reference, Count(117201162));
  EXPECT_EQ(shuffle.mult_adds_macs, std::nullopt);
  EXPECT_EQ(shuffle.top1_error_percent, 4.75);
  EXPECT_EQ(shuffle.train_top1_error_percent, 2.56);
  EXPECT_EQ(shuffle.top5_error_percent, std::nullopt);
  EXPECT_EQ(shuffle.source, "collated.json");
  EXPECT_EQ(rows[1].setting, "Generic_0.1");
  EXPECT_EQ(rows[2].setting, "ACDC_15");
  EXPECT_EQ(rows[2].mult_adds_reference->to_string(), "1690182833.1879675");

  const auto refused = [&](std::string_view what, std::string_view with, std::string_view line) {
    std::string other = text;
    other.replace(other.find(what), what.size(), with);
    const std::string where = R"([invalid_file] c.json/["wrn_28_10.shuffle_4.student.Jan5.t7"])";
    expect_message([&] { read_any_results(other, "c.json"); }, where + std::string(line));
  };
  refused("      823674,", "      823675,",
          ".scatter[0]: scatter has 823675 where no_params says 823674; the same would be accepted");
  refused("4.75\n    ],", "4.5\n    ],", ".scatter[1]: scatter has 4.75 where val_errors says 4.5; the same would be accepted");
  refused("117201162,", "117201163,",
          ".scatter[4]: scatter has 117201162 where flops says 117201163; the same would be accepted");
  refused("true,", "false,", R"(.settings: settings = [false,"shuffle","4"] must say what the name does: [true, "shuffle_4"])");
  refused("\"epoch\"", "\"epochs\"", R"(.epoch: "epoch" is missing)");
  refused("42.75", "\"42.75\"", R"(.val_errors[0]: val_errors = "42.75" must be a number from 0 to 100)");
  expect_message(
      [] {
        read_any_results(R"({"a": {"val_errors": [1], "train_errors": [1], "epoch": 1, "no_params": 1,
      "flops": 1, "settings": [false, "", ""], "scatter": []}})",
                         "c.json");
      },
      "[invalid_file] c.json/a: name = \"a\" must be NETWORK.METHOD_SETTING.DAY.t7, with .student in front of the "
      "day where it had a teacher");
  for (const char *other : {R"({"a": 1})", R"({"unit": "percent"})"})
    expect_message([&] { read_any_results(other, "c.json"); },
                   "[invalid_file] c.json: is no file of results; pare.results/1 (an array), the 2019 system's collated.json, "
                   "and an object of published points that begins with \"source\" would be accepted");
}

// Figures of arXiv 1906.00859 and of the research log.
TEST(ResultRows, PublishedPointsAreRead) {
  const std::string text = test::read_text(std::string(PARE_SOURCE_DIR) + "/examples/results_2019.json");
  const std::vector<ResultRow> rows = read_any_results(text, "results_2019.json");
  // 3 teachers; 26, 15 and 8 points of students; 22 of the literature; 23 of the log.
  EXPECT_EQ(rows.size(), 3U + 26 + 15 + 8 + 22 + 23);
  const auto find = [&](std::string_view name) {
    for (const ResultRow &row : rows)
      if (row.name == name) return row;
    ADD_FAILURE() << name;
    return ResultRow();
  };
  const ResultRow teacher = find("wrn-28-10/cifar10/attention-transfer/teacher");
  EXPECT_EQ(teacher.setting, "");
  EXPECT_EQ(teacher.top1_error_percent, 3.3);
  const ResultRow student = find("wrn-28-10/cifar10/attention-transfer/TensorTrain_0.7");
  EXPECT_EQ(student.network, "wide_resnet:depth=28,width=10,classes=10");
  EXPECT_EQ(student.family, "tensor_train");
  EXPECT_EQ(student.parameters, Count(2413390));
  EXPECT_EQ(student.original_parameters, Count(36479194));
  EXPECT_EQ(student.top1_error_percent, 3.6);
  EXPECT_EQ(student.teacher, teacher.name);
  EXPECT_EQ(student.teacher_network, teacher.network);
  EXPECT_EQ(student.data, "cifar10");
  const ResultRow mobile = find("imagenet/literature/MobileNet");
  EXPECT_EQ(mobile.network, "MobileNet");
  EXPECT_EQ(mobile.parameters, Count(4200000));
  const ResultRow logged = find("log/2018-12-19/wrn-28-10/TensorTrain_0.1, 2 dimensions, no teacher");
  EXPECT_EQ(logged.setting, "TensorTrain_0.1, 2 dimensions");
  EXPECT_EQ(logged.family, "tensor_train");
  EXPECT_EQ(logged.teacher, "");
  EXPECT_EQ(logged.parameters, std::nullopt);
  EXPECT_EQ(logged.source, "results_2019.json, log of 2018-12-19");
  EXPECT_EQ(write_results_json(read_any_results(write_results_json(rows), "r.json")), write_results_json(rows));

  for (const char *unit : {R"("accuracy, percent")", "1"})
    expect_message([&] { read_any_results(fmt::format(R"({{"source": "x", "unit": {}}})", unit), "p.json"); },
                   fmt::format(R"([invalid_file] p.json/unit: unit = {} must be "top-1 error, percent")", unit));
  expect_message([] { read_any_results(R"({"source": "x", "wrn-28-10/cifar10": {}})", "p.json"); },
                 R"([invalid_file] p.json/["wrn-28-10/cifar10"]: must be source, unit, log, DATA/literature, )"
                 "NETWORK/DATA/attention-transfer or NETWORK/DATA/no-teacher");
  expect_message([] { read_any_results(R"({"source": "x", "a/literature": [["b", 1]]})", "p.json"); },
                 R"([invalid_file] p.json/["a/literature"][0]: ["b",1] must be [network, parameters, error])");
}

TEST(ResultRows, AreToldFromNetworks) {
  EXPECT_TRUE(is_results(" []"));
  EXPECT_TRUE(is_results(R"({"source": "a"})"));
  EXPECT_FALSE(is_results(R"({"schema": "pare.network/1"})"));
  EXPECT_FALSE(is_results("wrn-28-10"));
}

} // namespace
} // namespace pare::train
