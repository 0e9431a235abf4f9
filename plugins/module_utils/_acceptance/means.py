# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What several experiments are made of: reads that harm nobody, keys and callers that work already."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Mapping

from .._aws.access import Access
from .assumptions import ASSUMPTIONS
from .lab import Document, Lab, outcome, statement

EXPECTED: t.Final = {item.id: item.expected for item in ASSUMPTIONS}
# A read that harms nobody and needs no resource.
SUMMARY: t.Final = "iam:GetAccountSummary"
ALIASES: t.Final = "iam:ListAccountAliases"
READ: t.Final = statement("Allow", SUMMARY, ALIASES)
EXTERNAL_ID: t.Final = "acceptance"
OTHER: t.Final = "something else"
TAG: t.Final = "acceptance"
CHANGING: t.Final = "AllowUsersToChangePassword"
KINDS: t.Final = ("RequireSymbols", "RequireNumbers", "RequireUppercaseCharacters", "RequireLowercaseCharacters")
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html has the words of denials.
BY_A_DENY: t.Final = "with an explicit deny in an identity-based policy"
BY_NO_POLICY: t.Final = "because no identity-based policy allows"
BY_BOUNDARY: t.Final = "because no permissions boundary allows"

Look = Callable[[], str]


def read_summary(access: Access, *, denied_with: str = "") -> str:
    return outcome(lambda: access.call("iam", "GetAccountSummary"), denied_with=denied_with)


def read_aliases(access: Access) -> str:
    return outcome(lambda: access.call("iam", "ListAccountAliases"))


def read_identity(access: Access) -> str:
    return outcome(lambda: access.call("sts", "GetCallerIdentity"))


def set_key(lab: Lab, user: Mapping[str, t.Any], key: Mapping[str, t.Any], status: str) -> None:
    lab.iam("UpdateAccessKey", UserName=user["UserName"], AccessKeyId=key["AccessKeyId"], Status=status)


def make_key(lab: Lab, user: Mapping[str, t.Any]) -> tuple[Mapping[str, t.Any], Look]:
    """Make a key that works already, and a look at whether it works."""
    key = lab.key(user)
    caller = lab.as_owner({**key, "SessionToken": None})
    look = functools.partial(read_identity, caller)
    lab.wait_until_allowed(look)
    return key, look


def make_caller(lab: Lab, *statements: Document, boundary: t.Optional[str] = None) -> Access:
    """Make a user whose key and policies work already: it may list aliases."""
    caller = lab.as_user(lab.user(*statements, boundary=boundary))
    lab.wait_until_allowed(functools.partial(read_aliases, caller))
    return caller


def make_trust(lab: Lab, condition: t.Optional[Document] = None) -> Document:
    found = {"Effect": "Allow", "Principal": {"AWS": lab.account_root}, "Action": "sts:AssumeRole"}
    return {**found, "Condition": condition} if condition else found
