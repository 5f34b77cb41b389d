#include "weights/torch_tensors.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "weights/storage.h"

namespace caption {
namespace {

using Kind = PickleValue::Kind;

constexpr std::string_view kRebuildTensor = "torch._utils _rebuild_tensor";
constexpr std::string_view kRebuildTensorV2 = "torch._utils _rebuild_tensor_v2";
constexpr std::string_view kRebuildParameter = "torch._utils _rebuild_parameter";
constexpr std::array<std::string_view, 4> kWrappers = {"state_dict", "model_state_dict", "model", "module"};
constexpr std::array<std::string_view, 4> kTrainingWrappers = {
    "module.", "_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module."};
constexpr std::size_t kMostEntries = 100'000;
constexpr std::size_t kLongestName = 1024;
constexpr int kDeepestModule = 64;
constexpr int kDeepestWrapper = 4;

std::optional<Shape> as_shape(const PickleValue& value) {
  const PickleValue& sizes =
      value.is(Kind::call) && value.text == "torch Size" && value.items.size() == 1 ? *value.items[0] : value;
  if (!sizes.is(Kind::tuple) && !sizes.is(Kind::list)) return std::nullopt;
  Shape shape;
  for (const PickleValue* item : sizes.items) {
    if (!item->is(Kind::integer)) return std::nullopt;
    shape.push_back(item->integer);
  }
  return shape;
}

bool holds_tensors(const PickleValue& dict) {
  for (std::size_t i = 1; i < dict.items.size(); i += 2) {
    if (TorchTensors::is_tensor(*dict.items[i])) return true;
  }
  return false;
}

/// Whether it is the state of a torch.nn.Module.
bool is_whole_model(const PickleValue& dict) {
  return dict.find("_parameters") != nullptr && dict.find("_modules") != nullptr;
}

/// Whether it has tensors under one of the usual names of state dicts.
bool is_wrapped(const PickleValue& dict) {
  return std::any_of(kWrappers.begin(), kWrappers.end(), [&](std::string_view wrapper) {
    const PickleValue* const inner = dict.find(wrapper);
    return inner != nullptr && inner->is(Kind::dict) && holds_tensors(*inner);
  });
}

/// What a training program has put a state dict into, beside its own state: under one of the usual names, or
/// else the only dict there that holds tensors. nullptr if `dict` is no such thing.
const PickleValue* wrapped_in(const PickleValue& dict) {
  if (!dict.is(Kind::dict) || is_whole_model(dict)) return nullptr;
  for (const std::string_view wrapper : kWrappers) {
    const PickleValue* const inner = dict.find(wrapper);
    // The weights themselves may be there beside single tensors, as the state of a random generator.
    if (inner != nullptr && inner->is(Kind::dict) && (!holds_tensors(dict) || holds_tensors(*inner)))
      return inner;
  }
  if (holds_tensors(dict)) return nullptr;
  const PickleValue* only = nullptr;
  for (std::size_t i = 1; i < dict.items.size(); i += 2) {
    const PickleValue& value = *dict.items[i];
    if (!value.is(Kind::dict) || !(holds_tensors(value) || is_wrapped(value))) continue;
    if (only != nullptr) return nullptr;
    only = &value;
  }
  return only;
}

/// In bytes, of a tensor without gaps.
std::uint64_t size_of(const Tensor& flat) {
  return static_cast<std::uint64_t>(flat.numel()) * item_size(flat.dtype());
}

bool is_plain(const PickleValue& value) {
  return value.is(Kind::none) || value.is(Kind::boolean) || value.is(Kind::integer) || value.is(Kind::real) ||
         value.is(Kind::text) || value.is(Kind::other) ||
         (value.is(Kind::call) && !TorchTensors::is_tensor(value));
}

/// Keeps the whole numbers among what Lightning calls a model's hyperparameters, which may lie in one more
/// dict there.
void keep_settings(const PickleValue& root, WeightFile& result) {
  const auto keep = [&](const PickleValue& settings) {
    for (std::size_t i = 0; settings.is(Kind::dict) && i + 1 < settings.items.size(); i += 2) {
      const PickleValue& value = *settings.items[i + 1];
      if (settings.items[i]->is(Kind::text) && (value.is(Kind::integer) || value.is(Kind::boolean)))
        result.attributes["hyper_parameters." + settings.items[i]->text] = value.integer;
    }
  };
  const PickleValue* const settings = root.find("hyper_parameters");
  if (settings == nullptr) return;
  keep(*settings);
  for (const char* inner : {"config", "hparams", "args"})
    if (const PickleValue* const nested = settings->find(inner)) keep(*nested);
}

/// Takes "module.", "_orig_mod." and the like out of all names, in front and inside: the wrappers of a model
/// that is trained on several devices, compiled or sharded, or of a part of it.
void strip_training_wrappers(WeightFile& file) {
  std::map<std::string, Tensor> shorter;
  for (const auto& [name, tensor] : file.tensors) {
    std::string inner = name;
    for (const std::string_view wrapper : kTrainingWrappers) {
      for (std::size_t at = inner.find(wrapper); at != std::string::npos; at = inner.find(wrapper, at)) {
        if (at == 0 || inner[at - 1] == '.') {
          inner.erase(at, wrapper.size());
        } else {
          at += wrapper.size();
        }
      }
    }
    if (!shorter.emplace(std::move(inner), tensor).second) return;  // they tell two tensors apart
  }
  file.tensors = std::move(shorter);
}

}  // namespace

StorageId parse_storage_id(const MappedFile& file, const PickleValue& persistent) {
  const auto& items = persistent.items;
  constexpr std::string_view kModule = "torch ";
  constexpr std::string_view kUntyped = "torch.storage UntypedStorage";  // whose elements are bytes
  // The legacy format adds a sixth item, the view that torch before 0.4 knew; None since then.
  if ((items.size() != 5 && !(items.size() == 6 && items[5]->is(Kind::none))) || !items[0]->is(Kind::text) ||
      items[0]->text != "storage" || !items[1]->is(Kind::global) ||
      (items[1]->text != kUntyped && !items[1]->text.starts_with(kModule)) || !items[2]->is(Kind::text) ||
      !items[4]->is(Kind::integer)) {
    file.fail(
        "a storage that is described in an unknown way; expected ('storage', type, key, location, elements)");
  }
  const std::string type = items[1]->text == kUntyped ? "ByteStorage" : items[1]->text.substr(kModule.size());
  const std::optional<DType> dtype = storage_dtype(type);
  if (!dtype) {
    file.fail("storage '" + shown(items[2]->text) + "': type torch." + shown(type) +
              " is none of those that weights have (float16, bfloat16, float32, float64, integers, bool)");
  }
  StorageId id{.key = items[2]->text, .dtype = *dtype, .bytes = 0};
  if (items[4]->integer < 0 ||
      __builtin_mul_overflow(static_cast<std::uint64_t>(items[4]->integer), item_size(*dtype), &id.bytes)) {
    file.fail("storage '" + shown(id.key) + "': " + std::to_string(items[4]->integer) +
              " elements are impossible");
  }
  return id;
}

TorchTensors::TorchTensors(std::shared_ptr<const MappedFile> file, Load load)
    : file_(std::move(file)), load_(std::move(load)) {}

bool TorchTensors::is_tensor(const PickleValue& value) {
  return value.is(Kind::call) && value.text.starts_with("torch._utils _rebuild_");
}

Tensor TorchTensors::tensor(const std::string& name, const PickleValue& value) {
  const std::string what = "tensor '" + shown(name) + "'";
  const PickleValue* rebuilt = &value;
  if (rebuilt->text.starts_with(kRebuildParameter)) {
    if (rebuilt->items.empty() || !is_tensor(*rebuilt->items[0]))
      file_->fail(what + ": a parameter without a tensor");
    rebuilt = rebuilt->items[0];
  }
  const auto& items = rebuilt->items;
  if ((rebuilt->text != kRebuildTensor && rebuilt->text != kRebuildTensorV2) || items.size() < 4 ||
      !items[0]->is(Kind::persistent) || !items[1]->is(Kind::integer)) {
    file_->fail(what + ": described in an unknown way; expected (storage, offset, shape, strides, ...)");
  }
  // The seventh argument tells of conjugate or negative views, which no state dict of weights has.
  if (items.size() > 6 && !(items[6]->is(Kind::dict) && items[6]->items.empty()) &&
      !items[6]->is(Kind::none)) {
    file_->fail(what + ": a conjugate or negative view; expected a plain tensor");
  }
  std::optional<Shape> shape = as_shape(*items[2]);
  std::optional<Shape> strides = as_shape(*items[3]);
  if (!shape || !strides) file_->fail(what + ": shape and strides must be tuples of integers");
  const View view{.offset = items[1]->integer, .shape = std::move(*shape), .strides = std::move(*strides)};
  return view_of(*file_, what, storage(what, *items[0]), view);
}

const Tensor& TorchTensors::storage(const std::string& what, const PickleValue& persistent) {
  const StorageId id = parse_storage_id(*file_, persistent);
  auto found = storages_.find(id.key);
  if (found == storages_.end()) {
    found = storages_.emplace(id.key, flat_tensor(file_, load_(id), id.dtype)).first;
  }
  const Tensor& flat = found->second;
  if (flat.dtype() != id.dtype || size_of(flat) != id.bytes) {
    file_->fail(what + ": storage '" + shown(id.key) + "' is " + std::to_string(id.bytes) + " bytes of " +
                std::string(name_of(id.dtype)) + " here and " + std::to_string(size_of(flat)) + " bytes of " +
                std::string(name_of(flat.dtype())) + " elsewhere");
  }
  return flat;
}

void TorchTensors::add(WeightFile& result, const std::string& name, const PickleValue& value) {
  if (name.size() > kLongestName) {
    file_->fail("tensor '" + shown(name) + "': a name of more than " + std::to_string(kLongestName) +
                " bytes");
  }
  if (!result.tensors.emplace(name, tensor(name, value)).second) {
    file_->fail("tensor '" + shown(name) + "' is there twice");
  }
  if (result.tensors.size() > kMostEntries) {
    file_->fail("more than " + std::to_string(kMostEntries) + " tensors");
  }
}

void TorchTensors::read_state_dict(const PickleValue& root, WeightFile& result) {
  const PickleValue* dict = &root;
  for (int depth = 0; depth < kDeepestWrapper; ++depth) {
    const PickleValue* const inner = wrapped_in(*dict);
    if (inner == nullptr) break;
    dict = inner;
  }
  if (!dict->is(Kind::dict)) {
    file_->fail("holds " + describe(*dict) + "; expected a state dict: torch.save(model.state_dict(), FILE)");
  }
  if (is_whole_model(*dict)) {
    file_->fail(
        "holds a whole model, not its weights alone; nothing of it was made. Save "
        "torch.save(model.state_dict(), FILE)");
  }
  keep_settings(root, result);
  for (std::size_t i = 0; i + 1 < dict->items.size(); i += 2) {
    const PickleValue& key = *dict->items[i];
    const PickleValue& value = *dict->items[i + 1];
    if (is_plain(value) || (value.is(Kind::dict) && !holds_tensors(value))) continue;
    if (!key.is(Kind::text) || !is_tensor(value)) {
      file_->fail(
          "the entry of " + describe(key) + " is " + describe(value) +
          "; expected a tensor's name and a tensor: save model.state_dict() alone, or under 'state_dict'");
    }
    add(result, key.text, value);
  }
  if (result.tensors.empty()) file_->fail("holds no tensors; expected a state dict");
  strip_training_wrappers(result);
}

void TorchTensors::read_module(const PickleValue& root, WeightFile& result) {
  if (!root.is(Kind::object)) file_->fail("holds " + describe(root) + "; expected a TorchScript module");
  collect_module(root, "", 0, result);
  if (result.tensors.empty()) {
    file_->fail(
        "the TorchScript module has no named tensors; a frozen module (torch.jit.freeze) has lost their "
        "names: "
        "save it unfrozen");
  }
}

void TorchTensors::collect_module(const PickleValue& module, const std::string& prefix, int depth,
                                  WeightFile& result) {
  if (module.items.empty()) return;
  const PickleValue& state = *module.items[0];
  if (!state.is(Kind::dict)) {
    file_->fail("module '" + shown(prefix) + "' keeps its state as " + describe(state) +
                " of its own making; expected plain attributes (is it quantised?)");
  }
  if (depth == kDeepestModule) {
    file_->fail("module '" + shown(prefix) + "': nested more than " + std::to_string(kDeepestModule) +
                " deep");
  }
  for (std::size_t i = 0; i + 1 < state.items.size(); i += 2) {
    const PickleValue& key = *state.items[i];
    const PickleValue& value = *state.items[i + 1];
    if (++visited_ > 10 * kMostEntries) file_->fail("too many attributes in its modules");
    if (!key.is(Kind::text))
      file_->fail("module '" + shown(prefix) + "' has an attribute named " + describe(key));
    const std::string name = prefix + key.text;
    if (is_tensor(value)) {
      add(result, name, value);
    } else if (value.is(Kind::object)) {
      collect_module(value, name + ".", depth + 1, result);
    }
    if (depth != 0) continue;
    if (value.is(Kind::integer)) result.attributes[name] = value.integer;
    const auto found = result.tensors.find(name);
    if (found != result.tensors.end() && found->second.dim() == 0 && is_integer(found->second.dtype())) {
      result.attributes[name] = found->second.integer();
      result.tensors.erase(found);
    }
  }
}

}  // namespace caption
