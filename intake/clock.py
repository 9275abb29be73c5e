"""The clock as a port: rules about time take it as an argument, so that weeks pass in a test.

A clock returns the present instant as an aware datetime in UTC.
"""

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
