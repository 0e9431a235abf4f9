# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a module runs in Ansible's worker, what it is given there, and what becomes of its result."""

from __future__ import annotations

import os
import sys
import types
import typing as t
from datetime import UTC, datetime
from pathlib import Path

import ansible.template
import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action.normal import ActionModule as NormalActionModule
from ansible.template import Templar

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._module.run_snapshot import Binding, Part, RunSnapshot
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry, Task, TaskError
from ansible_collections.hardening.iam.plugins.plugin_utils import _in_process, _progress, _run_notes
from ansible_collections.hardening.iam.plugins.plugin_utils._in_process import InProcess

# ansible-core 2.18 takes every text for a template, later ones only what comes from a source that they trust.
template: t.Final[t.Callable[[str], str]] = getattr(ansible.template, "trust_as_template", str)

DEV = "333344445555"
ELSEWHERE: t.Final = {"ran": "as a module of its own process"}
SPEC: t.Final[dict[str, dict[str, t.Any]]] = {
    "account_id": {"type": "str"},
    "assessor_role_arn": {"type": "str"},
    "count": {"type": "int", "default": 3, "aliases": ["number"]},
    "mode": {"type": "str", "choices": ["report", "enforce"], "default": "enforce"},
    "parts": {"type": "list", "elements": "dict", "options": {"name": {"type": "str"}}},
    "secret": {"type": "str", "no_log": True},
    "report_dir": {"type": "str"},
    "terraform_state_paths": {"type": "list", "elements": "raw", "default": []},
    "trail_logs": {"type": "list", "elements": "str", "default": []},
    "journal": {"type": "str", "default": "./journal"},
}


PLAYBOOKS: t.Final = Path(__file__).resolve().parents[4] / "playbooks"


