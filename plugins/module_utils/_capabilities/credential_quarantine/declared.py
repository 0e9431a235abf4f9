# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What is declared of one run: to contain or to release, which pass it is, and what may be lost for good."""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Mapping

from ..._account.account_id import parse_account_id
from ..._converge.errors import InputError
from ..._converge.incident.declaration import Incident
from ..._converge.incident.names import Pass

MOST_PRINCIPALS: t.Final = 10
_SHORTEST_REASON: t.Final = 10
#: The statements that a release needs, each with the person who makes it.
STATEMENTS: t.Final[Mapping[str, str]] = {
    "sweep_clean_twice": "two sweeps for persistence, 24 hours apart, found nothing that is left",
    "credential_verified": "the new credential works, and nothing uses the old one",
    "owner": "the owner of the credential agrees to the release",
}


class State(enum.StrEnum):
    """The state that is declared."""

    CONTAINED = "contained"
    RELEASED = "released"


class Loss(enum.StrEnum):
    """What can't be undone, and so is only done if it is accepted by name."""

    USER_PASSWORD = "user_password"
    ROOT_ACCESS_KEY = "root_access_key"
    ROOT_PASSWORD = "root_password"


@dataclasses.dataclass(frozen=True)
class Declared:
    """The options of one run, checked. ``problems`` of a checklist are what a release still lacks."""

    incident: Incident
    state: State = State.CONTAINED
    name_of_pass: Pass = Pass.LAST
    inventory_accounts: frozenset[str] = frozenset()
    accepted: frozenset[Loss] = frozenset()
    acts_for_organization: bool = False
    checklist: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    early_release_reason: str = ""
    problems: tuple[str, ...] = ()

    @property
    def releases(self) -> bool:
        """Whether the run releases what was contained."""
        return self.state is State.RELEASED

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any], incident: Incident) -> t.Self:
        """The declaration in the options of a module.

        :raises InputError: a value is not allowed, or the incident names more principals than that.
        """
        declared = cls(
            incident=incident,
            state=State(options["state"]),
            name_of_pass=Pass(options["pass"]),
            inventory_accounts=frozenset(map(_parse_account, options["inventory_accounts"])),
            accepted=frozenset(map(Loss, options["accept_irreversible"])),
            acts_for_organization=bool(options["acts_for_organization"]),
            checklist=_parse_checklist(options["checklist"] or {}),
            early_release_reason=" ".join(str(options["early_release_reason"] or "").split()),
        )
        most = int(options["max_principals"])
        named = len({*(key.id for key in incident.keys), *incident.users})
        if named > most:
            raise InputError(
                f"max_principals: the incident names {named} keys and users, allowed are {most}. Nothing was read or "
                "written. Check the list, then set max_principals to that number"
            )
        if declared.early_release_reason and len(declared.early_release_reason) < _SHORTEST_REASON:
            raise InputError(
                f"early_release_reason: {declared.early_release_reason!r} is not allowed; allowed is a text of "
                f"{_SHORTEST_REASON} characters or more"
            )
        return dataclasses.replace(declared, problems=_find_lacks(declared.checklist))


def _parse_account(given: t.Any) -> str:
    try:
        return parse_account_id(given) or ""
    except ValueError as error:
        raise InputError(f"inventory_accounts: {error}") from error


def _parse_checklist(given: Mapping[str, t.Any]) -> dict[str, dict[str, str]]:
    found = {}
    for name in STATEMENTS:
        item = given.get(name) or {}
        found[name] = {part: " ".join(str(item.get(part) or "").split()) for part in ("statement", "by")}
    return found


def _find_lacks(checklist: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    return tuple(
        f"checklist.{name}: statement and by are required: {meaning}"
        for name, meaning in STATEMENTS.items()
        if not all(checklist[name].values())
    )
