"""Events in: formats, validation, group commit, HTTP."""
