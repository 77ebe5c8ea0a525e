"""Pictures of a demo's items over the API: sent as a form, bounded, described, read safely, and kept for editions."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from agileml.api import forms
from agileml.demos.actions.publish import publish
from agileml.demos.models import DemoImage
from agileml.demos.rules.images import LARGEST, MOST
from agileml.journal.models import Change
from tests.api import described
from tests.api.client import Api, codes
from tests.demos.pictures import HOSTILE_SVG, PNG
from tests.demos.showing import Shown, item_of, make_shown
from tests.factories import Cast

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


@pytest.fixture
def shown(cast: Cast) -> Shown:
    shown = make_shown(cast)
    shown.begun()
    return shown


@pytest.fixture
def api(shown: Shown) -> Api:
    return Api(shown.cast.member)


def images(ticket: int = 1) -> str:
    return f"demos/1/items/{item_of(ticket).uid}/images/"


def file(content: bytes = PNG, name: str = "errors.png") -> SimpleUploadedFile:
    # What the sender says of the type is not believed.
    return SimpleUploadedFile(name, content, content_type="text/html")


def send(api: Api, *, more: Any = None, key: str = "", **parts: Any) -> Any:
    """Send a form as any client would."""
    body = encode_multipart(BOUNDARY, parts or {"picture": file(), "alt": "A point"}) if more is None else more
    headers = api.headers | ({"Idempotency-Key": key} if key else {})
    path = f"{api.base}{images()}"
    answer = api.client.generic("POST", path, body, content_type=MULTIPART_CONTENT, headers=headers)
    described.check("POST", path, None, answer)
    return answer


def test_a_picture_is_what_its_bytes_say_and_stands_with_its_item(api: Api):
    answer = send(api, picture=file(HOSTILE_SVG, "/etc/passwd/harmless.png"), alt=" A rectangle ")
    made = answer.json()
    assert made == {
        "uid": made["uid"], "name": "harmless.png", "alt": "A rectangle", "media_type": "image/svg+xml",
        "size": len(HOSTILE_SVG),
    }  # fmt: skip
    assert api.walk("demos/1/items/")[0]["images"] == [made]
    assert answer["Location"] == f"{api.base}{images()}{made['uid']}/"
    assert send(api, picture=file(name="x" * 300 + ".png")).json()["name"].endswith("x.png")
    assert send(api, picture=file()).json()["alt"] == ""


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"picture": file(b"<html><script>alert(1)</script>")}, [("/picture", "invalid")]),
        ({"picture": file(b"")}, [("/picture", "invalid")]),
        ({"picture": "errors.png"}, [("/picture", "required")]),
        ({"file": file()}, [("/file", "unknown_field"), ("/picture", "required")]),
        ({"picture": file(), "caption": "A point"}, [("/caption", "unknown_field")]),
        ({"picture": [file(), file()]}, [("/picture", "twice")]),
        ({"picture": ["errors.png", file()]}, [("/picture", "twice")]),
        ({"picture": file(), "alt": ["A", "B"]}, [("/alt", "twice")]),
        ({"picture": file(), "alt": file()}, [("/alt", "invalid")]),
        ({"picture": file(), "alt": "x" * 301}, [("/alt", "too_long")]),
        ({"picture": file(), "alt": "a\0b"}, [("/alt", "invalid")]),
    ],
)
def test_a_form_that_is_not_right_is_told_where(api: Api, parts: dict[str, Any], told: list[tuple[str, str]]):
    for part in parts.values():
        for one in part if isinstance(part, list) else [part]:
            if isinstance(one, SimpleUploadedFile):
                one.seek(0)
    answer = send(api, **parts)
    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == told
    assert DemoImage.objects.count() == 0


def test_more_than_two_megabytes_are_too_large_and_much_more_is_not_even_read(
    api: Api, monkeypatch: pytest.MonkeyPatch
):
    assert send(api, picture=file(PNG + b"\0" * (LARGEST - len(PNG)))).status_code == 201
    answer = send(api, picture=file(PNG + b"\0" * (LARGEST - len(PNG) + 1)))
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (413, "too_large", "At most 2 MB.")

    def read(*anything: Any) -> None:
        pytest.fail("It was read.")

    monkeypatch.setattr("rest_framework.parsers.MultiPartParser.parse", read)
    assert send(api, picture=file(b"x" * (LARGEST + forms.BESIDE))).status_code == 413
    assert DemoImage.objects.count() == 1


def test_what_is_no_form_is_told_so(api: Api):
    assert send(api, more=b"no parts").status_code == 422
    assert send(api, more=b"").status_code == 422
    path = f"{api.base}{images()}"
    for kind, status in (
        ("application/json", 415), ("image/png", 415), ("multipart/form-data", 400), ("text/plain", 415),
    ):  # fmt: skip
        answer = api.client.generic("POST", path, PNG, content_type=kind, headers=api.headers)
        described.check("POST", path, None, answer)
        assert answer.status_code == status, kind


def test_a_ninth_picture_is_one_too_many(api: Api):
    for _ in range(MOST):
        send(api)
    answer = send(api)
    assert (answer.status_code, codes(answer.json())) == (422, ["too_many"])


def test_a_form_sent_again_under_its_key_is_one_picture_and_another_file_is_refused(api: Api):
    first = send(api, key=KEY)
    again = send(api, key=KEY)
    assert (again.content, again["Idempotency-Replayed"], again["Location"]) == (
        first.content, "true", first["Location"],
    )  # fmt: skip
    for parts in (
        {"picture": file(HOSTILE_SVG), "alt": "A point"},
        {"picture": file(name="other.png"), "alt": "A point"},
        {"picture": file(), "alt": "Another"},
    ):
        assert codes_of(send(api, key=KEY, **parts)) == "idempotency_key_reused"
    assert DemoImage.objects.count() == 1
    assert bytes(DemoImage.objects.get().content) == PNG, "what was read for the key is there for the picture, too"


def codes_of(answer: Any) -> str:
    return str(answer.json()["code"])


def test_a_browsers_session_sends_one_with_its_csrf_token_alone(shown: Shown):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(shown.cast.member)
    browser.cookies["csrftoken"] = token = "a" * 32
    path = f"/api/v1/projects/TST/{images()}"
    refused = browser.post(path, {"picture": file()})
    assert (refused.status_code, codes_of(refused)) == (403, "csrf")
    headers = {"X-CSRFToken": token, "Idempotency-Key": KEY}
    assert browser.post(path, {"picture": file()}, headers=headers).status_code == 201
    large = file(PNG + b"\0" * LARGEST)
    assert browser.post(path, {"picture": large}, headers=headers | {"Idempotency-Key": "2"}).status_code == 413
    assert bytes(DemoImage.objects.get().content) == PNG


def test_what_is_on_a_picture_can_be_said_later_and_an_edition_says_what_it_said(shown: Shown, api: Api):
    made = send(api).json()
    edition = publish(demo=1, **shown.who)
    path = f"{images()}{made['uid']}/"
    assert api("PATCH", path, {"alt": "Far away"}).json() == made | {"alt": "Far away"}
    told = Change.objects.order_by("-revision")[0]
    assert (told.kind, told.diff) == ("demo_item", {"images": [[made], [made | {"alt": "Far away"}]]})
    head = Change.objects.count()
    assert api("PATCH", path, {"alt": "Far away"}).status_code == 200
    assert Change.objects.count() == head, "what is so already is no change"
    for sent in ({}, {"alt": None}, {"alt": "x" * 301}, {"name": "b.png"}):
        assert api("PATCH", path, sent).status_code == 422
    assert api("PATCH", f"{images(2)}{made['uid']}/", {"alt": "Elsewhere"}).status_code == 404
    edition.refresh_from_db()
    assert "Far away" not in str(edition.body)


def test_the_bytes_come_as_they_were_sent_and_can_do_nothing(api: Api):
    made = send(api, picture=file(HOSTILE_SVG)).json()
    answer = api("GET", f"{images()}{made['uid']}/")
    assert answer.content == HOSTILE_SVG
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("image/svg+xml", "nosniff")
    assert answer["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert answer["X-Project-Revision"]


def test_who_does_not_work_on_it_sees_what_an_edition_shows_and_goes_on_to(shown: Shown, api: Api):
    one, hidden = send(api).json()["uid"], send(api).json()["uid"]
    stakeholder, outsider = Api(shown.cast.stakeholder), Api(shown.cast.outsider)
    here = images()

    def seen(by: Api) -> list[int]:
        return [by("GET", f"{here}{uid}/").status_code for uid in (one, hidden)]

    assert (seen(api), seen(stakeholder)) == ([200, 200], [404, 404]), "a draft is for those who write it"
    assert api("DELETE", f"{here}{hidden}/").status_code == 204
    publish(demo=1, **shown.who)
    assert (seen(api), seen(stakeholder), seen(outsider)) == ([200, 404], [200, 404], [404, 404])
    assert api("DELETE", f"{here}{one}/").status_code == 204
    assert api("DELETE", f"{here}{one}/").status_code == 404
    publish(demo=1, **shown.who)
    assert (seen(api), seen(stakeholder)) == ([200, 404], [200, 404]), "the first edition can be read still"
    assert stakeholder("GET", f"{images(2)}{one}/").status_code == 404
    assert api.walk("demos/1/items/")[0]["images"] == []
