// However a substitute is evaluated, it is the same map with the same gradients.

#include "tests/train/numerics.hpp"

#include "analysis/substitution.hpp"
#include "base/enums.hpp"
#include "train/graph_module.hpp"
#include "train/initialise.hpp"

namespace pare::train {
namespace {

using test::error_of;
using torch::Tensor;

struct Evaluating {
  std::int64_t c_i;
  std::int64_t c_o;
  std::int64_t kernel;
  std::int64_t stride;
  std::int64_t padding;
  bool bias;
};
/// Modes that straddle the border and such that do not; pointwise ones whose map has the stride and the padding itself.
const std::vector<Evaluating> kEvaluating = {{16, 16, 3, 1, 1, false},
                                             {12, 24, 1, 2, 0, true},
                                             {24, 12, 1, 1, 1, true},
                                             {20, 40, 3, 2, 1, true},
                                             {30, 30, 1, 1, 0, false}};

std::unique_ptr<GraphModule> evaluated_at(const ConvSite &site, const Substitute &substitute, torch::ScalarType type) {
  Graph graph;
  graph.set_output(lower_site(graph, site, graph.add_input(site.input), substitute));
  auto module = std::make_unique<GraphModule>(std::move(graph));
  initialise(*module, 3);
  for (const Tensor &parameter : module->parameters()) Tensor(parameter).set_data(parameter.to(type));
  return module;
}

// Of a strided 1 x 1 with few channels, which are last: oneDNN's own gradient is wrong on CPUs that have AVX2 and no AVX-512,
// which other CPUs cannot show.
TEST(StridedPointwise, HasTheGradientsOfDoublePrecision) {
  for (const std::int64_t c_i : {1, 3, 5, 6, 7, 9, 16})
    for (const std::int64_t c_o : {2, 13, 16})
      for (const std::int64_t size : {8, 15, 16}) {
        const Pair stride = size == 15 ? Pair{2, 1} : Pair{2, 2};
        const Padding padding = size == 8 ? Padding{{1, 2}, {0, 1}} : Padding{0, 0};
        const ConvSite site = make_site("X", {.batch = 5, .channels = c_i, .height = size, .width = size}, c_o, {1, 1}, stride,
                                        padding, {1, 1}, true);
        std::vector<Tensor> exact;
        for (const torch::ScalarType type : {torch::kFloat64, torch::kFloat32}) {
          const auto module = evaluated_at(site, parse_substitute("Conv"), type);
          torch::manual_seed(6);
          const Tensor image = torch::randn({5, c_i, size, size}, torch::kFloat64);
          const Tensor x = image.to(type).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_(true);
          Tensor y;
          module->observe([&](NodeId, const Tensor &out) { y = out; });
          module->run(x, {.training = true});
          (y * torch::arange(y.numel(), torch::kFloat64).reshape(y.sizes()).sin().to(type)).sum().backward();
          std::vector<Tensor> found{y.detach(), x.grad()};
          for (const Tensor &parameter : module->parameters()) found.push_back(parameter.grad());
          if (exact.empty()) {
            exact = found;
            continue;
          }
          for (std::size_t i = 0; i < found.size(); ++i)
            EXPECT_LE(error_of(found[i], exact[i]), 1e-4) << c_i << " -> " << c_o << ", " << size << ": " << i;
        }
      }
}

class EvaluatedEitherWay : public testing::TestWithParam<std::string> {};

TEST_P(EvaluatedEitherWay, IsTheSameMapWithTheSameGradients) {
  const Substitution &family = find_substitution(GetParam());
  std::vector<Settings> all;
  Settings standard;
  for (const KeyInfo &key : family.info().keys) standard.push_back(key.standard);
  all.push_back(standard);
  for (std::size_t i = 0; i < family.info().keys.size(); ++i)
    for (const std::int64_t value : {0, 1, 2, 4}) {
      const KeyInfo &key = family.info().keys[i];
      if (key.sets_knob || value < key.least || value > key.most || value == key.standard) continue;
      all.push_back(standard);
      all.back()[i] = value;
    }
  std::size_t compared = 0;
  for (const Settings &settings : all)
    for (const Evaluating &c : kEvaluating)
      for (const double knob : {0.2, 0.5, 1.0}) {
        const ConvSite site = make_site("X", {.batch = 2, .channels = c.c_i, .height = 6, .width = 5}, c.c_o,
                                        {c.kernel, c.kernel}, {c.stride, c.stride}, {c.padding, c.padding}, {1, 1}, c.bias);
        Substitute substitute{.family = &family, .settings = settings, .knob = {}};
        if (family.info().knob.kind == KnobInfo::Kind::kReal) substitute.knob = knob;
        if (family.info().knob.kind == KnobInfo::Kind::kInteger || family.info().knob.kind == KnobInfo::Kind::kGroups)
          substitute.knob = std::ceil(knob * 4);
        if (resolve(site, substitute).refusal) continue;
        for (const auto &[type, tolerance] : {std::pair{torch::kFloat64, 1e-12}, {torch::kFloat32, 1e-5}}) {
          torch::manual_seed(5);
          const Tensor image = torch::randn({2, c.c_i, 6, 5}, torch::kFloat64).to(type);
          std::vector<Tensor> first;
          for (const Evaluation evaluation : family.info().evaluations) {
            substitute.evaluation = evaluation;
            SCOPED_TRACE(substitute.text() + " of " + std::to_string(c.c_i) + " -> " + std::to_string(c.c_o));
            const auto module = evaluated_at(site, substitute, type);
            const Tensor x = image.clone().requires_grad_(true);
            Tensor y;
            module->observe([&](NodeId, const Tensor &out) { y = out; });
            module->run(x, {.training = true});
            const Tensor direction = torch::arange(y.numel(), torch::kFloat64).reshape(y.sizes()).sin().to(type);
            (y * direction).sum().backward();
            std::vector<Tensor> found{y.detach(), x.grad()};
            std::vector<std::string> names{"output", "gradient of the image"};
            for (const auto &entry : module->named_parameters()) {
              ASSERT_TRUE(entry.value().grad().defined()) << entry.key();
              found.push_back(entry.value().grad());
              names.push_back(entry.key());
            }
            if (first.empty()) {
              first = found;
              continue;
            }
            ++compared;
            ASSERT_EQ(found.size(), first.size());
            for (std::size_t i = 0; i < found.size(); ++i) EXPECT_LE(error_of(found[i], first[i]), tolerance) << names[i];
          }
          if (HasFailure()) return;
        }
      }
  EXPECT_GT(compared, 5u);
}

std::vector<std::string> with_several() {
  std::vector<std::string> out;
  for (const Substitution *family : substitutions())
    if (family->info().evaluations.size() > 1) out.emplace_back(family->info().name);
  return out;
}

INSTANTIATE_TEST_SUITE_P(Families, EvaluatedEitherWay, testing::ValuesIn(with_several()),
                         [](const auto &which) { return which.param; });

} // namespace
} // namespace pare::train
