# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether somebody could take back a change that locks everybody else out.

A break-glass principal counts if somebody can use it, and if it may undo the change, both before and after the change.
What is not known does not count.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Collection, Iterator, Mapping, Sequence

from .._account.model import Dataset, Role, Snapshot, User
from .._account.permissions import Permissions
from .._policy.documents.arn import arn_account
from .affects.after import can_take
from .arn import is_break_glass
from .break_glass_state import PROVIDERS, SignIns, State, list_trusted
from .change import Change

_MOST_NAMES: t.Final = 3


def principals_for_emergencies(snapshot: Snapshot, patterns: Sequence[str]) -> tuple[t.Union[User, Role], ...]:
    """The users and roles that are break-glass by declaration or by their path."""
    principals: tuple[t.Union[User, Role], ...] = (*snapshot.users, *snapshot.roles)
    return tuple(item for item in principals if is_break_glass(item.arn, patterns))


def facts_needed(snapshot: Snapshot, patterns: Sequence[str]) -> frozenset[Dataset]:
    """The facts, beside users and roles, that decide which callers can use the break-glass principals of an account."""
    needed: set[Dataset] = set()
    permissions = Permissions(snapshot)
    for principal in principals_for_emergencies(snapshot, patterns):
        needed.update((Dataset.ORGANIZATION, Dataset.ORGANIZATION_POLICIES))
        if isinstance(principal, User):
            needed.add(Dataset.CREDENTIAL_REPORT)
            continue
        for kind, value in list_trusted(permissions.parse(principal.trust, "trust policy")):
            if kind == "Federated":
                needed.update(_facts_of_provider(value))
            elif value == "*" or arn_account(value) == snapshot.account_id:
                needed.add(Dataset.CREDENTIAL_REPORT)
                needed.update(_facts_of_roles(permissions))
    return frozenset(needed)


def _facts_of_provider(provider: str) -> Iterator[Dataset]:
    yield from (dataset for kind, (_action, dataset) in PROVIDERS.items() if f":{kind}/" in provider)


def _facts_of_roles(permissions: Permissions) -> Iterator[Dataset]:
    """The facts that decide whether somebody can assume the roles of an account, which may lead to another one."""
    for role in permissions.snapshot.roles:
        for kind, value in list_trusted(permissions.parse(role.trust, "trust policy")):
            if kind == "Federated":
                yield from _facts_of_provider(value)


#: The facts that :func:`facts_needed` may name, as fields of a snapshot.
FACTS: t.Final[Mapping[Dataset, str]] = {
    Dataset.CREDENTIAL_REPORT: "credential_report",
    Dataset.SAML_PROVIDERS: "saml_provider_arns",
    Dataset.OIDC_PROVIDERS: "oidc_provider_arns",
    Dataset.ORGANIZATION: "organization",
    Dataset.ORGANIZATION_POLICIES: "organization_policies",
}


@dataclasses.dataclass
class Rescue:
    """The break-glass principals of an account; ``patterns`` are those that are declared, as ARN globs.

    ``sign_ins`` reads what a user signs in with now. Without it the credential report of the snapshot counts.
    A plan is held against it change by change: each change that is let through is expected to be made.
    """

    snapshot: Snapshot
    patterns: tuple[str, ...] = ()
    sign_ins: t.Optional[SignIns] = None

    def __post_init__(self) -> None:
        self._now = State(self.snapshot, sign_ins=self.sign_ins)
        self._expected: list[Change] = []

    def expect(self, change: Change) -> None:
        """Take a change into account that is going to be made."""
        self._expected.append(change)

    def _present(self) -> State:
        """The account with the expected changes made, as far as they matter here."""
        self._now = self._now.after(self._expected)
        self._expected.clear()
        return self._now

    def objection(self, change: Change) -> t.Optional[str]:
        """Why no break-glass principal could take ``change`` back; None where one could."""
        unread = self.snapshot.missing(Dataset.AUTHORIZATION_DETAILS)
        if unread:
            return f"users and roles are not known: {unread.reason}"
        found = self._principals
        if not found:
            return f"{', '.join(self.patterns)} matches no user or role" if self.patterns else "the account has none"
        present = self._present()
        after = present.after((change,))
        lacks = []
        for principal in found:
            lack = present.lack(principal, change) or after.lack(principal, change, when=" once it is made")
            if lack is None:
                return None
            lacks.append(f"{principal.name} {lack}")
        more = f"; and {len(lacks) - _MOST_NAMES} more" if len(lacks) > _MOST_NAMES else ""
        return "; ".join(lacks[:_MOST_NAMES]) + more

    def loss(self, change: Change) -> t.Optional[str]:
        """How ``change`` takes the last way to use a break-glass principal; None where one stays, or it takes none.

        What is not known is no way that stays, and may be a way that is taken.
        """
        unread = self.snapshot.missing(Dataset.AUTHORIZATION_DETAILS)
        if unread:
            return f"users and roles are not known: {unread.reason}" if can_take(change) else None
        present = self._present()
        after = present.after((change,))
        if after is present:
            return None
        found = [principal for principal in self._principals if present.may_do_something(principal)]
        if any(after.lack(principal, change) is None for principal in found):
            return None
        for principal in found:
            if after.unusable(principal) is None:
                continue
            ways = present.possible_ways(principal)
            in_doubt = ways & present.users_in_doubt(change)
            taken = (ways - after.possible_ways(principal)) | in_doubt
            if taken:
                doubt = (
                    f", and it is not known whether {_join_names(in_doubt)} has another credential"
                    if in_doubt
                    else ("")
                )
                return (
                    f"{_join_names(taken)} can use {principal.name}, which then {after.lack(principal, change)}{doubt}"
                )
        return None

    def lacks(self, action: str = "", resource: str = "*") -> dict[str, str]:
        """Those of them that could not help, and why: nobody can use it, it may not do ``action``, or nothing."""
        found = {item.arn: self._now.lack_of(item, action, resource) for item in self._principals}
        return {arn: lack for arn, lack in found.items() if lack}

    @property
    def unread_policies(self) -> t.Optional[str]:
        """Why it is not known what the organization keeps break-glass principals from; None where it is, or of none.

        They count all the same: most members can't read the policies that are attached to them.
        """
        if not self._principals:
            return None
        unread = self.snapshot.missing(Dataset.ORGANIZATION_POLICIES)
        if unread is not None:
            return unread.reason
        names = self._now.broken_policies
        return f"{', '.join(names)}: not parsable" if names else None

    @functools.cached_property
    def _principals(self) -> tuple[t.Union[User, Role], ...]:
        return principals_for_emergencies(self.snapshot, self.patterns)


def _join_names(arns: Collection[str]) -> str:
    names = sorted(f"user {arn.rpartition('/')[2]}" if ":user/" in arn else arn for arn in arns)
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
