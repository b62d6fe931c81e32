"""Profiles as they are stored, decoded, and results, to be compared between models that saw the same rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pytest
from sqlalchemy import Connection, select

from detectors.encoding import decode_profile
from detectors.performance_encoding import decode_performance
from detectors.performance_profile import PerformanceProfile
from detectors.profile import Profile
from modelwatch.scheme import Scheme
from store.baselines import get_binning
from store.records import Result
from store.schema import model_version, profile, profile_companion
from tests.detectors.profiles_equal import assert_same
from tests.modelwatch.cycle.world import World, comparable

Key = tuple[datetime, str, str]


class Sums(NamedTuple):
    n_rows: int
    n_labelled: int
    fields: Profile
    performance: PerformanceProfile
    companions: Mapping[str, bytes]


def stored_sums(world: World) -> dict[Key, Sums]:
    """What is stored for each hour, segment and version (by name)."""
    with world.engine.connect() as conn:
        scheme = Scheme.from_bytes(get_binning(conn, world.baseline.binning_id).payload)
        query = (
            select(profile, model_version.c.name.label("version"))
            .join(model_version, model_version.c.id == profile.c.version_id)
            .where(profile.c.binning_id == world.baseline.binning_id)
        )
        beside = stored_companions(conn, world.baseline.binning_id)
        return {
            (row.start, row.segment, row.version): Sums(
                row.n_rows,
                row.n_labelled,
                decode_profile(scheme.binning, row.fields),
                decode_performance(scheme.layout, row.performance),
                beside.get((row.start, row.segment, row.version_id), {}),
            )
            for row in conn.execute(query)
        }


def stored_companions(conn: Connection, binning_id: int) -> dict[tuple[datetime, str, int], dict[str, bytes]]:
    """The payloads beside each hour, by part."""
    found: dict[tuple[datetime, str, int], dict[str, bytes]] = {}
    for row in conn.execute(select(profile_companion).where(profile_companion.c.binning_id == binning_id)):
        found.setdefault((row.start, row.segment, row.version_id), {})[row.part] = row.payload
    return found


def assert_same_sums(a: Mapping[Key, Sums], b: Mapping[Key, Sums]) -> None:
    """Counts and what is counted beside them are equal exactly, sums within rounding."""
    assert a.keys() == b.keys()
    for key, mine in a.items():
        other = b[key]
        assert (mine.n_rows, mine.n_labelled) == (other.n_rows, other.n_labelled), key
        assert_same(mine.fields, other.fields)
        assert np.array_equal(mine.performance.counts, other.performance.counts), key
        assert np.allclose(mine.performance.sums, other.performance.sums, rtol=1e-9, atol=1e-9), key
        # Whole numbers, hashes and names add up exactly.
        assert mine.companions == other.companions, key


def assert_same_results(a: Sequence[Result], b: Sequence[Result]) -> None:
    """Equal but for the rounding of sums that were added in another order."""
    for mine, other in zip(comparable(a), comparable(b), strict=True):
        for name in Result.__slots__:
            one, two = getattr(mine, name), getattr(other, name)
            same = pytest.approx(two, rel=1e-9, abs=1e-12) if isinstance(two, float) else two
            assert one == same, (name, mine, other)
