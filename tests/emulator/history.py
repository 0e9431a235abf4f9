# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What IAM and Organizations were a moment ago: AWS decides on copies that are some seconds old.

A judged call is decided on what was there ``lag_seconds`` before it: policies, boundaries, tags, control policies, and
whether keys are active. Reads show the present, and so do trust policies and deleted keys here. Control policies may
have delays of their own, see :mod:`emulator.policy_lag`.
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
"""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import datetime, timedelta

from moto.iam.models import AccessKey, IAMBackend, Role, User

from emulator import identity
from emulator.clock import CLOCK
from emulator.extensions.organizations_levels import Level, list_levels
from emulator.extensions.sessions import existing_state
from emulator.extensions.statements import document_of, documents_of
from emulator.policy_lag import Kept, Levels, PolicyLag

V = t.TypeVar("V")
Views: t.TypeAlias = dict[str, list[tuple[datetime, V]]]


@dataclasses.dataclass(frozen=True)
class Holder:
    """What decides what a user or role may do: names and texts of its policies, its tags, the SCPs above it."""

    documents: tuple[tuple[str, str], ...]
    boundary: tuple[str, str] | None
    tags: tuple[tuple[str, str], ...]
    levels: tuple[Level, ...] | None


def read(backend: IAMBackend, principal: User | Role) -> Holder:
    """What is there now."""
    arn = principal.permissions_boundary_arn
    boundary = backend.managed_policies.get(arn) if arn else None
    if isinstance(principal, User):
        tags = backend.tagger.get_tag_dict_for_resource(principal.arn)
    else:
        tags = {tag["Key"]: tag["Value"] for tag in principal.tags}
    return Holder(
        documents=tuple(documents_of(backend, principal)),
        boundary=(boundary.arn, document_of(boundary)) if boundary else None,
        tags=tuple(tags.items()),
        levels=list_levels(backend.account_id, backend.partition),
    )


class History:
    """The views of the last seconds. Not thread-safe: use it under the server's lock. Without a lag it keeps none."""

    def __init__(self) -> None:
        self.lag_seconds = 0.0
        self._policies = PolicyLag()
        self._holders: Views[Holder | None] = {}
        self._keys: Views[str] = {}

    def set_lag(self, seconds: float) -> None:
        """Decide on what was there so many seconds ago. What is there now counts as there for ever."""
        self.lag_seconds = seconds
        self._holders, self._keys = {}, {}
        self.note(at=datetime.min.replace(tzinfo=CLOCK.now().tzinfo))

    def set_policy_lag(self, most_seconds: float, seed: int = 0) -> None:
        """Let control policies count after delays from 0 to so many seconds; 0: after the lag of everything else."""
        self._policies.set_bound(most_seconds, seed)
        self._policies.note(_list_accounts())

    def get(self) -> tuple[float, Views[Holder | None], Views[str], Kept]:
        """Everything, to be set again."""
        holders = {key: list(views) for key, views in self._holders.items()}
        keys = {key: list(views) for key, views in self._keys.items()}
        return self.lag_seconds, holders, keys, self._policies.get()

    def set(self, kept: tuple[float, Views[Holder | None], Views[str], Kept]) -> None:
        """Set back what :meth:`get` gave."""
        self.lag_seconds, holders, keys, policies = kept
        self._policies.set(policies)
        self._holders = {key: list(views) for key, views in holders.items()}
        self._keys = {key: list(views) for key, views in keys.items()}

    def note(self, *, at: datetime | None = None) -> None:
        """Take a view, after each write."""
        self._policies.note(_list_accounts())
        if not self.lag_seconds:
            return
        now = at or CLOCK.now()
        present: set[str] = set()
        for backend in identity.existing_backends():
            for principal in (*backend.users.values(), *backend.roles.values()):
                present.add(principal.id)
                self._add(self._holders, principal.id, read(backend, principal), now)
            for key in backend.access_keys.values():
                self._add(self._keys, key.access_key_id, key.status, now)
        for gone in self._holders.keys() - present:
            self._add(self._holders, gone, None, now)

    def holder_of(self, backend: IAMBackend, principal: User | Role) -> Holder | None:
        """What counts of a user or role at this moment; None where AWS does not know it yet."""
        found = self._find(self._holders, principal.id) if self.lag_seconds else read(backend, principal)
        if found is None or not self._policies.most_seconds:
            return found
        return dataclasses.replace(found, levels=self.levels_of(backend))

    def levels_of(self, backend: IAMBackend) -> Levels:
        """The control policies above an account that count at this moment, for its root user."""
        return self._policies.levels_of(backend.account_id, backend.partition)

    def status_of(self, backend: IAMBackend, key: AccessKey) -> str:
        """The status of a key that counts at this moment. Keys of users who are not judged have no lag."""
        user = backend.users.get(key.user_name or "") if self.lag_seconds else None
        state = existing_state(backend.account_id, backend.partition) if user else None
        if user is None or state is None or user.id not in state.judged:
            return str(key.status)
        return self._find(self._keys, key.access_key_id) or "Unknown"

    def _find(self, views: Views[V], key: str) -> V | None:
        until = CLOCK.now() - timedelta(seconds=self.lag_seconds)
        return next((view for when, view in reversed(views.get(key, ())) if when <= until), None)

    def _add(self, views: Views[V], key: str, view: V, now: datetime) -> None:
        known = views.setdefault(key, [])
        if known and known[-1][1] == view:
            return
        known.append((now, view))
        until = CLOCK.now() - timedelta(seconds=self.lag_seconds)
        while len(known) > 1 and known[1][0] <= until:
            del known[0]


def _list_accounts() -> list[tuple[str, str]]:
    return [(backend.account_id, backend.partition) for backend in identity.existing_backends()]
