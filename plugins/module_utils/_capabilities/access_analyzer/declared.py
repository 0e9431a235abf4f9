# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a play declares for IAM Access Analyzer."""

from __future__ import annotations

import dataclasses
import re
import types
import typing as t
from collections.abc import Mapping, Sequence
from datetime import date

from ..._account.analyzers import EXTERNAL, INTERNAL, UNUSED, Criteria, Criterion, Exclusion, Inclusion
from ..._converge.errors import InputError

MANAGED_TAG: t.Final = "iam-hardening:managed"
DEFAULT_AGE: t.Final = 90
_ACCESS: t.Final = {"external": EXTERNAL, "unused": UNUSED, "internal": INTERNAL}
_OPERATORS: t.Final = ("eq", "neq", "contains", "exists")
_NAME: t.Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,254}", re.ASCII)
# The two scopes of an analyzer, and what the names of its type begin with.
_SCOPES: t.Final = {"account": "ACCOUNT", "organization": "ORGANIZATION"}
_AGES: t.Final = range(1, 366)


@dataclasses.dataclass(frozen=True)
class UnusedAccess:
    """An analyzer of unused access. A setting that is None stays as the analyzer has it."""

    scope: str
    region: t.Optional[str]
    age: t.Optional[int]
    exclusions: t.Optional[tuple[Exclusion, ...]]

    @property
    def type(self) -> str:
        return f"{self.scope}_{UNUSED}"


@dataclasses.dataclass(frozen=True)
class InternalAccess:
    """Analyzers of internal access to named resources, in these regions or in those of the task."""

    scope: str
    regions: tuple[str, ...]
    inclusions: tuple[Inclusion, ...]

    @property
    def type(self) -> str:
        return f"{self.scope}_{INTERNAL}"

    def select_inclusions(self, region: str) -> tuple[Inclusion, ...]:
        """Select the resources to look at in a region: all but those whose ARN names another region."""
        found = []
        for inclusion in self.inclusions:
            arns = tuple(arn for arn in inclusion.resource_arns if arn.split(":")[3] in ("", region))
            if arns or not inclusion.resource_arns:
                found.append(dataclasses.replace(inclusion, resource_arns=arns))
        return tuple(found)


@dataclasses.dataclass(frozen=True)
class Rule:
    """An archive rule, until and including the day on which it expires."""

    name: str
    access: str
    criteria: Criteria
    reason: str
    expires: date
    regions: tuple[str, ...] = ()
    apply_to_existing: bool = True

    def holds_in(self, region: str) -> bool:
        return not self.regions or region in self.regions

    def is_expired(self, today: date) -> bool:
        return today > self.expires


@dataclasses.dataclass(frozen=True)
class Declared:
    """The declaration. ``external`` is a type of analyzer, ``ANY`` of the two, or None."""

    external: t.Optional[str]
    unused: t.Optional[UnusedAccess] = None
    internal: t.Optional[InternalAccess] = None
    rules: tuple[Rule, ...] = ()
    tags: Mapping[str, str] = dataclasses.field(default_factory=lambda: types.MappingProxyType({}))
    prefix: str = "iam-hardening"
    remove_analyzers: frozenset[str] = frozenset()
    remove_archive_rules: frozenset[str] = frozenset()

    @property
    def of_organization(self) -> bool:
        """Whether an analyzer of an organization is declared."""
        scopes = (self.external, self.unused and self.unused.scope, self.internal and self.internal.scope)
        return "ORGANIZATION" in scopes

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any], *, today: date) -> Declared:
        """The declaration in the options of the module.

        :raises InputError: the message names the option and the value, and says what is allowed.
        """
        external = options["external"]
        rules = tuple(
            _parse_rule(item, f"archive_rules[{index}]", today, options["archive_rule_max_days"])
            for index, item in enumerate(options["archive_rules"])
        )
        _refuse_duplicates([f"{rule.access} {rule.name}" for rule in rules], "archive_rules")
        return cls(
            external={"none": None, "any": "ANY"}.get(external, _SCOPES.get(external)),
            unused=_parse_unused(options["unused"]) if options.get("unused") else None,
            internal=_parse_internal(options["internal"]) if options.get("internal") else None,
            rules=rules,
            tags={str(key): str(value) for key, value in options["tags"].items()},
            prefix=_parse_name(options["name_prefix"], "name_prefix"),
            remove_analyzers=frozenset(filter(None, options["remove_analyzers"])),
            remove_archive_rules=frozenset(filter(None, options["remove_archive_rules"])),
        )


