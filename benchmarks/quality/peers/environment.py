"""The Python environment that NannyML needs, made on demand in the user's cache folder: it asks for an older pandas."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent / "nannyml-requirements.txt"


def cache_folder() -> Path:
    """Where environments are kept: under ``XDG_CACHE_HOME``, or the home's ``.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "modelwatch-benchmarks"


def nannyml_python() -> Path:
    """The interpreter of an environment with exactly these requirements; OSError says why there is none."""
    mark = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    folder = cache_folder() / f"nannyml-{mark}"
    python = folder / "bin" / "python"
    if (folder / "installed").exists():
        return python
    folder.parent.mkdir(parents=True, exist_ok=True)
    _run([sys.executable, "-m", "venv", "--clear", str(folder)])
    _run([str(python), "-m", "pip", "install", "--quiet", "--requirement", str(REQUIREMENTS)])
    (folder / "installed").touch()
    return python


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise OSError(f"NannyML's environment could not be made: {said[-1] if said else 'pip said nothing'}")
