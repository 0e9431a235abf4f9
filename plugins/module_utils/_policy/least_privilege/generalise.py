# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The resources of calls as patterns: no wider than the options allow, and never wider without saying so."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..documents.arn import Arn, arn_account, arn_parts
from ..trail.kinds import Kind, list_kinds, sort_by_kind
from .grants import Scope, covers_pattern, escape_arn
from .needs import PASS_ROLE, Need
from .principal import Principal
from .settings import Level, Settings
from .short_lived import cut_volatile, find_stable_part

# The level of a pattern for calls whose resource the record does not show.
UNSHOWN: t.Final = "unknown"
# A prefix of a name has so many characters at least.
_LEAST: t.Final = 3
_SEPARATOR: t.Final = re.compile(r"[-._]")
_LAST_SEGMENT: t.Final = re.compile(r"[/:]")
_SPECIAL: t.Final = re.compile(r"[*?]|\$\{")
_LOG_STREAM: t.Final = ":log-stream:"
# What EC2 gives an id, and another account may share: the ARN that AWS asks about has the owner's account, and the
# request has the id alone. An id is there once, in whatever account. "resource:
# arn:aws:ec2:eu-west-1:SHAREDACCOUNTIDHERE:subnet/subnet-0169afaec3c59b271":
# https://github.com/terraform-aws-modules/terraform-aws-iam/issues/227,
# https://docs.aws.amazon.com/ram/latest/userguide/shareable.html#shareable-vpc
_SHARED: t.Final = re.compile(
    r"(arn:[^:]+:ec2:[^:]+:)\d{12}(:(?:capacity-reservation/cr|dedicated-host/h|security-group/sg|"
    r"subnet/subnet|transit-gateway/tgw|vpc/vpc)-[0-9a-f]{8,17})"
)
# The actions by which others than the owner use it: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-share-limitations.html
_SHARING: t.Final = frozenset(
    {
        "ec2:authorizesecuritygroupegress", "ec2:authorizesecuritygroupingress", "ec2:createfleet",
        "ec2:createnetworkinterface", "ec2:createroute", "ec2:createsecuritygroup",
        "ec2:createtransitgatewayvpcattachment", "ec2:modifyinstanceattribute", "ec2:modifynetworkinterfaceattribute",
        "ec2:requestspotfleet", "ec2:requestspotinstances", "ec2:runinstances",
    }
)  # fmt: skip
_PLACES: t.Final = frozenset({"partition", "region", "account"})
# Whom a role is passed to, or who is made an administrator, is never left open.
_ALWAYS_EXACT: t.Final = frozenset({PASS_ROLE, "sts:assumerole"})


