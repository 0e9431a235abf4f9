# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The templates of examples/bootstrap with values in place of their functions, as CloudFormation would resolve them."""

from __future__ import annotations

import functools
import itertools
import json
import re
import typing as t
from pathlib import Path

Json: t.TypeAlias = dict[str, t.Any]

_VARIABLE: t.Final = re.compile(r"\$\{(!?)([^}]+)\}")


class Template:
    """One template, and what it is without values."""

    def __init__(self, path: Path) -> None:
        self.path: t.Final = path
        self._parts: t.Final[Json] = json.loads(path.read_text(encoding="utf-8"))
        self.parameters: t.Final[Json] = self._parts["Parameters"]
        self.resources: t.Final[Json] = self._parts["Resources"]

    @functools.cached_property
    def defaults(self) -> dict[str, str]:
        """The values of the parameters that nobody sets."""
        return {name: str(given.get("Default", "")) for name, given in self.parameters.items()}

    @functools.cached_property
    def role_names(self) -> dict[str, str]:
        """The names of the roles, by those of their resources."""
        found = self.resources.items()
        return {name: one["Properties"]["RoleName"] for name, one in found if one["Type"] == "AWS::IAM::Role"}

    def holders(self, name: str) -> tuple[str, ...]:
        """The roles that a resource is a policy of: their resources, or names of roles of another stack."""
        given = self.resources[name]["Properties"].get("Roles", ())
        return tuple(one["Ref"] if isinstance(one, dict) else one for one in given)

    @functools.cached_property
    def switches(self) -> tuple[str, ...]:
        """The parameters that are true or false."""
        return tuple(name for name, given in self.parameters.items() if given.get("AllowedValues") == ["true", "false"])

    def combine(self) -> t.Iterator[dict[str, str]]:
        """Every combination of the parameters that are true or false."""
        for values in itertools.product(("false", "true"), repeat=len(self.switches)):
            yield dict(zip(self.switches, values, strict=True))

    def list_present(self, values: t.Mapping[str, str]) -> frozenset[str]:
        """List the resources that a stack with these values has. Parameters without a value have their default."""
        filled = {**self.defaults, **values}
        holds = {name: self._decide(one, filled) for name, one in self._parts["Conditions"].items()}
        return frozenset(
            name for name, given in self.resources.items() if "Condition" not in given or holds[given["Condition"]]
        )

    def _decide(self, condition: t.Any, values: t.Mapping[str, str]) -> t.Any:
        ((function, given),) = condition.items()
        if function == "Condition":
            return self._decide(self._parts["Conditions"][given], values)
        if function == "Fn::Equals":
            left, right = (values[one["Ref"]] if isinstance(one, dict) else one for one in given)
            return left == right
        parts = (self._decide(one, values) for one in given)
        return {"Fn::And": all, "Fn::Or": any, "Fn::Not": lambda found: not any(found)}[function](parts)

    def resolve(self, name: str, values: t.Mapping[str, str]) -> Json:
        """The properties of a resource but its trust policy. A reference to another resource is its name here."""
        own = {label: label for label in self.resources}
        given = self.resources[name]["Properties"].items()
        return {key: fill(value, {**own, **values}) for key, value in given if key != "AssumeRolePolicyDocument"}


def fill(value: t.Any, values: t.Mapping[str, t.Any]) -> t.Any:
    """A part of a template with values in place of its functions.

    :raises KeyError: a function names what is not there.
    """
    if isinstance(value, list):
        return [fill(item, values) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"}:
        return values[value["Ref"]]
    if set(value) == {"Fn::Sub"}:
        # An exclamation mark: IAM fills it in.
        return _VARIABLE.sub(lambda found: f"${{{found[2]}}}" if found[1] else str(values[found[2]]), value["Fn::Sub"])
    if set(value) == {"Fn::GetAtt"}:
        return values[".".join(value["Fn::GetAtt"])]
    assert not any(name.startswith("Fn::") for name in value), value
    return {name: fill(item, values) for name, item in value.items()}
