"""The reference: the whole way from an image file to caption token ids in plain PyTorch, one stage a file.

    image file -> pixels [1, 3, R, R] -> embedding [1, D] -> prefix [1, P, E] -> GPT-2 -> token ids -> text

It is written to be compared with: no batching, no fast paths, everything fp32 on the CPU, every formula spelled out.
The C++ program must give the same pixels, close activations and the same token ids. It needs torch, Pillow and numpy
(safetensors too for goldens), and is never needed to run the program.

    cd scripts
    python -m reference caption --bundle FOLDER [--beam N] [--max-tokens N] IMAGE...
        one JSON record a line: image, tokens, score, mean_logprob, caption, and the same for every hypothesis
    python -m reference goldens --bundle FOLDER --out FILE IMAGE...
        every stage as one safetensors file
    python -m reference occlusion --bundle FOLDER --out FILE IMAGE...
        what hiding each part of the picture costs each token of the caption (occlusion.py)

Names inside a golden file, where IMAGE is the image file's stem and N one of 1 (greedy), 3, 5, 10:

    IMAGE/pixels                [3, R, R] f32   normalised pixels
    IMAGE/embedding             [D] f32         CLIP's output
    IMAGE/normalized            [D] f32         the same divided by its L2 norm; only if the bundle normalises
    IMAGE/prefix                [P, E] f32      the mapper's output
    IMAGE/logits                [V] f32         the logits after the prefix (the last position of the prefill)
    IMAGE/beamN/scores          [N] f64         sums of log-probabilities, best hypothesis first
    IMAGE/beamN/I/tokens        [length] i32    hypothesis I, with the stop token if it was reached

The file's metadata holds "bundle" (its name), "images" (their files' names, separated by spaces), "beams", "max_tokens",
"stop" (the stop token) and "margin" (the smallest gap that any decision of the searches rested on).
"""
