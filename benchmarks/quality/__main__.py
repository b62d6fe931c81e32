"""How often each contender cries wolf, and what it finds, on the same rows of eight streams.

    python -m benchmarks.quality --short [--streams car_loan elec2] [--no-peers] [--out FOLDER]

Writes ``report.md``, pictures and every verdict (``verdicts.csv.gz``) into the folder of ``--out`` and prints the
overview. The same options give the same numbers. ``--long`` has more seeds, more windows and all sizes of window; it
takes half an hour without the peers.
"""

import argparse
import os
from pathlib import Path
from time import perf_counter

from benchmarks.quality.arena import LONG, SHORT
from benchmarks.quality.contest import outcomes_of
from benchmarks.quality.peers.environment import cache_folder
from benchmarks.quality.pictures import power_curves, worth_and_noise
from benchmarks.quality.report import overview, report, summaries
from benchmarks.quality.sources import SOURCES
from benchmarks.quality.verdicts import verdict_table


def main() -> None:
    """Runs the contest and writes the report."""
    options = arguments().parse_args()
    plan, form = (LONG, "long") if options.long else (SHORT, "short")
    started = perf_counter()
    outcomes = outcomes_of(options.streams, plan, peers=options.peers, workers=options.workers)
    options.out.mkdir(parents=True, exist_ok=True)
    verdict_table(outcomes).to_csv(options.out / "verdicts.csv.gz", index=False)
    found = summaries(outcomes)
    how = f"{form.capitalize()} form: {plan.seeds} seeds on {', '.join(options.streams)}."
    (options.out / "report.md").write_text(report(outcomes, found, how))
    (options.out / "worth_and_noise.svg").write_text(worth_and_noise(found))
    (options.out / "power.svg").write_text(power_curves(found))
    print(overview(found))
    for sentence in dict.fromkeys(sentence for outcome in outcomes for sentence in outcome.left):
        print(sentence)
    print(f"{perf_counter() - started:.0f} seconds; the whole report is in {options.out}")


def arguments() -> argparse.ArgumentParser:
    """The options."""
    names = [source.name for source in SOURCES]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--short", action="store_true", help="the default")
    form.add_argument("--long", action="store_true")
    parser.add_argument("--streams", nargs="+", choices=names, default=names)
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--out", type=Path, default=cache_folder() / "quality")
    return parser


if __name__ == "__main__":
    main()
