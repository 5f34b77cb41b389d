"""Full-size random weights, and what each peer reads made of them.

    python models.py FOLDER IMAGE...      writes into FOLDER; a peer whose files cannot be written goes into failed.json

Nothing is done if FOLDER was made from the same images by the same code before, without a failure.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from transformers import GPT2Config, GPT2LMHeadModel  # noqa: E402
from transformers.utils.logging import disable_progress_bar  # noqa: E402

import make_full_size  # noqa: E402
from encoder import Encoder, load_encoder, make_mapper, make_vision  # noqa: E402
from inputs import MODEL, Files  # noqa: E402
from reference.bundle import Bundle  # noqa: E402
from reference.gpt2 import Gpt2  # noqa: E402


def make_gpt2(gpt2: Gpt2) -> GPT2LMHeadModel:
    model = GPT2LMHeadModel(GPT2Config(vocab_size=gpt2.vocabulary, n_positions=gpt2.context, n_embd=gpt2.width,
                                       n_layer=gpt2.layers, n_head=gpt2.width // 64))
    masks = (".attn.bias", ".attn.masked_bias")
    weights = {f"transformer.{name}": tensor for name, tensor in gpt2.w.items() if not name.endswith(masks)}
    missing, unexpected = model.load_state_dict(weights, strict=False)
    if set(missing) - {"lm_head.weight"} or set(unexpected) - {"transformer.lm_head.weight"}:
        raise ValueError(f"GPT-2 in transformers has other tensors: missing {missing}, unexpected {unexpected}")
    model.tie_weights()
    return model.eval()


def write_base(files: Files, images: list[Path]) -> None:
    """Published formats, Hugging Face's formats, and the inputs of encoders and decoders."""
    make_full_size.make_model(MODEL, files.bundle, images)
    bundle = Bundle(files.bundle)
    encoder = Encoder(make_vision(bundle.vision), make_mapper(bundle.mapper), bundle.gpt2.width)
    encoder.vision.save_pretrained(files.clip)
    torch.save(bundle.mapper, files.mapper)
    make_gpt2(bundle.gpt2).save_pretrained(files.gpt2)
    pixels = torch.cat([bundle.pixels(path) for path in images])
    prefixes = torch.cat([encoder(image.unsqueeze(0)) for image in pixels])
    expected = bundle.prefix(bundle.normalized(bundle.embedding(pixels[:1])))
    torch.testing.assert_close(prefixes[:1], expected, rtol=1e-3, atol=1e-3)
    np.save(files.pixels, pixels.numpy())
    np.save(files.prefixes, prefixes.numpy())


def write_onnx(files: Files) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    pixels = torch.from_numpy(np.load(files.pixels)[:2])
    torch.onnx.export(load_encoder(files, torch.float32), (pixels,), str(files.onnx["fp32"]), dynamo=False, opset_version=17,
                      input_names=["pixels"], output_names=["prefix"],
                      dynamic_axes={"pixels": {0: "batch"}, "prefix": {0: "batch"}})
    quantize_dynamic(files.onnx["fp32"], files.onnx["int8"], weight_type=QuantType.QInt8, per_channel=True)


def write_openvino(files: Files) -> None:
    import openvino

    openvino.save_model(openvino.Core().read_model(files.onnx["fp32"]), files.openvino, compress_to_fp16=False)


def write_ctranslate2(files: Files) -> None:
    """The prefix goes in as tokens of its own, behind the vocabulary, whose embeddings are the prefixes: CTranslate2 takes no
    embeddings, and so computes exactly what the others do."""
    from ctranslate2.converters.transformers import GPT2Loader

    prefixes = np.load(files.prefixes)  # [images, P, E]
    prefixes = prefixes.reshape(-1, prefixes.shape[2])  # [images * P, E]
    for precision, folder in files.ctranslate2.items():
        model = GPT2LMHeadModel.from_pretrained(files.gpt2)
        vocabulary = [str(i) for i in range(model.config.vocab_size)]
        spec = GPT2Loader().get_model_spec(model)
        embeddings = spec.decoder.embeddings
        embeddings.weight = np.concatenate([np.asarray(embeddings.weight.numpy()), prefixes])
        spec.register_vocabulary(vocabulary + [f"prefix {i}" for i in range(len(prefixes))])
        spec.config.bos_token = spec.config.eos_token = spec.config.unk_token = vocabulary[-1]
        spec.validate()
        spec.optimize(quantization={"fp32": "float32", "int8": "int8"}[precision])
        folder.mkdir()
        spec.save(str(folder))


