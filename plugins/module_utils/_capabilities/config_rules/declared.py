# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the options of ``config_rules`` declare."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ..._account.account_id import parse_account_id
from ..._account.config_catalogue import (
    BOOLEAN,
    BY_IDENTIFIER,
    BY_NAME,
    CATALOGUE,
    DAILY,
    INTEGER,
    ManagedRule,
    Parameter,
    Placement,
)
from ..._account.config_rules import PREFIX, format_value
from ..._converge.errors import InputError

MANAGED_TAG: t.Final = "iam-hardening:managed"
_TRUTHS: t.Final[Mapping[str, str]] = {"true": "true", "yes": "true", "false": "false", "no": "false"}
# A rule of an organization may have a name of 64 characters, of which our prefix takes some.
_NAME: t.Final = re.compile(r"[A-Za-z0-9_-]{1,50}", re.ASCII)
_IDENTIFIER: t.Final = re.compile(r"[A-Z][A-Z0-9_]{0,255}", re.ASCII)
_LONGEST_PARAMETERS: t.Final = 1024


@dataclasses.dataclass(frozen=True)
class WantedRule:
    """A rule that is declared. ``name`` is without the prefix that all our rules bear.

    A ``{partition}`` in ``parameters`` stands for that of the account. ``named`` are the parameters that the play
    names, None for one to leave out: a rule that others have made has to have these to do. ``regions`` are where it is
    declared; without them, its placement says where it belongs. ``is_extra`` says that it is none of the catalogue.
    """

    name: str
    identifier: str
    description: str
    placement: Placement
    parameters: Mapping[str, str]
    named: Mapping[str, t.Optional[str]] = dataclasses.field(default_factory=dict)
    frequency: t.Optional[str] = None
    resource_types: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    is_extra: bool = False

    @property
    def full_name(self) -> str:
        return f"{PREFIX}{self.name}"

    def fill_parameters(self, partition: str) -> dict[str, str]:
        return {name: _fill_partition(value, partition) for name, value in self.parameters.items()}

    def fill_named_parameters(self, partition: str) -> dict[str, t.Optional[str]]:
        return {name: value and _fill_partition(value, partition) for name, value in self.named.items()}

    def is_offered(self, region: str) -> bool:
        """Whether AWS has such a rule there, so far as is known."""
        rule = BY_IDENTIFIER.get(self.identifier)
        return rule is None or rule.is_offered(region)


def _fill_partition(value: str, partition: str) -> str:
    return value.replace("{partition}", partition)


@dataclasses.dataclass(frozen=True)
class RecorderWish:
    """The recorder that is made in regions without one, and where it delivers to."""

    bucket: str
    prefix: t.Optional[str] = None
    kms_key_arn: t.Optional[str] = None
    sns_topic_arn: t.Optional[str] = None
    role_arn: t.Optional[str] = None


@dataclasses.dataclass(frozen=True)
class Declared:
    """All of a declaration. ``excluded_accounts`` None leaves a rule of the organization with those that it has."""

    rules: tuple[WantedRule, ...] = ()
    remove: frozenset[str] = frozenset()
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    iam_region: t.Optional[str] = None
    recorder: t.Optional[RecorderWish] = None
    of_organization: bool = False
    excluded_accounts: t.Optional[tuple[str, ...]] = None

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any]) -> Declared:
        """:raises InputError: the message names the option and the value, and says what is allowed."""
        remove = frozenset(filter(None, (name.strip().removeprefix(PREFIX) for name in options["remove_rules"])))
        given = {_find_catalogue_rule(item, index).name: item for index, item in enumerate(options["rules"])}
        _refuse_duplicates(
            [_find_catalogue_rule(item, index).name for index, item in enumerate(options["rules"])], "rules"
        )
        by_default = {rule.name for rule in CATALOGUE if rule.by_default and options["default_rules"]} - remove
        chosen = by_default | {name for name, item in given.items() if item["enabled"]}
        chosen -= {name for name, item in given.items() if not item["enabled"]}
        extra = [_parse_extra_rule(item, f"extra_rules[{index}]") for index, item in enumerate(options["extra_rules"])]
        _refuse_duplicates([rule.name for rule in extra], "extra_rules")
        rules = (
            *(_parse_managed_rule(rule, given.get(rule.name)) for rule in CATALOGUE if rule.name in chosen),
            *extra,
        )
        both = sorted(remove & {rule.name for rule in rules})
        if both:
            raise InputError(f"remove_rules: {both[0]} is declared as well")
        of_organization = options["scope"] == "organization"
        recorder = options.get("recorder")
        if of_organization and recorder:
            raise InputError(
                "recorder: with scope organization each account has its own recorder; declare it in the accounts"
            )
        return cls(
            rules=rules,
            remove=remove,
            tags={MANAGED_TAG: "true", **{str(key): str(value) for key, value in options["tags"].items()}},
            iam_region=(options.get("iam_region") or "").strip() or None,
            recorder=_parse_recorder(recorder) if recorder else None,
            of_organization=of_organization,
            excluded_accounts=_parse_accounts(options.get("excluded_accounts"), of_organization=of_organization),
        )


def _find_catalogue_rule(given: Mapping[str, t.Any], index: int) -> ManagedRule:
    name = str(given["name"]).strip().removeprefix(PREFIX)
    rule = BY_NAME.get(name) or BY_IDENTIFIER.get(name)
    if rule is None:
        raise InputError(
            f"rules[{index}].name: {given['name']!r} is not allowed; allowed are {', '.join(BY_NAME)} and AWS's names "
            "for them (for others use extra_rules)"
        )
    return rule


