#include "train/cuda/graph.hpp"

#include "train/cuda/kernels.hpp"

#include <optional>

namespace pare::train {

namespace {

struct Functions {
  void *(*make)() = nullptr;
  void (*begin)(void *) = nullptr;
  void (*end)(void *) = nullptr;
  void (*replay)(void *) = nullptr;
  void (*free)(void *) = nullptr;
};
std::optional<Functions> functions;

} // namespace

bool load_cuda_graphs() {
  if (functions) return true;
  Functions out;
  const bool has_all = load_cuda_library("libpare_cuda_graph.so", {{"pare_cuda_graph_make", &out.make},
                                                                   {"pare_cuda_graph_begin", &out.begin},
                                                                   {"pare_cuda_graph_end", &out.end},
                                                                   {"pare_cuda_graph_replay", &out.replay},
                                                                   {"pare_cuda_graph_free", &out.free}});
  if (has_all) functions = out;
  return has_all;
}

bool CudaGraph::available() { return functions.has_value(); }

CudaGraph::CudaGraph() : graph_(functions.value().make()) {}

CudaGraph::~CudaGraph() { functions->free(graph_); }

void CudaGraph::record(const std::function<void()> &work) {
  functions->begin(graph_);
  try {
    work();
  } catch (...) {
    try {
      functions->end(graph_);
    } catch (...) { // what work() threw says more
    }
    throw;
  }
  functions->end(graph_);
}

void CudaGraph::replay() { functions->replay(graph_); }

} // namespace pare::train
