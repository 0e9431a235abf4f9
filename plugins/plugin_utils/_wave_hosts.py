# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The waves of a run as Ansible knows its hosts, and the hash of what is declared for a wave."""

from __future__ import annotations

import hashlib
import json
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ansible import context
from ansible.errors import AnsibleError
from ansible.inventory.manager import split_host_pattern

from ._fleet import choose_hosts, make_inventory
from ._run_hosts import ACCOUNTS
from ._run_input import Host
from ._slices import is_slice
from ._variables import KnownVariables, load_variables
from ._waves import VARIABLE, WavePlan, WavesError, describe_missed, plan_waves

# Shared variables that decide what is changed. Others, such as the ticket of a change, differ between runs.
_DECIDING: t.Final = frozenset(
    {
        "aws_regions",
        "hardening_break_glass",
        "hardening_enforce_drifting",
        "hardening_exempt_principals",
        "hardening_max_changes",
        "hardening_max_percent",
        "hardening_owned_arns",
        "hardening_owner_default",
        "hardening_owners",
        "hardening_platform_roles",
        "hardening_terraform_state_paths",
        "hardening_thresholds",
        "hardening_waivers",
    }
)
_LARGEST: t.Final = 1_000_000
_RESULT: t.Final = "_result"
_GATE_NUMBERS: t.Final = {
    "hardening_wave_max_failures": int,
    "hardening_wave_max_refusals": int,
    "hardening_wave_max_new_denials": int,
    "hardening_wave_max_unread": int,
    "hardening_wave_wait_minutes": float,
}

# The plans of this process. Workers are forked with those that the parent made, which orders hosts by them.
_PLANS: dict[str, WavePlan] = {}


def find_waves(variables: Mapping[str, t.Any], templar: t.Any) -> t.Optional[WavePlan]:
    """The waves of the run by the variables of a play, or of a host; None if none are declared.

    :raises WavesError: the declaration is malformed.
    """
    raw = _find_declared(variables)
    if raw is None or raw == "":
        return None
    chosen = choose_hosts(variables, templar)
    limit = context.CLIARGS.get("subset")
    key = repr((raw, chosen.pattern, limit, len(chosen.names)))
    if key not in _PLANS:
        inventory = make_inventory(variables["groups"])
        names = [host.name for host in inventory.get_hosts(chosen.pattern)]
        inventory.subset(limit)
        limited = [host.name for host in inventory.get_hosts(chosen.pattern)]
        _PLANS[key] = plan_waves(templar.template(raw), variables["groups"], names, limited)
    return _PLANS[key]


def check_waves(variables: Mapping[str, t.Any], templar: t.Any, hosts: Sequence[Host]) -> list[str]:
    """Check the waves of a run before its first task, with the ``hosts`` of the play."""
    declared = {repr(host.variables.get(VARIABLE)): host for host in hosts}
    if len(declared) > 1:
        first, second = (host.name for host in list(declared.values())[:2])
        return [
            f"{VARIABLE} differs between {first} and {second}. The waves order all accounts of a run.\n"
            "Set it once, for the group of all accounts."
        ]
    try:
        plan = find_waves(variables, templar)
    except WavesError as error:
        return [str(error)]
    if plan is None or not hosts:
        return []
    problems = [describe_missed(plan.missed)] if plan.missed else []
    if is_slice(hosts[0].value):
        problems.append(
            f"{VARIABLE} is set, and this job is a slice, which does not know the accounts of the others.\n"
            "Remove the slices, or use one node of a workflow for each wave."
        )
    problems += [problem for host in hosts if (problem := _check_name(host.name))]
    return problems + [problem for host in hosts[:1] for problem in _check_numbers(host)]


def hash_declaration(wave: str, names: Iterable[str], hostvars: t.Any, templar: t.Any) -> str:
    """The SHA-256 of what is declared for the accounts of a wave: the variables of roles and of accounts, and the tags.

    A template counts by its value: it may read a file, or name another variable.
    """
    known = load_variables()
    declared = {}
    for name in sorted(names):
        variables = {**hostvars.raw_get(name), "hostvars": hostvars}
        deciding = _select_deciding(variables, known)
        if _may_be_template(deciding):
            own_templar = templar.copy_with_new_env(available_variables=variables)
            deciding = {name: _resolve(value, own_templar) for name, value in deciding.items()}
        declared[name] = deciding
    text = json.dumps([wave, declared, _list_selections()], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _list_selections() -> list[t.Any]:
    """The choice of roles on the command line. A soak of some of them says nothing about the others."""
    tags = {*(context.CLIARGS.get("tags") or ())} - {"all"}
    return [sorted(tags), sorted(context.CLIARGS.get("skip_tags") or ()), context.CLIARGS.get("start_at_task")]


def _select_deciding(variables: Mapping[str, t.Any], known: KnownVariables) -> dict[str, t.Any]:
    return {name: value for name, value in variables.items() if name == "aws_account_id" or _decides(name, known)}


def _may_be_template(value: object) -> bool:
    if isinstance(value, str):
        return "{" in value
    members = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return any(map(_may_be_template, members))


def _resolve(value: t.Any, templar: t.Any) -> t.Any:
    """The value of a template; the template itself where it has none, such as one of results of tasks."""
    if not _may_be_template(value):
        return value
    try:
        return templar.template(value)
    except AnsibleError:
        return value


def _decides(name: str, known: KnownVariables) -> bool:
    """Whether a variable decides what is changed: those of the roles that write do, but for results of tasks."""
    if name in _DECIDING:
        return True
    is_of_role = name.startswith(known.own_prefixes) and not name.startswith("hardening_")
    return is_of_role and name in known.names and not name.endswith(_RESULT)


def _find_declared(variables: Mapping[str, t.Any]) -> t.Any:
    """The declaration as it stands: an extra variable, or one of the first account. All accounts have the same."""
    if VARIABLE in variables or "inventory_hostname" in variables:
        return variables.get(VARIABLE)
    hostvars, groups = variables.get("hostvars"), variables.get("groups", {})
    names = groups.get(ACCOUNTS) or groups.get("all")
    if not hostvars or not names:
        return None
    return hostvars.raw_get(names[0]).get(VARIABLE)


def _check_name(name: str) -> str:
    """Explain why a host can't be in a wave; empty if it can. Ansible takes the hosts of waves as patterns."""
    if split_host_pattern(name) == [name] and name[0] not in "!&~@":
        return ""
    return f"{name} can't be in a wave of {VARIABLE}: to Ansible its name is a pattern. Give the host another name."


def _check_numbers(host: Host) -> Iterable[str]:
    for name, kind in _GATE_NUMBERS.items():
        value = host.value(name) if name in host.variables else None
        if value is None or value == "":
            continue
        try:
            if isinstance(value, bool) or not 0 <= kind(value) <= _LARGEST:
                raise ValueError(value)
        except (OverflowError, TypeError, ValueError):
            yield f"{name} is {value!r}; allowed is a number from 0 to {_LARGEST}."
