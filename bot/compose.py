"""The composition root: from settings to a server whose parts know each other only by ports."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from telegram import Bot

from bot.alerts import Alerts
from bot.cases import CaseMaker
from bot.charts import Charts
from bot.content import Content
from bot.counting import Counting
from bot.counts import CountsDesk
from bot.drafts import SealedDrafts
from bot.http import AiohttpRequest
from bot.inboxes import SealedInboxes
from bot.key_parts import key_parts
from bot.key_uses import KeyUses
from bot.line import RosterLine
from bot.links import VolunteerLinks
from bot.locks import Locks
from bot.messenger import TelegramMessenger
from bot.outbox import Delivery
from bot.settings import Settings
from bot.source import UpdateSource
from bot.tokens import Tokens
from bot.updates import Updates
from crypto.errors import CryptoError
from crypto.kdf import key_id
from crypto.linked import LinkedChats
from crypto.padding import is_padded_size
from crypto.requests import verify_request
from crypto.sealing import OVERHEAD, WRAP_BYTES
from crypto.tally import TallyKey
from crypto.token import TOKEN_BYTES
from handlers.chats import Chats
from handlers.conversation import Conversation
from handlers.coordinators import Coordinators
from handlers.groups import Groups
from handlers.handing import Handing
from handlers.painter import Painter
from handlers.queue_parts import Faults, Lengths, Parts
from handlers.reception import Reception
from handlers.texts import Texts
from handlers.volunteers import Volunteers
from intake.clock import Clock
from storage.errors import (
    Full,
    HeldByOther,
    Moved,
    NotWhole,
    NoWrap,
    StorageUnavailable,
    UnknownCase,
)
from storage.opening import Storage

Pause = Callable[[float], Awaitable[None]]


def utc_now() -> datetime:
    """The present instant; the one place that asks the system for it."""
    return datetime.now(UTC)  # noqa: TID251


@dataclass(frozen=True, slots=True)
class Server:
    """The parts that are run; `bot.service` runs them."""

    settings: Settings
    storage: Storage
    line: RosterLine
    bot: Bot
    request: AiohttpRequest
    source: UpdateSource
    updates: Updates
    conversation: Conversation
    painter: Painter
    delivery: Delivery
    links: VolunteerLinks
    volunteers: Volunteers
    handing: Handing
    alerts: Alerts
    counts: CountsDesk
    uses: KeyUses
    texts: Texts
    queue: Parts
    clock: Clock
    pause: Pause


def compose(
    settings: Settings,
    content: Content,
    storage: Storage,
    clock: Clock = utc_now,
    pause: Pause = asyncio.sleep,
) -> Server:
    """A server on these settings; nothing is started yet."""
    request = AiohttpRequest()
    base = f"{settings.telegram_api_url.rstrip('/')}/bot"
    token = settings.telegram_token.get_secret_value()
    bot = Bot(token, base_url=base, request=request, get_updates_request=request)
    texts = Texts.load("bot")
    line = RosterLine(settings.roster, content, storage.facts, storage.rosters, clock)
    keys = settings.return_keys()
    older = tuple(TallyKey(key) for key in keys.older)
    counting = Counting(content.form, TallyKey(keys.current), os.urandom, older)
    maker = CaseMaker(content.form, counting, line.roster, keys.current, clock, random=os.urandom)
    locks, tokens = Locks(os.urandom), Tokens(keys.current, os.urandom, keys.older)
    messenger, chats = TelegramMessenger(f"{base}{token}", request), Chats()
    painter = Painter(messenger, pause)
    links = VolunteerLinks(
        storage.links,
        storage.nonces,
        LinkedChats(keys.current),
        line.roster,
        clock,
        os.urandom,
        tuple(LinkedChats(key) for key in keys.older),
    )
    alerts = Alerts(
        storage.cases, links, content.form, messenger, painter, chats, texts, clock, pause
    )
    drafts = SealedDrafts(
        storage.drafts,
        storage.cases,
        storage.inboxes,
        maker,
        locks,
        clock,
        os.urandom,
        came_in=alerts.wake,
    )
    inboxes = SealedInboxes(
        storage.inboxes,
        storage.drafts,
        content.form,
        tokens,
        locks,
        clock,
        os.urandom,
        came_in=alerts.wake,
    )
    groups = Groups(messenger, texts, clock)
    conversation = Conversation(line, drafts, inboxes, painter, groups, chats, texts, clock)
    delivery = Delivery(
        storage.outbox,
        storage.inboxes,
        tokens,
        chats,
        painter,
        conversation.renew_inbox,
        texts,
        clock,
        pause,
    )
    counts = CountsDesk(
        storage.counts, storage.cases, counting, settings.rules(), line.roster, clock
    )
    queue = _queue(line, content, storage, clock, delivery.wake, counting, counts)
    handing = Handing(messenger, painter, clock, pause)
    volunteers = Volunteers(
        links,
        queue,
        Coordinators(counts.shown, Texts.load("counts"), Charts(), line.ends_soon),
        painter,
        handing,
        chats,
        texts,
        content.form.languages,
    )
    return Server(
        settings,
        storage,
        line,
        bot,
        request,
        UpdateSource(f"{base}{token}", request, pause),
        Updates(Reception(conversation, volunteers), pause),
        conversation,
        painter,
        delivery,
        links,
        volunteers,
        handing,
        alerts,
        counts,
        KeyUses(storage.facts, keys, clock),
        texts,
        queue,
        clock,
        pause,
    )


def _queue(
    line: RosterLine,
    content: Content,
    storage: Storage,
    clock: Clock,
    posted: Callable[[], None],
    counting: Counting,
    counts: CountsDesk,
) -> Parts:
    return Parts(
        verify=verify_request,
        key_id=key_id,
        cases=storage.cases,
        nonces=storage.nonces,
        roster=line.roster,
        envelope=lambda: line.envelope or None,
        form=content.forms.get,
        promised=content.form.urgency.targets.__getitem__,
        lengths=Lengths(lambda size: is_padded_size(size - OVERHEAD), WRAP_BYTES, TOKEN_BYTES),
        posted=posted,
        counting=counting,
        counts=counts.shown,
        clock=clock,
        faults=Faults(
            CryptoError, UnknownCase, HeldByOther, StorageUnavailable, Full, Moved, NoWrap, NotWhole
        ),
        keys=key_parts(storage, line.publish),
    )
