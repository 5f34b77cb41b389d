#!/usr/bin/env python3
"""Who may include whom: reads every #include of src/ and include/ and fails on one that the layout forbids.

    core <- image, vision, mapper, gpt2, text, decode, device_decode, weights, cuda, cuda_graphs (never each other) <- bundle <- pipeline <- cli <- main

Third parties stay in one place each. Run with --self-test, it checks that it can fail.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

LEAVES = {"image", "vision", "mapper", "gpt2", "text", "decode", "device_decode", "weights", "cuda", "cuda_graphs"}
MAY_INCLUDE = {
    "core": {"core"},
    **{leaf: {"core", leaf} for leaf in LEAVES},
    "bundle": {"core", "bundle"} | LEAVES,
    "pipeline": {"core", "bundle", "pipeline"} | LEAVES,
    # The command line must answer without LibTorch: it sees only headers that need none.
    "cli": {"core", "cli"},
    "main": {"core", "cli"},
    "include": set(),
}
# Single headers that a folder may see beyond its row above.
EXTRA_HEADERS = {
    "cli": {"pipeline/batch.h", "pipeline/engine.h", "inputs/read_input.h", "model/manifest.h", "model/packed_files.h", "model/registry.h", "model/import_request.h"},
    "device_decode": {"decode/search.h", "decode/searches.h"},  # what both searches have in common
    "main": set(),
}
# A third party's headers, as a pattern, and the folders that may include them.
THIRD_PARTIES = {
    r"opencv2/": {"image"},
    r"jpeglib\.h": {"image"},
    r"CLI/": {"cli"},
    r"sentencepiece": {"text"},
    r"nlohmann/": {"bundle", "cli", "text", "weights"},
    r"openssl/": {"bundle"},
    r"(cuda|cudnn|cublas)\w*\.h": {"cuda"},
    r"(ATen|c10|torch)/": {"core", "vision", "mapper", "gpt2", "device_decode", "weights", "cuda_graphs", "bundle", "pipeline"},
    r"(ATen|c10)/cuda/": {"cuda_graphs"},
}
# Headers and sources that the program links without LibTorch.
WITHOUT_TORCH = [
    "include/caption/*.h", "src/base/error.cpp", "src/core/log.*", "src/core/utf8.*", "src/kernels/packed_layout.h", "src/cuda/*", "src/bundle/manifest.*",
    "src/bundle/packed_files.*", "src/bundle/packed_header.*", "src/model/pack_report.h", "src/bundle/registry.*",
    "src/model/import_request.h", "src/pipeline/batch.*", "src/pipeline/read_input.*", "src/pipeline/explain.*",
    "src/pipeline/demand.*", "src/pipeline/expected_time.*",
    "src/pipeline/occlusion.*", "src/pipeline/engine.h", "src/cli/*", "src/main.cpp",
]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def layer_of(path: Path) -> str:
    """The row of MAY_INCLUDE that a file belongs to."""
    parts = path.relative_to(ROOT).parts
    if parts[0] == "include":
        return "include"
    return "main" if len(parts) == 2 else parts[1]


def violations(path: Path, text: str) -> list[str]:
    """What is wrong with the includes of one file."""
    layer = layer_of(path)
    found = []
    for _, header in INCLUDE.findall(text):
        top = header.split("/")[0]
        if header.startswith("caption/"):
            continue
        if top in MAY_INCLUDE:
            if top not in MAY_INCLUDE[layer] and header not in EXTRA_HEADERS.get(layer, set()):
                found.append(f"{path.relative_to(ROOT)}: {layer} may not include {header}")
            continue
        for pattern, folders in THIRD_PARTIES.items():
            if re.match(pattern, header) and layer not in folders:
                found.append(f"{path.relative_to(ROOT)}: {header} belongs in {', '.join(sorted(folders))}")
            elif pattern.startswith("(ATen") and re.match(pattern, header):
                if any(path.relative_to(ROOT).match(pattern_) for pattern_ in WITHOUT_TORCH):
                    found.append(f"{path.relative_to(ROOT)}: must do without LibTorch, but includes {header}")
    return found


def main() -> int:
    if "--self-test" in sys.argv:
        bad = violations(ROOT / "src/gpt2/x.cpp", '#include "text/tokenizer.h"\n#include <opencv2/core.hpp>\n')
        bad += violations(ROOT / "src/cli/x.cpp", '#include "gpt2/gpt2.h"\n#include <ATen/ATen.h>\n')
        bad += violations(ROOT / "src/decode/x.cpp", '#include <cuda_runtime.h>\n')
        bad += violations(ROOT / "src/cuda/x.cu", '#include "decode/next_token.h"\n#include <ATen/ATen.h>\n')
        return 0 if len(bad) >= 7 else 1
    files = sorted(p for folder in ("src", "include") for p in (ROOT / folder).rglob("*") if p.suffix in {".h", ".cpp", ".cu"})
    found = [line for path in files for line in violations(path, path.read_text())]
    print("\n".join(found) or f"{len(files)} files keep to the layout")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
