"""A demo with all that is hard to show: a story of pages, many drawings, tall pictures, a wide table, endless words."""

import struct
import zlib
from typing import Any

from agileml.demos.actions.answers import give_feedback
from agileml.demos.actions.begin import begin_demo
from agileml.demos.actions.edit import edit_demo, edit_item
from agileml.demos.actions.images import add_image
from agileml.demos.actions.publish import publish
from agileml.demos.models import Edition
from agileml.demos.rules.charts import frozen_differences
from agileml.lib.differences import Bounds
from tests.demos.showing import Shown, find, item_of

CHARTS = 4
ENDLESS = "unbroken" * 40
PARAGRAPH = (
    "We looked at five hundred digits, and {} of them lean; how far depends on who wrote them and with what pen. "
)
SHORT = "Two lines at most: {} digits were looked at twice, by two people who did not know of one another."
HEAD = "| run | " + " | ".join(f"measure{n}" for n in range(1, 14)) + " |\n" + "| --- " * 14 + "|\n"
ROW = "| number{} | " + " | ".join(f"{{}}.{n:03d}" for n in range(1, 14)) + " |\n"


def long_story() -> str:
    """Some three pages of it."""
    parts = ["Before the table there is this much to say."]
    parts += [PARAGRAPH.format(n) * 4 + "\n\n" + SHORT.format(n) for n in range(5)]
    parts += ["## What each run measured", HEAD + "".join(ROW.format(n, *[n] * 13) for n in range(30))]
    parts += ["> " + PARAGRAPH.format("a few") * 2, "```\n" + "\n".join(f"line {n} of it" for n in range(12)) + "\n```"]
    parts += [ENDLESS, "\n".join(f"- point {n}: {SHORT.format(n)}" for n in range(25))]
    return "\n\n".join(parts)


def png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """A picture of one colour with a frame of another."""
    frame, inside = bytes((20, 20, 20)), bytes(colour)
    edge, row = b"\0" + frame * width, b"\0" + frame * 4 + inside * (width - 8) + frame * 4
    rows = zlib.compress(edge * 4 + row * (height - 8) + edge * 4)

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", rows) + part(b"IEND", b"")


def publish_much(shown: Shown, story: str = "") -> Edition:
    """Publish it: item 1 has the pictures and the story, of pages unless it is given; item 2 has four charts."""
    begin_demo(sprint=1, **shown.who)
    edit_demo(demo=1, sent={"intro": PARAGRAPH.format("most") * 3}, expected_version=None, **shown.who)
    for name, size in (("tall.png", (500, 900)), ("wide.png", (900, 300)), ("tall too.png", (400, 800))):
        content = png(*size, (200, 120, 40))
        add_image(demo=1, item=item_of(1).uid, name=name, alt=f"What {name} shows", content=content, **shown.who)
    for number in range(1 if story else 3):
        find(shown, 1, f"Finding {number}. " + PARAGRAPH.format(number) * 2)
    edit_item(demo=1, item=item_of(1).uid, sent={"story": story or long_story()}, expected_version=None, **shown.who)
    publish(demo=1, **shown.who)
    edition = Edition.objects.select_related("demo").get()
    item = next(one for one in items(edition) if one["charts"])
    item["verdicts"] = [verdict(), verdict()]
    item["charts"] = item["charts"][:1] * (CHARTS - 2)
    Edition.objects.update(body=edition.body)
    for number, words in ((1, "Which pen?"), (2, "Go on. " * 30), (2, "Is it fair?")):
        sent = {"kind": "question", "text": words, "item": str(item_of(number).uid)}
        give_feedback(demo=1, sent=sent, **shown.who)
    return edition


def items(edition: Edition) -> list[dict[str, Any]]:
    return [item for section in edition.body["sections"] for item in section["items"]]


def verdict() -> dict[str, Any]:
    pairs = [(f"seed={seed}", value) for seed, value in enumerate((0.6, 0.9, 1.1, 0.8, 1.2))]
    drawn = frozen_differences(
        pairs, Bounds(0.9, 0.6, 1.2), margin=0.1, title="How much better in each pair", desc="Five pairs", unit="%"
    )
    names = ("Better by", "Between", "Pairs", "p", "What matters", "Noise")
    return {
        "sentence": "Better than the live model by 0.9 points over five repeats: safe to say.",
        "word": "Win",
        "tone": "good",
        "challenger": "svm-raw",
        "champion": "knn-3-raw",
        "model": "Digit reader",
        "metric": "error",
        "figures": [[name, "0.9 %", "what it means in a few words"] for name in names],
        "chart": drawn,
    }
