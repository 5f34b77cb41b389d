"""Captions pictures on a Spark cluster, into Parquet files.

    spark-submit caption_spark.py SOURCE OUTPUT [-- --model NAME --threads 2]

A part of the work is a task; each of an executor's slots (spark.executor.cores / spark.task.cpus) has a warm `caption serve`.
README.md says how the output stays whole.
"""

from __future__ import annotations

from pathlib import Path

import parts
import plan
from command_line import parse, parser
from pyspark.sql import SparkSession


def main() -> None:
    args, settings = parse(parser(__doc__))
    output = args.output
    planned = plan.plan(args.source, output, args.part_size)
    todo = plan.missing(planned, output)
    context = SparkSession.builder.appName("caption").getOrCreate().sparkContext
    for name in ("slot.py", "plan.py", "parts.py"):
        context.addPyFile(str(Path(__file__).resolve().parent / name))

    def run(part: plan.Part) -> int:
        return parts.run(part, output, settings)

    rows = context.parallelize(todo, len(todo)).map(run).sum() if todo else 0
    plan.tidy(planned, output)
    print(f"{rows} pictures in {len(todo)} parts")
    context.stop()


if __name__ == "__main__":
    main()
