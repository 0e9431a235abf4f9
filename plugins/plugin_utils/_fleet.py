# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The hosts of the inventory as Ansible knows them: those that a playbook works on, and their variables."""

from __future__ import annotations

import contextlib
import functools
import typing as t
from collections.abc import Iterable

from ansible import context
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader

from ._plain_templates import UNRESOLVED, resolve
from ._run_hosts import ACCOUNTS, RunHosts
from ._run_input import ASSESSOR, Host, account_of


def choose_hosts(variables: t.Mapping[str, t.Any], templar: t.Any, group: str = ACCOUNTS) -> RunHosts:
    """The choice of hosts of a playbook for ``group``, by the variables of a play, and the inventory among them."""
    groups = variables["groups"]
    asked = templar.template(variables.get("hardening_hosts")) if group == ACCOUNTS else None
    return RunHosts(names=tuple(groups["all"]), groups=frozenset(groups), group=group, asked=asked)


def make_inventory(groups: t.Mapping[str, Iterable[str]]) -> InventoryManager:
    """Make an inventory of the groups, which are all that a template knows of it before the first play.

    The lookup ``ansible.builtin.inventory_hostnames`` does the same.
    """
    inventory = InventoryManager(DataLoader(), parse=False)
    for group, names in groups.items():
        inventory.add_group(group)
        for name in names:
            inventory.add_host(name, group=group)
    return inventory


def has_host(groups: t.Mapping[str, Iterable[str]], pattern: t.Any) -> bool:
    """Whether a host of these groups matches the pattern and ``--limit``."""
    inventory = make_inventory(groups)
    inventory.subset(context.CLIARGS.get("subset"))
    with contextlib.suppress(AnsibleError):
        return bool(inventory.get_hosts(pattern))
    return False


def host_of(name: str, hostvars: t.Any, templar: t.Any) -> Host:
    """The host ``name`` of the inventory, with its variables."""
    variables = hostvars.raw_get(name)
    own_templar = functools.cache(lambda: templar.copy_with_new_env(available_variables=variables))

    def value(variable: str) -> t.Any:
        found = variables.get(variable)
        if not isinstance(found, str) or "{" not in found:
            return found
        try:
            plain = resolve(found, variables)
            return own_templar().template(found) if plain is UNRESOLVED else plain
        except AnsibleError:
            return None

    return Host(name=name, variables=variables, value=value)


def find_assessor(hostvars: t.Any, *, pattern: t.Any, first: Iterable[str] = ()) -> t.Optional[str]:
    """A host among those of ``pattern`` that has an assessor role. The hosts ``first`` are looked at first."""
    everybody = hostvars._inventory.get_hosts(pattern=pattern, ignore_limits=True, ignore_restrictions=True)
    names = dict.fromkeys([*first, *(host.name for host in everybody)])
    return next((name for name in names if _is_declared(hostvars.raw_get(name).get(ASSESSOR))), None)


def count_accounts(hostvars: t.Any, groups: t.Mapping[str, t.Sequence[str]], *, pattern: t.Any) -> int:
    """Count the accounts of the inventory, with those that ``--limit`` and ``hardening_hosts`` leave out."""
    chosen = hostvars._inventory.get_hosts(pattern=pattern, ignore_limits=True, ignore_restrictions=True)
    return max(len(chosen), len(groups.get(ACCOUNTS, ())))


def find_own_account(name: str, hostvars: t.Any, templar: t.Any) -> t.Optional[str]:
    """The account that the inventory declares for a host, without the variables of plays, roles and tasks."""
    try:
        return account_of(host_of(name, hostvars, templar))
    except ValueError:
        return None


def _is_declared(value: t.Any) -> bool:
    return value is not None and value != ""