@dataclasses.dataclass(frozen=True)
class Generalised:
    """A pattern that is wider than the ARNs that were seen, or would be: with ``needs_acceptance`` it is not used.

    ``also_matches`` are existing resources that the pattern matches and that were not seen.
    """

    actions: tuple[str, ...]
    pattern: str
    level: str
    seen: tuple[str, ...]
    why: str
    also_matches: tuple[str, ...] = ()
    needs_acceptance: bool = False


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The scopes of one action, and the patterns among them that are wider than what was seen."""

    scopes: tuple[Scope, ...]
    generalised: tuple[Generalised, ...] = ()
    foreign: tuple[str, ...] = ()


def generalise(action: str, needs: Sequence[Need], principal: Principal, settings: Settings) -> Outcome:
    """Make the scopes of one action from all that it was needed on."""
    known = sorted({target for need in needs if need.is_known for target in need.targets})
    unknown = sorted({target for need in needs if not need.is_known for target in need.targets})
    scopes = [Scope(pattern) for pattern in unknown]
    generalised = [
        Generalised((action,), pattern, UNSHOWN, (), "the record does not show the resource") for pattern in unknown
    ]
    foreign = dict.fromkeys(arn for arn in known if _is_foreign(arn, principal))
    if action.lower() in _ALWAYS_EXACT:
        return Outcome(
            (*scopes, *(Scope(escape_arn(arn), (arn,)) for arn in known)), tuple(generalised), tuple(foreign)
        )
    scopes += [Scope(escape_arn(arn), (arn,)) for arn in foreign]
    work = _Work(action, principal, settings)
    work.take([arn for arn in known if arn not in foreign])
    return Outcome((*scopes, *work.scopes), (*generalised, *work.generalised), tuple(foreign))


def _is_foreign(arn: str, principal: Principal) -> bool:
    account = arn_account(arn)
    return bool(account and principal.account and account != principal.account)


class _Work:
    """Generalises the ARNs of one action, from the necessary to the optional."""

    def __init__(self, action: str, principal: Principal, settings: Settings) -> None:
        self._action: t.Final = action
        self._settings: t.Final = settings
        self._principal: t.Final = principal
        self._level: t.Final = settings.level_of(action)
        self._kinds: t.Final = list_kinds(action.lower(), principal.partition)
        self.scopes: t.Final[list[Scope]] = []
        self.generalised: t.Final[list[Generalised]] = []

    def take(self, arns: Sequence[str]) -> None:
        left = self._take_short_lived(arns)
        if self._level is Level.SERVICE:
            left = self._take_services(left)
        is_new = self._action.partition(":")[2].startswith("Create")
        if self._level is Level.PREFIX or is_new:
            left = self._take_prefixes(left, is_new=is_new)
        self.scopes.extend(Scope(self._write_exactly(arn), (arn,)) for arn in left)

    def _write_exactly(self, arn: str) -> str:
        """Write one ARN, with any account where the event does not tell whose it is."""
        found = _SHARED.fullmatch(arn) if self._action.lower() in _SHARING else None
        return f"{found[1]}*{found[2]}" if found else _write_exactly(arn)

    def _take_short_lived(self, arns: Sequence[str]) -> list[str]:
        groups: dict[tuple[str, str], list[str]] = {}
        left: list[str] = []
        for arn in arns:
            found = self._find_short_lived(arn)
            if found is None:
                left.append(arn)
            else:
                groups.setdefault(found, []).append(arn)
        for (pattern, why), seen in sorted(groups.items()):
            self._add(pattern, "short_lived", seen, why)
        return left

    def _find_short_lived(self, arn: str) -> t.Optional[tuple[str, str]]:
        parts = arn_parts(arn)
        if parts is None or _SPECIAL.search(arn):
            return None
        head = arn[: len(arn) - len(parts.resource)]
        if parts.service == "s3" and not parts.account and "/" in parts.resource:
            prefix = _cut_object(parts.resource, self._settings.object_segments)
            return None if prefix is None else (f"{head}{prefix}*", "new objects have new keys")
        stable = find_stable_part(parts.service, parts.resource)
        return None if stable is None else (f"{head}{stable}*", "the id lives short")

    def _take_services(self, arns: Sequence[str]) -> list[str]:
        groups: dict[str, list[str]] = {}
        left: list[str] = []
        for arn in arns:
            pattern = _widen_within_owner(arn, self._kinds)
            if pattern is None:
                left.append(arn)
            else:
                groups.setdefault(pattern, []).append(arn)
        for pattern, seen in sorted(groups.items()):
            self._add(pattern, Level.SERVICE.value, seen, "the level of the action is service")
        return left

    def _take_prefixes(self, arns: Sequence[str], *, is_new: bool) -> list[str]:
        left = list(arns)
        for pattern, seen in find_prefixes(arns, self._settings.min_group):
            why = "new resources get new names" if is_new else "the level of the action is prefix"
            others = self._list_others(pattern, seen)
            refused = bool(others) and pattern not in self._settings.accepted
            self._add(pattern, Level.PREFIX.value, seen, why, needs_acceptance=refused)
            if not refused:
                taken = set(seen)
                left = [arn for arn in left if arn not in taken]
        if is_new:
            left = self._ask_for_new_names(left)
        return left

    def _ask_for_new_names(self, arns: Sequence[str]) -> list[str]:
        """Name what a person may accept where too few names were seen to make a prefix of them."""
        left: list[str] = []
        for arn in arns:
            pattern = widen_to_kind(arn, self._kinds)
            accepted = [item for item in sorted(self._settings.accepted) if pattern and _may_accept(item, pattern, arn)]
            if accepted:
                self._add(accepted[0], Level.PREFIX.value, [arn], "new resources get new names, and it is accepted")
                continue
            left.append(arn)
            known = any(item.seen == (arn,) and item.needs_acceptance for item in self.generalised)
            if pattern is not None and pattern != arn and not known:
                why = "new resources get new names, but too few names were seen to find a prefix"
                self._add(pattern, Level.SERVICE.value, [arn], why, needs_acceptance=True)
        return left

    def _list_others(self, pattern: str, seen: Sequence[str]) -> tuple[str, ...]:
        known = set(seen)
        return tuple(
            arn for arn in sorted(self._principal.resources) if arn not in known and covers_pattern(pattern, arn)
        )

    def _add(self, pattern: str, level: str, seen: Sequence[str], why: str, *, needs_acceptance: bool = False) -> None:
        others = self._list_others(pattern, seen)
        found = Generalised((self._action,), pattern, level, tuple(sorted(seen)), why, others, needs_acceptance)
        self.generalised.append(found)
        if not needs_acceptance:
            self.scopes.append(Scope(pattern, tuple(sorted(seen))))


def _may_accept(accepted: str, widest: str, arn: str) -> bool:
    """Whether an accepted pattern is for the kind of resource of an ARN, and includes this one."""
    return covers_pattern(accepted, arn) and covers_pattern(widest, accepted)


def _write_exactly(arn: str) -> str:
    """Write one ARN. IAM wants ``:*`` behind the name of a log group.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
    """
    if arn.endswith(_LOG_STREAM):
        return f"{escape_arn(arn[: -len(_LOG_STREAM)])}:*"
    return escape_arn(arn)


def _cut_object(resource: str, segments: int) -> t.Optional[str]:
    """The part of ``bucket/key`` that later objects will have as well; None for a key that names just one object.

    It is the bucket and the first ``segments`` of the path, or less: a date, a time or an id ends it.
    """
    bucket, _slash, key = resource.partition("/")
    path = key.split("/")
    folders = path[:-1][:segments] if len(path) > 1 else []
    stable: list[str] = []
    for folder in folders:
        cut = cut_volatile(folder)
        if cut is not None:
            return "/".join((bucket, *stable, cut))
        stable.append(folder)
    if len(path) > 1:
        return "/".join((bucket, *stable, ""))
    cut = cut_volatile(key)
    return None if cut is None else f"{bucket}/{cut}"


def widen_to_kind(arn: str, kinds: Sequence[Kind]) -> t.Optional[str]:
    """The pattern of all resources of the type of an ARN, in its account and its region; None for an unknown type."""
    parts = arn_parts(arn)
    found = sort_by_kind([arn], kinds)
    if parts is None or not found:
        return None
    kind = next(item for item in kinds if item.name in found)
    return "".join(_fill(index, piece, parts) for index, piece in enumerate(kind.pieces))


def _widen_within_owner(arn: str, kinds: Sequence[Kind]) -> t.Optional[str]:
    """Widen an ARN to its type. A bucket's ARN has no account: a wildcard for its name would match those of others.

    Its objects are widened to all of the bucket. A bucket by itself stays as it is, and so does its answer: None.
    """
    parts = arn_parts(arn)
    if parts is None or parts.service != "s3" or parts.account:
        return widen_to_kind(arn, kinds)
    bucket, slash, _key = parts.resource.partition("/")
    return f"{arn[: len(arn) - len(parts.resource)]}{escape_arn(bucket)}/*" if slash else None


def _fill(index: int, piece: str, parts: Arn) -> str:
    if index % 2 == 0:
        return piece
    name = piece.lower()
    return str(getattr(parts, name)) if name in _PLACES else "*"


def find_prefixes(arns: Iterable[str], least: int) -> Iterator[tuple[str, list[str]]]:
    """Find prefixes of names, each of at least ``least`` of them, the longest first; a name is in one of them only.

    A prefix ends at a separator within the last segment of the ARN, and has three characters or more.
    """
    families: dict[str, list[str]] = {}
    for arn in sorted(set(arns)):
        head = _head(arn)
        if head is not None and not _SPECIAL.search(arn):
            families.setdefault(head, []).append(arn)
    for head, members in sorted(families.items()):
        left = list(members)
        for prefix in _list_prefixes(head, members):
            group = [arn for arn in left if arn.startswith(prefix) and len(arn) > len(prefix)]
            if len(group) >= least:
                yield f"{prefix}*", group
                taken = set(group)
                left = [arn for arn in left if arn not in taken]


def _head(arn: str) -> t.Optional[str]:
    """An ARN up to its last segment; None for anything else than an ARN."""
    parts = arn_parts(arn)
    if parts is None:
        return None
    start = len(arn) - len(parts.resource)
    ends = [found.end() for found in _LAST_SEGMENT.finditer(parts.resource)]
    return arn[: start + ends[-1]] if ends else arn[:start]


def _list_prefixes(head: str, members: Sequence[str]) -> list[str]:
    """List the prefixes that names of one family have, the longest first."""
    found: set[str] = set()
    for arn in members:
        for separator in _SEPARATOR.finditer(arn, len(head)):
            if separator.end() - len(head) >= _LEAST:
                found.add(arn[: separator.end()])
    return sorted(found, key=lambda prefix: (-len(prefix), prefix))


def merge_generalised(found: Iterable[Generalised]) -> tuple[Generalised, ...]:
    """Merge what several actions share; sorted."""
    groups: dict[tuple[t.Any, ...], list[Generalised]] = {}
    for item in found:
        key = (item.pattern, item.level, item.needs_acceptance, item.why, item.seen, item.also_matches)
        groups.setdefault(key, []).append(item)
    merged = (
        dataclasses.replace(items[0], actions=tuple(sorted({name for item in items for name in item.actions})))
        for items in groups.values()
    )
    return tuple(sorted(merged, key=lambda item: (item.pattern, item.level, item.actions)))


def regions_of(needs: Iterable[Need]) -> Mapping[str, int]:
    """The Regions of the calls, each with the number of needs that show it."""
    found: dict[str, int] = {}
    for need in needs:
        for region in {value for context in need.contexts for value in _values(context.get("aws:RequestedRegion"))}:
            found[region] = found.get(region, 0) + 1
    return found


def _values(found: object) -> tuple[str, ...]:
    return found if isinstance(found, tuple) else ()
