"""The key of a case for one member more: unwrapped and wrapped here, and seen by nobody else."""

from dataclasses import dataclass
from functools import cached_property

from crypto.errors import NotOpened
from crypto.identity import Identity
from crypto.kdf import key_id
from crypto.opening import unwrap_case_key
from crypto.sealing import Wrap, wrap_case_key
from desk.errors import DeskError
from desk.keys.rekeying import not_hers
from intake.roster import Roster
from intake.shapes import decoded, encoded
from intake.wire import NewWrap, ToWrap


@dataclass(frozen=True)
class Opening:
    """Who opens cases, and to whom: `target`, a key id of the roster in force."""

    identity: Identity
    roster: Roster
    target: str

    @cached_property
    def key(self) -> bytes:
        """Her sealing key, as the organisation signed it; never as the server says it."""
        for member in self.roster.members:
            if key_id(member.sealing_key) == self.target:
                return member.sealing_key
        raise DeskError("The one to whom the cases would be opened is not on the roster.")

    def wrapped(self, case: ToWrap) -> NewWrap:
        """`Untouched` where the wrap does not open: it is not hers, or was altered."""
        case_id = bytes.fromhex(case.id)
        try:
            wrap = Wrap(decoded(case.wrap))
            key = unwrap_case_key(self.identity, case_id, case.epoch, wrap)
        except NotOpened:
            raise not_hers() from None
        new = wrap_case_key(key, self.key, case_id, case.epoch)
        return NewWrap.model_construct(case=case.id, wrap=encoded(new.data))
