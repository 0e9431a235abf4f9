# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Users whom a policy that asks for MFA hits: what is known of their credentials, and the lines that exempt them."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping, Sequence
from datetime import datetime

from ...._account.model import CredentialReport, CredentialRow
from ...._account.moments import format_utc
from ...._policy.evaluation.context import Context
from ...._policy.impact.judge import Impact
from ...._policy.trail.names import prefix_of
from ...._policy.trail.usage import Source, Use
from .change import ChangedPolicy, parse_policy

_MFA: t.Final = "aws:multifactorauthpresent"
_BY_KEY: t.Final = Context({}, complete=False, absent=("aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"))


@dataclasses.dataclass(frozen=True)
class UserFacts:
    """A user as the credential report has it. ``last_used`` is that of password and keys.

    ``keys_used_for`` are the prefixes of the services that active keys were last used for, with the moment;
    ``last_unrecorded_use`` is the last use of a password, or of a key, of which it is not known for what.
    """

    arn: str
    has_password: bool
    has_mfa: bool
    active_keys: int
    last_used: t.Optional[datetime] = None
    keys_used_for: tuple[tuple[str, datetime], ...] = ()
    last_unrecorded_use: t.Optional[datetime] = None

    @property
    def always_has_mfa(self) -> bool:
        """Whether none of its requests comes without MFA: it has no key, and can't sign in without its device."""
        return self.has_mfa and self.active_keys == 0


def find_credential_uses(user: t.Optional[UserFacts]) -> tuple[Use, ...]:
    """Find the use of a user's access keys in the credential report, as evidence: the service of the last call.

    As with service last accessed, a denied attempt counts too. A request that is signed with a long-term key has no
    keys about MFA: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    if user is None:
        return ()
    return tuple(
        Use(user.arn, f"{service}:*", Source.LAST_ACCESSED, context=_BY_KEY, last=moment, is_service_level=True)
        for service, moment in user.keys_used_for
    )


def is_about_mfa(policy: ChangedPolicy) -> bool:
    """Whether a policy denies by MFA."""
    will = parse_policy(policy.will) if policy.will is not None else None
    return will is not None and any(
        condition.key.lower() == _MFA for statement in will.statements for condition in statement.conditions
    )


def format_exemptions(impacts: Sequence[Impact], facts: Sequence[UserFacts]) -> str:
    """Format users as lines to paste into a list of exempt principals, each with its last use.

    They stay where they are: another path would be another ARN, and every policy that names the old one would miss it.
    """
    known = {user.arn: user for user in facts}
    return "\n".join(f"- {impact.principal_arn}  # {_describe_use(impact, known)}" for impact in impacts)


def _describe_use(impact: Impact, known: Mapping[str, UserFacts]) -> str:
    uses = [verdict.use.last for verdict in impact.verdicts if verdict.use and verdict.use.last]
    user = known.get(impact.principal_arn)
    if user is not None and user.last_used is not None:
        uses.append(user.last_used)
    last = f"last used {format_utc(max(uses))[:10]}" if uses else "no use known"
    if user is None:
        return last
    keys = f"{user.active_keys} active access key{'' if user.active_keys == 1 else 's'}" if user.active_keys else ""
    password = "password" if user.has_password else ""
    held = ", ".join(filter(None, (keys, password, "MFA" if user.has_mfa else "no MFA")))
    return f"{last}; {held}"


def find_user_facts(report: t.Optional[CredentialReport]) -> tuple[UserFacts, ...]:
    """Find the facts of all users of a credential report; none if it could not be read."""
    return tuple(map(_find_facts, report.users)) if report is not None else ()


def _find_facts(row: CredentialRow) -> UserFacts:
    used = [row.password_last_used, *(key.last_used for key in row.access_keys)]
    # Of a password, and of a key that has no service, it is only known that it was used.
    unrecorded = [row.password_last_used, *(key.last_used for key in row.active_keys if not key.last_used_service)]
    return UserFacts(
        row.arn,
        has_password=bool(row.password_enabled),
        has_mfa=row.mfa_active,
        active_keys=len(row.active_keys),
        last_used=max((moment for moment in used if moment is not None), default=None),
        last_unrecorded_use=max((moment for moment in unrecorded if moment is not None), default=None),
        keys_used_for=tuple(
            (prefix_of(f"{key.last_used_service}.amazonaws.com"), key.last_used)
            for key in row.active_keys
            if key.last_used is not None and key.last_used_service
        ),
    )
