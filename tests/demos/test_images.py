"""Pictures are known by their bytes, bounded, and kept for the editions that show them."""

from typing import Any

import pytest

from agileml.demos.actions.images import add_image, remove_image
from agileml.demos.actions.publish import publish
from agileml.demos.queries import shown as queries
from agileml.demos.rules.images import LARGEST, media_type_of
from agileml.lib.fields import Invalid
from agileml.projects.doors import Hidden
from tests.demos.showing import Shown, check, item_of

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
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
