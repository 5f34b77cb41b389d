#!/usr/bin/env python3
"""`caption train` beside PyTorch: what it exports is loaded there, an update takes no longer than there, and no less is learnt.

    scripts/train_peer.py speed PROGRAM CAPTIONS IMAGES      (torch, transformers, sentencepiece, safetensors)
    scripts/train_peer.py learn PROGRAM CAPTIONS IMAGES

CAPTIONS and IMAGES are as `caption train` takes them; for 'learn', CAPTIONS is JSON Lines of "image" and "captions". PyTorch does what
ClipCap's own program does, by transformers' GPT2LMHeadModel and torch.optim.AdamW.

speed: a GPT-2 of 12 layers of width 768 begins from nothing; both take batches of the same captions' lengths, in turns.
learn: the embedded model's GPT-2 and a new mapper learn the captions of all pictures but a few, by whose captions both are then judged.
The embeddings are the program's; seeds give other orders and other new mappers on each side.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy
import sentencepiece
import torch
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel, get_linear_schedule_with_warmup

LEARNING_BATCH, WARMUP = 40, 10
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


def speed(options: argparse.Namespace, folder: Path) -> None:
    theirs = run_pytorch(options.updates, 20)[2:]
    ours = run_program(options, folder)[2:]
    theirs += run_pytorch(options.updates, 20)[2:]
    print(f"seconds of an update, median: caption {statistics.median(ours):.3f} of {len(ours)}, "
          f"PyTorch {statistics.median(theirs):.3f} of {len(theirs)}, ratio {statistics.median(ours) / statistics.median(theirs):.2f}")


# What is learnt


def split(captions: Path, held_out: int) -> tuple[list[dict], list[dict]]:
    """JSON Lines of "image" and "captions" -> those to learn, and those of `held_out` pictures"""
    rows = [json.loads(line) for line in captions.read_text(encoding="utf-8").splitlines()]
    rows.sort(key=lambda row: hashlib.sha256(row["image"].encode()).hexdigest())
    return rows[held_out:], rows[:held_out]


def write_lines(file: Path, rows: list[dict]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def learn_by_program(options: argparse.Namespace, folder: Path, seed: int) -> tuple[Path, float]:
    """-> the model, and its loss on the captions that were not learnt"""
    out = folder / f"ours_{seed}"
    command = [options.program, "train", folder / "train.jsonl", "--validation", folder / "validation.jsonl", "--images", options.images,
               "--model", "photographs", "--new-mapper", "mlp", "--prefix-length", str(PREFIX), "--batch", str(LEARNING_BATCH),
               "--epochs", str(options.epochs), "--learning-rate", str(options.rate), "--warmup", str(WARMUP), "--seed", str(seed),
               "--validate-every", "100000", "--embeddings", folder / "embeddings", "--threads", str(options.threads), "--out", out, "--quiet"]
    subprocess.run([str(word) for word in command], check=True)
    lines = [json.loads(line) for line in (out / "training" / "log.jsonl").read_text().splitlines()]
    return out, [line["validation_loss"] for line in lines if "validation_loss" in line][-1]


def learn_by_pytorch(options: argparse.Namespace, folder: Path, rows: list[dict], held_out: list[dict], seed: int) -> tuple[Path, float]:
    """ClipCap's own program: a new mapper and the same GPT-2, AdamW, and a rate that rises and falls in straight lines."""
    ours, out = folder / f"ours_{seed}", folder / f"theirs_{seed}"
    torch.manual_seed(seed)
    start = folder / "start.pt"
    subprocess.run([options.program, "models", "export", "--checkpoint", start, "--quiet", "photographs"], check=True)
    weights = {name[4:]: value.float() for name, value in torch.load(start, weights_only=True).items() if name.startswith("gpt.")}
    vocabulary, width = weights["transformer.wte.weight"].shape
    layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("transformer.h."))
    gpt2 = GPT2LMHeadModel(GPT2Config(vocab_size=vocabulary, n_positions=len(weights["transformer.wpe.weight"]), n_embd=width, n_layer=layers,
                                      n_head=width // 64, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, bos_token_id=0, eos_token_id=0))
    gpt2.load_state_dict(weights, strict=False)
    names = [json.loads(line)["image"] for line in (folder / "embeddings" / "embeddings.jsonl").read_text().splitlines()[1:]]
    embeddings = dict(zip(names, torch.from_numpy(numpy.load(folder / "embeddings" / "embeddings.npy")).float()))
    manifest = json.loads((ours / "model.json").read_text())
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(ours / manifest["tokenizer"]["files"]["model"]))
    stop, longest = manifest["stop"]["token"], manifest["stop"]["max_tokens"]

    def examples_of(rows: list[dict]) -> list[tuple[str, list[int]]]:
        coded = [(row["image"], pieces.encode(caption.strip())) for row in rows for caption in row["captions"]]
        return [(image, (tokens if tokens[-1:] == [stop] else [*tokens, stop])[:longest]) for image, tokens in coded]

    examples = examples_of(rows)
    mapper = torch.nn.Sequential(torch.nn.Linear(len(embeddings[names[0]]), PREFIX * width // 2), torch.nn.Tanh(),
                                 torch.nn.Linear(PREFIX * width // 2, PREFIX * width))
    optimizer = torch.optim.AdamW([*gpt2.parameters(), *mapper.parameters()], lr=options.rate, weight_decay=0)
    each = -(-len(examples) // LEARNING_BATCH)
    schedule = get_linear_schedule_with_warmup(optimizer, WARMUP, each * options.epochs)

    def loss_of(chosen: list[tuple[str, list[int]]], reduction: str) -> torch.Tensor:
        tokens = torch.nn.utils.rnn.pad_sequence([torch.tensor(one) for _, one in chosen], batch_first=True, padding_value=-100)
        prefix = mapper(torch.stack([embeddings[image] for image, _ in chosen])).view(-1, PREFIX, width)
        logits = gpt2(inputs_embeds=torch.cat([prefix, gpt2.transformer.wte(tokens.clamp(min=0))], 1)).logits[:, PREFIX - 1 : -1]
        return torch.nn.functional.cross_entropy(logits.reshape(-1, vocabulary), tokens.flatten(), ignore_index=-100, reduction=reduction)

    for _ in range(options.epochs):
        order = torch.randperm(len(examples)).tolist()
        for begin in range(0, len(order), LEARNING_BATCH):
            optimizer.zero_grad()
            loss_of([examples[i] for i in order[begin : begin + LEARNING_BATCH]], "mean").backward()
            optimizer.step()
            schedule.step()
    unseen = examples_of(held_out)
    with torch.no_grad():
        loss = sum(loss_of(unseen[i : i + 50], "sum").item() for i in range(0, len(unseen), 50)) / sum(len(tokens) for _, tokens in unseen)
    write_beside(ours, out, {f"clip_project.model.{name}": value for name, value in mapper.state_dict().items()}
                        | {f"gpt.{name}": value for name, value in gpt2.state_dict().items() if name != "lm_head.weight"})
    return out, loss


def write_beside(model: Path, out: Path, tensors: dict[str, torch.Tensor]) -> None:
    """The model with another captioner."""
    shutil.copytree(model, out)
    manifest = json.loads((out / "model.json").read_text())
    captioner = out / manifest["mapper"]["file"]
    save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, captioner)
    content = captioner.read_bytes()
    entry = next(file for file in manifest["files"] if file["name"] == captioner.name)
    entry |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (out / "model.json").write_text(json.dumps(manifest))


def cider(options: argparse.Namespace, folder: Path, model: Path) -> float:
    """In per cent, of the pictures that were not learnt, beam 5."""
    rows = [json.loads(line) for line in (folder / "validation.jsonl").read_text().splitlines()]
    files = [options.images / row["image"] for row in rows]
    captions = folder / "captions.jsonl"
    subprocess.run([options.program, "--model", model, "--beam", "5", "--json", "--output", captions, "--quiet", *files], check=True)
    references = write_lines(folder / "references.jsonl", [row | {"image": str(file)} for row, file in zip(rows, files)])
    done = subprocess.run([options.program, "eval", captions, references, "--json", "--quiet"], stdout=subprocess.PIPE, check=True)
    return 100 * json.loads(done.stdout)["metrics"]["cider"]


def learn(options: argparse.Namespace, folder: Path) -> None:
    rows, held_out = split(options.captions, options.hold_out)
    write_lines(folder / "train.jsonl", rows)
    write_lines(folder / "validation.jsonl", held_out)
    found: dict[str, list[tuple[float, float]]] = {"caption": [], "PyTorch": []}
    print(f"by seed: CIDEr and loss of {len(held_out)} pictures that were not learnt")
    for seed in range(options.runs):
        made = {"caption": learn_by_program(options, folder, seed)}
        made["PyTorch"] = learn_by_pytorch(options, folder, rows, held_out, seed)
        for name, (model, loss) in made.items():
            found[name].append((cider(options, folder, model), loss))
        print(f"{seed}: " + "; ".join(f"{name} {values[-1][0]:.1f} and {values[-1][1]:.3f}" for name, values in found.items()), flush=True)
    for name, values in found.items():
        columns = list(zip(*values))
        print(f"{name}, mean: CIDEr {statistics.mean(columns[0]):.1f}, loss {statistics.mean(columns[1]):.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["speed", "learn"])
    parser.add_argument("program", type=Path)
    parser.add_argument("captions", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--updates", type=int, default=10, help="speed: PyTorch's, before and after the program's (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="learn: each with another seed (default: %(default)s)")
    parser.add_argument("--hold-out", type=int, default=40, help="learn: pictures to judge by (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=6, help="learn (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=3e-4, help="learn: the highest learning rate (default: %(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as name:
        {"speed": speed, "learn": learn}[options.what](options, Path(name))


if __name__ == "__main__":
    main()
