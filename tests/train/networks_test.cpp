// Every network x every substitution: the module holds the parameters that were counted, its operations give the shapes that
// the graph says, and it executes the multiply-accumulates that convention macs counts.

#include "tests/train/numerics.hpp"
#include "tests/train/substitutes.hpp"

#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "train/device.hpp"
#include "train/graph_module.hpp"
#include "train/weights.hpp"

#include <ATen/record_function.h>

#include <algorithm>
#include <set>

namespace pare::train {
namespace {

using test::error_of;

/// While it lives, counts the multiply-accumulates of what LibTorch's dispatcher executes on this thread, from the shapes of
/// the tensors that are there: it knows nothing of graphs.
class MacCounter {
public:
  MacCounter() {
    current() = this;
    handle_ = at::addThreadLocalCallback(
        at::RecordFunctionCallback(&begin, &end).needsInputs(true).needsOutputs(true).scopes({at::RecordScope::FUNCTION}));
  }
  ~MacCounter() {
    at::removeCallback(handle_);
    current() = nullptr;
  }
  MacCounter(const MacCounter &) = delete;
  MacCounter &operator=(const MacCounter &) = delete;

  std::int64_t take() { return std::exchange(macs_, 0); }

private:
  struct Context final : at::ObserverContext {
    std::int64_t per_element = 0; ///< multiply-accumulates of each element of the output
    bool convolution = false;
    bool contraction = false;
  };

  static MacCounter *&current() {
    static thread_local MacCounter *counter = nullptr;
    return counter;
  }
  // Inputs are there only when an operation begins, outputs only when it ends.
  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction &fn) {
    auto context = std::make_unique<Context>();
    const std::string_view name = fn.name();
    const auto input = [&](std::size_t i) { return fn.inputs()[i].toTensor(); };
    context->convolution = name == "aten::convolution" || name == "mkldnn::_convolution_pointwise";
    context->contraction = name == "aten::einsum";
    if (context->contraction) ++current()->contracting_;
    // What a convolution does by matrix products is its own business.
    const bool inside = current()->inside_ > 0;
    if (context->convolution) ++current()->inside_;
    if (inside) return context;
    if (context->convolution)
      context->per_element = input(1).numel() / input(1).size(0); // one filter: c_in / groups x k_h x k_w
    else if (name == "aten::mm" || name == "aten::bmm" || name == "aten::mv" || name == "aten::dot")
      context->per_element = input(0).size(-1);
    else if (name == "aten::mul" && current()->contracting_ > 0)
      context->per_element = 1; // of a contraction that sums over nothing
    else if (name == "aten::addmm" || name == "aten::baddbmm" || name == "aten::addmv")
      context->per_element = input(1).size(-1);
    return context;
  }
  static void end(const at::RecordFunction &fn, at::ObserverContext *started) {
    const auto &context = static_cast<const Context &>(*started);
    if (context.convolution) --current()->inside_;
    if (context.contraction) --current()->contracting_;
    if (context.per_element > 0) current()->macs_ += context.per_element * fn.outputs()[0].toTensor().numel();
  }

