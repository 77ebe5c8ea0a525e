"""A whole company opens one link in the same minute, and says what it thinks: all see it, and nothing is lost."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from django.utils import timezone

from agileml.demos.actions.sharing import share
from agileml.demos.models import Edition, Feedback, ShareLink
from agileml.journal.models import Change
from tests.demos.showing import make_shown
from tests.factories import Cast
from tests.web_server import SECONDS, WebServer

CROWDS = [60, pytest.param(500, marks=pytest.mark.soak)]


@pytest.mark.parametrize("many", CROWDS)
def test_all_guests_see_the_demo_and_all_that_they_say_is_kept(cast: Cast, site: WebServer, many: int):
    shown = make_shown(cast)
    shown.published()
    _, token = share(project=cast.project, demo=1, sent={}, actor=cast.lead, now=timezone.now())
    address = f"{site.url}/d/{token}/"
    first = httpx.get(address)
    # Whoever had the page made anew from here on would not find a demo in it: what they see comes from the cache.
    Edition.objects.update(body={"title": "emptied", "sections": [], "goals": []})

    with ThreadPoolExecutor(1) as apart:  # this thread may have Playwright's loop
        seen, said = apart.submit(asyncio.run, crowd(address, many)).result()

    assert Counter(answer.status_code for answer in (*seen, *said)) == {200: many, 303: 2 * many}
    assert {answer.content for answer in seen} == {first.content}
    kept = Counter(Feedback.objects.values_list("guest_name", "text"))
    assert kept == {(f"Guest {number}", f"Why {number}?"): 1 for number in range(many)}
    revisions = list(Change.objects.filter(kind="feedback").values_list("revision", flat=True))
    assert len(set(revisions)) == many, "each is a change of its own in the feed"
    assert ShareLink.objects.get().views <= many + 1


async def crowd(address: str, many: int) -> tuple[list[Any], list[Any]]:
    """What each guest is answered for her look, and for her question, which an impatient finger sends twice."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(limits=limits, timeout=SECONDS, verify=False) as client:

        async def guest(number: int) -> tuple[Any, Any, Any]:
            look = await client.get(address)
            form = {"do": "say", "kind": "question", "name": f"Guest {number}", "text": f"Why {number}?"}
            sent = form | {"key": f"key-{number}"}
            return look, *await asyncio.gather(client.post(address, data=sent), client.post(address, data=sent))

        answers = await asyncio.gather(*(guest(number) for number in range(many)))
    return [one[0] for one in answers], [again for one in answers for again in one[1:]]
