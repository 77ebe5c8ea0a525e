"""Which bytes are a picture, told by the bytes alone: a name or a header can say anything."""

import re

LARGEST = 2 * 1024 * 1024
LARGEST_TOGETHER = 64 * 1024 * 1024  # of a demo: a file with all of them in it is made in memory
MOST = 8  # an item
MOST_PIXELS = 50_000_000  # a small file may say that it has thousands of millions, and whoever looks at it makes room
MEDIA_TYPES = PNG, JPEG, GIF, WEBP, SVG = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml")
# A comment that was read is not read in another way (`(?>`, `*+`): many of them would otherwise take for ever.
_SVG_BEGINS = re.compile(
    rb"\A(\xef\xbb\xbf)?\s*(<\?xml[^>]*\?>\s*)?(?>(<!--.*?-->|<!DOCTYPE[^>\[]*>)\s*)*+<svg[\s>]", re.DOTALL
)
# The segments of a JPEG that say how large it is.
_FRAMES = {bytes([code]) for code in range(0xC0, 0xD0) if code not in {0xC4, 0xC8, 0xCC}}


def media_type_of(content: bytes) -> str | None:
    """The media type of a PNG, JPEG, GIF, WebP or SVG; None for anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    if content.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return WEBP
    return SVG if _SVG_BEGINS.match(content[:4096]) else None


def pixels_of(content: bytes) -> int:
    """How many pixels a PNG, JPEG, GIF or WebP says that it has; 0 where it says nothing, as an SVG does."""

    def number(at: int, length: int = 2, *, big: bool = False) -> int:
        return int.from_bytes(content[at : at + length], "big" if big else "little")

    match media_type_of(content), content[12:16]:
        case "image/png", _:
            return number(16, 4, big=True) * number(20, 4, big=True)
        case "image/gif", _:
            return number(6) * number(8)
        case "image/webp", b"VP8X":
            return (number(24, 3) + 1) * (number(27, 3) + 1)
        case "image/webp", b"VP8L":
            both = number(21, 4)
            return ((both & 0x3FFF) + 1) * ((both >> 14 & 0x3FFF) + 1)
        case "image/webp", _:
            return (number(26) & 0x3FFF) * (number(28) & 0x3FFF)
        case "image/jpeg", _:
            at = 2
            while at < len(content):
                code = content[at + 1 : at + 2]
                if code in _FRAMES:
                    return number(at + 5, big=True) * number(at + 7, big=True)
                at += 1 if code == b"\xff" else 2 + number(at + 2, big=True)
    return 0
