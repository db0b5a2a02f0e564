#include "train/experiments/identity.hpp"

#include "base/digest.hpp"
#include "solver/solver.hpp"
#include "tests/support.hpp"
#include "tests/train_experiments/schedules.hpp"

namespace pare::train {
namespace {

using test::kFingerprint;

RunConfig config_of(const std::string &network, const std::string &substitution) {
  RunConfig out;
  out.model.network = read_network_text(network);
  out.model.input = {.batch = 1, .channels = 3, .height = 32, .width = 32};
  out.model.substitution = substitution;
  out.data = "fashion-mnist:/nowhere";
  out.protocol = find_protocol("fashion-mnist");
  return out;
}

std::string of(const RunConfig &config, const std::string &teacher = {}) {
  return Identities().of(config, kFingerprint, teacher);
}

/// Of a change to a student of wrn-28-10 with Shuffle_2, which has a teacher.
template <class Change>
bool changes(const Change &change) {
  RunConfig config = config_of("wrn-28-10", "Shuffle_2");
  config.teacher = {
      .file = "t", .checksum = std::string(64, 'b'), .network = read_network_text("wrn-28-10"), .expected_error = {}};
  const std::string before = of(config);
  change(config);
  return of(config) != before;
}

TEST(Identity, IsTheDigestOfItsDocument) {
  // The document as train/experiments/README.md describes it, put together by hand; "document" is Python's
  // sha256(json.dumps(network, sort_keys=True, separators=(",", ":"))) of `pare show wrn-10-1 --format json` without its name.
  // The ranks of Generic are int(0.5 max(c_i, c_o)).
  std::string plan;
  for (const auto &[layer, rank] : {std::pair{"block1.0.layer.0.conv1", 8},
                                    {"block1.0.layer.0.conv2", 8},
                                    {"block2.0.layer.0.conv1", 16},
                                    {"block2.0.layer.0.conv2", 16},
                                    {"block3.0.layer.0.conv1", 32},
                                    {"block3.0.layer.0.conv2", 32}})
    plan += (plan.empty() ? "\"" : ",\"") + std::string(layer) +
            R"(":{"evaluation":"factored","family":"generic","keys":{},"structure":[)" + std::to_string(rank) + "]}";
  const std::string document =
      R"({"data":{"fingerprint":")" + kFingerprint +
      R"(","kind":"fashion-mnist","max_images":null},"micro_batch":null,"network":{"auxiliary_head":null,"document":)"
      R"("a33e977ccac3a9b6d569dc93ed62b23652ac44b4afa9f68d7c8854abd6e0d59a","family":"wide_resnet","plan":{)" +
      plan +
      R"(}},"precision":"fp32","protocol":{"augmentation":{"cutout":0,"evaluation":"whole","flip":true,"kind":"pad_crop","mean":)"
      R"([0.219,0.219,0.219],"pad":4,"size":32,"std":[0.3318,0.3318,0.3318]},"auxiliary_head":false,"batch":128,"clip_grad":null,)"
      R"("decay_scaling":{"generic":true},"epochs":4,"learning_rate":0.1,"momentum":0.9,"schedule":{"kind":"cosine"},)"
      R"("weight_decay":0.0005},"seed":0,"semantics":1,"teacher":null,"weights":null})";
  RunConfig config = config_of("wrn-10-1", "Generic_0.5");
  config.protocol.epochs = 4;
  EXPECT_EQ(of(config), digest(document));
  // Of the same by Python's hashlib.
  EXPECT_EQ(of(config), "1b67786f939f5bd39ede56000517ae3c91dc03826759bed463a1bb6bedae586e");
}

