# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Run a module of this collection inside Ansible's worker, where that can't change its result.

A module run costs a Python start and an import of boto3, ten times what the work itself costs. The worker is already a
Python process, forked from a parent that imported boto3 when it resolved the action plugin: that is why every module
has a file of its own name in ``plugins/action``, and why the models are loaded here at import time. No client, socket
or thread is made before the fork.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import json
import re
import secrets
import sys
import typing as t
from collections.abc import Callable

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.parsing import ajson
from ansible.plugins.action.normal import ActionModule as NormalActionModule
from ansible.plugins.loader import filter_loader, test_loader
from ansible.utils.display import Display
from ansible_collections.amazon.aws.plugins.module_utils.botocore import check_sdk_version_supported
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleBotocoreError
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

from ..module_utils._account.codec import prepare as prepare_codec
from ..module_utils._account.progress import Progress, silent
from ..module_utils._aws.access import HAS_BOTO3, warm
from ..module_utils._converge.store import make_absolute
from ..module_utils._module.execution import execute
from ..module_utils._module.options import split_places
from ..module_utils._module.recording import Replay
from ..module_utils._module.run_files import RunFiles
from ..module_utils._module.run_snapshot import discard_all
from ..module_utils._module.task import Entry
from . import _brief_results
from ._fleet import count_accounts, find_assessor, find_own_account
from ._plain_templates import UNRESOLVED, prepare_templates, resolve
from ._preparation import PREPARATION, prepare_run
from ._progress import ProgressLines
from ._role_options import NO_ROLE, RoleOptions, load_table
from ._run_input import Host
from ._run_notes import RunNotes, private_directory
from ._task_input import TaskInput, account_option_of, find_problem, fleet_caps_of, job_of, run_id_of, run_of
from ._values import find_bad_values, parse_lists, split_texts
from ._variables import prepare_variables
from ._vaulted import hide_vaulted
from ._wave_hosts import find_waves
from ._wave_run import WaveRun

Result = dict[str, t.Any]

# Options that may name a file or a directory.
_PLACES: t.Final = ("journal", "report_dir", "snapshot_dir", "snapshot_path", "waivers")
# Options that are lists of such places.
_PLACE_LISTS: t.Final = ("owned_arns", "terraform_state_paths", "trail_logs")
# Nothing, a place in S3 or what is meant as one, or YAML or JSON text, which may have several lines.
_NO_RELATIVE_PATH: t.Final = re.compile(r"\s*($|\w+:/|[\[{]|- |\S.*\n\s*\S)")

# So many objects are made before Python looks for garbage: its own number is 2,000 at most.
_GARBAGE: t.Final = 100_000
_COLLECTION: t.Final = "hardening.iam"
# YAML reads an unquoted off as false.
_OFF: t.Final = frozenset({"off", "false"})
# Set by our playbook that only assesses.
_NO_ROLES_FOLLOW: t.Final = "__hardening_no_roles_follow"
# Made in the process that forks the workers, so that they and nobody else can read what they leave for each other.
_SECRET: t.Final = secrets.token_bytes(32)


