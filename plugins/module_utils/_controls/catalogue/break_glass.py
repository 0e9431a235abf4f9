# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Principals for emergencies: that an account has one, that nobody uses it but in one, and that it was tested.

They are known by their path or from the inventory. Nothing here changes them: no module of the collection may.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ..._account.model import Dataset, Role, User
from ..._converge.break_glass import Rescue, facts_needed
from ..._converge.finding import Remediation, Severity
from ..control import Control, Failure, Scope, Verdict, listing, plural
from ..problem import Problem

_THEME: t.Final = "break_glass"
_PRINCIPALS: t.Final = "break-glass principals"
TESTED: t.Final = "iam-hardening:last-tested"
_NONE: t.Final = "the account has no break-glass principal"
_HINT: t.Final = "a tag is only a hint, because anybody who may tag can write it"

# Somebody who may do none of these repairs nothing.
_REPAIRS: t.Final = (
    "iam:PutRolePolicy",
    "iam:AttachRolePolicy",
    "iam:DetachRolePolicy",
    "iam:DeleteRolePermissionsBoundary",
    "iam:UpdateAssumeRolePolicy",
    "organizations:DetachPolicy",
    "organizations:UpdatePolicy",
)

Principal = t.Union[User, Role]


def _check_usable(scope: Scope) -> Verdict:
    """Check that one of them works: somebody can use it, and it may repair something."""
    found = scope.facts.break_glass(scope.break_glass)
    if not found:
        declared = f"{', '.join(scope.break_glass)} matches none, and " if scope.break_glass else ""
        detail = f"there is no break-glass principal: {declared}none is at or below the path /iam-hardening/break-glass"
        failure = Failure(scope.facts.account_arn, detail, {"declared": list(scope.break_glass)})
        return Verdict(0, _PRINCIPALS, (failure,))
    lacks = _lacks(scope)
    usable = [principal.name for principal in found if principal.arn not in lacks]
    if usable:
        return Verdict(len(found), _PRINCIPALS, detail=listing(usable), extra={"unusable": sorted(lacks)})
    doubts = {item.arn: doubt for item in found if (doubt := _doubt(scope, item))}
    if doubts:
        unjudged = tuple(Failure(arn, f"not known whether it can be used: {doubt}") for arn, doubt in doubts.items())
        return Verdict(len(found), _PRINCIPALS, unjudged=unjudged)
    failures = tuple(Failure(item.arn, f"{item.name} {lacks[item.arn]}", {"usable": False}) for item in found)
    return Verdict(len(found), _PRINCIPALS, failures)


def _lacks(scope: Scope) -> dict[str, str]:
    """The principals that could not help, by ARN, each with what it lacks: an entry, or every one of the repairs."""
    rescue = Rescue(scope.snapshot, scope.break_glass)
    answers = [rescue.lacks(action, _place(scope, action)) for action in _REPAIRS]
    return {arn: lack for arn, lack in answers[0].items() if all(arn in answer for answer in answers)}


def _place(scope: Scope, action: str) -> str:
    iam = f"arn:{scope.snapshot.partition}:iam::{scope.snapshot.account_id}"
    return f"{iam}:role/any" if action.startswith("iam:") else "*"


def _doubt(scope: Scope, principal: Principal) -> str:
    """The unknown facts that decide whether a principal can help; empty if all is known."""
    snapshot, facts = scope.snapshot, scope.facts
    needed = facts_needed(snapshot, (*scope.break_glass, principal.arn))
    unread = [scope.missing(dataset) for dataset in sorted(needed) if scope.missing(dataset)]
    if isinstance(principal, User) and principal in facts.unreported_users:
        unread.append("the credential report does not list it yet")
    permissions = facts.permissions
    policies = [*permissions.unknown(principal.arn), permissions.unknown_boundary(principal.arn)]
    unread += [f"policy {name} is not known" for name in policies if name]
    if isinstance(principal, Role) and facts.trust(principal) is None:
        unread.append("its trust policy can't be parsed")
    return "; ".join(filter(None, unread))


def _check_not_used(scope: Scope) -> Verdict:
    limit = scope.settings.break_glass_used_days

    def judge(principal: Principal, used: t.Optional[datetime]) -> t.Optional[Failure]:
        if used is None or scope.days_since(used) > limit:
            return None
        said = principal.tags.get(TESTED)
        test = f"; its tag {TESTED} says {said} ({_HINT})" if said else ""
        detail = f"used {plural(scope.days_since(used), 'days')} ago{test}"
        return Failure(principal.arn, detail, {"last_used": used.isoformat(), "tag": said, "limit_days": limit})

    return _each(scope, judge)


def _check_tested(scope: Scope) -> Verdict:
    limit = scope.settings.break_glass_test_days

    def judge(principal: Principal, used: t.Optional[datetime]) -> t.Optional[Failure]:
        said = principal.tags.get(TESTED)
        problem = _explain_missing_test(scope, said, used, limit)
        if not problem:
            return None
        last_used = used.isoformat() if used else None
        return Failure(principal.arn, problem, {"tag": said, "last_used": last_used, "limit_days": limit})

    return _each(scope, judge, f"tested within {limit} days, as tags {TESTED} say: {_HINT}")


