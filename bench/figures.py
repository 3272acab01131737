"""One figure of one system, and the table that they make."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Figure:
    """Values of the rounds of one measurement; `note` tells why there is none."""

    measure: str
    unit: str
    system: str
    values: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    is_higher_better: bool = True
    # The figure that must be reached, where Pileus has one.
    target: str = ""
    note: str = ""

    @property
    def value(self) -> float | None:
        return statistics.median(self.values) if self.values else None

    @property
    def cpu(self) -> float | None:
        """Milliseconds of server processor time for a request."""
        return statistics.median(self.cpu_ms) if self.cpu_ms else None

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "value": self.value, "cpu": self.cpu}


def table(figures: Sequence[Figure]) -> str:
    """One row for each measurement and system, with Pileus's ratio to it."""
    rows = [("measurement", "system", "value", "CPU ms/request", "Pileus is", "note")]
    own = {figure.measure: figure.value for figure in figures if figure.system == "pileus"}
    for figure in figures:
        value = figure.value
        ratio = ""
        if value and figure.system != "pileus" and own.get(figure.measure):
            mine = own[figure.measure] or 0.0
            times = mine / value if figure.is_higher_better else value / mine
            ratio = f"{times:.2f} x {'as fast' if figure.is_higher_better else 'less'}"
        shown = "-" if value is None else f"{_rounded(value)} {figure.unit}"
        note = "; ".join(filter(None, (_spread(figure), figure.target, figure.note)))
        cpu = "" if figure.cpu is None else f"{figure.cpu:.3f}"
        rows.append((figure.measure, figure.system, shown, cpu, ratio, note))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _spread(figure: Figure) -> str:
    if len(figure.values) < 2:
        return ""
    return f"{_rounded(min(figure.values))} to {_rounded(max(figure.values))}"


def _rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
