#!/usr/bin/env python3
"""Makes the demo model: collects drawings, trains on captioned scenes composed of them, writes the bundle.

    train_demo.py prepare  --cache DIR --openclipart DIR --stamps DIR --noto FILE --twemoji DIR --openmoji DIR
                           --emojione DIR --photographs DIR
    train_demo.py train    --cache DIR
    train_demo.py bundle   --cache DIR
    train_demo.py pictures --cache DIR

Everything follows from --seed. demo/data.py says what the sources are and where they come from.
"""

from __future__ import annotations

import argparse
import io
import pickle
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "demo"), str(HERE)]
import data  # noqa: E402
from backgrounds import Backgrounds  # noqa: E402
from evaluate import makers  # noqa: E402
from scenes import SceneMaker  # noqa: E402

VOCABULARY = 1000


def train_tokenizer(maker: SceneMaker, seed: int, cache: Path) -> None:
    """Sentencepiece on captions of scenes; '.' is always a token of its own, and any text can be encoded."""
    import sentencepiece

    lines = []
    for i in range(40000):
        rng = np.random.default_rng([seed, 1 << 20, i])
        lines.append(maker.caption(maker.sketch(rng, False), rng))
    model = io.BytesIO()  # a file's name would become part of the model
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, vocab_size=VOCABULARY,
        model_type="bpe", byte_fallback=True, user_defined_symbols=["."], hard_vocab_limit=False,
        unk_id=0, bos_id=-1, eos_id=-1, pad_id=-1, character_coverage=1.0, minloglevel=2,
        num_threads=1, normalization_rule_name="identity",
    )  # fmt: skip
    (cache / "tokenizer.model").write_bytes(model.getvalue())


def prepare(args: argparse.Namespace) -> None:
    """Collects the cut-outs and backgrounds, and trains the tokenizer."""
    args.cache.mkdir(parents=True, exist_ok=True)
    concepts, sprites = data.collect_sprites({name: getattr(args, name) for name in data.SOURCES})
    with open(args.cache / "sprites.pkl", "wb") as file:
        pickle.dump((concepts, sprites, Backgrounds(args.photographs)), file)
    train_tokenizer(makers(args.cache)[0], args.seed, args.cache)


def train(args: argparse.Namespace) -> None:
    import train as trainer

    maker, unseen = makers(args.cache)
    trainer.train(args, maker, unseen)


def bundle(args: argparse.Namespace) -> None:
    import bundle as writer

    writer.write(args)


def pictures(args: argparse.Namespace) -> None:
    import bundle as writer

    writer.pictures(args, *makers(args.cache))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("prepare", "train", "bundle", "pictures"):
        command = commands.add_parser(name)
        command.add_argument("--cache", type=Path, required=True, help="folder of everything intermediate")
        command.add_argument("--seed", type=int, default=1)
        if name == "prepare":
            for source in (*data.SOURCES, "photographs"):
                command.add_argument(f"--{source}", type=Path, required=True, help="see demo/data.py")
        if name in ("train", "bundle"):
            command.add_argument("--name", default="demo", help="name of the checkpoint in the cache")
        if name in ("bundle", "pictures"):
            command.add_argument("--out", type=Path, default=HERE.parent / "models" / "demo")
        if name == "train":
            command.add_argument("--kind", choices=("resnet", "vit"), default="resnet", help="of the encoder")
            command.add_argument("--contrastive", action="store_true", help="first stage: CLIP's loss, not the heads")
            command.add_argument("--threads", type=int, default=1)
            command.add_argument("--workers", type=int, default=1, help="processes that draw the scenes")
            command.add_argument("--thing-steps", type=int, default=3600)
            command.add_argument("--scene-steps", type=int, default=4500)
            command.add_argument("--word-steps", type=int, default=2000)
    args = parser.parse_args()
    {"prepare": prepare, "train": train, "bundle": bundle, "pictures": pictures}[args.command](args)


if __name__ == "__main__":
    main()
