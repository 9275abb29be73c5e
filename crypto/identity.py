"""Who somebody is to Tropa: one 32-byte seed, from which a sealing and a signing key derive.

Members, leads, coordinators, the recovery recipient and the organisation's signers all have one.
How a seed is kept at a desk is in `crypto.keyfile`; what opens with it, in `crypto.opening`.
"""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crypto.kdf import derive, key_id
from crypto.secret import Secret
from crypto.xwing import KeyPair, key_pair


class Identity(Secret):
    """An identity. `new(random)` makes one; `Identity(seed)` brings one back."""

    __slots__ = ("_sealing", "_signing")

    def __init__(self, seed: bytes) -> None:
        super().__init__(seed)
        self._signing = Ed25519PrivateKey.from_private_bytes(
            derive(self._bytes, "identity signing")
        )
        self._sealing: KeyPair | None = None

    @property
    def seed(self) -> bytes:
        """The 32 bytes to keep: in an age file, and as words on paper."""
        return self._bytes

    @property
    def sealing(self) -> KeyPair:
        """The X-Wing pair, expanded on first use."""
        if self._sealing is None:
            self._sealing = key_pair(derive(self._bytes, "identity sealing"))
        return self._sealing

    @property
    def sealing_public(self) -> bytes:
        """1,216 bytes: what case keys are wrapped to."""
        return self.sealing.public

    @property
    def signing_public(self) -> bytes:
        """32 bytes of Ed25519 (RFC 8032)."""
        return self._signing.public_key().public_bytes_raw()

    @property
    def signing_private(self) -> Ed25519PrivateKey:
        """The signing key as the libraries for envelopes and requests take it."""
        return self._signing

    @property
    def key_id(self) -> str:
        """The name of the sealing key: how the queue knows a member."""
        return key_id(self.sealing_public)

    def sign(self, message: bytes) -> bytes:
        """64 bytes of Ed25519 signature."""
        return self._signing.sign(message)
