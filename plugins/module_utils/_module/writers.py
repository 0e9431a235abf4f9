# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The classes of roles that write, and the role that a module of a class writes with."""

from __future__ import annotations

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

__all__ = [
    "OPTION",
    "Writer",
    "all_writing_roles",
    "declared_roles",
    "lacks_role",
    "writing_role",
]

OPTION: t.Final = "assume_role_arns"
# What users set, for messages.
_VARIABLE: t.Final = "aws_assume_role_arns"
_ROLE_ARN: t.Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,576}", re.ASCII)


def declared_roles(options: Mapping[str, t.Any]) -> dict[Writer, str]:
    """The roles that the option ``assume_role_arns`` names, by class. An empty ARN counts as not given.

    :raises InputError: the option is no mapping, or names a class that does not exist, or what is no role.
    """
    given = _mapping(options.get(OPTION))
    unknown = sorted(str(name) for name in given if name not in set(Writer))
    if unknown:
        raise InputError(f"{_VARIABLE}: {', '.join(unknown)} is not a class of roles; allowed are {', '.join(Writer)}")
    roles = {Writer(name): str(arn).strip() for name, arn in given.items() if arn and str(arn).strip()}
    for name, arn in roles.items():
        if not _ROLE_ARN.fullmatch(arn):
            raise InputError(f"{_VARIABLE}: {arn!r} of the class {name} is not allowed; allowed is the ARN of a role")
    return roles


def _mapping(given: t.Any) -> Mapping[t.Any, t.Any]:
    """The option as a mapping; an AWX survey gives it as text, in YAML or JSON."""
    value = given
    if isinstance(given, str) and HAS_YAML:
        try:
            value = yaml_load(given)
        except (YAMLError, ValueError) as error:
            raise InputError(f"{_VARIABLE}: it is not YAML: {error}") from error
    if isinstance(value or {}, Mapping):
        return value or {}
    classes = ", ".join(Writer)
    raise InputError(f"{_VARIABLE}: {given!r} is not allowed; allowed is a mapping of {classes} to ARNs of roles")


def writing_role(options: Mapping[str, t.Any], writer: t.Optional[Writer]) -> t.Optional[str]:
    """The role that a module of this class writes with: that of its class, else the one role for all.

    :raises InputError: ``assume_role_arns`` is malformed.
    """
    roles = declared_roles(options)
    one_for_all = options.get("assume_role_arn") or None
    return one_for_all if writer is None else roles.get(writer, one_for_all)


def lacks_role(options: Mapping[str, t.Any], writer: t.Optional[Writer]) -> t.Optional[str]:
    """Why a module of this class can't work without the assessor, as a sentence; None where it can.

    Where roles are declared by class, the credentials of the controller are no substitute for one that is missing: in
    their own account they would write with whatever they are allowed. ``writer`` is None for modules that only read.
    """
    if not declared_roles(options) or writing_role(options, writer):
        return None
    if writer is None:
        return f"{_VARIABLE} names roles that write; reading needs aws_assessor_role_arn as well"
    return f"{_VARIABLE} has no role of the class {writer}; add its ARN, or set aws_assume_role_arn for all classes"


def all_writing_roles(options: Mapping[str, t.Any]) -> tuple[str, ...]:
    """Every role that a run with these options writes with, whichever module it is."""
    one_for_all = options.get("assume_role_arn")
    return tuple(dict.fromkeys((*([one_for_all] if one_for_all else []), *declared_roles(options).values())))