def _parse_unused(given: Mapping[str, t.Any]) -> UnusedAccess:
    age = given["unused_access_age"]
    if age is not None and age not in _AGES:
        raise InputError(f"unused.unused_access_age: {age} is not allowed; allowed are {_AGES[0]} to {_AGES[-1]} days")
    exclusions = given["exclusions"]
    return UnusedAccess(
        scope=_SCOPES[given["scope"]],
        region=given["region"] or None,
        age=age,
        exclusions=None if exclusions is None else tuple(map(_parse_exclusion, exclusions)),
    )


def _parse_exclusion(given: Mapping[str, t.Any]) -> Exclusion:
    tags = given.get("resource_tags") or []
    found = Exclusion(
        account_ids=tuple(sorted(map(str, given.get("account_ids") or []))),
        resource_tags=tuple({str(key): str(value) for key, value in entry.items()} for entry in tags),
    )
    if not found.account_ids and not found.resource_tags:
        raise InputError("unused.exclusions: an entry is empty; it needs account_ids or resource_tags")
    return found


def _parse_internal(given: Mapping[str, t.Any]) -> InternalAccess:
    inclusions = tuple(
        Inclusion(
            account_ids=tuple(sorted(map(str, entry.get("account_ids") or []))),
            resource_types=tuple(sorted(entry.get("resource_types") or [])),
            resource_arns=tuple(sorted(entry.get("resource_arns") or [])),
        )
        for entry in given["inclusions"]
    )
    if not inclusions or any(not (entry.resource_arns or entry.resource_types) for entry in inclusions):
        raise InputError(
            "internal.inclusions: every entry needs resource_arns or resource_types, because AWS charges for each "
            "analyzed resource"
        )
    bad = [arn for entry in inclusions for arn in entry.resource_arns if arn.count(":") < 5]
    if bad:
        raise InputError(f"internal.inclusions: {bad[0]!r} is no ARN")
    return InternalAccess(scope=_SCOPES[given["scope"]], regions=tuple(given["regions"] or ()), inclusions=inclusions)


def _parse_rule(given: Mapping[str, t.Any], place: str, today: date, max_days: int) -> Rule:
    reason = str(given["reason"]).strip()
    if not reason:
        raise InputError(f"{place}.reason: it is empty; give the reason why these findings may be hidden")
    try:
        expires = date.fromisoformat(str(given["expires"])[:10])
    except ValueError as error:
        raise InputError(f"{place}.expires: {given['expires']!r} is no date; allowed is YYYY-MM-DD") from error
    if (expires - today).days > max_days:
        raise InputError(
            f"{place}.expires: {expires} is more than {max_days} days ahead (archive_rule_max_days), from {today} on"
        )
    return Rule(
        name=_parse_name(given["name"], f"{place}.name"),
        access=_ACCESS[given["access"]],
        criteria=_parse_criteria(given["filter"], f"{place}.filter"),
        reason=reason,
        expires=expires,
        regions=tuple(given["regions"] or ()),
        apply_to_existing=given["apply_to_existing"],
    )


def _parse_criteria(given: Mapping[str, t.Any], place: str) -> Criteria:
    if not given:
        raise InputError(f"{place}: it is empty and would hide everything")
    return {str(key): _parse_criterion(given[key], f"{place}.{key}") for key in sorted(given)}


def _parse_criterion(given: t.Any, place: str) -> Criterion:
    if not isinstance(given, Mapping) or not given or set(given) - set(_OPERATORS):
        raise InputError(f"{place}: {given!r} is not allowed; allowed is a mapping with {', '.join(_OPERATORS)}")
    lists = {name: _parse_texts(given[name], f"{place}.{name}") for name in _OPERATORS[:3] if name in given}
    exists = given.get("exists")
    if isinstance(exists, str) and exists.lower() in ("true", "false"):
        exists = exists.lower() == "true"
    if exists is not None and not isinstance(exists, bool):
        raise InputError(f"{place}.exists: {exists!r} is not allowed; allowed are true and false")
    return Criterion(**lists, exists=exists)


def _parse_texts(given: t.Any, place: str) -> tuple[str, ...]:
    """Parse values as AWS has them: texts, also where YAML reads a boolean or a number."""
    values = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    if not values:
        raise InputError(f"{place}: it is empty; it needs at least one value")
    return tuple(sorted({str(value).lower() if isinstance(value, bool) else str(value) for value in values}))


def _parse_name(given: str, place: str) -> str:
    if not _NAME.fullmatch(given):
        raise InputError(f"{place}: {given!r} is not allowed; allowed is a letter, then letters, digits and _.-")
    return given


def _refuse_duplicates(names: Sequence[str], option: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{option}: {twice[0]} is listed twice")