class InProcess(NormalActionModule):
    """The action plugin of a module: its core in this process where possible, else the module as usual."""

    entry: t.ClassVar[Entry]
    #: Whether a task of our role without a run id names the run. Others ask for the run that was named before.
    names_run: t.ClassVar[bool] = True
    _host = ""

    def __init_subclass__(cls, **kwargs: t.Any) -> None:
        super().__init_subclass__(**kwargs)
        if hasattr(cls, "entry"):
            cls._prepare()

    @classmethod
    def _prepare(cls) -> None:
        """Load in the parent process all that its workers need."""
        warm(cls.entry.operations)
        prepare_variables()
        prepare_codec()
        load_table()
        prepare_templates()
        _load_plugins()
        # All that is loaded now stays. A worker that looked through it for garbage would copy the memory it shares with
        # this process, page by page, which costs more than reading a small account.
        gc.freeze()

    @classmethod
    def finalize_task_arg(cls, name: str, value: t.Any, templar: t.Any, *further: t.Any, **named: t.Any) -> t.Any:
        """Resolve one argument of the task. Ansible calls this since 2.19, as an experiment: its answer is kept."""
        plain = resolve(value, templar.available_variables)
        return super().finalize_task_arg(name, value, templar, *further, **named) if plain is UNRESOLVED else plain

    def run(self, tmp: t.Any = None, task_vars: t.Optional[dict[str, t.Any]] = None) -> Result:
        arguments = self._task.args
        result = self._run(tmp, task_vars or {})
        hide_vaulted(result, arguments)
        return result

    def _run(self, tmp: t.Any, task_vars: dict[str, t.Any]) -> Result:
        if self._is_off():
            # Ansible keeps the options of a skipped task for each host until all hosts have skipped it.
            self._task.args = {}
            return {"skipped": True, "changed": False, "skip_reason": "the mode of the role is off"}
        given = self._input(task_vars)
        self._host = given.host.name
        problem = find_problem(given) or self._prepare_run(given, task_vars)
        if problem:
            return {"failed": True, "changed": False, "msg": problem}
        found = {
            **account_option_of(given),
            **run_of(given),
            **run_id_of(given),
            **job_of(given),
            **fleet_caps_of(given),
        }
        self._task.args = {**self._task.args, **found}
        self._task.args.update(parse_lists(self.entry.argument_spec(), self._task.args))
        if given.is_of_our_role:
            self._task.args.update(split_texts(self.entry.argument_spec(), self._task.args))
        if self._has_the_files_of_this_worker():
            self._task.args = {**self._task.args, **self._places()}
        if self._can_run_here(task_vars):
            result: Result = self._run_here()
        else:
            bad = self._find_bad_values()
            result = {"failed": True, "changed": False, "msg": bad} if bad else self._run_elsewhere(tmp, task_vars)
        self._name_variables(result, given)
        if given.is_of_our_role and task_vars.get(_brief_results.VARIABLE):
            shows_all = given.host.value("hardening_terminal") == "full"
            _brief_results.shorten(result, shows_diff=bool(self._task.diff), shows_all=shows_all)
            # Ansible keeps the task of each host, with its options, until all hosts have done it.
            self._task.args = {}
        # Text that is there to be read is shown wherever the task runs, with no callback enabled.
        text = result.pop("terminal", None)
        if text and not self._task.no_log:
            Display().display(f"\n{text}\n" if "\n" in text else str(text))
        return result

    def _is_off(self) -> bool:
        """Whether the mode of the role is off. Most roles ask that in a condition, before Ansible fills in options."""
        return self._is_of_our_role() and str(self._task.args.get("mode")).lower() in _OFF

    def _run_elsewhere(self, tmp: t.Any, task_vars: dict[str, t.Any]) -> Result:
        """Run the module as usual. It reads for itself; if it writes, nothing that was read before holds any more."""
        try:
            result: Result = super().run(tmp, task_vars)
        finally:
            if self._writes():
                discard_all(_run_files())
        return result

    def _input(self, task_vars: dict[str, t.Any]) -> TaskInput:
        name = str(task_vars.get("inventory_hostname", ""))
        hosts = task_vars.get("ansible_play_hosts_all", ())
        spec = self.entry.argument_spec()
        pattern = self._pattern()

        @functools.cache
        def value(variable: str) -> t.Any:
            try:
                return self._resolve(task_vars[variable]) if variable in task_vars else None
            except AnsibleError:
                return None

        return TaskInput(
            host=Host(name=name, variables=task_vars, value=value),
            arguments=self._task.args,
            options={option: details.get("default") for option, details in spec.items()},
            writes=self._writes(),
            is_of_our_role=self._is_of_our_role(),
            role=self._role_options(),
            play=str(pattern),
            hosts=hosts,
            find_assessor=lambda: find_assessor(task_vars["hostvars"], pattern=pattern, first=hosts),
            count_accounts=lambda: count_accounts(task_vars["hostvars"], task_vars["groups"], pattern=pattern),
            hash_declaration=lambda: self._hash_declaration(task_vars),
            notes=self._notes,
            find_closed_gate=lambda: self._find_closed_gate(task_vars),
            find_own_account=lambda: find_own_account(name, task_vars["hostvars"], self._templar),
            names_run=self.names_run,
        )

    def _prepare_run(self, given: TaskInput, task_vars: dict[str, t.Any]) -> str:
        """Prepare a run that writes, if its playbook skipped that; why nothing may be written, or an empty text."""
        needed = task_vars.get(PREPARATION) if given.writes else None
        if not needed:
            return ""
        return prepare_run(needed, task_vars, self._templar, notes=given.notes, pattern=given.play)

    def _hash_declaration(self, task_vars: dict[str, t.Any]) -> str:
        """The hash of what is declared for the wave of the host; empty without waves."""
        waves = self._find_waves(task_vars)
        return waves.hash_wave_of(str(task_vars["inventory_hostname"])) if waves else ""

    def _find_closed_gate(self, task_vars: dict[str, t.Any]) -> str:
        """Explain why the wave of the host may not begin; empty if it may, or in a playbook that has no gates."""
        waves = self._find_waves(task_vars) if task_vars.get("__hardening_in_waves") else None
        return waves.find_closed_gate_of(str(task_vars["inventory_hostname"])) if waves else ""

    def _find_waves(self, task_vars: dict[str, t.Any]) -> t.Optional[WaveRun]:
        plan = find_waves(task_vars, self._templar)
        return None if plan is None else WaveRun(plan, task_vars["hostvars"], self._templar, self._notes)

    @property
    def _notes(self) -> RunNotes:
        """The facts that the workers of this process share."""
        return RunNotes(private_directory())

    def _is_of_our_role(self) -> bool:
        role = self._task._role
        return role is not None and role._role_collection == _COLLECTION

    def _role_options(self) -> RoleOptions:
        """The variables behind the options, where the task is one of our role."""
        return load_table().roles.get(self._task._role._role_name, NO_ROLE) if self._is_of_our_role() else NO_ROLE

    def _find_bad_values(self) -> str:
        """The options that have no usable value, with what is allowed; empty where all have."""
        return describe_bad_values(self.entry, self._task.args, str(self._task.action), self._role_options())

    def _name_variables(self, result: Result, given: TaskInput) -> None:
        """Let the failure and the warnings of a task of our roles name the variables that the user set.

        A module knows its options only.
        """
        role, raw = given.role, given.host.variables
        if role is NO_ROLE:
            return
        if result.get("failed") and isinstance(result.get("msg"), str):
            result["msg"] = role.name_variables(result["msg"], raw)
        if result.get("warnings"):
            result["warnings"] = [
                role.name_variables(text, raw) if isinstance(text, str) else text for text in result["warnings"]
            ]

    def _writes(self) -> bool:
        """Whether the module may change something: not in check mode, and not in its mode ``report``."""
        is_report = str(self._task.args.get("mode", "")).lower() == "report"
        return bool(self.entry.operations.writes) and not self._task.check_mode and not is_report

    def _pattern(self) -> t.Any:
        """The pattern of the play's hosts, as its templates are now."""
        return self._resolve(self._task.get_play().hosts)

    def _can_run_here(self, task_vars: dict[str, t.Any]) -> bool:
        """Whether the module, run as usual, would see the same machine, user, Python and environment as this worker."""
        return (
            HAS_BOTO3
            and sys.platform != "darwin"  # forked workers that use the network crash there
            and self._has_the_files_of_this_worker()
            and not self._task.async_val
            and not self._play_context.become
            and not any(self._task.environment or [])
            and self._variable(task_vars, "ansible_python_interpreter", sys.executable) == sys.executable
            and boolean(self._variable(task_vars, "hardening_in_process", True), strict=False)
            and not boolean(self._task.args.get("debug_botocore_endpoint_logs", False), strict=False)
        )

    def _has_the_files_of_this_worker(self) -> bool:
        """Whether the task works on the machine that Ansible runs on."""
        return bool(self._connection.transport == "local")

    def _places(self) -> dict[str, t.Any]:
        """The options that name a file or directory here by a relative path, with the path made absolute.

        A module runs in the directory of its playbook, this worker where ansible-playbook was called, which is what
        people mean by ``./reports``.
        """
        spec = self.entry.argument_spec()
        given = {name: self._task.args.get(name, spec[name].get("default")) for name in _PLACES if name in spec}
        named = {name: self._task.args.get(name) for name in _PLACE_LISTS if name in spec}
        lists = {name: _make_all_absolute(value) for name, value in named.items() if isinstance(value, (str, list))}
        return {
            **{name: _make_absolute(value) for name, value in given.items() if isinstance(value, str)},
            **{name: values for name, values in lists.items() if values},
        }

    def _variable(self, task_vars: dict[str, t.Any], name: str, default: t.Any) -> t.Any:
        """A variable of the host that the module would run on: the delegated one, where there is delegation."""
        host_vars = task_vars
        if self._task.delegate_to:
            host_vars = task_vars.get("ansible_delegated_vars", {}).get(self._task.delegate_to, task_vars)
        return self._resolve(host_vars[name]) if name in host_vars else default

    def _resolve(self, value: t.Any) -> t.Any:
        plain = resolve(value, self._templar.available_variables)
        return self._templar.template(value) if plain is UNRESOLVED else plain

    def _run_here(self) -> Result:
        """The module's way from task arguments to result."""
        # Nor is what the parent has made since: this process ends with the task, and little is garbage before.
        gc.freeze()
        gc.set_threshold(_GARBAGE)
        return run_entry(
            self.entry,
            self._task.args,
            check_mode=bool(self._task.check_mode),
            find_bad_values=self._find_bad_values,
            files=_run_files(for_facts_only=bool(self._templar.available_variables.get(_NO_ROLES_FOLLOW))),
            progress=silent if self._task.no_log else ProgressLines(self._name_work(), Display().display),
        )

    def _name_work(self) -> str:
        """Name the host and the module, as lines of progress begin."""
        return f"{self._host}: {self._task.action.rpartition('.')[2]}"


