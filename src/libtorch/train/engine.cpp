#include "libtorch/train/engine.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/autocast_mode.h>
#include <c10/util/Exception.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "libtorch/engine/use_libtorch.h"
#include "libtorch/layers/convert.h"
#include "libtorch/train/network.h"

namespace caption {
namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr double kAdamEpsilon = 1e-8;

/// What `work` with LibTorch returns; its exceptions become Errors.
template <typename Work>
auto guarded(at::Device device, const Work& work) {
  try {
    return work();
  } catch (const c10::Error& error) {
    throw translated(error, device);
  }
}

/// Matrices are multiplied in bf16 while it lives, if that is asked for.
class Autocast {
 public:
  Autocast(at::DeviceType device, bool wanted) : device_(device), wanted_(wanted) {
    if (!wanted_) return;
    at::autocast::set_autocast_dtype(device_, at::kBFloat16);
    at::autocast::set_autocast_enabled(device_, true);
    at::autocast::increment_nesting();
  }
  ~Autocast() {
    if (!wanted_) return;
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(device_, false);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  at::DeviceType device_;
  bool wanted_;
};

/// Copies in fp32 of the CPU's memory there.
std::map<std::string, at::Tensor> send(const NamedTensors& tensors, at::Device device) {
  std::map<std::string, at::Tensor> sent;
  for (const auto& [name, tensor] : tensors)
    sent.emplace(name,
                 view_of(tensor).to(device, at::kFloat, /*non_blocking=*/false, /*copy=*/true).contiguous());
  return sent;
}

NamedTensors fetch_all(const std::map<std::string, at::Tensor>& tensors) {
  NamedTensors fetched;
  for (const auto& [name, tensor] : tensors) fetched.emplace(name, fetch(tensor.detach()));
  return fetched;
}

std::int64_t count_tokens(std::span<const TrainingBatch> parts) {
  std::size_t count = 0;
  for (const TrainingBatch& part : parts)
    for (const auto& caption : part.captions) count += caption.size();
  return static_cast<std::int64_t>(count);
}

class LibTorchTraining : public TrainingEngine {
 public:
  LibTorchTraining(const LearningState& state, const LearningOptions& options, at::Device device)
      : options_(options),
        device_(device),
        network_(send(state.weights, device), state.weights, options),
        first_(send(state.first, device)),
        second_(send(state.second, device)) {
    for (const auto& [name, weight] : network_.weights()) {
      if (options.mapper_only && name.starts_with("gpt.")) continue;
      names_.push_back(name);
      weights_.push_back(weight);
      weights_.back().requires_grad_(true);
      for (auto* const moments : {&first_, &second_})
        if (moments->count(name) == 0) moments->emplace(name, at::zeros_like(weight));
    }
  }

  UpdateResult update(std::span<const TrainingBatch> parts, std::int64_t number,
                      double learning_rate) override {
    return guarded(device_, [&] {
      if (options_.dropout > 0) seed(static_cast<std::uint64_t>(number));
      for (at::Tensor& weight : weights_) weight.mutable_grad().reset();
      const auto tokens = static_cast<double>(count_tokens(parts));
      UpdateResult result;
      for (const TrainingBatch& part : parts) {
        at::Tensor loss;
        {
          const Autocast bf16(device_.type(), options_.bf16);
          loss = network_.loss(part, options_.dropout, options_.label_smoothing) / tokens;
        }
        loss.backward();
        result.loss += loss.item<double>();
      }
      result.gradient_norm = apply(number, learning_rate, result.loss);
      return result;
    });
  }

  double loss(const TrainingBatch& batch) override {
    return guarded(device_, [&] {
      const at::NoGradGuard no_gradients;
      const Autocast bf16(device_.type(), options_.bf16);
      return network_.loss(batch, 0, 0).item<double>();
    });
  }

  LearningState state() const override {
    return guarded(device_, [&] {
      return LearningState{fetch_all(network_.weights()), fetch_all(first_), fetch_all(second_)};
    });
  }

  NamedTensors weights() const override {
    return guarded(device_, [&] { return fetch_all(network_.weights()); });
  }

  NamedTensors gradients() const override {
    return guarded(device_, [&] {
      NamedTensors fetched;
      for (std::size_t i = 0; i < names_.size(); ++i)
        if (weights_[i].grad().defined()) fetched.emplace(names_[i], fetch(weights_[i].grad() / shortened_));
      return fetched;
    });
  }

 private:
  /// Every update has random numbers of its own, so that one can begin anywhere.
  void seed(std::uint64_t number) const {
    const std::uint64_t value = options_.seed * 0x9E3779B97F4A7C15U + number;
    at::Generator generator = at::globalContext().defaultGenerator(device_);
    generator.set_current_seed(value);
  }

  /// -> the gradients' length. Does nothing if that or the loss is no number.
  double apply(std::int64_t number, double learning_rate, double loss) {
    const at::NoGradGuard no_gradients;
    std::vector<at::Tensor> gradients;
    std::vector<at::Tensor> first;
    std::vector<at::Tensor> second;
    std::vector<at::Tensor> steps;
    std::vector<at::Tensor> squares;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      gradients.push_back(weights_[i].grad());
      squares.push_back(gradients.back().norm().to(at::kDouble).square());
      first.push_back(first_.at(names_[i]));
      second.push_back(second_.at(names_[i]));
      steps.push_back(
          at::full({}, static_cast<double>(number - 1), at::TensorOptions(device_).dtype(at::kFloat)));
    }
    const double norm = std::sqrt(at::stack(squares).sum().item<double>());
    if (!std::isfinite(norm) || !std::isfinite(loss)) return norm;
    shortened_ = options_.clip_norm > 0 && norm > options_.clip_norm ? options_.clip_norm / norm : 1.0;
    if (shortened_ < 1) at::_foreach_mul_(gradients, shortened_);
    at::_foreach_add_(steps, 1);
    at::_fused_adamw_(weights_, gradients, first, second, {}, steps, learning_rate, kBeta1, kBeta2,
                      options_.weight_decay, kAdamEpsilon, /*amsgrad=*/false, /*maximize=*/false);
    return norm;
  }

  LearningOptions options_;
  at::Device device_;
  CaptioningNetwork network_;
  std::map<std::string, at::Tensor> first_;
  std::map<std::string, at::Tensor> second_;
  std::vector<std::string> names_;   // of the weights that learn
  std::vector<at::Tensor> weights_;  // those, shared with the network
  double shortened_ = 1;             // by how much the last gradients were
};

}  // namespace

std::unique_ptr<TrainingEngine> make_training_engine(LearningState state, const LearningOptions& options,
                                                     at::Device device) {
  return guarded(device, [&] { return std::make_unique<LibTorchTraining>(state, options, device); });
}

}  // namespace caption
