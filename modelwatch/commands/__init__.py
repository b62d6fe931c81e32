"""The commands of ``modelwatch``, one module for each group. What they need is imported when they run."""
