#!/usr/bin/env python3
"""Writes tests/data/decode/words.txt: what transformers' generate() makes of a tiny random GPT-2 with a prompt, banned sequences,
a repetition penalty and groups of beams, and the logits that lead there.

    python3 -m pip install torch transformers==4.49.0    (later versions have no groups of beams)
    python3 scripts/make_word_goldens.py

As for make_stop_goldens.py, which see: where nothing ends a sequence early, ClipCap's beam search and transformers' agree. transformers
lets a banned sequence of N tokens come behind N - 1 tokens, and only there; the cases that have longer ones begin with a prompt.

    case NAME
    beam K groups G diversity D max_tokens M no_repeat_ngram N penalty X banned B captions C prefixes P
    prompt: token ids
    B lines: the token ids of a banned sequence
    C lines: sum of what the tokens were ranked by, then the token ids behind the prompt
    P pairs of lines: token ids behind the prompt, then the logits [V] of the token behind them
"""

import pathlib

import torch
import transformers

import make_stop_goldens as stops

FILE = pathlib.Path(__file__).resolve().parent.parent / "tests" / "data" / "decode" / "words.txt"


class Captioner(stops.Captioner):
    """What may be asked: beam, groups, diversity, max_tokens, ngram, penalty, banned, prompt."""

    @torch.no_grad()
    def search(self, prefix, asked):
        """-> [(score, ids behind the prompt)], best first; what was continued, behind the prompt"""
        recorder = stops.Recorder()
        prompt = list(asked["prompt"])
        wte = self.gpt2.transformer.wte
        ids = torch.tensor([prompt], dtype=torch.long)
        embeddings = torch.cat([prefix, wte(ids)], dim=1)
        several = asked["beam"] > 1
        found = self.gpt2.generate(
            input_ids=ids if prompt else None, inputs_embeds=embeddings,
            attention_mask=torch.ones(embeddings.shape[:2], dtype=torch.long), do_sample=False, num_beams=asked["beam"],
            num_beam_groups=asked["groups"], diversity_penalty=asked["diversity"], num_return_sequences=asked["beam"],
            max_new_tokens=asked["max_tokens"], no_repeat_ngram_size=asked["ngram"], repetition_penalty=asked["penalty"],
            bad_words_ids=[list(one) for one in asked["banned"]] or None, eos_token_id=None, pad_token_id=len(self.words) - 1,
            length_penalty=1.0, early_stopping="never" if several else False,
            logits_processor=transformers.LogitsProcessorList([recorder]), return_dict_in_generate=True, output_scores=True, output_logits=True)
        sequences = [row[len(prompt):] for row in found.sequences.tolist()]
        assert all(len(row) == asked["max_tokens"] for row in sequences), sequences
        if several:
            scores = [score * asked["max_tokens"] for score in found.sequences_scores.tolist()]
        else:
            # Behind the penalty, before anything is excluded.
            penalise = transformers.RepetitionPenaltyLogitsProcessor(asked["penalty"])
            steps = [penalise(found.sequences[:, :len(prompt) + i], step) for i, step in enumerate(found.logits)]
            scores = [sum(step[0].log_softmax(-1)[token].item() for step, token in zip(steps, sequences[0]))]
        best = {}
        for score, row in zip(scores, sequences):
            best.setdefault(tuple(row), (score, row))  # groups may find the same
        return list(best.values()), {row[len(prompt):] for row in recorder.prefixes}


def write_case(out, name, captioner, seed=0, **asked):
    asked = {"beam": 1, "groups": 1, "diversity": 0.0, "max_tokens": 12, "ngram": 0, "penalty": 1.0, "banned": (), "prompt": (), **asked}
    prefix = torch.randn((1, 4, 24), generator=torch.Generator().manual_seed(seed))
    captions, prefixes = captioner.search(prefix, asked)
    logits = {ids: captioner.logits(prefix, [*asked["prompt"], *ids]) for ids in prefixes}
    out += [f"case {name}",
            "beam {beam} groups {groups} diversity {diversity} max_tokens {max_tokens} no_repeat_ngram {ngram} penalty {penalty} "
            .format(**asked) + f"banned {len(asked['banned'])} captions {len(captions)} prefixes {len(prefixes)}",
            " ".join(map(str, asked["prompt"])), *(" ".join(map(str, one)) for one in asked["banned"])]
    out += [" ".join([f"{score:.7g}", *map(str, ids)]) for score, ids in captions]
    for ids in sorted(prefixes):
        out += [" ".join(map(str, ids)), " ".join(f"{value:.7g}" for value in logits[ids].tolist())]
    return [ids for _, ids in captions]


def changed(captioner, asked, **more):
    """The first seed for which what is asked beyond `asked` changes the caption."""
    return next(seed for seed in range(100)
                if write_case([], "", captioner, seed, **asked) != write_case([], "", captioner, seed, **asked, **more))


def main():
    out = []
    captioner = Captioner(stops.WORDS, seed=3)
    for beam in (1, 4):
        size = {"beam": beam, "max_tokens": 12 if beam == 1 else 6}
        for prompt in ((1,), (1, 3, 6), (22, 18, 18, 7, 0)):
            write_case(out, f"prompt_of_{len(prompt)}_beam_{beam}", captioner, seed=len(prompt), prompt=prompt, **size)
        for penalty in (0.5, 1.3, 4.0):
            seed = changed(captioner, size, penalty=penalty)
            write_case(out, f"penalty_{penalty}_beam_{beam}", captioner, seed, penalty=penalty, **size)
        write_case(out, f"penalty_and_prompt_beam_{beam}", captioner, seed=5, penalty=1.7, prompt=(18, 20, 4), **size)
        write_case(out, f"pairs_and_prompt_beam_{beam}", captioner, seed=6, ngram=2, prompt=(18, 20, 18), **size)
        free = write_case([], "", captioner, 7, prompt=(1, 3, 6), **size)[0]
        for name, banned in (("token", [free[:1]]), ("tokens", [[token] for token in set(free)]),
                             ("pair", [free[1:3]]), ("three", [free[2:5]]), ("behind_prompt", [[3, 6, free[0]]]),
                             ("mixed", [free[:1], free[1:3], free[2:4], [3, 6, 2], [6, free[0]]])):
            write_case(out, f"banned_{name}_beam_{beam}", captioner, seed=7, prompt=(1, 3, 6), banned=banned, **size)
        write_case(out, f"all_together_beam_{beam}", captioner, seed=8, prompt=(1, 3, 6), penalty=1.2, ngram=2,
                   banned=[free[:1], free[1:3], [9]], **size)
    for beam, groups, diversity in ((4, 2, 0.5), (6, 2, 2.0), (6, 3, 0.7), (5, 5, 1.5)):
        write_case(out, f"groups_{groups}_of_{beam}", captioner, seed=groups, beam=beam, groups=groups, diversity=diversity, max_tokens=6)
    write_case(out, "groups_and_all_else", captioner, seed=9, beam=6, groups=3, diversity=0.8, max_tokens=6, prompt=(1, 3, 6), penalty=1.2,
               ngram=2, banned=[[9], [6, 5], [3, 6, 2]])
    FILE.write_text("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
