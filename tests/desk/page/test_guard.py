"""Who gets nothing from the page: other machines, names, origins, sessions, and second comers."""

import re
import socket
import stat
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from desk.page import command
from desk.page.guard import HEADERS
from desk.page.queue_page import QueuePage
from desk.page.session import Session
from tests.desk.page.desks import Served
from tests.desk.world import PASSPHRASE, World

Serve = Callable[..., Served]


@pytest.fixture
def desk(serve: Serve) -> Served:
    return serve("anna")


@pytest.fixture
def visitor(desk: Served) -> Iterator[httpx.Client]:
    """A browser that has entered: it has the cookie, and knows the path."""
    with httpx.Client(base_url=desk.root, trust_env=False, timeout=60) as client:
        assert client.get(desk.session.address).status_code == 200
        yield client


def post(client: httpx.Client, desk: Served, path: str, **more: Any) -> httpx.Response:
    """As the page's own forms do."""
    fields = {"mark": desk.session.mark} | more.pop("fields", {})
    headers = {"Origin": desk.root, "Sec-Fetch-Site": "same-origin"} | more.pop("headers", {})
    return client.post(f"{desk.home}{path}", data=fields, headers=headers)


def unlock(client: httpx.Client, desk: Served) -> None:
    answer = post(client, desk, "unlock", fields={"passphrase": PASSPHRASE, "next": "/"})
    assert answer.status_code == 303


def test_the_printed_address_opens_the_page_once(desk: Served) -> None:
    address = desk.session.address
    with httpx.Client(trust_env=False) as first, httpx.Client(trust_env=False) as second:
        assert first.get(address).status_code == 200
        assert first.get(desk.home).status_code == 423
        again = second.get(address)
        assert again.status_code == 403
        assert "set-cookie" not in again.headers
        assert second.get(desk.home).status_code == 403


def test_a_wrong_token_opens_nothing_and_leaves_the_right_one_good(desk: Served) -> None:
    with httpx.Client(trust_env=False) as client:
        assert client.get(f"{desk.root}/enter/{'a' * 32}").status_code == 403
        assert client.get(desk.session.address).status_code == 200


def test_the_cookie_is_out_of_reach_of_scripts_other_sites_and_other_ports(desk: Served) -> None:
    cookie = httpx.get(desk.session.address, trust_env=False).headers["set-cookie"]
    assert cookie.startswith(f"tropa_{desk.session.port}=")
    for part in ("HttpOnly", "SameSite=strict", f"Path={desk.session.place}/"):
        assert part in cookie
    assert "Domain" not in cookie


def test_the_cookie_alone_opens_nothing_without_the_path(
    desk: Served, visitor: httpx.Client
) -> None:
    cookie = {"Cookie": f"{desk.session.cookie_name}={desk.session.cookie()}"}
    for path in ("/", "/quiet/state", "/static/desk.css", "/cases/" + "0" * 32):
        assert visitor.get(path, headers=cookie).status_code == 404


def test_a_cookie_that_another_program_put_beside_ours_shuts_nobody_out(desk: Served) -> None:
    httpx.get(desk.session.address, trust_env=False)
    name, own = desk.session.cookie_name, desk.session.cookie()
    for cookies, status in (
        (f"{name}={own}; {name}=x", 423),
        (f"{name}=x; other=1; {name}={own}", 423),
        (f"{name}=x", 403),
        (f"{name}x={own}", 403),
        (name, 403),
        ("", 403),
    ):
        answer = httpx.get(desk.home, headers={"Cookie": cookies}, trust_env=False)
        assert answer.status_code == status, cookies


@pytest.mark.parametrize(
    "path", ["", "help", "quiet/state", "quiet/queue", "static/desk.js", "static/desk.css"]
)
def test_without_the_cookie_not_even_the_stylesheet_is_read(desk: Served, path: str) -> None:
    httpx.get(desk.session.address, trust_env=False)
    answer = httpx.get(desk.home + path, trust_env=False)
    assert answer.status_code == 403
    assert desk.session.place not in answer.text


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost",
        "[::1]:{port}",
        "127.0.0.1:{port}.evil.example",
        "0.0.0.0:{port}",
    ],
)
def test_a_name_that_only_points_here_is_refused(
    desk: Served, visitor: httpx.Client, host: str
) -> None:
    named = host.format(port=desk.session.port)
    assert visitor.get(desk.home, headers={"Host": named}).status_code == 403
    address = desk.session.address
    assert visitor.get(address, headers={"Host": named}).status_code == 403


def test_two_host_headers_are_refused(desk: Served) -> None:
    with socket.create_connection(("127.0.0.1", desk.session.port)) as line:
        here = f"127.0.0.1:{desk.session.port}"
        line.sendall(f"GET / HTTP/1.1\r\nHost: {here}\r\nHost: {here}\r\n\r\n".encode())
        assert line.recv(200).split()[1] in (b"400", b"403")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_another_page_asks_for_is_refused_even_with_the_cookie(
    desk: Served, visitor: httpx.Client, site: str
) -> None:
    unlock(visitor, desk)
    headers = {"Sec-Fetch-Site": site}
    for path in ("", "quiet/queue", "quiet/state", "static/desk.js", "help"):
        assert visitor.get(desk.home + path, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "same-site"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/json"},
    ],
)
def test_a_form_that_is_not_ours_does_nothing(
    desk: Served, visitor: httpx.Client, headers: dict[str, str]
) -> None:
    unlock(visitor, desk)
    assert post(visitor, desk, "lock", headers=headers).status_code == 403
    assert not desk.session.locked


