"""Whatever bytes are sent, each item is stored or named, and nothing fails."""

import json
from contextlib import suppress
from datetime import timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.items import Layout, read_items
from collector.labels import LABELS, label_rows
from collector.predictions import PREDICTIONS, PredictionCheck, Versions
from collector.problems import Rejections, RequestError
from collector.settings import Limits
from store.records import LabelRow, PredictionRow
from tests.collector.running import JSON, LINES, NOW, Running, event, label
from tests.collector.test_splitting import json_like, values

pytestmark = pytest.mark.slow

LIMITS = Limits(rows=20, features=5, name_length=10, string_length=20)
CHECK = PredictionCheck(LIMITS)
KEYS = st.sampled_from([*event(), "tags", "label", "event_id"]) | st.text(max_size=3)

near_events = st.dictionaries(KEYS, values, max_size=6).map(lambda changes: event() | changes)
bodies = st.one_of(
    st.binary(max_size=300),
    json_like.map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(near_events | values, max_size=5).map(lambda items: json.dumps(items).encode()),
    st.lists(near_events, min_size=1, max_size=5).map(lambda items: "\n".join(map(json.dumps, items)).encode()),
)
damaged = st.tuples(bodies, st.integers(0, 300), json_like).map(
    lambda parts: parts[0][: parts[1]] + parts[2].encode("utf-8", "surrogatepass") + parts[0][parts[1] :]
)


@pytest.mark.parametrize("layout", ["json", "lines"])
@given(body=bodies | damaged)
@settings(max_examples=300)
def test_every_item_becomes_a_row_or_a_rejection(layout: Layout, body: bytes) -> None:
    for read in (_predictions, _labels):
        rejections = Rejections(1000)
        with suppress(RequestError):
            for row in read(body, layout, rejections):
                _check_row(row)
        for rejection in rejections.in_order():
            assert rejection.error
            msgspec.json.encode(rejection)


def _predictions(body: bytes, layout: Layout, rejections: Rejections) -> list[PredictionRow]:
    events = read_items(body, layout, PREDICTIONS, LIMITS, rejections)
    versions = Versions({each.version: 1 for each in events.items}, {})
    return CHECK.rows(events, 1, versions, NOW, rejections).items


def _labels(body: bytes, layout: Layout, rejections: Rejections) -> list[LabelRow]:
    found = read_items(body, layout, LABELS, LIMITS, rejections)
    return label_rows(found, 1, LIMITS, NOW, rejections).items


def _check_row(row: PredictionRow | LabelRow) -> None:
    texts = [row.prediction_id]
    parts = [row.label] if isinstance(row, LabelRow) else [row.prediction, row.score, row.features, row.tags]
    for part in filter(None, parts):
        # A second reader, stricter than JSON: no NaN, no text that cannot be written down.
        decoded = json.loads(part, parse_constant=pytest.fail)
        texts.append(json.dumps(decoded, ensure_ascii=False))
        assert "\n" not in part
    for text in texts:
        text.encode()
        assert "\0" not in text
    assert abs(row.ts - int(NOW.timestamp() * 1e6)) < timedelta(days=365 * 100) / timedelta(microseconds=1)


@given(body=bodies | damaged, headers=st.sampled_from([JSON, LINES]))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_is_a_server_error(collector: Running, body: bytes, headers: dict[str, str]) -> None:
    for post in (collector.post_predictions, collector.post_labels):
        answer = post(body, headers)
        assert answer.status_code in (200, 400, 422)
        if answer.status_code == 422:
            assert answer.json()["rejected"]


def test_a_collector_is_well_after_all_that(collector: Running) -> None:
    assert collector.post_predictions([event()]).json()["accepted"] == 1
    assert collector.post_labels([label()]).json()["accepted"] == 1
