# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""A declaration as Ansible reads it: the inventory, and for each of its accounts the tasks of a playbook, rendered.

Nothing of the roles is copied here. The playbook is loaded as ansible-playbook loads it, its variables are those of
Ansible's own variable manager, and the arguments of each task are rendered by Ansible's own templates.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import jinja2
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.playbook import Playbook
from ansible.plugins.loader import inventory_loader
from ansible.template import Templar
from ansible.utils.vars import combine_vars
from ansible.vars.manager import VariableManager

from .._role_options import NO_ROLE, RoleOptions, load_table
from .._run_input import ASSESSOR, Host, account_of
from .._run_notes import RunNotes

PREFIX: t.Final = "hardening.iam."
# Other plugins run programs or call AWS and other services.
_STATIC: t.Final = ("yaml", "ini", "toml")


class DeclarationError(Exception):
    """A declaration can't be read; the message names the inventory."""


@dataclasses.dataclass(frozen=True)
class Rendered:
    """One task of a role for one account: its module, the arguments, and all that checks of its input need.

    ``problem`` says why it can't be rendered. ``is_off`` says that its condition leaves it out.
    """

    role: str
    module: str
    arguments: Mapping[str, t.Any]
    host: Host
    options: RoleOptions = NO_ROLE
    is_off: bool = False
    problem: str = ""


class _StaticInventory(InventoryManager):
    """An inventory that is read from files alone."""

    def _fetch_inventory_plugins(self) -> list[t.Any]:
        return [inventory_loader.get(name) for name in _STATIC]


