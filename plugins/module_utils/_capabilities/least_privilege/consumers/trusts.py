# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Who may assume a role, by its trust policy: people, pipelines, pods and services, each with how to move it."""

from __future__ import annotations

import shlex
import typing as t
from collections.abc import Iterator, Sequence

from ...._policy.analysis.power import WITHOUT_MFA
from ...._policy.documents.arn import arn_account, arn_parts, root_account
from ...._policy.documents.policy import Condition, Policy, Statement
from ...._policy.evaluation.caller import EVERY_AWS, EVERYONE
from ...._policy.evaluation.conditions import condition_matcher
from ...._policy.evaluation.context import Context
from ...._policy.evaluation.truth import NO
from ..model import Consumer
from .assumptions import Assumption, CallerSort, find_last
from .targets import Target

_POD: t.Final = "oidc.eks."
_SERVICE_ACCOUNT: t.Final = "system:serviceaccount:"


def find_callers(target: Target, assumptions: Sequence[Assumption]) -> list[Consumer]:
    """Find who may assume a target and who did. A caller that the trust names and the record has is one consumer."""
    recorded = list(find_in_record(target, assumptions))
    seen = {one.resource for one in recorded}
    trusted = [one for trust in target.trusts[:1] for one in find_in_trust(target, trust, assumptions)]
    return [*(one for one in trusted if one.resource not in seen), *recorded]


def find_in_trust(target: Target, trust: Policy, assumptions: Sequence[Assumption]) -> Iterator[Consumer]:
    """Find the consumers that the trust policy of a target names. ``assumptions`` are those of both roles."""
    for statement in trust.statements:
        if not statement.allow:
            continue
        if statement.not_principals is not None:
            yield Consumer(
                "account", "*", detail="the trust lets in all but some principals", move=_move_caller(target)
            )
        for kind, principal in statement.principals or ():
            yield from _describe(target, statement, trust.version, (kind, principal), assumptions)


def find_in_record(target: Target, assumptions: Sequence[Assumption]) -> Iterator[Consumer]:
    """Find the consumers that began sessions of the old or the new role, by the events of it."""
    mine = [one for one in assumptions if one.role_arn in (target.arn, target.new_arn)]
    only_with_mfa = _lets_in_with_mfa_only(target)
    for caller, seen_sort, service in dict.fromkeys((one.caller, one.sort, one.invoked_by) for one in mine):
        of_caller = [one for one in mine if (one.caller, one.sort) == (caller, seen_sort)]
        is_shown = only_with_mfa and seen_sort in (CallerSort.PROGRAM, CallerSort.ROLE)
        sort = CallerSort.PERSON if is_shown else seen_sort
        names = dict.fromkeys(name for one in of_caller for name in one.session_names)
        yield Consumer(
            kind=sort.value,
            resource=caller,
            detail="; ".join(filter(None, (_list_sessions(tuple(names)), service and f"invoked by {service}"))),
            is_machine=sort is not CallerSort.PERSON,
            move=_MOVES[sort].format(new=target.replacement),
            last=find_last(of_caller, target.arn, caller),
            has_moved=has_moved(target, mine, caller),
        )


def _lets_in_with_mfa_only(target: Target) -> bool:
    """Whether users and roles need MFA to assume the role. Their events need not show that they had it."""
    admitting = [
        (trust.version, statement)
        for trust in target.trusts
        for statement in trust.statements
        if statement.allow and _admits_callers(statement)
    ]
    if not (target.is_trust_known and admitting):
        return False
    return all(requires_mfa(statement, version) for version, statement in admitting)


def _admits_callers(statement: Statement) -> bool:
    """Whether a statement lets in users or roles, and not only services and users of identity providers."""
    others = ("Federated", "Service")
    return statement.not_principals is not None or any(kind not in others for kind, _one in statement.principals or ())


def has_moved(target: Target, assumptions: Sequence[Assumption], caller: str) -> t.Optional[bool]:
    """Whether the last session that a caller began was one of the new role; None without a new role or a session."""
    if not target.new_arn:
        return None
    old, new = find_last(assumptions, target.arn, caller), find_last(assumptions, target.new_arn, caller)
    if old is None and new is None:
        return None
    return new is not None and (old is None or new > old)


def _list_sessions(names: Sequence[str]) -> str:
    return f"sessions such as {', '.join(names[:3])}" if names else ""


