"""`tropa link`: a line to send to the bot, made without a network."""

from crypto.link import LINK_CHARACTERS, VALID, read_link
from tests.desk.world import World, identity_of


def test_it_prints_one_line_that_her_key_signed(world: World) -> None:
    user = world.desk("anna")
    ran = user.run("link")
    assert ran.code == 0
    command, text = ran.out.split()
    assert command == "/link"
    assert len(text) == LINK_CHARACTERS
    anna = identity_of("anna")
    linked = read_link(text, {anna.key_id: anna.signing_public}.get, world.time())
    assert linked.key_id == anna.key_id
    assert linked.expires == world.time() + VALID


def test_it_stays_in_one_piece_on_a_narrow_terminal(world: World) -> None:
    user = world.desk("anna", width=40)
    assert len(user.run("link").out.splitlines()) == 1


def test_it_says_how_long_it_counts_and_how_to_end_it(world: World) -> None:
    said = " ".join(world.desk("anna").run("link").err.split())
    assert "within 10 minutes" in said
    assert "/unlink" in said


def test_it_needs_no_server_and_no_network(world: World) -> None:
    user = world.bare_desk("anna")
    user.settle("anna")
    assert user.run("link").code == 0


def test_each_text_is_another(world: World) -> None:
    user = world.desk("anna")
    assert user.run("link").out != user.run("link").out


def test_without_an_identity_there_is_nothing_to_link(world: World) -> None:
    ran = world.bare_desk("nobody").run("link")
    assert ran.code == 1
    assert "tropa identity new" in ran.all