  at::CallbackHandle handle_ = 0;
  std::int64_t macs_ = 0;
  int inside_ = 0;
  int contracting_ = 0;
};

/// A product of 2 x 3 and 3 x 5 matrices is 30, each of 4 in a batch as many; a 3 x 3 convolution 4 -> 6 in 2 groups on 2
/// images of 5 x 5 with padding 1 is 2 x 6 x 25 x (4 / 2) x 9.
TEST(MacCounter, CountsKnownOperationsOnce) {
  MacCounter counter;
  const auto r = [](std::vector<std::int64_t> sizes) { return torch::rand(sizes); };
  torch::matmul(r({2, 3}), r({3, 5}));
  EXPECT_EQ(counter.take(), 30);
  torch::matmul(r({4, 2, 3}), r({4, 3, 5}));
  EXPECT_EQ(counter.take(), 120);
  torch::matmul(r({2, 3}), r({4, 3, 5}));
  EXPECT_EQ(counter.take(), 120);
  at::linear(r({2, 3}), r({5, 3}), r({5}));
  EXPECT_EQ(counter.take(), 30);
  for (std::int64_t dilation : {1, 2}) {
    at::convolution(r({2, 4, 5, 5}), r({6, 2, 3, 3}), {}, std::array<std::int64_t, 2>{1, 1},
                    std::array<std::int64_t, 2>{dilation, dilation}, std::array<std::int64_t, 2>{dilation, dilation}, false,
                    std::array<std::int64_t, 2>{0, 0}, 2);
    EXPECT_EQ(counter.take(), 2 * 6 * 25 * 2 * 9) << "dilation " << dilation;
  }
  EXPECT_EQ(counter.take(), 0);
}

TEST(NetworksAndSubstitutes, CoverTheRegistries) {
  for (const Substitution *family : substitutions())
    for (const ReferenceName &reference : family->info().reference_names)
      EXPECT_TRUE(std::any_of(all_substitutes().begin(), all_substitutes().end(), [&](std::string_view text) {
        return text.substr(0, text.find('_')) == reference.name;
      })) << reference.name;
}

struct NetworkCase {
  const char *spec;
  std::int64_t size; ///< of its images
  bool wide = false; ///< has layers of 1280 channels, where the product of twelve square matrices takes seconds
};

void PrintTo(const NetworkCase &network, std::ostream *out) { *out << network.spec; }

/// Every operation that a genotype may name and the published ones do not.
#define PARE_ALL_OPERATIONS                                                                                                    \
  R"({"normal":[["none",0],["conv_7x1_1x7",1],["sep_conv_5x5",0],["sep_conv_7x7",2],["dil_conv_5x5",3],["avg_pool_3x3",1]],)"  \
  R"("normal_concat":[2,4],"reduce":[["none",0],["conv_7x1_1x7",1],["dil_conv_3x3",0],["avg_pool_3x3",2]],"reduce_concat":[2,3]})"

#define PARE_MORE_OPERATIONS                                                                                                   \
  R"({"normal":[[["max_pool_5x5",0],["avg_pool_5x5",1],["conv_3x3",0]],[["conv_1x1",2]],[["dil_sep_conv_3x3",3],)"             \
  R"(["max_pool_7x7",0]]],"normal_concat":[3,4],"reduce":[[["conv_3x1_1x3",0]],[["nor_conv_7x7",1],["conv_3x3",0]],)"          \
  R"([["dil_sep_conv_3x3",1]]],"reduce_concat":[2,3,4]})"

constexpr std::array kSmall = {NetworkCase{"wrn-10-1", 32},
                               NetworkCase{"wide_resnet:depth=16,width=0.5,attention_split=2", 32},
                               NetworkCase{"darts:channels=4,layers=6", 32},
                               NetworkCase{"darts:channels=4,layers=6,genotype=darts_v1", 32},
                               NetworkCase{"darts:channels=4,layers=3,genotype=" PARE_ALL_OPERATIONS, 32},
                               NetworkCase{"darts:channels=4,layers=3,genotype=" PARE_MORE_OPERATIONS, 32},
                               NetworkCase{"darts:channels=4,layers=3,genotype=fair_darts_g", 32},
                               NetworkCase{"darts_imagenet:channels=4,layers=6,classes=10", 64},
                               NetworkCase{"wrn-50-2:width=0.25,classes=10", 64},
                               NetworkCase{"resnet-18:width=0.25,classes=10", 64},
                               NetworkCase{"resnet-50:width=0.25,classes=10", 64},
                               NetworkCase{"resnet-50:width=0.5,expansion=2,groups=4,classes=10", 64},
                               NetworkCase{"resnet_cifar:depth=8", 32},
                               NetworkCase{"vgg11_bn:width=0.125,classes=10", 64},
                               NetworkCase{"densenet-121:width=0.125,classes=10", 64},
                               NetworkCase{"efficientnet-lite0:width=0.5,classes=10", 64, true},
                               NetworkCase{"mobilenet-v2:width=0.5,classes=10", 64, true},
                               NetworkCase{"mobilenet-v2-cifar:width=0.5", 32, true}};

TEST(NetworksAndSubstitutes, CoverTheNetworks) {
  std::set<std::string_view> families;
  for (const NetworkCase &small : kSmall) families.insert(parse_network_spec(small.spec).family->info().name);
  for (const NetworkFamily *family : network_families())
    EXPECT_TRUE(families.contains(family->info().name)) << family->info().name;
}

std::vector<std::int64_t> sizes_of(const TensorShape &shape) {
  if (const auto *x = std::get_if<Shape>(&shape)) return {x->batch, x->channels, x->height, x->width};
  const auto &extents = std::get<Extents>(shape);
  return {extents.begin(), extents.end()};
}

/// Numbers that neither overflow nor vanish; hash indices are zeros, which are in every range.
void fill(GraphModule &module) {
  const torch::NoGradGuard no_gradient;
  for (torch::Tensor &parameter : module.parameters()) parameter.uniform_(-0.3, 0.5);
}

/// Runs the graph and compares all that is counted with all that happens.
void expect_runs_as_counted(const Graph &graph, GraphModule &module, const Pass &pass, torch::Device device = torch::kCPU) {
  const CostReport report = count(graph);
  std::int64_t parameters = 0;
  for (const torch::Tensor &parameter : module.parameters()) parameters += parameter.numel();
  EXPECT_EQ(parameters, report.parameters);
  // The tensors of weights.safetensors.
  std::size_t stored_bytes = 0;
  for (const auto &[name, tensor] : state_of(module).tensors) stored_bytes += tensor.bytes.size();
  EXPECT_EQ(static_cast<std::int64_t>(stored_bytes), report.stored_bytes());
  std::int64_t batch_norm_buffers = 0;
  std::int64_t buffers = 0;
  for (const auto &entry : module.named_buffers()) {
    const std::string leaf = entry.key().substr(entry.key().rfind('.') + 1);
    const bool norm = leaf == "running_mean" || leaf == "running_var" || leaf == "num_batches_tracked";
    (norm ? batch_norm_buffers : buffers) += leaf == "num_batches_tracked" ? 0 : entry.value().numel();
  }
  EXPECT_EQ(buffers, report.buffer_elements());
  EXPECT_EQ(batch_norm_buffers, report.batch_norm_parameters); // a mean and a variance beside a weight and a bias

  std::vector<bool> seen(graph.node_count(), false);
  module.observe([&](NodeId node, const torch::Tensor &out) {
    EXPECT_FALSE(seen[node]) << "runs twice";
    seen[node] = true;
    EXPECT_EQ(out.sizes().vec(), sizes_of(graph.node(node).shape))
        << graph.layer(graph.node(node).layer).name << " (" << kind_name(graph.node(node).op) << ")";
  });
  const Shape &input = graph.input_shape();
  const torch::Tensor x = torch::rand({input.batch, input.channels, input.height, input.width}).to(device);
  std::int64_t per_batch = 0;
  std::int64_t on_activations = 0;
  Outputs out;
  {
    MacCounter counter;
    module.compute_weights(pass);
    per_batch = counter.take();
    out = module.run_activations(x, pass);
    on_activations = counter.take();
  }
  module.observe({});
  const Convention &macs = find_convention("macs");
  EXPECT_EQ(per_batch, report.per_batch(macs).whole());
  EXPECT_EQ(on_activations, report.mult_adds(macs).whole());

  // All but what holds tensors has run: a batch norm perhaps as one with its ReLU.
  std::vector<NodeId> inputs;
  std::vector<bool> before_relu(graph.node_count(), false);
  for (NodeId id = 0; id < graph.node_count(); ++id)
    if (std::holds_alternative<Relu>(graph.node(id).op)) {
      graph.inputs(id, inputs);
      before_relu[inputs[0]] = true;
    }
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Op &op = graph.node(id).op;
    if (std::holds_alternative<Input>(op) || std::holds_alternative<Parameter>(op) || std::holds_alternative<Buffer>(op))
      continue;
    if (std::holds_alternative<BatchNorm>(op) && before_relu[id]) continue;
    EXPECT_TRUE(seen[id]) << graph.layer(graph.node(id).layer).name << " (" << kind_name(op) << ") never ran";
  }
  const Shape &logits = graph.activation(graph.output());
  EXPECT_EQ(out.logits.sizes().vec(), (std::vector<std::int64_t>{logits.batch, logits.elements_per_image()}));
  ASSERT_EQ(out.taps.size(), graph.attention_taps().size());
  for (std::size_t i = 0; i < out.taps.size(); ++i)
    EXPECT_EQ(out.taps[i].sizes().vec(), sizes_of(graph.node(graph.attention_taps()[i]).shape)) << "tap " << i;
}

