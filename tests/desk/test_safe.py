"""Nothing that a form or a server says reaches the terminal as an order to it."""

import hashlib
import json
from dataclasses import replace

import pytest

from desk.errors import DeskError
from desk.queue_view import skills_text
from desk.safe import lines
from intake.form import load_form
from intake.words import Words
from tests.desk.world import URGENT, World, held_file

EVIL = "\x1b]0;owned\x07\x9b2J\u202e"


def test_the_name_of_a_skill_orders_the_terminal_nothing(world: World) -> None:
    routing = replace(world.form.routing, skills={"legal": Words({"en": f"Law{EVIL}"})})
    shown = skills_text(["legal", "psych"], replace(world.form, routing=routing), "en")
    assert shown.startswith("Law")
    assert shown.endswith(", psych")
    assert not set(EVIL[:1] + "\x07\x9b\u202e") & set(shown)


def test_what_the_desk_tells_orders_the_terminal_nothing(world: World) -> None:
    desk = world.bare_desk("anna").desk()
    desk.tell("Joined {name}: the roster is signed, epoch {epoch}.", name=EVIL, epoch=1)
    desk.warn("The server answers: {sentence}", sentence=EVIL)
    for console in (desk.out, desk.err):
        said = console.file.getvalue()  # type: ignore[attr-defined]
        assert said
        assert not set("\x1b\x07\x9b\u202e") & set(said)


def serve_a_form_of_its_own(world: World) -> str:
    """The server seals and serves a form that no roster lists; returns a case asked with it."""
    world.form_bytes += b"\n# asks as the server pleases\n"
    world.form = load_form(world.form_bytes)
    return world.submit(URGENT)


def test_a_form_that_no_roster_lists_is_not_even_fetched(world: World) -> None:
    user = world.desk("anna")
    case = serve_a_form_of_its_own(world)
    ran = user.run("take", case)
    assert ran.code == 1
    assert "not one that the organisation signed" in ran.all
    assert not (user.home / "forms" / f"{world.form.digest}.yaml").exists()
    assert not held_file(user, case).exists()


def test_a_cached_form_that_no_roster_lists_is_not_loaded(world: World) -> None:
    user = world.desk("anna")
    data = world.form_bytes + b"\n# another\n"
    digest = hashlib.sha256(data).hexdigest()
    (user.home / "forms" / f"{digest}.yaml").write_bytes(data)
    with pytest.raises(DeskError, match="not one that the organisation signed"):
        user.desk().trust.form(digest)


def test_a_case_asked_with_an_earlier_form_of_the_roster_stays_readable(world: World) -> None:
    user = world.desk("anna")
    case = world.submit(URGENT)
    user.run("take", case)
    world.put(world.roster.with_form("1" * 64))
    user.run("queue")
    assert json.loads((user.home / "highest-epoch").read_text().split()[0]) == 8
    ran = user.run("open", case)
    assert ran.code == 0, ran.all
    assert "Mobilised" in ran.out


def test_json_escapes_what_a_terminal_obeys_and_loses_nothing(world: World) -> None:
    note = f"Планка-7 {EVIL}\u2066\x85\u2028 [bold]\\ \U000e0041 \U0001f9ed end"
    case = world.submit({**URGENT, "note": note})
    user = world.desk("anna")
    user.run("take", case)
    ran = user.run("open", case, "--json")
    assert note in [answer["text"] for answer in ran.json["answers"]]
    assert "Планка-7" in ran.out
    assert not set("\x1b\x07\x9b\x85\u202e\u2066\u2028\U000e0041") & set(ran.out)


@pytest.mark.parametrize(
    "before", ["", "Compare with her: ", "Nobody else could be on it now, says "]
)
def test_digits_that_are_read_aloud_stand_on_one_line(before: str) -> None:
    digits = " ".join(str(group) * 5 for group in range(8))
    shown = lines(f"{before}{digits}. Is it hers?", 60)
    assert sum(digits in line for line in shown) == 1
    assert all(len(line) <= 60 for line in shown)


def test_a_path_is_broken_nowhere_and_other_words_between_each_other() -> None:
    path = "/a/very-long\u00a0folder/of-somebody/who-names-everything/roster.json"
    shown = lines(f"Written to {path}: tropa roster sign", 20)
    assert shown == ["Written to", f"{path}:", "tropa roster sign"]
