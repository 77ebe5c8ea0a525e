"""JSON answers, Prometheus and metric files by address, over real HTTP."""

from typing import Any

import pytest

from agileml.ingest.connectors.base import Connector, Since, SourceBadData
from agileml.ingest.connectors.http_json import HttpJson
from agileml.ingest.connectors.metric_url import MetricUrl
from agileml.ingest.rules import expressions
from agileml.lib.http import Limits, Web
from agileml.metrics.rules.points import Point
from tests.ingest.serving import Reply, Served, as_json, sample

WEB = Web(Limits(connect=0.5, read=1, total=2))
JSON, FILE = HttpJson(WEB), MetricUrl(WEB)


def value(served: Served, answer: Any, expression: str) -> Point:
    served.answers["/v"] = answer if isinstance(answer, Reply) else as_json(answer)
    config = {"url": f"{served.url}/v", "expression": expression, "metric": "f1", "ticket": "TST-1", "candidate": "svm"}
    (found,) = JSON.fetch(config, "TST", Since()).found
    assert found.ticket == "TST-1"
    (point,) = found.body.points
    return point


def test_they_are_connectors():
    assert isinstance(JSON, Connector)
    assert isinstance(FILE, Connector)


@pytest.mark.parametrize(
    ("answer", "read"),
    [(0.5, (0.5, "ok")), ("0.5", (0.5, "ok")), (3, (3.0, "ok")), ("NaN", (None, "nan")), ("+Inf", (None, "pos_inf")),
     (Reply(b'{"a": {"b": 1e400}}'), (None, "pos_inf")), (Reply(b'{"a": {"b": NaN}}'), (None, "nan"))],
)  # fmt: skip
def test_a_number_or_its_text_is_a_value(served: Served, answer: Any, read: tuple[float | None, str]):
    point = value(served, answer if isinstance(answer, Reply) else {"a": {"b": answer}}, "a.b")
    assert ((point.value, point.value_state), point.candidate) == (read, "svm")


@pytest.mark.parametrize("answer", [None, True, [1], {"b": 1}, "text", "1_000"])
def test_what_is_no_number_is_refused(served: Served, answer: Any):
    with pytest.raises(SourceBadData, match="number"):
        value(served, {"a": answer}, "a")


def test_a_text_error_is_refused_without_its_words(served: Served):
    with pytest.raises(SourceBadData) as refused:
        value(served, Reply(b"<p>their words", kind="text/html"), "a")
    assert "their" not in str(refused.value)


@pytest.mark.parametrize("expression", ["[@,@][]|" * 40 + "@", "to_string(@)", "a[", "x" * 501, "(" * 400])
def test_an_expression_that_might_not_end_is_refused(expression: str):
    with pytest.raises(expressions.Unfit):
        expressions.evaluate(expression, {"a": 1})


def test_an_expression_that_takes_too_many_steps_is_given_up():
    with pytest.raises(expressions.Unfit, match="too long"):
        expressions.evaluate("a[*].[b][].[b]", {"a": [{"b": {"b": 1}}] * 200_000})


def test_prometheus_is_asked_for_one_series_and_its_text_cast(served: Served):
    path = "/api/v1/query"
    config = {"url": served.url, "preset": "prometheus", "expression": "model_f1", "metric": "f1"}
    served.answers[path] = sample("prometheus_instant_query.json")
    assert "2 series" in JSON.check(config).message
    series = {"metric": {}, "value": [1435781451.781, "0.871"]}
    served.answers[path] = as_json({"status": "success", "data": {"resultType": "vector", "result": [series]}})
    (found,) = JSON.fetch(config, 'value:model_f1{model="champion"}', Since()).found
    (point,) = found.body.points
    assert (found.ticket, point.value, point.observed_at.year) == ("", 0.871, 2015)
    assert served.asked[-1].params["query"] == 'model_f1{model="champion"}'


def test_a_metric_file_is_read_by_its_address_and_only_when_it_changed(served: Served):
    served.answers["/svm-seed=3.json"] = lambda asked: (
        Reply(b"", 304)
        if asked.headers.get("if-none-match") == '"1"'
        else Reply(b'{"val": {"f1": 0.88}}', headers={"etag": '"1"', "last-modified": "Tue, 24 Nov 2026 10:00:00 GMT"})
    )
    url = f"{served.url}/svm-seed=3.json"
    config = {"url": url, "ticket": "TST-2"}
    look = FILE.fetch(config, "TST", Since())
    (point,) = look.found[0].body.points
    assert (point.external_id, point.metric, point.candidate, point.pair_key) == (url, "val.f1", "svm", "seed=3")
    assert point.observed_at.hour == 10
    assert FILE.fetch(config, "TST", Since(look.cursor)).found == ()
    assert FILE.fetch(config, "TST", Since(look.cursor, {url: ""})).found != ()
    assert FILE.parse_ref(config, f"{served.url}/other.json") == f"{served.url}/other.json"
    assert FILE.parse_ref(config, "http://other.example/other.json") is None


@pytest.mark.parametrize("reply", [Reply(b"<p>", kind="text/html"), Reply(b"{half"), Reply(b"[1]"), Reply(b"\xff")])
def test_what_is_no_metric_file_is_refused(served: Served, reply: Reply):
    served.answers["/m.json"] = reply
    assert not FILE.check({"url": f"{served.url}/m.json"}).good
