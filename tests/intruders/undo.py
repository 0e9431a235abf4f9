# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first intruder: undoes with four credentials of its own, each every 0.2 seconds.

The leaked key, and a session of each role of the chain, which it opens again as often as it can.
"""

from __future__ import annotations

import functools
import itertools
import typing as t

from intruders.base import DEPLOY, LOADER, PIPELINE, SHARED, USER_ARN, WAREHOUSE, Intruder, next_roles, serve
from intruders.undoing import Undoing

#: What each undoes, in turn: of its own account.
_TURNS: t.Final[t.Mapping[str, tuple[str, ...]]] = {
    USER_ARN: (USER_ARN, PIPELINE, USER_ARN, SHARED),
    PIPELINE: (USER_ARN, PIPELINE, USER_ARN, SHARED),
    DEPLOY: (DEPLOY,),
    WAREHOUSE: (WAREHOUSE, LOADER),
}


class UndoIntruder(Intruder):
    """The four credentials, each in a thread."""

    def __init__(self, url: str, *, interval: float = 0.2) -> None:
        super().__init__(url)
        self._interval = interval
        self._undoing = Undoing(self)

    def prepare(self) -> None:
        """Come in by the chain, and look how everything is."""
        able = self.walk_chain()
        for owner, principals in _TURNS.items():
            self._undoing.remember(able[owner], *principals)

    def jobs(self) -> t.Iterable[tuple[t.Callable[[], object], float]]:
        """Undo with each of the four, and renew the sessions beside."""
        for owner, principals in _TURNS.items():
            turns = itertools.cycle(principals)
            yield functools.partial(self._undo, owner, turns), self._interval
        yield self.walk_again, 4.0

    def _undo(self, owner: str, turns: t.Iterator[str]) -> None:
        target = next(turns)
        for credential in self.newest(owner, most=1):
            self._undoing.undo(credential, target)

    def walk_again(self) -> None:
        """Open sessions with whatever still can: the key of its own account, and the newest sessions."""
        able = [*self.newest(USER_ARN), *self.newest(PIPELINE, most=1), *self.newest(DEPLOY, most=1)]
        able += self.newest(WAREHOUSE, most=1)
        for credential in able:
            self.open_sessions(credential, next_roles(credential))


if __name__ == "__main__":
    serve(UndoIntruder)
