"""A part of the work: its pictures through this slot's program, into a Parquet file that is there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from plan import Part, pictures_of_tar, write_whole
from slot import Picture, Settings, problem, slot_of

SCHEMA = pa.schema([("path", pa.string()), ("caption", pa.string()), ("score", pa.float64()), ("mean_logprob", pa.float64()),
                    ("model", pa.string()), ("error", pa.string())])
TOGETHER = 64  # rows of a Parquet file in memory


def run(part: Part, output: str, settings: Settings) -> int:
    """Captions a part, unless that is done. -> its rows"""
    file = part.file(output)
    if not file.exists():
        rows = slot_of(settings).captions(pictures_of(part))
        write_whole(file, lambda path: pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path))
    return pq.read_metadata(file).num_rows


def pictures_of(part: Part) -> Iterator[Picture]:
    if part.kind == "files":
        return map(Picture, part.names)
    return (pictures_of_tar if part.kind == "tar" else pictures_of_parquet)(part.names[0])


def pictures_of_parquet(name: str) -> Iterator[Picture]:
    """Raises ValueError if it has other columns, OSError."""
    try:
        table = pq.ParquetFile(name)
    except pa.ArrowInvalid as error:
        yield Picture(name, problem=problem("corrupt", f"{name}: is no Parquet file: {error}"))
        return
    columns = [column for column in ("path", "image") if column in table.schema_arrow.names]
    if "image" not in columns:
        raise ValueError(f"{name} has the columns {table.schema_arrow.names}: 'image' with the pictures' bytes is needed")
    number = 0
    for batch in table.iter_batches(batch_size=TOGETHER, columns=columns):
        for row in batch.to_pylist():
            # As Hugging Face's datasets keep pictures: {"bytes", "path"}
            image = row["image"] if isinstance(row["image"], dict) else {"bytes": row["image"]}
            path = row.get("path") or image.get("path") or f"{name}/{number}"
            nothing = problem("unreadable", f"{path}: the row has no picture") if image["bytes"] is None else None
            yield Picture(path, image["bytes"], nothing)
            number += 1
