#!/usr/bin/env python3
"""`caption train` beside PyTorch: what it exports is loaded there, and an update takes no longer than there.

    scripts/train_peer.py PROGRAM CAPTIONS IMAGES [--threads N] [--updates N]      (torch, transformers)

CAPTIONS and IMAGES are as `caption train` takes them; a GPT-2 of 12 layers of width 768 begins from nothing. PyTorch's update
is what ClipCap's own program does: transformers' GPT2LMHeadModel over all positions, padding too, and torch.optim.AdamW. Both take
batches of the same captions' lengths, in turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import torch
from transformers import GPT2Config, GPT2LMHeadModel

WIDTH, LAYERS, VOCABULARY, PREFIX, TOKENS, EMBEDDING, BATCH = 768, 12, 400, 10, 30, 2280, 16


def run_program(options: argparse.Namespace, folder: Path) -> list[float]:
    """-> seconds of each update; and what it made is exported and loaded"""
    command = [options.program, "train", options.captions, "--images", options.images, "--model", "photographs", "--new",
               "--width", str(WIDTH), "--layers", str(LAYERS), "--vocabulary", str(VOCABULARY), "--max-tokens", str(TOKENS),
               "--batch", str(BATCH), "--epochs", "1", "--hold-out", "2", "--validate-every", "100000", "--out", folder / "model",
               "--embeddings", folder / "embeddings", "--threads", str(options.threads), "--quiet"]
    subprocess.run([str(word) for word in command], check=True)
    lines = [json.loads(line) for line in (folder / "model" / "training" / "log.jsonl").read_text().splitlines()]
    checkpoint = folder / "checkpoint.pt"
    subprocess.run([options.program, "models", "export", "--checkpoint", checkpoint, "--quiet", folder / "model"], check=True)
    weights = torch.load(checkpoint, weights_only=True)
    gpt2 = make_gpt2()
    missing, unexpected = gpt2.load_state_dict({name[4:]: value for name, value in weights.items() if name.startswith("gpt.")}, strict=False)
    assert not unexpected and not missing, (missing, unexpected)
    assert {name for name in weights if name.startswith("clip_project.")} == {
        f"clip_project.model.{i}.{part}" for i in (0, 2) for part in ("weight", "bias")}
    assert weights["gpt.lm_head.weight"].data_ptr() == weights["gpt.transformer.wte.weight"].data_ptr()
    return [line["seconds"] for line in lines if "loss" in line]


def make_gpt2() -> GPT2LMHeadModel:
    return GPT2LMHeadModel(GPT2Config(vocab_size=VOCABULARY, n_positions=PREFIX + TOKENS, n_embd=WIDTH, n_layer=LAYERS,
                                      n_head=WIDTH // 64, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, bos_token_id=0, eos_token_id=1))


def run_pytorch(updates: int, length: int) -> list[float]:
    gpt2 = make_gpt2()
    mapper = torch.nn.Sequential(torch.nn.Linear(EMBEDDING, PREFIX * WIDTH // 2), torch.nn.Tanh(),
                                 torch.nn.Linear(PREFIX * WIDTH // 2, PREFIX * WIDTH))
    optimizer = torch.optim.AdamW([*gpt2.parameters(), *mapper.parameters()], lr=2e-5)
    seconds = []
    for _ in range(updates):
        tokens, embeddings = torch.randint(1, VOCABULARY, (BATCH, length)), torch.randn(BATCH, EMBEDDING)
        start = time.perf_counter()
        inputs = torch.cat([mapper(embeddings).view(BATCH, PREFIX, WIDTH), gpt2.transformer.wte(tokens)], 1)
        logits = gpt2(inputs_embeds=inputs).logits[:, PREFIX - 1:-1]
        loss = torch.nn.functional.cross_entropy(logits.reshape(-1, VOCABULARY), tokens.flatten(), ignore_index=0)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        seconds.append(time.perf_counter() - start)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("captions", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--updates", type=int, default=10, help="PyTorch's, before and after the program's")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        theirs = run_pytorch(options.updates, 20)[2:]
        ours = run_program(options, folder)[2:]
        theirs += run_pytorch(options.updates, 20)[2:]
    print(f"seconds of an update, median: caption {statistics.median(ours):.3f} of {len(ours)}, "
          f"PyTorch {statistics.median(theirs):.3f} of {len(theirs)}, ratio {statistics.median(ours) / statistics.median(theirs):.2f}")


if __name__ == "__main__":
    main()
