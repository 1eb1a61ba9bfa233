"""What a running process uses, from /proc."""

from __future__ import annotations

import os
from pathlib import Path


def _field(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return 0


def resident(pid: int) -> float:
    """Memory in use now, MB."""
    return _field(pid, "VmRSS") / 1024


def most_resident(pid: int) -> float:
    """The most memory it ever used, MB."""
    return _field(pid, "VmHWM") / 1024


def cpu_seconds(pid: int) -> float:
    """Processor time so far, of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def compiled(folder: Path) -> dict[str, str]:
    """An environment in which bytecode is kept in `folder`: as installed, where `make` compiles everything, whatever the checkout holds.

    A program must have run once in it before it is timed.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
