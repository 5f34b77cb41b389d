#include "accelerator.h"

#include <ATen/EmptyTensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/native/Resize.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "recording.h"
#include "streams.h"

#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/view_native.h>

namespace caption::accelerator {
namespace {

Counts so_far;
Streams streams;
/// The fallback copies its operands to the CPU and back: not the program's copies.
bool inside_fallback = false;
/// Where what is computed is captured, or null.
Recording* recording = nullptr;

void expect_no_wait(const char* what) {
  TORCH_CHECK(recording == nullptr, what, ": the CPU would wait for the device within a capture");
}

/// The tensor's memory stays as long as the recording.
at::Tensor kept(at::Tensor made) {
  if (recording != nullptr) recording->keep(made);
  return made;
}

// Memory

class Allocator : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) override {
    void* data = c10::GetCPUAllocator()->raw_allocate(bytes);
    streams.allocated(data, bytes);
    return {data, data, &free, device()};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &free; }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }

 private:
  static void free(void* data) {
    if (!streams.freed(data)) ++so_far.freed_in_use;
    c10::GetCPUAllocator()->raw_deallocate(data);
  }
};

Allocator allocator;

c10::Stream stream(Streams::Number number) {
  return c10::Stream(c10::Stream::UNSAFE, device(), static_cast<c10::StreamId>(number));
}

Streams::Number number(const c10::Stream& stream) {
  return static_cast<Streams::Number>(stream.id());
}

class Guard : public c10::impl::DeviceGuardImplInterface {
 public:
  c10::DeviceType type() const override { return c10::DeviceType::PrivateUse1; }
  c10::Device exchangeDevice(c10::Device) const override { return device(); }
  c10::Device getDevice() const override { return device(); }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device) const override { return stream(streams.current); }
  c10::Stream getStreamFromGlobalPool(c10::Device, bool /*high_priority*/) const override {
    return stream(streams.make());
  }
  c10::Stream exchangeStream(c10::Stream next) const override {
    return stream(std::exchange(streams.current, number(next)));
  }
  void* getStreamNativeHandle(const c10::Stream) const override { return nullptr; }
  void record(void** event, const c10::Stream& at, const c10::DeviceIndex,
              const c10::EventFlag) const override {
    destroyEvent(*event, 0);
    *event = new Streams::Event(streams.record(number(at)));
  }
  void block(void* event, const c10::Stream& waits) const override {
    streams.block(*static_cast<Streams::Event*>(event), number(waits));
  }
  void destroyEvent(void* event, const c10::DeviceIndex) const noexcept override {
    const auto* const known = static_cast<Streams::Event*>(event);
    if (known != nullptr) streams.forget(*known);
    delete known;
  }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
};

void record_stream(at::Tensor& x, c10::Stream stream) {
  streams.keep_for(x.storage().data(), number(stream));
}

C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard)

class Hooks : public at::PrivateUse1HooksInterface {
 public:
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(at::DeviceIndex) const override { return true; }
};

Hooks hooks;

[[maybe_unused]] const bool registered = [] {
  c10::register_privateuse1_backend("accelerator");
  c10::SetAllocator(c10::DeviceType::PrivateUse1, &allocator);
  at::RegisterPrivateUse1HooksInterface(&hooks);
  return true;
}();

// Operators of its own

at::Tensor empty(c10::IntArrayRef size, std::optional<at::ScalarType> type, std::optional<at::Layout>,
                 std::optional<at::Device>, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  return kept(at::detail::empty_generic(size, &allocator, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                        c10::dtype_or_default(type), format));
}

at::Tensor empty_strided(c10::IntArrayRef size, c10::IntArrayRef stride, std::optional<at::ScalarType> type,
                         std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>) {
  return kept(at::detail::empty_strided_generic(size, stride, &allocator,
                                                c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                                c10::dtype_or_default(type)));
}

/// Work in the current stream.
void work(const std::vector<const void*>& reads, const std::vector<const void*>& writes) {
  streams.begin_work();
  if (streams.current != 0) ++so_far.beside;
  for (const void* memory : reads) streams.read(memory);
  for (const void* memory : writes) streams.write(memory);
}

