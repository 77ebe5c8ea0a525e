"""Sources as people set them up."""

from typing import Any

import pytest

from agileml.ingest.actions import make_source, pause, refresh, resume
from agileml.ingest.models import Source
from agileml.ingest.queries import due_sources
from agileml.journal.models import Change
from agileml.lib.fields import Invalid
from agileml.projects.doors import Forbidden, Hidden
from tests.factories import NOW, Cast, make_cast
from tests.ingest.watched import Watched

pytestmark = pytest.mark.django_db


def make(cast: Cast, **change: Any) -> Source:
    known: dict[str, Any] = {"kind": "metric_file", "name": "Files", "config": {}, "actor": cast.lead}
    return make_source(project=cast.project, now=NOW, **(known | change))


def test_a_new_source_is_due_at_once_and_in_the_feed(cast: Cast):
    source = make(cast)
    assert due_sources(now=NOW) == [source.pk]
    change = Change.objects.latest("revision")
    assert (change.kind, change.action, change.object_uid, change.revision) == (
        "source", "created", source.uid, source.revision,
    )  # fmt: skip
    assert change.resource is not None
    assert (change.resource["state"], change.resource["last_poll"]) == ("active", None)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"kind": "nothing"}, "/kind"), ({"name": "  "}, "/name"), ({"name": "x" * 121}, "/name"),
        ({"config": {"root": 7}}, "/config/root"), ({"config": {"path": "x"}}, "/config"),
        ({"config": {"root": "a\0"}}, "/config/root"), ({"every_seconds": 0}, "/every_seconds"),
    ],
)  # fmt: skip
def test_a_source_that_makes_no_sense_is_refused_and_where(cast: Cast, change: dict[str, Any], pointer: str):
    with pytest.raises(Invalid) as refused:
        make(cast, **change)
    assert refused.value.errors[0].pointer == pointer


def test_only_leads_set_up_pause_and_resume(watched: Watched):
    cast = watched.cast
    for actor, refusal in ((cast.member, Forbidden), (cast.stakeholder, Forbidden), (cast.outsider, Hidden)):
        with pytest.raises(refusal):
            make(cast, actor=actor)
        for act in (pause, resume):
            with pytest.raises(refusal):
                act(project=cast.project, source=watched.source.uid, actor=actor, now=NOW)


def test_a_paused_source_is_not_due_until_it_is_resumed(watched: Watched):
    common: dict[str, Any] = {
        "project": watched.cast.project, "source": watched.source.uid, "actor": watched.cast.lead, "now": NOW,
    }  # fmt: skip
    assert pause(**common).trouble == "Paused by Lead Person."
    assert pause(**common).state == "paused"
    assert due_sources(now=NOW) == []
    source = resume(**common)
    assert (source.state, source.trouble, source.version) == ("active", "", 3)
    assert due_sources(now=NOW) == [source.pk]
    assert Change.objects.filter(kind="source", action="updated").count() == 2


def test_a_source_of_another_project_does_not_exist(watched: Watched):
    other = make_cast("OTH")
    with pytest.raises(Hidden):
        pause(project=other.project, source=watched.source.uid, actor=other.lead, now=NOW)


def test_refreshing_makes_the_active_sources_due_and_is_no_change(watched: Watched):
    Source.objects.update(every_seconds=3600)
    watched.look()
    paused = make(watched.cast, name="Other")
    pause(project=watched.cast.project, source=paused.uid, actor=watched.cast.lead, now=NOW)
    assert due_sources(now=NOW) == []
    changes = Change.objects.count()
    assert refresh(project=watched.cast.project, actor=watched.cast.member, now=NOW) == [watched.source.pk]
    assert due_sources(now=NOW) == [watched.source.pk]
    assert Change.objects.count() == changes
    with pytest.raises(Forbidden):
        refresh(project=watched.cast.project, actor=watched.cast.stakeholder, now=NOW)


def test_sources_are_visible_to_those_who_take_part(watched: Watched):
    assert list(Source.objects.visible_to(watched.cast.stakeholder)) == [watched.source]
    assert list(Source.objects.visible_to(watched.cast.outsider)) == []
