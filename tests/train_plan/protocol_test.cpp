#include "base/enums.hpp"
#include "train/plan/protocol.hpp"

#include "tests/known_names.hpp"
#include "tests/support.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <numbers>

namespace pare::train {

namespace {

using test::expect_error;
using test::expect_message;
using Triple = std::array<double, 3>;

std::string replaced(std::string text, const std::string &what, const std::string &with) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

// The protocols of the 2019 experiments, as a table; one row each.
struct Row {
  std::string name;
  std::int64_t batch;
  std::int64_t epochs;
  double learning_rate;
  std::string schedule;
  Milestones milestones;
  double factor;
  double weight_decay;
  std::string augmentation;
  std::int64_t size;
  std::int64_t pad;
  std::int64_t cutout;
  Triple mean;
  Triple std;
  std::string evaluation;
  std::int64_t resize;
  bool auxiliary_head;
  double drop_path;
};

const Triple kMean10{.4914, .4822, .4465}, kStd10{.2023, .1994, .2010};
const Triple kMeanDarts{.49139968, .48215827, .44653124}, kStdDarts{.24703233, .24348505, .26158768};
const Triple kMean100{.5071, .4866, .4409}, kStd100{.2009, .1984, .2023};
const Triple kMeanImageNet{.485, .456, .406}, kStdImageNet{.229, .224, .225};

const std::vector<Row> &table() {
  static const std::vector<Row> rows = {
      {"cifar10-wrn",
       128,
       200,
       .1,
       "step",
       {60, 120, 160},
       .2,
       5e-4,
       "pad_crop",
       32,
       4,
       16,
       kMean10,
       kStd10,
       "whole",
       0,
       false,
       0},
      {"cifar10-darts",
       96,
       600,
       .025,
       "cosine",
       {},
       1,
       3e-4,
       "pad_crop",
       32,
       4,
       16,
       kMeanDarts,
       kStdDarts,
       "whole",
       0,
       true,
       .2},
      {"cifar100-wrn",
       128,
       200,
       .1,
       "step",
       {60, 120, 160},
       .2,
       5e-4,
       "pad_crop",
       32,
       4,
       0,
       kMean100,
       kStd100,
       "whole",
       0,
       false,
       0},
      {"cifar100-darts", 96, 600, .025, "cosine", {}, 1, 3e-4, "pad_crop", 32, 4, 0, kMean100, kStd100, "whole", 0, true, .2},
      // Means and deviations over the pixels of the padded training images: computed by another program from the files.
      {"fashion-mnist",
       128,
       30,
       .1,
       "cosine",
       {},
       1,
       5e-4,
       "pad_crop",
       32,
       4,
       0,
       {.2190, .2190, .2190},
       {.3318, .3318, .3318},
       "whole",
       0,
       false,
       0},
      {"mnist",
       128,
       30,
       .1,
       "cosine",
       {},
       1,
       5e-4,
       "pad_crop",
       32,
       4,
       0,
       {.1000, .1000, .1000},
       {.2752, .2752, .2752},
       "whole",
       0,
       false,
       0},
      // Zagoruyko and Komodakis 2016, section 3.4 on SVHN: divided by 255, 0.01, a tenth at 80 and 120 of 160 epochs.
      {"svhn-wrn", 128, 160, .01, "step", {80, 120}, .1, 5e-4, "none", 32, 0, 0, {0, 0, 0}, {1, 1, 1}, "whole", 0, false, 0},
      // As cifar100-wrn, the padding an eighth of the side as there.
      {"stl10-wrn",
       128,
       200,
       .1,
       "step",
       {60, 120, 160},
       .2,
       5e-4,
       "pad_crop",
       96,
       12,
       0,
       {.4467, .4398, .4066},
       {.2603, .2566, .2713},
       "whole",
       0,
       false,
       0},
      {"tiny-imagenet-wrn",
       128,
       200,
       .1,
       "step",
       {60, 120, 160},
       .2,
       5e-4,
       "pad_crop",
       64,
       8,
       0,
       {.4802, .4481, .3975},
       {.2770, .2691, .2821},
       "whole",
       0,
       false,
       0},
      {"imagenet-wrn-50-2",
       256,
       90,
       .1,
       "step",
       {30, 60},
       .1,
       1e-4,
       "random_resized_crop",
       224,
       0,
       0,
       kMeanImageNet,
       kStdImageNet,
       "resize_crop",
       256,
       false,
       0},
      {"imagenet-mobilenet-v2",
       256,
       150,
       .05,
       "cosine",
       {},
       1,
       4e-5,
       "random_resized_crop",
       224,
       0,
       0,
       kMeanImageNet,
       kStdImageNet,
       "resize_crop",
       256,
       false,
       0}};
  return rows;
}

TEST(Protocol, EachIsItsRowOfTheTable) {
  ASSERT_EQ(protocols().size(), table().size());
  for (std::size_t i = 0; i < table().size(); ++i) {
    const Row &row = table()[i];
    SCOPED_TRACE(row.name);
    const Protocol protocol = find_protocol(row.name);
    EXPECT_EQ(protocols()[i].name, row.name);
    const bool of_minutes = row.name.ends_with("mnist"); // called as their data are
    EXPECT_EQ(protocol.data,
              of_minutes ? row.name : row.name.substr(0, row.name.find('-', row.name.starts_with("tiny-") ? 5 : 0)));
    EXPECT_EQ(protocol.batch, row.batch);
    EXPECT_EQ(protocol.epochs, row.epochs);
    EXPECT_EQ(protocol.learning_rate, row.learning_rate);
    EXPECT_EQ(name_of(kScheduleKinds, protocol.schedule.kind), row.schedule);
    EXPECT_EQ(protocol.schedule.milestones, row.milestones);
    EXPECT_EQ(protocol.schedule.factor, row.factor);
    EXPECT_EQ(protocol.weight_decay, row.weight_decay);
    const Augmentation &a = protocol.augmentation;
    EXPECT_EQ(name_of(kCrops, a.kind), row.augmentation);
    EXPECT_EQ(a.size, row.size);
    EXPECT_EQ(a.pad, row.pad);
    EXPECT_EQ(a.flip, row.name != "mnist" && row.name != "svhn-wrn") << "a digit's mirror image is none";
    EXPECT_EQ(a.cutout, row.cutout);
    EXPECT_EQ(a.mean, row.mean);
    EXPECT_EQ(a.std, row.std);
    EXPECT_EQ(name_of(kEvaluationCrops, a.evaluation), row.evaluation);
    EXPECT_EQ(a.evaluation_resize, row.resize);
    EXPECT_EQ(protocol.auxiliary_head, row.auxiliary_head);
    EXPECT_EQ(protocol.drop_path, row.drop_path);
    // The same for all.
    EXPECT_EQ(protocol.momentum, .9);
    EXPECT_EQ(protocol.alpha, 0);
    EXPECT_EQ(protocol.beta, of_minutes ? 100 : 1000);
    EXPECT_EQ(protocol.temperature, 4);
    EXPECT_EQ(protocol.attention, AttentionForm::kReference);
    EXPECT_FALSE(protocol.clip_grad.has_value());
    EXPECT_EQ(protocol.recompute, RecomputeChoice::kAuto);
    EXPECT_NO_THROW(validate(protocol));
    EXPECT_TRUE(remarks(protocol).empty());
  }
}

TEST(Protocol, LearningRateFallsAtEachMilestone) {
  const auto expect = [](const std::string &name, std::vector<std::pair<std::int64_t, double>> rates) {
    const Protocol protocol = find_protocol(name);
    for (const auto &[epoch, rate] : rates) EXPECT_DOUBLE_EQ(learning_rate(protocol, epoch), rate) << name << " " << epoch;
  };
  // .1, times .2 at 60, 120 and 160
  expect("cifar10-wrn", {{0, .1}, {59, .1}, {60, .02}, {119, .02}, {120, .004}, {159, .004}, {160, .0008}, {199, .0008}});
  expect("imagenet-wrn-50-2", {{0, .1}, {29, .1}, {30, .01}, {59, .01}, {60, .001}, {89, .001}});
}

// (1 + cos x) / 2 = cos^2(x / 2)
TEST(Protocol, LearningRateOfACosine) {
  const Protocol darts = find_protocol("cifar10-darts");
  for (const std::int64_t epoch : {0, 1, 150, 300, 599}) {
    const double half = std::cos(std::numbers::pi * static_cast<double>(epoch) / 1200);
    EXPECT_NEAR(learning_rate(darts, epoch), .025 * half * half, 1e-16) << epoch;
  }
  EXPECT_DOUBLE_EQ(learning_rate(darts, 0), .025);
  EXPECT_DOUBLE_EQ(learning_rate(darts, 300), .0125);
  EXPECT_DOUBLE_EQ(learning_rate(find_protocol("imagenet-mobilenet-v2"), 75), .025);
}

TEST(Protocol, DropPathRisesFromZero) {
  const Protocol darts = find_protocol("cifar10-darts");
  EXPECT_EQ(drop_path_probability(darts, 0), 0);
  EXPECT_DOUBLE_EQ(drop_path_probability(darts, 300), .1); // .2 x 300 / 600
  EXPECT_DOUBLE_EQ(drop_path_probability(darts, 599), .2 * 599 / 600);
  EXPECT_EQ(drop_path_probability(find_protocol("cifar10-wrn"), 100), 0);
}

TEST(Protocol, DecayScalingIsOffForHashedFamilies) {
  const auto standard = standard_decay_scaling();
  for (const auto &[family, on] : std::map<std::string, bool>{{"generic", true},
                                                              {"lr", true},
                                                              {"hashed", false},
                                                              {"sep_hashed", false},
                                                              {"hashed_separable", false},
                                                              {"acdc", true},
                                                              {"shuffle", true},
                                                              {"tensor_train", true},
                                                              {"tucker", true},
                                                              {"cp", true}})
    EXPECT_EQ(standard.at(family), on) << family;
  for (const char *family : {"baseline", "convolution", "sep"}) EXPECT_FALSE(standard.contains(family)) << family;
  for (const Protocol &protocol : protocols()) EXPECT_EQ(protocol.decay_scaling, standard) << protocol.name;
}

TEST(Protocol, DefaultOfANetworkOnItsData) {
  const auto name = [](std::string_view kind, std::string_view family) { return default_protocol(kind, family).name; };
  EXPECT_EQ(name("cifar10", "wide_resnet"), "cifar10-wrn");
  EXPECT_EQ(name("cifar100", "wide_resnet"), "cifar100-wrn");
  EXPECT_EQ(name("cifar10", "darts"), "cifar10-darts");
  EXPECT_EQ(name("cifar100", "darts"), "cifar100-darts");
  EXPECT_EQ(name("fashion-mnist", "wide_resnet"), "fashion-mnist");
  EXPECT_EQ(name("mnist", "wide_resnet"), "mnist");
  EXPECT_EQ(name("svhn", "wide_resnet"), "svhn-wrn");
  EXPECT_EQ(name("stl10", "wide_resnet"), "stl10-wrn");
  EXPECT_EQ(name("tiny-imagenet", "wide_resnet"), "tiny-imagenet-wrn");
  EXPECT_EQ(name("imagenet", "wrn_50_2"), "imagenet-wrn-50-2");
  EXPECT_EQ(name("imagenet", "resnet"), "imagenet-wrn-50-2");
  EXPECT_EQ(name("imagenet", "mobilenet_v2"), "imagenet-mobilenet-v2");
  for (const auto &of : std::vector<std::pair<std::string, std::string>>{
           {"imagenet", "wide_resnet"}, {"imagenet", "darts_imagenet"}, {"cifar10", "mobilenet_v2"}, {"cifar10", ""}})
    expect_error([&] { default_protocol(of.first, of.second); }, ErrorCode::kUsage, "--protocol", "cifar10-wrn, cifar10-darts");
}

TEST(Protocol, UnknownNamesListTheKnown) {
  expect_error([] { find_protocol("cifar10"); }, ErrorCode::kUnknownName, "protocol", "cifar10-wrn, cifar10-darts");
  expect_message(
      [] { find_protocol("missing.json"); },
      R"([io] missing.json: cannot read "missing.json": No such file or directory; a file that can be read would be accepted)");
}

TEST(Protocol, FieldsAreSetFromText) {
  Protocol p = find_protocol("cifar10-wrn");
  for (const auto &[key, value] : std::vector<std::pair<std::string, std::string>>{{"batch", "64"},
                                                                                   {"weight_decay", "1e-4"},
                                                                                   {"schedule.milestones", "20,40"},
                                                                                   {"augmentation.flip", "off"},
                                                                                   {"augmentation.mean", "0.1,0.2,0.3"},
                                                                                   {"clip_grad", "5"},
                                                                                   {"decay_scaling.generic", "off"},
                                                                                   {"decay_scaling.hashed", "on"},
                                                                                   {"attention", "paper"},
                                                                                   {"for_networks", "darts,resnet"}})
    set_field(p, key, value);
  validate(p);
  EXPECT_EQ(p.batch, 64);
  EXPECT_EQ(p.weight_decay, 1e-4);
  EXPECT_EQ(p.schedule.milestones, (Milestones{20, 40}));
  EXPECT_FALSE(p.augmentation.flip);
  EXPECT_EQ(p.augmentation.mean, (Triple{.1, .2, .3}));
  EXPECT_EQ(p.clip_grad, 5.0);
  EXPECT_FALSE(p.decay_scaling.at("generic"));
  EXPECT_TRUE(p.decay_scaling.at("hashed"));
  EXPECT_TRUE(p.decay_scaling.at("shuffle"));
  EXPECT_EQ(p.attention, AttentionForm::kPaper);
  EXPECT_EQ(p.for_networks, (std::vector<std::string>{"darts", "resnet"}));
  set_field(p, "schedule.milestones", "");
  set_field(p, "clip_grad", "off");
  set_field(p, "decay_scaling", "off");
  EXPECT_TRUE(p.schedule.milestones.empty());
  EXPECT_FALSE(p.clip_grad.has_value());
  for (const auto &[family, on] : p.decay_scaling) EXPECT_FALSE(on) << family;
}

// Keys and names are read as all names are, in any case.
TEST(Protocol, NamesAreReadInAnyCase) {
  Protocol p = find_protocol("cifar10-wrn");
  EXPECT_EQ(set_field(p, "Schedule.Kind", "COSINE"), "schedule.kind");
  EXPECT_EQ(p.schedule.kind, ScheduleKind::kCosine);
  EXPECT_EQ(set_field(p, "weight-decay", "1e-4"), "weight_decay");
  EXPECT_EQ(p.weight_decay, 1e-4);
  EXPECT_EQ(set_field(p, "decay_scaling.GENERIC", "OFF"), "decay_scaling.generic");
  EXPECT_FALSE(p.decay_scaling.at("generic"));
  EXPECT_EQ(p.decay_scaling.at("generic").times(0.25), 1);
  EXPECT_EQ(p.decay_scaling.at("shuffle").times(0.25), 0.25);
  set_field(p, "decay_scaling.generic", "0.1");
  EXPECT_EQ(p.decay_scaling.at("generic").times(0.25), 0.1);
  EXPECT_EQ(read_protocol(write_protocol(p), "again").decay_scaling, p.decay_scaling);
  set_field(p, "for_networks", "ResNet,WRN-50-2");
  EXPECT_EQ(p.for_networks, (std::vector<std::string>{"resnet", "wrn_50_2"}));
  set_field(p, "data", "ImageNet");
  EXPECT_EQ(p.data, "imagenet");
}

TEST(Protocol, WhatIsWrittenAsTextIsReadAsTheSame) {
  for (const Protocol &protocol : protocols()) {
    Protocol other; // nothing in it but the families
    other.decay_scaling = standard_decay_scaling();
    for (const auto &[key, value] : field_texts(protocol)) set_field(other, key, value);
    EXPECT_EQ(write_protocol(other), write_protocol(protocol));
  }
}

TEST(Protocol, WrongValuesAreNamed) {
  for (const auto &[key, value, accepted] :
       std::vector<std::array<std::string, 3>>{{"batch", "0", "from 1 up"},
                                               {"batch", "1.5", "whole number"},
                                               {"batch", "9223372036854775808", "whole number"},
                                               {"batch", "", "whole number"},
                                               {"epochs", "-1", "from 1 up"},
                                               {"learning_rate", "0", "above 0"},
                                               {"learning_rate", "nan", "finite"},
                                               {"learning_rate", "inf", "finite"},
                                               {"momentum", "1", "below 1"},
                                               {"weight_decay", "-1e-4", "from 0 up"},
                                               {"schedule.kind", "linear", "step, cosine"},
                                               {"schedule.milestones", "60,60", "ascending"},
                                               {"schedule.milestones", "0,60", "from 1"},
                                               {"schedule.milestones", "60,", "number"},
                                               {"schedule.factor", "0", "above 0"},
                                               {"augmentation.kind", "crop", "pad_crop, random_resized_crop, none"},
                                               {"augmentation.size", "0", "from 1"},
                                               {"augmentation.flip", "yes", "on or off"},
                                               {"augmentation.mean", "0.5", "three numbers"},
                                               {"augmentation.mean", "0.5,0.5,2", "from 0 up to 1"},
                                               {"augmentation.mean", "-0.1,0.5,0.5", "from 0 up to 1"},
                                               {"augmentation.std", "0.2,0,0.2", "above 0 up to 1"},
                                               {"augmentation.std", "0.2,2,0.2", "above 0 up to 1"},
                                               {"augmentation.size", "16385", "to 16384"},
                                               {"augmentation.pad", "16385", "to 16384"},
                                               {"augmentation.cutout", "16385", "to 16384"},
                                               {"augmentation.evaluation_resize", "16385", "to 16384"},
                                               {"for_networks", "resnet,wrn", "wide_resnet, darts"},
                                               {"for_networks", "resnet,resnet", "each once"},
                                               {"alpha", "1.1", "up to 1"},
                                               {"drop_path", "1", "below 1"},
                                               {"clip_grad", "0", "above 0"},
                                               {"attention", "mine", "reference, paper"},
                                               {"decay_scaling.generic", "maybe", "on, off or a number above 0"},
                                               {"decay_scaling.generic", "0", "on, off or a number above 0"},
                                               {"recompute", "some", "auto, none, all"}}) {
    Protocol p = find_protocol("cifar10-wrn");
    SCOPED_TRACE(key + "=" + value);
    expect_error([&, k = key, v = value] { set_field(p, k, v); }, ErrorCode::kInvalidValue, key, accepted);
  }
  // A slip is told what was meant, also of a choice.
  expect_message(
      [] {
        Protocol of = find_protocol("cifar10-wrn");
        set_field(of, "schedule.kind", "cosin");
      },
      "[invalid_value] schedule.kind: schedule.kind = cosin must be one of step, cosine; did you mean cosine?");
  Protocol p = find_protocol("cifar10-wrn");
  expect_error([&] { set_field(p, "images", "64"); }, ErrorCode::kUnknownName, "images", "batch, epochs");
  expect_error([&] { set_field(p, "batchsize", "64"); }, ErrorCode::kUnknownName, "batchsize", "did you mean batch?");
  expect_error([&] { set_field(p, "decay_scaling.tt", "off"); }, ErrorCode::kUnknownName, "decay_scaling", "tensor_train");
  EXPECT_EQ(write_protocol(p), write_protocol(find_protocol("cifar10-wrn"))); // nothing of it was kept
  p.augmentation.cutout = 33;
  expect_error([&] { validate(p); }, ErrorCode::kInvalidValue, "augmentation.cutout", "at most augmentation.size = 32");
  p = find_protocol("imagenet-wrn-50-2");
  p.augmentation.evaluation_resize = 223;
  expect_error([&] { validate(p); }, ErrorCode::kInvalidValue, "augmentation.evaluation_resize", "at least");
}

TEST(Protocol, WhatHasNoEffectIsSaid) {
  const Protocol cosine = find_protocol("cifar10-darts");
  EXPECT_TRUE(without_effect(cosine, "schedule.milestones"));
  EXPECT_TRUE(without_effect(cosine, "schedule.factor"));
  EXPECT_FALSE(without_effect(cosine, "augmentation.pad"));
  EXPECT_TRUE(without_effect(cosine, "augmentation.evaluation_resize"));
  const Protocol step = find_protocol("imagenet-wrn-50-2");
  EXPECT_FALSE(without_effect(step, "schedule.factor"));
  EXPECT_TRUE(without_effect(step, "augmentation.pad"));
  EXPECT_FALSE(without_effect(step, "augmentation.evaluation_resize"));
}

TEST(Protocol, WhatOnlyATeacherUsesIsSaid) {
  for (const char *key : {"alpha", "beta", "temperature", "attention", "attention_resize", "distillation",
                          "distillation_weight", "cross_entropy_weight", "distillation_ramp_epochs"})
    EXPECT_THAT(without_effect_alone(key).value_or(""), testing::HasSubstr("without a teacher")) << key;
  for (const char *key : {"batch", "label_smoothing", "nesterov", "warmup_epochs"})
    EXPECT_FALSE(without_effect_alone(key)) << key;
  Protocol p = find_protocol("cifar10-wrn");
  EXPECT_TRUE(without_effect(p, "distillation")); // alpha is 0
  p.distillation_weight = 0.9;
  EXPECT_FALSE(without_effect(p, "distillation"));
  EXPECT_FALSE(without_effect(p, "alpha")); // it is the share of cross-entropy yet
  p.cross_entropy_weight = 0.1;
  EXPECT_TRUE(without_effect(p, "alpha"));
  EXPECT_EQ(distillation_weight(p), 0.9);
  EXPECT_EQ(cross_entropy_weight(p), 0.1);
  p.distillation_weight = 0;
  p.beta = 0;
  EXPECT_TRUE(without_effect(p, "cross_entropy_weight"));
  EXPECT_TRUE(without_effect(p, "distillation_ramp_epochs"));
  EXPECT_TRUE(without_effect(p, "attention_resize"));
  EXPECT_EQ(cross_entropy_weight(p), 1); // as without a teacher
}

/// A short run of a long protocol: of 5 epochs 0.3, 0.6 and 0.8 are over after 1.5, 3 and 4.
TEST(Protocol, MilestonesMayBeShares) {
  Protocol p = find_protocol("cifar10-wrn");
  set_field(p, "schedule.milestones", "0.3,0.6,0.8");
  EXPECT_EQ(milestone_epochs(p), (std::vector<std::int64_t>{60, 120, 160}));
  const Protocol whole = find_protocol("cifar10-wrn");
  for (std::int64_t epoch = 0; epoch < 200; ++epoch) EXPECT_EQ(learning_rate(p, epoch), learning_rate(whole, epoch)) << epoch;
  p.epochs = 5;
  EXPECT_EQ(milestone_epochs(p), (std::vector<std::int64_t>{2, 3, 4}));
  p.epochs = 10;
  EXPECT_EQ(milestone_epochs(p), (std::vector<std::int64_t>{3, 6, 8}));
  EXPECT_TRUE(remarks(p).empty());
  EXPECT_THAT(write_protocol(p), testing::HasSubstr("0.3,"));
  EXPECT_TRUE(differences(read_protocol(write_protocol(p), "file"), p).empty());
  for (const char *wrong : {"0.5,0.3", "0.5,1", "1.5", "0", "0.5,60", "-0.5", "3,3", "nan", "1e300"})
    EXPECT_THROW(set_field(p, "schedule.milestones", wrong), Error) << wrong;
}

TEST(Protocol, LearningRateAndDistillationRise) {
  Protocol p = find_protocol("cifar10-wrn");
  p.warmup_epochs = 4;
  const std::vector<double> shares = {0.25, 0.5, 0.75, 1, 1};
  for (std::int64_t epoch = 0; epoch < 5; ++epoch) {
    EXPECT_DOUBLE_EQ(learning_rate(p, epoch), 0.1 * shares[static_cast<std::size_t>(epoch)]) << epoch;
    EXPECT_EQ(distillation_ramp(p, epoch), 1);
  }
  p.distillation_ramp_epochs = 4;
  for (std::int64_t epoch = 0; epoch < 5; ++epoch)
    EXPECT_DOUBLE_EQ(distillation_ramp(p, epoch), shares[static_cast<std::size_t>(epoch)]) << epoch;
  // On a cosine it rises to where the cosine is.
  Protocol cosine = find_protocol("cifar10-darts");
  const double third = learning_rate(cosine, 3);
  cosine.warmup_epochs = 5;
  EXPECT_DOUBLE_EQ(learning_rate(cosine, 3), third * 0.8);
  p.warmup_epochs = 200;
  EXPECT_TRUE(remarks(p).empty()); // in the last epoch they are
  p.warmup_epochs = p.distillation_ramp_epochs = 201;
  EXPECT_THAT(remarks(p).at(0), testing::HasSubstr("warmup_epochs 201 are not over"));
  EXPECT_THAT(remarks(p).at(1), testing::HasSubstr("distillation_ramp_epochs 201 are not over"));
  p.nesterov = true;
  EXPECT_NO_THROW(validate(p));
  p.momentum = 0;
  expect_error([&] { validate(p); }, ErrorCode::kInvalidValue, "nesterov", "momentum above 0");
}

/// What was not there before is not in a file where it is as before: files and identities stay what they were.
TEST(Protocol, FilesLeaveOutWhatIsUsual) {
  Protocol p = find_protocol("cifar10-wrn");
  const std::string before = write_protocol(p);
  const std::vector<std::string> later = {"warmup_epochs",
                                          "nesterov",
                                          "decay_norms_and_biases",
                                          "distillation",
                                          "distillation_weight",
                                          "cross_entropy_weight",
                                          "distillation_ramp_epochs",
                                          "label_smoothing",
                                          "attention_resize"};
  for (const std::string &key : later) EXPECT_EQ(before.find("\"" + key + "\""), std::string::npos) << key;
  const std::map<std::string, std::string> values = {{"warmup_epochs", "5"},
                                                     {"nesterov", "on"},
                                                     {"decay_norms_and_biases", "off"},
                                                     {"distillation", "hinton"},
                                                     {"distillation_weight", "0.9"},
                                                     {"cross_entropy_weight", "0.1"},
                                                     {"distillation_ramp_epochs", "20"},
                                                     {"label_smoothing", "0.1"},
                                                     {"attention_resize", "pool"}};
  for (const std::string &key : later) set_field(p, key, values.at(key));
  const std::string text = write_protocol(p);
  for (const std::string &key : later) EXPECT_NE(text.find("\"" + key + "\""), std::string::npos) << key;
  EXPECT_TRUE(differences(read_protocol(text, "file"), p).empty());
}

TEST(Protocol, MilestonesThatAreNotReachedAreRemarked) {
  Protocol p = find_protocol("cifar10-wrn");
  p.epochs = 120;
  const std::vector<std::string> lines = remarks(p);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("120, 160 are not reached in 120 epochs"), std::string::npos) << lines[0];
}

TEST(Protocol, ThePapersAttentionWantsAnotherWeight) {
  Protocol p = find_protocol("cifar10-wrn");
  p.attention = AttentionForm::kPaper;
  ASSERT_EQ(remarks(p).size(), 1U);
  EXPECT_THAT(remarks(p)[0], testing::HasSubstr("with a beta of 1 to 10"));
  p.beta = 5;
  EXPECT_TRUE(remarks(p).empty());
}

TEST(Protocol, DifferencesNameTheKey) {
  Protocol p = find_protocol("cifar10-wrn");
  EXPECT_TRUE(differences(p, find_protocol("cifar10-wrn")).empty());
  p.epochs = 5;
  p.decay_scaling["generic"] = false;
  EXPECT_EQ(differences(p, find_protocol("cifar10-wrn")),
            (std::vector<std::string>{"epochs = 5, not 200", "decay_scaling.generic = off, not on"}));
}

TEST(Protocol, FilesAreReadAsTheyWereWritten) {
  for (const Protocol &protocol : protocols()) {
    const std::string text = write_protocol(protocol);
    const Protocol read = read_protocol(text, "file");
    EXPECT_TRUE(differences(read, protocol).empty()) << text;
    EXPECT_EQ(read.name, protocol.name);
    EXPECT_EQ(read.for_networks, protocol.for_networks);
    EXPECT_EQ(write_protocol(read), text);
  }
}

// The smallest file; what it leaves out is standard.
const std::string kFile = R"({
  "schema": "pare.protocol/1", "name": "mine", "data": "cifar10", "batch": 32, "epochs": 3, "learning_rate": 0.05,
  "weight_decay": 0, "schedule": {"kind": "step", "milestones": [1, 2], "factor": 0.5},
  "augmentation": {"kind": "none", "size": 32, "flip": false, "mean": [0, 0, 0], "std": [1, 1, 1], "evaluation": "whole"},
  "clip_grad": 2, "decay_scaling": {"shuffle": false}
})";

