# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What is declared of one run: to contain or to release, and the roles of members that go on."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Mapping

from ..._account.account_id import parse_account_id
from ..._converge.errors import InputError
from ..._converge.incident.declaration import Incident
from ..._converge.incident.names import Pass
from ..._converge.incident.releasing import Terms

#: Replaced by the id of the account in the ARNs of roles.
ACCOUNT: t.Final = "<account_id>"
# Without wildcards: IAM allows them in paths, and a policy would take them for patterns.
_ROLE: t.Final = re.compile(rf"arn:aws[a-z-]*:iam::{ACCOUNT}:role/[\w+=,.@/-]{{1,576}}", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Declared:
    """The options of one run, checked.

    ``exempt_roles``, ``watched`` and ``member_role_arn`` have ``<account_id>`` in them. ``own_accounts`` are those that
    the run itself needs, besides the accounts of its roles.
    """

    incident: Incident
    releases: bool = False
    name_of_pass: str = "first"
    inventory_accounts: frozenset[str] = frozenset()
    member_role_arn: str = ""
    exempt_roles: tuple[str, ...] = ()
    watched: tuple[str, ...] = ()
    own_accounts: frozenset[str] = frozenset()
    terms: Terms = Terms()

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any], incident: Incident) -> t.Self:
        """The declaration in the options of a module.

        :raises InputError: a value is not allowed, or the incident names more than that.
        """
        return cls(
            incident=incident,
            releases=options["state"] == "released",
            name_of_pass=str(options["pass"]),
            inventory_accounts=frozenset(map(_parse_account, options["inventory_accounts"])),
            member_role_arn=_parse_role("member_role_arn", options["member_role_arn"] or ""),
            exempt_roles=tuple(_parse_role("exempt_roles", arn) for arn in options["exempt_roles"]),
            watched=tuple(
                _parse_role(name, arn) for name in ("exempt_roles", "watched_roles") for arn in options[name]
            ),
            own_accounts=frozenset(_list_accounts(options)),
            terms=Terms.from_options(options),
        )

    @property
    def is_last_pass(self) -> bool:
        """Whether no later pass of this run comes."""
        return self.name_of_pass in (Pass.RECHECK, Pass.LAST)

    def list_watched_roles(self, account_id: str) -> tuple[str, ...]:
        """List the ARNs of the roles of one account whose changes are a reason not to trust it."""
        return tuple(dict.fromkeys(role.replace(ACCOUNT, account_id) for role in self.watched))

    def list_exempt_roles(self, account_id: str) -> tuple[str, ...]:
        """List the ARNs of the roles of one account that may go on: also the one by which it is read."""
        roles = (*self.exempt_roles, self.member_role_arn)
        return tuple(dict.fromkeys(role.replace(ACCOUNT, account_id) for role in roles if role))


def _parse_account(given: t.Any) -> str:
    try:
        return parse_account_id(given) or ""
    except ValueError as error:
        raise InputError(f"inventory_accounts: {error}") from error


def _parse_role(option: str, arn: str) -> str:
    if arn and not _ROLE.fullmatch(arn):
        raise InputError(
            f"{option}: {arn!r} is not allowed; allowed is the ARN of a role with {ACCOUNT} in place of the account id"
        )
    return arn


def _list_accounts(options: Mapping[str, t.Any]) -> t.Iterator[str]:
    """List the accounts of the roles by which the run reaches its journal and its reports."""
    for name in ("journal_role_arn", "report_role_arn"):
        parts = str(options[name] or "").split(":")
        if len(parts) > 5:
            yield parts[4]
