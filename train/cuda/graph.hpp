#pragma once

#include <functional>

namespace pare::train {

/// Work of a GPU that is recorded once and then started as a whole (CUDA graphs, by LibTorch's at::cuda::CUDAGraph, which gives
/// what is recorded memory of its own). By libpare_cuda_graph, which is looked for as libpare_cuda is.
class CudaGraph {
public:
  static bool available();

  CudaGraph();
  ~CudaGraph();
  CudaGraph(const CudaGraph &) = delete;
  CudaGraph &operator=(const CudaGraph &) = delete;

  /// Records what `work` queues on the current stream, which is not the default one; nothing of it runs. What it reads and
  /// writes stays where it is.
  void record(const std::function<void()> &work);
  /// On the current stream.
  void replay();

private:
  void *graph_;
};

/// Looks for the library; once libtorch_cuda is there.
bool load_cuda_graphs();

} // namespace pare::train