class Core:
    """The core of a module: keeps the task that it was given, and answers what a test wants."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.answer: dict[str, t.Any] = {"changed": False}
        self.error: t.Optional[Exception] = None
        self.work: t.Callable[[Task], None] = lambda _task: None

    def __call__(self, task: Task) -> dict[str, t.Any]:
        self.tasks.append(task)
        self.work(task)
        if self.error:
            raise self.error
        return self.answer


CORE: t.Final = Core()


class Action(InProcess):
    entry = Entry(
        argument_spec=lambda: dict(SPEC),
        operations=Operations(reads=frozenset({"iam:GetUser"}), writes=frozenset({"iam:DeleteUser"})),
        run=CORE,
    )


@pytest.fixture(autouse=True)
def core(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Core:
    """The core, as new. The garbage collector is left alone, and notes of the process go to a directory of the test."""
    CORE.__init__()  # type: ignore[misc]
    monkeypatch.setattr(_in_process.gc, "freeze", lambda: None)
    monkeypatch.setattr(_run_notes.constants, "DEFAULT_LOCAL_TMP", str(tmp_path / "tmp"))
    monkeypatch.setattr(NormalActionModule, "run", lambda _self, _tmp=None, _task_vars=None: dict(ELSEWHERE))
    return CORE


def action(
    arguments: t.Optional[dict[str, t.Any]] = None,
    *,
    transport: str = "local",
    become: bool = False,
    variables: t.Optional[dict[str, t.Any]] = None,
    **task: t.Any,
) -> Action:
    declared = {
        "action": "hardening.iam.example",
        "args": arguments or {},
        "async_val": 0,
        "environment": None,
        "delegate_to": None,
        "check_mode": True,
        "no_log": False,
        "_role": None,
        "get_play": lambda: types.SimpleNamespace(hosts="aws_accounts"),
        **task,
    }
    return Action(
        task=types.SimpleNamespace(**declared),
        connection=types.SimpleNamespace(transport=transport),
        play_context=types.SimpleNamespace(become=become),
        loader=DataLoader(),
        templar=Templar(loader=DataLoader(), variables=variables or {}),
        shared_loader_obj=None,
    )


def run(arguments: t.Optional[dict[str, t.Any]] = None, **options: t.Any) -> dict[str, t.Any]:
    variables = {"inventory_hostname": "a", **options.pop("variables", {})}
    return t.cast("dict[str, t.Any]", action(arguments, variables=variables, **options).run(None, variables))


# The snapshot of the run


class Shared:
    """A role and an assessment of one account in this process."""

    KEY: t.Final = (Dataset.ACCOUNT_ALIASES, None)

    def __init__(self) -> None:
        assessment = self._module(Part.ASSESSMENT)
        assessment.keep(self.KEY, {"account_alias": "acme"}, begun=assessment.begin())
        assessment.open()

    def _module(self, part: Part) -> RunSnapshot:
        binding = Binding("origin", DEV, "run-1")
        return RunSnapshot(
            _in_process._run_files(), binding, part=part, reader="", now=lambda: datetime(2026, 1, 1, tzinfo=UTC)
        )

    @property
    def holds(self) -> bool:
        return self._module(Part.FOLLOWING).find(self.KEY) is not None


def test_a_module_in_the_worker_shares_files_of_this_process_alone(core: Core, tmp_path: Path) -> None:
    run()
    files = core.tasks[0]._files
    assert files is not None
    assert files.directory == tmp_path / "tmp" / "hardening.iam" / "account"
    assert files.secret == _in_process._run_files().secret
    assert len(set(files.secret)) > 8


@pytest.mark.parametrize(("playbook", "for_facts_only"), [("assess", True), ("harden", False)])
def test_where_no_role_follows_no_reads_are_kept(core: Core, playbook: str, for_facts_only: bool) -> None:
    plays = yaml.safe_load((PLAYBOOKS / f"{playbook}.yml").read_text(encoding="utf-8"))
    (declared,) = (play["vars"] for play in plays if "hosts" in play)
    run(variables={name: value for name, value in declared.items() if isinstance(value, bool)})
    files = core.tasks[0]._files
    assert files is not None
    assert files.for_facts_only is for_facts_only


@pytest.mark.parametrize(
    ("options", "holds"),
    [
        ({"become": True, "check_mode": True}, True),
        ({"become": True, "check_mode": False, "arguments": {"mode": "report"}}, True),
        ({"become": True, "check_mode": False}, False),
        ({"transport": "ssh", "check_mode": False}, False),
        ({"check_mode": False, "variables": {"hardening_in_process": False}}, False),
        # In the worker each write is noted for itself.
        ({"check_mode": False}, True),
    ],
)
def test_a_module_elsewhere_that_may_write_ends_what_was_read(
    core: Core, options: dict[str, t.Any], holds: bool
) -> None:
    shared = Shared()
    assert shared.holds
    run(**options)
    assert shared.holds is holds


def test_a_module_elsewhere_that_fails_may_have_written(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_self: t.Any, _tmp: t.Any = None, _task_vars: t.Any = None) -> dict[str, t.Any]:
        raise RuntimeError

    monkeypatch.setattr(NormalActionModule, "run", fail)
    shared = Shared()
    with pytest.raises(RuntimeError):
        run(become=True, check_mode=False)
    assert not shared.holds


# Where it runs.


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"environment": []},
        {"environment": [{}]},
        {"variables": {"ansible_python_interpreter": sys.executable}},
        {"variables": {"ansible_python_interpreter": template("{{ python }}"), "python": sys.executable}},
        {"variables": {"hardening_in_process": "yes"}},
        {"arguments": {"debug_botocore_endpoint_logs": False}},
        {
            "delegate_to": "b",
            "variables": {"ansible_python_interpreter": "/other", "ansible_delegated_vars": {"b": {}}},
        },
    ],
)
def test_a_module_runs_in_the_worker(core: Core, options: dict[str, t.Any]) -> None:
    assert run(**options) == {"changed": False}
    assert len(core.tasks) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"transport": "ssh"},
        {"become": True},
        {"async_val": 10},
        {"environment": [{"AWS_PROFILE": "dev"}]},
        {"variables": {"ansible_python_interpreter": "/usr/bin/other-python"}},
        # The same Python by another name may have other packages.
        {"variables": {"ansible_python_interpreter": os.path.join(os.path.dirname(sys.executable), ".", "python")}},
        {"variables": {"hardening_in_process": "no"}},
        {"variables": {"hardening_in_process": False}},
        {"arguments": {"debug_botocore_endpoint_logs": "true"}},
        {"delegate_to": "b", "variables": {"ansible_delegated_vars": {"b": {"ansible_python_interpreter": "/other"}}}},
    ],
)
def test_a_module_that_would_see_something_else_runs_as_usual(core: Core, options: dict[str, t.Any]) -> None:
    assert run(**options) == ELSEWHERE
    assert core.tasks == []


@pytest.mark.parametrize(("name", "value"), [("HAS_BOTO3", False), ("sys.platform", "darwin")])
def test_a_controller_where_it_cannot_run(monkeypatch: pytest.MonkeyPatch, core: Core, name: str, value: t.Any) -> None:
    monkeypatch.setattr(f"{_in_process.__name__}.{name}", value)
    assert run() == ELSEWHERE
    assert core.tasks == []


# What the core is given.


@pytest.mark.parametrize("check_mode", [True, False])
def test_options_are_validated_as_a_module_validates_them(core: Core, check_mode: bool) -> None:
    run({"number": "7", "account_id": 333344445555}, check_mode=check_mode)
    (task,) = core.tasks
    assert task.check_mode is check_mode
    assert (task.options["count"], task.options["mode"], task.options["account_id"]) == (7, "enforce", DEV)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": "many"}, "count: 'many' is not a whole number. Set it to a whole number."),
        ({"mode": "off"}, "mode: 'off' is not allowed. Set it to report or enforce."),
        # Ansible itself raises a TypeError.
        ({"parts": [5]}, "parts[0]: 5 is not a mapping. Set it to a mapping of names to values."),
        ({"colour": "red"}, "colour: hardening.iam.example has no such option. Remove it."),
    ],
)
def test_bad_options_fail_before_the_core(core: Core, arguments: dict[str, t.Any], message: str) -> None:
    result = run(arguments)
    assert result["failed"] is True
    assert result["msg"] == message
    assert core.tasks == []


@pytest.mark.parametrize("transport", ["local", "ssh"])
@pytest.mark.parametrize(
    "arguments", [{"count": "{}"}, {"mode": "{}"}, {"parts": ["{}"]}], ids=["int", "choice", "list"]
)
def test_a_vaulted_value_in_the_wrong_place_is_not_quoted(
    core: Core, transport: str, arguments: dict[str, t.Any]
) -> None:
    tags = pytest.importorskip("ansible._internal._datatag._tags", reason="ansible-core 2.18 has no tags")
    secret = tags.VaultedValue(ciphertext="x").tag("sesame-7f3d")
    given = {name: [secret] if isinstance(value, list) else secret for name, value in arguments.items()}
    message = run(given, transport=transport)["msg"]
    assert message.startswith(next(iter(arguments)))
    assert "sesame" not in message
    assert core.tasks == []


def test_a_vaulted_value_is_hidden_in_errors_and_warnings_of_the_core(core: Core) -> None:
    tags = pytest.importorskip("ansible._internal._datatag._tags", reason="ansible-core 2.18 has no tags")
    core.answer = {"failed": True, "msg": "report_dir: sesame-7f3d is full", "warnings": ["sesame-7f3d", "other"]}
    result = run({"report_dir": tags.VaultedValue(ciphertext="x").tag("sesame-7f3d")})
    assert "sesame" not in str(result)
    assert result["warnings"][1] == "other"


def test_an_option_given_twice_is_a_warning() -> None:
    assert run({"count": 1, "number": 2})["warnings"] == ["Both option count and its alias number are set."]


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ("./reports", "{here}/reports"),
        ("~/reports", "{home}/reports"),
        ("/srv/reports", "/srv/reports"),
        ("~no-such-user/reports", "~no-such-user/reports"),
        ("s3://bucket/prefix", "s3://bucket/prefix"),
        ("s3:/bucket", "s3:/bucket"),
        ("- control: a", "- control: a"),
        ("# waivers\n- control: a", "# waivers\n- control: a"),
    ],
)
def test_places_are_where_ansible_was_called(
    core: Core, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/of-the-test")
    run({"report_dir": given})
    assert core.tasks[0].options["report_dir"] == place.format(here=tmp_path, home="/home/of-the-test")
    assert core.tasks[0].options["journal"] == f"{tmp_path}/journal"


def test_places_in_lists_are_where_ansible_was_called(
    core: Core, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    run({"terraform_state_paths": ["app.tfstate", "/srv/app.tfstate", "s3://states/app.tfstate"]})
    places = [f"{tmp_path}/app.tfstate", "/srv/app.tfstate", "s3://states/app.tfstate"]
    assert core.tasks[0].options["terraform_state_paths"] == places


def test_places_in_entries_are_where_ansible_was_called(
    core: Core, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    run({"terraform_state_paths": ["a.tfstate", {"path": "b.tfstate", "accounts": ["1"]}, {"accounts": []}, 5]})
    assert core.tasks[0].options["terraform_state_paths"] == [
        {"path": f"{tmp_path}/a.tfstate"},
        {"path": f"{tmp_path}/b.tfstate", "accounts": ["1"]},
        {"accounts": []},
        5,
    ]


@pytest.mark.parametrize(
    "given", ["logs,s3://logs/x", "logs, s3://logs/x", '["logs", "s3://logs/x"]', ["logs", "s3://logs/x"]]
)
def test_a_text_may_list_places(core: Core, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: t.Any) -> None:
    monkeypatch.chdir(tmp_path)
    run({"trail_logs": given})
    assert core.tasks[0].options["trail_logs"] == [f"{tmp_path}/logs", "s3://logs/x"]


@pytest.mark.parametrize("hides", [False, True])
def test_long_work_shows_its_progress(core: Core, monkeypatch: pytest.MonkeyPatch, hides: bool) -> None:
    said: list[str] = []
    monkeypatch.setattr(_in_process.Display, "display", lambda _self, text, *_more, **_options: said.append(text))
    monkeypatch.setattr(_progress, "_SECONDS", 0.0)
    core.work = lambda task: task._progress("log files", 1200, 3000)
    run({}, no_log=hides)
    assert said == ([] if hides else ["a: example: 1,200 of 3,000 log files read"])


def test_places_of_another_machine_are_its_own() -> None:
    plugin = action({"report_dir": "./reports"}, transport="ssh")
    plugin.run(None, {"inventory_hostname": "a"})
    assert plugin._task.args == {"report_dir": "./reports"}


# What becomes of the result.


def test_a_failure_is_a_result(core: Core) -> None:
    core.error = TaskError("count: too many", plan="x")
    assert run() == {"changed": False, "failed": True, "msg": "count: too many", "plan": "x"}


def test_secrets_are_masked(core: Core) -> None:
    core.answer = {"changed": True, "note": "the secret is hunter22", "nothing": None, "list": ["hunter22"]}
    masked = run({"secret": "hunter22"})
    assert "hunter22" not in str(masked)
    assert (masked["changed"], masked["nothing"]) == (True, None)


def test_warnings_of_the_core_are_masked_too(core: Core) -> None:
    core.answer = {"changed": False, "warnings": ["hunter22 is weak"]}
    (warning,) = run({"secret": "hunter22"})["warnings"]
    assert "hunter22" not in warning


@pytest.mark.parametrize(
    ("no_log", "text", "shown"),
    [(False, "REPORT\n1", ["\nREPORT\n1\n"]), (False, "a line", ["a line"]), (True, "REPORT", [])],
)
def test_text_for_people_is_shown_and_not_returned(
    core: Core, monkeypatch: pytest.MonkeyPatch, no_log: bool, text: str, shown: list[str]
) -> None:
    said: list[str] = []
    monkeypatch.setattr(_in_process.Display, "display", lambda _self, text, *_more, **_options: said.append(text))
    core.answer = {"changed": False, "terminal": text}
    assert run(no_log=no_log) == {"changed": False}
    assert said == shown


# The names in its messages.


@pytest.mark.parametrize("transport", ["local", "ssh"])
@pytest.mark.parametrize(
    ("role", "name"), [("ours", "aws_account_id"), ("of others", "account_id"), ("none", "account_id")]
)
def test_a_task_of_our_role_names_variables(
    core: Core, monkeypatch: pytest.MonkeyPatch, transport: str, role: str, name: str
) -> None:
    roles = {"ours": OUR_ROLE, "of others": OTHER_ROLE, "none": None}
    failure = {"failed": True, "msg": "account_id: another", "warnings": ["account_id: missing"]}
    core.error = TaskError("account_id: another", warnings=["account_id: missing"])
    monkeypatch.setattr(NormalActionModule, "run", lambda _self, _tmp=None, _vars=None: dict(failure))
    result = run({"account_id": DEV, "assessor_role_arn": "x"}, transport=transport, _role=roles[role])
    assert (result["msg"], result["warnings"]) == (f"{name}: another", [f"{name}: missing"])


@pytest.mark.parametrize("transport", ["local", "ssh"])
@pytest.mark.parametrize(
    ("role", "variables", "is_brief"),
    [
        ("ours", {"__hardening_brief_results": True}, True),
        ("ours", {}, False),
        ("of others", {"__hardening_brief_results": True}, False),
    ],
)
def test_a_task_of_our_role_is_brief_in_our_plays(
    core: Core,
    monkeypatch: pytest.MonkeyPatch,
    transport: str,
    role: str,
    variables: dict[str, t.Any],
    is_brief: bool,
) -> None:
    core.answer = {"changed": True, "changes": [{"target": "x"}], "diff": [{"before": "x"}]}
    monkeypatch.setattr(NormalActionModule, "run", lambda _self, _tmp=None, _vars=None: dict(core.answer))
    found = {"ours": OUR_ROLE, "of others": OTHER_ROLE}[role]
    given = {"account_id": DEV, "assessor_role_arn": "x"}
    variables = {"inventory_hostname": "a", **variables}
    acted = action(given, transport=transport, variables=variables, diff=False, _role=found)
    result = acted.run(None, variables)
    assert result == ({"changed": True, "counts": {"changes": 1}} if is_brief else core.answer)
    # Nor does Ansible keep the options of each host.
    assert bool(acted._task.args) is not is_brief


@pytest.mark.parametrize("mode", ["off", "Off", False, "false"])
def test_a_role_that_is_off_is_skipped_and_keeps_no_options(core: Core, mode: t.Any) -> None:
    # Its other options may be wrong: nobody looks at them.
    given = {"account_id": "wrong", "mode": mode}
    acted = action(given, variables={"inventory_hostname": "a"}, _role=OUR_ROLE)
    result = acted.run(None, {"inventory_hostname": "a"})
    assert (result["skipped"], result["changed"]) == (True, False)
    assert acted._task.args == {}
    assert core.tasks == []


def test_a_module_by_itself_has_no_mode_off(core: Core) -> None:
    given = {"account_id": DEV, "assessor_role_arn": "x", "mode": "off"}
    assert run(given).get("skipped") is None


@pytest.mark.parametrize("transport", ["local", "ssh"])
def test_a_wrong_value_names_the_variable_wherever_the_task_runs(core: Core, transport: str) -> None:
    given = {"account_id": DEV, "assessor_role_arn": "x"}
    wrong = {**given, "mode": "enforced"}
    assert run(wrong, _role=OUR_ROLE, transport=transport)["msg"] == (
        "password_policy_mode: 'enforced' is not allowed. Set it to off, report or enforce; the nearest is enforce."
    )
    empty = run({**given, "mode": None}, _role=OUR_ROLE, transport=transport)
    assert empty["msg"].startswith("password_policy_mode: it is empty")
    assert core.tasks == []


# The job that a task belongs to.

NAMED_SPEC: t.Final[dict[str, dict[str, t.Any]]] = {
    **SPEC,
    **{name: {"type": "str"} for name in ("job_id", "awx_job_id", "job_process")},
}


@pytest.fixture
def journal_core(core: Core, monkeypatch: pytest.MonkeyPatch) -> Core:
    """The core of a module that keeps a journal."""
    entry = Entry(lambda: dict(NAMED_SPEC), Action.entry.operations, core)
    monkeypatch.setattr(Action, "entry", entry)
    return core


def job_ids(core: Core) -> list[str]:
    return [task.job_id for task in core.tasks]


def test_all_tasks_of_a_process_are_one_job_and_those_of_another_are_another(
    journal_core: Core, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("tmp", "tmp", "other"):
        monkeypatch.setattr(_run_notes.constants, "DEFAULT_LOCAL_TMP", str(tmp_path / name))
        run()
    first, second, third = job_ids(journal_core)
    assert first == second != third


@pytest.mark.parametrize(
    ("arguments", "variables", "job_id"),
    [
        ({}, {"awx_job_id": 7}, "7"),
        ({}, {"tower_job_id": "8"}, "8"),
        ({"awx_job_id": "9"}, {"awx_job_id": 7}, "9"),
        ({"job_id": "mine", "awx_job_id": "9"}, {"awx_job_id": 7}, "mine"),
    ],
)
def test_awx_names_its_jobs(
    journal_core: Core, arguments: dict[str, t.Any], variables: dict[str, t.Any], job_id: str
) -> None:
    run(arguments, variables=variables)
    assert job_ids(journal_core) == [job_id]


def test_awx_numbers_its_jobs_and_each_process_has_a_name_besides(
    journal_core: Core, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two controllers with one journal may have jobs with the same number."""
    for controller, name in (("one", "tmp"), ("one", "tmp"), ("two", "other")):
        monkeypatch.setenv("AWX_HOST", f"https://{controller}.acme.example:8443/")
        monkeypatch.setattr(_run_notes.constants, "DEFAULT_LOCAL_TMP", str(tmp_path / name))
        run(variables={"awx_job_id": 7})
    first, again, other = (task.run.process for task in journal_core.tasks)
    assert first == again != other
    assert first.startswith("one.acme.example/") and other.startswith("two.acme.example/")
    assert job_ids(journal_core) == ["7"] * 3


