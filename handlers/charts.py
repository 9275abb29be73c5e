"""A chart as data, from whoever knows the figures to whoever draws them.

Plain on purpose: the process that draws imports this and nothing else of ours, and is given only
what may be shown.
"""

import json
from dataclasses import asdict, dataclass
from typing import Protocol, Self


@dataclass(frozen=True, slots=True)
class Column:
    """One month; `year` stands under the first and under each January.

    `count` and `percent` None: hidden. `below`: hidden, and known to be below so many percent.
    """

    month: str
    year: str
    count: int | None
    percent: int | None = None
    below: int | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """Requests by month, and under them a share of them by month.

    `share` is what the share is of, empty where there is none; `hidden` the word for what is.
    """

    title: str
    period: str
    bars: str
    share: str
    unit: str
    hidden: str
    columns: tuple[Column, ...]

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        given = json.loads(data)
        columns = tuple(Column(**column) for column in given.pop("columns"))
        return cls(columns=columns, **given)


class Draw(Protocol):
    """Draws a chart."""

    async def __call__(self, chart: Chart) -> bytes | None:
        """A PNG; None where it cannot be drawn now, which is told to the operator."""
