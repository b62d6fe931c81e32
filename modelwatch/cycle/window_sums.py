"""The sums of windows, made once: a window is judged itself, and looked at again beside each of those after it."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from detectors.encoding import total_encoded
from detectors.performance_encoding import total_encoded_performance
from detectors.performance_profile import PerformanceProfile, empty_performance
from detectors.profile import Profile, empty
from modelwatch.scheme import Scheme
from store.records import ProfileKey, StoredProfile

Hours = Sequence[StoredProfile]
_Sums = TypeVar("_Sums")


class WindowSums:
    """Sums of hours that were read together; kept as long as this is, so for the windows of one batch."""

    def __init__(self, scheme: Scheme) -> None:
        self._scheme = scheme
        self._fields: dict[tuple[ProfileKey, ...], Profile] = {}
        self._performance: dict[tuple[ProfileKey, ...], PerformanceProfile] = {}

    def fields(self, hours: Hours) -> Profile:
        """Of the fields; ValueError where an hour is damaged."""
        return _once(self._fields, hours, self._total)

    def performance(self, hours: Hours) -> PerformanceProfile:
        """Of predictions and labels; ValueError where an hour is damaged."""
        return _once(self._performance, hours, self._total_performance)

    def fields_if_sound(self, hours: Hours) -> Profile:
        """Of an earlier window; one that is damaged, which its own result says, counts as one without rows."""
        try:
            return self.fields(hours)
        except ValueError:
            return empty(self._scheme.binning)

    def performance_if_sound(self, hours: Hours) -> PerformanceProfile:
        """As ``fields_if_sound``."""
        try:
            return self.performance(hours)
        except ValueError:
            return empty_performance(self._scheme.layout)

    def _total(self, hours: Hours) -> Profile:
        return total_encoded(self._scheme.binning, [hour.fields for hour in hours])

    def _total_performance(self, hours: Hours) -> PerformanceProfile:
        return total_encoded_performance(self._scheme.layout, [hour.performance for hour in hours])


def _once(known: dict[tuple[ProfileKey, ...], _Sums], hours: Hours, made: Callable[[Hours], _Sums]) -> _Sums:
    key = tuple(hour.key for hour in hours)
    if key not in known:
        known[key] = made(hours)
    return known[key]
