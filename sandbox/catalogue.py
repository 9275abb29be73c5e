"""All served methods by their names in lower case; method names have no case in the Bot API."""

from sandbox import about, changing, receiving, sending
from sandbox.method import Method

METHODS: dict[str, Method] = {
    method.name.lower(): method
    for module in (about, changing, receiving, sending)
    for method in module.METHODS
}
