#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "files/mapped_file.h"
#include "tensor/tensors.h"

namespace caption {

/// Everything that a weight file holds.
struct WeightFile {
  std::filesystem::path path;
  std::string format;  ///< "torchscript", "torch.save", "torch.save (legacy)", "safetensors"
  std::vector<std::shared_ptr<const MappedFile>> mapped;  ///< one, or the parts of a sharded checkpoint
  std::map<std::string, Tensor>
      tensors;  ///< by full dotted name; read-only views of the mapped file where possible
  std::map<std::string, std::string> metadata;     ///< texts of a safetensors file
  std::map<std::string, std::int64_t> attributes;  ///< int attributes of a TorchScript archive's top module;
                                                   ///< Lightning's settings as "hyper_parameters.NAME"
};

/// Which checksums of a zip archive are compared. The other formats have none.
enum class Checksums {
  structure,  ///< of names, shapes and other small records: a matter of milliseconds for any size
  all,        ///< of the matrices too, which reads the whole file: for files whose SHA-256 nobody has checked
};

/// Reads any of the formats that we know, told by the bytes, never by the name; or the parts of a sharded
/// checkpoint, of which `path` is the index; or the weights in a folder of Hugging Face's. Never runs code
/// from the file. The file is mapped and must stay as it is while the tensors are used; writing into them is
/// not allowed. Hugging Face's CLIP gets OpenAI's names, and SigLIP such as are made like them. A state dict
/// may be wrapped as training programs do it ({"state_dict": ..., "epoch": 3}); "module.", "_orig_mod." and
/// the like are taken out of its names, and what stands before all of them ("net.captioner.") is taken off
/// where the names behind it are known below.
/// Throws Error(model) naming the file, the tensor or record, expected and
/// actual.
WeightFile read_weights(const std::filesystem::path& path, Checksums checksums = Checksums::structure);

/// CLIP's image encoder out of `file`: names without "visual."; without the text side. Nothing if there
/// is none. A file that holds an encoder alone may have bare names ("conv1.weight").
std::optional<Tensors> image_encoder_tensors(const WeightFile& file);
/// CLIP's text encoder out of `file`: names as OpenAI's, without what stands before all of CLIP's names, and
/// without the "text." of open_clip's newer ones. Nothing if there is none beside the image encoder.
std::optional<Tensors> text_encoder_tensors(const WeightFile& file);
/// ClipCap's mapper: names without "clip_project.", or "transformer_mapper." ("model.0.weight" of the MLP,
/// "prefix_const" of the transformer, "weight" of the old single linear layer). Nothing if there is none. A
/// file that holds a mapper alone may have bare names.
std::optional<Tensors> mapper_tensors(const WeightFile& file);
/// GPT-2: names as in Hugging Face's GPT2Model, without "gpt.", "language_model.", "transformer."; causal
/// masks left out; "lm_head.weight" kept if the file has it. Nothing if none.
std::optional<Tensors> language_model_tensors(const WeightFile& file);
/// Whether the mapper is one of the PyPI package clipcap ("transformer_mapper."), a transformer whose number
/// of heads is not always the same.
bool of_clipcap_package(const WeightFile& file);
/// Takes `prefix` off all names of `file`, if all begin with it. -> whether they do
bool strip_prefix(WeightFile& file, std::string_view prefix);
/// Takes off what stands before all names of a model that is a member of another ("net.captioner."), if the
/// names behind it are of one of the three.
void take_off_wrapper(WeightFile& file);
/// Throws Error(model) naming a tensor of `file` that belongs to none of the three and is no known leftover.
void require_known_names(const WeightFile& file);

}  // namespace caption