Lowered lowered(const NetworkCase &network, std::string_view substitute, std::int64_t batch) {
  const Shape input{.batch = batch, .channels = 3, .height = network.size, .width = network.size};
  return lower(make_network(network.spec, {.input = input}).graph, {.uniform = parse_substitute(substitute), .layers = {}},
               WhereRefused::kLeaveAsItIs);
}

/// Every substitute in a small network, in training.
void check_substitutes(const NetworkCase &network, torch::Device device) {
  torch::manual_seed(1);
  for (const std::string_view substitute : all_substitutes()) {
    if (network.wide && substitute == "OriginalACDC") continue; // ACDC_4 is the same code
    SCOPED_TRACE(std::string(substitute));
    const Lowered made = lowered(network, substitute, 2);
    const std::size_t replaceable = make_network(network.spec).graph.replaceable().size();
    EXPECT_LT(made.kept.size(), replaceable) << "nothing was substituted";
    GraphModule module{Graph(made.graph)};
    fill(module);
    module.to(device);
    expect_runs_as_counted(made.graph, module, {.training = true}, device);
  }
}

class SmallNetworks : public testing::TestWithParam<NetworkCase> {};

TEST_P(SmallNetworks, RunAsCountedWithEverySubstitute) { check_substitutes(GetParam(), torch::kCPU); }

