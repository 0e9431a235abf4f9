# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The correct form of conditions that lock out principals, or that have no effect.

Values that only a person knows are placeholders in angle brackets.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence

from ..documents import global_keys
from ..documents.operators import NEGATED
from ..documents.policy import Condition, Policy, Statement
from ..evaluation.catalogue import ARRAY
from ..evaluation.comparisons import address_range
from .conditions import is_private_range, key_type
from .intentions import find_wide_networks
from .lock_outs import MFA_AGE, MFA_KEYS, MFA_PRESENT, OF_VPCS, RESOURCE_TAG, SOURCE_IP, VIA_SERVICE
from .rules import Issue
from .windows import AFTER, BEFORE, find_window, is_of_time, read_moment

ANY_RANGE: t.Final = "<a public range of your network, such as 203.0.113.0/24>"
ANY_VPC: t.Final = "<the id of your VPC, such as vpc-0abc1234def567890>"
ANY_START: t.Final = "<the start in UTC, such as 2026-12-01T00:00:00Z>"
ANY_END: t.Final = "<the end in UTC, such as 2026-12-08T00:00:00Z>"
#: The condition that the trust policy of a role for people has.
TRUST_CONDITION: t.Final[Mapping[str, t.Any]] = {
    "Bool": {"aws:MultiFactorAuthPresent": "true"},
    "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"},
}
_KNOWN_NETWORKS: t.Final = "KnownNetworks"
_PLACE: t.Final = re.compile(r"Statement(?:\[(\d+)\])?")
_PRINCIPAL_IS_SERVICE: t.Final = "aws:PrincipalIsAWSService"

_TEXTS: t.Final[Mapping[str, str]] = {
    "mfa": "put MFA into trust policies of roles for people, or into policies of IAM users",
    "enrolment": "let users enrol their own MFA without MFA: select the other statements",
    "network": (
        "deny outside of known networks by three operators together: NotIpAddressIfExists on aws:SourceIp, "
        "StringNotEqualsIfExists on aws:SourceVpc, BoolIfExists false on aws:ViaAWSService"
    ),
    "time": "give the window a start and an end in one condition block, in UTC",
    "reversed": "the end of the window must be after its start",
    "organization": "add BoolIfExists false on aws:PrincipalIsAWSService and on aws:ViaAWSService",
    "operator": (
        "use the operator of the type of the key: IpAddress for aws:SourceIp, DateGreaterThanEquals and DateLessThan "
        "for aws:CurrentTime, Bool for true and false"
    ),
    "one_value": "leave out ForAllValues for a key of one value",
    "null_check": "add Null false for each key of ForAllValues",
    "tag": "name the resources, or first deny the principal to change the tag; not every action supports tags",
}


@dataclasses.dataclass(frozen=True)
class Correction:
    """The corrected document, what was wrong in words, and the condition that belongs into trust policies."""

    policy: Policy
    texts: tuple[str, ...]
    trust_condition: t.Optional[Mapping[str, t.Any]] = None


Fix = Callable[[Statement], Sequence[Statement]]


def correct(policy: Policy, issues: Iterable[Issue]) -> t.Optional[Correction]:
    """Correct the statements of a policy that issues are about; None if nobody knows how.

    An issue without a known form is left as it is.
    """
    by_statement: dict[int, list[str]] = {}
    for issue in issues:
        place = _PLACE.match(issue.path)
        if place and issue.code in _FIXES:
            by_statement.setdefault(int(place[1] or 0), []).append(issue.code)
    if not by_statement:
        return None
    found: list[Statement] = []
    for statement in policy.statements:
        found += _fix(statement, by_statement.get(statement.index, ()))
    codes = {code for codes in by_statement.values() for code in codes}
    topics = list(dict.fromkeys(_FIXES[code][0] for code in _FIXES if code in codes))
    numbered = tuple(dataclasses.replace(item, index=index) for index, item in enumerate(found))
    return Correction(
        dataclasses.replace(policy, statements=numbered),
        tuple(_TEXTS[topic] for topic in topics),
        TRUST_CONDITION if "mfa" in topics else None,
    )


def _fix(statement: Statement, codes: Sequence[str]) -> Sequence[Statement]:
    found: Sequence[Statement] = (statement,)
    # The complete Deny outside of networks exempts services already.
    dropped = {"deny_where_key_is_absent"} if "network_deny_lacks_operators" in codes else set()
    # Several codes may have the same fix.
    for fix in dict.fromkeys(_FIXES[code][1] for code in _FIXES if code in codes and code not in dropped):
        found = [fixed for item in found for fixed in fix(item)]
    return [_drop_repeated(item) for item in found]


def _drop_repeated(statement: Statement) -> Statement:
    """Keep the first of conditions with the same operator and key. A block can't have both."""
    kept: dict[tuple[t.Any, ...], Condition] = {}
    for item in statement.conditions:
        kept.setdefault((item.operator, item.key.lower(), item.if_exists, item.quantifier), item)
    return dataclasses.replace(statement, conditions=tuple(kept.values()))


