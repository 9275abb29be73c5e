"""`tropa-server doctor`: looks at everything the server needs and says what to do about faults.

Changes nothing. A check that depends on one that failed is left out rather than guessed.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from bot.compose import utc_now
from bot.content import Content, load_content
from bot.exposure import exposed
from bot.http import AiohttpRequest
from bot.keyring import ReturnKeys
from bot.line import EPOCH, WARN_DAYS, CannotTell, ending_soon, read_roster, try_keys
from bot.pruning import Need, needs
from bot.settings import Settings, SettingsInvalid, address, load_settings, places_of_secrets
from crypto.kdf import key_id
from crypto.tally import TallyKey
from intake.counting import month_of
from intake.errors import StorageUnavailable, TropaError
from intake.roster import Member, Roster, RosterError, check, days_left
from intake.routing import gaps
from storage.counts import Counts
from storage.migrations import pending
from storage.opening import Storage, open_storage, sqlite_file

PATIENCE: Final = 10.0
"""Seconds until Telegram is out of reach."""

_LOG: Final = (
    "; but PostgreSQL's own log keeps what was re-keyed or erased: see *Moving to PostgreSQL* in "
    "docs/guide-operator.md"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at, and what was found in a sentence."""

    good: bool
    what: str
    words: str


async def examine() -> list[Finding]:
    """All findings, the settings' first."""
    return [finding async for finding in findings()]


def _unseen(_: str) -> None:
    """Where nobody looks on."""


async def findings(look: Callable[[str], None] = _unseen) -> AsyncIterator[Finding]:
    """The same, one after the other; `look` is told what may take long, before it does."""
    try:
        settings = load_settings()
    except SettingsInvalid as error:
        for line in str(error).splitlines():
            yield Finding(False, "settings", line)
        return
    async for finding in _examine(settings, look):
        yield finding


async def _examine(settings: Settings, look: Callable[[str], None]) -> AsyncIterator[Finding]:
    yield _settings(settings)
    yield _credentials(settings)
    look("the database is looked at")
    epoch, others, tables, finding = await _database(settings)
    yield finding
    for other in others:
        yield other
    try:
        content = load_content(settings)
    except TropaError as error:
        yield Finding(False, "form and information", str(error))
    else:
        count = len(content.library)
        words = f"{len(content.form.questions)} questions, {count} information cards"
        yield Finding(True, "form and information", words)
        yield _roster(settings, content, epoch)
        if tables:
            look("the keys of all cases are looked at")
            yield await _case_keys(settings, content)
    look(f"Telegram is asked, at most {PATIENCE:.0f} s at a time")
    yield await _telegram(settings)


def _settings(settings: Settings) -> Finding:
    try:
        address(settings.queue_listen, "QUEUE_LISTEN")
        if settings.webhook_url:
            address(settings.webhook_listen, "WEBHOOK_LISTEN")
            if not settings.webhook_secret.get_secret_value():
                raise SettingsInvalid(
                    "WEBHOOK_SECRET is not set. Make one with: openssl rand -hex 32"
                )
    except SettingsInvalid as error:
        return Finding(False, "settings", str(error))
    way = "webhook" if settings.webhook_url else "polling"
    return Finding(True, "settings", f"complete; updates come by {way}")


def _credentials(settings: Settings) -> Finding:
    try:
        older = len(settings.return_keys().older)
        readable = exposed(places_of_secrets())
    except SettingsInvalid as error:
        return Finding(False, "credentials", str(error))
    if readable:
        return Finding(False, "credentials", ". ".join(readable))
    keys = f"{1 + older} return keys are" if older else "one return key is"
    return Finding(True, "credentials", f"bot token is there; {keys} there")


async def _database(settings: Settings) -> tuple[int, list[Finding], bool, Finding]:
    """The highest epoch seen, what is sealed with which return key, whether all tables are there,
    and the database itself."""
    try:
        file = sqlite_file(settings.database_url)
        if file is not None and not file.exists():
            return 0, [], False, _not_yet_made(file)  # looking at it would make it
        steps = await pending(settings.database_url)
        if steps:
            words = f"reachable; {len(steps)} migrations are done at the next start"
            return 0, [], False, Finding(True, "database", words)
        storage = await open_storage(settings.database_url)
        try:
            epoch = await storage.facts.get(EPOCH) or 0
            sealed = await _keys(settings, storage)
            log = "" if await storage.database.ends_log() else _LOG
        finally:
            await storage.close()
    except StorageUnavailable as error:
        return 0, [], False, Finding(False, "database", str(error))
    return epoch, sealed, True, Finding(True, "database", "reachable and up to date" + log)


async def _keys(settings: Settings, storage: Storage) -> list[Finding]:
    try:
        keys = settings.return_keys()
    except SettingsInvalid:
        return []
    found = []
    if keys.older:
        needed = await needs(keys, storage, utc_now().date())
        found.append(Finding(True, "older return keys", _older(needed)))
    strange = await _sealed_with_another(keys, storage.counts)
    if strange:
        found.append(Finding(False, "counts", _sealed_otherwise(strange)))
    return found