def describe_bad_values(entry: Entry, arguments: t.Mapping[str, t.Any], action: str, role: RoleOptions) -> str:
    """Describe the arguments of a task that have no usable value, with what is allowed; empty where all have."""
    problems = find_bad_values(
        {**aws_argument_spec(), **entry.argument_spec()},
        arguments,
        allowed=load_table().allowed,
        action=action,
        has_off="mode" in role.options,
    )
    return "\n".join(problems)


def run_entry(
    entry: Entry,
    arguments: t.Mapping[str, t.Any],
    *,
    check_mode: bool,
    find_bad_values: Callable[[], str],
    replay: t.Optional[Replay] = None,
    files: t.Optional[RunFiles] = None,
    progress: Progress = silent,
) -> Result:
    """The module's way from task arguments to result: the same serialization, validation and removal of secrets.

    ``find_bad_values`` words the problems of arguments that are not valid.
    """
    validator = ArgumentSpecValidator({**aws_argument_spec(), **entry.argument_spec()}, **dict(entry.constraints))
    try:
        validation = validator.validate(_as_module_arguments(arguments))
    except TypeError as error:
        # Ansible looks for options in what is no mapping.
        return {"failed": True, "changed": False, "msg": find_bad_values() or str(error)}
    warnings = [f"Both option {both['option']} and its alias {both['alias']} are set." for both in validation._warnings]
    secrets = validation._no_log_values
    problem = _invalid(validation, find_bad_values) or _sdk_problem(warnings)
    if problem:
        result: Result = {"failed": True, "msg": problem}
    else:
        options = validation.validated_parameters
        result = execute(entry, options=options, check_mode=check_mode, replay=replay, files=files, progress=progress)
    warnings += result.pop("warnings", [])
    clean = _without_secrets(json.loads(json.dumps(result)), secrets)
    if warnings:
        clean["warnings"] = _without_secrets({"all": warnings}, secrets)["all"]
    if validation._deprecations:
        clean["deprecations"] = validation._deprecations
    return clean


