# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What of a contained user may be the intruder's, so that a release makes none of it usable.

It is judged by what AWS says now, and not by a journal, which others may have written. Nothing tells which credential
an intruder made, but none was made by one before the incident began.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from ..._account.moments import format_utc
from ..._converge.change import Refusal
from ..._converge.finding import mask_key_ids
from .states import Credential, Kind, UserState, build_command_back

#: The rule of refusals that end once a person has looked.
RULE: t.Final = "not_looked_at"
_LEAKED: t.Final = "leaked"
_UNREAD: t.Final = "unread"
OF_DOUBTS: t.Final = frozenset({RULE, _LEAKED, _UNREAD})
_PARTS: t.Final = (*(kind.value for kind in Kind), "password", "devices")
_WORDS: t.Final = {
    Kind.ACCESS_KEY: "access key",
    Kind.SERVICE_CREDENTIAL: "service-specific credential",
    Kind.SSH_KEY: "SSH key",
    Kind.CERTIFICATE: "signing certificate",
}


@dataclasses.dataclass(frozen=True)
class Doubts:
    """The doubts about one user: the reason for each credential that stays switched off, by its id, and refusals."""

    stays: dict[str, str] = dataclasses.field(default_factory=dict)
    refused: tuple[Refusal, ...] = ()


@dataclasses.dataclass(frozen=True)
class Judge:
    """Judges the users of one account.

    ``leaked`` are the ids of the leaked keys, ``since`` is the first suspicious moment if people gave one, and
    ``declared_at`` that of the containment. ``looked_at`` are the names that a person has looked at.
    """

    leaked: frozenset[str]
    since: t.Optional[datetime] = None
    declared_at: t.Optional[datetime] = None
    looked_at: frozenset[str] = frozenset()

    def find_beginning(self, user: UserState, users: Iterable[UserState]) -> t.Optional[datetime]:
        """Find the moment before which nobody can have used what leaked; None if it is not known.

        That is the first suspicious moment. Without one it is the moment at which the first leaked key was made, if one
        of the user's own leaked and is still there.
        """
        if self.since is not None:
            return min(filter(None, (self.since, self.declared_at)))
        if not any(one.id in self.leaked for one in user.credentials):
            return None
        made = [one.created for other in users for one in other.credentials if one.id in self.leaked]
        return min(filter(None, made)) if all(made) else None

    def judge(self, user: UserState, beginning: t.Optional[datetime]) -> Doubts:
        """Judge one user. Credentials that work are refused, since the release ends what denies them."""
        unread = {part: why for part, why in user.unread.items() if part in _PARTS}
        if unread:
            reason = "; ".join(f"{part} of {user.arn} can't be read: {why}" for part, why in unread.items())
            return Doubts(refused=(Refusal(_UNREAD, reason, user.arn),))
        stays = {
            one.id: _explain(user, one, beginning) for one in user.credentials if _is_since(one.created, beginning)
        }
        usable = list(self._list_usable(user, beginning))
        unseen = [text for name, text in usable if not self._was_looked_at(name, [name for name, _text in usable])]
        refused = [Refusal(RULE, f"nothing of {user.arn} is released: {text}", user.arn) for text in unseen]
        again = [one for one in user.credentials if one.id in self.leaked and one.is_active]
        refused += [
            Refusal(
                _LEAKED, f"nothing of {user.arn} is released: {one.id} leaked, and works again; delete it", user.arn
            )
            for one in again
        ]
        return Doubts(stays, tuple(refused))

    def _was_looked_at(self, name: str, names: Sequence[str]) -> bool:
        """Whether a person named it, as it is or as reports show it: with the last four characters of a key alone."""
        masked = mask_key_ids(name)
        is_alone = [mask_key_ids(other) for other in names].count(masked) == 1
        return name in self.looked_at or (is_alone and masked in self.looked_at)

    def _list_usable(self, user: UserState, beginning: t.Optional[datetime]) -> Iterator[tuple[str, str]]:
        """List what works as soon as nothing denies the user, by the name that people give, with the next step."""
        for device in user.devices:
            if _is_since(device.enabled, beginning):
                text = f"its second factor {device.serial} was enabled{_describe(device.enabled, beginning)}"
                yield device.serial, f"{text}; deactivate it, or {_name(device.serial)}"
        if user.password_created:
            # UpdateLoginProfile changes a password, and no date that AWS tells.
            # https://docs.aws.amazon.com/IAM/latest/APIReference/API_LoginProfile.html
            name = f"{user.arn}/password"
            yield name, f"its console password may have been changed or read; set another one, then {_name(name)}"
        for one in user.credentials:
            if one.is_active and one.id not in self.leaked and _is_since(one.created, beginning):
                text = f"its {_WORDS[one.kind]} {one.id} works, and was made{_describe(one.created, beginning)}"
                yield one.id, f"{text}; deactivate it, or {_name(one.id)}"


def _is_since(moment: t.Optional[datetime], beginning: t.Optional[datetime]) -> bool:
    """Whether something may be of the time of the incident. What is not known may be."""
    return moment is None or beginning is None or moment >= beginning


def _describe(moment: t.Optional[datetime], beginning: t.Optional[datetime]) -> str:
    made = f" at {format_utc(moment)}" if moment else " at a moment that AWS does not tell"
    known = f"the incident may have begun at {format_utc(beginning)}" if beginning else _UNKNOWN
    return f"{made} ({known})"


_UNKNOWN: t.Final = "it is not known when the incident began: give incident.since"


def _name(name: str) -> str:
    return f"if it is the owner's, name {name} in checklist.looked_at"


def _explain(user: UserState, one: Credential, beginning: t.Optional[datetime]) -> str:
    return (
        f"{one.id} was made{_describe(one.created, beginning)}, so it may be the intruder's and stays inactive; delete "
        f"it, or if it is the owner's: {build_command_back(one.kind, user.name, one.id)}"
    )


def judge_users(judge: Judge, users: Collection[UserState]) -> dict[str, Doubts]:
    """Judge all contained users of an account, by their ARNs."""
    return {user.arn: judge.judge(user, judge.find_beginning(user, users)) for user in users}
