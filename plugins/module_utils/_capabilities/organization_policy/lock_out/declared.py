# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The declaration of the guard against locking anybody out, in the options of the module."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Iterable, Mapping
from datetime import date

from ...._converge.errors import InputError
from ...._prediction.acceptance import Acceptance, Acceptances, parse_acceptances
from .plan import MANAGEMENT

# Replaced by the id of the account in member_role_arn.
ACCOUNT: t.Final = "<account_id>"
_ACCOUNTS: t.Final = "accept_without_evidence"
_SERVICE: t.Final = re.compile(r"([a-z0-9-]+\.)*amazonaws\.com(\.cn)?")


@dataclasses.dataclass(frozen=True)
class Declared:
    """The principals that must stay able to work, how members are read, and which of them may stay unread.

    ``automation`` and ``assessors`` are roles as they are named in ARNs (``role/path/name``). ``way_back`` is the role
    that can remove a policy again, or the management account. ``member_role_arn`` has ``<account_id>`` in it.
    """

    automation: tuple[str, ...]
    assessors: tuple[str, ...]
    break_glass: tuple[str, ...]
    way_back: str
    member_role_arn: str
    max_member_reads: int
    allow_root_attachment: bool
    accepted_accounts: Acceptances

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any], *, today: date) -> t.Self:
        """The declaration in the options of the module, checked. Raises InputError: one can't be used."""
        for name in ("automation_roles", "assessor_roles"):
            for role in options[name]:
                if not role.startswith("role/") or role.endswith("/"):
                    raise InputError(f"{name}: {role!r} is not a role in the form role/path/name")
        way_back = options["way_back"] or ""
        if way_back and way_back != MANAGEMENT and ":role/" not in way_back:
            raise InputError(f"way_back: {way_back!r} is neither {MANAGEMENT} nor the ARN of a role")
        member = options["member_role_arn"] or ""
        if member and not (member.startswith("arn:") and ACCOUNT in member and ":role/" in member):
            raise InputError(
                f"member_role_arn: {member!r} is not the ARN of a role with {ACCOUNT} instead of the account id"
            )
        if options["max_member_reads"] < 0:
            raise InputError(f"max_member_reads: {options['max_member_reads']} is not a number from 0 up")
        return cls(
            automation=tuple(options["automation_roles"]),
            assessors=tuple(options["assessor_roles"]),
            break_glass=tuple(options["break_glass"]),
            way_back=way_back,
            member_role_arn=member,
            max_member_reads=options["max_member_reads"],
            allow_root_attachment=bool(options["allow_root_attachment"]),
            accepted_accounts=_parse_accounts(options[_ACCOUNTS], today),
        )


def check_principals(acceptances: Iterable[Acceptance]) -> None:
    """Refuse acceptances that name no ARN: a bare name means a principal in each account. Raises InputError."""
    for item in acceptances:
        if not (item.principal.startswith("arn:") or _SERVICE.fullmatch(item.principal)):
            raise InputError(
                f"accept_breakage[{item.index}].principal: {item.principal!r} is no ARN: a name would match a "
                "principal in every account. Allowed are ARNs, and AWS services such as sns.amazonaws.com"
            )


def _parse_accounts(given: Iterable[Mapping[str, str]], today: date) -> Acceptances:
    """The accounts that may stay without evidence. Raises InputError."""
    items = [{"principal": item["account"], "reason": item["reason"], "expires": item["expires"]} for item in given]
    try:
        return parse_acceptances(items, today=today, option=_ACCOUNTS)
    except InputError as error:
        raise InputError(str(error).replace("principal", "account").replace("breakage is", "accounts are")) from error
