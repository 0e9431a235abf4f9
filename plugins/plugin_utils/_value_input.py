# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Values that stop a run before its first task: modes of roles, names of regions, and what no module looks at.

A task checks the values of its own role again, as other playbooks use the roles without ours.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import typing as t
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ..module_utils._aws.region_names import ENABLED, Partitions, explain_unknown, parse_partitions
from ..module_utils._converge.errors import InputError
from ..module_utils._converge.ownership.declared import parse_owners
from ..module_utils._converge.ownership.files import LISTS, STATES, parse_files
from ..module_utils._converge.run_control.fleet_caps import NUMBERS
from ._role_options import RoleOptions, load_table
from ._run_input import Host
from ._values import describe_choice, describe_type, is_of_type

REGIONS: t.Final = "aws_regions"
_ROLES: t.Final = ("aws_assessor_role_arn", "aws_assume_role_arn")
_MODES: t.Final = ("off", "report", "enforce")
# YAML reads an unquoted off as false.
_OFF: t.Final = ("off", "false")
# By option: what checks the variable of the same name.
_OWNERS: t.Final[Mapping[str, Callable[[t.Any], t.Any]]] = {
    "owners": parse_owners,
    **{option: functools.partial(parse_files, option) for option in (STATES, LISTS)},
}
_MOST_HOSTS_SHOWN: t.Final = 5
_COLONS_OF_ARN: t.Final = 5


def check_values(hosts: Sequence[Host]) -> list[str]:
    """Check the modes and the regions of all hosts of a run. Nothing is asked of AWS."""
    affected: dict[tuple[str, str], list[str]] = defaultdict(list)
    for host in hosts:
        for variable, problem in _check_host(host):
            affected[variable, problem].append(host.name)
    return [f"{variable} of {_list_names(names)}: {problem}" for (variable, problem), names in affected.items()]


def _check_host(host: Host) -> Iterator[tuple[str, str]]:
    for check in (_check_modes, _check_regions, _check_caps, _check_others, _check_owners):
        yield from check(host)


def check_role_values(host: Host, role: RoleOptions, arguments: Mapping[str, t.Any]) -> Iterator[str]:
    """Check the values that the module of a role does not look at. ``arguments`` are those of its task.

    An empty mode, or one that ``default(omit)`` leaves out, would be the module's default, which enforces.
    """
    variable = role.options.get("mode")
    is_given = "mode" in arguments or variable in host.variables
    if variable and is_given and arguments.get("mode") in (None, ""):
        yield f"{variable}: {describe_choice(None, _MODES)}"
    yield from (f"{name}: {problem}" for name, problem in _check_choices(host, role.checked))


def _check_others(host: Host) -> Iterator[tuple[str, str]]:
    """Check the shared variables, and those that no module looks at: a policy is made of them before."""
    table = load_table()
    for checked in (table.checked, *(role.checked for role in table.roles.values())):
        yield from _check_choices(host, checked)


def _check_choices(host: Host, checked: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    for variable, choices in checked.items():
        value = host.value(variable) if variable in host.variables else None
        if value is None:
            continue
        if choices and value not in choices:
            yield variable, describe_choice(value, choices)
        elif not choices and not is_of_type(value, "bool"):
            yield variable, describe_type(value, "bool")


def _check_modes(host: Host) -> Iterator[tuple[str, str]]:
    for variable in load_table().modes:
        if variable not in host.variables:
            continue
        value = host.value(variable)
        if str(value) not in _MODES and str(value).lower() not in _OFF:
            yield variable, describe_choice(value, _MODES)


def _check_caps(host: Host) -> Iterator[tuple[str, str]]:
    """Check the caps on the whole run. A survey that is left empty sends an empty text."""
    for variable in (f"hardening_{name}" for name in NUMBERS):
        value = host.value(variable) if variable in host.variables else None
        if value is None or not str(value).strip():
            continue
        if isinstance(value, bool) or not is_of_type(value, "int"):
            yield variable, describe_type(value, "int", "of 0 or more")
        elif int(value) < 0:
            yield variable, f"{value} is not allowed. Set it to a whole number of 0 or more."


def _check_owners(host: Host) -> Iterator[tuple[str, str]]:
    """Check the variables that name owners. Text in YAML is checked by the roles that use it."""
    for option, parse in _OWNERS.items():
        variable = f"hardening_{option}"
        value = host.value(variable) if variable in host.variables else None
        if isinstance(value, str):
            continue
        try:
            parse(value)
        except InputError as error:
            place, _colon, problem = str(error).partition(": ")
            yield place.replace(option, variable, 1), problem


def _check_regions(host: Host) -> Iterator[tuple[str, str]]:
    given = host.value(REGIONS) if REGIONS in host.variables else None
    names = given.split(",") if isinstance(given, str) else given
    if not isinstance(names, (list, tuple)):
        return
    regions = [name.strip() for name in names if isinstance(name, str) and name.strip()]
    partitions = load_partitions()
    if regions == [ENABLED] or not partitions:
        return
    partition = _find_partition(host)
    problems = (
        explain_unknown(region, partitions, partition if partition in partitions else None) for region in regions
    )
    yield from ((REGIONS, problem) for problem in problems if problem)


def _find_partition(host: Host) -> t.Optional[str]:
    """The partition of the roles of a host, if it has any."""
    arns = (str(host.value(name) or "") for name in _ROLES)
    return next((arn.split(":")[1] for arn in arns if arn.count(":") >= _COLONS_OF_ARN), None)


@functools.cache
def load_partitions() -> Partitions:
    """The regions that the controller's botocore knows; none without botocore.

    Read from its file, since importing botocore would cost as much as the rest of this check a hundred times.
    """
    spec = importlib.util.find_spec("botocore")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "data" / "partitions.json"
        if path.is_file():
            return parse_partitions(json.loads(path.read_text(encoding="utf-8")))
    return {}


def _list_names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_HOSTS_SHOWN} more" if len(names) > _MOST_HOSTS_SHOWN else ""
    return ", ".join(names[:_MOST_HOSTS_SHOWN]) + more
