# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The declaration of a campaign: its roles, how each is right-sized, how long the stages take, and what is accepted."""

from __future__ import annotations

import dataclasses
import datetime as dt
import fnmatch
import re
import typing as t
from collections.abc import Collection, Mapping

from ..._converge.arn import resource_of
from ..._converge.errors import InputError
from ..._prediction.acceptance import Acceptance, Acceptances, acceptance_of, acceptance_warnings, parse_acceptances
from .model import Stage, Way

MOST_DAYS: t.Final = 365
#: A trial denies for real, so it ends soon whatever is declared or recorded.
MOST_TRIAL_DAYS: t.Final = 90
#: No canary is judged earlier.
LEAST_SOAK_DAYS: t.Final = 3
#: By option: the default, and the least that is allowed.
DAYS: t.Final[Mapping[str, tuple[int, int]]] = {
    "canary_days": (14, LEAST_SOAK_DAYS),
    "watch_days": (14, LEAST_SOAK_DAYS),
    "unused_days": (14, 7),
    "closed_days": (30, 7),
    "trial_days": (21, LEAST_SOAK_DAYS + 1),
    "parallel_days": (60, 7),
}
# Acceptances that are about a role and nothing else.
_PLAIN: t.Final = ("accept_unproven", "accept_breakage", "accept_machines", "accept_unused")
_NAME: t.Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
_TARGET_KEYS: t.Final = ("roles", "way", "canary", "boundary", "mfa")
_BOUNDARY: t.Final = re.compile(r"arn:[a-z0-9-]+:iam::(\d{12}|aws):policy/[\x21-\x7e]{1,600}", re.ASCII)
_ACCOUNT: t.Final = re.compile(r"\d{12}", re.ASCII)
_ACTION: t.Final = re.compile(r"[a-z0-9-]+:[A-Za-z0-9]+", re.ASCII)
_STAGES: t.Final = ", ".join(stage.value for stage in Stage)
_WAYS: t.Final = ", ".join(way.value for way in Way)


@dataclasses.dataclass(frozen=True)
class Target:
    """Some roles, and how they are right-sized.

    ``boundary`` is the ARN of the boundary that new roles get. With ``is_mfa_required`` their trust policies require
    MFA of people.
    """

    place: str
    roles: tuple[str, ...]
    way: Way
    is_canary: bool = False
    boundary: str = ""
    is_mfa_required: bool = False


@dataclasses.dataclass(frozen=True)
class NamedAcceptance:
    """An acceptance about a principal and something else: a namer, an account id or an action."""

    acceptance: Acceptance
    subject: str


