"""Each peer's decoder as a function prefix [B, P, E] -> the ids of each image's best sequence, a given number of them."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import machine
from inputs import Files, fill

Decode = Callable[[np.ndarray], list[list[int]]]


@dataclass(frozen=True)
class Search:
    batch: int
    beams: int
    tokens: int
    threads: int


def with_transformers(files: Files, precision: str, search: Search) -> Decode:
    import torch
    from transformers import GPT2LMHeadModel

    torch.set_num_threads(search.threads)
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    model = GPT2LMHeadModel.from_pretrained(files.gpt2, dtype=dtype).eval()
    model.generation_config.eos_token_id = None  # or it would stop there

    @torch.inference_mode()
    def decode(prefix: np.ndarray) -> list[list[int]]:
        embeddings = torch.from_numpy(prefix).to(dtype)
        mask = torch.ones(embeddings.shape[:2], dtype=torch.long)
        found = model.generate(inputs_embeds=embeddings, attention_mask=mask, max_new_tokens=search.tokens, do_sample=False,
                               num_beams=search.beams, pad_token_id=0)
        return found.tolist()

    return decode


def with_ctranslate2(files: Files, precision: str, search: Search) -> Decode:
    """The prefixes are embeddings of tokens that models.py put behind the vocabulary, so the argument goes unread."""
    import ctranslate2

    model = ctranslate2.Generator(str(files.ctranslate2[precision]), device="cpu", intra_threads=search.threads, inter_threads=1,
                                  compute_type={"fp32": "float32", "int8": "int8"}[precision])
    images, length, _ = np.load(files.prefixes, mmap_mode="r").shape
    prompts = [[f"prefix {image * length + i}" for i in range(length)] for image in fill(search.batch, images)]

    def decode(prefix: np.ndarray) -> list[list[int]]:
        found = model.generate_batch(prompts, beam_size=search.beams, min_length=search.tokens, max_length=search.tokens,
                                     include_prompt_in_result=False)
        return [result.sequences_ids[0] for result in found]

    return decode


class LlamaCpp:
    """Greedy decoding of several sequences at a time by llama.cpp's batches."""

    def __init__(self, files: Files, precision: str, search: Search):
        import llama_cpp

        self.api, self.search = llama_cpp, search
        llama_cpp.llama_backend_init()
        path = str(files.gguf[precision]).encode()
        loading = llama_cpp.llama_model_default_params()
        # With AMX, this version's int8 ends in a segmentation fault: what it does without is measured instead.
        amx = "amx_int8" in machine.this_machine()["instructions"]
        loading.use_extra_bufts = not (amx and precision == "int8")
        self.model = llama_cpp.llama_model_load_from_file(path, loading)
        if not self.model:
            raise RuntimeError(f"{path.decode()}: llama.cpp cannot load it")
        self.length = np.load(files.prefixes, mmap_mode="r").shape[1]
        self.vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self.model))
        options = llama_cpp.llama_context_default_params()
        options.n_ctx = search.batch * (self.length + search.tokens)
        options.n_batch = options.n_ubatch = search.batch * self.length
        options.n_seq_max = search.batch
        options.n_threads = options.n_threads_batch = search.threads
        # Which cache is faster was measured: with fp32 in it one for all sequences, otherwise one for each.
        options.kv_unified = precision == "fp32"
        if precision == "fp32":
            options.type_k = options.type_v = llama_cpp.GGML_TYPE_F32
        self.context = llama_cpp.llama_init_from_model(self.model, options)
        if not self.context:
            raise RuntimeError("llama.cpp cannot make a context")

    def run(self, batch) -> np.ndarray:
        """-> the likeliest token of each sequence [B]"""
        status = self.api.llama_decode(self.context, batch)
        if status != 0:
            raise RuntimeError(f"llama_decode: {status}")
        rows = self.search.batch
        logits = self.api.llama_get_logits(self.context)  # of the places that asked for them, in order
        return np.ctypeslib.as_array(logits, shape=(rows, self.vocabulary)).argmax(axis=1)

    def prefill(self, prefix: np.ndarray) -> np.ndarray:
        rows, length, width = prefix.shape
        batch = self.api.llama_batch_init(rows * length, width, 1)
        batch.n_tokens = rows * length
        ctypes.memmove(batch.embd, np.ascontiguousarray(prefix, np.float32).ctypes.data, prefix.size * 4)
        for place in range(rows * length):
            row, position = divmod(place, length)
            batch.pos[place], batch.n_seq_id[place], batch.seq_id[place][0] = position, 1, row
            batch.logits[place] = position == length - 1
        best = self.run(batch)
        self.api.llama_batch_free(batch)
        return best

    def __call__(self, prefix: np.ndarray) -> list[list[int]]:
        self.api.llama_memory_clear(self.api.llama_get_memory(self.context), False)
        found = [self.prefill(prefix)]
        batch = self.api.llama_batch_init(self.search.batch, 0, 1)
        batch.n_tokens = self.search.batch
        for step in range(self.search.tokens - 1):
            for row, token in enumerate(found[-1].tolist()):
                batch.token[row], batch.pos[row] = token, self.length + step
                batch.n_seq_id[row], batch.seq_id[row][0], batch.logits[row] = 1, row, True
            found.append(self.run(batch))
        self.api.llama_batch_free(batch)
        return np.stack(found, axis=1).tolist()


DECODERS = {"transformers": with_transformers, "ctranslate2": with_ctranslate2, "llama.cpp": LlamaCpp}
