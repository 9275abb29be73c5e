"""What goes wrong at a desk, in a real browser: the line, the lease, the lock, the other one."""

import socket
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta

from aiohttp import web
from playwright.sync_api import expect
from sqlalchemy import Connection, text

from handlers.queue import queue_app
from tests.desk.liar import lying
from tests.desk.page.asking import WINDOW, asks
from tests.desk.page.conftest import Enter, unlocks
from tests.desk.page.desks import Served
from tests.desk.page.test_day import answers, takes
from tests.desk.world import URGENT, World

Serve = Callable[..., Served]


def stop(world: World) -> int:
    """The server goes away; its port, so that it can come back there."""
    port = int(world.url.rpartition(":")[2])
    world.wait(world.runner.cleanup())
    return port


def start(world: World, port: int) -> None:
    async def again() -> web.AppRunner:
        runner = web.AppRunner(queue_app(world.parts()), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
        return runner

    world.runner = world.wait(again())


def test_a_lost_connection_keeps_the_text_which_is_sent_later(
    world: World, serve: Serve, enter: Enter
) -> None:
    asker = asks(world)
    desk = serve("anna")
    page = enter(desk)
    takes(page, desk, asker)
    page.fill("#text", "Начало ответа")
    port = stop(world)
    page.fill("#text", "Начало ответа, и конец.")
    expect(page.locator("#letter-state")).to_have_text("Draft kept, sealed.")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".told.bad").first).to_contain_text("cannot be reached")
    expect(page.locator(".told.note").first).to_contain_text("Your text was not lost")
    expect(page.locator("#text")).to_have_value("Начало ответа, и конец.")
    page.goto(desk.case(asker.case))
    expect(page.locator(".told.bad").first).to_contain_text("kept on this machine, sealed")
    expect(page.locator("#text")).to_have_value("Начало ответа, и конец.")
    start(world, port)
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".told.good")).to_contain_text("Sealed and handed over")
    assert [one.text for one in asker.letters()] == ["Начало ответа, и конец."]


def test_a_queue_that_cannot_be_reached_is_shown_as_it_was_and_says_so(
    world: World, serve: Serve, enter: Enter
) -> None:
    asker = asks(world)
    desk = serve("anna")
    page = enter(desk)
    stop(world)
    page.goto(desk.home)
    expect(page.locator(".told.bad")).to_contain_text("What is shown is from 12:00:00 UTC")
    expect(page.locator("a.case")).to_have_text([asker.case[:8]])
    world.runner = world.wait(world._serve())


def test_when_this_program_is_gone_the_page_says_so_and_keeps_the_text(
    world: World, serve: Serve, enter: Enter
) -> None:
    asker = asks(world)
    desk = serve("anna")
    page = enter(desk)
    takes(page, desk, asker)
    desk.stop()
    page.fill("#text", "Набрано впустую?")
    expect(page.locator(".told.bad")).to_contain_text("does not answer")
    expect(page.locator("#letter-state")).to_contain_text("does not answer")
    expect(page.locator("#text")).to_have_value("Набрано впустую?")


def test_when_another_program_takes_up_the_desk_the_page_says_so_and_sends_the_text_later(
    world: World, serve: Serve, enter: Enter
) -> None:
    asker = asks(world)
    desk = serve("anna")
    page = enter(desk)
    takes(page, desk, asker)
    with ExitStack() as idle:
        for _ in range(70):
            idle.enter_context(socket.create_connection(("127.0.0.1", desk.session.port)))
        page.fill("#text", "Дойдёт позже")
        expect(page.locator(".told.bad")).to_contain_text("does not answer")
    expect(page.locator("#letter-state")).to_have_text("Draft kept, sealed.")
    expect(page.locator(".told.bad")).to_have_count(0)


