from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import words
from tests.dashboard.story import HOSTILE

UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 5, 31, 9, 0, tzinfo=UTC)


@given(st.text(max_size=80))
def test_escaping_leaves_no_mark_that_markdown_reads(text: str) -> None:
    safe = words.plain(text)
    bare = iter(safe)
    for character in bare:
        if character == "\\":
            next(bare)
            continue
        assert character.isalnum() or character.isspace() or ord(character) > 127, (character, safe)


@given(st.text(max_size=80))
def test_escaping_changes_nothing_that_is_seen(text: str) -> None:
    characters = iter(words.plain(text))
    shown = [next(characters) if character == "\\" else character for character in characters]
    assert "".join(shown).replace("\u2060", "") == words.one_line(text).replace("\u2060", "")


@pytest.mark.parametrize(
    "name",
    [
        ":smile:",
        ":+1:",
        ":material/home:",
        ":red[x]",
        "<->",
        "<-",
        "->",
        ">=",
        "--",
        "http://x.example",
        "www.x.example",
    ],
)
def test_what_streamlit_replaces_after_parsing_is_broken_up(name: str) -> None:
    assert name not in words.plain(name).replace("\\", "")


@pytest.mark.parametrize("name", ["loan-amount", "a.b[0]", "<b>", "x=1"])
def test_ordinary_names_can_be_copied_as_they_are(name: str) -> None:
    assert "\u2060" not in words.plain(name)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_shortened_name_is_one_line_of_bounded_length(name: str) -> None:
    short = words.shorten(name + "\n\u202eabc", 40)
    assert len(short) <= 40
    assert not set(short) & {"\n", "\u202e"}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (4 * 60 + 59, "4 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h ago"),
        (47 * 3600, "47 h ago"),
        (48 * 3600, "2 days ago"),
        (400 * 86400, "400 days ago"),
        (-30, "just now"),
        (-7200, "in 2 h (clocks differ)"),
    ],
)
def test_age_in_words(seconds: int, said: str) -> None:
    assert words.age(NOW - timedelta(seconds=seconds), NOW) == said


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (["a", "b", "c", "d"], "a, b and 2 more"),
    ],
)
def test_lists(names: list[str], said: str) -> None:
    assert words.listed(names) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (0.0, "0"),
        (0.1, "0.1"),
        (0.31456, "0.315"),
        (1.0, "1"),
        (12.34, "12.3"),
        (1234.5, "1,234"),
        (0.00001, "1.0e-05"),
        (-0.25, "-0.25"),
    ],
)
def test_figures(value: float | None, said: str) -> None:
    assert words.figure(value) == said


def test_a_window_of_local_days_is_named_by_its_days() -> None:
    start = datetime(2026, 5, 29, 22, tzinfo=UTC)  # midnight in Berlin
    assert words.window(start, start + timedelta(days=1), BERLIN, 2026) == "30 May"
    assert words.window(start - timedelta(days=6), start + timedelta(days=1), BERLIN, 2026) == "24 to 30 May"
    assert words.window(start, start + timedelta(days=3), BERLIN, 2026) == "30 May to 1 Jun"
    assert words.window(start, start + timedelta(days=1), BERLIN, 2027) == "30 May 2026"


def test_a_local_day_of_23_hours_is_still_one_day() -> None:
    start = datetime(2026, 3, 28, 23, tzinfo=UTC)
    end = datetime(2026, 3, 29, 22, tzinfo=UTC)
    assert words.window(start, end, BERLIN, 2026) == "29 Mar"


def test_a_window_of_hours_is_named_by_its_hours() -> None:
    start = datetime(2026, 5, 30, 14, tzinfo=UTC)
    assert words.window(start, start + timedelta(hours=1), UTC_ZONE, 2026) == "30 May 14:00 to 15:00"
    assert words.window(start, start + timedelta(hours=12), UTC_ZONE, 2026) == "30 May 14:00 to 31 May 02:00"


def test_wall_clock_is_what_a_clock_in_the_zone_shows() -> None:
    instant = datetime(2026, 5, 30, 22, tzinfo=UTC)
    assert words.wall_clock_millis(instant, BERLIN) == datetime(2026, 5, 31, tzinfo=UTC).timestamp() * 1000


def test_an_unknown_zone_is_utc() -> None:
    assert words.zone("Mars/Olympus").key == "UTC"
