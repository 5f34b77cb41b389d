"""What the measurement ran on."""

from __future__ import annotations

import os
import platform
from pathlib import Path

# Instruction sets that decide how fast matrix products are.
RELEVANT = ("avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16",
            "amx_int8", "asimd", "asimddp", "i8mm", "bf16", "sve")


def describe(cpuinfo: str) -> dict[str, object]:
    """/proc/cpuinfo -> processor and instruction sets"""
    values: dict[str, str] = {}
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        values.setdefault(name.strip(), value.strip())
    flags = set((values.get("flags") or values.get("Features") or "").split())
    name = values.get("model name") or platform.processor() or platform.machine()
    numbers = ", ".join(f"{key} {values[key]}" for key in ("cpu family", "model", "stepping") if key in values)
    return {"processor": f"{name} ({numbers})" if numbers else name,
            "instructions": [flag for flag in RELEVANT if flag in flags]}


def this_machine() -> dict[str, object]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return describe(Path("/proc/cpuinfo").read_text(encoding="utf-8")) | {
        "cores": len(os.sched_getaffinity(0)), "memory_gb": round(memory / 1e9, 1), "system": platform.platform()}
