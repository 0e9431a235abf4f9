# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What is declared for existing policies: which ones, and how each is narrowed."""

from __future__ import annotations

import dataclasses
import datetime as dt
import fnmatch
import re
import typing as t
from collections.abc import Collection, Mapping, Sequence

from ..._account.permissions import Principal
from ..._controls.facts import OWN_PATH
from ..._converge.arn import resource_of
from ..._converge.errors import InputError
from ..._policy.documents.parse import parse
from ..._policy.documents.policy import Condition, Kind, Policy, PolicyError
from ..._policy.evaluation.comparisons import address_range
from ..._policy.trail.coverage import LogClass
from ..._policy.validation.intentions import find_wide_networks
from ..._policy.validation.windows import read_moment
from ..._prediction.acceptance import Acceptances, parse_acceptances

#: The options of a target that select principals, each with the kind of principal in ARNs.
SELECTORS: t.Final[Mapping[str, str]] = {"users": "user", "groups": "group", "roles": "role"}
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
LONGEST_NAME: t.Final = 128
_NAME: t.Final = re.compile(rf"[\w+=,.@-]{{1,{LONGEST_NAME}}}", re.ASCII)
_PATH: t.Final = re.compile(r"/|/[\x21-\x7e]{1,510}/")
# Seconds since 1970 have ten digits: eight are meant as a date, and AWS reads them as seconds.
_DATE: t.Final = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?|\d{10}", re.ASCII)
_ACTION: t.Final = re.compile(r"\*(:\*)?|[a-z0-9-]+:[\w*?]+", re.ASCII | re.IGNORECASE)
_RESERVED_PATHS: t.Final = (OWN_PATH, "/aws-reserved/", "/aws-service-role/", "/service-role/")
_VPC: t.Final = re.compile(r"vpc-[0-9a-f]{8,17}")
_ENDPOINT: t.Final = re.compile(r"vpce-[0-9a-f]{8,17}")
_ARN_PARTS: t.Final = 5
_LONGEST_AGE: t.Final = 129_600
_SOURCES: t.Final = ("resources", "seen_resources", "split", "mfa", "network", "time_window", "conditions", "document")


