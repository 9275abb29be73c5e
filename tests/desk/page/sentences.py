"""Every sentence of the page's templates, as Jinja itself reads them."""

from collections.abc import Iterator

from jinja2 import Environment
from jinja2.ext import extract_from_ast

from desk.page.pages import TEMPLATES


def in_templates() -> Iterator[str]:
    """The first argument of each `say`; templates count nothing."""
    reader = Environment(autoescape=True)
    for path in sorted(TEMPLATES.glob("*.html")):
        for _, _, message in extract_from_ast(reader.parse(path.read_text()), ("say",)):
            first = message[0] if isinstance(message, tuple) else message
            assert isinstance(first, str), path
            yield first