def _invalid(validation: t.Any, find_bad_values: Callable[[], str]) -> t.Optional[str]:
    """Why the options are not valid, or None where they are. Ansible's own message is for what is left."""
    if not validation.error_messages:
        return None
    return find_bad_values() or str(validation.errors.msg)


def _load_plugins() -> None:
    """Load what each worker would load of Ansible's plugins: for its first template, and for its local connection."""
    for loader, name in ((filter_loader, "default"), (test_loader, "defined")):
        with contextlib.suppress(AnsibleError, KeyError):
            loader.get(name)
    for kind in ("connection", "shell"):
        with contextlib.suppress(ImportError):
            importlib.import_module(f"ansible_collections.ansible.builtin.plugins.{kind}")


def _run_files(*, for_facts_only: bool = False) -> RunFiles:
    return RunFiles(private_directory() / "account", _SECRET, for_facts_only)


def _as_module_arguments(arguments: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """``arguments`` as a module would find them: vaulted values decrypted, YAML dates as strings, nothing tagged."""
    encoder: t.Any = ajson.AnsibleJSONEncoder  # type: ignore[attr-defined]  # re-exported for backward compatibility
    encoded: dict[str, t.Any] = json.loads(json.dumps(dict(arguments), cls=encoder, vault_to_text=True))
    return encoded


def _sdk_problem(warnings: list[str]) -> t.Optional[str]:
    """The complaint of amazon.aws about boto3, where it is too old to go on; lesser complaints join ``warnings``."""
    try:
        check_sdk_version_supported(warn=warnings.append)
    except AnsibleBotocoreError as error:
        return str(error)
    return None


def _without_secrets(result: Result, secrets: t.Collection[str]) -> Result:
    """``result`` as AnsibleModule returns it: secrets masked, but booleans and nulls at the top left alone."""
    kept = {key: value for key, value in result.items() if value is None or isinstance(value, bool)}
    return {**remove_values(result, secrets), **kept}


def _make_absolute(value: t.Any) -> t.Any:
    """A place with its path made absolute, if it is a relative one."""
    return make_absolute(value) if isinstance(value, str) and not _NO_RELATIVE_PATH.match(value) else value


def _make_all_absolute(value: t.Any) -> list[t.Any]:
    """The places of a list made absolute. An entry may be a mapping, with the place as its ``path``."""
    if isinstance(value, list) and any(isinstance(entry, dict) for entry in value):
        return [
            {**entry, "path": _make_absolute(entry["path"])} if isinstance(entry, dict) and "path" in entry else entry
            for entry in ({"path": entry} if isinstance(entry, str) else entry for entry in value)
        ]
    return [*map(_make_absolute, split_places(value))]
