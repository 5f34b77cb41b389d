#!/usr/bin/env python3
"""Writes tests/data/decode/beam.txt: tables of logits and what ClipCap's beam search makes of them.

The search is written out in PyTorch as the published description has it: one image at a time, stopped beams kept in the batch
with -inf for every token but token 0. The logits of the next token are a table's row, by image, position (modulo the number of
positions) and previous token (0 at the first position), plus offsets by position. Without these, a periodic table would
let the same sum come about in two orders, and rounding would decide between them.

    case NAME
    images B vocabulary V positions N stop S max_tokens M temperature T
    B * N * V lines of V logits, then M lines of V offsets
    beam K
    image I hypotheses H
    H lines: sum of log-probabilities, then the token ids
"""

import pathlib

import numpy
import torch

FILE = pathlib.Path(__file__).resolve().parent.parent / "tests" / "data" / "decode" / "beam.txt"
BEAMS = (1, 3, 5, 10)


def beam_search(table, offsets, beam, stop, temperature):
    """table [N, V, V], offsets [M, V] -> [(sum of log-probabilities, ids)], best first"""
    vocabulary = table.shape[-1]
    scores = tokens = lengths = stopped = None
    for position, offset in enumerate(offsets):
        previous = torch.zeros(1, dtype=torch.long) if tokens is None else tokens[:, -1]
        logits = table[position % len(table)][previous] + offset  # [K, V]
        log_probs = (logits / temperature).log_softmax(-1)
        if tokens is None:
            ranked = log_probs[0]
        else:
            log_probs[stopped] = -torch.inf
            log_probs[stopped, 0] = 0
            lengths[~stopped] += 1
            ranked = ((scores[:, None] + log_probs) / lengths[:, None]).view(-1)
        order = torch.sort(ranked, descending=True, stable=True).indices
        order = order[ranked[order] > -torch.inf][:beam]  # [K'], flat index of beam x vocabulary
        source, following = order // vocabulary, order % vocabulary
        if tokens is None:
            tokens, lengths = following[:, None], torch.ones(len(order))
            stopped = torch.zeros(len(order), dtype=torch.bool)
        else:
            tokens = torch.cat([tokens[source], following[:, None]], dim=1)
            lengths, stopped = lengths[source], stopped[source]
        scores = ranked[order] * lengths
        stopped = stopped | (following == stop)
        if stopped.all():
            break
    best = torch.sort(scores / lengths, descending=True, stable=True).indices.tolist()
    return [(scores[i].item(), tokens[i, : int(lengths[i])].tolist()) for i in best]


def numbers(values):
    return " ".join(f"{v:.9g}" for v in values)


def write_case(out, name, tables, offsets, stop, temperature=1.0):
    """tables [B, N, V, V], offsets [M, V]"""
    images, positions, vocabulary, _ = tables.shape
    max_tokens = len(offsets)
    out.append(f"case {name}")
    out.append(f"images {images} vocabulary {vocabulary} positions {positions} stop {stop} max_tokens {max_tokens} "
               f"temperature {temperature:g}")
    out += [numbers(row) for row in tables.reshape(-1, vocabulary).tolist() + offsets.tolist()]
    for beam in BEAMS:
        out.append(f"beam {beam}")
        for image in range(images):
            hypotheses = beam_search(tables[image], offsets, beam, stop, temperature)
            out.append(f"image {image} hypotheses {len(hypotheses)}")
            out += [f"{score:.9g} {' '.join(map(str, ids))}" for score, ids in hypotheses]


def main():
    rng = numpy.random.default_rng(5)

    def write(name, images, positions, vocabulary, spread, stop, stop_bonus, max_tokens, temperature=1.0):
        tables = rng.normal(0, spread, (images, positions, vocabulary, vocabulary))
        tables[..., stop] += stop_bonus
        offsets = rng.normal(0, 0.2 * spread, (max_tokens, vocabulary))
        write_case(out, name, torch.from_numpy(tables.astype(numpy.float32)),
                   torch.from_numpy(offsets.astype(numpy.float32)), stop, temperature)

    out = []
    write("one_image", 1, 4, 12, 2, stop=5, stop_bonus=0, max_tokens=12)
    write("six_images_of_all_lengths", 6, 5, 10, 2, stop=3, stop_bonus=-1, max_tokens=20)
    write("rare_stops", 3, 3, 9, 3, stop=8, stop_bonus=-4, max_tokens=67)
    write("early_stops", 4, 3, 11, 2, stop=2, stop_bonus=4, max_tokens=30)
    write("stop_is_token_0", 3, 4, 8, 2, stop=0, stop_bonus=0, max_tokens=15)
    write("peaked", 4, 6, 14, 9, stop=1, stop_bonus=2, max_tokens=25)
    write("nearly_flat", 3, 4, 8, 0.3, stop=6, stop_bonus=0, max_tokens=25)
    write("narrow_vocabulary", 5, 4, 3, 1, stop=1, stop_bonus=-1, max_tokens=10)
    write("hot", 3, 4, 10, 3, stop=4, stop_bonus=0, max_tokens=20, temperature=2.5)
    write("cold", 3, 4, 10, 1, stop=4, stop_bonus=0, max_tokens=20, temperature=0.3)
    write("one_token_only", 2, 1, 7, 2, stop=3, stop_bonus=0, max_tokens=1)
    # Whole numbers, few of them: many logits are exactly equal.
    ties = torch.from_numpy(rng.integers(0, 3, (4, 1, 6, 6)).astype(numpy.float32))
    write_case(out, "ties_at_the_first_token", ties, torch.zeros(1, 6), stop=1)
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
