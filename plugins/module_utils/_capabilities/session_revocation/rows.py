# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What people are shown of a pass: each role with who else uses it, and what lives on until when."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from ..._account.model import Role
from ..._account.moments import format_utc
from ..._policy.analysis.trust_statements import ASSUMING
from ..._policy.documents.policy import Policy
from ..._policy.evaluation.compiled import compile_policy
from .cut import Sid
from .plan import Observed, Verdict, describe_moment, find_role

Row = dict[str, t.Any]

# Their sessions have a key of the request that exempts them.
_EXEMPT_SERVICES: t.Final = ("ec2.amazonaws.com", "lambda.amazonaws.com")
# A session of a role that a session assumed.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html
_CHAINED: t.Final = timedelta(hours=1)
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_LONGEST: t.Final = timedelta(hours=12)
# https://docs.aws.amazon.com/signin/latest/APIReference/API_BatchRevokeSessions.html
_SIGN_IN: t.Final = timedelta(minutes=15)


def list_roles(
    observed: Observed,
    verdicts: Collection[Verdict],
    trusts: Mapping[str, t.Optional[Policy]],
    undenied: Collection[str],
) -> Iterator[Row]:
    """List the targets. ``trusts`` are the trust policies by ARN, ``undenied`` the targets that are not denied."""
    for verdict in verdicts:
        target, reached = verdict.target, verdict.target.reached
        role = find_role(observed.snapshot, target.arn)
        cut = target.cut
        yield {
            "role": target.arn,
            "unique_id": verdict.live.role_id if verdict.live else None,
            "chain": list(reached.chain) if reached else [],
            "certain": reached.certain if reached else True,
            "why": list(reached.why) if reached else [_explain(observed, target.arn)],
            "statements": [sid.value for sid in cut.sids],
            "issued_before": describe_moment(verdict.moment),
            "state": _describe_state(verdict, undenied),
            "left_out": list(verdict.left_out),
            "last_used": format_utc(role.last_used) if role and role.last_used else None,
            "used_by": list(list_users(role, trusts.get(target.arn), cut.sids)) if role else [],
        }


def _explain(observed: Observed, arn: str) -> str:
    return next((source.how for source in observed.sources if source.arn == arn), "named")


def _describe_state(verdict: Verdict, undenied: Collection[str]) -> str:
    if verdict.is_gone:
        return "gone"
    if verdict.target.arn in undenied:
        return "not_denied"
    return "cut" if verdict.changes else "denied_already"


def list_users(role: Role, trust: t.Optional[Policy], sids: Collection[Sid]) -> Iterator[Row]:
    """List who else uses a role, and whether their sessions go on."""
    whole = Sid.OLDER in sids or Sid.ALL in sids
    only_named = not whole and Sid.NOBODY_KNOWN not in sids
    for profile in role.instance_profiles:
        yield {"kind": "instance_profile", "principal": profile, "goes_on": not whole}
    for kind, value in dict.fromkeys(_list_principals(trust)):
        is_exempt = kind == "Federated" or (kind == "Service" and value.startswith(_EXEMPT_SERVICES))
        yield {
            "kind": _KINDS.get(kind, "principal"),
            "principal": value,
            "goes_on": only_named or (is_exempt and not whole),
        }


_KINDS: t.Final = {"Service": "service", "Federated": "identity_provider"}


def _list_principals(trust: t.Optional[Policy]) -> Iterator[tuple[str, str]]:
    """List the principals that the Allow statements of a trust policy name."""
    compiled = compile_policy(trust) if trust else None
    for action in ASSUMING if compiled else ():
        for item in compiled.statements_for(action) if compiled else ():
            yield from (item.statement.principals or ()) if item.allow else ()


def list_lives(
    observed: Observed,
    verdicts: Collection[Verdict],
    undenied: Collection[str],
    owners: Collection[str],
    now: datetime,
) -> Iterator[Row]:
    """List what lives on, and until when at most. What is ``denied`` exists until then, and can do nothing."""
    for verdict in verdicts:
        if verdict.live is None:
            continue
        reached = verdict.target.reached
        longest = timedelta(seconds=verdict.live.longest)
        if reached and reached.is_chained:
            longest = min(longest, _CHAINED)
        denied = verdict.target.arn not in undenied
        until = (verdict.moment if denied and verdict.moment else now) + longest
        yield _make_row("sessions of the role", verdict.target.arn, until, denied=denied)
    for arn, refusal in observed.chosen.not_cut.items():
        yield _make_row(f"sessions of the role: {refusal.reason}", arn, now + _LONGEST, denied=False)
    for arn in owners:
        yield _make_row("credentials of sign-in sessions (aws login)", arn, now + _SIGN_IN, denied=":user/" in arn)


def _make_row(what: str, principal: str, until: datetime, *, denied: bool) -> Row:
    return {"what": what, "principal": principal, "until": format_utc(until), "denied": denied}
