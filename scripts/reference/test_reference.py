"""The reference against transformers and against itself: python -m pytest scripts/reference

Skipped where torch, transformers or safetensors are absent, as on a machine that only builds the program.
"""

import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")
transformers = pytest.importorskip("transformers")
from PIL import Image  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from reference import clip, goldens, pixels, random_weights as rw, search  # noqa: E402
from reference.bundle import Bundle, part  # noqa: E402
from reference.gpt2 import Gpt2  # noqa: E402

PARITY = Path(__file__).resolve().parents[2] / "tests" / "data" / "parity"
IMAGES = [PARITY / "images" / f"{name}.png" for name in ("wide", "tall", "square", "small")]
MODELS = ("vit-mlp", "resnet-transformer")


def tiny_gpt2() -> Gpt2:
    sizes = rw.Gpt2Sizes(width=128, layers=2, vocabulary=50, context=40)
    tensors = rw.make_captioner(3, sizes, rw.MapperSizes(prefix_length=2), 8, old_masks=False)
    return Gpt2(part(tensors, ("gpt.", "transformer.")))


@torch.no_grad()
def test_gpt2_equals_transformers():
    ours = tiny_gpt2()
    config = transformers.GPT2Config(vocab_size=50, n_positions=40, n_embd=128, n_layer=2, n_head=2)
    theirs = transformers.GPT2LMHeadModel(config).eval()
    weights = {"transformer." + name: t for name, t in ours.w.items() if name != "lm_head.weight"}
    missing, unexpected = theirs.load_state_dict(weights, strict=False)
    assert not unexpected and all("lm_head" in n or n.endswith(("attn.bias", "masked_bias")) for n in missing)
    theirs.tie_weights()
    prefix = torch.randn(2, 7, 128, generator=torch.Generator().manual_seed(1))
    logits, _ = ours.forward(prefix)
    torch.testing.assert_close(logits, theirs(inputs_embeds=prefix).logits, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_gpt2_with_a_cache_equals_one_without():
    ours = tiny_gpt2()
    x = torch.randn(2, 7, 128, generator=torch.Generator().manual_seed(1))
    whole, _ = ours.forward(x)
    start, cache = ours.forward(x[:, :4])
    middle, cache = ours.forward(x[:, 4:6], cache)
    end, _ = ours.forward(x[:, 6:], cache)
    torch.testing.assert_close(torch.cat([start, middle, end], dim=1), whole, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_vit_equals_transformers():
    sizes = rw.VitSizes(resolution=32, patch=8, width=128, layers=2, embedding=24)
    w = part(rw.make_clip(4, sizes, rw.TextSizes(32, 1, 16, 8)), ("visual.",))
    config = transformers.CLIPVisionConfig(
        hidden_size=128, intermediate_size=512, projection_dim=24, num_hidden_layers=2, num_attention_heads=2,
        image_size=32, patch_size=8, hidden_act="quick_gelu")
    theirs = transformers.CLIPVisionModelWithProjection(config).eval()
    state = {
        "embeddings.class_embedding": w["class_embedding"],
        "embeddings.patch_embedding.weight": w["conv1.weight"],
        "embeddings.position_embedding.weight": w["positional_embedding"],
    }
    for kind in ("weight", "bias"):
        state[f"pre_layrnorm.{kind}"], state[f"post_layernorm.{kind}"] = w[f"ln_pre.{kind}"], w[f"ln_post.{kind}"]
        for i in range(2):
            ours, other = f"transformer.resblocks.{i}.", f"encoder.layers.{i}."
            for q, tensor in zip("qkv", w[f"{ours}attn.in_proj_{kind}"].chunk(3)):
                state[f"{other}self_attn.{q}_proj.{kind}"] = tensor
            for a, b in (("attn.out_proj", "self_attn.out_proj"), ("ln_1", "layer_norm1"), ("ln_2", "layer_norm2"),
                         ("mlp.c_fc", "mlp.fc1"), ("mlp.c_proj", "mlp.fc2")):
                state[f"{other}{b}.{kind}"] = w[f"{ours}{a}.{kind}"]
    state = {"vision_model." + name: tensor for name, tensor in state.items()}
    state["visual_projection.weight"] = w["proj"].T
    missing, unexpected = theirs.load_state_dict(state, strict=False)
    assert not unexpected and all(name.endswith("position_ids") for name in missing)
    image = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(clip.encode(w, image, "quick_gelu"), theirs(pixel_values=image).image_embeds,
                               rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size, resized", [((201, 117), (82, 48)), ((90, 187), (48, 99)), ((48, 48), (48, 48)),
                                           ((45, 31), (69, 48)), ((48, 300), (48, 300))])
def test_pixels_follow_torchvisions_rules(size, resized):
    # torchvision: the long side is int(R * long / short); the crop's offset is int(round((side - R) / 2.0)).
    generator = torch.Generator().manual_seed(1)
    values = torch.randint(0, 256, (size[1], size[0], 3), generator=generator, dtype=torch.uint8)
    image = Image.fromarray(values.numpy())
    expected = image.resize(resized, Image.Resampling.BICUBIC)
    left, top = (int(round((side - 48) / 2.0)) for side in resized)
    expected = expected.crop((left, top, left + 48, top + 48))
    assert pixels.resize_and_crop(image, 48).tobytes() == expected.tobytes()


def test_pixels_equal_transformers(tmp_path):
    # Sizes whose crop has even offsets: where they are odd, transformers rounds otherwise than torchvision.
    try:
        processor = transformers.CLIPImageProcessorPil(size={"shortest_edge": 48}, crop_size=48)
    except (AttributeError, ImportError) as error:
        pytest.skip(str(error))
    image = Image.open(IMAGES[0]).convert("RGB")
    image.save(tmp_path / "image.png")
    ours = pixels.load_pixels(tmp_path / "image.png", 48, processor.image_mean, processor.image_std)
    theirs = torch.as_tensor(processor(image, return_tensors="pt")["pixel_values"][0])
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


@torch.no_grad()
def plain_beam_search(gpt2: Gpt2, prefix, stop: int, beam: int, max_tokens: int) -> list[tuple[list[int], float]]:
    """The same search over Python lists, every prefix computed anew."""
    def steps(ids: list[int]):
        x = torch.cat([prefix, gpt2.w["wte.weight"][ids].unsqueeze(0)], dim=1) if ids else prefix
        return torch.log_softmax(gpt2.forward(x)[0][0, -1].double(), dim=0).tolist()

    beams = [([], 0.0)]
    for _ in range(max_tokens):
        if all(ids and ids[-1] == stop for ids, _ in beams):
            break
        candidates = []
        for ids, score in beams:
            if ids and ids[-1] == stop:
                candidates.append((ids, score))
            else:
                candidates += [(ids + [token], score + step) for token, step in enumerate(steps(ids))]
        beams = sorted(candidates, key=lambda one: one[1] / len(one[0]), reverse=True)[:beam]
    return sorted(beams, key=lambda one: one[1] / len(one[0]), reverse=True)


@torch.no_grad()
@pytest.mark.parametrize("beam", [1, 3, 5])
@pytest.mark.parametrize("model", MODELS)
def test_search_equals_a_plain_one(model, beam):
    bundle = Bundle(PARITY / model)
    prefix = bundle.prefix(bundle.normalized(bundle.embedding(bundle.pixels(IMAGES[0]))))
    found = search.search(bundle.gpt2, prefix, stop=bundle.stop, beam=beam, max_tokens=bundle.max_tokens)
    expected = plain_beam_search(bundle.gpt2, prefix, bundle.stop, beam, bundle.max_tokens)
    assert [h.tokens for h in found] == [ids for ids, _ in expected]
    assert [h.score for h in found] == pytest.approx([score for _, score in expected], abs=1e-3)


@pytest.mark.parametrize("model", MODELS)
def test_committed_goldens_are_what_the_reference_says(model):
    from safetensors.torch import load_file

    expected = load_file(PARITY / model / "goldens.safetensors")
    actual, _ = goldens.make_goldens(Bundle(PARITY / model), IMAGES)
    assert expected.keys() == actual.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(actual[name], tensor, rtol=1e-4, atol=1e-4, msg=lambda text: f"{name}: {text}")