def _parse_managed_rule(rule: ManagedRule, given: t.Optional[Mapping[str, t.Any]]) -> WantedRule:
    place = f"rules: {rule.name}"
    named = _parse_parameters(rule, (given or {}).get("parameters") or {}, place)
    values = {name: item.default for name, item in rule.parameters.items()} | named
    parameters = {name: value for name, value in values.items() if value}
    lacking = sorted(name for name, item in rule.parameters.items() if item.required and name not in parameters)
    if lacking:
        raise InputError(f"{place}: the parameter {lacking[0]} can't be left out")
    frequency = (given or {}).get("frequency")
    if frequency and not rule.is_periodic:
        raise InputError(f"{place}: frequency is not allowed; changes trigger this rule")
    _check_length(parameters, place)
    return WantedRule(
        name=rule.name,
        identifier=rule.identifier,
        description=rule.description,
        placement=rule.placement,
        parameters=parameters,
        named=named,
        frequency=frequency or (DAILY if rule.is_periodic else None),
        resource_types=rule.resource_types,
    )


def _parse_parameters(rule: ManagedRule, given: Mapping[str, t.Any], place: str) -> dict[str, t.Optional[str]]:
    unknown = sorted(set(given) - set(rule.parameters))
    if unknown:
        allowed = ", ".join(rule.parameters) or "none"
        raise InputError(f"{place}: it has no parameter {unknown[0]!r}; allowed are {allowed}")
    return {
        name: _parse_value(rule.parameters[name], value, f"{place}: {name}") if value not in (None, "") else None
        for name, value in given.items()
    }


def _parse_value(parameter: Parameter, given: t.Any, place: str) -> str:
    """Parse a value as AWS takes it: a rule reads a boolean as true only in small letters."""
    text = format_value(given)
    if parameter.kind == BOOLEAN:
        if text.lower() not in _TRUTHS:
            raise InputError(f"{place}: {given!r} is not allowed; allowed are true and false")
        return _TRUTHS[text.lower()]
    if parameter.kind == INTEGER:
        if not text.isdecimal() or not parameter.low <= int(text) <= parameter.high:
            allowed = f"{parameter.low} to {parameter.high}"
            raise InputError(f"{place}: {given!r} is not allowed; allowed are {allowed}")
        return str(int(text))
    return text


def _parse_extra_rule(given: Mapping[str, t.Any], place: str) -> WantedRule:
    name, identifier = str(given["name"]).strip().removeprefix(PREFIX), str(given["identifier"]).strip()
    if not _NAME.fullmatch(name) or name in BY_NAME:
        taken = "the name of a rule that is declared in rules" if name in BY_NAME else "not allowed"
        raise InputError(f"{place}.name: {name!r} is {taken}; allowed are up to 50 letters, digits, - and _")
    if not _IDENTIFIER.fullmatch(identifier):
        raise InputError(f"{place}.identifier: {identifier!r} is none of AWS's, such as IAM_GROUP_HAS_USERS_CHECK")
    parameters = {str(key): format_value(value) for key, value in sorted((given.get("parameters") or {}).items())}
    empty = sorted(key for key, value in parameters.items() if not value)
    if empty:
        raise InputError(f"{place}.parameters: {empty[0]} is empty, which AWS does not accept")
    _check_length(parameters, place)
    return WantedRule(
        name=name,
        identifier=identifier,
        description=str(given.get("description") or ""),
        placement=Placement.ONCE,
        parameters=parameters,
        named=parameters,
        frequency=given.get("frequency"),
        resource_types=tuple(sorted(given.get("resource_types") or ())),
        regions=tuple(filter(None, (region.strip() for region in given.get("regions") or ()))),
        is_extra=True,
    )


def build_input_parameters(parameters: Mapping[str, str]) -> str:
    """Build ``InputParameters`` as they are sent."""
    return json.dumps(dict(sorted(parameters.items())), separators=(",", ":"))


def _check_length(parameters: Mapping[str, str], place: str) -> None:
    length = len(build_input_parameters(parameters))
    if length > _LONGEST_PARAMETERS:
        raise InputError(f"{place}: its parameters take {length} characters, allowed are {_LONGEST_PARAMETERS}")


def _parse_recorder(given: Mapping[str, t.Any]) -> RecorderWish:
    bucket = str(given["bucket"]).strip()
    if not bucket:
        raise InputError("recorder.bucket: it is empty; set it to the bucket that AWS Config delivers to")
    texts = {name: (given.get(name) or None) for name in ("prefix", "kms_key_arn", "sns_topic_arn", "role_arn")}
    for name in ("kms_key_arn", "sns_topic_arn", "role_arn"):
        if texts[name] and not str(texts[name]).startswith("arn:"):
            raise InputError(f"recorder.{name}: {texts[name]!r} is no ARN")
    return RecorderWish(bucket, **texts)


def _parse_accounts(given: t.Optional[Iterable[t.Any]], *, of_organization: bool) -> t.Optional[tuple[str, ...]]:
    if given is None:
        return None
    try:
        accounts = {account_id for item in given if (account_id := parse_account_id(item))}
    except ValueError as error:
        raise InputError(f"excluded_accounts: {error}") from error
    if accounts and not of_organization:
        raise InputError("excluded_accounts: it is allowed only with scope organization")
    return tuple(sorted(accounts))


def _refuse_duplicates(names: Sequence[str], option: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{option}: {twice[0]} is listed twice")
