// The shared library libcaption_cuda_graphs.so.

#include "libtorch/graphs/cuda_graphs.h"

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <exception>
#include <map>
#include <mutex>

namespace caption {
namespace {

class CudaGraph : public Graph {
 public:
  explicit CudaGraph(c10::DeviceIndex device) : device_(device) {}

  /// Captures what `work` queues in the current stream.
  void capture(at::cuda::MempoolId_t pool, const std::function<void()>& work) {
    // Other threads, which read images, may allocate memory meanwhile.
    graph_.capture_begin(pool, cudaStreamCaptureModeThreadLocal);
    try {
      work();
    } catch (...) {
      end_quietly();
      throw;
    }
    graph_.capture_end();
  }

  void replay() override {
    const c10::cuda::CUDAGuard guard(device_);
    graph_.replay();
  }

 private:
  /// Takes the stream out of a capture that has failed: its own complaint is not the reason.
  void end_quietly() noexcept {
    try {
      graph_.capture_end();
    } catch (const std::exception&) {
      return;
    }
  }

  c10::DeviceIndex device_;
  at::cuda::CUDAGraph graph_;
};

/// One for all recorders of a GPU: memory that one has freed in it serves the next.
c10::cuda::CUDAStream side_stream(c10::DeviceIndex device) {
  static std::mutex mutex;
  static std::map<c10::DeviceIndex, c10::cuda::CUDAStream> streams;
  const std::scoped_lock lock(mutex);
  const auto known = streams.find(device);
  if (known != streams.end()) return known->second;
  return streams.emplace(device, c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device))
      .first->second;
}

class CudaRecorder : public GraphRecorder {
 public:
  explicit CudaRecorder(c10::DeviceIndex device)
      : device_(device), side_(side_stream(device)), pool_(at::cuda::graph_pool_handle()) {}

  void warm_up(const std::function<void()>& work) override { beside(work); }

  std::unique_ptr<Graph> capture(const std::function<void()>& work) override {
    auto graph = std::make_unique<CudaGraph>(device_);
    beside([&] { graph->capture(pool_, work); });
    return graph;
  }

 private:
  /// Runs `work` with the side stream as the current one, between what is in the current one's queue and what
  /// comes next: the default stream cannot be captured.
  void beside(const std::function<void()>& work) const {
    const c10::cuda::CUDAStream main = c10::cuda::getCurrentCUDAStream(device_);
    wait_for(side_, main);
    try {
      const c10::cuda::CUDAStreamGuard guard(side_);
      work();
    } catch (...) {
      wait_for(main, side_);
      throw;
    }
    wait_for(main, side_);
  }

  static void wait_for(const c10::cuda::CUDAStream& waits, const c10::cuda::CUDAStream& other) {
    c10::cuda::CUDAEvent reached;
    reached.record(other);
    reached.block(waits);
  }

  c10::DeviceIndex device_;
  c10::cuda::CUDAStream side_;
  // One for all graphs: nothing in it is needed from one replay to the next, and they follow one another.
  at::cuda::MempoolId_t pool_;
};

std::unique_ptr<GraphRecorder> make_recorder(int device) {
  return std::make_unique<CudaRecorder>(static_cast<c10::DeviceIndex>(device));
}

}  // namespace
}  // namespace caption

const caption::CudaGraphs* caption_cuda_graphs() {
  static const caption::CudaGraphs graphs{caption::make_recorder};
  return &graphs;
}
