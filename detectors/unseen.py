"""A bounded sample of categories the baseline did not have, that comes out the same in any order and split.

Of all new texts those with the smallest hash are kept, up to 20. The hash depends on the text alone, so it is a
uniform sample of the *distinct* new texts, not of the rows and not the most frequent ones. A text that is in the
sample of a sum was, in every part that held it at all, among the smallest there too: its count is therefore exact.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import TypeAlias

SAMPLE_SIZE = 20
MAX_TEXT = 100

# New text, cut to 100 characters -> rows that held it.
UnseenSample: TypeAlias = Mapping[str, int]


def text_hash(text: str) -> int:
    """A 64-bit hash that is the same on every machine and in every process."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def cut_text(text: str) -> str:
    """What is kept of a new text."""
    return text[:MAX_TEXT]


def sample(counts: Iterable[tuple[str, int]], size: int = SAMPLE_SIZE) -> UnseenSample:
    """The sample of new texts given with their counts; a text may come several times and its counts add up."""
    totals: dict[str, int] = {}
    for text, count in counts:
        key = cut_text(text)
        totals[key] = totals.get(key, 0) + count
    kept = sorted((text_hash(text), text) for text in totals)[:size]
    return {text: totals[text] for _, text in kept}


def merge(*samples: UnseenSample, size: int = SAMPLE_SIZE) -> UnseenSample:
    """The sample of the rows of all samples together."""
    return sample((pair for part in samples for pair in part.items()), size)


def merge_fields(parts: Sequence[Mapping[int, UnseenSample]]) -> Mapping[int, UnseenSample]:
    """The samples of the rows of all parts together, each part giving samples by position of the field."""
    by_field: dict[int, list[UnseenSample]] = {}
    for fields in parts:
        for index, texts in fields.items():
            by_field.setdefault(index, []).append(texts)
    return {index: merge(*samples) for index, samples in sorted(by_field.items())}


def remove(whole: UnseenSample, part: UnseenSample) -> UnseenSample:
    """The sample of ``whole`` less the rows of ``part``.

    Texts that had fallen out of ``whole`` do not come back, so what is left may be a part of the true sample, and
    once more rows are added its counts are lower bounds.
    """
    left = ((text, count - part.get(text, 0)) for text, count in whole.items())
    return {text: count for text, count in left if count > 0}
