#!/usr/bin/env python3
"""How fast models come and are checked, beside what other programs need for the same bytes:

    scripts/model_rates.py PROGRAM --clip FILE --captioner FILE [--folder FOLDER] [--runs N]

fetch: `caption models fetch` of 1 GB from a server on this machine, beside curl's rate from it (needs curl and nginx; the bytes are
random, so what is timed ends when they are here and have the right SHA-256). verify: `caption models verify` of a model of these two
files. import: `caption models import` of them, beside copying them and OpenSSL's SHA-256 of the copies. The median of the runs, with
everything in the page cache; FOLDER needs room for three copies."""

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

SIZE = 1 << 30
PORT = 18765


def seconds(command, says=None, **options):
    """How long the command takes; it must succeed, or say these words."""
    start = time.perf_counter()
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=says is None, **options)
    taken = time.perf_counter() - start
    if says is not None and says not in run.stderr:
        raise SystemExit(f"{command[0]}: {run.stderr}")
    return taken


def median(runs, run, before=lambda: None):
    taken = []
    for _ in range(runs):
        before()
        taken.append(run())
    return statistics.median(taken)


def serve(folder):
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/errors; worker_processes 1; events {{}}\n"
        f"http {{ access_log off; sendfile on; server {{ listen 127.0.0.1:{PORT}; root {folder}; }} }}\n")  # fmt: skip
    server = subprocess.Popen(["nginx", "-c", str(configuration)], stderr=subprocess.DEVNULL)
    time.sleep(1)
    return server


def fetch_rates(program, folder, runs):
    block = os.urandom(1 << 20)
    digest = hashlib.sha256()
    with open(folder / "random.bin", "wb") as file:
        for _ in range(SIZE >> 20):
            file.write(block)
            digest.update(block)
    (folder / "small.bin").write_bytes(b"small")

    def entry(name, size, sha256):
        return {"name": name, "title": name, "addresses": [f"http://127.0.0.1:{PORT}/{name}"], "mirrors": [], "bytes": size, "exact": True,
                "sha256": sha256, "license": "none"}  # fmt: skip

    files = [entry("random.bin", SIZE, digest.hexdigest()), entry("small.bin", 5, hashlib.sha256(b"small").hexdigest())]
    table = folder / "published.json"
    table.write_text(json.dumps({"format": 1, "files": files, "models": [
        {"name": "random", "description": "random bytes", "clip": "random.bin", "captioner": "small.bin"}]}))  # fmt: skip
    home = {**os.environ, "XDG_DATA_HOME": str(folder / "data"), "XDG_CACHE_HOME": str(folder / "cache"), "no_proxy": "127.0.0.1"}
    server = serve(folder)
    try:
        clean = lambda: [shutil.rmtree(folder / name, ignore_errors=True) for name in ("data", "cache")] + [(folder / "copy").unlink(missing_ok=True)]  # noqa: E731
        curl = median(runs, lambda: seconds(["curl", "-s", "-o", folder / "copy", files[0]["addresses"][0]]), clean)
        ours = median(runs, lambda: seconds([program, "models", "fetch", "random", "--published", table, "--quiet"], "no weight file that caption knows", env=home), clean)
        clean()
    finally:
        server.terminate()
        server.wait()
    print(f"fetch: {SIZE / curl / 1e9:.2f} GB/s by curl, {SIZE / ours / 1e9:.2f} GB/s by caption: {curl / ours:.2f} of it")


def import_rates(options, folder):
    sources = [options.clip, options.captioner]
    size = sum(file.stat().st_size for file in sources)
    made, copies = folder / "made", folder / "copies"
    remove = lambda: [shutil.rmtree(one, ignore_errors=True) for one in (made, copies)]  # noqa: E731
    command = [options.program, "models", "import", "--quiet", "--clip", sources[0], "--captioner", sources[1], "--activation", "quick_gelu",
               "--name", "made", "--folder", made]  # fmt: skip

    def copy_and_hash():
        copies.mkdir()
        return seconds(["cp", *sources, copies]) + seconds(["openssl", "dgst", "-sha256", *copies.parent.glob("copies/*")])

    copied = median(options.runs, copy_and_hash, remove)
    imported = median(options.runs, lambda: seconds(command), remove)
    print(f"import: {imported:.2f} s, copying and hashing {copied:.2f} s: {imported / copied:.2f} times that")
    verified = median(options.runs, lambda: seconds([options.program, "models", "verify", made]))
    print(f"verify: {size / verified / 1e9:.2f} GB/s")
    remove()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("--clip", type=Path, required=True)
    parser.add_argument("--captioner", type=Path, required=True)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        os.chmod(name, 0o755)  # nginx's workers are another user
        fetch_rates(options.program, Path(name), options.runs)
        import_rates(options, Path(name))


if __name__ == "__main__":
    main()
