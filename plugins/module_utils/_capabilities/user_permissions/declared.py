# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What is declared of permissions: groups that take over what users hold by themselves, and policies to be removed."""

from __future__ import annotations

import dataclasses
import fnmatch
import re
import typing as t
from collections.abc import Collection, Iterable, Mapping, Sequence

from ..._account.permissions import Principal
from ..._converge.arn import resource_of
from ..._converge.errors import InputError

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateGroup.html
_NAME: t.Final = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
_PATH: t.Final = re.compile(r"/|/[!-\x7e]{1,510}/")
_WILD: t.Final = frozenset("*?[")
#: The options of a removal that select principals, each with the kind of principal in ARNs.
SELECTORS: t.Final[Mapping[str, str]] = {"users": "user", "groups": "group", "roles": "role"}


@dataclasses.dataclass(frozen=True)
class GroupRule:
    """A declared group: which policies of which users it takes over. ``users`` and ``policies`` are globs."""

    place: str
    name: str
    path: str
    users: tuple[str, ...]
    policies: tuple[str, ...]

    def takes(self, user: Principal, policy_name: str, policy_arn: t.Optional[str]) -> bool:
        """Whether a policy that a user holds by itself is to come through this group; inline without ``policy_arn``."""
        return selects(self.users, user.name, user.arn) and selects(self.policies, policy_name, policy_arn)


@dataclasses.dataclass(frozen=True)
class Removal:
    """A policy that is to be taken from the principals that are selected, by kind of principal (``user``, …)."""

    place: str
    policy: str
    principals: Mapping[str, tuple[str, ...]]

    @property
    def text(self) -> str:
        """The removal in words that follow "if"."""
        selected = [f"{kind}s {', '.join(patterns)}" for kind, patterns in self.principals.items() if patterns]
        return f"the policy {self.policy} is removed from {' and '.join(selected)}"

    def concerns(self, principal: Principal) -> bool:
        """Whether a principal is selected."""
        kind = resource_of(principal.arn).partition("/")[0]
        return selects(self.principals.get(kind, ()), principal.name, principal.arn)

    def names(self, policy_name: str, policy_arn: t.Optional[str]) -> bool:
        """Whether it is about a policy: a managed one by its ARN or its name, an inline one by its name."""
        return self.policy in (policy_name, policy_arn)


@dataclasses.dataclass(frozen=True)
class Declared:
    """The declaration of one task."""

    groups: tuple[GroupRule, ...] = ()
    removals: tuple[Removal, ...] = ()

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any]) -> Declared:
        """The declaration out of the module's options.

        :raises InputError: a group twice, a name or a path that IAM refuses, or a removal that selects nobody.
        """
        groups = tuple(_parse_group(f"groups[{index}]", item) for index, item in enumerate(options.get("groups") or ()))
        for index, rule in enumerate(groups):
            if any(rule.name.lower() == other.name.lower() for other in groups[:index]):
                raise InputError(
                    f"{rule.place}.name: {rule.name!r} is declared twice; letter case of group names does not matter"
                )
        removals = enumerate(options.get("remove_policies") or ())
        return cls(groups, tuple(_parse_removal(f"remove_policies[{index}]", item) for index, item in removals))

    def find_rule(self, user: Principal, policy_name: str, policy_arn: t.Optional[str]) -> t.Optional[GroupRule]:
        """Find the first declared group that takes over a policy of a user."""
        return next((rule for rule in self.groups if rule.takes(user, policy_name, policy_arn)), None)

    def removes(self, principal: Principal, policy_name: str, policy_arn: t.Optional[str]) -> bool:
        """Whether a policy of a principal is to be removed."""
        return any(item.names(policy_name, policy_arn) and item.concerns(principal) for item in self.removals)

    def list_unmatched(self, principals: Collection[Principal]) -> tuple[str, ...]:
        """List the declared names that no principal has, for warnings: most often a name is misspelled."""
        warnings = []
        for place, kind, pattern in self._list_patterns():
            found = (item for item in principals if resource_of(item.arn).startswith(f"{kind}/"))
            if pattern != "*" and not any(selects((pattern,), item.name, item.arn) for item in found):
                warnings.append(f"{place}: the account has no {kind} {pattern}")
        return tuple(warnings)

    def _list_patterns(self) -> Iterable[tuple[str, str, str]]:
        for rule in self.groups:
            yield from ((f"{rule.place}.users", "user", pattern) for pattern in rule.users)
        for removal in self.removals:
            for option, kind in SELECTORS.items():
                patterns = removal.principals.get(kind, ())
                yield from ((f"{removal.place}.{option}", kind, pattern) for pattern in patterns)


def selects(patterns: Sequence[str], name: str, arn: t.Optional[str]) -> bool:
    """Whether a glob is about a name; one that begins with ``arn:`` is held against the ARN, which has the path."""
    return any(
        fnmatch.fnmatchcase((arn or "") if pattern.startswith("arn:") else name, pattern) for pattern in patterns
    )


def _parse_texts(value: t.Optional[Iterable[t.Any]]) -> tuple[str, ...]:
    return tuple(text for item in value or () if (text := str(item).strip()))


def _parse_group(place: str, item: Mapping[str, t.Any]) -> GroupRule:
    name, path = str(item["name"]).strip(), str(item.get("path") or "/").strip()
    if not _NAME.fullmatch(name):
        raise InputError(f"{place}.name: {name!r} is not allowed; allowed are 1 to 128 letters, digits and +=,.@_-")
    if not _PATH.fullmatch(path):
        raise InputError(f"{place}.path: {path!r} is not allowed; allowed is / or a text that begins and ends with /")
    policies = item.get("policies")
    return GroupRule(
        place, name, path, _parse_texts(item.get("users")), ("*",) if policies is None else _parse_texts(policies)
    )


def _parse_removal(place: str, item: Mapping[str, t.Any]) -> Removal:
    policy = str(item["policy"]).strip()
    if not policy or _WILD & set(policy):
        raise InputError(f"{place}.policy: {policy!r} is not allowed; allowed is the name or the ARN of one policy")
    principals = {kind: _parse_texts(item.get(option)) for option, kind in SELECTORS.items()}
    if not any(principals.values()):
        raise InputError(f"{place}: it selects no principal; at least one of {', '.join(SELECTORS)} is needed")
    return Removal(place, policy, principals)
