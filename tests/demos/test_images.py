"""Pictures are known by their bytes, bounded, and kept for the editions that show them."""

from typing import Any

import pytest

from agileml.demos.actions.images import add_image, remove_image
from agileml.demos.actions.publish import publish
from agileml.demos.queries import shown as queries
from agileml.demos.rules.images import LARGEST, MOST_PIXELS, media_type_of, pixels_of
from agileml.lib.fields import Invalid
from agileml.projects.doors import Hidden
from tests.demos.pictures import PNG
from tests.demos.showing import Shown, check, item_of

SVG = b'<?xml version="1.0"?>\n<!-- a --><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0 more", "image/jpeg"),
        (b"GIF89a more", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (SVG, "image/svg+xml"),
        (b"\xef\xbb\xbf<svg>", "image/svg+xml"),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"<html><svg></svg></html>", None),
        (b"<svgx>", None),
        (b"%PDF-1.7", None),
        (b"MZ\x90", None),
        (b"", None),
        (b"<!-- " * 100_000, None),
        (b"<!-- -->" * 500, None),
        (b"<!-- -->\n" * 100 + b"<svg>", "image/svg+xml"),
    ],
)
def test_the_bytes_say_what_a_picture_is(content: bytes, media_type: str | None):
    assert media_type_of(content) == media_type


JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"


@pytest.mark.parametrize(
    ("content", "pixels"),
    [
        (PNG[:8] + b"\0\0\0\rIHDR\0\0\x75\x30\0\0\x4e\x20\1\0\0\0\0", 30_000 * 20_000),
        (JPEG + b"\xff\xc4\0\4\xff\xc0" + b"\xff\xff\xc2\0\x11\x08\x4e\x20\x75\x30\3", 30_000 * 20_000),
        (JPEG + b"\xff\xda\0\x0c", None),
        (JPEG[:5], None),
        (b"GIF89a\x30\x75\x20\x4e", 30_000 * 20_000),
        (b"GIF89a\xff\xff\xff\xff", None),
        (b"GIF89a\x2c\1\xc8\0", 300 * 200),
        (b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x2f\x75\0\x1f\x4e\0", 30_000 * 20_000),
        (b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x2b\xc1\x31\0", 300 * 200),
        (b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\1\x2a\x2c\1\xc8\0", 300 * 200),
        (SVG, 0),
        (PNG[:16] + b"\0\0\0\0" + PNG[20:], None),
    ],
)
def test_the_bytes_say_how_many_pixels_a_picture_has(content: bytes, pixels: int | None):
    assert pixels_of(content) == pixels


def test_a_small_file_of_a_vast_picture_is_refused(shown: Shown):
    shown.begun()
    add(shown, vast(rows=1))
    for refused in (vast(rows=2), vast(rows=0), b"GIF89a"):
        with pytest.raises(Invalid):
            add(shown, refused)


def vast(*, rows: int) -> bytes:
    """A picture that says that it is so many rows of as many pixels as one may have."""
    return PNG[:16] + MOST_PIXELS.to_bytes(4, "big") + rows.to_bytes(4, "big") + PNG[24:]


def add(shown: Shown, content: bytes = PNG, **sent: Any) -> Any:
    item = item_of(1)
    return add_image(demo=1, item=item.uid, content=content, **{"name": "a.png"} | sent, **shown.who)


def test_a_name_that_lies_about_the_type_changes_nothing(shown: Shown):
    shown.begun()
    assert add(shown, SVG, name="harmless.png").media_type == "image/svg+xml"
    for content in (b"<html><script>alert(1)</script>", PNG[4:], PNG + b"x" * LARGEST):
        with pytest.raises(Invalid):
            add(shown, content, name="picture.png")
    for name in ("", "a\0b", "\ud800", "x" * 121, 5):
        with pytest.raises(Invalid):
            add(shown, name=name)
    check(shown.project)


def test_an_item_has_eight_pictures_at_most(shown: Shown):
    shown.begun()
    for _ in range(8):
        add(shown)
    with pytest.raises(Invalid):
        add(shown)


def test_the_pictures_of_a_demo_have_a_size_together(shown: Shown, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("agileml.demos.actions.images.LARGEST_TOGETHER", 2 * len(PNG))
    shown.begun()
    one, _ = add(shown), add(shown)
    other = item_of(2)
    with pytest.raises(Invalid):
        add_image(demo=1, item=other.uid, name="a.png", content=PNG, **shown.who)
    remove_image(demo=1, item=item_of(1).uid, image=one.uid, **shown.who)
    add_image(demo=1, item=other.uid, name="a.png", content=PNG, **shown.who)
    check(shown.project)


def test_a_picture_that_was_taken_off_stays_in_the_edition_that_shows_it(shown: Shown):
    shown.begun()
    one, hidden = add(shown, alt="A leaning four"), add(shown)
    remove_image(demo=1, item=item_of(1).uid, image=hidden.uid, **shown.who)
    edition = publish(demo=1, **shown.who)
    remove_image(demo=1, item=item_of(1).uid, image=one.uid, **shown.who)
    with pytest.raises(Hidden):
        remove_image(demo=1, item=item_of(1).uid, image=one.uid, **shown.who)

    kept = queries.image(edition, str(one.uid))
    assert (bytes(kept.content), kept.alt) == (PNG, "A leaning four")
    later = publish(demo=1, **shown.who)
    for of, uid in ((edition, str(hidden.uid)), (later, str(one.uid)), (edition, "no uid")):
        with pytest.raises(Hidden):
            queries.image(of, uid)
    check(shown.project)