at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool /*non_blocking*/) {
  if (!inside_fallback) {
    work({from.data_ptr()}, {to.data_ptr()});
    if (to.is_cpu()) streams.wait();
    if (from.is_cpu()) ++so_far.to_device;
    if (to.is_cpu()) {
      ++so_far.to_host;
      so_far.bytes_to_host += static_cast<std::int64_t>(from.nbytes());
    }
    if (!from.is_cpu() && !to.is_cpu()) ++so_far.operators;
    if (from.is_cpu() || to.is_cpu()) expect_no_wait("copy");
    if (recording != nullptr) {
      recording->touch(to);
      recording->add([from, to] {
        work({from.data_ptr()}, {to.data_ptr()});
        on_cpu(to).copy_(on_cpu(from));
      });
    }
  }
  on_cpu(to).copy_(on_cpu(from));
  return to;
}

const at::Tensor& resize(const at::Tensor& self, c10::IntArrayRef size, std::optional<at::MemoryFormat>) {
  at::native::resize_impl_cpu_(self.unsafeGetTensorImpl(), size, std::nullopt);
  return self;
}

at::Tensor copy_from_and_resize(const at::Tensor& from, const at::Tensor& to) {
  to.resize_(from.sizes());
  return copy_from(from, to, false);
}

at::Scalar local_scalar(const at::Tensor& x) {
  expect_no_wait("_local_scalar_dense");
  ++so_far.scalars;
  work({x.data_ptr()}, {});
  streams.wait();
  return on_cpu(x).item();
}

/// CUDA's product of narrow matrices in fp32, which the CPU does not have.
at::Tensor mm_in(const at::Tensor& a, const at::Tensor& b, at::ScalarType type) {
  return at::mm(a.to(type), b.to(type));
}

// All others, by the CPU's

void require_one_device(const std::string& name, const std::vector<at::Tensor>& tensors) {
  bool here = false;
  bool elsewhere = false;
  for (const at::Tensor& tensor : tensors) {
    if (!tensor.defined()) continue;
    here = here || !tensor.is_cpu();
    elsewhere = elsewhere || (tensor.is_cpu() && tensor.dim() > 0);
  }
  TORCH_CHECK(!(here && elsewhere), name, ": tensors of several devices");
}

/// Operators whose result's shape depends on values, for which a GPU has to be waited for.
void require_known_shape(const std::string& name, const std::vector<at::Tensor>& tensors) {
  static const std::set<std::string> kUnknown = {"aten::nonzero", "aten::masked_select", "aten::unique_dim",
                                                 "aten::_unique2", "aten::repeat_interleave"};
  TORCH_CHECK(kUnknown.count(name) == 0, name, ": a shape that depends on values");
  if (name != "aten::index" && name != "aten::_index_put_impl_") return;
  for (std::size_t i = 1; i < tensors.size(); ++i) {
    TORCH_CHECK(!tensors[i].defined() || tensors[i].scalar_type() != at::kBool, name, ": a mask as an index");
  }
}

std::vector<at::Tensor> tensors_of(const torch::jit::Stack& values) {
  std::vector<at::Tensor> tensors;
  for (const c10::IValue& value : values) {
    if (value.isTensor()) tensors.push_back(value.toTensor());
    if (value.isTensorList()) {
      for (const at::Tensor& tensor : value.toTensorVector()) tensors.push_back(tensor);
    }
    if (value.isOptionalTensorList()) {
      for (const auto& tensor : value.toOptionalTensorVector())
        tensors.push_back(tensor.value_or(at::Tensor()));
    }
  }
  return tensors;
}

/// The operator on the CPU. stack: arguments -> results
void compute(const c10::OperatorHandle& operation, torch::jit::Stack* stack) {
  const bool outside = !std::exchange(inside_fallback, true);
  try {
    at::native::cpu_fallback(operation, stack, /*error_on_views=*/true);
  } catch (...) {
    inside_fallback = !outside;
    throw;
  }
  inside_fallback = !outside;
}

/// What an operator does to memory: it may write where its schema says so, and its results.
void note_work(const c10::OperatorHandle& operation, const torch::jit::Stack& arguments) {
  std::vector<const void*> reads;
  std::vector<const void*> writes;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto* const alias = operation.schema().arguments()[i].alias_info();
    auto& accesses = alias != nullptr && alias->isWrite() ? writes : reads;
    for (const at::Tensor& tensor : tensors_of({arguments[i]})) {
      if (tensor.defined() && !tensor.is_cpu()) accesses.push_back(tensor.data_ptr());
    }
  }
  work(reads, writes);
}

