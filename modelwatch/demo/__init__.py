"""The demo: a real model on real data, played through the real service in about a minute."""

from modelwatch.demo.play import run

__all__ = ["run"]
