"""Networks whose total of parameters somebody has published, and that total.

Each is written from its paper, by its layers alone: none runs. Each total is copied from its source.
"""

from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import nn

Conv = Callable[..., nn.Module]


class Published(NamedTuple):
    """A network and what is published of it."""

    name: str
    build: Callable[[], nn.Module]
    total: int
    source: str


class Plus(nn.Sequential):
    """Modules in a row, and parameters of the network's own."""

    def __init__(self, *modules: nn.Module, **sizes: tuple[int, ...]) -> None:
        super().__init__(*modules)
        for name, size in sizes.items():
            self.register_parameter(name, nn.Parameter(torch.empty(size)))


def alexnet() -> nn.Module:
    """Krizhevsky 2014, "One weird trick": one tower, as torchvision has it."""
    convs = ((3, 64, 11), (64, 192, 5), (192, 384, 3), (384, 256, 3), (256, 256, 3))
    features = (nn.Conv2d(*sizes) for sizes in convs)
    return nn.Sequential(*features, *_dense(256 * 6 * 6, 4096, 4096, 1000))


def vgg16() -> nn.Module:
    """Simonyan & Zisserman 2015, table 1, column D."""
    channels = (3, 64, 64, 128, 128, 256, 256, 256, *[512] * 6)
    features = (nn.Conv2d(i, o, 3, padding=1) for i, o in pairwise(channels))
    return nn.Sequential(*features, *_dense(512 * 7 * 7, 4096, 4096, 1000))


def _dense(*sizes: int) -> Iterable[nn.Module]:
    return (nn.Linear(i, o) for i, o in pairwise(sizes))


def _conv_bn(conv: Conv, i: int, o: int, kernel: int | tuple[int, ...], groups: int = 1) -> nn.Sequential:
    norm = nn.BatchNorm3d if conv is nn.Conv3d else nn.BatchNorm2d
    return nn.Sequential(conv(i, o, kernel, groups=groups, bias=False), norm(o))


def basic(conv: Conv, i: int, planes: int) -> tuple[list[nn.Module], int]:
    """Two convolutions of 3×3 (He et al. 2016, figure 5, left)."""
    return [_conv_bn(conv, i, planes, 3), _conv_bn(conv, planes, planes, 3)], planes


def bottleneck(
    conv: Conv, i: int, planes: int, *, groups: int = 1, width: int = 1
) -> tuple[list[nn.Module], int]:
    """1×1, 3×3, 1×1 (figure 5, right); in groups it is ResNeXt's (Xie et al. 2017)."""
    middle, out = planes * width, planes * 4
    narrow, wide = _conv_bn(conv, i, middle, 1), _conv_bn(conv, middle, out, 1)
    return [narrow, _conv_bn(conv, middle, middle, 3, groups), wide], out


def resnet(
    block: Callable[[Conv, int, int], tuple[list[nn.Module], int]],
    depths: tuple[int, ...],
    *,
    conv: Conv = nn.Conv2d,
    stem: int | tuple[int, ...] = 7,
    classes: int = 1000,
) -> nn.Module:
    """He et al. 2016, table 1: a projection where the number of channels or the stride changes."""
    layers: list[nn.Module] = [_conv_bn(conv, 3, 64, stem)]
    channels = 64
    for stage, depth in enumerate(depths):
        for index in range(depth):
            body, out = block(conv, channels, 64 * 2**stage)
            if index == 0 and (stage or out != channels):
                body.append(_conv_bn(conv, channels, out, 1))
            layers.append(nn.Sequential(*body))
            channels = out
    return nn.Sequential(*layers, nn.Linear(channels, classes))


