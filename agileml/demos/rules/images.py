"""Which bytes are a picture, told by the bytes alone: a name or a header can say anything."""

import re

LARGEST = 2 * 1024 * 1024
MOST = 8  # an item
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
