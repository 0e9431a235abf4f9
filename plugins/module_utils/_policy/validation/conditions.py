# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Validation of conditions: do their keys exist, and do operators and values fit the type of the key?"""

from __future__ import annotations

import base64
import binascii
import difflib
import functools
import ipaddress
import itertools
import re
import typing as t
from collections.abc import Iterator, Mapping

from ..documents import global_keys
from ..documents.operators import NEGATED, WITH_VARIABLES
from ..documents.policy import Condition, Statement
from ..documents.syntax import Path
from ..evaluation import catalogue
from ..evaluation.catalogue import ARRAY, Action
from ..evaluation.comparisons import address_range
from ..evaluation.variables import VERSION, has_variables
from .draft import Draft, DraftIssue, PlacedText, is_everything, is_wild, join_names

# The operators of each type of key. Strings are compared as any type is written, so that string operators do work on
# ARNs; on other types Access Analyzer calls them a mismatch.
_FAMILIES: t.Final[Mapping[str, tuple[str, ...]]] = {
    "String": ("String", "Arn"),
    "ARN": ("Arn", "String"),
    "Bool": ("Bool",),
    "Numeric": ("Numeric",),
    "Date": ("Date", "Numeric"),
    "IPAddress": ("Ip", "NotIp"),
}
_SHARED: t.Final = ipaddress.IPv4Network("100.64.0.0/10")
_DATE: t.Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+(Z|[+-][0-9:]+)?)?|[0-9]+")
_NUMBER: t.Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_RESOURCE_TAG: t.Final = "aws:resourcetag/"
_TAGS: t.Final = (_RESOURCE_TAG, "aws:requesttag/")
# The variable part of a key is documented as ${TagKey}, as <key>, as tag-key, or as nothing behind the slash.
_PLACEHOLDER: t.Final = re.compile(r"\$\{[^}]*\}|<[^>]*>|(?<=/)tag-key$|(?<=/)$")
# An ARN for the service reference, while IAM's own page of its keys says that it works with string operators.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
_COMPARED_AS_TEXT: t.Final = frozenset({"iam:permissionsboundary"})


def conditions_of(draft: Draft) -> Iterator[tuple[Statement, Condition, Path]]:
    """Every condition of a document, with its statement and the place of its key."""
    for statement in draft.policy.statements:
        for condition, path in draft.conditions(statement):
            yield statement, condition, path


@functools.lru_cache(maxsize=8192)
def key_type(key: str) -> t.Optional[str]:
    """The type of a condition key in any case; empty for one that exists and has none known, None for one that doesn't.

    The claims of an identity provider are keys too, whose prefix is the provider's address; any may exist.
    """
    lower = key.lower()
    known = global_keys.global_type(lower)
    prefix, _colon, name = lower.partition(":")
    if known or "." in prefix:
        return known or ""
    if prefix == "aws" or not name:
        return None
    for service in catalogue.key_owners().get(prefix, (prefix,)):
        keys = catalogue.condition_keys(service)
        found = keys.get(lower) or next((kind for form, kind in keys.items() if _is_form(form, lower)), None)
        if found:
            return found
    return None


def _is_form(form: str, key: str) -> bool:
    pattern = _form(form)
    return pattern is not None and pattern.fullmatch(key) is not None


@functools.lru_cache(maxsize=8192)
def _form(form: str) -> t.Optional[re.Pattern[str]]:
    """The keys that a documented form stands for; None for a form that is a key itself."""
    fixed = _PLACEHOLDER.split(form)
    return re.compile(".+".join(map(re.escape, fixed))) if len(fixed) > 1 else None


def find_unknown_keys(draft: Draft) -> Iterator[DraftIssue]:
    """Find condition keys that do not exist: a request never has them."""
    for _statement, condition, path in conditions_of(draft):
        prefix, colon, _name = condition.key.partition(":")
        if not colon:
            yield DraftIssue("invalid_condition_key_format", path, f"{condition.key} is not a key such as aws:SourceIp")
        elif key_type(condition.key) is None:
            is_global = prefix.lower() == "aws"
            code = "invalid_global_condition_key" if is_global else "invalid_service_condition_key"
            yield DraftIssue(code, path, f"{condition.key} does not exist{_suggest(condition.key)}")


def _suggest(key: str) -> str:
    lower = key.lower()
    known = {**{form: form for form in catalogue.condition_keys(lower.partition(":")[0])}, **global_keys.SPELLING}
    alike = difflib.get_close_matches(lower, known, n=1, cutoff=0.8)
    return f"; meant may be {known[alike[0]]}" if alike else ""


