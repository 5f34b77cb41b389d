"""What both scripts take."""

from __future__ import annotations

import argparse
import sys

from slot import Settings


def parser(description: str) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter,
                                   usage="%(prog)s SOURCE OUTPUT [OPTION]... [-- OPTION-OF-CAPTION-SERVE...]")
    made.add_argument("source", help="a folder of pictures, tar shards or Parquet files, with its subfolders; a list of pictures; a shard; a Parquet file")
    made.add_argument("output", help="a folder for Parquet files; the same command goes on with one that is not complete")
    made.add_argument("--program", default="caption", help="on every machine [default caption]")
    made.add_argument("--part-size", type=int, default=1000, help="pictures of a part, if they are files [default 1000]")
    made.add_argument("--tries", type=int, default=3, help="a picture that kills its process N times is recorded [default 3]")
    made.add_argument("--patience", type=float, default=600, help="seconds without an answer after which a process counts as stuck [default 600]")
    return made


def parse(made: argparse.ArgumentParser) -> tuple[argparse.Namespace, Settings]:
    own, behind = sys.argv[1:], []
    if "--" in own:
        own, behind = own[: own.index("--")], own[own.index("--") + 1 :]
    args = made.parse_args(own)
    if args.part_size < 1 or args.tries < 1:
        made.error("--part-size and --tries are at least 1")
    return args, Settings(program=args.program, arguments=tuple(behind), tries=args.tries, patience=args.patience)
