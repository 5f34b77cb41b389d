"""The demo model in PyTorch: CLIP-shaped image encoders, the MLP mapper and GPT-2, with the published names.

Written to be read beside the C++ program; every tensor name is the published one, so that the exported
archives are read like any other CLIP and GPT-2.
B = images, D = embedding, P = prefix length, E = GPT-2 width, T = tokens.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass
class Sizes:
    """Every size of the demo model."""

    kind: str = "resnet"  # "vit" or "resnet"
    resolution: int = 96
    embedding: int = 512
    resnet_width: int = 24  # even; heads of the attention pool = width * 32 / 64
    resnet_blocks: tuple[int, ...] = (1, 2, 2, 1)
    vit_patch: int = 8
    vit_width: int = 192
    vit_layers: int = 6
    prefix: int = 8
    width: int = 192
    layers: int = 3
    context: int = 96
    vocabulary: int = 1000

    def as_dict(self) -> dict:
        return asdict(self)


class QuickGELU(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)


class PackedAttention(nn.Module):
    """Self-attention with nn.MultiheadAttention's tensor names; heads = width / 64."""

    def __init__(self, width: int):
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.randn(3 * width, width) * width**-0.5)
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        b, t, w = x.shape
        q, k, v = F.linear(x, self.in_proj_weight, self.in_proj_bias).view(b, t, 3, w // 64, 64).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v)  # [B, heads, T, 64]
        return self.out_proj(y.transpose(1, 2).reshape(b, t, w))


class ResidualAttentionBlock(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.attn = PackedAttention(width)
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(width, 4 * width))
        self.mlp.add_module("gelu", QuickGELU())
        self.mlp.add_module("c_proj", nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class VisionTransformer(nn.Module):
    """[B, 3, R, R] -> [B, D]."""

    def __init__(self, s: Sizes):
        super().__init__()
        w, tokens = s.vit_width, (s.resolution // s.vit_patch) ** 2 + 1
        self.conv1 = nn.Conv2d(3, w, s.vit_patch, stride=s.vit_patch, bias=False)
        self.class_embedding = nn.Parameter(torch.randn(w) * w**-0.5)
        self.positional_embedding = nn.Parameter(torch.randn(tokens, w) * w**-0.5)
        self.ln_pre, self.ln_post = nn.LayerNorm(w), nn.LayerNorm(w)
        self.transformer = nn.Module()
        self.transformer.resblocks = nn.Sequential(*(ResidualAttentionBlock(w) for _ in range(s.vit_layers)))
        self.proj = nn.Parameter(torch.randn(w, s.embedding) * w**-0.5)

    def see(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[B, 3, R, R] -> the embedding [B, D], and the patches' features [B, w, R / patch, R / patch]."""
        x = self.conv1(x).flatten(2).transpose(1, 2)  # [B, patches, w]
        x = torch.cat([self.class_embedding.expand(len(x), 1, -1), x], dim=1) + self.positional_embedding
        x = self.transformer.resblocks(self.ln_pre(x))
        side = int((x.shape[1] - 1) ** 0.5)
        return self.ln_post(x[:, 0]) @ self.proj, x[:, 1:].transpose(1, 2).reshape(len(x), -1, side, side)

    def forward(self, x: Tensor) -> Tensor:
        return self.see(x)[0]


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions; a stride is an average pool before the last and before the short cut."""

    def __init__(self, inputs: int, planes: int, stride: int):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, planes, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False), nn.BatchNorm2d(planes)
        self.avgpool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.conv3, self.bn3 = nn.Conv2d(planes, planes * 4, 1, bias=False), nn.BatchNorm2d(planes * 4)
        self.downsample = None
        if stride > 1 or inputs != planes * 4:
            self.downsample = nn.Sequential()
            self.downsample.add_module("-1", nn.AvgPool2d(stride))
            self.downsample.add_module("0", nn.Conv2d(inputs, planes * 4, 1, bias=False))
            self.downsample.add_module("1", nn.BatchNorm2d(planes * 4))

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.avgpool(F.relu(self.bn2(self.conv2(y))))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class AttentionPool(nn.Module):
    """[B, C, H, W] -> [B, D]: attention whose only query is the mean of the grid's tokens."""

    def __init__(self, grid: int, channels: int, heads: int, outputs: int):
        super().__init__()
        self.heads = heads
        self.positional_embedding = nn.Parameter(torch.randn(grid * grid + 1, channels) * channels**-0.5)
        self.k_proj, self.q_proj = nn.Linear(channels, channels), nn.Linear(channels, channels)
        self.v_proj, self.c_proj = nn.Linear(channels, channels), nn.Linear(channels, outputs)

    @torch.no_grad()
    def look_around(self) -> None:
        """Starts every head at one cell of the grid, in turn, with next to no say for what the cells hold.

        From the usual random start the softmax was saturated within a thousand steps (logits apart by 70): each head took
        one cell by its content, learned no better, and several things in a picture were never all seen.
        """
        channels, cells = self.positional_embedding.shape[1], len(self.positional_embedding) - 1
        unit = lambda count, length: F.normalize(torch.randn(count, length), dim=-1)
        marks, looks = unit(cells, channels), unit(self.heads, channels // self.heads)
        for linear in (self.q_proj, self.k_proj):
            nn.init.normal_(linear.weight, std=0.03)
            nn.init.zeros_(linear.bias)
        self.positional_embedding[1:] += 3 * marks
        own = marks[torch.arange(self.heads) % cells]  # [heads, C]
        self.k_proj.weight += (3.2 * looks[:, :, None] * own[:, None, :]).flatten(0, 1)
        self.q_proj.bias += 4 * looks.flatten()

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(2).transpose(1, 2)  # [B, HW, C]
        x = torch.cat([x.mean(1, keepdim=True), x], dim=1) + self.positional_embedding
        b, t, c = x.shape
        split = lambda y: y.view(b, -1, self.heads, c // self.heads).transpose(1, 2)  # [B, heads, T, c / heads]
        y = F.scaled_dot_product_attention(split(self.q_proj(x[:, :1])), split(self.k_proj(x)), split(self.v_proj(x)))
        return self.c_proj(y.transpose(1, 2).reshape(b, c))


class ModifiedResNet(nn.Module):
    """[B, 3, R, R] -> [B, D]: CLIP's ResNet, with its stem of three convolutions and its attention pool."""

    def __init__(self, s: Sizes):
        super().__init__()
        w = s.resnet_width
        self.conv1, self.bn1 = nn.Conv2d(3, w // 2, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(w // 2)
        self.conv2, self.bn2 = nn.Conv2d(w // 2, w // 2, 3, padding=1, bias=False), nn.BatchNorm2d(w // 2)
        self.conv3, self.bn3 = nn.Conv2d(w // 2, w, 3, padding=1, bias=False), nn.BatchNorm2d(w)
        inputs = w
        for number, blocks in enumerate(s.resnet_blocks):
            planes = w * 2**number
            layer = [Bottleneck(inputs, planes, 1 if number == 0 else 2)]
            layer += [Bottleneck(planes * 4, planes, 1) for _ in range(blocks - 1)]
            inputs = planes * 4
            setattr(self, f"layer{number + 1}", nn.Sequential(*layer))
        self.attnpool = AttentionPool(s.resolution // 32, w * 32, w * 32 // 64, s.embedding)

    def see(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[B, 3, R, R] -> the embedding [B, D], and the last layer's features [B, 32 width, R / 32, R / 32]."""
        for conv, bn in ((self.conv1, self.bn1), (self.conv2, self.bn2), (self.conv3, self.bn3)):
            x = F.relu(bn(conv(x)))
        x = F.avg_pool2d(x, 2)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.attnpool(x), x

    def forward(self, x: Tensor) -> Tensor:
        return self.see(x)[0]


class MlpMapper(nn.Module):
    """[B, D] -> [B, P, E]."""

    def __init__(self, s: Sizes):
        super().__init__()
        self.shape = (s.prefix, s.width)
        outputs = s.prefix * s.width
        self.model = nn.Sequential(nn.Linear(s.embedding, outputs // 2), nn.Tanh(), nn.Linear(outputs // 2, outputs))

    def forward(self, embedding: Tensor) -> Tensor:
        return self.model(embedding).view(-1, *self.shape)


class Conv1D(nn.Module):
    """A linear layer whose weight is stored [in, out], as GPT-2 stores it."""

    def __init__(self, inputs: int, outputs: int, spread: float = 0.02):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(inputs, outputs) * spread)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight.t(), self.bias)


class Gpt2Block(nn.Module):
    def __init__(self, width: int, layers: int):
        super().__init__()
        small = 0.02 * (2 * layers) ** -0.5
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn, self.mlp = nn.Module(), nn.Module()
        self.attn.c_attn, self.attn.c_proj = Conv1D(width, 3 * width), Conv1D(width, width, small)
        self.mlp.c_fc, self.mlp.c_proj = Conv1D(width, 4 * width), Conv1D(4 * width, width, small)

    def forward(self, x: Tensor) -> Tensor:
        b, t, w = x.shape
        q, k, v = self.attn.c_attn(self.ln_1(x)).view(b, t, 3, w // 64, 64).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # [B, heads, T, 64]
        x = x + self.attn.c_proj(y.transpose(1, 2).reshape(b, t, w))
        return x + self.mlp.c_proj(F.gelu(self.mlp.c_fc(self.ln_2(x)), approximate="tanh"))


class Gpt2(nn.Module):
    """Input vectors [B, T, E] -> logits [B, T, V]; the output matrix is the input embedding."""

    def __init__(self, s: Sizes):
        super().__init__()
        self.transformer = nn.Module()
        self.transformer.wte = nn.Embedding(s.vocabulary, s.width)
        self.transformer.wpe = nn.Embedding(s.context, s.width)
        self.transformer.h = nn.ModuleList(Gpt2Block(s.width, s.layers) for _ in range(s.layers))
        self.transformer.ln_f = nn.LayerNorm(s.width)
        self.lm_head = nn.Linear(s.width, s.vocabulary, bias=False)
        nn.init.normal_(self.transformer.wte.weight, std=0.02)
        nn.init.normal_(self.transformer.wpe.weight, std=0.01)
        self.lm_head.weight = self.transformer.wte.weight

    def hidden(self, vectors: Tensor) -> Tensor:
        """[B, T, E] -> [B, T, E], after the last layer norm."""
        x = vectors + self.transformer.wpe.weight[: vectors.shape[1]]
        for block in self.transformer.h:
            x = block(x)
        return self.transformer.ln_f(x)

    def forward(self, vectors: Tensor) -> Tensor:
        return self.lm_head(self.hidden(vectors))


class Captioner(nn.Module):
    """The whole of it; the tensor names are visual.*, clip_project.*, gpt.*."""

    def __init__(self, s: Sizes):
        super().__init__()
        self.sizes = s
        self.visual = VisionTransformer(s) if s.kind == "vit" else ModifiedResNet(s)
        self.clip_project = MlpMapper(s)
        self.gpt = Gpt2(s)

    def forward(self, embedding: Tensor, tokens: Tensor) -> Tensor:
        """Embedding [B, D] and tokens [B, T] -> logits [B, T, V] that predict those tokens."""
        prefix = self.clip_project(embedding)
        vectors = torch.cat([prefix, self.gpt.transformer.wte(tokens[:, :-1])], dim=1)
        return self.gpt(vectors)[:, prefix.shape[1] - 1 :]

    @torch.no_grad()
    def greedy(self, embedding: Tensor, stop: int, max_tokens: int = 67) -> list[list[int]]:
        """Embedding [B, D] -> the likeliest token at each step, up to and with the stop token."""
        vectors = self.clip_project(embedding)
        rows: list[list[int]] = [[] for _ in embedding]
        for _ in range(max_tokens):
            best = self.gpt(vectors)[:, -1].argmax(-1)  # [B]
            for row, token in zip(rows, best.tolist()):
                if not row or row[-1] != stop:
                    row.append(token)
            if all(row[-1] == stop for row in rows):
                break
            vectors = torch.cat([vectors, self.gpt.transformer.wte(best)[:, None]], dim=1)
        return rows