def gguf_name(name: str) -> str:
    """Hugging Face's name of one of GPT-2's tensors -> llama.cpp's."""
    outside = {"wte.weight": "token_embd.weight", "wpe.weight": "position_embd.weight",
               "ln_f.weight": "output_norm.weight", "ln_f.bias": "output_norm.bias"}
    name = name.removeprefix("transformer.")
    if name in outside:
        return outside[name]
    _, layer, part = name.split(".", 2)
    inside = {"ln_1": "attn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output",
              "ln_2": "ffn_norm", "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down"}
    part, kind = part.rsplit(".", 1)
    return f"blk.{layer}.{inside[part]}.{kind}"


def write_gguf(files: Files) -> None:
    import gguf

    types = gguf.GGMLQuantizationType
    kinds = {"fp32": types.F32, "bf16": types.BF16, "int8": types.Q8_0}
    model = GPT2LMHeadModel.from_pretrained(files.gpt2)
    config = model.config
    for precision, path in files.gguf.items():
        writer = gguf.GGUFWriter(path, "gpt2")
        writer.add_block_count(config.n_layer)
        writer.add_context_length(config.n_positions)
        writer.add_embedding_length(config.n_embd)
        writer.add_feed_forward_length(4 * config.n_embd)
        writer.add_head_count(config.n_head)
        writer.add_layer_norm_eps(config.layer_norm_epsilon)
        writer.add_vocab_size(config.vocab_size)
        writer.add_tokenizer_model("no_vocab")
        for name, tensor in model.transformer.state_dict().items():
            values = (tensor.T if ".c_" in name and name.endswith(".weight") else tensor).contiguous().numpy()
            # llama.cpp wants vectors and positions in fp32, whatever the matrices are.
            kind = kinds[precision] if values.ndim == 2 and name != "wpe.weight" else types.F32
            writer.add_tensor(gguf_name(name), gguf.quants.quantize(values, kind), raw_dtype=kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


WRITERS = {"onnxruntime": write_onnx, "openvino": write_openvino, "ctranslate2": write_ctranslate2, "llama.cpp": write_gguf}


def stamp(images: list[Path]) -> str:
    """Of all that the files follow from."""
    here = Path(__file__).resolve().parent
    sources = [Path(__file__), here / "encoder.py", here / "requirements.txt", Path(make_full_size.__file__),
               *sorted((here.parent / "reference").glob("*.py")), *images]
    digest = hashlib.sha256()
    for path in sources:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@torch.no_grad()
def write(folder: Path, images: list[Path]) -> None:
    files, made_from = Files(folder), stamp(images)
    if files.stamp.exists() and files.stamp.read_text(encoding="utf-8") == made_from:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(f"writing weights into {folder}", file=sys.stderr, flush=True)
    write_base(files, images)
    failed = {}
    for engine, writer in WRITERS.items():
        print(f"converting for {engine}", file=sys.stderr, flush=True)
        try:
            writer(files)
        except Exception as error:  # whatever a peer throws is its result
            traceback.print_exc()
            failed[engine] = f"its files could not be written: {type(error).__name__}: {error}"
    files.failed.write_text(json.dumps(failed), encoding="utf-8")
    if not failed:
        files.stamp.write_text(made_from, encoding="utf-8")


if __name__ == "__main__":
    disable_progress_bar()
    write(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