# The caller that an event shows, and how it is moved.
_MOVES: t.Final = {
    CallerSort.PERSON: "assume {new} instead: change role_arn of the profile in ~/.aws/config, or the switch-role link",
    CallerSort.PIPELINE: "set the role of the pipeline to {new}",
    CallerSort.POD: "annotate the service account with eks.amazonaws.com/role-arn={new}, and restart its pods",
    CallerSort.SERVICE: "set the role to {new} where the service is set up",
    CallerSort.ROLE: "set the role that it assumes to {new}",
    CallerSort.PROGRAM: "set the role that it assumes to {new}",
}


def _describe(
    target: Target, statement: Statement, version: str, pair: tuple[str, str], assumptions: Sequence[Assumption]
) -> Iterator[Consumer]:
    kind, principal = pair
    if kind == "Service":
        yield Consumer("service", principal, move=_MOVES[CallerSort.SERVICE].format(new=target.replacement))
    elif kind == "Federated" and _is_oidc(principal):
        yield from _describe_subjects(target, statement, principal)
    elif kind == "Federated":
        move = f"set the role attribute at the identity provider to {target.replacement},{principal}"
        yield Consumer("person", principal, detail="users of a SAML provider", is_machine=False, move=move)
    else:
        yield _describe_caller(target, statement, version, pair, assumptions)


def _describe_caller(
    target: Target, statement: Statement, version: str, pair: tuple[str, str], assumptions: Sequence[Assumption]
) -> Consumer:
    """Describe a user, a role, or an account. Without MFA, a program may use the role as well."""
    principal, with_mfa = pair[1], requires_mfa(statement, version)
    is_account = pair in (EVERYONE, EVERY_AWS) or root_account(principal) is not None or pair[0] == "CanonicalUser"
    account_id = arn_account(principal)
    owner = f"account {account_id}" if account_id else "any account"
    detail = [f"all principals of {owner} that its policies allow it" if is_account else ""]
    detail.append("with MFA" if with_mfa else "without MFA, so that programs may use it")
    return Consumer(
        kind="account" if is_account else ("person" if with_mfa else _find_kind(principal)),
        resource=principal,
        detail=", ".join(filter(None, detail)),
        is_machine=not with_mfa,
        move=_move_caller(target),
        last=None if is_account else find_last(assumptions, target.arn, principal),
        has_moved=None if is_account else has_moved(target, assumptions, principal),
    )


def _find_kind(principal: str) -> str:
    parts = arn_parts(principal)
    return "role" if parts is not None and parts.resource.startswith(("role/", "assumed-role/")) else "program"


def _move_caller(target: Target) -> str:
    return f"assume {target.replacement} instead, and allow sts:AssumeRole on it in the policies of the caller"


def requires_mfa(statement: Statement, version: str) -> bool:
    """Whether a statement applies to no request that comes without MFA."""
    matcher = condition_matcher(statement.conditions, version=version)
    requests = (Context(values, complete=False, absent=absent) for values, absent in WITHOUT_MFA)
    return all(matcher.evaluate(request, set()) is NO for request in requests)


# Identity providers


def _is_oidc(principal: str) -> bool:
    return ":oidc-provider/" in principal or not principal.startswith("arn:")


def _describe_subjects(target: Target, statement: Statement, principal: str) -> Iterator[Consumer]:
    issuer = principal.partition(":oidc-provider/")[2] or principal
    subjects = [value for one in statement.conditions if _is_subject(one, issuer) for value in one.values]
    for subject in subjects or ("any subject",):
        if issuer.startswith(_POD):
            yield _describe_pod(target, principal, issuer, subject)
            continue
        move = _MOVES[CallerSort.PIPELINE].format(new=target.replacement)
        yield Consumer("pipeline", principal, detail=subject, move=move)


def _is_subject(condition: Condition, issuer: str) -> bool:
    return condition.key.lower() == f"{issuer}:sub".lower()


def _describe_pod(target: Target, principal: str, issuer: str, subject: str) -> Consumer:
    """Describe a service account of a cluster whose pods assume the role by its annotation.

    https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html
    """
    namespace, _colon, account = subject.removeprefix(_SERVICE_ACCOUNT).partition(":")
    if not (subject.startswith(_SERVICE_ACCOUNT) and account) or set(subject) & set("*?"):
        namespace, account = "<namespace>", "<service account>"
    annotation = f"eks.amazonaws.com/role-arn={target.replacement}"
    annotate = ["kubectl", "annotate", "serviceaccount", "-n", namespace, account, annotation, "--overwrite"]
    restart = ["kubectl", "rollout", "restart", "deployment", "-n", namespace]
    move = f"{shlex.join(annotate)} && {shlex.join(restart)}"
    return Consumer("pod", principal, region=issuer.removeprefix(_POD).partition(".")[0], detail=subject, move=move)
