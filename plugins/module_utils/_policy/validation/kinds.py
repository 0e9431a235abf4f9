# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Rules of some kinds of policies: the language of SCPs, RCPs and trust policies, and boundaries."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from ..documents.policy import Kind, Statement
from ..evaluation import catalogue
from ..evaluation.matching import action_matcher
from .draft import Draft, DraftIssue, is_everything, is_wild

# Where SCPs have had the full policy language since September 2025: the commercial and the GovCloud regions.
# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_syntax.html
_FULL_LANGUAGE: t.Final = frozenset({"aws", "aws-us-gov"})

_ASSUME_ROLE: t.Final = "sts:assumerole"
_WITH_SAML: t.Final = "sts:assumerolewithsaml"
_WITH_WEB_IDENTITY: t.Final = "sts:assumerolewithwebidentity"
# The actions of a role's trust policy: id_roles_create_for-user and id_session-tags of the IAM guide.
_TRUST_ACTIONS: t.Final = (
    _ASSUME_ROLE,
    _WITH_SAML,
    _WITH_WEB_IDENTITY,
    "sts:setcontext",
    "sts:setsourceidentity",
    "sts:tagsession",
)


def check_scp_language(draft: Draft) -> Iterator[DraftIssue]:
    """Find elements that SCPs may not have in partitions with the language of before September 2025."""
    if draft.kind is not Kind.SCP or draft.partition is None or draft.partition in _FULL_LANGUAGE:
        return
    for statement in draft.policy.statements:
        for element, what in _new_elements(statement):
            message = f"SCPs of the partition {draft.partition} take no {what}"
            yield DraftIssue("scp_language_of_partition", draft.path(statement, element), message)
        for placed in draft.actions(statement):
            if "?" in placed.text or "*" in placed.text.rstrip("*"):
                message = f"in SCPs of the partition {draft.partition} a wildcard ends the action"
                yield DraftIssue("scp_language_of_partition", placed.path, message)


def _new_elements(statement: Statement) -> Iterator[tuple[str, str]]:
    if statement.not_resources is not None:
        yield "NotResource", "NotResource"
    if not statement.allow:
        return
    if statement.not_actions is not None:
        yield "NotAction", "NotAction in an Allow"
    if statement.conditions:
        yield "Condition", "Condition in an Allow"
    if any(not is_everything(resource) for resource in statement.resources or ()):
        yield "Resource", "Resource other than * in an Allow"


def check_rcp_language(draft: Draft) -> Iterator[DraftIssue]:
    """Find elements that RCPs may not have. Only AWS's own RCPFullAWSAccess may allow.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html
    """
    for statement in draft.policy.statements if draft.kind is Kind.RCP else ():
        if statement.allow:
            yield DraftIssue("rcp_syntax_error_allow", draft.path(statement, "Effect"), "an RCP can only Deny")
        if statement.not_actions is not None:
            message = "an RCP names its actions in Action"
            yield DraftIssue("rcp_syntax_error_notaction", draft.path(statement, "NotAction"), message)
        if statement.not_principals is not None or set(statement.principals or ()) != {("*", "*")}:
            element = "NotPrincipal" if statement.not_principals is not None else "Principal"
            message = 'the Principal of an RCP must be "*"; use conditions to select principals'
            yield DraftIssue("rcp_syntax_error_principal", draft.path(statement, element), message)
        yield from _rcp_actions(draft, statement)


def _rcp_actions(draft: Draft, statement: Statement) -> Iterator[DraftIssue]:
    reached = catalogue.rcp_services()
    for placed in draft.texts(statement, "Action"):
        service = placed.text.partition(":")[0].lower()
        if is_everything(placed.text):
            message = "an RCP can't be about *: it names services, as in s3:*"
            yield DraftIssue("rcp_syntax_error_action", placed.path, message)
        elif reached and not is_wild(service) and service in catalogue.services() and service not in reached:
            message = f"RCPs do not apply to {service}: the statement has no effect on {placed.text}"
            yield DraftIssue("unsupported_action_in_policy", placed.path, message)


def check_trust_actions(draft: Draft) -> Iterator[DraftIssue]:
    """Find actions that no trust policy of a role can have, or that its principals cannot call."""
    for statement in draft.policy.statements if draft.kind is Kind.TRUST else ():
        callable_actions = _list_callable(draft, statement)
        for placed in draft.texts(statement, "Action"):
            meant = [action for action in _TRUST_ACTIONS if action_matcher((placed.text,))(action)]
            if not meant:
                message = f"a trust policy is about sts:AssumeRole and its like, not about {placed.text}"
                yield DraftIssue("unsupported_action_in_policy", placed.path, message)
            elif len(meant) == 1 and meant[0].startswith(_ASSUME_ROLE) and meant[0] not in callable_actions:
                message = f"none of the statement's principals can call {placed.text}"
                yield DraftIssue("mismatched_action_for_principal", placed.path, message)


def _list_callable(draft: Draft, statement: Statement) -> set[str]:
    """List the ways to assume a role that the principals of a statement have."""
    if statement.not_principals is not None:
        return set(_TRUST_ACTIONS)
    ways: set[str] = set()
    for kind, placed in draft.principals(statement):
        if kind == "*" or placed.text == "*":
            return set(_TRUST_ACTIONS)
        if kind != "Federated":
            ways.add(_ASSUME_ROLE)
        else:
            ways.add(_WITH_SAML if ":saml-provider/" in placed.text else _WITH_WEB_IDENTITY)
    return ways


def find_wild_principals(draft: Draft) -> Iterator[DraftIssue]:
    """Find wildcards in principals: only a whole ``*`` is one, any other is taken literally or refused."""
    for statement in draft.policy.statements:
        for kind, placed in draft.principals(statement):
            if is_wild(placed.text) and (placed.text != "*" or kind == "Service"):
                message = (
                    f"{placed.text}: a wildcard can't stand for part of a principal; aws:PrincipalArn takes patterns"
                )
                yield DraftIssue("unsupported_wildcard_in_principal", placed.path, message)


def find_idle_boundaries(draft: Draft) -> Iterator[DraftIssue]:
    """Find boundaries and session policies that only deny: they leave nothing allowed."""
    if draft.kind in (Kind.BOUNDARY, Kind.SESSION) and not any(one.allow for one in draft.policy.statements):
        what = "boundary" if draft.kind is Kind.BOUNDARY else "session policy"
        message = f"under a {what} only its allowed actions are possible, and this one allows nothing"
        yield DraftIssue("boundary_allows_nothing", (), message)
