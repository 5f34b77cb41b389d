#!/usr/bin/env python3
"""Tiny GPT-2s of random weights as transformers writes them, with tokenizers of several kinds, and what they say: tests/data/gpt2.
Run it with torch, transformers, tokenizers, sentencepiece, safetensors and clipcap (PyPI; the last without what it depends on), whose
own results the goldens are:

    python scripts/make_gpt2_goldens.py [--full PROGRAM | CASE...]

    wide_heads   two heads of 48 channels, exact GELU; vocab.json and merges.txt
    untied       an output layer of its own, four heads of 16 channels; tokenizer.json with merges as pairs, two stop tokens
    padded       a vocabulary padded to a multiple of 64; tokenizer.json with merges as texts, stops at a text
    japanese     as rinna's: a sentencepiece model, small letters, stops at its own "</s>"
    deep         a checkpoint as ClipCap's, whose MLP has three layers
    package      a checkpoint as the PyPI package clipcap's, with its transformer of four heads

A folder has the model's files, mapper.safetensors, which takes the embeddings of tests/data/parity/vit-mlp, and expected.json: what
the import is told, what the captions of that model's pictures are, greedily and, where there is one stop token, by ClipCap's beams,
and what texts are as tokens. Seeds are tried until captions differ and some end before their limit, none of them by a gap below
MARGIN.

With --full it instead makes models of the sizes of distilgpt2 and of GPT-2 medium, large and xl, of 0.2 to 3 GB each, one after the
other, imports them with PROGRAM (build/release/bin/caption) and compares its captions with what transformers generates."""

import argparse
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
import types
from pathlib import Path

import sentencepiece
import tokenizers
import torch
import transformers
from safetensors import safe_open
from safetensors.torch import save_file
from tokenizers import decoders, models, pre_tokenizers, trainers

from make_text_goldens import SENTENCES
from reference.search import Margin, search

DATA = Path(__file__).resolve().parent.parent / "tests" / "data"
OUT = DATA / "gpt2"
PARITY = DATA / "parity" / "vit-mlp"
IMAGES = ["wide", "tall", "square", "small"]
PREFIX = 4
MAX_TOKENS = 20
MARGIN = 1e-4
BEAM = 5
ENCODED = ["A brown dog.", " a cat", "Two\n  lines", "caf\u00e9 \u6771\u4eac</s>x", "a <mask> b", "<|endoftext|>", "THE CAT", "\u6771\u4eac tower \u00c9t\u00e9"]


def byte_level(added=()):
    """A byte-level BPE of 300 tokens, and those that are added."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["<|endoftext|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                                  show_progress=False)  # fmt: skip
    tokenizer.train_from_iterator(SENTENCES, trainer)
    for token in added:
        (tokenizer.add_special_tokens if token.special else tokenizer.add_tokens)([token])
    return tokenizer


def vocab_and_merges(folder):
    tokenizer = byte_level()
    model = json.loads(tokenizer.to_str())["model"]
    (folder / "vocab.json").write_text(json.dumps(model["vocab"], ensure_ascii=False), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in model["merges"]), encoding="utf-8")
    return tokenizer


def tokenizer_json(folder, as_texts):
    added = [tokenizers.AddedToken("</s>", special=True), tokenizers.AddedToken("<mask>", special=True, lstrip=True),
             tokenizers.AddedToken("\u6771\u4eac", special=False)]  # fmt: skip
    tokenizer = byte_level(added)
    content = json.loads(tokenizer.to_str())
    assert isinstance(content["model"]["merges"][0], list)
    if as_texts:  # as tokenizers wrote it before 0.20
        content["model"]["merges"] = [" ".join(pair) for pair in content["model"]["merges"]]
    (folder / "tokenizer.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))


def rinnas(folder):
    with tempfile.TemporaryDirectory() as scratch:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(line.lower() for line in SENTENCES), model_prefix=f"{scratch}/spiece", vocab_size=300,
            hard_vocab_limit=False, character_coverage=1.0, unk_id=0, bos_id=1, eos_id=2, pad_id=3, pad_piece="[PAD]",
            user_defined_symbols=["[CLS]", "[SEP]", "[MASK]"], byte_fallback=True, minloglevel=2)  # fmt: skip
        shutil.copyfile(f"{scratch}/spiece.model", folder / "spiece.model")
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "eos_token": "</s>", "unk_token": "<unk>", "bos_token": "<s>", "pad_token": "[PAD]", "extra_ids": 0, "additional_special_tokens": [],
        "sep_token": "[SEP]", "cls_token": "[CLS]", "mask_token": "[MASK]", "do_lower_case": True, "tokenizer_class": "T5Tokenizer"}, indent=2) + "\n")  # fmt: skip
    return sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model"))


class Steps:
    """A model of transformers' as reference.search sees one; what it keeps are all inputs so far."""

    def __init__(self, model):
        self.model = model

    def embed(self, tokens):
        return self.model.transformer.wte(tokens).unsqueeze(1)

    def forward(self, x, cache=None):
        whole = x if cache is None else torch.cat([cache[0][0], x], dim=1)
        return self.model(inputs_embeds=whole).logits, [(whole, whole)]


