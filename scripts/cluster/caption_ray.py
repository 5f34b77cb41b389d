"""Captions pictures on a Ray cluster by Ray Data, into Parquet files.

    python caption_ray.py SOURCE OUTPUT --slots N [--cpus-per-slot 2] [-- --model NAME --threads 2]

A part of the work is a row; N actors, each with a warm `caption serve`, take them. README.md says how the output stays whole.
"""

from __future__ import annotations

from pathlib import Path

import parts
import plan
import ray
from command_line import parse, parser
from slot import Settings


class PartCaptioner:
    """An actor, for as long as there are parts."""

    def __init__(self, output: str, settings: Settings) -> None:
        self.output, self.settings = output, settings

    def __call__(self, row: dict) -> dict:
        part = plan.Part(int(row["number"]), row["kind"], tuple(row["names"]))
        return {"number": part.number, "rows": parts.run(part, self.output, self.settings)}


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--slots", type=int, default=2, help="processes in the whole cluster [default 2]")
    made.add_argument("--cpus-per-slot", type=float, default=1, help="as Ray counts them [default 1]")
    args, settings = parse(made)
    planned = plan.plan(args.source, args.output, args.part_size)
    todo = plan.missing(planned, args.output)
    rows = [{"number": part.number, "kind": part.kind, "names": list(part.names)} for part in todo]
    total = 0
    if rows:
        ray.init(runtime_env={"working_dir": str(Path(__file__).resolve().parent)})
        done = ray.data.from_items(rows, override_num_blocks=len(rows)).map(
            PartCaptioner, fn_constructor_args=(args.output, settings),
            compute=ray.data.ActorPoolStrategy(size=min(args.slots, len(rows))), num_cpus=args.cpus_per_slot, max_restarts=-1, max_task_retries=-1)
        total = int(done.sum("rows"))
    plan.tidy(planned, args.output)
    print(f"{total} pictures in {len(todo)} parts")


if __name__ == "__main__":
    main()