void note_results(const torch::jit::Stack& results) {
  for (const at::Tensor& tensor : tensors_of(results)) {
    if (tensor.defined() && !tensor.is_cpu()) streams.write(tensor.data_ptr());
  }
}

/// The operator once more, from the same memory to the same memory.
void compute_again(const c10::OperatorHandle& operation, torch::jit::Stack arguments,
                   const torch::jit::Stack& results) {
  note_work(operation, arguments);
  note_results(results);
  compute(operation, &arguments);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const at::Tensor& to = results[i].toTensor();
    const at::Tensor& from = arguments[i].toTensor();
    if (from.data_ptr() != to.data_ptr()) on_cpu(to).copy_(on_cpu(from));
  }
}

void fall_back(const c10::OperatorHandle& operation, torch::jit::Stack* stack) {
  const std::string& name = operation.schema().name();
  const std::size_t arguments = operation.schema().arguments().size();
  const auto before = static_cast<std::ptrdiff_t>(stack->size() - arguments);
  const torch::jit::Stack called(stack->begin() + before, stack->end());
  const std::vector<at::Tensor> tensors = tensors_of(called);
  require_one_device(name, tensors);
  require_known_shape(name, tensors);
  ++so_far.operators;
  note_work(operation, called);
  // A result that is no tensor is a value that the CPU waits for.
  for (const c10::Argument& result : operation.schema().returns()) {
    const bool tensor = result.type()->isSubtypeOf(*c10::TensorType::get()) ||
                        result.type()->kind() == c10::TypeKind::ListType;
    if (tensor) continue;
    ++so_far.scalars;
    expect_no_wait(name.c_str());
    streams.wait();
  }
  if (recording != nullptr) {
    for (const at::Tensor& tensor : tensors) recording->touch(tensor);
  }
  compute(operation, stack);
  const torch::jit::Stack results(stack->begin() + before, stack->end());
  note_results(results);
  if (recording == nullptr) return;
  recording->add([operation, called, results] { compute_again(operation, called, results); });
}

class Recorder : public GraphRecorder {
 public:
  void warm_up(const std::function<void()>& work) override { work(); }

  std::unique_ptr<Graph> capture(const std::function<void()>& work) override {
    auto graph = std::make_unique<Recording>();
    recording = graph.get();
    try {
      work();
    } catch (...) {
      recording = nullptr;
      graph->restore();
      throw;
    }
    recording = nullptr;
    graph->restore();
    return graph;
  }
};

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("empty.memory_format", &empty);
  library.impl("empty_strided", &empty_strided);
  library.impl("_copy_from", &copy_from);
  library.impl("_copy_from_and_resize", &copy_from_and_resize);
  library.impl("resize_", &resize);
  library.impl("_local_scalar_dense", &local_scalar);
  library.impl("record_stream", &record_stream);
  library.impl("mm.dtype", &mm_in);
  library.impl("as_strided", &at::native::as_strided_tensorimpl);
  library.impl("view",
               TORCH_FN(static_cast<at::Tensor (*)(const at::Tensor&, at::IntArrayRef)>(&at::native::view)));
  library.impl("_reshape_alias", &at::native::_reshape_alias);
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&fall_back>());
}

}  // namespace

at::Device device() {
  return {at::DeviceType::PrivateUse1, 0};
}

Counts counts() {
  return so_far;
}

Counts operator-(const Counts& later, const Counts& earlier) {
  return {later.to_device - earlier.to_device,
          later.to_host - earlier.to_host,
          later.scalars - earlier.scalars,
          later.operators - earlier.operators,
          later.bytes_to_host - earlier.bytes_to_host,
          later.beside - earlier.beside,
          later.freed_in_use - earlier.freed_in_use};
}

std::unique_ptr<GraphRecorder> make_recorder() {
  return std::make_unique<Recorder>();
}

void launch(const std::function<void()>& kernel, const KernelMemory& memory) {
  const auto run = [kernel, memory] {
    work(memory.reads, memory.writes);
    kernel();
  };
  ++so_far.operators;
  run();
  if (recording != nullptr) recording->add(run);
}

}  // namespace caption::accelerator
