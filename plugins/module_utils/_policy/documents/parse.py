# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""From a policy document, as text or as a structure, to a ``Policy``.

Refused is what IAM refuses with MalformedPolicyDocument; what IAM stores although it is unwise is for validation
to say. Documents that were read from AWS are best parsed without a kind: some were stored before today's rules.

The grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import dataclasses
import datetime
import math
import re
import typing as t
from collections.abc import Mapping

from .operators import OPERATORS, QUANTIFIERS, WITHOUT_IF_EXISTS
from .policy import Condition, Kind, Policy, PolicyError, Problem, Statement
from .syntax import Number, Path, decode, locate, path_text

# JSON text, or the structure that JSON or YAML text gives.
Source = t.Union[str, bytes, Mapping[str, t.Any]]

VERSIONS = ("2008-10-17", "2012-10-17")

_ELEMENTS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_ELEMENTS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
_PRINCIPAL_TYPES = ("AWS", "Service", "Federated", "CanonicalUser")

# "Actions/Conditions must be prefaced by a vendor" and "can contain only one colon", says IAM.
_ACTION = re.compile(r"\*|[^:]+:[^:]*")
_IDENTITY_ACTION = re.compile(r"\*|(?:\*|[A-Za-z0-9.-]+):[^:]*")
# "Resource … must be in ARN format or "*"."
_IDENTITY_RESOURCE = re.compile(r"\*|arn:[^:]+:.+", re.DOTALL)
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html; other services take more.
_SID = re.compile(r"[A-Za-z0-9]*")

IDENTITY_KINDS: t.Final = frozenset(
    {Kind.MANAGED, Kind.INLINE_USER, Kind.INLINE_GROUP, Kind.INLINE_ROLE, Kind.BOUNDARY, Kind.SESSION}
)
# Kinds that are attached to the caller, and so name no principal.
_ATTACHED_KINDS = IDENTITY_KINDS | {Kind.SCP}
_PRINCIPAL_KINDS = frozenset({Kind.TRUST, Kind.RESOURCE, Kind.RCP})
_RESOURCE_KINDS = IDENTITY_KINDS | {Kind.SCP, Kind.RCP}


def parse(source: Source, *, name: str = "", kind: t.Optional[Kind] = None) -> Policy:
    """The document as data; ``name`` is what messages and explanations call it.

    Without ``kind``, only what no kind of policy may have is refused. Raises PolicyError with every problem of the
    document, and nothing else, whatever ``source`` is.
    """
    policy, found = _read(source, name, kind)
    if found:
        raise PolicyError(found, name)
    return policy


def problems(source: Source, *, kind: t.Optional[Kind] = None) -> tuple[Problem, ...]:
    """List the problems for which IAM would refuse the document, in the order of a text; empty for a good document."""
    try:
        return _read(source, "", kind)[1]
    except PolicyError as error:
        return error.problems


def _read(source: Source, name: str, kind: t.Optional[Kind]) -> tuple[Policy, tuple[Problem, ...]]:
    text = None
    value: t.Any = source
    if isinstance(source, (str, bytes)):
        value, text = decode(source, name=name)
    reader = _Reader(kind)
    policy = reader.policy(value, name)
    if not reader.found:
        return policy, ()
    places = locate(text).positions if text is not None else {}
    found = [Problem(message, path_text(path), places.get(path)) for path, message in reader.found]
    return policy, tuple(sorted(found, key=_place))


def _place(problem: Problem) -> tuple[int, int]:
    place = problem.position
    return (place.line, place.column) if place else (0, 0)


