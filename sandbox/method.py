"""What a served method is: its name, the arguments it reads, what it returns, and its function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.params import Params
from sandbox.world import World


@dataclass(frozen=True, slots=True)
class Described:
    """A result that Telegram accompanies with a description."""

    result: Any
    description: str


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the Bot API; `returns` is a type name of its specification."""

    name: str
    params: tuple[str, ...]
    returns: str
    call: Callable[[World, Params], Any]
