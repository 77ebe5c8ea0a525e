"""A project's settings, which leads change on a page or by the API, with a trace of what was."""

from typing import Any

import pytest

from agileml.journal.models import Audit, Change
from agileml.projects.models import Project
from agileml.projects.settings import BadSettings, checked
from tests.api.client import Api
from tests.factories import Cast
from tests.web.browsing import browser_of

PATH = "/p/TST/settings/"
FORM: dict[str, Any] = {
    "version": "1", "name": "Digits", "time_zone": "Europe/Madrid", "working_days": ["0", "1", "2", "3"],
    "holidays": "2026-12-25\n2026-12-08", "sprint_days": "7", "estimate_mode": "timebox", "replanners": "leads",
    "limit_in_progress": "3", "limit_in_review": "", "wip_per_person": "2", "wip_hard": "hard",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", " "), ("name", "a\0b"), ("time_zone", "Mars/Olympus"), ("time_zone", None), ("working_days", []),
        ("working_days", [7]), ("working_days", [True]), ("holidays", ["25 December"]), ("holidays", [20261225]),
        ("sprint_days", 0), ("sprint_days", "14"), ("estimate_mode", "hours"), ("replanners", "anyone"),
        ("wip_limits", {"done": 3}), ("wip_limits", {"in_progress": 0}), ("wip_per_person", -1), ("wip_hard", "no"),
        ("key", "NEW"),
    ],
)  # fmt: skip
def test_what_a_project_cannot_be_is_refused_by_its_name(name: str, value: Any):
    with pytest.raises(BadSettings) as bad:
        checked({name: value})
    assert [error.name for error in bad.value.errors] == [name]


def test_days_are_put_in_order_and_an_empty_limit_is_none():
    sent = {"working_days": [4, 0, 4], "holidays": ["2026-12-25", "2026-12-08"], "wip_limits": {"in_progress": None}}
    assert checked(sent) == {
        "working_days": [0, 4], "holidays": ["2026-12-08", "2026-12-25"], "wip_limits": {},
    }  # fmt: skip


def test_a_lead_saves_them_all_and_what_was_is_kept(cast: Cast):
    answer = browser_of(cast.lead).post(PATH, FORM)
    assert (answer.status_code, answer["Location"]) == (302, PATH)
    row = Project.objects.get()
    assert (row.name, row.time_zone, row.working_days, row.sprint_days) == ("Digits", "Europe/Madrid", [0, 1, 2, 3], 7)
    assert (row.estimate_mode, row.replanners, row.holidays) == ("timebox", "leads", ["2026-12-08", "2026-12-25"])
    assert (row.wip_limits, row.wip_per_person, row.wip_hard, row.version) == ({"in_progress": 3}, 2, True, 2)
    change = Change.objects.filter(kind="project", action="updated").latest("revision")
    assert change.diff["wip_per_person"] == [None, 2]
    assert Audit.objects.get(action="settings changed").detail["settings"]["name"] == ["Test project", "Digits"]
    html = browser_of(cast.lead).get(PATH).content.decode()
    assert 'name="limit_in_progress" inputmode="numeric" value="3"' in html


def test_what_is_wrong_is_said_and_what_was_written_is_kept(cast: Cast):
    answer = browser_of(cast.lead).post(PATH, FORM | {"time_zone": "Mars/Olympus", "limit_in_review": "few"})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert 'value="Mars/Olympus"' in html
    assert 'value="few"' in html
    assert "There is no such time zone" in html
    assert "A whole number from 1 to 99." in html
    assert Project.objects.get().name == "Test project"


def test_of_two_leads_the_second_is_told_and_keeps_what_she_wrote(cast: Cast):
    browser_of(cast.lead).post(PATH, FORM)
    answer = browser_of(cast.lead).post(PATH, FORM | {"name": "Cheques"})
    assert answer.status_code == 409
    html = answer.content.decode()
    assert 'value="Cheques"' in html
    assert 'name="version" value="2"' in html
    assert 'name="keep_name" value="theirs"' in html
    assert html.count('value="theirs"') == 1
    assert Project.objects.get().name == "Digits"


def was(**shown: str) -> dict[str, str]:
    return {f"was_{name}": text for name, text in shown.items()}


def test_two_leads_change_different_settings_and_both_hold(cast: Cast):
    first = FORM | {"wip_hard": "soft"}
    browser_of(cast.lead).post(PATH, FORM)
    shown = was(name="Test project", sprint_days="14", wip_per_person="2", wip_limits='{"in_progress": "3"}')
    second = FORM | {"name": "Test project", "sprint_days": "14", "wip_per_person": "4"} | shown
    assert browser_of(cast.lead).post(PATH, second | {"version": "2"}).status_code == 302
    row = Project.objects.get()
    assert (row.name, row.sprint_days, row.wip_per_person, row.version) == ("Digits", 7, 4, 3)
    assert browser_of(cast.lead).post(PATH, first | {"version": "3"}).status_code == 302
    assert Project.objects.get().wip_hard is False


def test_a_conflict_of_settings_is_told_in_words_and_either_can_be_kept(cast: Cast):
    lead = browser_of(cast.lead)
    lead.post(PATH, FORM)
    other = FORM | {"working_days": ["0", "6"], "limit_in_progress": "5", "estimate_mode": "points", "wip_hard": "soft"}
    other |= was(working_days="0 1 2 3 4", wip_limits="{}", estimate_mode="none", wip_hard="hard")
    html = lead.post(PATH, other).content.decode()
    for text in ("Monday, Tuesday, Wednesday, Thursday", "Monday, Sunday", "In progress 3", "In progress 5", "Points"):
        assert f'<span class="text">{text}</span>' in html
    again = other | {"version": "2"} | was(working_days="0 1 2 3", wip_limits='{"in_progress": "3"}')
    again |= {"keep_working_days": "theirs", "keep_wip_limits": "mine", "keep_estimate_mode": "theirs"}
    assert lead.post(PATH, again).status_code == 302
    row = Project.objects.get()
    assert (row.working_days, row.wip_limits, row.estimate_mode) == ([0, 1, 2, 3], {"in_progress": 5}, "timebox")


def test_a_form_that_was_tampered_with_breaks_nothing(cast: Cast):
    odd = FORM | {"was_wip_limits": "{", "limit_in_review": "[" * 999}
    assert browser_of(cast.lead).post(PATH, odd).status_code == 422
    for version in ("", "x" * 99, "²", "-1", "0"):
        sent = FORM | {"was_wip_limits": "{", "version": version}
        assert browser_of(cast.lead).post(PATH, sent).status_code == 409


def test_only_leads_see_them(cast: Cast):
    assert browser_of(cast.member).get(PATH).status_code == 403
    assert browser_of(cast.member).post(PATH, FORM).status_code == 403
    assert browser_of(cast.outsider).get(PATH).status_code == 404


def test_the_api_changes_them_by_version_and_refuses_alike(cast: Cast):
    api = Api(cast.lead)
    assert api.patch("", {"wip_hard": True}, version=1)["version"] == 2
    assert api.patch("", {"wip_hard": True}, version=2)["version"] == 2
    stale = api.patch("", {"wip_hard": False}, version=1, status=412)
    assert (stale["code"], stale["current"]["wip_hard"]) == ("stale", True)
    bad = api.patch("", {"key": "NEW", "sprint_days": 0}, version=2, status=422)
    assert [error["pointer"] for error in bad["errors"]] == ["/key", "/sprint_days"]
    assert Api(cast.member).patch("", {"wip_hard": False}, version=2, status=403)["code"] == "forbidden"