def _older(found: list[Need]) -> str:
    kept = [need.words for need in found if need.reasons]
    gone = len(found) - len(kept)
    can = [f"{gone} can go: tropa-server credentials prune DIR"] if gone else []
    return ". ".join([*can, *(f"still needed, {words}" for words in kept)])


async def _sealed_with_another(keys: ReturnKeys, counts: Counts) -> list[str]:
    """Months that are not released yet, and hold counts of a return key that is not here."""
    names = {TallyKey(key).name for key in (keys.current, *keys.older)}
    running = month_of(utc_now())
    return [
        month
        for month in (*await counts.due(running), running)
        if any(key not in names for key, _ in await counts.tallies(month))
    ]


def _sealed_otherwise(months: list[str]) -> str:
    return (
        f"what was counted in {', '.join(months)} was sealed with a RETURN_KEY that is not here, "
        "wholly or in part. Put that key below the first one: else these months will be hidden "
        "whole."
    )


def _not_yet_made(file: Path) -> Finding:
    folder = file.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        words = (
            f"the folder {folder} is not there or cannot be written. Make it, give it to the "
            "server's user, or check DATABASE_URL."
        )
        return Finding(False, "database", words)
    return Finding(True, "database", "will be made at the first start; its folder can be written")


def _roster(settings: Settings, content: Content, epoch: int) -> Finding:
    now = utc_now()
    try:
        roster, _ = read_roster(settings.roster, content.organisation)
        check(roster, now, epoch)
        try_keys(roster)
    except RosterError as error:
        return Finding(False, "roster", str(error))
    except CannotTell:
        words = "cannot be read now: the machine is short of memory or of open files."
        return Finding(False, "roster", words)
    if roster.form != content.form.digest:
        words = "does not name the form in FORM. Sign that form: tropa roster form, roster sign."
        return Finding(False, "roster", words)
    current = roster.current(now)
    if not any(member.opens_cases for member in current):
        words = "has no volunteer and no lead whose time on it runs. Add one and sign it."
        return Finding(False, "roster", words)
    words = f"epoch {roster.epoch}, {len(current)} members, valid for {days_left(roster, now)} days"
    return Finding(True, "roster", words + _endings(roster, now) + _gaps(content, current))


def _endings(roster: Roster, now: datetime) -> str:
    """What ends soon. A server that goes on as it is would find itself closed."""
    words = ""
    if days_left(roster, now) < WARN_DAYS:
        words += "; have it extended and signed (tropa roster extend)"
    ending, over = len(ending_soon(roster, now)), len(roster.members) - len(roster.current(now))
    if ending:
        words += f"; the time of {ending} of them ends within {WARN_DAYS} days"
    if over:
        words += f"; that of {over} more is over"
    return words + (" (tropa roster show says whose)" if ending or over else "")


async def _case_keys(settings: Settings, content: Content) -> Finding:
    """How many cases cannot be opened, or could be by somebody who left."""
    try:
        roster, _ = read_roster(settings.roster, content.organisation)
        storage = await open_storage(settings.database_url)
        try:
            members = {key_id(member.sealing_key) for member in roster.members}
            found = await storage.rosters.outlook(members)
        finally:
            await storage.close()
    except (RosterError, CannotTell, StorageUnavailable):
        return Finding(False, "keys", "cannot be looked at before roster and database are right.")
    words = f"{found.to_rekey} cases wait to be re-keyed"
    if found.to_rekey:
        words += ": somebody could open them who left the roster (a lead gives: tropa rekey)"
    if found.closed_to_all:
        closed = (
            f"{found.closed_to_all} cases can be opened by nobody on the roster. Have the "
            "organisation put back whoever could (tropa roster add), and let her hand them over"
        )
        return Finding(False, "keys", f"{closed}; {words}")
    return Finding(True, "keys", words)


def _gaps(content: Content, members: Sequence[Member]) -> str:
    """What nobody covers: such cases go to volunteers who lack the skill or the language."""
    found = gaps(content.form, members)
    if not found:
        return ""
    listed = ", ".join(f"{skill} in {language}" for skill, language in found)
    return f"; there is no lead, and nobody fits for: {listed}. Such cases go to all volunteers"


async def _telegram(settings: Settings) -> Finding:
    request = AiohttpRequest(timeout=PATIENCE)
    await request.initialize()
    base = f"{settings.telegram_api_url.rstrip('/')}/bot"
    token = settings.telegram_token.get_secret_value()
    try:
        me = await Bot(token, base_url=base, request=request, get_updates_request=request).get_me()
    except InvalidToken:
        return Finding(False, "Telegram", "does not know TELEGRAM_TOKEN. Copy it from BotFather.")
    except TelegramError:
        words = f"{settings.telegram_api_url} does not answer. Check TELEGRAM_API_URL and the net."
        return Finding(False, "Telegram", words)
    finally:
        await request.shutdown()
        await asyncio.sleep(0)
    return Finding(True, "Telegram", f"reachable; the bot is @{me.username}")
