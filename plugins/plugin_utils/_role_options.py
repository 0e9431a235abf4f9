# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The variables of roles behind the options of modules, for messages that name what the user set."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t
from collections.abc import Mapping
from pathlib import Path

from ansible.module_utils.common.yaml import yaml_load

_TABLE: t.Final = Path(__file__).parents[2] / "playbooks" / "vars" / "role_options.yml"
# A name that is a word of plain English is an option only where a message begins with it.
_NAMES: t.Final = re.compile(r"(?<![\w./'\"-])[a-z]+(?:_[a-z]+)+(?![\w/'\"-])")
# A default that is another variable, such as "{{ hardening_terminal | default('full') }}".
_SOURCE: t.Final = re.compile(r"\{\{ ((?:aws|hardening)_[a-z_]+) \| default\(")
_WORDS: t.Final = re.compile(r"[a-z]+(?:_[a-z]+)+")
_HEAD: t.Final = re.compile(
    r"(?P<before>^(?:without check mode this fails: )?|[;:] )(?P<place>[a-z_]+(?:\[\d+\]\.[a-z_]+)?)(?=[:.\[])",
    re.MULTILINE,
)
_TO_SET: t.Final = re.compile(r"(?<=[Ss]et )[a-z]+(?= to )")


@dataclasses.dataclass(frozen=True)
class RoleOptions:
    """The options of a role's module, each with the variable that the role fills it from.

    ``members`` are members of an option that have a variable of their own, such as ``policies[0].targets``.
    ``modules`` are the modules of the role.
    ``checked`` are the variables that are no option, with their choices; none stand for true and false.
    """

    options: Mapping[str, str] = dataclasses.field(default_factory=dict)
    members: Mapping[str, str] = dataclasses.field(default_factory=dict)
    checked: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    modules: tuple[str, ...] = ()

    def find_variable(self, message: str) -> t.Optional[str]:
        """Find the first variable of the role, or of all roles, that a message names; None if it names none."""
        known = frozenset(self.options.values()) | frozenset(self.members.values())
        return next((name for name in _WORDS.findall(message) if name in known), None)

    def name_variables(self, message: str, raw: Mapping[str, t.Any]) -> str:
        """``message`` with the variables that the user set in place of the options.

        ``raw`` are the variables of the host as declared. By them it is known which of two the user set: a variable of
        a role may get its value from another one.
        """

        def begin(match: re.Match[str]) -> str:
            place = match["place"]
            option = place.partition("[")[0]
            member = self.members.get(place)
            if member and member in str(raw.get(self.options.get(option, ""), member)):
                return match["before"] + member
            return match["before"] + place.replace(option, self._name(option, raw), 1)

        message = _HEAD.sub(begin, self._join_pairs(message))
        for names in (_NAMES, _TO_SET):
            message = names.sub(lambda match: self._name(match[0], raw), message)
        return message

    def _name(self, option: str, raw: Mapping[str, t.Any]) -> str:
        variable = self.options.get(option)
        if variable is None:
            return option
        source = _SOURCE.match(str(raw.get(variable)))
        return source[1] if source else variable

    def _join_pairs(self, message: str) -> str:
        """Without the option where a message names both: ``journal (hardening_journal)``."""

        def join(match: re.Match[str]) -> str:
            return match[2] if self.options.get(match[1]) == match[2] else match[0]

        return re.sub(r"\b([a-z_]+) \(([a-z_]+)\)", join, message)


NO_ROLE: t.Final = RoleOptions()


@dataclasses.dataclass(frozen=True)
class Table:
    """``roles`` by name, ``modes`` the variables with modes of roles, ``allowed`` the limits of numbers by option.

    ``checked`` are shared variables with their choices; none stand for true and false. ``shared`` are the variables
    that every role fills an option from.
    """

    roles: Mapping[str, RoleOptions]
    modes: tuple[str, ...]
    checked: Mapping[str, tuple[str, ...]]
    allowed: Mapping[str, str]
    shared: Mapping[str, str]

    def of_module(self, module: str) -> RoleOptions:
        """The options of a module. Where several roles run it, those that all of them fill from one variable."""
        roles = [role for role in self.roles.values() if module in role.modules]
        pairs = [frozenset(role.options.items()) for role in roles] or [frozenset(self.shared.items())]
        return RoleOptions(
            options=dict(frozenset.intersection(*pairs)),
            members=roles[0].members if len(roles) == 1 else {},
        )


@functools.cache
def load_table() -> Table:
    """Load ``role_options.yml``, once in each process."""
    document = yaml_load(_TABLE.read_text(encoding="utf-8"))
    shared = document["shared"]
    roles = {
        name: RoleOptions(
            options={**shared, **role["options"]},
            members=role.get("members", {}),
            checked=_parse_checked(role.get("checked", {})),
            modules=tuple(role["modules"]),
        )
        for name, role in document["by_role"].items()
    }
    modes = tuple(variable for role in roles.values() if (variable := role.options.get("mode")))
    return Table(roles, modes, _parse_checked(document["checked"]), document["allowed"], shared)


def _parse_checked(section: Mapping[str, t.Sequence[str]]) -> Mapping[str, tuple[str, ...]]:
    return {variable: tuple(values) for variable, values in section.items()}