def _keep(statement: Statement, wanted: Callable[[Condition], bool]) -> Statement:
    return dataclasses.replace(statement, conditions=tuple(item for item in statement.conditions if wanted(item)))


def _move_mfa(statement: Statement) -> Sequence[Statement]:
    """Take conditions on MFA out of an Allow; a Deny for their sake goes."""
    if not statement.allow:
        return ()
    return (_keep(statement, lambda item: item.key.lower() not in MFA_KEYS),)


def _replace_private_ranges(statement: Statement) -> Sequence[Statement]:
    """Replace an Allow from private addresses by a Deny outside of the known networks."""
    if not any(item.key.lower() == SOURCE_IP for item in statement.conditions):
        return (statement,)
    if not statement.allow:
        return (_complete_networks(statement)[0],)
    ranges = _list_public_ranges(statement)
    allowing = _keep(statement, lambda item: item.key.lower() != SOURCE_IP)
    return allowing, deny_outside(allowing, ranges)


def _list_public_ranges(statement: Statement) -> tuple[str, ...]:
    values = (value for item in statement.conditions if item.key.lower() == SOURCE_IP for value in item.values)
    found = tuple(value for value in values if address_range(value) and not is_private_range(value))
    return () if find_wide_networks(found) else found


def deny_outside(statement: Statement, ranges: Sequence[str] = (), networks: Sequence[Condition] = ()) -> Statement:
    """Make the Deny outside of known networks that belongs to an Allow.

    ``networks`` are the conditions on VPCs and VPC endpoints. Unknown values are placeholders.
    """
    of_vpcs = tuple(networks) or (Condition("StringNotEquals", "aws:SourceVpc", (ANY_VPC,), if_exists=True),)
    return dataclasses.replace(
        statement,
        allow=False,
        sid=f"{statement.sid}{_KNOWN_NETWORKS}" if statement.sid else None,
        conditions=(
            Condition("NotIpAddress", "aws:SourceIp", tuple(ranges) or (ANY_RANGE,), if_exists=True),
            *of_vpcs,
            Condition("Bool", "aws:ViaAWSService", ("false",), if_exists=True),
        ),
    )


def _fit_operators(statement: Statement) -> Sequence[Statement]:
    """Give keys of addresses, times and truth the operators of their type."""
    found: Statement = statement
    if any(is_of_time(item) and not item.operator.startswith("Date") for item in statement.conditions):
        found = _restate_window(statement)[0]
    conditions = tuple(_fit_operator(item, allow=statement.allow) for item in found.conditions)
    return (dataclasses.replace(found, conditions=conditions),)


def _fit_operator(condition: Condition, *, allow: bool) -> Condition:
    negated = condition.operator in NEGATED
    if condition.key.lower() == SOURCE_IP and not condition.operator.endswith("IpAddress"):
        ranges = tuple(value for value in condition.values if address_range(value)) or (ANY_RANGE,)
        return dataclasses.replace(condition, operator="NotIpAddress" if negated else "IpAddress", values=ranges)
    if key_type(condition.key) == "Bool" and condition.operator not in ("Bool", "Null"):
        values = tuple(_turn(value) if negated else value for value in condition.values)
        # A Deny without MFA is also about requests that have no key of MFA.
        is_optional = condition.if_exists or negated or (not allow and condition.key.lower() == MFA_PRESENT)
        return dataclasses.replace(condition, operator="Bool", values=values, if_exists=is_optional)
    return condition


def _turn(value: str) -> str:
    return {"true": "false", "false": "true"}.get(value.lower(), value)


def _drop_quantifier(statement: Statement) -> Sequence[Statement]:
    conditions = tuple(
        item if (key_type(item.key) or "").startswith(ARRAY) else dataclasses.replace(item, quantifier=None)
        for item in statement.conditions
    )
    return (dataclasses.replace(statement, conditions=conditions),)


def _add_null_checks(statement: Statement) -> Sequence[Statement]:
    keys = dict.fromkeys(item.key for item in statement.conditions if item.quantifier == "ForAllValues")
    checks = (Condition("Null", key, ("false",)) for key in keys)
    added = tuple(check for check in checks if check not in statement.conditions)
    return (dataclasses.replace(statement, conditions=(*statement.conditions, *added)),)


def _complete_networks(statement: Statement) -> Sequence[Statement]:
    """Complete a Deny outside of networks. Its other conditions stay."""
    of_vpcs = tuple(
        dataclasses.replace(item, if_exists=True)
        for item in statement.conditions
        if item.key.lower() in OF_VPCS and item.operator in NEGATED
    )
    others = tuple(
        item
        for item in statement.conditions
        if item.key.lower() not in OF_VPCS and item.key.lower() not in (SOURCE_IP, VIA_SERVICE)
    )
    complete = deny_outside(statement, _list_public_ranges(statement), of_vpcs)
    return (dataclasses.replace(complete, sid=statement.sid, conditions=(*others, *complete.conditions)),)