@dataclasses.dataclass
class _Reader:
    """Reads one document and notes what is wrong, going on behind it."""

    kind: t.Optional[Kind]
    found: list[tuple[Path, str]] = dataclasses.field(default_factory=list)

    def refuse(self, path: Path, message: str) -> None:
        self.found.append((path, message))

    def policy(self, value: t.Any, name: str) -> Policy:
        if not isinstance(value, Mapping):
            self.refuse((), f"a policy is an object, not {_type_of(value)}")
            return Policy(())
        self.check_names(value, _ELEMENTS, "policy", ())
        version = value.get("Version", VERSIONS[0])
        if isinstance(version, datetime.date):
            # YAML makes a date of it unless it is quoted.
            version = version.isoformat()
        if version not in VERSIONS:
            self.refuse(("Version",), "must be 2012-10-17 or 2008-10-17")
            version = VERSIONS[0]
        return Policy(self.statements(value), version, self.text(value, "Id", ()), name)

    def statements(self, document: Mapping[str, t.Any]) -> tuple[Statement, ...]:
        path: Path = ("Statement",)
        value = document.get("Statement")
        if "Statement" not in document:
            self.refuse((), "has no Statement")
        elif isinstance(value, Mapping):
            return (self.statement(value, path, 0),)
        elif not isinstance(value, (list, tuple)):
            self.refuse(path, f"must be a list of objects, not {_type_of(value)}")
        elif not value:
            self.refuse(path, "must not be empty")
        else:
            statements = tuple(self.statement(item, (*path, index), index) for index, item in enumerate(value))
            self.check_ids(statements)
            return statements
        return ()

    def check_ids(self, statements: tuple[Statement, ...]) -> None:
        seen: set[str] = set()
        for statement in statements if self.kind in IDENTITY_KINDS else ():
            if statement.sid and statement.sid in seen:
                path = ("Statement", statement.index, "Sid")
                self.refuse(path, f"{_quote(statement.sid)} is the id of an earlier statement")
            seen.add(statement.sid or "")

    def statement(self, value: t.Any, path: Path, index: int) -> Statement:
        if not isinstance(value, Mapping):
            self.refuse(path, f"a statement is an object, not {_type_of(value)}")
            return Statement(index, allow=False)
        self.check_names(value, _STATEMENT_ELEMENTS, "statement", path)
        kind = self.kind
        self.check_pair(value, "Action", path, needed=True)
        self.check_pair(value, "Resource", path, needed=kind in _RESOURCE_KINDS, unfit=kind is Kind.TRUST)
        self.check_pair(value, "Principal", path, needed=kind in _PRINCIPAL_KINDS, unfit=kind in _ATTACHED_KINDS)
        return Statement(
            index=index,
            allow=self.read_effect(value, path),
            sid=self.sid(value, path),
            actions=self.actions(value, "Action", path),
            not_actions=self.actions(value, "NotAction", path),
            resources=self.resources(value, "Resource", path),
            not_resources=self.resources(value, "NotResource", path),
            principals=self.principals(value, "Principal", path),
            not_principals=self.principals(value, "NotPrincipal", path),
            conditions=self.conditions(value, path),
        )

    def check_names(self, value: Mapping[str, t.Any], known: frozenset[str], place: str, path: Path) -> None:
        if known.issuperset(value):
            return
        for name in value:
            if name not in known:
                # IAM distinguishes "action" from "Action", and says no more of either than "Syntax errors in policy".
                meant = next((right for right in known if right.lower() == _key(name).lower()), None)
                hint = f"; it is spelled {meant}" if meant else ""
                self.refuse((*path, _key(name)), f"is not an element of a {place}{hint}")

    def check_pair(
        self, value: Mapping[str, t.Any], element: str, path: Path, *, needed: bool, unfit: bool = False
    ) -> None:
        given = [name for name in (element, f"Not{element}") if name in value]
        if len(given) == 2:
            self.refuse((*path, given[1]), f"is not allowed beside {element}")
        if needed and not given:
            self.refuse(path, f"has neither {element} nor Not{element}")
        elif unfit and given:
            self.refuse((*path, given[0]), f"is not allowed in {_names(self.kind)}")

    def read_effect(self, value: Mapping[str, t.Any], path: Path) -> bool:
        effect = value.get("Effect")
        if "Effect" not in value:
            self.refuse(path, "has no Effect")
        elif effect not in ("Allow", "Deny"):
            self.refuse((*path, "Effect"), "must be Allow or Deny, in this spelling")
        return effect == "Allow"

    def text(self, value: Mapping[str, t.Any], element: str, path: Path) -> t.Optional[str]:
        text = value.get(element)
        if isinstance(text, str):
            return text
        if element in value:
            self.refuse((*path, element), f"must be a string, not {_type_of(text)}")
        return None

    def sid(self, value: Mapping[str, t.Any], path: Path) -> t.Optional[str]:
        sid = self.text(value, "Sid", path)
        if sid and self.kind in _ATTACHED_KINDS and not _SID.fullmatch(sid):
            self.refuse((*path, "Sid"), f"{_quote(sid)} has other characters than A-Z, a-z and 0-9")
        return sid

    def strings(
        self, given: t.Any, path: Path, allowed: t.Optional[re.Pattern[str]] = None, message: str = ""
    ) -> tuple[str, ...]:
        if isinstance(given, str):
            items: t.Iterable[tuple[Path, t.Any]] = ((path, given),)
        elif isinstance(given, (list, tuple)):
            items = [((*path, index), item) for index, item in enumerate(given)]
        else:
            self.refuse(path, f"must be a string or a list of strings, not {_type_of(given)}")
            return ()
        found = []
        for place, item in items:
            if not isinstance(item, str):
                self.refuse(place, f"must be a string, not {_type_of(item)}")
                continue
            if allowed and not allowed.fullmatch(item):
                self.refuse(place, f"{_quote(item)} {message}")
            found.append(item)
        return tuple(found)

    def patterns(
        self, value: Mapping[str, t.Any], path: Path, allowed: t.Optional[re.Pattern[str]], message: str
    ) -> t.Optional[tuple[str, ...]]:
        element = str(path[-1])
        if element not in value:
            return None
        found = self.strings(value[element], path, allowed, message)
        if value[element] in ([], ()) and self.kind in IDENTITY_KINDS:
            # "Policy statement must contain actions", "... resources". Other services take an empty list.
            self.refuse(path, "must not be empty")
        return found

    def actions(self, value: Mapping[str, t.Any], element: str, path: Path) -> t.Optional[tuple[str, ...]]:
        allowed = _IDENTITY_ACTION if self.kind in IDENTITY_KINDS else _ACTION
        return self.patterns(value, (*path, element), allowed, 'is neither "*" nor service:action')

    def resources(self, value: Mapping[str, t.Any], element: str, path: Path) -> t.Optional[tuple[str, ...]]:
        allowed = _IDENTITY_RESOURCE if self.kind in IDENTITY_KINDS else None
        return self.patterns(value, (*path, element), allowed, 'is neither "*" nor an ARN')

    def principals(
        self, value: Mapping[str, t.Any], element: str, path: Path
    ) -> t.Optional[tuple[tuple[str, str], ...]]:
        if element not in value:
            return None
        block, path = value[element], (*path, element)
        if block == "*":
            return (("*", "*"),)
        if not isinstance(block, Mapping):
            self.refuse(path, f'must be "*" or an object such as {{"AWS": "123456789012"}}, not {_type_of(block)}')
            return ()
        found: list[tuple[str, str]] = []
        for name, given in block.items():
            if name not in _PRINCIPAL_TYPES:
                self.refuse((*path, _key(name)), f"is none of {', '.join(_PRINCIPAL_TYPES)}")
                continue
            found += [(name, principal) for principal in self.strings(given, (*path, name))]
        return tuple(found)

    def conditions(self, value: Mapping[str, t.Any], path: Path) -> tuple[Condition, ...]:
        if "Condition" not in value:
            return ()
        block, path = value["Condition"], (*path, "Condition")
        if not isinstance(block, Mapping):
            self.refuse(path, f"must be an object of operators, not {_type_of(block)}")
            return ()
        found: list[Condition] = []
        for operator, keys in block.items():
            found += self.operator(_key(operator), keys, (*path, _key(operator)))
        return tuple(found)

    def operator(self, written: str, keys: t.Any, path: Path) -> list[Condition]:
        if not isinstance(keys, Mapping):
            self.refuse(path, f"must be an object of condition keys, not {_type_of(keys)}")
            return []
        try:
            operator, if_exists, quantifier = _operator(written)
        except ValueError as error:
            self.refuse(path, str(error))
            return []
        found = []
        for key, given in keys.items():
            name = _key(key)
            if name is not key or (self.kind in IDENTITY_KINDS and ":" not in name):
                self.refuse((*path, name), "is not a condition key such as aws:SourceIp")
            found.append(Condition(operator, name, self.values(given, (*path, name)), if_exists, quantifier))
        return found

    def values(self, given: t.Any, path: Path) -> tuple[str, ...]:
        if isinstance(given, str):
            return (given,)
        if isinstance(given, (list, tuple)):
            return tuple([self.value(item, (*path, index)) for index, item in enumerate(given)])
        return (self.value(given, path),)

    def value(self, given: t.Any, path: Path) -> str:
        if isinstance(given, str):
            return given
        try:
            return _scalar_text(given)
        except ValueError:
            self.refuse(path, f"must be a string, a number or true or false, not {_type_of(given)}")
            return ""