def find_idle_keys(draft: Draft) -> Iterator[DraftIssue]:
    """Find keys of a service that no request of the statement's actions has, although they are of that service."""
    for statement, condition, path in conditions_of(draft):
        actions = draft.expanded[statement.index]
        service = condition.key.partition(":")[0].lower()
        if not actions or any(is_everything(pattern) for pattern in statement.actions or ()):
            continue
        if global_keys.global_type(condition.key) or {action.service for action in actions} != {service}:
            continue
        if key_type(condition.key) is not None and not any(
            _brings(action, condition.key.lower()) for action in actions
        ):
            message = f"no action of the statement has {condition.key}: the condition is evaluated without it"
            yield DraftIssue("condition_key_unsupported_by_actions", path, message)


def _brings(action: Action, key: str) -> bool:
    return key in action.condition_keys or any(_is_form(form, key) for form in action.condition_keys)


def find_repeated_keys(draft: Draft) -> Iterator[DraftIssue]:
    """Find keys that are twice under one operator: their case makes no difference."""
    seen: set[tuple[Path, str]] = set()
    for _statement, condition, path in conditions_of(draft):
        key = (path[:-1], condition.key.lower())
        if key in seen:
            message = f"{condition.key} is already here: letter case of keys does not matter"
            yield DraftIssue("duplicate_keys_with_different_case", path, message)
        seen.add(key)


def find_unfit_operators(draft: Draft) -> Iterator[DraftIssue]:
    """Find operators that do not fit the type of the key, and set operators that it needs or has no use for."""
    for _statement, condition, path in conditions_of(draft):
        kind = key_type(condition.key)
        if not kind or condition.operator == "Null":
            continue
        bare = kind.removeprefix(ARRAY)
        if not condition.operator.startswith(_FAMILIES[bare]):
            message = f"{condition.key} is of the type {bare}; {condition.operator} is for another"
            yield DraftIssue("type_mismatch", path, message)
        if kind.startswith(ARRAY) and not condition.quantifier:
            message = f"{condition.key} has several values: {condition.operator} needs ForAnyValue or ForAllValues"
            yield DraftIssue("missing_qualifier", path, message)


def find_unfit_values(draft: Draft) -> Iterator[DraftIssue]:
    """Find values that their operator can't compare. AWS replaces variables for some operators only."""
    for _statement, condition, path in conditions_of(draft):
        takes_variables = condition.operator in WITH_VARIABLES
        for placed in draft.values(condition, path):
            if not (takes_variables and has_variables(placed.text, version=VERSION)):
                yield from _check_value(condition, placed)


def _check_value(condition: Condition, placed: PlacedText) -> Iterator[DraftIssue]:
    operator, text = condition.operator, placed.text
    if operator in ("Bool", "Null"):
        if text.lower() not in ("true", "false"):
            yield DraftIssue("type_mismatch_boolean", placed.path, f"{text!r} is neither true nor false")
    elif operator.startswith("Numeric"):
        if not _NUMBER.fullmatch(text):
            yield DraftIssue("type_mismatch_number", placed.path, f"{text!r} is not a number")
    elif operator.startswith("Date"):
        if not _DATE.fullmatch(text):
            yield DraftIssue("type_mismatch_date", placed.path, f"{text!r} is not a date such as 2026-12-31T00:00:00Z")
    elif operator == "BinaryEquals":
        if not _is_base64(text):
            yield DraftIssue("type_mismatch_string", placed.path, f"{text!r} is not base64")
    elif operator in ("IpAddress", "NotIpAddress"):
        yield from _check_address(condition, placed)


def _check_address(condition: Condition, placed: PlacedText) -> Iterator[DraftIssue]:
    if address_range(placed.text) is None:
        yield DraftIssue(
            "type_mismatch_ip_range", placed.path, f"{placed.text!r} is not an address or range such as 192.0.2.0/24"
        )
        return
    # aws:SourceIp is the public address that AWS sees, or absent behind a VPC endpoint.
    if condition.key.lower() == "aws:sourceip" and is_private_range(placed.text):
        negated = condition.operator in NEGATED
        code = "private_not_ip_address" if negated else "private_ip_address"
        message = f"aws:SourceIp is never in {placed.text}: behind a VPC endpoint aws:VpcSourceIp has such an address"
        yield DraftIssue(code, placed.path, message)


def is_private_range(text: str) -> bool:
    """Whether a range has only addresses that are never public. Those for use in examples count as public."""
    if address_range(text) is None:
        return False
    network = ipaddress.ip_network(text, strict=False)
    return (network.is_private or network.is_multicast or _is_shared(network)) and not _is_documentation(network)


def _is_shared(network: t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]) -> bool:
    """Whether these are addresses behind the NAT of a carrier (RFC 6598), which VPCs use as well."""
    return network.version == 4 and network.subnet_of(_SHARED)