def test_a_lease_that_ended_and_a_colleague_who_took_it_are_told_and_the_text_stays(
    world: World, serve: Serve, enter: Enter
) -> None:
    asker = asks(world)
    anna, boris = serve("anna"), serve("boris")
    hers, his = enter(anna), enter(boris)
    takes(hers, anna, asker)
    hers.fill("#text", "Почти готово.")
    expect(hers.locator("#letter-state")).to_have_text("Draft kept, sealed.")
    world.time.pass_(hours=13)
    takes(his, boris, asker)
    hers.get_by_role("button", name="Preview").click()
    hers.get_by_role("button", name="Send").click()
    expect(hers.locator(".told.bad").first).to_be_visible()
    expect(hers.locator(".told.note").first).to_contain_text("Your text was not lost")
    expect(hers.get_by_label("Your unsent answer")).to_have_value("Почти готово.")
    assert asker.letters() == []


def test_an_open_page_renews_its_lease_and_takes_nothing_back_that_was_given_away(
    world: World, serve: Serve, enter: Enter
) -> None:
    asker = asks(world)
    desk = serve("anna")
    page = enter(desk)
    page.clock.install()
    # The page renews when it is opened; while that is under way, it does not a second time.
    with page.expect_request_finished(lambda one: one.url.endswith("/lease")):
        takes(page, desk, asker)
    world.time.pass_(hours=3)
    page.clock.run_for(121_000)
    expect(page.locator("[data-lease-left]")).to_have_text("yours for 12 h")
    expect(page.locator("[data-lease-until]")).to_have_text("2026-11-23 03:00 UTC")
    other = page.context.new_page()
    other.goto(desk.case(asker.case))
    other.get_by_role("button", name="Give back").click()
    expect(other.locator(".told.good")).to_contain_text("back in the queue")
    world.time.pass_(hours=3)
    page.clock.run_for(121_000)
    expect(page.locator("#lease-lost")).to_contain_text("You do not hold this case any more")
    other.goto(desk.home)
    expect(other.get_by_role("button", name=f"Take case {asker.case[:8]}")).to_be_visible()


def test_two_who_take_one_case_in_the_same_second_one_gets_it_and_the_other_is_told(
    world: World, serve: Serve, enter: Enter
) -> None:
    asker = asks(world)
    desks = [serve("anna"), serve("boris")]
    pages = [enter(desk) for desk in desks]
    for page, desk in zip(pages, desks, strict=True):
        page.goto(desk.home)
    at = pages[0].evaluate("Date.now()") + 1500
    for page in pages:
        # The browser sends at an appointed instant, since one thread drives both.
        page.evaluate(
            "(at) => { setTimeout(() => document.querySelector('.c-act form').requestSubmit(),"
            " at - Date.now()) }",
            at,
        )
    for page in pages:
        page.wait_for_selector(".columns, .told.bad")
    got = [page for page in pages if page.locator(".tag.mine").count()]
    told = [page for page in pages if page.locator(".told.bad").count()]
    assert len(got) == len(told) == 1
    expect(told[0].locator(".told.bad")).to_contain_text("Somebody else has taken this case")
    assert asker.case[:8] in got[0].locator("h1").inner_text()


def test_a_person_who_blocked_the_bot_is_reported_at_the_reply(
    world: World, serve: Serve, enter: Enter
) -> None:
    asker = asks(world, contact=WINDOW)
    desk = serve("anna")
    page = enter(desk)
    takes(page, desk, asker)
    answers(page, "Слышите нас?")
    world.time.pass_(hours=6)
    asker.has_blocked()
    page.goto(desk.case(asker.case))
    expect(page.locator(".state.stuck")).to_contain_text("the chat is blocked or gone")


def test_never_is_told_before_and_after_the_reply(world: World, serve: Serve, enter: Enter) -> None:
    asker = asks(world)
    assert asker.header.contact.hours is None
    desk = serve("anna")
    page = enter(desk)
    takes(page, desk, asker)
    page.fill("#text", "Ответ.")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".beside")).to_contain_text("nothing is sent")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".item.ours .state")).to_contain_text("Lies in the inbox")


def test_a_desk_that_locks_itself_leaves_the_screen_and_keeps_what_was_typed(
    world: World, serve: Serve, enter: Enter
) -> None:
    asker = asks(world)
    desk = serve("anna", idle=timedelta(minutes=10))
    page = enter(desk)
    takes(page, desk, asker)
    page.fill("#text", "Недописанное")
    expect(page.locator("#letter-state")).to_have_text("Draft kept, sealed.")
    world.time.pass_(minutes=11)
    expect(page.locator("#passphrase")).to_be_visible()
    assert "Планка" not in page.content()
    assert "Недописанное" not in page.content()
    page.go_back()
    expect(page.locator("#passphrase")).to_be_visible()
    page.goto(desk.case(asker.case))
    unlocks(page)
    expect(page.locator("#text")).to_have_value("Недописанное")


def test_the_lock_button_keeps_what_was_typed_in_the_last_moment(
    world: World, serve: Serve, enter: Enter
) -> None:
    asker = asks(world)
    desk = serve("anna")
    page = enter(desk)
    takes(page, desk, asker)
    page.fill("#text", "В последний миг")
    page.get_by_role("button", name="Lock").click()
    expect(page.locator("#passphrase")).to_be_visible()
    assert desk.session.locked
    unlocks(page)
    page.goto(desk.case(asker.case))
    expect(page.locator("#text")).to_have_value("В последний миг")


def test_a_double_click_sends_one_reply(world: World, serve: Serve, enter: Enter) -> None:
    asker = asks(world)
    desk = serve("anna")
    page = enter(desk)
    takes(page, desk, asker)
    page.fill("#text", "Один раз.")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Send").dblclick()
    expect(page.locator(".told.good")).to_contain_text("Sealed and handed over")
    assert len(asker.letters()) == 1


def test_a_case_that_was_tampered_with_is_shown_loudly(
    world: World, serve: Serve, enter: Enter
) -> None:
    asker = asks(world)
    asker.write("Настоящее")
    desk = serve("anna")
    page = enter(desk)
    world.wait(_spoil(world))
    page.goto(f"{desk.case(asker.case)}?read=1")
    expect(page.locator(".faults")).to_contain_text("Not everything here can be trusted")
    expect(page.locator(".faults")).to_contain_text("Record 1")
    expect(page.locator(".story")).to_contain_text("Планка-7")


async def _spoil(world: World) -> None:
    """Somebody with the database changes a byte of the second record."""

    def work(connection: Connection) -> None:
        connection.execute(
            text("UPDATE records SET sealed = zeroblob(length(sealed)) WHERE number = 1")
        )

    await world.storage.cases._database.write(work)


def test_an_early_tab_that_meets_another_desk_of_the_same_name_gets_nothing(
    world: World, serve: Serve, enter: Enter
) -> None:
    """Two desks of two people at one machine: one browser, two ports, two sessions."""
    anna, boris = serve("anna"), serve("boris")
    page = enter(anna)
    page.goto(f"{boris.root}{anna.session.place}/")
    assert "has not entered the desk" in page.content()


def test_a_page_says_what_is_amiss_with_the_past_and_what_ends(
    world: World, serve: Serve, enter: Enter
) -> None:
    case = world.submit(URGENT)
    with lying(world) as liar:
        desk = serve("anna")
        assert world.desk("anna").run("take", case).code == 0
        liar.shown_to(world.desk("anna"))
        liar.events = []
        world.time.pass_(days=17)
        page = enter(desk)
        for place in (desk.home, desk.case(case), f"{desk.home}help"):
            page.goto(place)
            told = page.locator(".notices .told")
            expect(told).to_have_count(2)
            expect(told.nth(0)).to_contain_text("shows 0 key events, this desk has seen 1")
            expect(told.nth(1)).to_contain_text("The roster ends on 2026-12-22")
        page.goto(f"{desk.case(case)}?read=1")
        expect(page.locator("#main")).to_contain_text("Планка-7 не открывается")


def test_a_coordinators_page_says_what_ends(world: World, serve: Serve, enter: Enter) -> None:
    world.time.pass_(days=24)
    page = enter(serve("counts"))
    expect(page.locator(".notices .told.bad")).to_contain_text("THE ROSTER ENDS: 6 days left")


def test_a_list_that_stays_open_begins_to_say_what_ends(
    world: World, serve: Serve, enter: Enter
) -> None:
    page = enter(serve("anna", timedelta(days=60)))
    expect(page.locator(".notices .told")).to_contain_text("for the first time")
    world.time.pass_(days=24)
    asked = "fetch(document.getElementById('list').dataset.refresh).then(answer => answer.text())"
    assert "THE ROSTER ENDS: 6 days left" in page.evaluate(asked)
