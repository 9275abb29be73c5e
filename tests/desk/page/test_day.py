"""A day at the desk's page, in a real browser: two volunteers, one person, from take to close."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

from playwright.sync_api import Page, expect

from desk.letters import Letters
from tests.desk.page.asking import WINDOW, Asker, asks
from tests.desk.page.conftest import Enter
from tests.desk.page.desks import Served
from tests.desk.world import CALM, URGENT, World, held_file, identity_of

Serve = Callable[..., Served]


def takes(page: Page, desk: Served, asker: Asker) -> None:
    page.goto(desk.case(asker.case))
    page.get_by_role("button", name="Take this case").click()
    expect(page.locator(".tag.mine")).to_be_visible()
    page.wait_for_load_state()


def answers(page: Page, text: str) -> None:
    """Type, look at it, send it."""
    page.fill("#text", text)
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".chat-card")).to_contain_text(text.splitlines()[0])
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".told.good")).to_contain_text("Sealed and handed over")


def act(page: Page, title: str) -> None:
    page.locator("summary", has_text=title).click()


def test_from_taking_to_closing_with_two_volunteers(
    world: World, serve: Serve, enter: Enter
) -> None:
    asker = asks(world, {**URGENT, "codeword": "берёза"}, contact=WINDOW)
    anna, boris = serve("anna"), serve("boris")
    hers, his = enter(anna), enter(boris)

    # Anna takes it from the queue, and it leaves Boris's.
    hers.goto(anna.home)
    hers.get_by_role("button", name=f"Take case {asker.case[:8]}").click()
    expect(hers.locator("h1")).to_contain_text(asker.case[:8])
    expect(hers.locator(".typed", has_text="Планка-7 не открывается")).to_be_visible()
    his.goto(boris.home)
    expect(his.locator(".empty")).to_contain_text("Nobody waits for you now")

    # She answers; outside the hours it waits, and the first reply bears the codeword.
    answers(hers, "Здравствуйте. Мы вас слышим.")
    reply = hers.locator(".item.ours")
    expect(reply).to_contain_text("Waits for an hour that the person allows")
    expect(reply).to_contain_text("18:00")
    assert [(one.text, one.codeword) for one in asker.letters()] == [
        ("Здравствуйте. Мы вас слышим.", "берёза")
    ]

    # In the evening the line goes out, is read, and the person writes back.
    world.time.pass_(hours=6)
    asker.is_told()
    hers.goto(anna.case(asker.case))
    expect(reply).to_contain_text("Sent: a silent line")
    asker.read(1)
    asker.write("Спасибо. Что мне делать завтра?")
    hers.goto(anna.home)
    expect(hers.locator("tr.lifted")).to_contain_text("waits for an answer")
    expect(hers.locator(".empty")).to_contain_text("Nothing else waits for you")
    hers.goto(anna.case(asker.case))
    expect(reply).to_contain_text("Read.")
    expect(hers.locator(".item.theirs").last).to_contain_text("Что мне делать завтра?")

    # A note, and then Boris has it, with everything in it.
    act(hers, "Write a note")
    hers.fill("#note", "Юрист ответит завтра утром.")
    hers.get_by_role("button", name="Add the note").click()
    expect(hers.locator(".item.inner")).to_contain_text("Юрист ответит завтра утром.")
    act(hers, "Hand over")
    hers.select_option("#heir", "boris")
    hers.fill("#farewell", "Дальше твоё.")
    hers.locator("form", has=hers.locator("#heir")).get_by_role("button").click()
    expect(hers.locator(".told.good")).to_contain_text("is with boris now")
    assert not held_file(world.desk("anna"), asker.case).exists()
    his.goto(boris.home)
    his.locator("a.case").first.click()
    expect(his.locator(".item.inner").last).to_contain_text("Дальше твоё.")
    expect(his.locator(".item.inner").last).to_contain_text("anna")

    # He answers without the codeword, and closes.
    answers(his, "Завтра никуда не ходите.")
    assert asker.letters()[-1].codeword is None
    act(his, "Close")
    his.get_by_label("Legal help given").check()
    his.get_by_role("button", name="Close the case").click()
    expect(his.locator(".told.good")).to_contain_text("is closed")

    his.goto(boris.case(asker.case))
    expect(his.locator(".envelope")).to_contain_text("It opens again when the person writes")
    expect(his.get_by_role("button", name="Take this case")).to_have_count(0)

    # The person writes once more: the case waits again.
    asker.write("Ещё вопрос.")
    his.goto(boris.home)
    expect(his.locator("a.case")).to_have_text([asker.case[:8]])


def test_the_queue_is_in_words_most_urgent_first_with_counts_and_filters(
    world: World, serve: Serve, enter: Enter
) -> None:
    calm = asks(world, CALM)
    world.time.pass_(hours=1)
    urgent = asks(world)
    world.time.pass_(hours=7)
    desk = serve("anna")
    page = enter(desk)
    expect(page.locator("a.case")).to_have_text([urgent.case[:8], calm.case[:8]])
    expect(page.locator("tbody tr").first).to_contain_text("late by 1 h")
    expect(page.locator("tbody tr").first).to_contain_text("Lawyer")
    expect(page.locator(".count b")).to_have_text(["0", "1", "0", "1"])
    page.locator(".count", has_text="P3").click()
    expect(page.locator("a.case")).to_have_text([calm.case[:8]])
    page.locator(".count", has_text="P3").click()
    page.get_by_label("Skill").select_option(label="Lawyer")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("a.case")).to_have_text([urgent.case[:8]])
    page.get_by_label("Language").select_option(label="English")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".empty")).to_contain_text("Nothing fits this filter")


def test_fifty_are_on_a_page_and_the_rest_a_click_away(
    world: World, serve: Serve, enter: Enter
) -> None:
    for _ in range(53):
        asks(world, CALM)
    page = enter(serve("anna"))
    expect(page.locator("a.case")).to_have_count(50)
    expect(page.locator(".paging")).to_contain_text("1 to 50 of 53")
    page.get_by_role("link", name="Later in the queue").click()
    expect(page.locator("a.case")).to_have_count(3)
    expect(page.locator(".paging")).to_contain_text("51 to 53 of 53")


def test_a_lead_sees_the_promises_about_to_break_and_an_adviser_what_she_is_asked(
    world: World, serve: Serve, enter: Enter
) -> None:
    asker = asks(world, to=("anna", "lead"))
    anna, lead = serve("anna"), serve("lead")
    hers = enter(anna)
    takes(hers, anna, asker)
    act(hers, "Ask for advice")
    hers.select_option("#adviser", "boris")
    hers.fill("#question", "Что бы ты сделал?")
    hers.get_by_role("button", name="Ask", exact=True).click()
    expect(hers.locator(".told.good")).to_contain_text("boris is asked")
    world.time.pass_(hours=5, minutes=30)
    page = enter(lead)
    expect(page.locator("#due")).to_contain_text("Promises about to break")
    expect(page.locator(".due.soon").first).to_contain_text("30 min left")
    boris = serve("boris")
    his = enter(boris)
    expect(his.locator("#asked")).to_be_visible()
    his.locator("a.case").click()
    expect(his.locator(".item.inner")).to_contain_text("Что бы ты сделал?")
    act(his, "Write a note")
    his.fill("#note", "Подождать ответа юриста.")
    his.get_by_role("button", name="Add the note").click()
    his.goto(boris.home)
    expect(his.locator("#asked")).to_have_count(0)


def test_the_list_refreshes_by_itself_and_keeps_the_focus(
    world: World, serve: Serve, enter: Enter
) -> None:
    first = asks(world, CALM)
    desk = serve("anna")
    page = enter(desk, unlock=False)
    page.clock.install()
    page.fill("#passphrase", "four random test words")
    page.click("button.main")
    expect(page.locator("a.case")).to_have_text([first.case[:8]])
    page.wait_for_load_state()
    page.keyboard.press("j")
    expect(page.locator("a.case").first).to_be_focused()
    second = asks(world)
    page.clock.run_for(21_000)
    expect(page.locator("a.case")).to_have_text([second.case[:8], first.case[:8]])
    expect(page.locator("a.case").nth(1)).to_be_focused()


def test_the_keyboard_is_enough(world: World, serve: Serve, enter: Enter) -> None:
    urgent, calm = asks(world), asks(world, CALM)
    desk = serve("anna")
    page = enter(desk)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(f"a.case[href$='{calm.case}']")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url(desk.case(urgent.case))
    page.wait_for_load_state()
    page.keyboard.press("t")
    expect(page.locator(".tag.mine")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("a")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type("t j k ? are letters here")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".chat-card")).to_contain_text("t j k ? are letters here")
    page.goto(desk.home)
    page.keyboard.press("?")
    page.wait_for_url(f"{desk.home}help")
    page.keyboard.press("l")
    expect(page.locator("#passphrase")).to_be_visible()


def test_it_works_without_its_script(world: World, serve: Serve, enter: Enter) -> None:
    asker = asks(world)
    desk = serve("anna")
    page = enter(desk, java_script_enabled=False)
    takes(page, desk, asker)
    page.fill("#text", "Без сценария.")
    page.get_by_role("button", name="Keep as a draft").click()
    expect(page.locator("#text")).to_have_value("Без сценария.")
    answers(page, "Без сценария.")
    assert [one.text for one in asker.letters()] == ["Без сценария."]
    expect(page.locator("#text")).to_have_value("")


def test_names_and_numbers_are_pointed_out_while_typing_and_gaps_keep_it_here(
    world: World, serve: Serve, enter: Enter
) -> None:
    asker = asks(world, {**URGENT, "situation": "abroad", "region": "kz"})
    desk = serve("anna")
    page = enter(desk)
    takes(page, desk, asker)
    page.fill("#text", "Позвоните: +7 999 123-45-67")
    expect(page.locator("#signs")).to_contain_text("a phone number: +7 999 123-45-67")
    page.fill("#text", "До {deadline} время есть.")
    expect(page.locator("#signs")).to_contain_text("Still to be filled in: {deadline}")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".told.bad").first).to_contain_text("Something is still to be filled in")
    expect(page.locator("#text")).to_have_value("До {deadline} время есть.")
    assert asker.letters() == []


def test_a_template_is_put_in_with_what_the_case_tells(
    world: World, serve: Serve, enter: Enter
) -> None:
    stay = {"situation": "abroad", "region": "kz", "stay_until": date(2026, 12, 1)}
    asker = asks(world, {**URGENT, **stay})
    desk = serve("anna")
    page = enter(desk)
    takes(page, desk, asker)
    page.select_option("select[name=template]", "asylum_deadline")
    page.get_by_role("button", name="Put in").click()
    expect(page.locator("#text")).to_have_value(re.compile("2026-12-01; осталось дней: 9"))
    expect(page.locator("#text")).to_have_value(re.compile("Казахстан"))


def test_what_people_type_is_text_and_nothing_else(
    world: World, serve: Serve, enter: Enter
) -> None:
    nasty = "<img src=x onerror=alert(1)> {{ 7*7 }} \u202egnirts </textarea><script>x</script>"
    asker = asks(world, {**URGENT, "note": nasty})
    asker.write(nasty)
    desk = serve("anna")
    page = enter(desk)
    takes(page, desk, asker)
    expect(page.locator(".story .typed", has_text="onerror")).to_contain_text("{{ 7*7 }}")
    assert "\u202e" not in page.content()
    answers(page, "<script>x</script></textarea>")
    expect(page.locator(".item.ours")).to_contain_text("<script>x</script>")
    assert page.locator("img").count() == 0


def test_the_level_is_changed_with_a_reason_and_a_case_erased_only_by_its_number(
    world: World, serve: Serve, enter: Enter
) -> None:
    asker = asks(world)
    desk = serve("anna")
    page = enter(desk)
    takes(page, desk, asker)
    act(page, "Change the level")
    page.locator("input[name=level][value=P0]").check()
    page.fill("#reason", "Стучат в дверь.")
    page.get_by_role("button", name="Change the level").click()
    expect(page.locator(".level.big")).to_have_text("P0")
    expect(page.locator(".item.inner")).to_contain_text("Стучат в дверь.")
    act(page, "Erase")
    page.eval_on_selector("#confirm", "field => field.removeAttribute('pattern')")
    page.fill("#confirm", "00000000")
    page.get_by_role("button", name="Erase the case").click()
    expect(page.locator(".told.bad").first).to_contain_text("Not erased")
    page.fill("#confirm", asker.case[:8])
    page.get_by_role("button", name="Erase the case").click()
    expect(page.locator(".told.good")).to_contain_text("is erased")
    assert world.wait(world.storage.inboxes.get(asker.inbox.id)) is None


def test_a_draft_of_the_page_is_the_drafts_of_the_command_line(
    world: World, serve: Serve, enter: Enter, tmp_path: Path
) -> None:
    asker = asks(world)
    desk = serve("anna")
    page = enter(desk)
    takes(page, desk, asker)
    page.fill("#text", "Начало.")
    expect(page.locator("#letter-state")).to_have_text("Draft kept, sealed.")
    user = world.desk("anna").desk()
    letters = Letters(user.home, identity_of("anna"), user.random)
    assert letters.load(asker.case) == "Начало."


def test_it_speaks_russian(world: World, serve: Serve, enter: Enter) -> None:
    asks(world)
    page = enter(serve("anna", language="ru"))
    expect(page.locator("h1")).to_have_text("Очередь")
    expect(page.locator("tbody tr")).to_contain_text("осталось")
    assert page.locator("html").get_attribute("lang") == "ru"


def test_on_a_narrow_screen_nothing_is_cut_off(world: World, serve: Serve, enter: Enter) -> None:
    """Every form of an act opened: a colleague with many skills once pushed the rest aside."""
    asker = asks(world, {**URGENT, "note": "Слово" * 60})
    desk = serve("anna", language="ru")
    page = enter(desk)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(desk.case(asker.case))
    page.locator("[data-key=t]").click()
    expect(page.locator(".tag.mine")).to_be_visible()
    cut_off = page.evaluate(
        """() => {
            for (const one of document.querySelectorAll("details")) one.open = true;
            const options = document.querySelectorAll("option");
            for (const one of options) one.textContent += " Юрист".repeat(9);
            return [...document.querySelectorAll("main *:not(option, optgroup)")]
                .filter((one) => one.getBoundingClientRect().right > innerWidth)
                .map((one) => `${one.tagName} ${one.id} ${one.textContent.slice(0, 30)}`);
        }"""
    )
    assert cut_off == []


def test_at_no_width_do_columns_of_the_queue_run_into_each_other(
    world: World, serve: Serve, enter: Enter
) -> None:
    asks(world, URGENT)
    page = enter(serve("anna", language="ru"))
    expect(page.locator("a.case")).to_have_count(1)
    for width in (360, 560, 700, 760, 910, 990):
        page.set_viewport_size({"width": width, "height": 600})
        overfull = page.evaluate(
            """() => [...document.querySelectorAll("td, header.top a")]
                .filter((one) => one.scrollWidth > one.clientWidth + 1 || one.clientHeight > 60)
                .map((one) => one.textContent.trim())"""
        )
        assert overfull == [], width
