"""Shapes that many tests run over, with their fans counted by hand."""

import math

Shape = tuple[int, ...]

#: (fan_in, fan_out) of each shape (out, in, *kernel), counted by hand
FANS: dict[Shape, tuple[int, int]] = {
    (256, 512): (512, 256),
    (17, 300): (300, 17),
    (128, 64): (64, 128),
    (3, 5): (5, 3),
    (1, 7): (7, 1),
    (7, 1): (1, 7),
    (1, 1): (1, 1),
    (33, 64, 5): (320, 165),
    (12, 5, 4): (20, 48),
    (64, 32, 3, 3): (288, 576),
    (32, 64, 1, 1): (64, 32),
    (6, 4, 3, 2, 5): (120, 180),
}
SHAPES = tuple(FANS)


def fans_of(shape: Shape) -> tuple[int, int]:
    kernel = math.prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel
