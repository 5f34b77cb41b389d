"""Command line of the reference; see the package's docstring."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from . import occlusion
from .bundle import Bundle
from .goldens import write_goldens
from .search import Margin, search


def describe(bundle: Bundle, hypothesis) -> dict:
    return {
        "caption": bundle.tokenizer.decode(hypothesis.tokens).strip(),
        "tokens": hypothesis.tokens,
        "score": hypothesis.score,
        "mean_logprob": hypothesis.mean,
    }


@torch.no_grad()
def caption(args: argparse.Namespace) -> None:
    bundle = Bundle(args.bundle)
    max_tokens = args.max_tokens or bundle.max_tokens
    for image in args.images:
        prefix = bundle.prefix(bundle.normalized(bundle.embedding(bundle.pixels(image))))
        margin = Margin()
        found = search(bundle.gpt2, prefix, stop=bundle.stop, beam=args.beam, max_tokens=max_tokens,
                       temperature=args.temperature, margin=margin)
        hypotheses = [describe(bundle, h) for h in found]
        record = {"image": str(image), **hypotheses[0], "margin": margin.smallest, "captions": hypotheses}
        print(json.dumps(record, ensure_ascii=False), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="reference", description="ClipCap in plain PyTorch, to compare with")
    commands = parser.add_subparsers(required=True)

    command = commands.add_parser("caption", help="captions as JSON Lines")
    command.add_argument("--bundle", type=Path, required=True)
    command.add_argument("--beam", type=int, default=5, help="width of the beam search; 1 is greedy (default: 5)")
    command.add_argument("--max-tokens", type=int, help="(default: as the bundle says)")
    command.add_argument("--temperature", type=float, default=1.0)
    command.add_argument("images", type=Path, nargs="+")
    command.set_defaults(run=caption)

    command = commands.add_parser("goldens", help="every stage as one safetensors file")
    command.add_argument("--bundle", type=Path, required=True)
    command.add_argument("--out", type=Path, required=True)
    command.add_argument("images", type=Path, nargs="+")
    command.set_defaults(run=lambda args: write_goldens(Bundle(args.bundle), args.images, args.out))

    command = commands.add_parser("occlusion", help="what hiding each part of the picture costs each token")
    command.add_argument("--bundle", type=Path, required=True)
    command.add_argument("--out", type=Path, required=True)
    command.add_argument("images", type=Path, nargs="+")
    command.set_defaults(run=lambda args: occlusion.write_goldens(Bundle(args.bundle), args.images, args.out))

    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