def generate(model, prefix, stops, texts=(), decode=None):
    """transformers' own greedy search -> ids"""
    options = {"eos_token_id": stops or None, "pad_token_id": 0, "max_new_tokens": MAX_TOKENS, "do_sample": False, "num_beams": 1}
    if texts:
        def ends(ids, scores, **_):
            return torch.tensor([any(text in decode(ids[0].tolist()) for text in texts)])

        options["stopping_criteria"] = [ends]
    mask = torch.ones(prefix.shape[:2], dtype=torch.long)
    return model.generate(inputs_embeds=prefix, attention_mask=mask, **options)[0].tolist()


def mapper(seed, width, embedding):
    generator = torch.Generator().manual_seed(seed)
    sizes = [(PREFIX * width // 2, embedding), (PREFIX * width, PREFIX * width // 2)]
    weights = {}
    for name, (rows, columns) in zip(["model.0", "model.2"], sizes):
        weights[name + ".weight"] = torch.randn(rows, columns, generator=generator) * columns**-0.5
        weights[name + ".bias"] = 0.1 * torch.randn(rows, generator=generator)
    return {name: value.half() for name, value in weights.items()}


def clipcap_package():
    """Its mapper; what else the package imports (Lightning, and in 1.0.0 names that it does not have) is not needed for that."""
    place = Path(importlib.util.find_spec("clipcap").submodule_search_locations[0]) / "model"
    package = types.ModuleType("clipcap.model")
    package.__path__ = [str(place)]
    sys.modules["clipcap.model"] = package
    return importlib.import_module("clipcap.model.mapper").TransformerMapper


class Deep:
    """ClipCap's MLP with one more layer."""

    def __init__(self, seed, width):
        torch.manual_seed(seed)
        self.width = width
        self.network = torch.nn.Sequential(torch.nn.Linear(32, 48), torch.nn.Tanh(), torch.nn.Linear(48, 40), torch.nn.Tanh(),
                                           torch.nn.Linear(40, PREFIX * width))  # fmt: skip

    def prefix(self, embedding):
        return self.network(embedding).view(1, PREFIX, self.width)

    def checkpoint(self, gpt2):
        mapper = {"clip_project.model." + name: value for name, value in self.network.state_dict().items()}
        return mapper | {"gpt." + name: value for name, value in gpt2.items()}


class Package:
    def __init__(self, seed, width):
        torch.manual_seed(seed)
        self.network = clipcap_package()(32, width, PREFIX, 3, num_heads=4, num_layers=2).eval()

    def prefix(self, embedding):  # as its preprocessing gives it
        return self.network((embedding / embedding.norm()).unsqueeze(0))

    def checkpoint(self, gpt2):
        mapper = {"transformer_mapper." + name: value for name, value in self.network.state_dict().items()}
        return {"epoch": 1, "pytorch-lightning_version": "1.6.0", "state_dict": mapper | {"language_model." + name: value for name, value in gpt2.items()},
                "hyper_parameters": argparse.Namespace(language_model="gpt2-xl", prefix_length=PREFIX, transformer_attention_heads=4,
                                                       use_windowed_embeddings=False, window_size=None)}  # fmt: skip


def embeddings():
    with safe_open(PARITY / "goldens.safetensors", "pt") as file:
        return {image: file.get_tensor(f"{image}/embedding") for image in IMAGES}


def prefix_of(weights, embedding, width):
    hidden = torch.tanh(weights["model.0.weight"].float() @ embedding + weights["model.0.bias"].float())
    return (weights["model.2.weight"].float() @ hidden + weights["model.2.bias"].float()).view(1, PREFIX, width)


class Case:
    def __init__(self, name, tokenizer, told=(), stop_ids=(), stop_texts=(), rows=None, checkpoint=None, **config):
        self.checkpoint = checkpoint
        self.name, self.make_tokenizer, self.told = name, tokenizer, list(told)
        self.stop_ids, self.stop_texts, self.rows, self.config = stop_ids, list(stop_texts), rows, config


CASES = [
    Case("wide_heads", vocab_and_merges, stop_ids=["."], n_embd=96, n_head=2, n_inner=64, activation_function="gelu"),
    Case("untied", lambda folder: tokenizer_json(folder, False), ["--stop-token", "</s>", "--stop-token", "."], stop_ids=["</s>", "."],
         n_embd=64, n_head=4, n_inner=64, tie_word_embeddings=False),
    Case("padded", lambda folder: tokenizer_json(folder, True), ["--stop", "a"], stop_texts=["a"], rows=64, n_embd=64, n_head=1, n_inner=96),
    Case("japanese", rinnas, stop_ids=["</s>"], n_embd=64, n_head=1, n_inner=96),
    Case("deep", vocab_and_merges, stop_ids=["."], checkpoint=Deep, n_embd=64, n_head=1, n_inner=64),
    Case("package", vocab_and_merges, stop_ids=["."], checkpoint=Package, n_embd=64, n_head=1, n_inner=64),
]  # fmt: skip


class Tokens:
    """tokenizers' and sentencepiece's as one."""

    def __init__(self, tokenizer):
        self.sentencepiece = isinstance(tokenizer, sentencepiece.SentencePieceProcessor)
        self.tokenizer = tokenizer
        self.size = tokenizer.get_piece_size() if self.sentencepiece else tokenizer.get_vocab_size()

    def id(self, token):
        return self.tokenizer.piece_to_id(token) if self.sentencepiece else self.tokenizer.token_to_id(token)

    def encode(self, text):
        return self.tokenizer.encode(text.lower()) if self.sentencepiece else self.tokenizer.encode(text).ids

    def decode(self, ids):
        return self.tokenizer.decode(ids) if self.sentencepiece else self.tokenizer.decode(ids, skip_special_tokens=False)


@torch.no_grad()
def attempt(case, seed, folder):
    """-> what is expected, the smallest gap, whether it is lively"""
    tokens = Tokens(case.make_tokenizer(folder))
    rows = tokens.size if case.rows is None else -(-tokens.size // case.rows) * case.rows
    assert case.rows is None or rows > tokens.size
    torch.manual_seed(seed)
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(
        vocab_size=rows, n_positions=48, n_layer=2, initializer_range=0.25, bos_token_id=0, eos_token_id=0, **case.config)).eval()  # fmt: skip
    stops = [tokens.id(stop) for stop in case.stop_ids]
    for stop in stops:
        model.lm_head.weight[stop] *= 1.5
    for parameter in model.parameters():
        parameter.add_(0.1 * torch.randn_like(parameter))
    width = model.config.n_embd
    if case.checkpoint is None:
        model.half().save_pretrained(folder)
        model.float()
        weights = mapper(seed, width, 32)
        save_file(weights, folder / "mapper.safetensors")
        map_ = lambda embedding: prefix_of(weights, embedding, width)  # noqa: E731
    else:
        made = case.checkpoint(seed, width)
        torch.save(made.checkpoint(model.state_dict()), folder / "captioner.ckpt")
        map_ = made.prefix
    if rows > tokens.size:
        model.resize_token_embeddings(tokens.size)  # what it makes of padding: it is cut off
    margin, captions = Margin(), {}
    for image, embedding in embeddings().items():
        prefix = map_(embedding)
        greedy = generate(model, prefix, stops, case.stop_texts, tokens.decode)
        found = {"greedy": greedy, "text": tokens.decode(greedy)}
        if len(stops) == 1:
            assert [h.tokens for h in search(Steps(model), prefix, stop=stops[0], beam=1, max_tokens=MAX_TOKENS, margin=margin)] == [greedy]
            beams = search(Steps(model), prefix, stop=stops[0], beam=BEAM, max_tokens=MAX_TOKENS, margin=margin)
            found["beams"] = [{"tokens": h.tokens, "score": h.score} for h in beams]
        else:
            logits = model(inputs_embeds=torch.cat([prefix, model.transformer.wte(torch.tensor([greedy]))], 1)).logits[0, PREFIX - 1:-1]
            best = torch.log_softmax(logits.double(), -1).topk(2).values
            margin.saw(*(best[(best[:, 0] - best[:, 1]).argmin()].tolist()))
        captions[image] = found
    all_greedy = [found["greedy"] for found in captions.values()]
    ended = [ids for ids in all_greedy if len(ids) < MAX_TOKENS]
    ends = {ids[-1] for ids in ended}
    lively = (len({tuple(ids) for ids in all_greedy}) == len(IMAGES) and min(map(len, ended), default=0) > 3
              and all(len(set(ids)) >= 4 for ids in all_greedy) and (case.stop_texts or ends == set(stops)))  # fmt: skip
    expected = {"import": case.told, "tokens": tokens.size, "beam": BEAM, "max_tokens": MAX_TOKENS, "captions": captions,
                "encoded": [[text, tokens.encode(text)] for text in ENCODED]}  # fmt: skip
    return expected, margin.smallest, lively


def make(case):
    for seed in range(1000):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / case.name
            folder.mkdir()
            expected, gap, lively = attempt(case, seed, folder)
            if gap < MARGIN or not lively:
                continue
            print(f"{case.name}: seed {seed}, smallest gap {gap:.3g}")
            (folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            (folder / "generation_config.json").unlink(missing_ok=True)
            shutil.rmtree(OUT / case.name, ignore_errors=True)
            shutil.copytree(folder, OUT / case.name)
            for file in (OUT / case.name).iterdir():
                file.chmod(0o644)
            return
    raise SystemExit(f"{case.name}: no seed is good")


@torch.no_grad()
def full(program):
    sizes = {"distilgpt2": (768, 6, 12), "medium": (1024, 24, 16), "large": (1280, 36, 20), "xl": (1600, 48, 25)}
    wrong = 0
    for name, (width, layers, heads) in sizes.items():
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            torch.manual_seed(1)
            config = transformers.GPT2Config(n_embd=width, n_layer=layers, n_head=heads, initializer_range=0.06)
            model = transformers.GPT2LMHeadModel(config).eval().half()
            model.save_pretrained(folder / "gpt2", max_shard_size="2GB")
            weights = mapper(1, width, 32)
            save_file(weights, folder / "mapper.safetensors")
            made = folder / "model"
            subprocess.run([program, "models", "import", "--quiet", "--clip", PARITY / "clip.pt", "--captioner", folder / "mapper.safetensors", "--gpt2",
                            folder / "gpt2", "--name", "m", "--folder", made], check=True)  # fmt: skip
            pictures = [DATA / "parity" / "images" / f"{image}.png" for image in IMAGES]
            printed = subprocess.run([program, "--json", "--model", made, "--beam", "1", "--max-tokens", str(MAX_TOKENS), *pictures],
                                     check=True, capture_output=True, text=True).stdout  # fmt: skip
            captions = [json.loads(line)["caption"] for line in printed.splitlines()]
            model = transformers.GPT2LMHeadModel.from_pretrained(folder / "gpt2", dtype=torch.float32).eval()
            tokenizer = tokenizers.ByteLevelBPETokenizer(str(DATA / "text" / "encoder.json"), str(DATA / "text" / "vocab.bpe"))
            for (image, embedding), caption in zip(embeddings().items(), captions):
                expected = tokenizer.decode(generate(model, prefix_of(weights, embedding, width), [13]), skip_special_tokens=False).strip()
                wrong += caption != expected
                print(f"{name} {image}: {'same' if caption == expected else f'{caption!r}, expected {expected!r}'}")
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", metavar="PROGRAM")
    parser.add_argument("cases", metavar="CASE", nargs="*", help="those alone are made again")
    arguments = parser.parse_args()
    transformers.utils.logging.disable_progress_bar()
    if arguments.full:
        sys.exit(full(arguments.full))
    OUT.mkdir(exist_ok=True)
    for one in CASES:
        if not arguments.cases or one.name in arguments.cases:
            make(one)
