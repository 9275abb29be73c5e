"""Times and states in words: how long something waits, when one may write, how a case ended."""

from datetime import datetime, timedelta

from desk.language import Language
from intake.case import ContactRule
from intake.records import Outcome
from intake.warnings import Sign

HOUR = timedelta(hours=1)
TWO_DAYS = timedelta(hours=48)


def span(language: Language, length: timedelta) -> str:
    """A length of time, coarse enough to be read at a glance."""
    if length < HOUR:
        return language.say("{n} min", n=max(0, int(length.total_seconds() // 60)))
    if length < TWO_DAYS:
        return language.say("{n} h", n=int(length / HOUR))
    return language.count("{n} day", "{n} days", length.days)


def waiting(language: Language, received: datetime, now: datetime) -> str:
    """Since when it waits. The server knows the hour only, so less than one stays unsaid."""
    waited = now - received
    return language.say("under 1 h") if waited < HOUR else span(language, waited)


def promise(language: Language, by: datetime, now: datetime) -> str:
    """What is left of the time in which an answer was promised."""
    if now >= by:
        return language.say("late by {span}", span=span(language, now - by))
    return language.say("{span} left", span=span(language, by - now))


def days(language: Language, left: int) -> str:
    """Days to a deadline, counted down and past it."""
    if left > 0:
        return language.count("{n} day left", "{n} days left", left)
    if left == 0:
        return language.say("today is the last day")
    return language.count("over for {n} day", "over for {n} days", -left)


def contact(language: Language, rule: ContactRule) -> str:
    """When the person may be written to first."""
    if rule.hours is None:
        return language.say("Only after the person wrote. Never first.")
    if len(rule.hours) == 24:
        return language.say("At any time.")
    return language.say("Between {hours} UTC.", hours=", ".join(_ranges(rule.hours)))


def _ranges(hours: frozenset[int]) -> list[str]:
    """Runs of hours as from-to, one over midnight in one piece."""
    starts = sorted(hour for hour in hours if (hour - 1) % 24 not in hours)
    return [f"{start:02}:00-{_end(hours, start):02}:00" for start in starts]


def _end(hours: frozenset[int], start: int) -> int:
    end = start
    while end % 24 in hours:
        end += 1
    return end % 24


def reply_state(language: Language, state: str) -> str:
    """What became of a reply."""
    words = {
        "inbox": language.say("lies in the inbox until the person looks"),
        "waiting": language.say("waits to be announced"),
        "sent": language.say("announced, not read yet"),
        "read": language.say("read"),
        "unreachable": language.say("the chat cannot be reached; lies in the inbox"),
    }
    return words.get(state, state)


def outcome(language: Language, how: Outcome) -> str:
    """How a case ended."""
    words = {
        Outcome.INFORMED: language.say("Informed"),
        Outcome.REFERRED: language.say("Referred to others"),
        Outcome.LEGAL_HELP: language.say("Legal help given"),
        Outcome.SAFE: language.say("Reached safety"),
        Outcome.ASYLUM_FILED: language.say("Asylum filed"),
        Outcome.ASYLUM_GRANTED: language.say("Asylum granted"),
        Outcome.UNREACHABLE: language.say("Cannot be reached any more"),
        Outcome.WITHDREW: language.say("Does not want help any more"),
        Outcome.NOT_ELIGIBLE: language.say("Not what we can help with"),
        Outcome.HOSTILE: language.say("Suspected hostile"),
        Outcome.DUPLICATE: language.say("Duplicate"),
    }
    return words[how]


def sign(language: Language, found: Sign) -> str:
    """What a passage seems to hold."""
    words = {
        Sign.PHONE: language.say("a phone number"),
        Sign.COORDINATES: language.say("a place"),
        Sign.UNIT: language.say("a military unit"),
        Sign.NAME: language.say("a name"),
    }
    return words[found]