@pytest.mark.parametrize("transport", ["local", "ssh"])
def test_a_module_that_runs_by_itself_is_given_its_job(
    journal_core: Core, monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    made: list[t.Any] = []

    def module(plugin: t.Any, _tmp: t.Any = None, _task_vars: t.Any = None) -> dict[str, t.Any]:
        made.append(plugin._task.args.get("job_id"))
        return dict(ELSEWHERE)

    monkeypatch.setattr(NormalActionModule, "run", module)
    for _time in range(2):
        run(transport=transport, variables={"hardening_in_process": False})
    assert made[0] and made[0] == made[1]


def test_a_module_without_a_journal_needs_no_job(core: Core) -> None:
    assert "msg" not in run()
    assert "job_id" not in core.tasks[0].options


# What is checked before.

OUR_ROLE: t.Final = types.SimpleNamespace(_role_collection="hardening.iam", _role_name="password_policy")
OTHER_ROLE: t.Final = types.SimpleNamespace(_role_collection="acme.iam")


class HostVars(dict[str, dict[str, t.Any]]):
    """The variables of all hosts, and the inventory behind them."""

    def __init__(self, hosts: dict[str, dict[str, t.Any]]) -> None:
        super().__init__(hosts)
        self._inventory = self
        self.patterns: list[t.Any] = []

    def get_hosts(self, *, pattern: t.Any, ignore_limits: bool, ignore_restrictions: bool) -> list[t.Any]:
        assert ignore_limits
        assert ignore_restrictions
        self.patterns.append(pattern)
        return [types.SimpleNamespace(name=name) for name in self]

    def raw_get(self, name: str) -> dict[str, t.Any]:
        return self[name]


def problem(core: Core, arguments: t.Optional[dict[str, t.Any]] = None, **options: t.Any) -> str:
    result = run(arguments, **options)
    if core.tasks:
        assert "failed" not in result
        return ""
    assert (result["failed"], result["changed"]) == (True, False)
    return str(result["msg"])


def test_a_removed_variable_of_a_play_or_an_import_stops_a_task(core: Core) -> None:
    message = problem(core, {"account_id": DEV}, _role=OUR_ROLE, variables={"password_policy_account_id": DEV})
    assert message.startswith("Removed variable of hardening.iam: password_policy_account_id (set aws_account_id).")


@pytest.mark.parametrize("given", [{}, {"run_details": {"author": "dave"}}])
def test_a_role_takes_the_details_of_the_run_from_variables(
    core: Core, monkeypatch: pytest.MonkeyPatch, given: dict[str, t.Any]
) -> None:
    details = {"author": {"type": "str"}, "require_change_ticket": {"type": "bool"}}
    details |= {name: {"type": "str"} for name in ("approver", "change_ticket", "job", "commit")}
    spec = {**SPEC, "run_details": {"type": "dict", "options": details}, "awx_job_id": {"type": "str"}}
    monkeypatch.setattr(Action, "entry", Entry(lambda: spec, Operations(), CORE))
    variables = {"hardening_author": template("{{ me }}"), "me": "alice", "awx_job_id": 7}
    arguments = {"account_id": DEV, "assessor_role_arn": "x", **given}
    assert problem(core, arguments, _role=OUR_ROLE, variables=variables) == ""
    options = core.tasks[0].options
    assert options["awx_job_id"] == "7"
    assert options["run_details"]["author"] == ("dave" if given else "alice")
    assert options["run_details"]["require_change_ticket"] is (None if given else False)


@pytest.mark.parametrize("transport", ["local", "ssh"])
def test_bad_input_stops_a_task_wherever_it_would_run(core: Core, transport: str) -> None:
    message = problem(core, transport=transport, variables={"password_polcy_mode": "enforce"})
    assert "password_polcy_mode (the nearest is password_policy_mode)" in message


def test_ignored_names_may_come_from_a_template(core: Core) -> None:
    variables = {
        "hardening_level": 1,
        "hardening_ignore_variables": template("{{ mine }}"),
        "mine": ["hardening_level"],
    }
    assert problem(core, variables=variables) == ""


@pytest.mark.parametrize(
    ("arguments", "task", "fails"),
    [
        ({}, {"check_mode": False}, True),
        ({"mode": "enforce"}, {"check_mode": False}, True),
        ({"mode": "report"}, {"check_mode": False}, False),
        ({}, {"check_mode": True}, False),
        ({"journal": "s3://bucket/prefix"}, {"check_mode": False}, False),
    ],
)
def test_only_a_task_that_may_write_needs_a_journal_that_stays(
    core: Core, arguments: dict[str, t.Any], task: dict[str, t.Any], fails: bool
) -> None:
    assert ("hardening_journal" in problem(core, arguments, variables={"awx_job_id": 7}, **task)) is fails


def test_a_module_without_writes_needs_no_journal(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Action, "entry", Entry(Action.entry.argument_spec, Operations(), CORE))
    assert problem(core, check_mode=False, variables={"awx_job_id": 7}) == ""


@pytest.mark.parametrize(("role", "fails"), [(OUR_ROLE, True), (OTHER_ROLE, False), (None, False)])
def test_our_roles_need_an_account_id_where_there_are_several_hosts(core: Core, role: t.Any, fails: bool) -> None:
    variables = {"ansible_play_hosts_all": ["a", "b"], "aws_assessor_role_arn": "x"}
    message = problem(core, {"assessor_role_arn": "x"}, _role=role, variables=variables)
    assert ("aws_account_id is not set for a." in message) is fails


@pytest.mark.parametrize("text", ["{{ missing }}", "{{ numbers.prod }}", "{{ numbers.prod | default('') }}"])
def test_an_account_id_that_leads_to_nothing_is_an_error_for_one_host_too(core: Core, text: str) -> None:
    variables = {"aws_account_id": template(text), "numbers": {"dev": DEV}, "ansible_play_hosts_all": ["a"]}
    given = {"assessor_role_arn": "x"}
    message = problem(core, given, _role=OUR_ROLE, variables=variables)
    assert message.startswith(f"aws_account_id of a: {text!r} is empty, or uses a variable that is not set.")
    assert problem(core, given, _role=OUR_ROLE, variables={**variables, "aws_account_id": ""}) == ""


def test_the_account_id_may_be_a_template(core: Core) -> None:
    variables = {"aws_account_id": template("{{ numbers.dev }}"), "numbers": {"dev": 33344445555}}
    assert "aws_account_id of a: '33344445555' is not" in problem(core, _role=OUR_ROLE, variables=variables)


def test_two_hosts_with_one_account_share_no_process(core: Core) -> None:
    given = {"account_id": DEV, "assessor_role_arn": "x"}
    assert problem(core, given, _role=OUR_ROLE) == ""
    core.tasks.clear()
    second = problem(core, given, _role=OUR_ROLE, variables={"inventory_hostname": "b"})
    assert f"b: another host has the same aws_account_id, {DEV}: a." in second


def test_the_whole_play_is_searched_for_an_assessor_role_once(core: Core) -> None:
    hosts = HostVars({"a": {}, "b": {"aws_assessor_role_arn": ""}, "c": {"aws_assessor_role_arn": "arn"}})
    variables = {"hostvars": hosts, "hardening_hosts": "web", "ansible_play_hosts_all": ["a"]}
    play = types.SimpleNamespace(hosts=template("{{ hardening_hosts | default('aws_accounts') }}"))
    for _task in range(2):
        message = problem(core, {"account_id": DEV}, _role=OUR_ROLE, variables=variables, get_play=lambda: play)
        assert "aws_assessor_role_arn is declared for c and missing for a." in message
    assert hosts.patterns == ["web"]