def _names(kind: t.Optional[Kind]) -> str:
    if kind is Kind.TRUST:
        return "a trust policy: it is always about its own role"
    return (
        "a service control policy" if kind is Kind.SCP else ("an identity policy: it is always about its own principal")
    )


def _operator(written: str) -> tuple[str, bool, t.Optional[t.Literal["ForAllValues", "ForAnyValue"]]]:
    """The bare operator, whether it ends in IfExists, and the quantifier. Raises ValueError with what is wrong.

    IAM compares the names with regard to case: "Invalid Condition type : stringEquals".
    """
    name, quantifier, bare = written, None, written
    head, colon, rest = written.partition(":")
    if colon:
        quantifier, bare = QUANTIFIERS.get(head.lower()), rest
        if quantifier is None:
            raise ValueError("is not a condition operator: before the colon must be ForAllValues or ForAnyValue")
    name = bare[: -len("IfExists")] if bare.lower().endswith("ifexists") else bare
    operator = OPERATORS.get(name.lower())
    if operator is None:
        raise ValueError("is no condition operator")
    if_exists = name != bare
    right = f"{f'{quantifier}:' if quantifier else ''}{operator}{'IfExists' if if_exists else ''}"
    if right != written:
        raise ValueError(f"is not a condition operator; it is spelled {right}")
    if if_exists and operator in WITHOUT_IF_EXISTS:
        raise ValueError(f"is not a condition operator: {operator} can't have IfExists")
    return operator, if_exists, quantifier