def _explain_missing_test(scope: Scope, said: t.Optional[str], used: t.Optional[datetime], limit: int) -> str:
    """Explain why the tag proves no test; empty if it does, and AWS saw a use that can have been the test."""
    if said is None:
        return f"no test is recorded: it has no tag {TESTED}"
    tested = _moment(said)
    if tested is None:
        return f"its tag {TESTED} is not a date such as 2026-11-25: {said}"
    if tested > scope.now + timedelta(days=1):
        return f"its tag {TESTED} is in the future: {said}"
    if scope.days_since(tested) > limit:
        return f"tested {plural(scope.days_since(tested), 'days')} ago, as its tag {TESTED} says; limit {limit}"
    # A date without a time may stand for the evening before, elsewhere in the world.
    if used is None or used < tested - timedelta(days=1):
        return f"its tag {TESTED} says {said}, but AWS recorded no use since then"
    return ""


def _moment(text: str) -> t.Optional[datetime]:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _each(
    scope: Scope, judge: Callable[[Principal, t.Optional[datetime]], t.Optional[Failure]], passed: str = ""
) -> Verdict:
    """The verdict on all break-glass principals; users count only if the credential report has their use."""
    found = scope.facts.break_glass(scope.break_glass)
    if not found:
        return Verdict(0, _PRINCIPALS, not_applicable=_NONE)
    unknown = [item.arn for item in found if isinstance(item, User) and item.arn not in _rows(scope)]
    known = [item for item in found if item.arn not in unknown]
    failures = tuple(failure for item in known if (failure := judge(item, _last_used(scope, item))))
    reason = scope.missing(Dataset.CREDENTIAL_REPORT) or "the credential report does not list them yet"
    unjudged = tuple(Failure(arn, f"its last use: {reason}") for arn in unknown)
    return Verdict(len(found), _PRINCIPALS, failures, passed, unjudged=unjudged)


def _rows(scope: Scope) -> t.Collection[str]:
    return {row.arn for row in scope.facts.credential_rows}


def _last_used(scope: Scope, principal: Principal) -> t.Optional[datetime]:
    """When AWS last saw the principal: a role within 400 days, a user by its password or an access key."""
    if isinstance(principal, Role):
        return principal.last_used
    rows = [row for row in scope.facts.credential_rows if row.arn == principal.arn]
    uses = [use for row in rows for use in (row.password_last_used, *(key.last_used for key in row.access_keys))]
    return max((use for use in uses if use is not None), default=None)


CONTROLS: t.Final = (
    Control(
        id="break_glass_principal",
        title="A break-glass user or role exists and works",
        problem=Problem("Account has no working break-glass principal"),
        severity=Severity.HIGH,
        theme=_THEME,
        needs=(Dataset.AUTHORIZATION_DETAILS,),
        # Not the OIDC providers: people do not come in through them.
        uses=(
            Dataset.CREDENTIAL_REPORT,
            Dataset.SAML_PROVIDERS,
            Dataset.ORGANIZATION,
            Dataset.ORGANIZATION_POLICIES,
        ),
        check=_check_usable,
        expected=(
            "a principal in break_glass, or at or below the path /iam-hardening/break-glass, that somebody can use "
            "and that may repair the account"
        ),
        rationale=(
            "Without one, a wrong guardrail or a broken federation locks everybody out. Some changes are refused "
            "without one."
        ),
        blind="whether the people who need it have its credentials. Only a test shows that.",
        remediation=Remediation(
            "Create one, for example with examples/bootstrap, or list an existing one in hardening_break_glass."
        ),
    ),
    Control(
        id="break_glass_unused",
        title="Break-glass principals were not used recently",
        problem=Problem(
            "Break-glass principal was used within {break_glass_used_days} days",
            "break-glass principals were used within {break_glass_used_days} days",
        ),
        severity=Severity.HIGH,
        theme=_THEME,
        needs=(Dataset.AUTHORIZATION_DETAILS,),
        uses=(Dataset.CREDENTIAL_REPORT,),
        check=_check_not_used,
        expected="no unexplained use within thresholds.break_glass_used_days",
        rationale="Guardrails exempt them. Each use is an emergency, a test, or an intruder.",
        blind="the person and the purpose of the use. CloudTrail has both.",
        remediation=Remediation("Find out who used it and why. If nobody knows, change its credentials."),
    ),
    Control(
        id="break_glass_tested",
        title="Break-glass principals are tested regularly",
        problem=Problem(
            "Break-glass principal was not tested within {break_glass_test_days} days",
            "break-glass principals were not tested within {break_glass_test_days} days",
        ),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=(Dataset.AUTHORIZATION_DETAILS,),
        uses=(Dataset.CREDENTIAL_REPORT,),
        check=_check_tested,
        expected=f"a date within thresholds.break_glass_test_days in the tag {TESTED}, and a use that confirms it",
        rationale="Without regular tests, it may fail in an emergency.",
        blind="whether the test included a repair.",
        remediation=Remediation(f"Sign in with it, then write the date into its tag {TESTED}."),
    ),
)
