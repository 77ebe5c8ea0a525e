"""Which bytes are a picture, told by the bytes alone: a name or a header can say anything."""

import io
import re

import imagesize

LARGEST = 2 * 1024 * 1024
LARGEST_TOGETHER = 64 * 1024 * 1024  # of a demo: a file with all of them in it is made in memory
MOST = 8  # an item
MOST_PIXELS = 50_000_000  # a small file may say that it has thousands of millions, and whoever looks at it makes room
MEDIA_TYPES = PNG, JPEG, GIF, WEBP, SVG = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml")
# A comment that was read is not read in another way (`(?>`, `*+`): many of them would otherwise take for ever.
_SVG_BEGINS = re.compile(
    rb"\A(\xef\xbb\xbf)?\s*(<\?xml[^>]*\?>\s*)?(?>(<!--.*?-->|<!DOCTYPE[^>\[]*>)\s*)*+<svg[\s>]", re.DOTALL
)


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


def pixels_of(content: bytes) -> int | None:
    """How many pixels a PNG, JPEG, GIF or WebP has, as it says; 0 for an SVG, None where it says nothing sensible."""
    if media_type_of(content) == SVG:
        return 0
    width: int
    height: int
    width, height = imagesize.get(io.BytesIO(content), exif_rotation=False)
    return width * height if width > 0 and height > 0 else None
