#!/usr/bin/env python3
"""Throughput and latency of `caption serve` as clients are added, beside the command line's, and a plot of them.

    scripts/serve/load.py [--pictures FOLDER] [--model NAME] [--clients 1,2,4,...] [--seconds N] [--out FOLDER]

Starts a server of its own. Every client keeps one connection and sends a picture as soon as it has the caption of the last one.
Beside it: `caption bench --batch 1`, what one warm picture takes, between the points, and a run of the command line over many, less
what its start takes, before and after, since machines have faster and slower moments. Prints a JSON object per line; --out writes
load.json, too, and load.svg (which needs matplotlib).
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
GREY = "#7d8590"


class Server:
    def __init__(self, args: argparse.Namespace) -> None:
        command = [args.binary, "serve", "--listen", "127.0.0.1:0", "--max-waiting", "1000", *model_arguments(args)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.port = 0
        for line in self.process.stderr:
            if found := re.search(r"listening on .*:(\d+)", line):
                self.port = int(found[1])
            if "is loaded" in line:
                return
        sys.exit(f"load: the server did not start: status {self.process.wait()}")

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate()


class Client(threading.Thread):
    def __init__(self, port: int, pictures: list[bytes], first: int, end: float) -> None:
        super().__init__()
        self.port, self.pictures, self.next, self.end = port, pictures, first, end
        self.times: list[float] = []
        self.failed = 0

    def run(self) -> None:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)) as connection:
            while (begin := time.monotonic()) < self.end:
                connection.request("POST", "/caption", self.pictures[self.next % len(self.pictures)])
                self.next += 1
                response = connection.getresponse()
                response.read()
                if response.status == 200:
                    self.times.append(time.monotonic() - begin)
                else:
                    self.failed += 1


def machine() -> str:
    """Its processor and how many there are."""
    found = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    return f"{len(os.sched_getaffinity(0))} cores, {found[1] if found else platform.machine()}"


def model_arguments(args: argparse.Namespace) -> list[str]:
    return ["--model", args.model] if args.model else []


def quantile(sorted_times: list[float], share: float) -> float:
    return sorted_times[min(len(sorted_times) - 1, int(share * len(sorted_times)))]


def point(server: Server, pictures: list[bytes], count: int, seconds: float) -> dict:
    begin = time.monotonic()
    clients = [Client(server.port, pictures, 3 * i, begin + seconds) for i in range(count)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    took = time.monotonic() - begin
    times = sorted(t for client in clients for t in client.times)
    return {"clients": count, "captions": len(times), "failed": sum(client.failed for client in clients), "per_second": len(times) / took,
            **{f"p{share}_ms": 1000 * quantile(times, share / 100) for share in (50, 90, 99)}}


def warm_picture(args: argparse.Namespace, files: list[Path]) -> float:
    """Milliseconds."""
    bench = [args.binary, "bench", *model_arguments(args), "--batch", "1", "--json", "--no-peaks", "--repeat", "3", *files]
    return json.loads(subprocess.run(bench, stdout=subprocess.PIPE, check=True).stdout)["ms_per_image"]["median"]


def batch_rate(args: argparse.Namespace, files: list[Path]) -> float:
    """Pictures per second of a long run, without its start."""

    def run(count: int) -> float:
        with tempfile.NamedTemporaryFile("w") as names:
            names.write("".join(f"{files[i % len(files)]}\n" for i in range(count)))
            names.flush()
            begin = time.monotonic()
            subprocess.run([args.binary, *model_arguments(args), "--quiet", "--json", "--files-from", names.name], stdout=subprocess.DEVNULL, check=True)
            return time.monotonic() - begin

    few, many = 64, 64 + args.batch_pictures
    return (many - few) / (run(many) - run(few))


def measure(args: argparse.Namespace, files: list[Path]) -> tuple[list[dict], dict]:
    """-> the server's points, and what the command line does beside them."""
    pictures = [file.read_bytes() for file in files]
    rates, warm, points = [batch_rate(args, files)], [], []
    server = Server(args)
    try:
        point(server, pictures, 4, 2)  # warm
        for count in map(int, args.clients.split(",")):
            warm.append(warm_picture(args, files))
            points.append(point(server, pictures, count, args.seconds))
            print(json.dumps(points[-1]), flush=True)
    finally:
        server.stop()
    rates.append(batch_rate(args, files))
    return points, {"machine": machine(), "model": args.model, "warm_ms": statistics.median(warm), "batch_per_second": statistics.mean(rates)}


def plot(points: list[dict], beside: dict, file: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "load"  # the same figures, the same file
    import matplotlib.pyplot as plt

    clients = [one["clients"] for one in points]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6))
    left.plot(clients, [one["per_second"] for one in points], "o-", color="#2f8fbf")
    left.axhline(beside["batch_per_second"], color="#c7782f", linestyle="--")
    left.annotate("the command line, many pictures", (clients[-1], beside["batch_per_second"]), (0, 14), textcoords="offset points", ha="right", color="#c7782f")
    left.set_ylabel("captions per second", color=GREY)
    for share, colour in ((50, "#2f8fbf"), (90, "#8a7a9b"), (99, "#bf4f5f")):
        right.plot(clients, [one[f"p{share}_ms"] for one in points], "o-", color=colour, label=f"p{share}")
    right.axhline(beside["warm_ms"], color="#c7782f", linestyle="--")
    right.annotate("the command line, one warm picture", (clients[-1], beside["warm_ms"]), (0, 4), textcoords="offset points", ha="right", color="#c7782f")
    right.set_ylabel("milliseconds", color=GREY)
    right.set_yscale("log")
    right.legend(frameon=False, labelcolor=GREY)
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_xticks(clients, clients)
        axes.set_xlabel("clients", color=GREY)
        axes.tick_params(colors=GREY, which="both")
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_color(GREY)
    left.set_ylim(0, 1.2 * max(beside["batch_per_second"], *(one["per_second"] for one in points)))
    figure.suptitle(f"caption serve, the model '{beside['model']}', {beside['machine']}", fontsize=9, color=GREY)
    figure.tight_layout()
    figure.savefig(file, transparent=True, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=ROOT / "build/release/bin/caption")
    parser.add_argument("--pictures", type=Path, default=ROOT / "models/photographs/pictures")
    parser.add_argument("--model", default="photographs")
    parser.add_argument("--clients", default="1,2,4,8,16,32,64")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--batch-pictures", type=int, default=500)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    files = sorted(args.pictures.glob("*.jpg"))
    if not files:
        sys.exit(f"load: there is no *.jpg in {args.pictures}")
    points, beside = measure(args, files)
    print(json.dumps(beside), flush=True)
    last = points[-1]
    print(f"{points[0]['clients']} client(s): p50 {points[0]['p50_ms'] / beside['warm_ms']:.2f} x one warm picture; "
          f"{last['clients']} clients: {last['per_second'] / beside['batch_per_second']:.2f} x the command line's rate", file=sys.stderr)
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "load.json").write_text(json.dumps({"command_line": beside, "serve": points}, indent=1) + "\n")
        plot(points, beside, args.out / "load.svg")


if __name__ == "__main__":
    main()
