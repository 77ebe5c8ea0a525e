"""The seven kinds of work: each has a name, a look, a question and a rule, all in one file."""

import pytest

from agileml.work.types import KINDS, DoneFacts, TicketType, lacks

ENOUGH = {
    "literature_review": [DoneFacts(findings=1)],
    "data_exploration": [DoneFacts(findings=1)],
    "algorithm_development": [DoneFacts(snapshots=1), DoneFacts(findings=1)],
    "result_analysis": [DoneFacts(findings=1, citing_findings=1), DoneFacts(verdicts=1)],
    "review": [DoneFacts(others_opinions=1)],
    "deployment": [DoneFacts(links=1), DoneFacts(promotions=1)],
    "engineering": [DoneFacts()],
}


def test_every_type_is_told_whole():
    assert set(KINDS) == set(TicketType.values) == set(ENOUGH)
    for kind in KINDS.values():
        assert kind.css
        assert kind.asks.endswith("?")
        assert kind.benefit
    assert len({kind.css for kind in KINDS.values()}) == 7


@pytest.mark.parametrize("kind", TicketType.values)
def test_what_is_enough_for_a_type_is_enough_alone(kind: str):
    for facts in ENOUGH[kind]:
        assert lacks(kind, facts) == []


@pytest.mark.parametrize("kind", sorted(set(TicketType.values) - {"engineering"}))
def test_what_has_nothing_to_show_is_not_done(kind: str):
    assert [lack.message.endswith((".", "?")) for lack in lacks(kind, DoneFacts())] == [True]


def test_a_finding_without_a_citation_is_no_analysis():
    assert [lack.code for lack in lacks("result_analysis", DoneFacts(findings=3, snapshots=9))] == ["citation"]
