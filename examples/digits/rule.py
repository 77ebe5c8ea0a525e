"""An expert rule that learns nothing: the digit whose hand-drawn template the ink follows most closely."""

import numpy as np
from features import Array
from numpy.typing import NDArray

TEMPLATES = """
...##... ...#.... ..###... ..###... .....#.. ..####.. ...##... .#####.. ..###... ..###...
..#..#.. ..##.... .#...#.. .#...#.. ....#... ..#..... ..#..... .....#.. .#...#.. .#...#..
.#....#. ...#.... .....#.. .....#.. ...#.... ..#..... .#...... .....#.. .#...#.. .#...#..
.#....#. ...#.... ....#... ...##... ..#..#.. ..###... .#.##... ....#... ..###... ..####..
.#....#. ...#.... ...#.... .....#.. .####### .....#.. .##..#.. ..####.. .#...#.. .....#..
.#....#. ...#.... ..#..... .....#.. .....#.. .....#.. .#...#.. ...#.... .#...#.. .....#..
..#..#.. ...#.... .#...... .#...#.. .....#.. .#...#.. ..#..#.. ..#..... .#...#.. ....#...
...##... ..###... .#####.. ..###... .....#.. ..###... ...##... ..#..... ..###... ..##....
"""


class TemplateRule:
    """Reads an image by its correlation with the ten templates."""

    def __init__(self) -> None:
        lines = [line.split() for line in TEMPLATES.strip().splitlines()]
        drawn = np.array([[[mark == "#" for mark in row] for row in digit] for digit in zip(*lines, strict=True)])
        self._templates = _standard(drawn.reshape(10, -1).astype(np.float64))

    def predict(self, images: Array) -> NDArray[np.int64]:
        """The digit read in each image."""
        return (_standard(images.reshape(len(images), -1)) @ self._templates.T).argmax(axis=1)


def _standard(rows: Array) -> Array:
    centred = rows - rows.mean(axis=1, keepdims=True)
    return centred / np.linalg.norm(centred, axis=1, keepdims=True)