@dataclasses.dataclass(frozen=True)
class ResourceRule:
    """The resources of some actions: ``actions`` are patterns as in policies, ``arns`` take the place of wider ones."""

    actions: tuple[str, ...]
    arns: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Network:
    """The known networks: public ranges, and VPCs or VPC endpoints."""

    ranges: tuple[str, ...]
    vpcs: tuple[str, ...]
    endpoints: tuple[str, ...]

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions on VPCs and on VPC endpoints of a Deny outside of them."""
        given = (("aws:SourceVpc", self.vpcs), ("aws:SourceVpce", self.endpoints))
        return tuple(Condition("StringNotEquals", key, values, if_exists=True) for key, values in given if values)


@dataclasses.dataclass(frozen=True)
class Copy:
    """The customer managed policy that takes the place of a policy of AWS."""

    name: str
    path: str


@dataclasses.dataclass(frozen=True)
class Target:
    """Policies, and how they are narrowed. Managed policies and inline policies are selected by globs.

    ``principals`` selects, by kind of principal, those whose inline policies are meant, or who get a copy of a policy
    of AWS. ``statements`` are globs for statement ids; empty for all.
    """

    place: str
    policies: tuple[str, ...] = ()
    inline_policies: tuple[str, ...] = ()
    principals: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    statements: tuple[str, ...] = ()
    resources: tuple[ResourceRule, ...] = ()
    seen_resources: bool = False
    split: bool = False
    mfa_age: t.Optional[int] = None
    network: t.Optional[Network] = None
    window: t.Optional[tuple[str, str]] = None
    conditions: tuple[Condition, ...] = ()
    document: t.Optional[Policy] = None
    copy: t.Optional[Copy] = None

    def names_policy(self, name: str, arn: str) -> bool:
        """Whether a managed policy is meant."""
        return selects(self.policies, name, arn)

    def names_inline(self, name: str, owner: Principal) -> bool:
        """Whether an inline policy is meant."""
        return selects(self.inline_policies, name, "") and self.concerns(owner)

    def concerns(self, principal: Principal) -> bool:
        """Whether a principal is selected."""
        kind = resource_of(principal.arn).partition("/")[0]
        return selects(self.principals.get(kind, ()), principal.name, principal.arn)

    def has_statement(self, sid: t.Optional[str]) -> bool:
        """Whether a statement is meant."""
        return not self.statements or any(fnmatch.fnmatchcase(sid or "", pattern) for pattern in self.statements)


@dataclasses.dataclass(frozen=True)
class Declared:
    """The declaration of one task.

    ``unproven`` accepts, by policy, that a document is not proved. ``assume_logged`` are kinds of calls
    that count as recorded where it is not known which trail wrote the files.
    """

    targets: tuple[Target, ...] = ()
    unproven: Acceptances = ()
    assume_logged: frozenset[LogClass] = frozenset()

    @classmethod
    def from_options(
        cls, options: Mapping[str, t.Any], documents: Sequence[t.Optional[Mapping[str, t.Any]]], *, today: dt.date
    ) -> Declared:
        """The declaration in the options of the module; ``documents`` are those of its targets, decoded.

        :raises InputError: a value that can't be used, with the option and what is allowed.
        """
        given = options.get("targets") or []
        targets = tuple(
            _parse_target(item, document, f"targets[{index}]")
            for index, (item, document) in enumerate(zip(given, documents, strict=True))
        )
        accepted = [
            {"principal": item["policy"], "reason": item["reason"], "expires": item["expires"]}
            for item in options.get("accept_unproven") or ()
        ]
        unproven = parse_acceptances(accepted, today=today, option="accept_unproven", named="policy")
        return cls(targets, unproven, frozenset(map(LogClass, options.get("assume_logged") or ())))


def selects(patterns: Collection[str], name: str, arn: str) -> bool:
    """Whether a glob is about a name; one that begins with ``arn:`` is held against the ARN, which has the path."""
    return any(fnmatch.fnmatchcase(arn if pattern.startswith("arn:") else name, pattern) for pattern in patterns)


def _parse_texts(value: t.Any) -> tuple[str, ...]:
    return tuple(text for item in value or () if (text := str(item).strip()))


def _parse_target(item: Mapping[str, t.Any], document: t.Optional[Mapping[str, t.Any]], place: str) -> Target:
    _check_target(item, place)
    mfa, network, window, copy = (item.get(name) for name in ("mfa", "network", "time_window", "copy"))
    return Target(
        place=place,
        policies=_parse_texts(item.get("policies")),
        inline_policies=_parse_texts(item.get("inline_policies")),
        principals={kind: _parse_texts(item.get(option)) for option, kind in SELECTORS.items()},
        statements=_parse_texts(item.get("statements")),
        resources=tuple(
            _parse_rule(rule, f"{place}.resources[{index}]") for index, rule in enumerate(item.get("resources") or ())
        ),
        seen_resources=bool(item.get("seen_resources")),
        split=bool(item.get("split")),
        mfa_age=None if mfa is None else _parse_age(mfa.get("max_age"), f"{place}.mfa.max_age"),
        network=None if network is None else _parse_network(network, f"{place}.network"),
        window=None if window is None else _parse_window(window, f"{place}.time_window"),
        conditions=_parse_conditions(item.get("conditions"), f"{place}.conditions"),
        document=None if document is None else _parse_document(document, f"{place}.document"),
        copy=None if copy is None else _parse_copy(copy, f"{place}.copy"),
    )


def _check_target(item: Mapping[str, t.Any], place: str) -> None:
    """Refuse a target that selects nothing, changes nothing, or says two things."""
    has_principals = any(_parse_texts(item.get(option)) for option in SELECTORS)
    if not _parse_texts(item.get("policies")) and not _parse_texts(item.get("inline_policies")):
        raise InputError(f"{place}: it selects no policy; policies or inline_policies is needed")
    if _parse_texts(item.get("inline_policies")) and not has_principals:
        raise InputError(f"{place}.inline_policies: at least one of {', '.join(SELECTORS)} is needed with it")
    if item.get("copy") is not None and not has_principals:
        raise InputError(f"{place}.copy: at least one of {', '.join(SELECTORS)} is needed with it")
    given = [name for name in _SOURCES if item.get(name) not in (None, False, [], "")]
    if not given and item.get("copy") is None:
        raise InputError(f"{place}: nothing is declared; at least one of {', '.join(_SOURCES)} is needed")
    has_owners = item.get("copy") is not None or _parse_texts(item.get("inline_policies"))
    for option in () if has_owners else SELECTORS:
        if _parse_texts(item.get(option)):
            raise InputError(
                f"{place}.{option}: it is for inline_policies and copy; a managed policy changes for all who have it"
            )
    if item.get("statements") and not _parse_texts(item["statements"]):
        raise InputError(f"{place}.statements: it names no statement; leave it out for all statements")
    if "document" in given and len(given) > 1:
        raise InputError(f"{place}.document: it can't be combined with {', '.join(given[:-1])}")


def _parse_rule(rule: Mapping[str, t.Any], place: str) -> ResourceRule:
    given = rule.get("actions")
    actions, arns = ("*",) if given is None else _parse_texts(given), _parse_texts(rule.get("arns"))
    if not actions:
        raise InputError(f"{place}.actions: it names no action; leave it out for all actions")
    for action in actions:
        if not _ACTION.fullmatch(action):
            raise InputError(f"{place}.actions: {action!r} is not an action such as s3:GetObject, or a pattern of them")
    if not arns:
        raise InputError(f"{place}.arns: at least one ARN is needed")
    for arn in arns:
        if not _is_arn(arn):
            raise InputError(f"{place}.arns: {arn!r} is not an ARN with all its parts, or a pattern for one service")
    return ResourceRule(actions, arns)


def _is_arn(text: str) -> bool:
    """Whether a text is an ARN or a pattern of ARNs. One for all services would limit nothing."""
    parts = text.split(":", _ARN_PARTS)
    is_whole = len(parts) > _ARN_PARTS and parts[0] == "arn" and text.isprintable()
    return is_whole and bool(parts[1] and parts[2]) and not set("*?$") & set(parts[2])


def _parse_age(value: t.Any, place: str) -> int:
    if not isinstance(value, int) or not 1 <= value <= _LONGEST_AGE:
        raise InputError(f"{place}: {value!r} is not a number of seconds from 1 to {_LONGEST_AGE}")
    return value


def _parse_network(value: Mapping[str, t.Any], place: str) -> Network:
    ranges, vpcs = _parse_texts(value.get("ip_ranges")), _parse_texts(value.get("vpcs"))
    endpoints = _parse_texts(value.get("vpc_endpoints"))
    if not ranges or not (vpcs or endpoints):
        raise InputError(
            f"{place}: ip_ranges and one of vpcs and vpc_endpoints are needed, since requests through a VPC endpoint "
            "have no public address"
        )
    for text in ranges:
        if address_range(text) is None:
            raise InputError(f"{place}.ip_ranges: {text!r} is not a range such as 203.0.113.0/24")
    wide = find_wide_networks(ranges)
    if wide:
        raise InputError(
            f"{place}.ip_ranges: {wide[0]} is no known network: it is larger than any network of one owner"
        )
    for name, texts, pattern in (("vpcs", vpcs, _VPC), ("vpc_endpoints", endpoints, _ENDPOINT)):
        wrong = next((text for text in texts if not pattern.fullmatch(text)), None)
        if wrong is not None:
            raise InputError(f"{place}.{name}: {wrong!r} is not an id such as {name[:-1].partition('_')[0]}-0abc1234")
    return Network(ranges, vpcs, endpoints)


def _parse_window(value: Mapping[str, t.Any], place: str) -> tuple[str, str]:
    """The two ends. A missing one is empty: the refusal then shows the correct form."""
    ends = {name: str(value.get(name) or "").strip() for name in ("start", "end")}
    if not any(ends.values()):
        raise InputError(f"{place}: start and end are needed, such as 2026-12-01T00:00:00Z")
    for name, text in ends.items():
        if text and (_DATE.fullmatch(text) is None or read_moment(text) is None):
            raise InputError(f"{place}.{name}: {text!r} is not a date such as 2026-12-01T00:00:00Z, in UTC")
    return ends["start"], ends["end"]


def _parse_conditions(value: t.Any, place: str) -> tuple[Condition, ...]:
    if not value:
        return ()
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": value}
    try:
        policy = parse({"Version": "2012-10-17", "Statement": [statement]})
    except PolicyError as error:
        raise InputError(f"{place}: not the condition block of a statement: {error}") from error
    if not policy.statements[0].conditions:
        raise InputError(f"{place}: it has no condition key")
    return policy.statements[0].conditions


def _parse_document(value: Mapping[str, t.Any], place: str) -> Policy:
    try:
        return parse(value, kind=Kind.MANAGED)
    except PolicyError as error:
        raise InputError(f"{place}: not a policy that IAM accepts: {error}") from error


def _parse_copy(value: Mapping[str, t.Any], place: str) -> Copy:
    name, path = str(value.get("name") or "").strip(), str(value.get("path") or "/").strip()
    if not _NAME.fullmatch(name):
        raise InputError(f"{place}.name: {name!r} is not allowed; allowed are 1 to 128 letters, digits and +=,.@_-")
    if not _PATH.fullmatch(path):
        raise InputError(f"{place}.path: {path!r} is not allowed; allowed is / or a text that begins and ends with /")
    if path.startswith(_RESERVED_PATHS):
        raise InputError(f"{place}.path: {path!r} is not allowed; AWS or this collection uses it")
    return Copy(name, path)
