import gzip
from collections.abc import Callable
from contextlib import suppress

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from collector.encodings import inflate
from collector.problems import OverLimitError, RequestError

COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstandard.compress}
encodings = pytest.mark.parametrize("encoding", COMPRESS)


@encodings
@given(parts=st.lists(st.binary(max_size=2_000), min_size=1, max_size=3), repeat=st.integers(1, 500))
def test_what_was_compressed_comes_back(encoding: str, parts: list[bytes], repeat: int) -> None:
    plain = [part * repeat for part in parts]
    body = b"".join(map(COMPRESS[encoding], plain))
    size = sum(map(len, plain))
    assert inflate(body, encoding, size) == b"".join(plain)
    if size:
        with pytest.raises(OverLimitError):
            inflate(body, encoding, size - 1)


@encodings
def test_a_bomb_is_not_inflated(encoding: str) -> None:
    bomb = COMPRESS[encoding](bytes(100_000_000))
    assert len(bomb) < 200_000
    with pytest.raises(OverLimitError) as refused:
        inflate(bomb, encoding, 1_000_000)
    assert refused.value.body() == {
        "error": "the body inflates to more than 1,000,000 bytes: send smaller batches",
        "limit": "inflated_bytes",
        "value": 1_000_000,
    }


def test_a_bomb_that_hides_its_size_is_not_inflated() -> None:
    compressor = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    bomb = compressor.compress(bytes(100_000_000)) + compressor.flush()
    with pytest.raises(RequestError):
        inflate(bomb, "zstd", 1_000_000)
    with pytest.raises(OverLimitError):
        inflate(bomb, "zstd", 10_000_000)


@encodings
def test_a_stream_that_breaks_off_is_refused_as_a_whole(encoding: str) -> None:
    body = COMPRESS[encoding](b"event" * 1000)
    with pytest.raises(RequestError, match="breaks off before its end"):
        inflate(body[:-2], encoding, 10_000)


@encodings
def test_many_streams_are_refused(encoding: str) -> None:
    with pytest.raises(RequestError, match="more than 100 streams"):
        inflate(COMPRESS[encoding](b"") * 101, encoding, 10_000)


@encodings
@given(st.binary(min_size=1, max_size=300))
def test_anything_else_is_refused_in_words(encoding: str, body: bytes) -> None:
    with suppress(RequestError):
        inflate(body, encoding, 1_000)
