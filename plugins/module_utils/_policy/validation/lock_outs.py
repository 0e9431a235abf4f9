# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Conditions that lock out the principals that have a document, or that these can get around.

Without the principals nobody can tell, so these checks need ``Holders``.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator

from ..documents import global_keys
from ..documents.operators import NEGATED
from ..documents.policy import Condition, Statement
from .conditions import conditions_of
from .draft import Draft, DraftIssue, join_names
from .holders import Holders

MFA_PRESENT: t.Final = "aws:multifactorauthpresent"
MFA_AGE: t.Final = "aws:multifactorauthage"
MFA_KEYS: t.Final = frozenset({MFA_PRESENT, MFA_AGE})
SOURCE_IP: t.Final = "aws:sourceip"
#: The keys that name a network behind a VPC endpoint. Requests through one have no aws:SourceIp.
OF_VPCS: t.Final = frozenset({"aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpcsourceip"})
VIA_SERVICE: t.Final = "aws:viaawsservice"
RESOURCE_TAG: t.Final = "aws:resourcetag/"


def find_mfa_lock_outs(draft: Draft, holders: Holders) -> Iterator[DraftIssue]:
    """Find conditions on MFA that keep out principals that never sign in with MFA.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent
    """
    for statement, condition, path in conditions_of(draft):
        if condition.key.lower() not in MFA_KEYS:
            continue
        if statement.allow and holders.machines and not holds_without_key(condition):
            message = (
                f"{join_names(holders.machines)}: requests of these never have {condition.key}, so {statement.label} "
                "allows them nothing"
            )
            yield DraftIssue("mfa_locks_out_machines", path, message)
        names = holders.list_without_mfa()
        if not statement.allow and names and holds_without_key(condition):
            message = f"{join_names(names)}: {statement.label} denies every request without {condition.key}"
            yield DraftIssue("mfa_deny_locks_out", path, message)


def holds_without_key(condition: Condition) -> bool:
    """Whether a condition holds for requests that lack its key."""
    if condition.operator == "Null":
        return "true" in {value.lower() for value in condition.values}
    if condition.if_exists or condition.quantifier == "ForAllValues":
        return True
    return condition.operator in NEGATED and condition.quantifier is None


def find_open_networks(draft: Draft, _holders: Holders) -> Iterator[DraftIssue]:
    """Find a Deny outside of known networks that lacks one of its three operators.

    A request through a VPC endpoint has no aws:SourceIp, one over the internet no aws:SourceVpc, and one that an AWS
    service makes for a principal has the address of the service.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_deny-ip.html
    """
    for statement in draft.policy.statements:
        if statement.allow or not any(_is_of_network(condition) for condition in statement.conditions):
            continue
        missing = list_missing_operators(statement)
        if missing:
            path = next(path for condition, path in draft.conditions(statement) if _is_of_network(condition))
            message = f"{statement.label} also denies requests from known networks: {join_names(missing)} must be added"
            yield DraftIssue("network_deny_lacks_operators", path, message)


def _is_of_network(condition: Condition) -> bool:
    key = condition.key.lower()
    return condition.operator in NEGATED and (key == SOURCE_IP or key in OF_VPCS)


def list_missing_operators(statement: Statement) -> tuple[str, ...]:
    """List the operators that a Deny outside of networks lacks."""
    keys = {condition.key.lower() for condition in statement.conditions if _is_of_network(condition)}
    of_services = any(
        condition.key.lower() == VIA_SERVICE
        and condition.operator == "Bool"
        and {value.lower() for value in condition.values} == {"false"}
        for condition in statement.conditions
    )
    wanted = (
        (SOURCE_IP in keys, "NotIpAddressIfExists on aws:SourceIp"),
        (bool(keys & OF_VPCS), "StringNotEqualsIfExists on aws:SourceVpc"),
        (of_services, "BoolIfExists false on aws:ViaAWSService"),
    )
    return tuple(name for is_there, name in wanted if not is_there)


def find_changeable_tags(draft: Draft, holders: Holders) -> Iterator[DraftIssue]:
    """Find conditions on tags of resources that a principal may change itself: it can then meet the condition."""
    for statement, condition, path in conditions_of(draft):
        if global_keys.stem(condition.key) != RESOURCE_TAG:
            continue
        taggers = holders.find_taggers(_list_services(statement.actions or ()))
        if taggers:
            message = f"{join_names(taggers)} may change {condition.key}, so the condition limits nothing"
            yield DraftIssue("tag_condition_is_changeable", path, message)


def _list_services(patterns: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(pattern.partition(":")[0].lower() for pattern in patterns))
