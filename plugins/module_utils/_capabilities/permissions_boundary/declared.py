# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Which boundaries a play declares, and who is to carry each."""

from __future__ import annotations

import dataclasses
import datetime as dt
import fnmatch
import re
import typing as t
from collections.abc import Collection, Mapping

from ..._account.model import Role, User
from ..._converge.arn import resource_of
from ..._converge.errors import InputError
from ..._prediction.acceptance import Acceptances, parse_acceptances
from .document import OF_TRAILS, find_places

Principal = t.Union[User, Role]

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
_NAME: t.Final = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
_PATH: t.Final = re.compile(r"/|/[\x21-\x7e]{1,510}/")
_CRITERIA: t.Final = ("path", "name", "tags", "policy", "principal")
KINDS: t.Final = ("user", "role")


def kind_of(principal: Principal) -> str:
    """``user`` or ``role``."""
    return "user" if isinstance(principal, User) else "role"


@dataclasses.dataclass(frozen=True)
class Target:
    """Users and roles that have to carry a boundary: all that fit every criterion which is given.

    ``path`` is how a path begins, ``name`` and the values of ``tags`` are globs, ``policy`` is the name or ARN of an
    attached managed policy (a group's counts for its members), ``principal`` an ARN, ``role/name`` or a bare name.
    """

    kind: t.Optional[str] = None
    path: t.Optional[str] = None
    name: t.Optional[str] = None
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    policy: t.Optional[str] = None
    principal: t.Optional[str] = None

    @classmethod
    def of(cls, value: Mapping[str, t.Any], place: str) -> Target:
        """A target as the module's option has it. Raises InputError for one without criteria, which would be all."""
        given = {key: item for key, item in value.items() if item not in (None, "", {})}
        if not set(given) & set(_CRITERIA):
            raise InputError(f"{place}: no criterion; at least one of {', '.join(_CRITERIA)} is needed")
        path = given.get("path")
        if path is not None and not (path.startswith("/") and path.endswith("/")):
            raise InputError(f"{place}.path: {path!r} is not a path, such as /developers/")
        tags = {str(key): str(item) for key, item in given.get("tags", {}).items()}
        return cls(**{**given, "tags": tags})

    @property
    def is_explicit(self) -> bool:
        """Whether it names one principal."""
        return self.principal is not None

    def fits(self, principal: Principal, policies: Collection[str]) -> bool:
        """Whether a user or role, which has managed policies with the ARNs ``policies``, is meant."""
        return (
            (self.kind is None or self.kind == kind_of(principal))
            and (self.path is None or principal.path.startswith(self.path))
            and (self.name is None or fnmatch.fnmatchcase(principal.name.lower(), self.name.lower()))
            and all(_has_tag(principal, key, pattern) for key, pattern in self.tags.items())
            and (self.policy is None or any(self.policy in (arn, arn.rpartition("/")[2]) for arn in policies))
            and (self.principal is None or is_called(principal, self.principal))
        )


def _has_tag(principal: Principal, key: str, pattern: str) -> bool:
    """Keys of tags have no case on users and roles: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html"""
    values = (value for name, value in principal.tags.items() if name.lower() == key.lower())
    return any(fnmatch.fnmatchcase(value, pattern) for value in values)


def list_names(principal: Principal) -> tuple[str, ...]:
    """List the names of a user or role: its ARN, ``role/path/name``, ``role/name``, and bare name."""
    kind = kind_of(principal)
    return principal.arn, resource_of(principal.arn), f"{kind}/{principal.name}", principal.name


def is_called(principal: Principal, name: str) -> bool:
    """Whether ``name`` is one of the names of a user or role."""
    return name in list_names(principal)


@dataclasses.dataclass(frozen=True)
class Boundary:
    """One declared boundary. ``document`` may have places to fill in, see :mod:`boundaries_document`."""

    name: str
    path: str
    description: str
    document: Mapping[str, t.Any]
    targets: tuple[Target, ...]
    exclude: tuple[str, ...] = ()
    option: str = "document"

    def arn(self, partition: str, account_id: str) -> str:
        """Its ARN in an account."""
        return f"arn:{partition}:iam::{account_id}:policy{self.path}{self.name}"

    @property
    def needs_trails(self) -> bool:
        """Whether the document has places that only CloudTrail tells how to fill."""
        return bool(find_places(self.document) & set(OF_TRAILS))

    def excludes(self, principal: Principal) -> bool:
        """Whether a user or role is left out, by a glob for one of its names; as in targets, case does not count."""
        names = [name.lower() for name in list_names(principal)]
        return any(fnmatch.fnmatchcase(name, pattern.lower()) for pattern in self.exclude for name in names)


@dataclasses.dataclass(frozen=True)
class Declared:
    """The declaration of the play. Boundaries without targets are left out with ``present``: nothing is to carry them.

    ``tags`` are put on the policies that are made.
    """

    boundaries: tuple[Boundary, ...]
    present: bool = True
    replace: bool = False
    loosen: bool = False
    delete_versions: bool = False
    accepted: Acceptances = ()
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def from_options(
        cls,
        options: Mapping[str, t.Any],
        documents: Collection[Mapping[str, t.Any]],
        *,
        today: dt.date,
        tags: Mapping[str, str],
    ) -> Declared:
        """The declaration in a module's options; ``documents`` are those of its boundaries, decoded.

        :raises InputError: a name, path, target or acceptance that can't be used, or a boundary declared twice.
        """
        given = options.get("boundaries") or []
        boundaries = [
            _parse_boundary(value, document, f"boundaries[{index}]")
            for index, (value, document) in enumerate(zip(given, documents, strict=True))
        ]
        # Wherever its path leads, a policy's name is unique in the account, without regard to case.
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
        names = [boundary.name.lower() for boundary in boundaries]
        twice = next(
            (boundary for boundary, name in zip(boundaries, names, strict=True) if names.count(name) > 1), None
        )
        if twice:
            raise InputError(f"boundaries: {twice.path}{twice.name} is declared twice")
        present = options["state"] == "present"
        return cls(
            boundaries=tuple(boundary for boundary in boundaries if boundary.targets or not present),
            present=present,
            replace=bool(options.get("replace")),
            loosen=bool(options.get("allow_loosen")),
            delete_versions=bool(options.get("delete_versions")),
            accepted=parse_acceptances(options.get("accept_breakage"), today=today),
            tags=tags,
        )


def _parse_boundary(value: Mapping[str, t.Any], document: Mapping[str, t.Any], place: str) -> Boundary:
    name, path = value["name"], value["path"]
    if not _NAME.fullmatch(name):
        raise InputError(f"{place}.name: {name!r} is not the name of a policy: at most 128 letters, digits and +=,.@_-")
    if not _PATH.fullmatch(path):
        raise InputError(f"{place}.path: {path!r} is not a path, such as /iam-hardening/boundary/")
    targets = value.get("targets") or []
    return Boundary(
        name=name,
        path=path,
        description=value.get("description") or "",
        document=document,
        targets=tuple(Target.of(item, f"{place}.targets[{index}]") for index, item in enumerate(targets)),
        exclude=tuple(value.get("exclude") or ()),
        option=f"{place}.document",
    )
