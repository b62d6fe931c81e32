"""All streams, each in a process of its own, every contender on the same windows."""

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from benchmarks.quality.arena import Entrant, Outcome, Plan, contested
from benchmarks.quality.classical import classical_contenders
from benchmarks.quality.ours import Modelwatch
from benchmarks.quality.peers.contenders import peer_contenders
from benchmarks.quality.streams import data_folder, load, source_named

# More threads than cores make the small models slower by ten times and more.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def outcomes_of(names: Sequence[str], plan: Plan, *, peers: bool, workers: int) -> list[Outcome]:
    """The outcome of each stream, in the order of the names."""
    os.environ.update(ONE_THREAD)
    # A fresh interpreter reads the number of threads; a forked one has its threads already.
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=fresh) as pool:
        waiting = [pool.submit(outcome_of, name, plan, peers) for name in names]
        return [one.result() for one in waiting]


def outcome_of(name: str, plan: Plan, peers: bool) -> Outcome:
    """One stream's contest."""
    stream = load(source_named(name), data_folder())
    entrants = [Entrant(one) for one in (Modelwatch(), *classical_contenders())]
    if not peers:
        return contested(stream, plan, entrants)
    guests, processes, absent = peer_contenders(stream.task)
    try:
        found = contested(stream, plan, [*entrants, *(Entrant(guest, slow=True) for guest in guests)])
    finally:
        for process in processes:
            process.close()
    return Outcome(found.stream, found.judged, found.harms, (*absent, *found.left))