TEST(Protocol, AFileOfOnesOwn) {
  const Protocol p = read_protocol(kFile, "mine.json");
  EXPECT_EQ(p.name, "mine");
  EXPECT_EQ(p.batch, 32);
  EXPECT_EQ(p.momentum, .9);
  EXPECT_EQ(p.clip_grad, 2.0);
  EXPECT_FALSE(p.decay_scaling.at("shuffle"));
  EXPECT_TRUE(p.decay_scaling.at("generic"));
  EXPECT_FALSE(p.decay_scaling.at("hashed"));
  EXPECT_DOUBLE_EQ(learning_rate(p, 2), .05 * .5 * .5);
}

TEST(Protocol, FilesAreReadStrictly) {
  const auto bad = [](const std::string &what, const std::string &with, std::string_view line, int at = __builtin_LINE()) {
    expect_message([&] { read_protocol(replaced(kFile, what, with), "mine.json"); }, line, __FILE__, at);
  };
  bad("pare.protocol/1", "pare.protocol/2",
      R"([invalid_file] mine.json/schema: schema = "pare.protocol/2" must be "pare.protocol/1")");
  bad("\"batch\": 32,", "", R"([invalid_file] mine.json/batch: "batch" is missing)");
  bad("\"batch\": 32", "\"batch\": 32, \"bacth\": 32",
      R"([invalid_file] mine.json/bacth: unknown key "bacth"; known: schema, name, description, data, for_networks, batch, epochs, learning_rate, warmup_epochs, momentum, nesterov, weight_decay, decay_norms_and_biases, schedule, augmentation, alpha, beta, temperature, distillation, distillation_weight, cross_entropy_weight, distillation_ramp_epochs, label_smoothing, attention, attention_resize, auxiliary_head, drop_path, clip_grad, ema_decay, decay_scaling, recompute; did you mean batch?)");
  bad("\"batch\": 32", "\"batch\": 32, \"batch\": 32",
      R"([invalid_file] mine.json/batch: key "batch" is given twice in one object)");
  bad("\"batch\": 32", "\"batch\": \"32\"",
      R"([invalid_file] mine.json/batch: batch = "32" must be a whole number from 1 to 1000000000)");
  bad("\"batch\": 32", "\"batch\": 32.0",
      "[invalid_file] mine.json/batch: batch = 32.0 must be a whole number from 1 to 1000000000, written in digits");
  bad("\"batch\": 32", "\"batch\": 18446744073709551615",
      "[invalid_file] mine.json/batch: batch = 18446744073709551615 must be a whole number from 1 to 1000000000");
  bad("\"batch\": 32", "\"batch\": 0", "[invalid_file] mine.json/batch: batch = 0 must be a whole number from 1 up");
  bad("0.05", "1e999", "[invalid_file] mine.json/learning_rate: number 1e999 is beyond a double");
  bad("0.05", "null", "[invalid_file] mine.json/learning_rate: learning_rate = null must be a number above 0");
  bad("\"factor\": 0.5", "\"fctor\": 0.5",
      R"([invalid_file] mine.json/schedule.fctor: unknown key "fctor"; known: kind, milestones, factor; did you mean factor?)");
  bad("[1, 2]", "[2, 1]",
      "[invalid_file] mine.json/schedule.milestones: schedule.milestones = 2,1 must be whole numbers of epochs from 1 up, or "
      "shares of them above 0 and below 1, ascending, with commas between them");
  bad("[1, 2]", "[1, 2.5]",
      "[invalid_file] mine.json/schedule.milestones: schedule.milestones = 1,2.5 must be whole numbers of epochs from 1 up, or "
      "shares of them above 0 and below 1, ascending, with commas between them");
  bad("[1, 2]", "[1, \"2\"]",
      "[invalid_file] mine.json/schedule.milestones: schedule.milestones = [1,\"2\"] must be a list of whole numbers of epochs "
      "from 1 up, or shares of them above 0 and below 1, ascending");
  bad("[1, 1, 1]", "[1, 1]",
      "[invalid_file] mine.json/augmentation.std: augmentation.std = [1,1] must be a list of three numbers above 0 up to 1");
  bad("\"mine\",", "\"mine\", \"for_networks\": [\"resnt\"],",
      "[invalid_file] mine.json/for_networks: for_networks = resnt must be one of wide_resnet, darts, darts_imagenet, "
      "wrn_50_2, resnet, mobilenet_v2, mobilenet_v2_cifar, resnet_cifar, vgg, densenet, efficientnet_lite0; did you mean "
      "resnet?");
  bad("\"flip\": false", "\"flip\": 0",
      "[invalid_file] mine.json/augmentation.flip: augmentation.flip = 0 must be true or false");
  bad("\"kind\": \"none\"", "\"kind\": \"some\"",
      "[invalid_file] mine.json/augmentation.kind: augmentation.kind = \"some\" must be one of pad_crop, random_resized_crop, "
      "none");
  bad("{\"shuffle\": false}", "{\"shufle\": false}",
      R"([invalid_file] mine.json/decay_scaling: unknown family "shufle"; known: )" PARE_KNOWN_DECAY_FAMILIES
      R"(; did you mean shuffle?)");
  bad("{\"shuffle\": false}", "{\"shuffle\": 0}",
      "[invalid_file] mine.json/decay_scaling: decay_scaling = 0 must be on, off or a number above 0");
  bad("{\"shuffle\": false}", "{\"shuffle\": \"on\"}",
      R"([invalid_file] mine.json/decay_scaling: decay_scaling = {"shuffle":"on"} must be true, false or a number above 0 for each family, such as {"generic": false})");
  bad("\"data\": \"cifar10\"", "\"data\": \"emnist\"",
      "[invalid_file] mine.json/data: data = emnist must be one of cifar10, cifar100, fashion-mnist, mnist, svhn, stl10, "
      "tiny-imagenet, imagenet; did you "
      "mean mnist?");
  bad("\"mine\"", "\"\"", "[invalid_file] mine.json/name: name must not be empty");
  bad("\"clip_grad\": 2", "\"clip_grad\": " + std::string(100000, '['),
      "[invalid_file] mine.json: nested deeper than 64 levels, which nothing that is read here needs");
  const auto refused = [](const std::string &text, std::string_view line, int at = __builtin_LINE()) {
    expect_message([&] { read_protocol(text, "mine.json"); }, line, __FILE__, at);
  };
  refused("", "[invalid_file] mine.json: parse error at line 1, column 1: syntax error while parsing value - unexpected end of "
              "input; expected '[', '{', or a literal");
  refused("[]", "[invalid_file] mine.json: [] must be an object with \"schema\": \"pare.protocol/1\"");
  refused("7", "[invalid_file] mine.json: 7 must be an object with \"schema\": \"pare.protocol/1\"");
  refused("{", "[invalid_file] mine.json: parse error at line 1, column 2: syntax error while parsing object key - unexpected "
               "end of input; expected string literal");
  refused("{}", R"([invalid_file] mine.json/schema: "schema": "pare.protocol/1" is expected, and there is none)");
  refused("\"\xff\"", "[invalid_file] mine.json: parse error at line 1, column 2: syntax error while parsing value - invalid "
                      "string: ill-formed UTF-8 byte; last read: '\"\xff'");
  for (std::size_t size = 1; size + 1 < kFile.size(); size += 13)
    expect_error([&] { read_protocol(kFile.substr(0, size), "mine.json"); }, ErrorCode::kInvalidFile, "mine.json",
                 "parse error at line ");
  // Each byte damaged in turn: an Error or a protocol, never anything else.
  for (std::size_t at = 0; at < kFile.size(); ++at)
    for (const char byte : {'"', '[', '}', '9', '-', '.', '\xff'}) {
      std::string damaged = kFile;
      damaged[at] = byte;
      const std::string line = test::message_of([&] { read_protocol(damaged, "mine.json"); });
      EXPECT_TRUE(line == "no error" || line.starts_with("[invalid_file] mine.json")) << line;
    }
}