@dataclasses.dataclass(frozen=True)
class Declared:
    """The campaign as declared. ``revert`` selects the roles that a run of that stage reverts."""

    campaign: str
    stage: t.Optional[Stage]
    targets: tuple[Target, ...]
    today: dt.date
    canary_days: int
    watch_days: int
    unused_days: int
    closed_days: int
    trial_days: int
    parallel_days: int
    accept_unproven: Acceptances = ()
    accept_breakage: Acceptances = ()
    accept_machines: Acceptances = ()
    accept_unused: Acceptances = ()
    accept_namers: tuple[NamedAcceptance, ...] = ()
    accept_denials: tuple[NamedAcceptance, ...] = ()
    revert: tuple[str, ...] = ()

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any], *, today: dt.date) -> Declared:
        """Check the options of the module.

        :raises InputError: one of them can't be used.
        """
        stage = _parse_stage(options.get("stage"))
        more: dict[str, t.Any] = {name: _parse_days(options, name) for name in DAYS}
        for name in _PLAIN:
            more[name] = parse_acceptances(options.get(name), today=today, option=name, named="principal")
        declared = cls(
            campaign=_parse_campaign(options.get("campaign")),
            stage=stage,
            targets=tuple(_parse_target(item, place) for place, item in _list_items(options, "targets")),
            today=today,
            **more,
            accept_namers=tuple(_parse_named(options, "accept_namers", "namer", _check_namer, today)),
            accept_denials=tuple(_parse_named(options, "accept_denials", "action", _check_action, today)),
            revert=_parse_globs(options.get("revert"), "revert"),
        )
        _check_together(declared)
        return declared

    def find_target(self, role_arn: str) -> t.Optional[Target]:
        """Find the target that selects a role; None if it is not part of the campaign.

        A role that two targets select is a canary if one of them says so.

        :raises InputError: two targets right-size it in different ways, or with different boundaries.
        """
        found = [target for target in self.targets if selects(target.roles, role_arn)]
        if not found:
            return None
        first = found[0]
        for other in found[1:]:
            if _identify(other) != _identify(first):
                raise InputError(
                    f"targets: {resource_of(role_arn)} is selected by {first.place} ({_describe(first)}) and by "
                    f"{other.place} ({_describe(other)}); a role is right-sized in one way, so change one of the two"
                )
        return dataclasses.replace(first, is_canary=any(target.is_canary for target in found))

    def reverts(self, role_arn: str) -> bool:
        """Whether this run reverts a role."""
        return self.stage is Stage.REVERT and selects(self.revert, role_arn)

    def accepts(self, acceptances: Acceptances, role_arn: str) -> t.Optional[str]:
        """Find the reason why something is accepted for a role; None if it is not, or no longer."""
        found = acceptance_of(role_arn, acceptances, self.today)
        return found.reason if found else None

    def accepts_namer(self, role_arn: str, resource: str, account_id: str) -> t.Optional[str]:
        """Find the reason why a namer, or an account that could not be read, is accepted.

        ``account_id`` is empty where an account id must not accept the namer: those of its own account are accepted one
        by one.
        """
        subjects = {text for text in (resource, account_id) if text}
        return self._accepts_subject(self.accept_namers, role_arn, subjects)

    def accepts_denial(self, role_arn: str, action: str) -> t.Optional[str]:
        """Find the reason why new denials of an action are accepted for a role."""
        return self._accepts_subject(self.accept_denials, role_arn, {action.lower()})

    def list_warnings(self, role_arns: Collection[str]) -> list[str]:
        """List warnings about acceptances that expired, or are about none of these roles."""
        found: list[str] = []
        for option in (*_PLAIN, "accept_namers", "accept_denials"):
            items = getattr(self, option)
            plain = [item.acceptance if isinstance(item, NamedAcceptance) else item for item in items]
            needless = "is no role of the campaign"
            found += acceptance_warnings(plain, role_arns, self.today, option=option, needless=needless)
        return found

    def list_needless_globs(self, role_arns: Collection[str]) -> list[str]:
        """List warnings about names and globs that select none of the roles: somebody may have mistyped them."""
        found: list[str] = []
        for place, patterns in (*((f"{one.place}.roles", one.roles) for one in self.targets), ("revert", self.revert)):
            needless = [pattern for pattern in patterns if not any(selects([pattern], arn) for arn in role_arns)]
            if needless:
                found.append(f"{place}: {', '.join(needless)} selects no role of the account")
        return found

    def _accepts_subject(
        self, items: tuple[NamedAcceptance, ...], role_arn: str, subjects: Collection[str]
    ) -> t.Optional[str]:
        return self.accepts(tuple(item.acceptance for item in items if item.subject in subjects), role_arn)


def selects(patterns: Collection[str], role_arn: str) -> bool:
    """Whether one of the globs is about a role: by its ARN, as ``role/path/name``, ``role/name`` or by its name.

    Case does not count: IAM has no two roles whose names differ in it alone.
    """
    resource = resource_of(role_arn)
    name = resource.rpartition("/")[2]
    forms = [text.lower() for text in (role_arn, resource, f"role/{name}", name)]
    return any(fnmatch.fnmatchcase(form, pattern.lower()) for pattern in patterns for form in forms)


def _identify(target: Target) -> tuple[t.Any, ...]:
    return target.way, target.boundary, target.is_mfa_required


def _describe(target: Target) -> str:
    boundary = f", boundary {target.boundary}" if target.boundary else ""
    return f"way {target.way}{boundary}{', mfa' if target.is_mfa_required else ''}"


def is_campaign_name(name: str) -> bool:
    """Whether a text may be the name of a campaign."""
    return _NAME.fullmatch(name) is not None


def _parse_campaign(value: t.Any) -> str:
    name = str(value or "").strip()
    if not is_campaign_name(name):
        raise InputError(
            f"campaign: {name!r} is not a name; allowed are up to 64 letters, digits, dots, dashes and underscores, "
            "and the first is a letter or digit"
        )
    return name


def _parse_stage(value: t.Any) -> t.Optional[Stage]:
    name = str(value or "").strip()
    if not name:
        return None
    try:
        return Stage(name)
    except ValueError:
        raise InputError(f"stage: there is no stage {name!r}; allowed are {_STAGES}") from None


def _list_items(options: Mapping[str, t.Any], option: str) -> list[tuple[str, Mapping[str, t.Any]]]:
    """The mappings in an option with their places. Ansible adds suboptions that are not given, as nulls."""
    value = options.get(option)
    if value is not None and not isinstance(value, (list, tuple)):
        raise InputError(f"{option}: a list of mappings is expected, not {value!r}")
    items: list[tuple[str, Mapping[str, t.Any]]] = []
    for index, item in enumerate(value or ()):
        place = f"{option}[{index}]"
        if not isinstance(item, Mapping):
            raise InputError(f"{place}: a mapping is expected, not {item!r}")
        items.append((place, {str(key): entry for key, entry in item.items() if entry is not None}))
    return items


