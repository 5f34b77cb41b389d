#!/usr/bin/env python3
"""Writes tests/data/decode/stops.txt: what transformers' generate() makes of a tiny random GPT-2 with stop strings, a minimum
of new tokens, an end-of-text token and n-grams that cannot come twice, and the logits that lead there.

    python3 -m pip install torch transformers
    python3 scripts/make_stop_goldens.py

As in ClipCap, the prompt is a prefix of embeddings, so that there is no text before the caption. Greedy search has the same
meaning here and there, whatever ends it. ClipCap's beam search is another one: a stopped beam keeps its place among the beams,
which are ranked by their means. The two agree where all sequences have one length (the end-of-text token cannot come before the
last one), and where the beams are all sequences that there are; so do the cases.

    case NAME
    beam K max_tokens M min_tokens N no_repeat_ngram G stop S texts T captions C prefixes P     (S: -1 for none)
    V words: the vocabulary's bytes, in hexadecimal
    T lines: a text's bytes, likewise
    C lines: sum of log-probabilities, then the token ids
    P pairs of lines: token ids, then the logits [V] of the token behind them
"""

import pathlib
import random

import tokenizers
import torch
import transformers
from transformers.convert_slow_tokenizer import bytes_to_unicode

FILE = pathlib.Path(__file__).resolve().parent.parent / "tests" / "data" / "decode" / "stops.txt"
WORDS = [b".", b" a", b" the", b" cat", b"cat", b"s", b" sat", b" on", b"at", b" m", b"m", b"ing", b" run", b"n", b" dog", b"o",
         b" caf", b"\xc3", b"\xa9", b",", b" and", b"d", b" t", b"he"]
LETTERS = [b".", b"a", b"b", b"ab", b" a", b"ba"]
CAPTIONS = 12  # at most, of a case


class Recorder(transformers.LogitsProcessor):
    """Changes nothing; knows all sequences that the model was asked to continue."""

    def __init__(self):
        self.prefixes = set()

    def __call__(self, input_ids, scores):
        self.prefixes.update(tuple(row) for row in input_ids.tolist())
        return scores


class Captioner:
    """A GPT-2 with random weights and a byte-level vocabulary."""

    def __init__(self, words, seed):
        torch.manual_seed(seed)
        self.words = words
        self.gpt2 = transformers.GPT2LMHeadModel(transformers.GPT2Config(
            vocab_size=len(words), n_positions=32, n_embd=24, n_layer=2, n_head=2, initializer_range=0.6,
            bos_token_id=None, eos_token_id=None)).eval()
        unicode = bytes_to_unicode()
        vocabulary = {"".join(unicode[byte] for byte in word): i for i, word in enumerate(words)}
        backend = tokenizers.Tokenizer(tokenizers.models.BPE(vocabulary, []))
        backend.decoder = tokenizers.decoders.ByteLevel()
        self.tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=backend)

    def text(self, ids):
        return b"".join(self.words[i] for i in ids)

    @torch.no_grad()
    def logits(self, prefix, ids):
        """prefix [1, P, E] -> [V], of the token behind `ids`"""
        tokens = self.gpt2.transformer.wte(torch.tensor([ids], dtype=torch.long))
        return self.gpt2(inputs_embeds=torch.cat([prefix, tokens], dim=1)).logits[0, -1]

    @torch.no_grad()
    def generate(self, prefix, beam, max_tokens, min_tokens, ngram, stop, texts):
        """-> [ids], best first; the prefixes that were continued"""
        recorder = Recorder()
        result = self.gpt2.generate(
            inputs_embeds=prefix, attention_mask=torch.ones(prefix.shape[:2], dtype=torch.long), tokenizer=self.tokenizer,
            do_sample=False, num_beams=beam, num_return_sequences=min(beam, CAPTIONS), max_new_tokens=max_tokens,
            min_new_tokens=min_tokens, no_repeat_ngram_size=ngram, eos_token_id=None if stop < 0 else stop, pad_token_id=len(self.words) - 1,
            stop_strings=[text.decode() for text in texts] or None, length_penalty=1.0,
            early_stopping="never" if beam > 1 else None, logits_processor=transformers.LogitsProcessorList([recorder]),
            return_dict_in_generate=True, output_scores=True)
        lengths = [max_tokens] * len(result.sequences) if beam == 1 else (result.beam_indices >= 0).sum(dim=1).tolist()
        return [ids[:length] for ids, length in zip(result.sequences.tolist(), lengths)], recorder.prefixes


