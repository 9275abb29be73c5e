"""Property tests here do real cryptography on shared machines: no deadline for one example."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