TEST(Identity, IsThatOfWhatIsComputedHoweverItWasAskedFor) {
  const std::string shuffle = of(config_of("wrn-28-10", "Shuffle_2"));
  EXPECT_EQ(of(config_of("wide_resnet:depth=28,width=10,classes=10", "Shuffle_2")), shuffle);
  EXPECT_EQ(of(config_of("wrn-28-10", "Shuffle_3")), shuffle) << "one structure, as in 2019";
  EXPECT_NE(of(config_of("wrn-28-10", "Shuffle_4")), shuffle);
  EXPECT_NE(of(config_of("wrn-28-10", "")), shuffle);
  EXPECT_EQ(of(config_of("wrn-28-10", "Conv")), of(config_of("wrn-28-10", "")));
  EXPECT_EQ(of(config_of("darts", "Sep")), of(config_of("darts", ""))) << "darts is made of these";
  EXPECT_EQ(of(config_of("wrn-28-10", "Generic_0.054")), of(config_of("wrn-28-10", "Generic_0.053125"))) << "one rank each";
  EXPECT_NE(of(config_of("wrn-28-10", "Hashed_0.1")), of(config_of("wrn-28-10", "hashed:ratio=0.1"))) << "other indices";

  SolveRequest request;
  request.substitution = "Generic";
  request.budgets = {parse_budget("parameters<=0.8M")};
  RunConfig solved = config_of("wrn-28-10", "");
  solved.model.network = {.spec = {}, .document = write_solved(solve_uniform(make_network("wrn-28-10"), request), "{}")};
  EXPECT_EQ(of(solved), of(config_of("wrn-28-10", "Generic_0.054")));

  RunConfig possible = config_of("wrn-28-10", "Generic_0.1");
  possible.model.where_possible = true; // it is everywhere
  EXPECT_EQ(of(possible), of(config_of("wrn-28-10", "Generic_0.1")));
}

TEST(Identity, HasNothingOfWhatChangesNothing) {
  EXPECT_FALSE(changes([](RunConfig &c) { c.threads = 7; }));
  EXPECT_FALSE(changes([](RunConfig &c) { c.device = "cuda:0"; }));
  EXPECT_FALSE(changes([](RunConfig &c) { c.channels_last = true; }));
  EXPECT_FALSE(changes([](RunConfig &c) { c.workers = 3; }));
  EXPECT_FALSE(changes([](RunConfig &c) { c.checkpoint_every = 3; }));
  EXPECT_FALSE(changes([](RunConfig &c) { c.max_steps = 3; }));
  EXPECT_FALSE(changes([](RunConfig &c) { c.micro_batch = c.protocol.batch; }));
  EXPECT_FALSE(changes([](RunConfig &c) { c.data = "fashion-mnist:/elsewhere"; }));
  EXPECT_FALSE(changes([](RunConfig &c) { c.teacher->file = "elsewhere"; }));
  EXPECT_FALSE(changes([](RunConfig &c) { c.teacher->expected_error = ExpectedError{.percent = 5, .tolerance = 1}; }));
  EXPECT_FALSE(changes([](RunConfig &c) { c.protocol.name = "mine"; }));
  EXPECT_FALSE(changes([](RunConfig &c) { c.protocol.description = "mine"; }));
  EXPECT_FALSE(changes([](RunConfig &c) { c.protocol.for_networks.clear(); }));
  EXPECT_FALSE(changes([](RunConfig &c) { c.protocol.recompute = RecomputeChoice::kAll; }));
  EXPECT_FALSE(changes([](RunConfig &c) { c.protocol.temperature = 2; })) << "alpha is 0";
  EXPECT_FALSE(changes([](RunConfig &c) { c.protocol.schedule.factor = 0.5; })) << "of step only";
  EXPECT_FALSE(changes([](RunConfig &c) { c.protocol.augmentation.evaluation_resize = 40; }));
  EXPECT_FALSE(changes([](RunConfig &c) { c.protocol.decay_scaling["generic"] = false; })) << "there is no Generic";
  EXPECT_FALSE(changes([](RunConfig &c) { c.protocol.drop_path = 0.2; })) << "it has no place for it";
  // Without a teacher.
  RunConfig alone = config_of("wrn-28-10", "Shuffle_2");
  const std::string before = of(alone);
  alone.protocol.alpha = 0.5;
  alone.protocol.beta = 1;
  alone.protocol.temperature = 2;
  alone.protocol.attention = AttentionForm::kPaper;
  EXPECT_EQ(of(alone), before);
  // Alone it is cross-entropy that is learned, whatever a teacher would be worth.
  RunConfig smoothed = alone;
  smoothed.protocol.alpha = 1;
  smoothed.protocol.label_smoothing = 0.1;
  EXPECT_NE(of(smoothed), before);
  // A teacher that nothing is learned from.
  RunConfig taught = config_of("wrn-28-10", "Shuffle_2");
  taught.teacher = TeacherConfig{};
  taught.protocol.beta = 0;
  EXPECT_EQ(of(taught, std::string(64, 'b')), before);
  // What is cheapest is a way that has a name of its own; another way rounds otherwise.
  const auto evaluated = [](const char *how) { return of(config_of("wrn-28-10", std::string("TensorTrain_0.44") + how)); };
  EXPECT_EQ(evaluated("@cheapest"), evaluated("@contraction"));
  EXPECT_NE(evaluated("@contraction"), evaluated(""));
  // No weight decay cannot be scaled.
  RunConfig undecayed = config_of("wrn-28-10", "Shuffle_2");
  undecayed.protocol.weight_decay = 0;
  const std::string scaled = of(undecayed);
  undecayed.protocol.decay_scaling["shuffle"] = false;
  EXPECT_EQ(of(undecayed), scaled);
  // Milestones that are never reached.
  RunConfig stepped = alone;
  stepped.protocol.epochs = 5;
  stepped.protocol.schedule = {.kind = ScheduleKind::kStep, .milestones = {2, 60}, .factor = 0.2};
  RunConfig late = stepped;
  late.protocol.schedule.milestones = {2, 5};
  EXPECT_EQ(of(late), of(stepped));
  late.protocol.schedule.milestones = {0.4}; // of 5
  EXPECT_EQ(of(late), of(stepped));
  late.protocol.schedule.milestones = {2, 4};
  EXPECT_NE(of(late), of(stepped));
  stepped.protocol.schedule = {.kind = ScheduleKind::kStep, .milestones = {60}, .factor = 0.2};
  late.protocol.schedule = {.kind = ScheduleKind::kStep, .milestones = {}, .factor = 1};
  EXPECT_EQ(of(late), of(stepped));
}

