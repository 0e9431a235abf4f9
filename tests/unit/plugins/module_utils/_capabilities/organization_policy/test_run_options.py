# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the module, before AWS is asked: what arrives, and what is refused."""

from __future__ import annotations

import json
import types
import typing as t
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy import run as module
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.declared import Target
from ansible_collections.hardening.iam.plugins.module_utils._converge.organization_changes import find_policy_key
from ansible_collections.hardening.iam.plugins.module_utils._module.options import StoreOptions
from ansible_collections.hardening.iam.plugins.module_utils._module.task import TaskError

from .lock_out.test_declared import GIVEN as LOCK_OUT
from .organizations import DENY, make_plan, tree

NOW: t.Final = datetime(2026, 3, 1, tzinfo=UTC)
ROLE: t.Final = "arn:aws:iam::111122223333:role/app"
EVIDENCE: t.Final = {"trail_days": 90, "event_history": True, "event_history_max_pages": 100}
POLICY: t.Final = {"name": "protect", "content": DENY, "targets": [{"ou": "/Work"}]}
STAGE: t.Final = {"name": "canary", "targets": [{"ou": "/Work", "tag": None}], "soak_hours": 1}
STAGED: t.Final = {"name": "protect", "content": DENY}


class Given:
    """What the module handed to its walk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, reports: str = "", **options: t.Any) -> None:
        self.warned: list[str] = []
        self.task: t.Any = types.SimpleNamespace(
            options={
                **LOCK_OUT,
                **EVIDENCE,
                "type": "SERVICE_CONTROL_POLICY",
                "state": "present",
                "policies": [POLICY],
                **options,
            },
            now=NOW,
            run=types.SimpleNamespace(id="run-9"),
            journal=StoreOptions("s3://journal/kept"),
            has_reports=bool(reports),
            reports=StoreOptions(reports),
            warn=self.warned.append,
        )
        monkeypatch.setattr(module, "OrganizationPolicy", lambda *given: given)
        monkeypatch.setattr(module, "converge", self._converge)
        self.result = module.run(self.task)

    def _converge(self, task: t.Any, make: t.Any, **named: t.Any) -> dict[str, t.Any]:
        assert task is self.task
        self.declared, self.inputs, self.connection = make("connection")
        self.named = named
        return {"converged": True}

    @property
    def part(self) -> str:
        return str(self.named["part"])


def refuse(monkeypatch: pytest.MonkeyPatch, words: str, **options: t.Any) -> None:
    with pytest.raises(TaskError, match=words):
        Given(monkeypatch, **options)


def test_every_option_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    given = Given(
        monkeypatch,
        reports="s3://reports/kept",
        trail_logs=["s3://trail/AWSLogs"],
        max_member_reads=7,
        thresholds={"unused_days": 30},
        allow_loosen=True,
    )
    inputs = given.inputs
    assert given.result == {"converged": True} and given.connection == "connection"
    assert inputs.run is given.task.run and inputs.journal is given.task.journal
    assert (given.declared.policies[0].name, given.declared.loosen) == ("protect", True)
    assert inputs.lock_out.max_member_reads == 7
    assert [place.location for place in inputs.evidence.trail_logs] == ["s3://trail/AWSLogs"]
    assert inputs.settings != Given(monkeypatch).inputs.settings
    assert [(place.bucket, place.is_written) for place in inputs.places] == [
        ("journal", True),
        ("reports", True),
        ("trail", False),
    ]
    assert inputs.rollout is None and inputs.stages == ()


def test_reports_that_are_not_kept_are_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [place.bucket for place in Given(monkeypatch).inputs.places] == ["journal"]


def test_a_rollout_arrives_with_the_targets_of_each_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    stages = [STAGE, {**STAGE, "name": "rest", "targets": [{"ou": "/Box"}, {"account": "dev"}]}]
    inputs = Given(monkeypatch, policies=[STAGED], rollout={"stages": stages}).inputs
    assert [(stage.name, stage.soak.total_seconds()) for stage in inputs.rollout.stages] == [
        ("canary", 3600),
        ("rest", 3600),
    ]
    assert inputs.stages == ((Target(ou="/Work"),), (Target(ou="/Box"), Target(account="dev")))


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (
            r"accept_breakage\[0\].*no ARN",
            {"accept_breakage": [{"principal": "app", "reason": "x", "expires": "2026-04-01"}]},
        ),
        ("automation_roles", {"automation_roles": ["automation"]}),
        ("way_back", {"way_back": "nobody"}),
        ("trail_days", {"trail_days": 0}),
        ("thresholds", {"thresholds": {"no_such_threshold": 1}}),
        ("declared twice", {"policies": [POLICY, POLICY]}),
        (r"policies\[1\]\.content", {"policies": [POLICY, {"name": "other", "content": None}]}),
        (r"rollout\.stages: it is empty", {"policies": [STAGED], "rollout": {"stages": []}}),
        (r"rollout\.stages\[1\]\.targets", {"policies": [STAGED], "rollout": {"stages": [STAGE, {"name": "rest"}]}}),
        (
            r"rollout\.stages\[0\]\.targets",
            {"policies": [STAGED], "rollout": {"stages": [{**STAGE, "targets": [{"ou": "/Work", "root": True}]}]}},
        ),
        ("allowed only with state=present", {"policies": [STAGED], "rollout": {"stages": [STAGE]}, "state": "absent"}),
        ("policies: protect has targets", {"policies": [STAGED, POLICY], "rollout": {"stages": [STAGE]}}),
    ],
)
def test_what_cannot_be_used_is_an_error_before_aws_is_asked(
    monkeypatch: pytest.MonkeyPatch, words: str, options: dict[str, t.Any]
) -> None:
    refuse(monkeypatch, words, **options)


def test_an_acceptance_that_names_one_principal_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    accepted = [{"principal": ROLE, "reason": "x", "expires": "2026-04-01"}]
    (kept,) = Given(monkeypatch, accept_breakage=accepted).inputs.evidence.acceptances
    assert kept.principal == ROLE
    # Whether it is over is judged by the clock of the task.
    account = [{"account": "111122223333", "reason": "x", "expires": "2026-04-01"}]
    (kept,) = Given(monkeypatch, accept_without_evidence=account).inputs.lock_out.accepted_accounts
    assert kept.principal == "111122223333"


def test_the_content_may_be_a_file_and_what_is_to_be_gone_needs_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "protect.json"
    file.write_text(json.dumps(DENY), encoding="utf-8")
    (read,) = Given(monkeypatch, policies=[{**POLICY, "content": str(file)}]).declared.policies
    (said,) = Given(monkeypatch).declared.policies
    assert read.content.sha256 == said.content.sha256
    gone = Given(monkeypatch, policies=[{"name": "protect"}], state="absent").declared
    assert not gone.present and [policy.content for policy in gone.policies] == [None]


def test_what_is_odd_about_a_content_is_a_warning_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = {**DENY, "Statement": [{**DENY["Statement"][0], "Action": ["s3:NoSuchAction"]}]}  # type: ignore[index,dict-item]
    given = Given(monkeypatch, policies=[POLICY, {"name": "odd", "content": odd}])
    assert given.warned and all(text.startswith("policies[1].content: odd: Statement") for text in given.warned)
    assert Given(monkeypatch).warned == []


def test_a_policy_that_is_made_is_marked_with_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    (key,) = Given(monkeypatch).declared.own_tags
    assert key == "iam-hardening:collection-version"


def test_several_declarations_of_one_run_are_parts_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def part(*names: str, kind: str = "SERVICE_CONTROL_POLICY") -> str:
        content = DENY if kind == "SERVICE_CONTROL_POLICY" else {"tags": {"team": {"tag_key": {"@@assign": "team"}}}}
        return Given(monkeypatch, policies=[{"name": name, "content": content} for name in names], type=kind).part

    one = Given(monkeypatch)
    assert one.named["module"] == "organization_policy" and one.part.startswith("organization_policy-")
    assert part("a", "b") == part("b", "a")
    assert len({one.part, part("a", "b"), part("ab"), part("a"), part("a", kind="TAG_POLICY")}) == 5


def test_paths_of_files_are_made_absolute_and_all_else_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    given = [{"name": "a", "content": "a.json"}, {"name": "b", "content": DENY}, {"name": "c"}, "content of later"]
    found = module.absolute_documents({"policies": given, "state": "present"})
    assert found == {"policies": [{"name": "a", "content": str(tmp_path / "a.json")}, *given[1:]]}
    assert module.absolute_documents({"policies": "{{ later }}"}) == {} and module.absolute_documents({}) == {}


def test_what_the_module_writes_can_be_taken_back_and_tried_before() -> None:
    registration = module.REGISTRATION
    reversal = registration.reversal
    assert reversal.operations.writes <= registration.operations.writes
    # Each change that has a way back is one that the module makes; a type stays enabled.
    writes = {f"{service}:{operation}" for service, operation in reversal.derivations}
    assert writes <= registration.operations.writes and f"{module.SERVICE}:{module.ENABLE}" not in writes
    # The preflight asks about an object of an organization, whose kind the action says.
    for action, arn in registration.samples.items():
        kind = "root" if action.endswith(module.ENABLE) else "policy"
        assert arn is not None and arn.startswith(f"arn:${{Partition}}:organizations::${{Account}}:{kind}/o-")
    assert registration.context[f"{module.SERVICE}:{module.ATTACH}"] == (("organizations:PolicyType", module.SCP),)


def test_the_walk_reads_back_guards_and_sends_as_a_rollback_does(monkeypatch: pytest.MonkeyPatch) -> None:
    reversal = module.REGISTRATION.reversal
    access: t.Any = types.SimpleNamespace(caller="caller", items=lambda *_given: [])
    policies = [POLICY, {**POLICY, "name": "other"}]
    _desired, plan = make_plan(tree(), Given(monkeypatch, policies=policies).declared)
    made, attached = (change for change in plan.changes if find_policy_key(change)[0] == "protect")
    other = next(change for change in plan.changes if change not in (made, attached))
    assert reversal.reread(access, NOW)(made) is None
    assert reversal.relies_on(attached, made) and not reversal.relies_on(attached, other)
    assert reversal.refuse(access, [], NOW) == {}
    sender = reversal.acting(access)(made)
    assert sender is not None and sender.caller == "caller"