// The number that is beyond an end is told which end that is, from a file and from --set.
TEST(Protocol, EndsAreNamed) {
  const auto bad = [](const std::string &value, std::string_view line, int at = __builtin_LINE()) {
    Protocol p = find_protocol("cifar10-wrn");
    expect_message([&] { set_field(p, "batch", value); }, line, __FILE__, at);
  };
  bad("0", "[invalid_value] batch: batch = 0 must be a whole number from 1 up");
  bad("", "[invalid_value] batch: batch = \"\" must be a whole number from 1 up");
  bad("1.5", "[invalid_value] batch: batch = 1.5 must be a whole number from 1 up");
  bad("2000000000", "[invalid_value] batch: batch = 2000000000 must be a whole number from 1 to 1000000000");
  bad("12345678901234567890123",
      "[invalid_value] batch: batch = 12345678901234567890123 must be a whole number from 1 to 1000000000");
  expect_message([] { read_protocol(replaced(kFile, "\"batch\": 32", "\"batch\": 2000000000"), "mine.json"); },
                 "[invalid_file] mine.json/batch: batch = 2000000000 must be a whole number from 1 to 1000000000");
}

TEST(Protocol, TextIsBounded) {
  expect_message([] { find_protocol("/dev/zero"); },
                 "[limit] /dev/zero: has more than 16777216 bytes, which is all that is read");
}

TEST(Protocol, AFileMayNotPassForAKnownOne) {
  const std::string path = (std::filesystem::temp_directory_path() / "pare-protocol-test-XXXXXX").string();
  std::string folder = path;
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const auto write = [&](const std::string &text) {
    std::ofstream(folder + "/p.json") << text;
    return folder + "/p.json";
  };
  EXPECT_EQ(find_protocol(write(kFile)).name, "mine");
  EXPECT_EQ(find_protocol(write(write_protocol(find_protocol("cifar10-wrn")))).batch, 128);
  const std::string changed = replaced(write_protocol(find_protocol("cifar10-wrn")), "\"batch\": 128", "\"batch\": 64");
  expect_error([&] { find_protocol(write(changed)); }, ErrorCode::kInvalidFile, "p.json/name", "batch = 64, not 128");
  std::filesystem::remove_all(folder);
}

TEST(Protocol, EveryFieldIsDescribed) {
  const auto fields = describe_protocol_fields();
  EXPECT_GE(fields.size(), 30U);
  for (const FieldDescription &field : fields) {
    EXPECT_FALSE(field.description.empty()) << field.key;
    EXPECT_FALSE(field.accepted.empty()) << field.key;
  }
}

} // namespace

} // namespace pare::train
