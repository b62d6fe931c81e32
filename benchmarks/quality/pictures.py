"""Pictures of the report as SVG that needs nothing else: severity against false alarms, and power by size."""

import html
import math
from collections.abc import Sequence

from benchmarks.quality.report import Summary, in_order_of

COLOURS = ("#0b6e4f", "#9a3b26", "#c77d0a", "#7a4fa3", "#3c6fb5", "#6b6b6b", "#a0a0a0", "#b5579c", "#5aa0a0")
WIDTH, HEIGHT, EDGE = 760, 420, 60
_SMALL, _GAP = 220, 50


def worth_and_noise(found: Sequence[Summary]) -> str:
    """Each contender at its false alarms a month (log scale) and the AUROC of its severity; up and left is better."""
    shapes = [_text(WIDTH / 2, HEIGHT - 12, "false alarms in a model-month (log scale)", "middle")]
    shapes.append(_text(8, 20, "AUROC of severity for harm"))
    for tick in (0.0, 0.3, 1.0, 3.0, 10.0, 30.0):
        shapes.append(_text(_across(tick), HEIGHT - EDGE + 20, f"{tick:g}", "middle"))
        shapes.append(_line(_across(tick), EDGE, _across(tick), HEIGHT - EDGE))
    for tick in (0.2, 0.4, 0.6, 0.8, 1.0):
        shapes.append(_text(EDGE - 8, _up(tick) + 4, f"{tick:.1f}", "end"))
        shapes.append(_line(EDGE, _up(tick), WIDTH - 150, _up(tick)))
    for place, one in enumerate(found):
        noise, worth = one.false_alarms_overall.value, one.severity_overall.value
        if math.isnan(noise) or math.isnan(worth):
            continue
        colour = COLOURS[place % len(COLOURS)]
        x, y = _across(noise), _up(worth)
        bar = _line(x, _up(one.severity_overall.low), x, _up(one.severity_overall.high), colour)
        shapes += [bar, f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{colour}"/>']
        shapes.append(_text(x + 9, y + 4, one.contender, "start", colour))
    return _svg(WIDTH, HEIGHT, shapes)


def power_curves(found: Sequence[Summary]) -> str:
    """For each injection the share of windows that alarm, by size, at an equal false-alarm rate."""
    tuned = [one for one in found if one.power]
    effects = in_order_of(tuned)
    families = list(dict.fromkeys(family for family, _ in effects))
    shapes: list[str] = []
    for place, family in enumerate(families):
        left, top = 50 + place % 3 * (_SMALL + _GAP), 40 + place // 3 * (_SMALL - 40 + _GAP)
        sizes = [size for name, size in effects if name == family]
        shapes += _panel(family, sizes, tuned, left, top)
    rows = math.ceil(len(families) / 3)
    height = 60 + rows * (_SMALL - 40 + _GAP)
    for place, one in enumerate(tuned):
        colour = COLOURS[place % len(COLOURS)]
        shapes.append(_text(50 + place % 5 * 160, height + place // 5 * 18, one.contender, "start", colour))
    return _svg(3 * (_SMALL + _GAP) + 40, height + 40, shapes)


def _panel(family: str, sizes: Sequence[float], tuned: Sequence[Summary], left: float, top: float) -> list[str]:
    tall, step = _SMALL - 60, _SMALL / max(len(sizes) - 1, 1)
    shapes = [_text(left, top - 8, family)]
    for share in (0.0, 0.5, 1.0):
        y = top + tall * (1 - share)
        shapes += [_line(left, y, left + _SMALL, y), _text(left - 6, y + 4, f"{100 * share:.0f} %", "end")]
    for position, size in enumerate(sizes):
        shapes.append(_text(left + position * step, top + tall + 16, f"{size:g}", "middle"))
    for place, one in enumerate(tuned):
        colour = COLOURS[place % len(COLOURS)]
        points = [
            (left + position * step, top + tall * (1 - one.power[family, size].value))
            for position, size in enumerate(sizes)
            if (family, size) in one.power
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        shapes.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        shapes += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
    return shapes


def _across(false_alarms: float) -> float:
    # A tenth of an alarm added, so that none has a place on the logarithm's scale.
    low, high = math.log10(0.1), math.log10(30.1)
    return EDGE + (math.log10(false_alarms + 0.1) - low) / (high - low) * (WIDTH - 150 - EDGE)


def _up(auroc: float) -> float:
    return HEIGHT - EDGE - (max(auroc, 0.15) - 0.15) / 0.85 * (HEIGHT - 2 * EDGE)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str = "#e0e0e0") -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _text(x: float, y: float, words: str, anchor: str = "start", colour: str = "#222") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{html.escape(words)}</text>'


def _svg(width: float, height: float, shapes: Sequence[str]) -> str:
    frame = f'<rect width="{width:.0f}" height="{height:.0f}" fill="white"/>'
    inside = "\n".join((frame, *shapes))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'font-family="sans-serif" font-size="12">\n{inside}\n</svg>\n'
    )
