# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Statements that allow more than their author is likely to have meant."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Sequence

from ..documents.operators import NEGATED
from ..documents.policy import Kind, Statement
from ..evaluation.matching import action_matcher, covers
from ..evaluation.pass_role import find_passed_role
from .draft import Draft, DraftIssue, PlacedText, is_everything, is_wild, join_names

# The service and the resource that a role is passed to: conditions on these leave what a reviewer can see.
_PASS_ROLE_KEYS: t.Final = frozenset({"iam:passedtoservice", "iam:associatedresourcearn"})
_LINKED_SERVICE_KEYS: t.Final = frozenset({"iam:awsservicename"})
_PASS_ROLE: t.Final = "iam:passrole"
_CREATE_LINKED: t.Final = "iam:createservicelinkedrole"
_FIELDS: t.Final = 6


def find_broad_grants(draft: Draft) -> Iterator[DraftIssue]:
    """Find statements that allow everything, or everything but something."""
    for statement in draft.policy.statements:
        if not statement.allow or not draft.grants:
            continue
        path = draft.path(statement)
        if draft.kind is not Kind.RESOURCE and _is_all(statement.actions) and _is_all(statement.resources):
            limit = ", if its conditions are true" if statement.conditions else ""
            message = f"{statement.label} allows every action on every resource{limit}"
            yield DraftIssue("administrator_access", path, message)
        if statement.not_actions is not None:
            message = "allows every action that is not named, including those of future services"
            yield DraftIssue("allow_with_not_action", (*path, "NotAction"), f"{statement.label} {message}")
        if statement.not_resources is not None:
            message = "allows its actions on every resource that is not named"
            yield DraftIssue("allow_with_not_resource", (*path, "NotResource"), f"{statement.label} {message}")


def _is_all(patterns: t.Optional[Sequence[str]]) -> bool:
    return patterns is not None and any(is_everything(pattern) for pattern in patterns)


def find_negated_principals(draft: Draft) -> Iterator[DraftIssue]:
    """Find NotPrincipal. With Allow it lets everyone else in, with Deny it locks out principals with a boundary."""
    for statement in draft.policy.statements:
        if statement.not_principals is None:
            continue
        path = draft.path(statement, "NotPrincipal")
        if statement.allow:
            message = "allows everyone who is not named, including anonymous callers"
            yield DraftIssue("allow_with_not_principal", path, f"{statement.label} {message}")
        else:
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
            message = (
                "denies every principal with a permissions boundary, named or not; conditions on aws:PrincipalArn do "
                "not"
            )
            yield DraftIssue("deny_with_not_principal", path, f"{statement.label} {message}")


def find_passed_roles(draft: Draft) -> Iterator[DraftIssue]:
    """Find PassRole on any role, or to any service."""
    for statement, pattern, action in _find_grants(draft, _PASS_ROLE):
        if _is_limited(statement, _PASS_ROLE_KEYS):
            continue
        if statement.not_resources is not None:
            message = f"{pattern} with NotResource passes every role that is not named"
            yield DraftIssue("pass_role_with_not_resource", draft.path(statement, "NotResource"), message)
            continue
        wide = _find_wide(draft, statement)
        wild = is_wild(pattern)
        if wide:
            code = "pass_role_with_star_in_action_and_resource" if wild else "pass_role_with_star_in_resource"
            message = f"{pattern} on {wide} passes any role to any service: name roles, or set iam:PassedToService"
            yield DraftIssue(code, action.path, message)
        elif not wild:
            message = "the roles can be passed to any service that they trust: limit them with iam:PassedToService"
            yield DraftIssue("pass_role_without_service", draft.path(statement), message)


def _find_grants(draft: Draft, action: str) -> Iterator[tuple[Statement, str, PlacedText]]:
    """Find the statements that give an action by ``Action``, with the narrowest pattern about it, and its place."""
    for statement in draft.policy.statements:
        pattern = _pattern_for(action, statement)
        if statement.allow and draft.grants and pattern is not None:
            (placed, *_same) = (one for one in draft.texts(statement, "Action") if one.text == pattern)
            yield statement, pattern, placed


def _is_limited(statement: Statement, keys: frozenset[str]) -> bool:
    """Whether a condition leaves only named values of one of the keys.

    With IfExists a request without the key passes, as Access Analyzer's checks see it too.
    """
    return any(
        condition.key.lower() in keys
        and condition.operator not in NEGATED
        and condition.operator != "Null"
        and condition.quantifier != "ForAllValues"
        and not condition.if_exists
        and not any(value[:1] in ("*", "?") for value in condition.values)
        for condition in statement.conditions
    )


def _find_wide(draft: Draft, statement: Statement, *, below: str = "role/*") -> str:
    """Find the first resource of a statement that is about any role ``below`` a path; empty without one."""
    placed = draft.texts(statement, "Resource")
    return next((one.text for one in placed if _is_any_role(draft.pattern(one.text), below=below)), "")


def _pattern_for(action: str, statement: Statement) -> t.Optional[str]:
    """The narrowest pattern of a statement's ``Action`` that is about ``action``, which is given in lower case."""
    found = [pattern for pattern in statement.actions or () if action_matcher((pattern,))(action)]
    return max(found, key=len) if found else None


def _is_any_role(pattern: str, *, below: str = "role/*") -> bool:
    """Whether a pattern is about all roles of an account, or of more than one: about those ``below`` a path."""
    fields = pattern.split(":", _FIELDS - 1)
    return covers(fields[-1], below) if len(fields) == _FIELDS else pattern.endswith("*")


def find_service_linked_roles(draft: Draft) -> Iterator[DraftIssue]:
    """Find CreateServiceLinkedRole for any service."""
    for statement, pattern, action in _find_grants(draft, _CREATE_LINKED):
        wide = _find_wide(draft, statement, below="role/aws-service-role/*")
        if wide and not _is_limited(statement, _LINKED_SERVICE_KEYS):
            is_wild_action = is_wild(pattern)
            code = (
                "create_slr_with_star_in_action_and_resource" if is_wild_action else "create_slr_with_star_in_resource"
            )
            message = f"{pattern} on {wide} is for any service: limit it with iam:AWSServiceName"
            yield DraftIssue(code, action.path, message)


def find_assumed_roles(draft: Draft) -> Iterator[DraftIssue]:
    """Find AssumeRole on any role, of any account that trusts this one."""
    for statement in draft.policy.statements:
        pattern = _pattern_for("sts:assumerole", statement)
        if not statement.allow or not draft.grants or pattern is None or is_everything(pattern) or statement.conditions:
            continue
        for placed in draft.texts(statement, "Resource") if draft.kind is not Kind.TRUST else ():
            if _is_any_role(draft.pattern(placed.text)):
                message = f"{pattern} on {placed.text} assumes every role that trusts the account: name the roles"
                yield DraftIssue("assume_role_on_any_role", placed.path, message)


def find_missing_pass_role(draft: Draft) -> Iterator[DraftIssue]:
    """Find actions that pass a role to a service, in a document that allows no PassRole."""
    if not draft.grants or draft.kind in (Kind.RESOURCE, Kind.TRUST):
        return
    allows = [statement for statement in draft.policy.statements if statement.allow]
    if any(statement.not_actions is not None or _pattern_for(_PASS_ROLE, statement) for statement in allows):
        return
    for statement in allows:
        taking = [placed for placed in draft.texts(statement, "Action") if find_passed_role(placed.text)]
        if taking:
            names = join_names([placed.text for placed in taking])
            message = f"to give a role, {names} needs iam:PassRole on it, which this document does not allow"
            yield DraftIssue("missing_pass_role", taking[0].path, message)