def _complete_window(statement: Statement) -> Sequence[Statement]:
    """Give a window both ends."""
    window = find_window(statement)
    if window is None:
        return (statement,)
    start = _list_values(statement, AFTER) or (ANY_START,)
    end = _list_values(statement, BEFORE) or (ANY_END,)
    return (_set_window(statement, start, end),)


def _restate_window(statement: Statement) -> Sequence[Statement]:
    """Replace other comparisons of the time by a window."""
    if not any(map(is_of_time, statement.conditions)):
        return (statement,)
    start, end = (
        values if all(map(read_moment, values)) else ()
        for values in (_list_values(statement, AFTER), _list_values(statement, BEFORE))
    )
    return (_set_window(statement, start or (ANY_START,), end or (ANY_END,)),)


def _end_later(statement: Statement) -> Sequence[Statement]:
    return (_set_window(statement, _list_values(statement, AFTER) or (ANY_START,), (ANY_END,)),)


def _turn_around(statement: Statement) -> Sequence[Statement]:
    """Turn a reversed window around. Other contradictions stay: nobody knows what was meant."""
    window = find_window(statement)
    if window is None or window.start is None or window.end is None or window.start < window.end:
        return (statement,)
    return (_set_window(statement, _list_values(statement, BEFORE), _list_values(statement, AFTER)),)


def _list_values(statement: Statement, operators: Sequence[str]) -> tuple[str, ...]:
    found = (item.values for item in statement.conditions if is_of_time(item) and item.operator in operators)
    return next(found, ())


def _set_window(statement: Statement, start: Sequence[str], end: Sequence[str]) -> Statement:
    others = tuple(item for item in statement.conditions if not is_of_time(item))
    return dataclasses.replace(statement, conditions=(*others, *make_window(tuple(start), tuple(end))))


def make_window(start: tuple[str, ...], end: tuple[str, ...]) -> tuple[Condition, ...]:
    """The conditions of a time window."""
    return (
        Condition("DateGreaterThanEquals", "aws:CurrentTime", start),
        Condition("DateLessThan", "aws:CurrentTime", end),
    )


def make_mfa(max_age: int) -> tuple[Condition, ...]:
    """The conditions of MFA that is at most so many seconds old."""
    return (
        Condition("Bool", global_keys.SPELLING[MFA_PRESENT], ("true",)),
        Condition("NumericLessThan", global_keys.SPELLING[MFA_AGE], (str(max_age),)),
    )


def _exempt_services(statement: Statement) -> Sequence[Statement]:
    """Exempt calls by AWS services from a Deny by a key that these lack."""
    exempt = tuple(
        Condition("Bool", key, ("false",), if_exists=True) for key in (_PRINCIPAL_IS_SERVICE, "aws:ViaAWSService")
    )
    return (dataclasses.replace(statement, conditions=(*statement.conditions, *exempt)),)


def _drop_tags(statement: Statement) -> Sequence[Statement]:
    return (_keep(statement, lambda item: global_keys.stem(item.key) != RESOURCE_TAG),)


# By code: the topic of the text, and the fix. In this order, since a fix may replace what another one looks at.
_FIXES: t.Final[Mapping[str, tuple[str, Fix]]] = {
    "mfa_locks_out_machines": ("mfa", _move_mfa),
    "mfa_if_exists_in_allow": ("mfa", _move_mfa),
    "mfa_null_check_in_allow": ("mfa", _move_mfa),
    "mfa_deny_locks_out": ("mfa", _move_mfa),
    "mfa_deny_misses_access_keys": ("mfa", _move_mfa),
    "mfa_locks_out_enrolment": ("enrolment", _move_mfa),
    "mfa_not_required": ("mfa", _move_mfa),
    "mfa_null_check_in_deny": ("mfa", _move_mfa),
    "type_mismatch": ("operator", _fit_operators),
    "forallvalues_with_single_valued_key": ("one_value", _drop_quantifier),
    "forallvalues_without_null_check": ("null_check", _add_null_checks),
    "condition_never_holds": ("reversed", _turn_around),
    "time_equals_moment": ("time", _restate_window),
    "type_mismatch_date": ("time", _restate_window),
    "time_window_is_over": ("time", _end_later),
    "time_window_with_one_end": ("time", _complete_window),
    "deny_where_key_is_absent": ("organization", _exempt_services),
    "tag_condition_is_changeable": ("tag", _drop_tags),
    "allow_with_unsupported_tag_condition_key_for_service": ("tag", _drop_tags),
    "network_deny_lacks_operators": ("network", _complete_networks),
    "type_mismatch_ip_range": ("network", _replace_private_ranges),
    "ip_range_too_wide": ("network", _replace_private_ranges),
    "network_if_exists_in_allow": ("network", _replace_private_ranges),
    "private_not_ip_address": ("network", _replace_private_ranges),
    "private_ip_address": ("network", _replace_private_ranges),
}