def test_a_form_without_an_origin_or_without_the_mark_does_nothing(
    desk: Served, visitor: httpx.Client
) -> None:
    unlock(visitor, desk)
    fields = {"mark": desk.session.mark}
    assert visitor.post(f"{desk.home}lock", data=fields).status_code == 403
    for mark in ("", "x" * 32):
        assert post(visitor, desk, "lock", fields={"mark": mark}).status_code in (403, 404)
    assert not desk.session.locked


def test_localhost_is_the_same_page_but_another_origin(desk: Served) -> None:
    named = f"http://localhost:{desk.session.port}"
    with httpx.Client(trust_env=False) as client:
        address = desk.session.address.replace("127.0.0.1", "localhost")
        assert client.get(address).status_code == 200
        home = desk.home.replace("127.0.0.1", "localhost")
        assert client.get(home).status_code == 423
        fields = {"mark": desk.session.mark}
        crossed = client.post(f"{home}lock", data=fields, headers={"Origin": desk.root})
        assert crossed.status_code == 403
        own = client.post(f"{home}lock", data=fields, headers={"Origin": named})
        assert own.status_code == 303


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"])
def test_other_methods_are_refused(desk: Served, visitor: httpx.Client, method: str) -> None:
    answer = visitor.request(method, desk.home, headers={"Origin": desk.root})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_a_form_larger_than_any_of_ours_is_refused_unread(
    desk: Served, visitor: httpx.Client
) -> None:
    assert post(visitor, desk, "lock", fields={"text": "x" * 200_000}).status_code == 403


def test_every_answer_forbids_reading_framing_keeping_and_guessing(
    desk: Served, visitor: httpx.Client
) -> None:
    paths = (desk.home, f"{desk.home}static/desk.js", f"{desk.root}/nothing", desk.session.address)
    for path in paths:
        answer = visitor.get(path)
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, path
        assert "server" not in answer.headers
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_nothing_in_the_page_comes_from_another_host_or_stands_inline(
    desk: Served, visitor: httpx.Client
) -> None:
    unlock(visitor, desk)
    for path in ("", "help", "static/desk.js", "static/desk.css"):
        text = visitor.get(desk.home + path).text
        assert "//" not in text.replace("http://www.w3.org", "") or path.startswith("static")
        assert "https:" not in text
        assert "onclick" not in text
        assert " style=" not in text
        assert "<style" not in text


def test_no_convenience_of_the_browser_is_asked_to_send_a_text_elsewhere(
    desk: Served, visitor: httpx.Client
) -> None:
    """Translating, checking the spelling and suggesting words are done by others' machines."""
    unlock(visitor, desk)
    text = visitor.get(desk.home).text
    assert re.search(r'<html [^>]*translate="no"', text)
    assert '<meta name="google" content="notranslate">' in text
    assert re.search(r'<body [^>]*spellcheck="false" writingsuggestions="false"', text)


def test_only_the_loopback_address_listens(desk: Served) -> None:
    with command._listen(0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"
    for address in ("127.0.0.2", "::1"):
        with pytest.raises(OSError, match=r"."):
            socket.create_connection((address, desk.session.port), timeout=1)


def test_a_port_that_is_taken_is_told(desk: Served, world: World) -> None:
    ran = world.desk("anna").run("desk", "--no-browser", "--port", str(desk.session.port))
    assert ran.code == 1
    assert "is taken" in ran.all


def test_the_browser_is_led_by_a_file_of_its_owner_and_not_by_arguments(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    class Browser:
        def open(self, address: str) -> None:
            opened.append(address)

    monkeypatch.setattr(webbrowser, "get", Browser)
    ended: list[Session] = []

    def at_once(session: Session, _: socket.socket) -> None:
        page = Path(opened[0].removeprefix("file://"))
        assert stat.S_IMODE(page.stat().st_mode) == 0o600
        assert session.address in page.read_text()
        ended.append(session)

    monkeypatch.setattr(command, "serve", at_once)
    ran = world.desk("anna").run("desk")
    assert ran.code == 0, ran.all
    assert ended[0].address in ran.out
    assert ended[0].address not in opened[0]
    assert not Path(opened[0].removeprefix("file://")).exists()


def test_an_unknown_fault_is_told_without_anything_of_a_case(
    desk: Served, visitor: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlock(visitor, desk)

    def breaks(*_: object) -> None:
        raise KeyError("what the person said")

    monkeypatch.setattr(QueuePage, "_ask", breaks)
    answer = visitor.get(desk.home)
    assert answer.status_code == 409
    assert "KeyError" in answer.text
    assert "what the person said" not in answer.text
    assert "Traceback" not in answer.text
