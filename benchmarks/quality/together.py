"""Whether pairs of fields still go together, as modelwatch's drift monitors ask beside the drift of single fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from detectors.binning import Binning
from detectors.columns import Column
from detectors.comoments import CoMoments, comoments
from detectors.correlation import AboutFields, correlation_finding, moved_by_themselves, parted_fields
from detectors.findings import Confidence, Finding
from detectors.importance import IMPORTANT
from detectors.pair_changes import pair_changes
from detectors.pair_scatter import PairScatter, pair_scatter, with_wander
from detectors.profile_groups import encode_rows
from detectors.rank_codes import RankCodes, rank_codes

# Of a window's false alarms the part that pairs may have, as in the service.
PART = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """How pairs of fields go together at the baseline; ``important`` are the fields that matter and the output."""

    binning: Binning
    sums: CoMoments
    scatter: PairScatter
    important: frozenset[str]
    confidence: Confidence = "normal"

    @classmethod
    def learnt(
        cls,
        binning: Binning,
        columns: Mapping[str, Column],
        runs: NDArray[np.int64],
        importance: Mapping[str, float],
        output: str,
        confidence: Confidence = "normal",
    ) -> Self:
        """Of the baseline's rows; ``runs`` is the consecutive stretch of every row, -1 for none."""
        ranks = _ranks(binning, columns)
        (sums,) = comoments(ranks)
        stretches = comoments(ranks, runs, int(runs.max()) + 1)
        important = frozenset(name for name, share in importance.items() if share >= IMPORTANT) | {output}
        return cls(binning, sums, with_wander(pair_scatter(ranks), sums, stretches), important, confidence)

    def judged(
        self,
        columns: Mapping[str, Column],
        beside: Sequence[Finding],
        share: float,
        harmless: Sequence[Mapping[str, Column]] = (),
    ) -> tuple[Finding, tuple[str, ...]]:
        """The finding on a window with the findings on its fields ``beside``, and the fields that parted.

        ``harmless`` are earlier windows that labels showed to be so.
        """
        (now,) = comoments(_ranks(self.binning, columns))
        found = correlation_finding(
            self.scatter,
            self.sums,
            now,
            chance=PART * share,
            confidence=self.confidence,
            about=AboutFields(moved_by_themselves(beside), self.important),
            harmless=[comoments(_ranks(self.binning, each))[0] for each in harmless],
        )
        changes = pair_changes(self.scatter, self.sums, now) if now.n_rows else []
        return found, parted_fields([each for each in changes if each.fields & self.important])


def _ranks(binning: Binning, columns: Mapping[str, Column]) -> RankCodes:
    return rank_codes(encode_rows(binning, columns))