TEST(Identity, HasAllThatChangesTheResult) {
  EXPECT_TRUE(changes([](RunConfig &c) { c.seed = 1; }));
  EXPECT_TRUE(changes([](RunConfig &c) { c.precision = "bf16"; }));
  EXPECT_TRUE(changes([](RunConfig &c) { c.micro_batch = 4; }));
  EXPECT_TRUE(changes([](RunConfig &c) { c.max_images = 10; }));
  EXPECT_TRUE(changes([](RunConfig &c) { c.data = "mnist:/nowhere"; }));
  EXPECT_TRUE(changes([](RunConfig &c) { c.teacher.reset(); }));
  EXPECT_TRUE(changes([](RunConfig &c) { c.teacher->checksum = std::string(64, 'c'); }));
  EXPECT_TRUE(changes([](RunConfig &c) { c.teacher->network = read_network_text("wrn-16-4"); }));
  EXPECT_TRUE(changes([](RunConfig &c) { c.weights = WeightsConfig{.file = "w", .checksum = std::string(64, 'd')}; }));
  EXPECT_TRUE(changes([](RunConfig &c) { c.start = WeightsConfig{.file = "w", .checksum = std::string(64, 'd')}; }));
  EXPECT_TRUE(changes([](RunConfig &c) { c.protocol.epochs = 5; }));
  EXPECT_TRUE(changes([](RunConfig &c) { c.protocol.beta = 5; }));
  EXPECT_TRUE(changes([](RunConfig &c) { c.protocol.alpha = 0.5; }));
  EXPECT_TRUE(changes([](RunConfig &c) { c.protocol.momentum = 0.5; }));
  EXPECT_TRUE(changes([](RunConfig &c) { c.protocol.nesterov = true; }));
  EXPECT_TRUE(changes([](RunConfig &c) { c.protocol.label_smoothing = 0.1; }));
  EXPECT_TRUE(changes([](RunConfig &c) { c.protocol.warmup_epochs = 1; }));
  EXPECT_TRUE(changes([](RunConfig &c) { c.protocol.decay_norms_and_biases = false; }));
  EXPECT_TRUE(changes([](RunConfig &c) { c.protocol.distillation_ramp_epochs = 1; }));
  EXPECT_TRUE(changes([](RunConfig &c) { c.protocol.attention_resize = AttentionResize::kPool; }));
  EXPECT_TRUE(changes([](RunConfig &c) { c.protocol.augmentation.cutout = 4; }));
  EXPECT_TRUE(changes([](RunConfig &c) { c.protocol.decay_scaling["shuffle"] = false; }));
  RunConfig config = config_of("wrn-28-10", "Shuffle_2");
  config.teacher = TeacherConfig{};
  config.teacher->network = read_network_text("wrn-28-10");
  EXPECT_NE(of(config, std::string(64, 'b')), of(config, std::string(64, 'c')));
  EXPECT_NE(Identities().of(config, kFingerprint, std::string(64, 'b')),
            Identities().of(config, std::string(64, 'e'), std::string(64, 'b')));
  // A network from a file starts from other values than that of a family, and an auxiliary head trains with its network.
  RunConfig darts = config_of("darts", "");
  darts.protocol.auxiliary_head = true;
  EXPECT_NE(of(darts), of(config_of("darts", "")));
}

} // namespace
} // namespace pare::train
