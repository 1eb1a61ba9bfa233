"""Figures beside their goals, as an aligned table or as JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number, with its goal where there is one: `most`, above which it is over, or `least`, below which it is under."""

    name: str
    value: float
    unit: str
    most: float | None = None
    note: str = ""
    least: float | None = None

    @property
    def verdict(self) -> str:
        if self.least is not None:
            return "ok" if self.value >= self.least else "UNDER"
        if self.most is None:
            return ""
        return "ok" if self.value <= self.most else "OVER"

    @property
    def goal(self) -> str:
        if self.least is not None:
            return f">= {shown(self.least, self.unit)}"
        return f"<= {shown(self.most, self.unit)}" if self.most is not None else ""


@dataclass(frozen=True, slots=True)
class Part:
    """One bench: its figures, or why it could not be run."""

    title: str
    figures: tuple[Figure, ...] = ()
    skipped: str = ""
    details: tuple[str, ...] = ()
    """What stands behind the figures, a line each."""


def shown(value: float, unit: str) -> str:
    if unit in ("B", ""):
        return f"{value:,.0f}"
    if unit == "s":
        return f"{value:.2f}" if value < 100 else f"{value:,.0f}"
    return f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"


def table(parts: Sequence[Part]) -> str:
    lines: list[str] = []
    for part in parts:
        lines += ["", part.title]
        if part.skipped:
            lines.append(f"  not measured: {part.skipped}")
            continue
        width = max(len(figure.name) for figure in part.figures)
        for figure in part.figures:
            line = f"  {figure.name:<{width}}  {shown(figure.value, figure.unit):>11} {figure.unit:<3} {figure.goal:>12}  {figure.verdict:<4}  {figure.note}"
            lines.append(line.rstrip())
        lines += [f"    {detail}" for detail in part.details]
    return "\n".join(lines).lstrip("\n")


def as_json(parts: Sequence[Part]) -> str:
    return json.dumps(
        [
            {"title": part.title, "skipped": part.skipped, "details": part.details,
             "figures": [asdict(figure) | {"verdict": figure.verdict} for figure in part.figures]}
            for part in parts
        ],
        indent=2,
    )  # fmt: skip


def say(parts: Sequence[Part], *, as_data: bool) -> int:
    """Print them; the exit status: 1 if a goal was missed."""
    print(as_json(parts) if as_data else table(parts))
    cores, load = os.cpu_count() or 1, os.getloadavg()[0]
    if load > cores:
        print(f"\nThis machine was busy (load {load:.1f} on {cores} cores): times are longer than they need be.", file=sys.stderr)
    return int(any(figure.verdict in ("OVER", "UNDER") for part in parts for figure in part.figures))
