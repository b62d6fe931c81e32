"""Evidently's tests and reports over sampled rows, in a process of their own that knows neither names nor categories.

``aliasing`` takes the names away before rows go over, ``process`` starts and watches the child, ``child`` is what runs
in it, ``tests_by_name`` and ``reports`` are what the rest of modelwatch calls. What goes wrong over there is a
``Failure`` here.
"""
