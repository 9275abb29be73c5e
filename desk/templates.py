"""Ready sentences for replies: files of the organisation and of this desk, by topic and language.

A placeholder in braces is filled from the case. One that the case does not tell, or that nobody
knows, stays in the text for the volunteer to fill; `desk.answering` sends nothing that has one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from desk.answering import PLACEHOLDER
from desk.errors import DeskError
from desk.home import Home, read_file
from desk.reading import Contents
from intake.lined import Fault, FileError, read
from intake.questions import Form
from intake.reading import answer_text, deadlines
from intake.records import LONGEST
from intake.words import Words

SHIPPED = Path(__file__).resolve().parent.parent / "forms" / "replies"
FOLDER = "replies"
"""In the desk's own folder: a file there stands in for the shipped one of the same name."""

REGION = "region"
"""The id of the question for the country; a form need not have it."""

FACTS = ("deadline", "days_left", "country", "organisation")
"""What a placeholder may be."""


@dataclass(frozen=True, slots=True)
class Template:
    """`title` is for the volunteer, `text` for the person."""

    id: str
    topic: str
    title: Words
    text: Words


@dataclass(frozen=True, slots=True, repr=False)
class Filled:
    """A text ready to be looked at. `missing`: this case does not tell it; `unknown`: no such
    placeholder exists. Both stand in the text as they were written.
    """

    text: str
    missing: tuple[str, ...]
    unknown: tuple[str, ...]


_Words = Annotated[dict[str, Annotated[str, Field(min_length=1)]], Field(min_length=1)]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _TemplateIn(_Shape):
    id: str = Field(pattern=r"^[a-z0-9_]{1,32}$")
    title: _Words
    text: dict[str, Annotated[str, Field(min_length=1, max_length=LONGEST)]] = Field(min_length=1)


class _FileIn(_Shape):
    topic: _Words
    replies: tuple[_TemplateIn, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Topic:
    """A file of templates."""

    id: str
    title: Words
    templates: tuple[Template, ...]


def load_topics(home: Home) -> list[Topic]:
    """The shipped files and this desk's own, in the order of their names.

    A file of the desk's folder stands in for the shipped one of the same name, so that an
    organisation can take a topic away or write it anew. `DeskError` names the file and line.
    """
    files = {path.stem: path for path in sorted(SHIPPED.glob("*.yaml"))}
    own = home.path / FOLDER
    files |= {Path(name).stem: own / name for name in home.names(FOLDER) if name.endswith(".yaml")}
    return [_topic(name, path) for name, path in sorted(files.items())]


def find_template(topics: Iterable[Topic], name: str) -> Template:
    """The template of this id; `DeskError` where there is none."""
    known = [template for topic in topics for template in topic.templates]
    for template in known:
        if template.id == name:
            return template
    raise DeskError(
        "There is no template {name}. There are: {names}.",
        name=name,
        names=", ".join(template.id for template in known) or "-",
    )


def facts(
    contents: Contents, form: Form, language: str, organisation: str, now: datetime
) -> dict[str, str]:
    """What the case tells, in the person's language. The deadline: the next that is not over."""
    found = {"organisation": organisation}
    if contents.latest is None:
        return found
    answers = contents.latest.answers
    ahead = [one for one in deadlines(form, answers, now) if one.days_left >= 0]
    if ahead:
        found["deadline"] = ahead[0].day.isoformat()
        found["days_left"] = str(ahead[0].days_left)
    question = form.by_id.get(REGION)
    known = form.survey(answers, now.date()).known
    if question is not None and REGION in known:
        found["country"] = answer_text(form, question, known[REGION], language)
    return found


def fill(text: str, known: Mapping[str, str]) -> Filled:
    """Every placeholder that is known; once, so that what a person typed is never filled again."""
    left = [name for name in PLACEHOLDER.findall(text) if name not in known]
    names = tuple(dict.fromkeys(left))
    return Filled(
        text=PLACEHOLDER.sub(lambda found: known.get(found[1], found[0]), text),
        missing=tuple(name for name in names if name in FACTS),
        unknown=tuple(name for name in names if name not in FACTS),
    )


def _topic(name: str, path: Path) -> Topic:
    try:
        shape = _shaped(read_file(path))
    except FileError as error:
        raise DeskError(
            "The file of templates {path} cannot be used: {why}.", path=path, why=str(error)
        ) from None
    templates = tuple(
        Template(one.id, name, Words(one.title), Words(_stripped(one.text)))
        for one in shape.replies
    )
    return Topic(name, Words(shape.topic), templates)


def _shaped(data: bytes) -> _FileIn:
    """The file as it must be; `FileError` names the first line that is not."""
    source = read(data)
    try:
        return _FileIn.model_validate(source.tree)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = " ".join(str(step) for step in first["loc"])
        raise FileError([Fault(source.line(*first["loc"]), f"{where}: {first['msg']}")]) from None


def _stripped(texts: Mapping[str, str]) -> dict[str, str]:
    return {language: text.strip() for language, text in texts.items()}
