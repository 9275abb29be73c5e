"""From the bytes of a form file to a `Form`, or to everything that is wrong with it.

A form is loaded once, at start; what is loaded works: conditions are compiled, every name they
use exists, every text is there in every language and fits where it is shown.
"""

from hashlib import sha256

from intake.building import assemble, compile_conditions
from intake.check import check_form
from intake.lined import Fault, FileError, FormError, read
from intake.questions import Choice, Does, Form, Kind, Question, Survey
from intake.reach import dead_ends
from intake.schema import FormIn, shaped

__all__ = [
    "Choice",
    "Does",
    "Fault",
    "Form",
    "FormError",
    "Kind",
    "Question",
    "Survey",
    "load_form",
]


def load_form(data: bytes) -> Form:
    """Raises FormError with every fault found, each with its line."""
    try:
        source = read(data)
        shape = shaped(FormIn, source)
    except FileError as error:
        raise FormError(error.faults) from None
    faults = check_form(shape, source)
    conditions, wrong = compile_conditions(shape, source)
    if faults or wrong:
        raise FormError([*faults, *wrong])
    form = assemble(shape, conditions, sha256(data).hexdigest())
    if dead := dead_ends(form, source):
        raise FormError(dead)
    return form
