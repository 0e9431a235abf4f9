# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Conditions on addresses, times and MFA that do something else than their author means.

Such a document may be valid. These checks are for documents that are about to be written for known ``Holders``.
"""

from __future__ import annotations

import ipaddress
import typing as t
from collections.abc import Iterable, Iterator

from ..documents.operators import NEGATED
from ..documents.policy import Condition, Statement
from ..evaluation.comparisons import address_range
from ..evaluation.matching import action_matcher
from .conditions import conditions_of, is_private_range
from .draft import Draft, DraftIssue
from .holders import Holders
from .lock_outs import MFA_AGE, MFA_KEYS, MFA_PRESENT, OF_VPCS, SOURCE_IP, holds_without_key
from .windows import TIME_KEYS

# No network of one owner is larger: the largest blocks of IPv4 are /8, and registries of the Internet get /12 of IPv6.
_LARGEST: t.Final = {4: 8, 6: 12}
_ADDRESSES: t.Final = ("IpAddress", "NotIpAddress")
_EQUALITY: t.Final = frozenset({"DateEquals", "DateNotEquals", "NumericEquals", "NumericNotEquals"})
_ENROLMENT: t.Final = "iam:enablemfadevice"
_OWN: t.Final = "${aws:username"
_CURRENT_TIME: t.Final = "aws:currenttime"

_Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


def find_empty_conditions(draft: Draft, _holders: Holders) -> Iterator[DraftIssue]:
    """Find conditions without values. They never hold, and with a negated operator always."""
    for _statement, condition, path in conditions_of(draft):
        if not condition.values:
            message = f"{condition.operator} on {condition.key} has no value to compare with"
            yield DraftIssue("condition_without_values", path, message)


def find_wide_ranges(draft: Draft, _holders: Holders) -> Iterator[DraftIssue]:
    """Find ranges of ``aws:SourceIp`` that are most of the Internet, by themselves or together."""
    for statement, condition, path in conditions_of(draft):
        if condition.key.lower() != SOURCE_IP or condition.operator not in _ADDRESSES:
            continue
        wide = find_wide_networks(condition.values)
        if wide:
            names = ", ".join(map(str, wide))
            message = (
                f"{statement.label} does not limit requests to a known network: {names} is larger than any network "
                "of one owner"
            )
            yield DraftIssue("ip_range_too_wide", path, message)


def find_wide_networks(texts: Iterable[str]) -> tuple[_Network, ...]:
    """Find what public ranges are together, as far as it is larger than any network of one owner."""
    read = [ipaddress.ip_network(text, strict=False) for text in texts if address_range(text)]
    joined: list[_Network] = [
        *ipaddress.collapse_addresses(item for item in read if isinstance(item, ipaddress.IPv4Network)),
        *ipaddress.collapse_addresses(item for item in read if isinstance(item, ipaddress.IPv6Network)),
    ]
    return tuple(item for item in joined if item.prefixlen < _LARGEST[item.version] and not is_private_range(str(item)))


def find_optional_networks(draft: Draft, _holders: Holders) -> Iterator[DraftIssue]:
    """Find an Allow that asks for an address only if there is one: each request through a VPC endpoint passes.

    Together with a condition on the VPC it is complete, since each request has one of the two keys.
    """
    for statement, condition, path in conditions_of(draft):
        is_optional = condition.operator == "IpAddress" and (condition.if_exists or condition.quantifier is not None)
        if not statement.allow or condition.key.lower() != SOURCE_IP or not is_optional:
            continue
        if holds_without_key(condition) and not _names_vpc(statement):
            message = (
                f"{statement.label} allows every request without aws:SourceIp, such as one through any VPC endpoint"
            )
            yield DraftIssue("network_if_exists_in_allow", path, message)


def _names_vpc(statement: Statement) -> bool:
    return any(item.key.lower() in OF_VPCS and item.operator not in NEGATED for item in statement.conditions)


def find_equal_moments(draft: Draft, _holders: Holders) -> Iterator[DraftIssue]:
    """Find comparisons of the time of a request with one moment, and of aws:CurrentTime with numbers."""
    for statement, condition, path in conditions_of(draft):
        key = condition.key.lower()
        if key not in TIME_KEYS:
            continue
        if condition.operator in _EQUALITY:
            often = "always" if condition.operator in NEGATED else "in one second only"
            message = f"{condition.operator} on {condition.key} holds {often}: {statement.label} has no time window"
            yield DraftIssue("time_equals_moment", path, message)
        elif condition.operator.startswith("Numeric") and key == _CURRENT_TIME:
            message = f"{condition.key} is of the type Date; {condition.operator} is for another"
            yield DraftIssue("type_mismatch", path, message)


def find_optional_mfa(draft: Draft, _holders: Holders) -> Iterator[DraftIssue]:
    """Find an Allow whose conditions on MFA also hold without MFA."""
    for statement, condition, path in conditions_of(draft):
        if not statement.allow or condition.key.lower() not in MFA_KEYS:
            continue
        if _allows_false(condition):
            message = f"{statement.label} allows requests without MFA: the value of {condition.key} may be false"
            yield DraftIssue("mfa_not_required", path, message)
        elif holds_without_key(condition) and not any(map(_requires_mfa, statement.conditions)):
            message = f"{statement.label} allows requests without MFA, since these have no {condition.key}"
            yield DraftIssue("mfa_if_exists_in_allow", path, message)


def _allows_false(condition: Condition) -> bool:
    values = {value.lower() for value in condition.values}
    return condition.key.lower() == MFA_PRESENT and condition.operator == "Bool" and "false" in values


def _requires_mfa(condition: Condition) -> bool:
    """Whether a condition holds for requests with MFA only."""
    key = condition.key.lower()
    if holds_without_key(condition):
        return False
    if key == MFA_PRESENT:
        return condition.operator == "Bool" and {value.lower() for value in condition.values} == {"true"}
    # Only a request with MFA has an age of MFA.
    return key == MFA_AGE


def find_closed_enrolment(draft: Draft, _holders: Holders) -> Iterator[DraftIssue]:
    """Find MFA in the statement by which a user enrols its own device. A user without MFA could never enrol one."""
    for statement, condition, path in conditions_of(draft):
        if not statement.allow or condition.key.lower() not in MFA_KEYS or not _requires_mfa(condition):
            continue
        is_own = any(_OWN in resource.lower() for resource in statement.resources or ())
        if is_own and action_matcher(statement.actions or ())(_ENROLMENT):
            message = f"{statement.label} lets a user enrol MFA, and needs MFA for it: a user without MFA never gets it"
            yield DraftIssue("mfa_locks_out_enrolment", path, message)


def find_partial_mfa_denies(draft: Draft, _holders: Holders) -> Iterator[DraftIssue]:
    """Find a Deny on MFA that misses requests without MFA, or that is about the presence of a key."""
    is_complete = any(
        not statement.allow and condition.key.lower() in MFA_KEYS and holds_without_key(condition)
        for statement, condition, _path in conditions_of(draft)
    )
    for statement, condition, path in conditions_of(draft):
        if statement.allow or condition.key.lower() not in MFA_KEYS:
            continue
        if condition.operator == "Null":
            message = (
                f"{statement.label} denies by the presence of {condition.key}, and federated sessions and calls by AWS "
                "services never have it"
            )
            yield DraftIssue("mfa_null_check_in_deny", path, message)
        elif condition.key.lower() == MFA_AGE and not is_complete:
            message = f"{statement.label} does not deny requests without MFA, which have no {condition.key}"
            yield DraftIssue("mfa_deny_misses_access_keys", path, message)