def _is_documentation(network: t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]) -> bool:
    """Whether these are addresses for use in examples, which Python counts as private."""
    ranges = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
    # Networks of two versions are compared as texts are with numbers: not at all.
    return any(
        network.version == one.version and one.supernet_of(network)  # type: ignore[arg-type]
        for one in map(ipaddress.ip_network, ranges)
    )


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def find_wildcards_in_arns(draft: Draft) -> Iterator[DraftIssue]:
    """Find string operators with wildcards on keys that hold ARNs: these match colons too, those of ArnLike do not.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
    """
    for _statement, condition, path in conditions_of(draft):
        if condition.operator in ("StringLike", "StringNotLike") and _is_compared_as_arn(condition.key):
            instead = condition.operator.replace("String", "Arn")
            message = f"in {condition.operator} a wildcard also matches the colons of {condition.key}: use {instead}"
            yield DraftIssue("string_like_operator_with_arn_condition_keys", path, message)


def _is_compared_as_arn(key: str) -> bool:
    return key_type(key) in ("ARN", f"{ARRAY}ARN") and key.lower() not in _COMPARED_AS_TEXT


def find_presence_checks(draft: Draft) -> Iterator[DraftIssue]:
    """Find StringLike with ``*``, which holds for every request that has the key: Null says so more plainly."""
    for _statement, condition, path in conditions_of(draft):
        if condition.quantifier or condition.if_exists or condition.operator not in ("StringLike", "ArnLike"):
            continue
        if any(value and not value.strip("*") for value in condition.values):
            message = f"holds for every request that has {condition.key}: Null false says the same"
            yield DraftIssue("equivalent_to_null_false", path, message)


def find_unsupported_tags(draft: Draft) -> Iterator[DraftIssue]:
    """Find actions that an Allow gives by a tag on the resource, and that know no such tags: they are never allowed."""
    for statement, condition, _path in conditions_of(draft):
        if not statement.allow or not _needs_tag(condition):
            continue
        unsupported = [placed for placed in draft.texts(statement, "Action") if _knows_no_tags(placed.text)]
        by_service = itertools.groupby(sorted(unsupported, key=_service_of), key=_service_of)
        for _service, members in by_service:
            placed = sorted(members, key=lambda one: one.path[-1] if isinstance(one.path[-1], int) else 0)
            names = join_names([one.text for one in placed])
            message = (
                f"{names}: according to the reference no request has {condition.key}, so the statement never allows it"
            )
            yield DraftIssue("allow_with_unsupported_tag_condition_key_for_service", placed[0].path, message)


def _needs_tag(condition: Condition) -> bool:
    """Whether a condition holds only for requests that have a tag of the resource."""
    if global_keys.stem(condition.key) != _RESOURCE_TAG or condition.quantifier == "ForAllValues":
        return False
    if condition.operator == "Null":
        return {value.lower() for value in condition.values} == {"false"}
    return condition.operator not in NEGATED and not condition.if_exists


def _service_of(placed: PlacedText) -> str:
    return placed.text.partition(":")[0].lower()


def _knows_no_tags(text: str) -> bool:
    actions = () if is_everything(text) else catalogue.expand(text)
    return bool(actions) and not any(_has_resource_tag(action) for action in actions)


@functools.lru_cache(maxsize=65536)
def _has_resource_tag(action: Action) -> bool:
    # Tagging is documented for some types of resources and works on more. Actions that create a resource with tags are
    # left out: some services judge the new tags as those of the resource, and Access Analyzer does not report them.
    return "Tagging" in action.levels or any(key.startswith(_TAGS) for key in action.condition_keys)


def find_literal_wildcards(draft: Draft) -> Iterator[DraftIssue]:
    """Find wildcards in values of operators that take them literally. ArnEquals is ArnLike by another name."""
    for _statement, condition, path in conditions_of(draft):
        if not condition.operator.startswith(("StringEquals", "StringNotEquals")):
            continue
        for placed in draft.values(condition, path):
            if is_wild(placed.text.replace("${*}", "").replace("${?}", "")):
                like = "StringNotLike" if condition.operator in NEGATED else "StringLike"
                message = f"{condition.operator} takes {placed.text} literally: wildcards need {like}"
                yield DraftIssue("wildcard_without_like_operator", placed.path, message)


def find_variables_of_old_version(draft: Draft) -> Iterator[DraftIssue]:
    """Find policy variables in a document whose version has none, so that they are mere text."""
    if draft.policy.version >= VERSION:
        return
    for statement in draft.policy.statements:
        values = [placed for condition, path in draft.conditions(statement) for placed in draft.values(condition, path)]
        for placed in (*draft.resources(statement), *values):
            if has_variables(placed.text, version=VERSION):
                message = f"{placed.text} is taken literally in a policy of the version {draft.policy.version}"
                yield DraftIssue("variable_unsupported_in_version", placed.path, message)
