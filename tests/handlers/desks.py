"""A desk in a test: any request, signed as a member would, also the ones that no desk sends."""

import os
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import httpx

from crypto.identity import Identity
from crypto.requests import sign_request
from crypto.sealing import Context, seal_record, wrap_case_key
from crypto.token import TOKEN_BYTES
from intake.shapes import encoded
from tests.desk.world import World, identity_of

NOWHERE = "0" * 32
"""The id of no case."""


def ask(
    world: World,
    who: str | Identity,
    path: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    ago: float = 0,
    nonce: bytes | None = None,
    sent: Mapping[str, Any] = MappingProxyType({}),
) -> httpx.Response:
    """A signed request; `sent` is what goes out in place of what was signed."""
    identity = identity_of(who) if isinstance(who, str) else who
    url = world.url + path
    created = world.time() - timedelta(seconds=ago)
    headers = sign_request(
        method, url, body, identity, identity.key_id, created, nonce or os.urandom(16)
    )
    return httpx.request(
        sent.get("method", method),
        world.url + sent.get("path", path),
        content=sent.get("body", body),
        headers=headers | sent.get("headers", {}),
        trust_env=False,
    )


def refused(response: httpx.Response, status: int, reason: str) -> str:
    """The sentence of a refusal, after checking that it is one."""
    assert response.status_code == status, response.text[:300]
    assert response.headers["Content-Type"].startswith("application/json")
    assert response.json()["reason"] == reason
    sentence: str = response.json()["error"]
    assert "Traceback" not in response.text
    return sentence


def done(response: httpx.Response) -> Any:
    """The body of an answer, after checking that it is no refusal."""
    assert response.status_code == 200, response.text[:300]
    return response.json()


def part(world: World, case: str, number: int, kind: str = "note", text: str = "x") -> Any:
    """A record as a desk seals it, in JSON. What it says is nobody's business here."""
    header = world.header(case)
    place = Context(header.id, number, kind, header.form, header.epoch)
    sealed = seal_record(world.keys[case].public, place, text.encode()).data
    return {"number": number, "kind": kind, "sealed": encoded(sealed)}


def letter(world: World, case: str) -> str:
    """Something sealed that is as long as a letter is."""
    sealed: str = part(world, case, 1, "letter")["sealed"]
    return sealed


def wrap(world: World, case: str, who: str) -> str:
    """The key of the case wrapped to somebody, as a desk makes it."""
    header, member = world.header(case), identity_of(who)
    key = world.keys[case]
    return encoded(wrap_case_key(key, member.sealing_public, header.id, header.epoch).data)


def token() -> str:
    """As long as a return token; only the bot could tell that it is none."""
    return encoded(os.urandom(TOKEN_BYTES))


def key(who: str) -> str:
    return identity_of(who).key_id
