"""Pages as a printer gets them: what stands on each, read from the PDF itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2
from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

POINTS = 72 / 25.4  # in a millimetre
SIZES = {"A4": (210.0, 297.0), "Letter": (215.9, 279.4)}


@dataclass(frozen=True)
class Box:
    """Where something stands on its page, in points from the lower left corner."""

    left: float
    bottom: float
    right: float
    top: float


@dataclass(frozen=True)
class Sheet:
    """A page: its words without what is between them, and where each piece of text and each picture stands."""

    words: str
    lines: tuple[Box, ...]
    pictures: tuple[Box, ...]


def squeezed(text: str) -> str:
    """Letters and digits alone: line ends, spaces and hyphens are nobody's words."""
    return re.sub(r"[\W_]", "", text)


def sheets(pdf: bytes) -> list[Sheet]:
    """The pages of a PDF."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [_sheet(document[number]) for number in range(len(document))]
    finally:
        document.close()


def _sheet(page: pypdfium2.PdfPage) -> Sheet:
    text = page.get_textpage()
    lines = tuple(Box(*text.get_rect(number)) for number in range(text.count_rects()))
    return Sheet(squeezed(text.get_text_range()), lines, tuple(_pictures(page)))


def _pictures(page: pypdfium2.PdfPage) -> Iterator[Box]:
    for found in page.get_objects(filter=[FPDF_PAGEOBJ_IMAGE]):
        yield Box(*found.get_bounds())
