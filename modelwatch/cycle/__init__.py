"""The cycle: profile what is new, plan what is due, detect, decide, deliver. The database says what is due."""

from modelwatch.cycle.round import CycleSettings, CycleSummary, run

__all__ = ["CycleSettings", "CycleSummary", "run"]