def _parse_target(item: Mapping[str, t.Any], place: str) -> Target:
    _check_keys(item, place, _TARGET_KEYS)
    roles = _parse_globs(item.get("roles"), f"{place}.roles")
    if not roles:
        raise InputError(f"{place}.roles: it is empty; name roles, or write '*' for all roles of the account")
    name = str(item.get("way") or "").strip()
    try:
        way = Way(name)
    except ValueError:
        raise InputError(f"{place}.way: there is no way {name!r}; allowed are {_WAYS}") from None
    canary, mfa = (_parse_flag(item, name, place) for name in ("canary", "mfa"))
    boundary = str(item.get("boundary") or "").strip()
    if boundary and not _BOUNDARY.fullmatch(boundary):
        raise InputError(f"{place}.boundary: {boundary!r} is not the ARN of a managed policy")
    if boundary and way is not Way.PARALLEL:
        raise InputError(f"{place}.boundary: only way parallel makes new roles, and way is {way}; remove boundary")
    if mfa and way is not Way.PARALLEL:
        raise InputError(f"{place}.mfa: only way parallel makes new trust policies, and way is {way}; remove mfa")
    return Target(place, roles, way, canary, boundary, mfa)


def _parse_flag(item: Mapping[str, t.Any], name: str, place: str) -> bool:
    value = item.get(name, False)
    if not isinstance(value, bool):
        raise InputError(f"{place}.{name}: {value!r} is neither true nor false")
    return value


def _check_keys(item: Mapping[str, t.Any], place: str, allowed: Collection[str]) -> None:
    unknown = next((key for key in item if key not in allowed), None)
    if unknown is not None:
        raise InputError(f"{place}: there is no key {unknown!r}; allowed are {', '.join(allowed)}")


def _parse_globs(value: t.Any, option: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise InputError(f"{option}: a list of names or ARNs is expected, not {value!r}")
    patterns = tuple(str(item if item is not None else "").strip() for item in value)
    if not all(patterns):
        raise InputError(f"{option}: it has an empty entry; allowed are names or ARNs of roles, with * and ?")
    return patterns


def _parse_days(options: Mapping[str, t.Any], option: str) -> int:
    default, least = DAYS[option]
    most = MOST_TRIAL_DAYS if option == "trial_days" else MOST_DAYS
    value = options.get(option)
    text = str(default if value is None else value).strip()
    # AWX surveys send numbers as texts.
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,6}", text) or not least <= int(text) <= most:
        raise InputError(f"{option}: {value!r} is not a whole number of days from {least} to {most}")
    return int(text)


def _parse_named(
    options: Mapping[str, t.Any], option: str, key: str, check: t.Callable[[str, str], str], today: dt.date
) -> t.Iterator[NamedAcceptance]:
    items = _list_items(options, option)
    allowed = ("principal", key, "reason", "expires")
    for place, item in items:
        _check_keys(item, place, allowed)
        if not str(item.get(key) or "").strip():
            raise InputError(f"{place}: {key} missing or empty; required are {', '.join(allowed)}")
    without = [{name: value for name, value in item.items() if name != key} for _place, item in items]
    acceptances = parse_acceptances(without, today=today, option=option)
    for (place, item), acceptance in zip(items, acceptances, strict=True):
        yield NamedAcceptance(acceptance, check(str(item[key]).strip(), f"{place}.{key}"))


def _check_namer(text: str, place: str) -> str:
    if not (text.startswith("arn:") and "*" not in text and "?" not in text) and not _ACCOUNT.fullmatch(text):
        raise InputError(f"{place}: {text!r} is neither the ARN of what names the role nor an account id of 12 digits")
    return text


def _check_action(text: str, place: str) -> str:
    if not _ACTION.fullmatch(text):
        raise InputError(f"{place}: {text!r} is not one action, such as s3:GetObject; patterns are not accepted")
    return text.lower()


def _check_together(declared: Declared) -> None:
    """Refuse options that contradict each other. Raises InputError."""
    if declared.trial_days <= declared.canary_days:
        raise InputError(
            f"trial_days: {declared.trial_days} is not more than canary_days, {declared.canary_days}; a trial would "
            "end before its soak time"
        )
    if declared.stage is not None and not declared.targets:
        raise InputError(f"targets: it is empty, and stage is {declared.stage}; declare the roles of the campaign")
    if declared.stage is Stage.REVERT and not declared.revert:
        raise InputError("revert: it is empty, and stage is revert; name roles, or write '*' for all of the campaign")
    if declared.stage is not Stage.REVERT and declared.revert:
        raise InputError(
            f"revert: {', '.join(declared.revert)} is only used with stage revert, and stage is "
            f"{declared.stage or 'not set'}; remove revert, or set stage to revert"
        )
