#!/usr/bin/env python3
"""Trains the embedded captioner of photographs, and writes it as a model that the program takes.

    scripts/photographs/train.py --data FOLDER --wordnet FOLDER --out FOLDER

The encoder is EfficientNet-Lite2, as ImageNet trained it. Mapper and GPT-2 learn from captions alone, with what the
encoder might have seen made up from their words, and from the few pictures that are there. README.md has the rest.
Everything follows from --seed: the same machine, packages and --threads give the same files.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import random
import sys
import time
from collections import Counter
from pathlib import Path

import sentencepiece
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bundle  # noqa: E402
import data  # noqa: E402
import evaluate  # noqa: E402
from encoder import Encoder, View, scale_of  # noqa: E402
from examples import Batch, Examples  # noqa: E402
from lexicon import Lexicon  # noqa: E402
from network import Captioner, Sizes  # noqa: E402
from nouns import Nouns  # noqa: E402


UNKNOWN = 0  # the tokenizer's token


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="COCO as its site gives it (annotations/, train2017/, "
                        "val2017/), or a folder with captions_val2017.jsonl, pairs.jsonl and images/")
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"), help="(default: %(default)s, where "
                        "Debian's wordnet-base has it)")
    parser.add_argument("--out", type=Path, required=True, help="the folder of the model")
    parser.add_argument("--name", default="photographs", help="what the model calls itself (default: %(default)s)")
    parser.add_argument("--binary", type=Path, default=Path("build/release/bin/caption"), help="(default: %(default)s)")
    parser.add_argument("--licenses", type=int, nargs="+", metavar="N", help="train only on pictures of these licences")
    parser.add_argument("--crops", type=int, default=6, help="parts of each picture (default: %(default)s)")
    parser.add_argument("--vocabulary", type=int, default=4096, help="(default: %(default)s)")
    parser.add_argument("--width", type=int, default=192, help="(default: %(default)s)")
    parser.add_argument("--layers", type=int, default=4, help="(default: %(default)s)")
    parser.add_argument("--prefix", type=int, default=6, help="(default: %(default)s)")
    parser.add_argument("--dropout", type=float, default=0.2, help="(default: %(default)s)")
    parser.add_argument("--batch", type=int, default=128, help="(default: %(default)s)")
    parser.add_argument("--steps", type=int, default=1600, help="(default: %(default)s)")
    parser.add_argument("--rate", type=float, default=1.2e-3, help="the highest learning rate (default: %(default)s)")
    parser.add_argument("--pairs", type=float, default=0.1, help="share of pictures in the end (default: %(default)s)")
    parser.add_argument("--near", type=float, default=0.4, help="share of captions with a similar picture (default: %(default)s)")
    parser.add_argument("--unseen", type=float, default=0.0, help="share of words that the network does not see when it writes "
                        "the next one, so that it looks at the picture (default: %(default)s)")
    parser.add_argument("--average", type=float, default=0.995, help="of the weights over the steps: what is written moves by "
                        "the rest of 1 in each (default: %(default)s)")
    parser.add_argument("--bf16", action="store_true", help="products of matrices in bf16: quicker on processors that have it")
    parser.add_argument("--threads", type=int, default=1, help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(default: %(default)s)")
    return parser.parse_args()


def views_of(pictures: list[data.Picture], encoder: Encoder, crops: int, seed: int) -> list[tuple[data.Picture, list[View]]]:
    rng = random.Random(seed)
    return [(picture, encoder.views(picture.file, crops, rng)) for picture in pictures if picture.file]


def train_tokenizer(captions: list[str], size: int, file: Path) -> sentencepiece.SentencePieceProcessor:
    # By an iterator, as the file would hold the path of a file that was read.
    content = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(captions), model_writer=content, vocab_size=size, model_type="unigram", unk_id=0, bos_id=-1,
        eos_id=-1, pad_id=-1, user_defined_symbols=["."], byte_fallback=False, num_threads=1, minloglevel=2)
    file.write_bytes(content.getvalue())
    return sentencepiece.SentencePieceProcessor(model_file=str(file))


def loss_of(network: Captioner, batch: Batch, args: argparse.Namespace) -> torch.Tensor:
    chosen = batch.weights > 0
    seen = batch.tokens.masked_fill(torch.rand(batch.tokens.shape) < args.unseen, UNKNOWN)
    with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
        logits = network.logits(network.prefix(batch.mix, batch.feature, batch.has_feature), seen, chosen)
    return nn.functional.cross_entropy(logits.float(), batch.tokens[chosen], label_smoothing=0.05)


def train(network: Captioner, examples: Examples, args: argparse.Namespace) -> list[tuple[int, float]]:
    """-> (step, loss) from time to time. Pictures come in slowly: first the network must learn to write. It ends with the
    average of its weights, which varies less from one run to the next than the last ones."""
    decayed = [p for p in network.parameters() if p.dim() > 1]
    others = [p for p in network.parameters() if p.dim() <= 1]
    optimiser = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}],
                                  lr=args.rate, betas=(0.9, 0.98), fused=True)
    averages = [p.detach().clone() for p in network.parameters()]
    curve: list[tuple[int, float]] = []
    average, began = 0.0, time.time()
    network.train()
    for step in range(args.steps):
        done = step / args.steps
        rate = args.rate * min(1.0, (step + 1) / 100) * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * done)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        batch = examples.batch(args.batch, args.pairs * min(1.0, 2 * done), args.near * min(1.0, 2 * done))
        loss = loss_of(network, batch, args)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        torch._foreach_lerp_(averages, list(network.parameters()), 1 - min(args.average, (step + 1) / (step + 10)))
        average = loss.item() if step == 0 else 0.98 * average + 0.02 * loss.item()
        if (step + 1) % 100 == 0:
            curve.append((step + 1, round(average, 3)))
            print(f"step {step + 1} of {args.steps}: loss {average:.3f}, {time.time() - began:.0f} s", flush=True)
    with torch.no_grad():
        for parameter, value in zip(network.parameters(), averages):
            parameter.copy_(value)
    return curve


def main() -> None:
    args = parse()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    began = time.time()
    args.out.mkdir(parents=True, exist_ok=True)
    found = data.load(args.data, set(args.licenses) if args.licenses else None)
    captions = [caption for picture in (*found.text, *found.pairs) for caption in picture.captions]
    nouns, rng = Nouns(captions), random.Random(args.seed)
    named = [nouns.draw(rng).caption for _ in range(len(captions) // 2)]
    named += [nouns.plainly(picture.captions) for picture in found.text]
    tokenizer = train_tokenizer(captions + named, args.vocabulary, args.out / "tokenizer.model")
    encoder = Encoder()
    pairs = views_of(found.pairs, encoder, args.crops, args.seed)
    print(f"{len(found.text)} pictures' captions, {len(pairs)} pairs, {time.time() - began:.0f} s", flush=True)
    lexicon = Lexicon(args.wordnet, captions, [(picture, views[0]) for picture, views in pairs])
    scale = scale_of([view for _, views in pairs for view in views])
    examples = Examples(found.text, pairs, lexicon, nouns, scale, tokenizer, encoder.classifier.weight.detach(), args.seed)
    print(f"{len(examples.text)} captions with {len(lexicon.sources)} telling words, {time.time() - began:.0f} s", flush=True)
    sizes = Sizes(tokenizer.vocab_size(), args.width, args.layers, args.prefix)
    network = Captioner(sizes, encoder.classifier.weight.detach(), args.dropout)
    curve = train(network, examples, args)
    write = lambda unsure_below=None: bundle.write(args.out, args.name, sizes, network.checkpoint(scale), encoder.file,
                                                   args.out / "tokenizer.model", unsure_below)
    write()
    command = [str(args.binary), "--model", str(args.out), "--beam", "5"]
    report, records = evaluate.figures(found.validation, command)
    write(report["confidence"]["unsure below"])
    for picture, record in zip(found.validation, records):
        print(picture.image_id, f"{record['CIDEr']:.0f}", f"{record['mean_logprob']:.2f}", record["caption"], picture.captions[0],
              sep="\t")
    report |= evaluate.plain(found.validation, command, nouns)
    report |= {
        "seconds": round(time.time() - began), "loss": curve, "seed": args.seed,
        "trained on": {"captions": len(captions), "pictures": len(pairs),
                       "by licence": {found.licenses[key]: count for key, count in Counter(p.license for p, _ in pairs).items()},
                       "their numbers": sorted(picture.image_id for picture, _ in pairs)},
    }
    (args.out / "figures.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
