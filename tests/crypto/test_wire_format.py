"""The page that specifies the formats and the code say the same."""

import re
from pathlib import Path

from crypto import errors
from crypto.receipt import CODE_DIGITS, LOCK_BYTES
from crypto.requests import SKEW
from crypto.sealing import OVERHEAD, WRAP_BYTES
from crypto.token import TOKEN_BYTES
from crypto.xwing import ENC_BYTES, PUBLIC_BYTES
from tests.crypto.samples import PLACE

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "wire-format.md").read_text(encoding="utf-8")


def code() -> str:
    """The cryptography, and the desk, which derives one key of its own."""
    paths = [path for part in ("crypto", "desk") for path in (ROOT / part).glob("*.py")]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def test_every_label_of_a_derivation_is_on_the_page_and_the_other_way_round() -> None:
    used = set(re.findall(r'derive\([^"()]+, "([a-z ]+)"', code()))
    used |= set(re.findall(r'(?:derive\([^"\n]+|label = |else )f"([a-z ]+) \{\w+\}"', code()))
    table = PAGE.split("| label | secret |")[1].split("\n\n")[0]
    assert used == set(re.findall(r"^\| `([a-z ]+)` \|", table, re.MULTILINE))


def test_every_label_of_a_context_is_on_the_page_and_the_other_way_round() -> None:
    used = set(re.findall(r'VERSION \+ b" ([a-z ]+)"', code()))
    shapes = "".join(path.read_text("utf-8") for path in (ROOT / "intake").glob("*.py"))
    used |= set(re.findall(r'b"tropa/1 ([a-z ]+)"', shapes))
    assert used == {label for label in re.findall(r'"tropa/1 ([a-z ]*)"', PAGE) if label.strip()}


def test_the_example_of_a_context_is_true() -> None:
    assert PLACE.encode().hex() in re.sub(r"\s", "", PAGE)
    assert f"case id `{PLACE.case_id.hex()}`, number {PLACE.number}" in PAGE
    assert f"form `{PLACE.form}` and epoch {PLACE.epoch}" in PAGE


def test_the_sizes_are_true() -> None:
    for size in (OVERHEAD, WRAP_BYTES, ENC_BYTES, PUBLIC_BYTES):
        assert f"{size:,}" in PAGE
    assert f"{TOKEN_BYTES} bytes, always" in PAGE
    assert f"{LOCK_BYTES} bytes, always" in PAGE
    assert f"{CODE_DIGITS} decimal digits" in PAGE
    assert f"{SKEW.seconds} s more to either side" in PAGE


def test_the_table_of_failures_is_whole() -> None:
    table = PAGE.split("## Failures")[1]
    leaves = {
        name
        for name, error in vars(errors).items()
        if isinstance(error, type)
        and issubclass(error, errors.CryptoError)
        and (error.__subclasses__() == [] or name == "BadFormat")
    }
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == leaves