class Declaration:
    """One declaration: an inventory with its variables, and the playbook that it is for.

    ``is_simulated`` says which modules are wanted. ``extra`` are variables that win over all others. ``notes`` are for
    what the tasks of one run share.

    :raises DeclarationError: it can't be read, or has no account.
    """

    def __init__(
        self,
        sources: Sequence[str],
        *,
        playbook: str,
        is_simulated: t.Callable[[str], bool],
        notes: RunNotes,
        extra: t.Optional[Mapping[str, t.Any]] = None,
        secrets: t.Any = None,
    ) -> None:
        self.name = ", ".join(sources)
        self.notes = notes
        self._is_simulated = is_simulated
        self._loader = DataLoader()
        if secrets:
            self._loader.set_vault_secrets(secrets)
        self._loader.set_basedir(str(Path(playbook).resolve().parent))
        try:
            self._inventory = _StaticInventory(loader=self._loader, sources=list(sources))
            self._variables = VariableManager(loader=self._loader, inventory=self._inventory)
            self._variables._extra_vars = combine_vars(self._variables.extra_vars, dict(extra or {}))
            loaded = Playbook.load(playbook, variable_manager=self._variables, loader=self._loader)
            self._tasks = [(play, task) for play in loaded.get_plays() for task in self._find_tasks(play)]
            if not self._tasks:
                raise DeclarationError(f"{playbook} has no task of a role that can be simulated")
            self._play = self._resolve(self._tasks[0][0])
            self.hosts = tuple(sorted(self._inventory.get_hosts(self._play.hosts), key=lambda host: host.name))
        except AnsibleError as error:
            raise DeclarationError(f"{self.name}: {error}") from error
        if not self.hosts:
            raise DeclarationError(
                f"{self.name} has no account. Only files in YAML, INI or TOML are read, and directories of them. "
                "Export another inventory with: ansible-inventory --list --export --yaml"
            )

    def _resolve(self, play: t.Any) -> t.Any:
        """The play with its hosts rendered, as Ansible does before it runs one."""
        resolved = play.copy()
        resolved.hosts = self._templar(self._variables.get_vars(play=play)).template(play.hosts)
        return resolved

    def _find_tasks(self, play: t.Any) -> Iterator[t.Any]:
        for block in play.compile():
            yield from _flatten(block, self._is_of_role)

    def _is_of_role(self, task: t.Any) -> bool:
        """Whether a task calls a module that is simulated, in a role."""
        is_ours = str(task.resolved_action or task.action).startswith(PREFIX)
        return task._role is not None and is_ours and self._is_simulated(_module_of(task))

    def _templar(self, variables: Mapping[str, t.Any]) -> t.Any:
        return Templar(loader=self._loader, variables=dict(variables))

    def render(self, host: t.Any) -> Iterator[Rendered]:
        """The tasks of the playbook for one host, in their order."""
        of_host = self._variables.get_vars(play=self._play, host=host)
        for _play, task in self._tasks:
            yield self._render_task(task, host, self.add_variables(task, of_host))

    def add_variables(self, task: t.Any, of_host: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """The variables of a task: those of its host, and of its role.

        Ansible collects those of the host again for each task, which takes longer than all else here.
        """
        defaults, own = task._role.get_default_vars(), task._role.get_vars(include_params=False)
        place = {
            "role_name": task._role.get_name(include_role_fqcn=False),
            "role_path": task._role._role_path,
            "ansible_collection_name": task.collections[0] if task.collections else None,
            "ansible_search_path": task.get_search_path(),
        }
        return {**defaults, **of_host, **own, **task.get_vars(), **self._variables.extra_vars, **place}

    def _render_task(self, task: t.Any, host: t.Any, variables: Mapping[str, t.Any]) -> Rendered:
        templar = self._templar(variables)

        def value(variable: str) -> t.Any:
            try:
                return templar.template(variables[variable]) if variable in variables else None
            except AnsibleError:
                return None

        role = task._role.get_name(include_role_fqcn=False)
        known = load_table().roles.get(role, NO_ROLE)
        as_host = Host(name=host.name, variables=variables, value=value)
        make = functools.partial(Rendered, role=role, module=_module_of(task), host=as_host, options=known)
        try:
            if not _is_wanted(task, templar, variables):
                return make(arguments={}, is_off=True)
            return make(arguments=_without_omitted(templar.template(task.args), variables.get("omit")))
        except AnsibleError as error:
            return make(arguments={}, problem=str(error))

    def account_of(self, host: t.Any) -> t.Optional[str]:
        """The account of a host, or None if it declares none. Raises ValueError: it is no account id."""
        variables = self._variables.get_vars(host=host)
        templar = self._templar(variables)

        def value(variable: str) -> t.Any:
            return templar.template(variables[variable]) if variable in variables else None

        try:
            return account_of(Host(name=host.name, variables=variables, value=value))
        except AnsibleError as error:
            raise ValueError(str(error)) from error

    def find_assessor(self) -> t.Optional[str]:
        """A host of the play that has an assessor role."""
        declared = (host.name for host in self.hosts if self._variables.get_vars(host=host).get(ASSESSOR))
        return next(declared, None)

    @property
    def host_names(self) -> tuple[str, ...]:
        """The names of all hosts."""
        return tuple(host.name for host in self.hosts)


def remember_templates() -> None:
    """Let this process compile each template once, and not again for each host: nine tenths of the time of rendering.

    Jinja keeps compiled templates of files only. It is for processes that do nothing but simulate.
    """
    compile_again = jinja2.Environment.compile
    known: dict[tuple[t.Any, ...], t.Any] = {}

    def compile_once(self: jinja2.Environment, source: t.Any, *arguments: t.Any, **options: t.Any) -> t.Any:
        # An expression of "when" arrives parsed, and its representation has all of it.
        text = str(source) if isinstance(source, str) else repr(source)
        key = (type(self), self.variable_start_string, text, arguments, tuple(sorted(options.items())))
        if key not in known:
            known[key] = compile_again(self, source, *arguments, **options)
        return known[key]

    jinja2.Environment.compile = compile_once  # type: ignore[method-assign]


def _module_of(task: t.Any) -> str:
    return str(task.resolved_action or task.action).removeprefix(PREFIX)


def _flatten(block: t.Any, is_wanted: t.Callable[[t.Any], bool]) -> Iterator[t.Any]:
    """The tasks of a block that are run where nothing fails."""
    for item in block.block:
        if hasattr(item, "block"):
            yield from _flatten(item, is_wanted)
        elif is_wanted(item):
            yield item


def _is_wanted(task: t.Any, templar: t.Any, variables: Mapping[str, t.Any]) -> bool:
    """Whether the conditions of a task hold. ansible-core 2.19 moved their evaluation to the templates."""
    if hasattr(templar, "evaluate_conditional"):
        return all(templar.evaluate_conditional(condition) for condition in task.when)
    return bool(task.evaluate_conditional(templar, variables))


def _without_omitted(arguments: Mapping[str, t.Any], omit: t.Any) -> dict[str, t.Any]:
    """The arguments without those that are omitted. ansible-core 2.18 leaves a place-holder for each."""
    return {name: value for name, value in arguments.items() if value is not omit and not _is_text(value, omit)}


def _is_text(value: t.Any, omit: t.Any) -> bool:
    return isinstance(omit, str) and isinstance(value, str) and value == omit
