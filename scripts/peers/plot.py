"""peers.json -> a plot: grouped bars by setting and precision.

    python plot.py PEERS.json PEERS.svg
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

from jobs import OURS, PUBLISHED  # noqa: E402
from report import BEST  # noqa: E402

# A grey that is legible on white and on black, on a transparent ground; so are the colours of the bars.
GREY = "#7d8590"
COLOURS = {PUBLISHED: "#8a7a9b", BEST: "#c7782f", OURS: "#2f8fbf"}


def draw_bar(axes, bar: dict, x: float, top: float) -> None:
    """A bar that would pass `top` is cut there; its number tells how high it is."""
    height, cut = min(bar["median"], top), bar["median"] > top
    spread = None if cut else [[bar["median"] - bar["min"]], [bar["max"] - bar["median"]]]
    axes.bar(x, height, 0.25, color=COLOURS[bar["name"]], yerr=spread, error_kw={"ecolor": GREY, "capsize": 2})
    text = f"{bar['median']:.0f}" + (" \u2191" if cut else "")
    axes.annotate(text, (x, top if cut else bar["max"]), (0, 3), textcoords="offset points", ha="center", color=GREY)


def draw_setting(axes, setting: dict) -> None:
    """One panel: a group for each precision, a bar for each of `setting["bars"]`."""
    groups = list(dict.fromkeys(bar["precision"] for bar in setting["bars"]))
    # The published script takes so long that the others could not be told apart beside the whole of its bar.
    compared = [bar["max"] for bar in setting["bars"] if bar["name"] != PUBLISHED] or [bar["max"] for bar in setting["bars"]]
    top = 1.15 * max(compared, default=1)
    for number, group in enumerate(groups):
        bars = [bar for bar in setting["bars"] if bar["precision"] == group]
        for place, bar in enumerate(bars):
            draw_bar(axes, bar, number + (place - (len(bars) - 1) / 2) * 0.27, top)
    axes.set_ylim(0, 1.08 * top)
    axes.set_title(setting["title"], color=GREY)
    axes.set_xticks(range(len(groups)), groups)
    axes.tick_params(colors=GREY)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(GREY)


def main() -> None:
    settings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["plot"]
    figure, panels = plt.subplots(1, len(settings), figsize=(3.4 * len(settings) + 0.6, 4), squeeze=False)
    for axes, setting in zip(panels[0], settings):
        draw_setting(axes, setting)
    panels[0][0].set_ylabel("milliseconds per image", color=GREY)
    handles = [plt.Rectangle((0, 0), 1, 1, color=colour) for colour in COLOURS.values()]
    figure.legend(handles, COLOURS, loc="lower center", ncols=len(COLOURS), frameon=False, labelcolor=GREY)
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    figure.savefig(sys.argv[2], transparent=True)


if __name__ == "__main__":
    main()