def densenet121(growth: int = 32) -> nn.Module:
    """Huang et al. 2017, table 1."""
    layers: list[nn.Module] = [_conv_bn(nn.Conv2d, 3, 64, 7)]
    channels = 64
    for depth in (6, 12, 24, 16):
        if len(layers) > 1:  # a transition halves the channels
            layers += [nn.BatchNorm2d(channels), nn.Conv2d(channels, channels // 2, 1, bias=False)]
            channels //= 2
        for _ in range(depth):
            narrow = _conv_bn(nn.Conv2d, channels, 4 * growth, 1)
            new = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)
            layers.append(nn.Sequential(nn.BatchNorm2d(channels), narrow, new))
            channels += growth
    return nn.Sequential(*layers, nn.BatchNorm2d(channels), nn.Linear(channels, 1000))


def mobilenet_v2() -> nn.Module:
    """Sandler et al. 2018, table 2: expansion t, channels c, repeated n times."""
    bn = partial(_conv_bn, nn.Conv2d)
    layers: list[nn.Module] = [bn(3, 32, 3)]
    channels = 32
    table = ((1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1))
    for t, c, n in table:
        for _ in range(n):
            wide = channels * t
            widen = [bn(channels, wide, 1)] if t > 1 else []
            layers.append(nn.Sequential(*widen, bn(wide, wide, 3, groups=wide), bn(wide, c, 1)))
            channels = c
    return nn.Sequential(*layers, bn(channels, 1280, 1), nn.Linear(1280, 1000))


def convnext_tiny() -> nn.Module:
    """Liu et al. 2022, table 9; each block scales its channels by a parameter of its own."""
    widths = (96, 192, 384, 768)
    layers: list[nn.Module] = [nn.Conv2d(3, 96, 4, 4), nn.LayerNorm(96)]
    for stage, (width, depth) in enumerate(zip(widths, (3, 3, 9, 3), strict=True)):
        if stage:
            layers += [nn.LayerNorm(width // 2), nn.Conv2d(width // 2, width, 2, 2)]
        for _ in range(depth):
            depthwise = nn.Conv2d(width, width, 7, padding=3, groups=width)
            dense = _dense(width, 4 * width, width)
            layers.append(Plus(depthwise, nn.LayerNorm(width), *dense, layer_scale=(width, 1, 1)))
    return nn.Sequential(*layers, nn.LayerNorm(768), nn.Linear(768, 1000))


def dcgan_generator() -> nn.Module:
    """Radford et al. 2016, figure 1, at the 64 filters of PyTorch's DCGAN tutorial."""
    layers: list[nn.Module] = []
    for i, o in pairwise((100, 512, 256, 128, 64)):
        layers += [nn.ConvTranspose2d(i, o, 4, bias=False), nn.BatchNorm2d(o)]
    return nn.Sequential(*layers, nn.ConvTranspose2d(64, 3, 4, bias=False))


def vit_b_16() -> nn.Module:
    """Dosovitskiy et al. 2021, table 1: 14 × 14 patches and one class token."""
    blocks = (nn.TransformerEncoderLayer(768, 12, 3072) for _ in range(12))
    patches = nn.Conv2d(3, 768, 16, 16)
    tokens = {"class_token": (1, 1, 768), "pos_embedding": (1, 14 * 14 + 1, 768)}
    return Plus(patches, *blocks, nn.LayerNorm(768), nn.Linear(768, 1000), **tokens)


def bert_base() -> nn.Module:
    """Devlin et al. 2019, section 3: uncased, with its pooler and without its heads."""
    embeddings = (nn.Embedding(entries, 768) for entries in (30522, 512, 2))
    blocks = (nn.TransformerEncoderLayer(768, 12, 3072) for _ in range(12))
    return nn.Sequential(*embeddings, nn.LayerNorm(768), *blocks, nn.Linear(768, 768))


def gpt2_small() -> nn.Module:
    """Radford et al. 2019, table 2: the head's weight is the token embedding's."""
    block = ((768, 3 * 768), (768, 768), (768, 3072), (3072, 768))
    blocks = (
        nn.Sequential(nn.LayerNorm(768), nn.LayerNorm(768), *(nn.Linear(*sizes) for sizes in block))
        for _ in range(12)
    )
    wte, wpe, lm_head = nn.Embedding(50257, 768), nn.Embedding(1024, 768), nn.Linear(768, 50257, bias=False)
    lm_head.weight = wte.weight
    return nn.Sequential(wte, wpe, *blocks, nn.LayerNorm(768), lm_head)


def shakespeare_gru() -> nn.Module:
    """Keras's GRU (reset_after) has two bias vectors, as torch's has."""
    return nn.Sequential(nn.Embedding(66, 256), nn.GRU(256, 1024), nn.Linear(1024, 66))


def cudnn_lstm() -> nn.Module:
    """CuDNNLSTM has two bias vectors, as torch's has; Keras's LSTM has one: 1,442,400 + 192,000 there."""
    return nn.Sequential(nn.Embedding(640, 300), nn.LSTM(300, 300, bidirectional=True))


_VISION = "num_params in torchvision's documentation of its weights"
resnext = partial(bottleneck, groups=32, width=2)

#: what the tests of counts run over
PUBLISHED = (
    Published("AlexNet", alexnet, 61_100_840, _VISION),
    Published("VGG-16", vgg16, 138_357_544, _VISION),
    Published("ResNet-18", partial(resnet, basic, (2, 2, 2, 2)), 11_689_512, _VISION),
    Published("ResNet-50", partial(resnet, bottleneck, (3, 4, 6, 3)), 25_557_032, _VISION),
    Published("ResNeXt-50 32x4d", partial(resnet, resnext, (3, 4, 6, 3)), 25_028_904, _VISION),
    Published(
        "R3D-18",
        partial(resnet, basic, (2, 2, 2, 2), conv=nn.Conv3d, stem=(3, 7, 7), classes=400),
        33_371_472,
        _VISION,
    ),
    Published("DenseNet-121", densenet121, 7_978_856, _VISION),
    Published("MobileNetV2", mobilenet_v2, 3_504_872, _VISION),
    Published("ConvNeXt-Tiny", convnext_tiny, 28_589_128, _VISION),
    Published("ViT-B/16", vit_b_16, 86_567_656, _VISION),
    Published("BERT-base", bert_base, 109_482_240, "num_parameters() of BertModel, bert-base-uncased"),
    Published("GPT-2 small", gpt2_small, 124_439_808, "num_parameters() of GPT2LMHeadModel, gpt2"),
    Published("DCGAN", dcgan_generator, 3_576_704, "torchsummary of the generator in PyTorch's tutorial"),
    Published("GRU", shakespeare_gru, 4_022_850, "TensorFlow's tutorial: Text generation with an RNN"),
    Published("LSTM", cudnn_lstm, 192_000 + 1_444_800, "https://stackoverflow.com/questions/60353094"),
)