def write_case(out, name, captioner, beam, max_tokens, min_tokens=0, stop=-1, texts=(), seed=0, ngram=0):
    prefix = torch.randn((1, 4, 24), generator=torch.Generator().manual_seed(seed))
    captions, prefixes = captioner.generate(prefix, beam, max_tokens, min_tokens, ngram, stop, texts)
    logits = {ids: captioner.logits(prefix, ids) for ids in prefixes}
    out += [f"case {name}",
            f"beam {beam} max_tokens {max_tokens} min_tokens {min_tokens} no_repeat_ngram {ngram} stop {stop} texts {len(texts)} "
            f"captions {len(captions)} prefixes {len(prefixes)}",
            " ".join(word.hex() for word in captioner.words), *(text.hex() for text in texts)]
    for ids in captions:
        score = sum(logits[tuple(ids[:i])].log_softmax(-1)[token].item() for i, token in enumerate(ids))
        out.append(" ".join([f"{score:.7g}", *map(str, ids)]))
    for ids in sorted(prefixes):
        out += [" ".join(map(str, ids)), " ".join(f"{value:.7g}" for value in logits[ids].tolist())]
    return captions


def pieces_of(text, choose):
    """Up to three texts that are in `text`, whatever its tokens, and not at its beginning; and one that may not be in it."""
    texts = []
    for _ in range(choose.randint(1, 3)):
        begin = choose.randrange(len(text) // 3, len(text) - 3)
        piece = text[begin:begin + choose.randint(2, 7)]
        if text.find(piece) >= len(text) // 3 and piece.decode(errors="replace").encode() == piece:  # of whole characters
            texts.append(piece)
    return texts + [b"cats and"]


def end_of(captioner, ids, stop, max_tokens, texts):
    """What ended a caption, in words."""
    text, last = captioner.text(ids), captioner.words[ids[-1]]
    for one in texts:
        if one in text:
            behind = len(text) - text.find(one) - len(one)
            return f"text of {'one token' if len(one) + behind <= len(last) else 'tokens'}{', inside one' if behind else ''}"
    assert ids[-1] == stop or len(ids) == max_tokens
    return "stop token" if ids[-1] == stop else "maximum"


def write_greedy(out):
    choose = random.Random(6)
    captioner = Captioner(WORDS, seed=3)
    ends = set()
    for seed in range(24):
        free = write_case([], "", captioner, 1, 14, seed=seed)[0]
        stop, min_tokens = choose.choice([-1, free[3], free[9]]), choose.choice([0, 3, 6, 14])
        (found,) = write_case([], "", captioner, 1, 14, min_tokens, stop, seed=seed)
        texts = [] if seed % 4 == 0 or len(found) < 6 else pieces_of(captioner.text(found), choose)
        (found,) = write_case(out, f"greedy_{seed}", captioner, 1, 14, min_tokens, stop, texts, seed)
        assert stop not in found[:min_tokens], "the minimum"
        ends.add(end_of(captioner, found, stop, 14, texts))
    assert len(ends) == 6, ends  # all that there are


def write_without_repetitions(out):
    """Cases in which the random weights would repeat themselves."""
    captioner = Captioner(LETTERS, seed=8)
    for ngram in (1, 2, 3):
        for beam, max_tokens in ((1, 6 if ngram == 1 else 12), (4, 5)):
            repeats = lambda seed: (write_case([], "", captioner, beam, max_tokens, seed=seed)[0]
                                    != write_case([], "", captioner, beam, max_tokens, seed=seed, ngram=ngram)[0])
            seed = next(filter(repeats, range(100)))
            write_case(out, f"without_repeated_{ngram}_beam_{beam}", captioner, beam, max_tokens, seed=seed, ngram=ngram)
    captioner = Captioner(WORDS, seed=9)
    write_case(out, "without_repeated_pairs_and_a_minimum", captioner, 1, 14, 9, stop=17, seed=1, ngram=2)
    write_case(out, "without_repeated_pairs_beside_texts", captioner, 1, 14, texts=(b" on", b"cats"), seed=2, ngram=2)


def main():
    out = []
    write_greedy(out)
    write_without_repetitions(out)
    captioner = Captioner(WORDS, seed=4)
    write_case(out, "beams_of_one_length", captioner, 4, 7, seed=1)
    write_case(out, "beams_without_their_stop_token", captioner, 5, 6, 6, stop=3, seed=2)
    write_case(out, "beams_whose_stop_token_comes_last", captioner, 3, 6, 5, stop=7, seed=3)
    captioner = Captioner(LETTERS, seed=5)
    every = len(LETTERS) ** 3  # sequences of three tokens
    write_case(out, "all_sequences", captioner, every, 3, seed=1)
    write_case(out, "all_with_a_stop_token", captioner, every, 3, stop=0, seed=2)
    write_case(out, "all_with_texts", captioner, every, 3, texts=(b"..", b". "), seed=3)
    write_case(out, "all_without_repeated_pairs", captioner, every, 3, stop=0, seed=5, ngram=2)
    write_case(out, "all_without_repeated_tokens", captioner, every, 3, texts=(b"ba",), seed=6, ngram=1)
    write_case(out, "all_with_texts_and_a_minimum", captioner, every, 3, 2, stop=0, texts=(b"ba", b"a a"), seed=4)
    FILE.write_text("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
