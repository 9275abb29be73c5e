"""A signed request is good for what was signed, by whom, and for about a minute."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import BadFormat, Forged, NotTrusted, Stale, UnknownKey, Unsigned
from crypto.requests import SKEW, Verified, sign_request, verify_request
from tests.crypto.samples import identity, secret

NOW = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
AGE = timedelta(seconds=60)
LAWYER = identity("lawyer")
NONCE = secret("nonce")[:16]
URL = "http://desk.example/v1/cases/00ff/take?why=one%20case"
BODY = b'{"v":1}'
KEYS = {LAWYER.key_id: LAWYER.signing_public}
POST = sign_request("POST", URL, BODY, LAWYER, LAWYER.key_id, NOW, NONCE)


@dataclass
class Message:
    method: str
    url: str
    headers: dict[str, str]


def check(
    method: str = "POST",
    url: str = URL,
    body: bytes = BODY,
    now: datetime = NOW,
    headers: dict[str, str] = POST,
    key: Callable[[str], bytes | None] = KEYS.get,
) -> Verified:
    return verify_request(method, url, headers, body, key, now, AGE)


def test_a_request_is_by_whom_it_says_and_its_nonce_is_told() -> None:
    nonce = base64.urlsafe_b64encode(NONCE).decode().rstrip("=")
    assert check() == Verified(LAWYER.key_id, nonce)


def test_the_server_may_know_the_path_alone() -> None:
    assert check(url="/v1/cases/00ff/take?why=one%20case").key_id == LAWYER.key_id


def test_the_name_by_which_the_server_was_called_does_not_matter() -> None:
    assert check(url=URL.replace("desk.example", "abcd.onion:81")).key_id == LAWYER.key_id


def test_names_of_headers_may_come_in_any_case() -> None:
    assert check(headers={name.lower(): text for name, text in POST.items()}).key_id


def test_the_signature_is_the_one_rfc_9421_describes() -> None:
    """The signature base written out by hand, checked with Ed25519 alone."""
    parameters = POST["Signature-Input"].removeprefix("tropa=")
    base = (
        '"@method": POST\n'
        '"@path": /v1/cases/00ff/take\n'
        '"@query": ?why=one%20case\n'
        f'"content-digest": {POST["Content-Digest"]}\n'
        f'"@signature-params": {parameters}'
    )
    signature = base64.b64decode(POST["Signature"].removeprefix("tropa=:").removesuffix(":"))
    Ed25519PublicKey.from_public_bytes(LAWYER.signing_public).verify(signature, base.encode())
    assert parameters == (
        '("@method" "@path" "@query" "content-digest")'
        f';created={int(NOW.timestamp())};keyid="{LAWYER.key_id}";alg="ed25519"'
        f';nonce="{check().nonce}";tag="tropa"'
    )


@given(st.integers(-10_000, 10_000))
def test_age_is_bounded_both_ways(seconds: int) -> None:
    age = timedelta(seconds=seconds)
    if -SKEW <= age <= AGE + SKEW:
        assert check(now=NOW + age)
    else:
        with pytest.raises(Stale, match=f"{abs(seconds)} seconds"):
            check(now=NOW + age)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"method": "GET"}, Forged),
        ({"url": URL.replace("00ff", "00fe")}, Forged),
        ({"url": URL.replace("/take", "/release")}, Forged),
        ({"url": URL.split("?")[0]}, Forged),
        ({"url": URL.replace("%20", "+")}, Forged),
        ({"body": b'{"v":2}'}, Forged),
        ({"body": b""}, Forged),
        ({"headers": {}}, Unsigned),
        ({"headers": {"Signature": POST["Signature"]}}, Unsigned),
        ({"key": lambda _: None}, UnknownKey),
        ({"key": lambda _: identity("medic").signing_public}, Forged),
        ({"key": lambda _: b"short"}, Forged),
    ],
)
def test_anything_else_is_refused_for_its_reason(
    change: dict[str, object], error: type[NotTrusted]
) -> None:
    with pytest.raises(error) as caught:
        check(**change)  # type: ignore[arg-type]
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"@method" ', ""),
        ('"@path" ', ""),
        ('"@query" ', ""),
        (' "content-digest"', ""),
        ('tag="tropa"', 'tag="other"'),
        (';tag="tropa"', ""),
        ('alg="ed25519"', 'alg="hmac-sha256"'),
        (';alg="ed25519"', ""),
        ("created=", "created=1"),
        ("created=", "expires="),
        ("created=1800000000", "created=99999999999999"),
        ('nonce="', 'nonce="AA'),
        ("tropa=(", "other=("),
        ("tropa=(", "tropa=(("),
    ],
)
def test_what_the_signature_says_of_itself_cannot_be_changed(old: str, new: str) -> None:
    changed = POST | {"Signature-Input": POST["Signature-Input"].replace(old, new, 1)}
    assert changed != POST
    with pytest.raises((Forged, Stale)):
        check(headers=changed)


@given(st.text(max_size=80), st.text(max_size=80))
def test_whatever_stands_in_the_headers_is_refused_in_our_words(one: str, two: str) -> None:
    for headers in (
        {"Signature": one, "Signature-Input": two},
        POST | {"Signature-Input": two},
        POST | {"Signature": one},
        POST | {"Content-Digest": one},
    ):
        with pytest.raises(NotTrusted):
            check(headers=headers)


def test_a_second_signature_makes_neither_count() -> None:
    other = sign_request("POST", URL, BODY, identity("medic"), "medic", NOW, NONCE)
    both = POST | {
        name: f"{POST[name]}, {other[name].replace('tropa=', 'also=', 1)}"
        for name in ("Signature", "Signature-Input")
    }
    keys = KEYS | {"medic": identity("medic").signing_public}
    with pytest.raises(Forged):
        check(headers=both, key=keys.get)


@pytest.mark.parametrize(
    ("nonce", "covered"),
    [
        (None, ("@method", "@path", "@query")),
        ("", ("@method", "@path", "@query")),
        ("n" * 21, ("@method", "@path", "@query")),
        ("n" * 22, ("@path", "@query")),
        ("n" * 22, ("@method", "@query")),
        ("n" * 22, ("@method", "@path")),
        ("n" * 22, ()),
    ],
)
def test_a_good_signature_that_says_less_than_the_protocol_asks_is_refused(
    nonce: str | None, covered: tuple[str, ...]
) -> None:
    assert check(method="GET", body=b"", headers=signed("n" * 22, ("@method", "@path", "@query")))
    with pytest.raises(Forged):
        check(method="GET", body=b"", headers=signed(nonce, covered))


def signed(nonce: str | None, covered: tuple[str, ...]) -> dict[str, str]:
    """The headers of a signature by the right key over whatever is asked."""
    message = Message("GET", URL, {})
    own = MappingKeyResolver(public_keys={}, private_keys={LAWYER.key_id: LAWYER.signing_private})
    HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=own).sign(
        message,
        key_id=LAWYER.key_id,
        created=NOW,
        nonce=nonce,
        tag="tropa",
        covered_component_ids=covered,
    )
    return message.headers


def test_an_empty_body_is_no_body() -> None:
    for body in (None, b""):
        headers = sign_request("GET", URL, body, LAWYER, LAWYER.key_id, NOW, NONCE)
        assert "Content-Digest" not in headers
        assert check(method="GET", body=b"", headers=headers)
        with pytest.raises(Forged):
            check(method="GET", body=b"{}", headers=headers)


def test_a_nonce_is_long_enough_never_to_come_twice() -> None:
    with pytest.raises(BadFormat):
        sign_request("GET", URL, None, LAWYER, LAWYER.key_id, NOW, b"short")


@pytest.mark.parametrize("url", ["", "/v1/queue", "http://a/ b", "http://ä/", "queue"])
def test_only_a_whole_encoded_address_is_signed(url: str) -> None:
    with pytest.raises(BadFormat, match="address"):
        sign_request("GET", url, None, LAWYER, LAWYER.key_id, NOW, NONCE)


@pytest.mark.parametrize("url", ["*", "desk.example:80", "http://a/ b", "/ä"])
def test_a_target_that_is_no_address_is_refused_in_our_words(url: str) -> None:
    with pytest.raises(Forged):
        check(url=url)
