#include "train/step_graph.hpp"

#include "train/cuda/graph.hpp"
#include "train/torch.hpp"

#include <variant>

namespace pare::train {

using torch::Tensor;

namespace {

constexpr std::int64_t kStepsBefore = 2; ///< in which libraries choose their algorithms, and constants are made
constexpr std::size_t kMostGraphs = 2;   ///< whole batches and the last; each has memory of its own

bool draws(const GraphModule *module) {
  if (module == nullptr) return false;
  const Graph &graph = module->graph();
  for (NodeId id = 0; id < graph.node_count(); ++id)
    if (std::holds_alternative<Dropout>(graph.node(id).op)) return true;
  return false;
}

} // namespace

struct Stepper::Recorded {
  std::int64_t steps = 0; ///< of this size before it was recorded
  Tensor images;          ///< what the graph reads
  Tensor labels;
  StepResult result;
  std::unique_ptr<CudaGraph> graph;
};

bool Stepper::can_record(const Tensor &images, const Pass &pass) const {
  return records_ && images.is_cuda() && CudaGraph::available() && pass.drop_path == 0 && !settings_.clip_grad &&
         !settings_.check_finite && !settings_.micro_batch && settings_.recompute == Recompute::kNone &&
         !draws(networks_.student) && !draws(networks_.auxiliary);
}

void Stepper::set_losses(const LossSettings &losses) {
  if (losses == settings_.losses) return;
  settings_.losses = losses;
  for (auto &[kind, recorded] : by_size_) recorded->graph.reset(); // it has those of before
}

StepResult Stepper::operator()(const Tensor &images, const Tensor &labels, double learning_rate, const Pass &pass) {
  sgd_.set_learning_rate(learning_rate);
  const auto eagerly = [&] { return train_step(networks_, sgd_, images, labels, settings_, pass); };
  if (!can_record(images, pass)) return eagerly();
  std::vector<std::int64_t> kind = images.sizes().vec();
  kind.insert(kind.end(), images.strides().begin(), images.strides().end());
  if (!by_size_.contains(kind) && by_size_.size() == kMostGraphs) return eagerly();
  std::shared_ptr<Recorded> &entry = by_size_[kind];
  if (!entry) entry = std::make_shared<Recorded>();
  Recorded &recorded = *entry;
  if (recorded.steps < kStepsBefore) {
    ++recorded.steps;
    return eagerly();
  }
  if (!recorded.graph) {
    recorded.images = images.clone();
    recorded.labels = labels.clone();
    auto graph = std::make_unique<CudaGraph>();
    try {
      graph->record([&] { recorded.result = train_step(networks_, sgd_, recorded.images, recorded.labels, settings_, pass); });
    } catch (const c10::OutOfMemoryError &) {
      // What is recorded has memory of its own. One operation after the other there may be enough.
      records_ = false;
      graph.reset();
      by_size_.clear();
      return eagerly();
    }
    recorded.graph = std::move(graph);
  } else {
    recorded.images.copy_(images, true);
    recorded.labels.copy_(labels, true);
  }
  recorded.graph->replay();
  return recorded.result;
}

} // namespace pare::train
