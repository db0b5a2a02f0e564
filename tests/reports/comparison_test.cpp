// Tables that compare: seeds averaged, what is not done shown as such, rows chosen, sorted, grouped, the best marked.

#include "reports/comparison.hpp"
#include "reports/format.hpp"

#include "tests/support.hpp"

namespace pare::test {

namespace {

train::ResultRow run_of(std::string setting, std::int64_t seed, std::optional<double> error) {
  train::ResultRow row;
  row.name = setting + "." + std::to_string(seed);
  row.state = error ? "done" : "unfinished";
  row.network = "wide_resnet:depth=16,width=1,classes=10";
  row.setting = std::move(setting);
  row.data = "fashion-mnist";
  row.protocol = "fashion-mnist";
  row.seed = seed;
  row.epoch = error ? 4 : 2;
  row.epochs = 4;
  row.parameters = 1000;
  row.original_parameters = 4000;
  row.top1_error_percent = error.value_or(90);
  row.synthetic = false;
  row.source = "runs/" + row.name;
  return row;
}

std::string text_of(const std::vector<train::ResultRow> &rows, const TableRequest &request, Reader reader = Reader::kPerson,
                    Format format = Format::kText) {
  const Report report = comparison_table(compare_results({rows}), request, reader);
  return write({&report, 1}, format);
}

TableRequest with_conventions() {
  TableRequest out;
  out.conventions = {find_convention("macs"), find_convention("reference")};
  return out;
}

TEST(Comparison, NetworksHaveTheirShortNames) {
  for (const char *name : {"wrn-28-10", "wrn-50-2", "resnet-18", "mobilenet-v2", "darts", "darts-imagenet", "resnet-20",
                           "resnext50_32x4d", "wide_resnet101_2", "vgg16", "vgg16_bn", "densenet-121", "efficientnet-lite0"})
    EXPECT_EQ(short_spec(make_network(name).name), name);
  for (const char *spec : {"wide_resnet:depth=28,width=10,classes=100", "darts:genotype=@no_file", "nope", ""})
    EXPECT_EQ(short_spec(spec), spec);
}

// Of 11, 12 and 14: mean 37 / 3, squares 16/9 + 1/9 + 25/9 = 42/9, sd sqrt(42 / 9 / 2) = sqrt(7 / 3) = 1.5275.
TEST(Comparison, SeedsAreAveraged) {
  const std::vector<train::ResultRow> rows = {run_of("Generic_0.5", 1, 11), run_of("Shuffle_4", 1, 20),
                                              run_of("Generic_0.5", 2, 12), run_of("Generic_0.5", 3, 14),
                                              run_of("Generic_0.5", 4, {})};
  const std::vector<Compared> compared = compare_results({rows});
  ASSERT_EQ(compared.size(), 2U);
  EXPECT_EQ(compared[0].network, "wrn-16-1");
  EXPECT_EQ(compared[0].runs, 3);
  EXPECT_EQ(compared[0].seeds, (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(compared[0].state, "3 done, 1 unfinished");
  EXPECT_EQ(compared[0].source, "runs/Generic_0.5.1; runs/Generic_0.5.2; runs/Generic_0.5.3; runs/Generic_0.5.4");
  EXPECT_NEAR(compared[0].top1_error_percent->mean, 37.0 / 3, 1e-12);
  EXPECT_NEAR(compared[0].top1_error_percent->sd.value(), std::sqrt(7.0 / 3), 1e-12);
  EXPECT_EQ(compared[1].top1_error_percent->sd, std::nullopt) << "one seed";
  EXPECT_EQ(text_of(rows, with_conventions()),
            "network   setting      parameters  parameters    top-1 error  n  state\n"
            "                                       of the            [%]\n"
            "                                     original\n"
            "-------------------------------------------------------------------------------------\n"
            "wrn-16-1  Generic_0.5       1,000     25.00 %  12.33 ± 1.53*  3  3 done, 1 unfinished\n"
            "wrn-16-1  Shuffle_4         1,000     25.00 %         20.00   1  done\n"
            "\n"
            "* the best of its column\n"
            "all rows: data fashion-mnist; protocol fashion-mnist; epochs 4\n"
            "mean ± sample standard deviation over n runs that differ in their seeds\n"
            "not averaged in: Generic_0.5.4: unfinished, epoch 2 of 4\n");
}

// What differs in anything but the seed is another row.
TEST(Comparison, NothingElseIsAveraged) {
  const train::ResultRow one = run_of("Generic_0.5", 1, 11);
  const auto rows_with = [&](auto &&change) {
    train::ResultRow other = run_of("Generic_0.5", 2, 12);
    change(other);
    return compare_results({{one, other}}).size();
  };
  EXPECT_EQ(rows_with([](train::ResultRow & /*row*/) {}), 1U);
  EXPECT_EQ(rows_with([](train::ResultRow &row) { row.variant = "beta=100"; }), 2U);
  EXPECT_EQ(rows_with([](train::ResultRow &row) { row.teacher = "t"; }), 2U);
  EXPECT_EQ(rows_with([](train::ResultRow &row) { row.protocol = "p"; }), 2U);
  EXPECT_EQ(rows_with([](train::ResultRow &row) { row.epochs = 5; }), 2U);
  EXPECT_EQ(rows_with([](train::ResultRow &row) { row.parameters = 1001; }), 2U);
  EXPECT_EQ(rows_with([](train::ResultRow &row) { row.synthetic = true; }), 2U);
  EXPECT_EQ(rows_with([](train::ResultRow &row) { row.seed.reset(); }), 2U);
  EXPECT_EQ(rows_with([](train::ResultRow &row) { row.state = "published"; }), 2U);
  // The same seed again is another row, and said.
  train::ResultRow again = run_of("Generic_0.5", 1, 12);
  again.name = "again";
  const std::vector<Compared> twice = compare_results({{one, again}});
  ASSERT_EQ(twice.size(), 2U);
  EXPECT_EQ(twice[1].notes, (std::vector<std::string>{"again is not averaged with Generic_0.5.1, which has the same seed"}));
}

// Protocols of one name, other numbers of images, other precisions: no other field says so.
TEST(Comparison, RunsOfOneConfigurationAreOne) {
  std::vector<train::ResultRow> rows = {run_of("Generic_0.5", 1, {}), run_of("Generic_0.5", 2, 11),
                                        run_of("Generic_0.5", 3, 13), run_of("Generic_0.5", 4, 20), run_of("Shuffle_4", 1, 30)};
  for (train::ResultRow &row : rows) row.configuration = "a";
  rows[3].configuration = "b";
  rows[4].configuration = "c";
  rows[0].state = "missing";
  rows[0].epoch.reset();
  rows[0].synthetic.reset();
  rows[1].synthetic = rows[2].synthetic = rows[3].synthetic = true;
  const std::vector<Compared> compared = compare_results({rows});
  ASSERT_EQ(compared.size(), 3U);
  EXPECT_EQ(compared[0].state, "1 missing, 2 done");
  EXPECT_EQ(compared[0].data, "fashion-mnist (synthetic)");
  EXPECT_EQ(compared[0].top1_error_percent->mean, 12);
  EXPECT_EQ(compared[1].top1_error_percent->mean, 20);
  TableRequest request = with_conventions();
  request.columns = {"setting", "top1"};
  EXPECT_EQ(text_of(rows, request),
            "setting      top-1 error [%]\n"
            "----------------------------\n"
            "Generic_0.5     12.00 ± 1.41\n"
            "Generic_0.5            20.00\n"
            "Shuffle_4              30.00\n"
            "\n"
            "synthetic: the images are made up, and errors on them say nothing of other images\n"
            "mean ± sample standard deviation over n runs that differ in their seeds\n"
            "not averaged in: Generic_0.5.1: missing\n"
            "rows that look alike differ in configuration; their first runs, in their order: Generic_0.5.1,\n"
            "  Generic_0.5.4\n");
  // Of one configuration, seed and another identity: the seeds of their teachers differ.
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].identity = std::to_string(i);
  rows[1].variant = "teacher=t.seed_1";
  rows[2].variant = "teacher=t.seed_2";
  rows[2].seed = 2;
  const std::vector<Compared> taught = compare_results({rows});
  EXPECT_EQ(taught[0].seeds, (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(taught[0].variant, "teacher=t.seed_1; teacher=t.seed_2");
}

TEST(Comparison, ARunInTwoFilesCountsOnce) {
  train::ResultRow one = run_of("Generic_0.5", 1, 11);
  one.identity = "0123456789abcdef";
  const auto both = [&](auto &&change) {
    train::ResultRow other = one;
    change(other);
    const std::vector<Compared> compared = compare_results({{one}, {other}});
    EXPECT_EQ(compared.size(), 1U);
    EXPECT_EQ(compare_results({{other}, {one}}).at(0).top1_error_percent->mean, 11) << "the other way round";
    return compared.at(0);
  };
  // A copy that was collated elsewhere.
  const Compared copied = both([](train::ResultRow &row) {
    row.name = "copy";
    row.source = "elsewhere";
    row.seconds = 12;
    row.device = "cuda";
    row.note = "copied";
  });
  EXPECT_EQ(copied.runs, 1);
  EXPECT_EQ(copied.source, one.source);
  // Collated before it was done.
  const Compared done = both([](train::ResultRow &row) {
    row.state = "unfinished";
    row.epoch = 3;
    row.top1_error_percent = 40;
  });
  EXPECT_EQ(done.state, "done");
  EXPECT_EQ(done.top1_error_percent->mean, 11);
  train::ResultRow begun = one;
  begun.state = "unfinished";
  begun.epoch = 1;
  train::ResultRow further = begun;
  further.epoch = 2;
  for (const auto &files : {std::vector{std::vector{begun}, {further}}, {{further}, {begun}}})
    EXPECT_EQ(compare_results(files).at(0).left_out, (std::vector<std::string>{"Generic_0.5.1: unfinished, epoch 2 of 4"}));
  for (auto &&change :
       {+[](train::ResultRow &row) { row.top1_error_percent = 12; }, +[](train::ResultRow &row) { row.epoch = 3; },
        +[](train::ResultRow &row) { row.state = "published"; }}) {
    train::ResultRow differs = one;
    change(differs);
    differs.source = "elsewhere";
    expect_message(
        [&] {
          compare_results({{one}, {differs}});
        },
        "[invalid_file] Generic_0.5.1: two results that differ have the identity 01234...cdef: of "
        "\"runs/Generic_0.5.1\" and of \"elsewhere\"; one of them would be accepted");
  }
}

// Students whose teachers differ in their seeds only are averaged, whatever these are called.
TEST(Comparison, TeachersAreToldApartByWhatTheyAre) {
  std::vector<train::ResultRow> rows = {run_of("", 1, 8), run_of("", 2, 9), run_of("Generic_0.5", 1, 11),
                                        run_of("Generic_0.5", 2, 12)};
  rows[2].teacher = rows[0].name;
  rows[3].teacher = rows[1].name;
  const std::vector<Compared> compared = compare_results({rows});
  ASSERT_EQ(compared.size(), 2U);
  EXPECT_EQ(compared[0].setting, "none");
  EXPECT_EQ(compared[0].teacher, "none");
  EXPECT_EQ(compared[1].teacher, "wrn-16-1");
  EXPECT_EQ(compared[1].runs, 2);
  rows[1].protocol = "another";
  EXPECT_EQ(compare_results({rows}).size(), 4U);
}

// Files of other hands have their own "t".
TEST(Comparison, TeachersAreLookedUpInTheirOwnFile) {
  train::ResultRow narrow = run_of("", 1, 8);
  narrow.name = "t";
  train::ResultRow wide = narrow;
  wide.network = "wide_resnet:depth=16,width=4,classes=10";
  train::ResultRow student = run_of("Generic_0.5", 1, 11);
  student.teacher = "t";
  train::ResultRow other = student;
  other.seed = 2;
  const auto teachers = [](const std::vector<std::vector<train::ResultRow>> &files) {
    std::vector<std::string> out;
    for (const Compared &row : compare_results(files))
      if (row.teacher != "none") out.push_back(row.teacher);
    return out;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(teachers({{narrow, student}, {other, wide}}), (Names{"wrn-16-1", "wrn-16-4"}));
  EXPECT_EQ(teachers({{narrow}, {student}}), Names{"t"}) << "of another file";
  student.teacher_network = wide.network;
  EXPECT_EQ(teachers({{student}}), Names{"wrn-16-4"});
  EXPECT_EQ(teachers({{narrow, student}}), Names{"wrn-16-4"}) << "what the row says counts";
  wide.setting = "Shuffle_4";
  EXPECT_EQ(teachers({{wide, student}}), Names{"wrn-16-4, Shuffle_4"});
}

TEST(Comparison, RowsAreChosenSortedAndGrouped) {
  std::vector<train::ResultRow> rows = {run_of("Generic_0.5", 1, 11), run_of("Shuffle_4", 1, 20), run_of("Shuffle_2", 1, 15),
                                        run_of("ACDC_12", 1, {})};
  rows[1].parameters = 2000;
  rows[3].parameters.reset();
  rows[0].data = rows[3].data = "cifar10";
  rows[3].synthetic = true;
  TableRequest request = with_conventions();
  request.columns = {"setting", "parameters", "top1"};
  request.sort = {"-top1"};
  request.group_by = "data";
  EXPECT_EQ(text_of(rows, request), "setting      parameters  top-1 error [%]\n"
                                    "----------------------------------------\n"
                                    "Shuffle_4         2,000           20.00\n"
                                    "Shuffle_2         1,000           15.00*\n"
                                    "----------------------------------------\n"
                                    "Generic_0.5       1,000           11.00\n"
                                    "----------------------------------------\n"
                                    "ACDC_12               —               —\n"
                                    "\n"
                                    "* the best of its column\n"
                                    "synthetic: the images are made up, and errors on them say nothing of other images\n"
                                    "not averaged in: ACDC_12.1: unfinished, epoch 2 of 4\n");
  request.group_by.reset();
  request.sort = {"parameters", "setting"};
  request.where = {"data=Fashion_MNIST", "parameters<=1.5k"};
  EXPECT_EQ(text_of(rows, request, Reader::kPerson, Format::kCsv), "setting,parameters,top-1 error [%],top-1 error sd [%]\n"
                                                                   "Shuffle_2,1000,15,\n");
  request.where = {"state!=done"};
  EXPECT_EQ(text_of(rows, request, Reader::kProgram, Format::kCsv),
            "setting,parameters,top-1 error [%],top-1 error sd [%],state,n,seeds,source\n"
            "ACDC_12,,,,unfinished,0,,runs/ACDC_12.1\n");
  // Errors on other data are not compared unless it is asked for; all that people cannot tell apart is best.
  request.where = {};
  rows[0].top1_error_percent = 14.9951;
  EXPECT_EQ(text_of(rows, request).find('*'), std::string::npos);
  request.best = {"top1"};
  const std::string marked = text_of(rows, request);
  EXPECT_EQ(std::count(marked.begin(), marked.end(), '*'), 3) << marked;
  request.si = true;
  EXPECT_NE(text_of(rows, request).find("Shuffle_4              2.00"), std::string::npos) << text_of(rows, request);
}

// Tables for people are to fit a page.
TEST(Comparison, BudgetsAndTop5AreForThoseWhoAsk) {
  train::ResultRow row = run_of("Generic_0.5", 1, 11);
  row.budgets = "parameters<=30%";
  row.top5_error_percent = 1;
  TableRequest request;
  EXPECT_EQ(text_of({row}, request, Reader::kPerson, Format::kCsv),
            "network,setting,parameters,parameters of the original [%],top-1 error [%],top-1 error sd [%]\n"
            "wrn-16-1,Generic_0.5,1000,25,11,\n");
  const std::string all = text_of({row}, request, Reader::kProgram, Format::kCsv);
  EXPECT_NE(all.find(",parameters<=30%,"), std::string::npos) << all;
  EXPECT_NE(all.find("top-5 error [%]"), std::string::npos) << all;
  request.columns = {"budgets", "top5"};
  EXPECT_EQ(text_of({row}, request, Reader::kPerson, Format::kCsv),
            "budgets,top-5 error [%],top-5 error sd [%]\nparameters<=30%,1,\n");
}

TEST(Comparison, PlansThatAreChosenLayerByLayerSayHow) {
  const auto chosen = [](const std::string &families, const std::string &tie) {
    train::ResultRow row = run_of("per layer (capacity)", 1, 11);
    row.families = families;
    row.score = "capacity";
    row.tie = tie;
    row.objective = "sum";
    return row;
  };
  TableRequest request;
  // What these have in common is not that of all rows.
  const std::string text = text_of({run_of("Shuffle_4", 1, 20), chosen("all", "none"), chosen("all", "stage")}, request,
                                   Reader::kPerson, Format::kMarkdown);
  EXPECT_TRUE(text.starts_with("| network | setting | tie | parameters | parameters of the original | top-1 error [%] |\n"
                               "| :--- | :--- | :--- | ---: | ---: | ---: |\n"
                               "| wrn-16-1 | Shuffle_4 | — | 1000 | 25.00 % | 20.00 |\n"
                               "| wrn-16-1 | per layer (capacity) | none | 1000 | 25.00 % | **11.00** |\n"))
      << text;
  request.columns = {"setting", "families", "score", "tie", "objective"};
  EXPECT_EQ(text_of({run_of("Shuffle_4", 1, 20), chosen("Generic, Shuffle", "none")}, request, Reader::kPerson, Format::kCsv),
            "setting,families,score,tie,objective\nShuffle_4,,,,\n"
            "per layer (capacity),\"Generic, Shuffle\",capacity,none,sum\n");
  request.where = {"tie=none"};
  EXPECT_EQ(text_of({run_of("Shuffle_4", 1, 20), chosen("all", "none"), chosen("all", "stage")}, request, Reader::kPerson,
                    Format::kCsv),
            "setting,families,score,tie,objective\nper layer (capacity),all,capacity,none,sum\n");
  // Programs get all of them where one row says something, that nothing is tied too.
  EXPECT_NE(text_of({chosen("all", "none")}, {}, Reader::kProgram, Format::kCsv).find("setting,families,score,tie,objective,"),
            std::string::npos);
  EXPECT_EQ(text_of({run_of("Shuffle_4", 1, 20)}, {}, Reader::kProgram, Format::kCsv).find("families"), std::string::npos);
  // Other families to choose from are other rows.
  EXPECT_EQ(compare_results({{chosen("all", "none"), chosen("Generic", "none"), chosen("all", "stage")}}).size(), 3U);
}

TEST(Comparison, WhatIsNoColumnIsRefused) {
  const auto refused = [](auto &&change, std::string_view line) {
    TableRequest request = with_conventions();
    change(request);
    expect_message([&] { text_of({run_of("Shuffle_4", 1, 20)}, request); }, line);
  };
  const std::string known =
      "known: network, family, setting, families, score, tie, objective, budgets, teacher, variant, data, protocol, epochs, "
      "input, parameters, "
      "parameters-ratio, mult-adds, mult-adds-ratio, per-batch, activations, train-top1, train-top5, top1, top5, loss, runs, "
      "seeds, seconds, state, source, mult-adds[macs], mult-adds[reference], mult-adds-ratio[macs], "
      "mult-adds-ratio[reference], per-batch[macs], per-batch[reference]";
  refused([](TableRequest &r) { r.columns = {"parametrs"}; },
          "[unknown_name] --columns: unknown column \"parametrs\"; " + known + "; did you mean parameters?");
  refused(
      [](TableRequest &r) {
        r.columns = {"top1", "top1"};
      },
      "[usage] --columns: top1 is given twice; once would be accepted");
  refused([](TableRequest &r) { r.sort = {"-mult-adds"}; },
          "[usage] --sort: mult-adds are several columns; one of mult-adds[macs], mult-adds[reference] would be accepted");
  refused([](TableRequest &r) { r.where = {"data"}; },
          "[usage] --where: \"data\" must be COLUMN=VALUE, COLUMN!=VALUE, COLUMN<=VALUE or COLUMN>=VALUE");
  refused([](TableRequest &r) { r.where = {"parameters<=few"}; },
          "[usage] --where: \"parameters<=few\" must compare with a number, such as 0.8M");
  refused([](TableRequest &r) { r.where = {"data=mnist"}; },
          "[usage] --where: none of 1 rows is left by \"data=mnist\"; a value that one of them has would be accepted");
}

} // namespace

} // namespace pare::test
