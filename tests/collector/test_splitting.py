"""Laws of the scanner that cuts JSON which cannot be decoded as a whole."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from collector.splitting import Splitter, lines, members

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
layouts = st.sampled_from([{}, {"indent": 1}, {"ensure_ascii": False}, {"separators": (",", ":")}])
# Pieces of JSON in any order: most of it broken, all of it close to what the scanner looks for.
tokens = st.sampled_from([*'[]{}",:\\u0 \n1e', "NaN", "true", '"a"', "\ud83d"])
json_like = st.lists(tokens, max_size=60).map("".join)


def pieces(body: bytes) -> list[bytes]:
    return [body[piece.start : piece.end] for piece in Splitter(body, 0)]


@given(st.lists(values), layouts)
def test_the_pieces_of_a_list_are_its_elements(elements: list[Any], layout: dict[str, Any]) -> None:
    body = json.dumps(elements, **layout).encode()
    splitter = Splitter(body, 0)
    found = list(splitter)
    assert [json.loads(body[piece.start : piece.end]) for piece in found] == elements
    assert all(piece.complete for piece in found)
    assert splitter.end == len(body)


@given(st.dictionaries(st.text(), values), layouts)
def test_the_members_of_an_object(entries: dict[str, Any], layout: dict[str, Any]) -> None:
    found = members(json.dumps(entries, **layout).encode(), 1000)
    assert found is not None
    assert {json.loads(member.key): json.loads(member.value) for member in found} == entries


@given(st.lists(values, max_size=4), st.lists(values, max_size=4), json_like)
def test_damage_costs_no_element_before_it(before: list[Any], after: list[Any], damage: str) -> None:
    texts = [json.dumps(value) for value in before]
    body = "[" + ",".join([*texts, damage, *map(json.dumps, after)]) + "]"
    assert pieces(body.encode("utf-8", "surrogatepass"))[: len(before)] == [text.encode() for text in texts]


@given(st.sampled_from(b"[{"), st.binary(max_size=200) | json_like.map(lambda text: text.encode("utf-8", "replace")))
def test_pieces_lie_in_the_text_in_order(opener: int, rest: bytes) -> None:
    body = bytes([opener]) + rest
    splitter = Splitter(body, 0)
    last = 0
    for piece in splitter:
        assert last <= piece.start <= piece.end <= len(body)
        last = piece.end
    assert splitter.end is None or last <= splitter.end <= len(body)


@given(st.lists(values))
def test_lines_are_those_that_are_not_blank(elements: list[Any]) -> None:
    body = "\n \r\n".join(map(json.dumps, elements)).encode()
    assert [json.loads(body[piece.start : piece.end]) for piece in lines(body)] == elements


def test_depth_does_not_matter() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    assert pieces(b"[1," + deep + b",2]") == [b"1", deep, b"2"]


def test_an_item_that_forgets_a_bracket_spares_its_neighbours() -> None:
    assert pieces(b'[{"a":[1},{"b":2},{"c":3]},4]') == [b'{"a":[1}', b'{"b":2}', b'{"c":3]}', b"4"]


def test_members_are_read_up_to_a_number() -> None:
    found = members(b'{"a":1,"b":2,"c":3,"d":4}', 2)
    assert found is not None
    assert len(found) == 3
