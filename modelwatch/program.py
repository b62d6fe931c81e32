"""How this program is started again in a process of its own."""

import sys

PROGRAM = (sys.executable, "-m", "modelwatch")
