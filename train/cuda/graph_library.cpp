// libpare_cuda_graph: what the trainer needs of at::cuda::CUDAGraph. Apart from libpare_cuda, because it needs libtorch_cuda,
// which is loaded when it is.

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>

extern "C" {

void *pare_cuda_graph_make() { return new at::cuda::CUDAGraph; }

/// What is recorded has memory of its own: that which is kept for later goes back first. Other threads, such as those that load
/// images, may go on with what they do.
void pare_cuda_graph_begin(void *graph) {
  c10::cuda::CUDACachingAllocator::emptyCache();
  static_cast<at::cuda::CUDAGraph *>(graph)->capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
}

void pare_cuda_graph_end(void *graph) { static_cast<at::cuda::CUDAGraph *>(graph)->capture_end(); }

void pare_cuda_graph_replay(void *graph) { static_cast<at::cuda::CUDAGraph *>(graph)->replay(); }

void pare_cuda_graph_free(void *graph) { delete static_cast<at::cuda::CUDAGraph *>(graph); }

} // extern "C"
