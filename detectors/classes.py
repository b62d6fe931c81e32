"""The classes of a classifier, and what class a predicted or labelled text stands for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NO_CLASS = -1


@dataclass(frozen=True, slots=True)
class Classes:
    """The declared classes in their order, as canonical texts, and for a binary model the positive one.

    A class's code is its position; ``other`` is the code of any text that is no declared class, and -1 (``NO_CLASS``)
    stands for none at all.
    """

    labels: tuple[str, ...]
    positive: str | None = None

    def __post_init__(self) -> None:
        if len(self.labels) < 2 or len(set(self.labels)) != len(self.labels):
            raise ValueError(f"classes {list(self.labels)}: name at least two, each once")
        if self.positive is not None and self.positive not in self.labels:
            raise ValueError(f"the positive class {self.positive!r} is not among the classes {list(self.labels)}")

    @property
    def other(self) -> int:
        return len(self.labels)

    @property
    def positive_code(self) -> int:
        """Code of the positive class; ValueError where none is declared."""
        if self.positive is None:
            raise ValueError(f"none of the classes {list(self.labels)} is declared to be the positive one")
        return self.labels.index(self.positive)


def class_codes(texts: Sequence[str | None], classes: Classes) -> NDArray[np.int64]:
    """The code of each text; None is -1.

    Systems differ in how they write a yes: "true" and "false" also stand for declared classes "1" and "0", and "1"
    and "0" for declared classes "true" and "false".
    """
    codes: dict[str | None, int] = {None: NO_CLASS}
    for one, two in (("true", "1"), ("false", "0"), ("1", "true"), ("0", "false")):
        if two in classes.labels:
            codes[one] = classes.labels.index(two)
    codes.update({label: code for code, label in enumerate(classes.labels)})
    other = classes.other
    return np.fromiter((codes.get(text, other) for text in texts), dtype=np.int64, count=len(texts))
