# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The classes of roles that write, and the role that a module of a class writes with."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Mapping

from ansible.module_utils.common.yaml import HAS_YAML, yaml_load

from .._converge.errors import InputError
from .._policy.analysis.own_roles import Writer

try:
    from yaml import YAMLError
except ImportError:
    # Then nothing is loaded that could raise it: HAS_YAML says so.
    YAMLError = ValueError  # type: ignore[misc, assignment]

__all__ = ["OPTION", "Roles", "Writer"]

OPTION: t.Final = "assume_role_arns"
# The variable that users set, for messages.
_VARIABLE: t.Final = "aws_assume_role_arns"
_ROLE_ARN: t.Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,576}", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Roles:
    """The roles of an account that a run works in: those that write by class, one for all classes, and the assessor."""

    by_class: Mapping[Writer, str] = dataclasses.field(default_factory=dict)
    for_all: t.Optional[str] = None
    assessor: t.Optional[str] = None

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any]) -> t.Self:
        """The roles that the options name. An empty ARN counts as not given.

        :raises InputError: ``assume_role_arns`` is no mapping, names an unknown class, or has no ARN of a role.
        """
        return cls(
            _parse_roles(options.get(OPTION)),
            options.get("assume_role_arn") or None,
            options.get("assessor_role_arn") or None,
        )

    def of(self, writer: t.Optional[Writer]) -> t.Optional[str]:
        """The role that a module of this class writes with: that of its class, else the one for all.

        A role of scheduled jobs does not contain credentials: where any class is declared, containment needs its own.
        """
        if writer is Writer.CONTAINMENT and self.by_class:
            return self.by_class.get(writer)
        return self.for_all if writer is None else self.by_class.get(writer, self.for_all)

    def explain_lack(self, writer: t.Optional[Writer]) -> t.Optional[str]:
        """Why a module of this class can't work without the assessor, as a sentence; None where it can.

        Where roles are declared by class, the credentials of the controller do not replace a missing one: in their own
        account they would write with all that they are allowed. ``writer`` is None for modules that only read.
        """
        if not self.by_class or self.of(writer):
            return None
        if writer is None:
            return f"{_VARIABLE} names roles that write; reading needs aws_assessor_role_arn as well"
        add = f"{_VARIABLE} has no role of the class {writer}; add its ARN"
        return add if writer is Writer.CONTAINMENT else f"{add}, or set aws_assume_role_arn for all classes"

    @property
    def writing(self) -> tuple[str, ...]:
        """Every role that the run writes with, whichever module this is."""
        return tuple(dict.fromkeys((*([self.for_all] if self.for_all else []), *self.by_class.values())))

    @property
    def all(self) -> tuple[str, ...]:
        """Every role of the run, those that write first."""
        return (*self.writing, *([self.assessor] if self.assessor else []))


def _parse_roles(value: t.Any) -> dict[Writer, str]:
    given = _parse_mapping(value)
    unknown = sorted(str(name) for name in given if name not in set(Writer))
    if unknown:
        raise InputError(f"{_VARIABLE}: {', '.join(unknown)} is not a class of roles; allowed are {', '.join(Writer)}")
    roles = {Writer(name): str(arn).strip() for name, arn in given.items() if arn and str(arn).strip()}
    for name, arn in roles.items():
        if not _ROLE_ARN.fullmatch(arn):
            raise InputError(f"{_VARIABLE}: {arn!r} of the class {name} is not allowed; allowed is the ARN of a role")
    return roles


def _parse_mapping(given: t.Any) -> Mapping[t.Any, t.Any]:
    """The option as a mapping; an AWX survey gives it as text, in YAML or JSON."""
    value = given
    if isinstance(given, str) and HAS_YAML:
        try:
            value = yaml_load(given)
        except (AttributeError, LookupError, YAMLError, ValueError) as error:
            raise InputError(f"{_VARIABLE}: it is not YAML: {error}") from error
    if isinstance(value or {}, Mapping):
        return value or {}
    classes = ", ".join(Writer)
    raise InputError(f"{_VARIABLE}: {given!r} is not allowed; allowed is a mapping of {classes} to ARNs of roles")
