"""Colours of the charts for a light and a dark page: one blue hue for how far, tan for what could not be judged."""

from dataclasses import dataclass
from typing import Literal

# Bands of a heat map cell, from harmless to bad, then what could not be judged. Each has a mark of its own in its
# name, so that the legend reads without colour.
CALM = "under half the limit"
NEAR = "near the limit"
BEYOND = "▲ beyond the limit"
FAR = "● far beyond (critical)"
FEW = "… not judged (too few rows)"
NODATA = "○ no data"
FAILED = "✖ check failed"
BANDS = (CALM, NEAR, BEYOND, FAR, FEW, NODATA, FAILED)
UNJUDGED = (FEW, NODATA, FAILED)


@dataclass(frozen=True, slots=True)
class Palette:
    """``bands`` are colours in the order of BANDS; ``ink`` is for marks and text, ``quiet`` for rules."""

    bands: tuple[str, str, str, str, str, str, str]
    line: str
    limit: str
    bad: str
    waiting: str
    ink: str
    quiet: str
    paper: str

    def of(self, band: str) -> str:
        """The colour of a band."""
        return self.bands[BANDS.index(band)]


_LIGHT = Palette(
    bands=("#e3eefb", "#a9cdf3", "#3b82d6", "#0b3a82", "#efe6d2", "#dcc9a0", "#b99a5b"),
    line="#1f6fc4",
    limit="#b3541e",
    bad="#c2410c",
    waiting="#efe6d2",
    ink="#1f2933",
    quiet="#6b7280",
    paper="#ffffff",
)
_DARK = Palette(
    bands=("#16263c", "#24476f", "#3f8ae0", "#b9dcff", "#3a3325", "#5a4d33", "#8a7446"),
    line="#6db1ff",
    limit="#f0a36b",
    bad="#ff9257",
    waiting="#3a3325",
    ink="#f3f4f6",
    quiet="#9ca3af",
    paper="#0e1117",
)


def palette(theme: Literal["light", "dark"] | str | None) -> Palette:
    """The colours for a page of this theme; light where it is not known."""
    return _DARK if theme == "dark" else _LIGHT
