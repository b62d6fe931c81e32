"""Other programs in the contest, each in a process, and where need be an environment, of its own."""