TEST(Gpu, NetworksRunAsCountedWithEverySubstitute) {
  std::string why;
  if (!has_cuda(why)) GTEST_SKIP() << why;
  for (const NetworkCase &network : kSmall) {
    SCOPED_TRACE(network.spec);
    check_substitutes(network, torch::kCUDA);
  }
}

/// A frozen module computes the same function: batch norms and ReLUs are folded into convolutions.
TEST_P(SmallNetworks, FrozenGiveTheSameOutputs) {
  torch::manual_seed(2);
  const torch::NoGradGuard no_gradient;
  for (const char *substitute : {"Conv", "Generic_0.25", "Hashed_0.1", "ACDC_3", "Shuffle_2", "TensorTrain_0.4"}) {
    SCOPED_TRACE(std::string(substitute));
    GraphModule module{std::move(lowered(GetParam(), substitute, 2).graph)};
    fill(module);
    const torch::Tensor x = torch::rand({2, 3, GetParam().size, GetParam().size});
    // The batch's own statistics, so that activations keep their size: from 0 and 1 one step of 0.1 leads to 0.1 mean and 0.9 +
    // 0.1 variance. And not quite these, so that folding has something to do.
    module.run(x, {.training = true});
    for (const auto &entry : module.named_buffers()) {
      torch::Tensor buffer = entry.value();
      if (entry.key().ends_with("running_var")) buffer.sub_(0.9).clamp_min_(1e-3);
      if (entry.key().ends_with("running_mean") || entry.key().ends_with("running_var"))
        buffer.mul_(10).mul_(torch::empty_like(buffer).uniform_(0.8, 1.2));
    }
    const Outputs before = module.run(x, {.training = false});
    ASSERT_TRUE(before.logits.isfinite().all().item<bool>());
    module.freeze();
    const Outputs after = module.run(x, {.training = false});
    EXPECT_LE(error_of(after.logits, before.logits), 1e-4); // single precision, summed in another order
    ASSERT_EQ(after.taps.size(), before.taps.size());
    for (std::size_t i = 0; i < after.taps.size(); ++i) EXPECT_LE(error_of(after.taps[i], before.taps[i]), 1e-4) << "tap " << i;
  }
}

std::string case_name(const testing::TestParamInfo<NetworkCase> &param) {
  return test::test_name(std::string(param.param.spec).substr(0, 60));
}
INSTANTIATE_TEST_SUITE_P(Networks, SmallNetworks, testing::ValuesIn(kSmall), case_name);

class SlowRealNetworks : public testing::TestWithParam<NetworkCase> {};

// An image at its real size through the networks of the protocols.
TEST_P(SlowRealNetworks, RunAsCounted) {
  const torch::NoGradGuard no_gradient;
  for (const char *substitute : {"Conv", "ACDC_3", "SepHashed_0.1", "TensorTrain_0.4"}) {
    SCOPED_TRACE(std::string(substitute));
    const Lowered made = lowered(GetParam(), substitute, 1);
    GraphModule module{Graph(made.graph)};
    fill(module);
    expect_runs_as_counted(made.graph, module, {.training = false});
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, SlowRealNetworks,
                         testing::Values(NetworkCase{"wrn-28-10", 32}, NetworkCase{"darts", 32}, NetworkCase{"wrn-50-2", 224},
                                         NetworkCase{"resnet-50", 224}, NetworkCase{"mobilenet-v2", 224}),
                         case_name);

} // namespace
} // namespace pare::train