def _scalar_text(value: t.Any) -> str:
    """A condition value as IAM compares it: it takes true for "true" and 3600 for "3600". ValueError for others."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Number):
        return value.text
    if isinstance(value, datetime.datetime):
        # YAML's timestamps are UTC unless they say otherwise; AWS wants the zone to be said.
        moment = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
        return moment.isoformat().replace("+00:00", "Z")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        # str() of an integer raises ValueError where it has thousands of digits.
        return str(value)
    raise ValueError


def _key(key: t.Any) -> str:
    """The name of an element. YAML's keys need not be strings; JSON's are."""
    return key if isinstance(key, str) else f"({_type_of(key)})"


def _type_of(value: t.Any) -> str:
    """Name the type of a value in the words of JSON. The value itself may be of any size and depth."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    for types, name in _TYPE_NAMES:
        if isinstance(value, types):
            return name
    return f"a {type(value).__name__}"


_TYPE_NAMES: t.Final[tuple[tuple[tuple[type, ...], str], ...]] = (
    ((str,), "a string"),
    ((int, float, Number), "a number"),
    ((Mapping,), "an object"),
    ((list, tuple), "a list"),
    ((datetime.date,), "a date"),
)


def _quote(text: str) -> str:
    return ascii(text if len(text) <= 80 else f"{text[:77]}...")
