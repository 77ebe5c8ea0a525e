"""Feature sets of 8 by 8 images with ink from 0 to 16, computed with numpy alone."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SIDE = 8
FULL_INK = 16.0
DIRECTIONS = 8
# Cells of 4 by 4 pixels that overlap by half: 3 by 3 of them.
CELL, STRIDE = 4, 2


def raw(images: Array) -> Array:
    """The 64 pixels, from 0 (paper) to 1 (ink)."""
    return images.reshape(len(images), -1) / FULL_INK


def zoning(images: Array) -> Array:
    """Mean ink of the 16 zones of 2 by 2 pixels, of the 8 columns and of the 8 rows."""
    zones = images.reshape(len(images), SIDE // 2, 2, SIDE // 2, 2).mean(axis=(2, 4)).reshape(len(images), -1)
    return np.hstack([zones, images.mean(axis=1), images.mean(axis=2)]) / FULL_INK


def edges(images: Array) -> Array:
    """How much of an image's edge runs in each of 8 directions; sums to 1."""
    strength, direction = _gradients(images)
    histogram = _by_direction(strength, direction)
    return histogram / np.maximum(histogram.sum(axis=1, keepdims=True), 1e-9)


def hog(images: Array) -> Array:
    """Edge strength by direction in each of 9 overlapping cells, each cell scaled to about unit length."""
    strength, direction = _gradients(images)
    cells = []
    for top in range(0, SIDE - CELL + 1, STRIDE):
        for left in range(0, SIDE - CELL + 1, STRIDE):
            here = np.s_[:, top : top + CELL, left : left + CELL]
            histogram = _by_direction(strength[here], direction[here])
            # The added 1 keeps an almost empty cell from being blown up to the weight of a full one.
            cells.append(histogram / np.sqrt((histogram**2).sum(axis=1, keepdims=True) + 1))
    return np.hstack(cells)


def deskew(images: Array) -> Array:
    """The 64 pixels after a shear that makes the digit's ink upright, as its second moments measure it."""
    count = len(images)
    row, column = np.mgrid[0:SIDE, 0:SIDE]
    weight = images / images.sum(axis=(1, 2), keepdims=True)
    mid_row = (weight * row).sum(axis=(1, 2))[:, None, None]
    mid_column = (weight * column).sum(axis=(1, 2))[:, None, None]
    spread = (weight * (row - mid_row) ** 2).sum(axis=(1, 2))
    slant = (weight * (row - mid_row) * (column - mid_column)).sum(axis=(1, 2)) / spread
    source = column + slant[:, None, None] * (row - mid_row)
    left = np.floor(source).astype(int)
    share = source - left
    sheared = (1 - share) * _ink_at(images, row, left) + share * _ink_at(images, row, left + 1)
    return sheared.reshape(count, -1) / FULL_INK


BY_NAME: dict[str, Callable[[Array], Array]] = {
    "raw": raw,
    "deskew": deskew,
    "hog": hog,
    "edges": edges,
    "zoning": zoning,
}


def compute(names: tuple[str, ...], images: Array) -> Array:
    """The named feature sets of ``images`` side by side, one row an image."""
    return np.hstack([BY_NAME[name](images) for name in names])


def _gradients(images: Array) -> tuple[Array, NDArray[np.int64]]:
    """Edge strength at each pixel, and which of the 8 directions it runs in."""
    framed = np.pad(images, ((0, 0), (1, 1), (1, 1)), mode="edge")
    down = framed[:, 2:, 1:-1] - framed[:, :-2, 1:-1]
    right = framed[:, 1:-1, 2:] - framed[:, 1:-1, :-2]
    turn = (np.arctan2(down, right) % (2 * np.pi)) / (2 * np.pi)
    return np.hypot(right, down), np.floor(turn * DIRECTIONS).astype(np.int64) % DIRECTIONS


def _by_direction(strength: Array, direction: NDArray[np.int64]) -> Array:
    return np.stack([(strength * (direction == d)).sum(axis=(1, 2)) for d in range(DIRECTIONS)], axis=1)


def _ink_at(images: Array, row: NDArray[np.int64], column: NDArray[np.int64]) -> Array:
    """Ink at each (row, column) of each image; paper outside the image."""
    inside = (column >= 0) & (column < SIDE)
    rows = np.broadcast_to(row, column.shape)
    which = np.arange(len(images))[:, None, None]
    return np.where(inside, images[which, rows, column.clip(0, SIDE - 1)], 0.0)
