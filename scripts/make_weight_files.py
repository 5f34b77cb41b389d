#!/usr/bin/env python3
"""Writes the small weight files that tests/unit/weights reads, with torch itself.

Every tensor is filled by a rule that the C++ test repeats: element i of a tensor whose name has n characters is
(i + n) % 64 / 4 for floating types, (i + n) % 64 for integers and (i + n) % 2 for bool, so no golden values are stored
beside the files. Run it by hand, with a Python that has torch and safetensors; the files are committed.
"""

import argparse
import array
import collections
import datetime
import decimal
import enum
import fractions
import functools
import math
import pathlib
import pickle
import re
import time
import uuid
import warnings

import numpy
import safetensors.torch
import torch
from torch import nn

DTYPES = {
    "f16": torch.float16,
    "bf16": torch.bfloat16,
    "f32": torch.float32,
    "f64": torch.float64,
    "u8": torch.uint8,
    "i8": torch.int8,
    "i16": torch.int16,
    "i32": torch.int32,
    "i64": torch.int64,
    "bool": torch.bool,
}


def filled(name, shape, dtype):
    count = torch.Size(shape).numel()
    values = torch.arange(count) + len(name)
    if dtype == torch.bool:
        values = values % 2
    elif dtype.is_floating_point:
        values = values % 64 / 4
    else:
        values = values % 64
    return values.to(dtype).reshape(shape)


def every_dtype():
    """One tensor of each type, one without elements, one without dimensions."""
    tensors = collections.OrderedDict((f"t.{name}", filled(f"t.{name}", [3, 5], dtype)) for name, dtype in DTYPES.items())
    tensors["t.empty"] = torch.empty(0, 4)
    tensors["t.scalar"] = filled("t.scalar", [], torch.float32)
    return tensors


def views():
    """Tensors that share storages: transposed, a slice with an offset, the same one twice, a parameter."""
    base = filled("base", [4, 6], torch.float32)
    tensors = collections.OrderedDict(base=base, transposed=base.t(), slice=base[1:3, 2:5], again=base)
    tensors["parameter"] = nn.Parameter(filled("parameter", [3], torch.float16))
    return tensors


class Block(nn.Module):
    def __init__(self, name):
        super().__init__()
        self.weight = nn.Parameter(filled(f"{name}.weight", [2, 3], torch.float16))
        self.bias = nn.Parameter(filled(f"{name}.bias", [3], torch.float32))
        self.register_buffer("steps", filled(f"{name}.steps", [], torch.int64))

    def forward(self, x):
        return x @ self.weight.float() + self.bias


class Visual(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(Block("visual.blocks.0"), Block("visual.blocks.1"))
        self.proj = nn.Parameter(filled("visual.proj", [3, 2], torch.bfloat16))
        self.sizes = [1, 2]
        self.ratio = 0.5

    def forward(self, x):
        for block in self.blocks:
            x = block(x)[:, :2]
        return x


class Clip(nn.Module):
    """In the shape of OpenAI's archive: nested modules, sizes as integers and as integer tensors."""

    def __init__(self):
        super().__init__()
        self.visual = Visual()
        self.logit_scale = nn.Parameter(filled("logit_scale", [], torch.float32))
        self.context_length = 77
        self.register_buffer("input_resolution", torch.tensor(224))

    def forward(self, x):
        return self.visual(x) + torch.ones(2)


class Colour(enum.Enum):
    RED = 1


class ByName:
    """Takes its arguments by their names."""

    def __new__(cls, *, size):
        made = object.__new__(cls)
        made.size = size
        return made

    def __getnewargs_ex__(self):
        return (), {"size": self.size}


class Forbidden:
    def __reduce__(self):
        return __import__("os").system, ("touch /tmp/caption-was-here",)


def beside():
    """What training programs keep beside weights: settings, and values of no tensors."""
    counts = collections.defaultdict(int)
    counts["a"] = 1
    itself = ([],)
    itself[0].append(itself)
    return {
        "hyper_parameters": argparse.Namespace(transformer_attention_heads=16, use_windowed_embeddings=False, lr=1e-4,
                                               out=pathlib.PurePosixPath("/data/run")),
        "rng_state": torch.arange(3),
        "numpy": [numpy.float64(1), numpy.int64(3), numpy.bool_(True), numpy.arange(5), numpy.str_("x"), numpy.random.RandomState(1).get_state()],
        "dates": [datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc), datetime.timedelta(1)],
        "containers": [counts, collections.Counter("abc"), collections.deque([1, 2]), {1, 2}, frozenset([3]), range(3), slice(1, 2)],
        "numbers": [complex(1, 2), 1 << 100, decimal.Decimal("1.5"), fractions.Fraction(1, 3), uuid.UUID(int=5)],
        "bytes": [b"xx", bytearray(b"x")],
        "types": [torch.int64, torch.Size([1]), torch.device("cpu"), bool, type(None), list[int], len],
        "constants": [..., NotImplemented],
        "modules": [nn.ReLU(), nn.functional.relu, array.array("f", [1]), re.compile("a+"), time.gmtime(0), math.sqrt, functools.partial(int, base=2)],
        "failures": [ValueError("no"), KeyError("k"), itself],
        "by_name": ByName(size=3),
        "enumeration": Colour.RED,
        "tensors": [torch.eye(2).to_sparse(), torch.zeros(2, dtype=torch.uint16), torch.zeros(2, device="meta")],
    }


def save_script(module, path):
    """Saves without the debug records, which name the folders of the machine that wrote them."""
    module.save(str(path))
    reader = torch._C.PyTorchFileReader(str(path))
    records = {name: reader.get_record(name) for name in reader.get_all_records() if not name.endswith(".debug_pkl")}
    del reader
    writer = torch._C.PyTorchFileWriter(str(path))
    for name, content in records.items():
        if name not in ("version", "byteorder") and not name.startswith(".data/"):
            writer.write_record(name, content, len(content))
    writer.write_record("byteorder", b"little", 6)
    writer.write_end_of_file()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--out", type=pathlib.Path, default=root / "tests/data/weights")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")

    state = nn.Sequential(nn.Linear(3, 2)).state_dict()  # it has _metadata
    state["0.weight"].copy_(filled("0.weight", [2, 3], torch.float32))
    state["0.bias"].copy_(filled("0.bias", [2], torch.float32))
    wrapped = {
        "epoch": 3,
        "name": "run",
        "state_dict": collections.OrderedDict((f"module.{name}", tensor) for name, tensor in state.items()),
        "optimizer": {"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 0.1, "params": [0, 1]}]},
    }
    files = {"dtypes": every_dtype(), "views": views(), "state_dict": state, "wrapped": wrapped}
    for name, content in files.items():
        torch.save(content, out / f"{name}.pt")
        torch.save(content, out / f"{name}_legacy.pt", _use_new_zipfile_serialization=False)
        if name != "dtypes":
            for protocol in (4, 5):
                torch.save(content, out / f"{name}_protocol{protocol}.pt", pickle_protocol=protocol)
    for protocol in (2, 3, 4, 5):
        kept = wrapped | beside()
        if protocol < 4:  # which would have to call a method for it
            del kept["by_name"]
        torch.save(kept, out / f"beside_protocol{protocol}.pt", pickle_protocol=protocol)
        torch.save(kept, out / f"beside_legacy{protocol}.pt", _use_new_zipfile_serialization=False, pickle_protocol=protocol)
    torch.save(state | {"args": argparse.Namespace(lr=1), "step": numpy.int64(3)}, out / "beside_flat.pt")
    safetensors.torch.save_file(every_dtype(), out / "dtypes.safetensors", metadata={"format": "pt"})
    torch.save({"weight": torch.ones(2), "evil": Forbidden()}, out / "forbidden.pt")
    torch.save({"weight": torch.ones(2), "evil": Forbidden()}, out / "forbidden_legacy.pt",
               _use_new_zipfile_serialization=False)
    torch.save(Block("block"), out / "whole_module.pt")
    for path in out.iterdir():
        path.chmod(0o644)
    (out / "plain.pkl").write_bytes(pickle.dumps({"weight": [1.0, 2.0]}, protocol=2))

    clip = Clip().eval()
    save_script(torch.jit.script(clip), out / "scripted.pt")
    save_script(torch.jit.trace(clip, torch.ones(1, 2)), out / "traced.pt")
    save_script(torch.jit.freeze(torch.jit.script(clip)), out / "frozen.pt")


if __name__ == "__main__":
    main()
