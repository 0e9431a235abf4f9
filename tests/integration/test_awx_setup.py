# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""awx_setup.yml, with the real modules, and awx_approver.yml, against a small API of a controller."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml

from .awx_modules import options_of, unpack
from .conftest import BIN, CHECKOUT
from .controller import Controller, Server

PLAYBOOK: t.Final = CHECKOUT / "playbooks" / "awx_setup.yml"
APPROVER: t.Final = CHECKOUT / "playbooks" / "awx_approver.yml"
TASKS: t.Final = CHECKOUT / "playbooks" / "tasks" / "awx_setup.yml"
SECRETS: t.Final = ("sesame-7f3d", "jwt-of-readers", "jwt-of-writers", "xoxb-slack", "jwt-of-responders")
COMMIT: t.Final = "0123456789abcdef0123456789abcdef01234567"
TYPES: t.Final = {"bool": bool, "dict": dict, "int": int, "list": list, "str": str}
REQUIRED: t.Final[dict[str, t.Any]] = {
    "awx_setup_image": "registry.example.com/iam-hardening-ee:1.0.0",
    "awx_setup_journal": "s3://acme-hardening/journal",
    "awx_setup_project_url": "https://git.example.com/security/iam-hardening.git",
    "awx_setup_project_version": COMMIT,
    "awx_setup_report_dir": "s3://acme-hardening/reports",
}
ALL: t.Final[dict[str, t.Any]] = {
    **REQUIRED,
    "awx_setup_approver_credential": "AWX reader",
    "awx_setup_external_id": SECRETS[0],
    "awx_setup_identities": {
        "read": {"role_arn": "arn:aws:iam::111122223333:role/awx-read", "token": SECRETS[1]},
        "write": {"role_arn": "arn:aws:iam::111122223333:role/awx-write", "token": SECRETS[2]},
        "contain": {"role_arn": "arn:aws:iam::111122223333:role/awx-contain", "token": SECRETS[4]},
    },
    "awx_setup_notifications": [
        {
            "name": "IAM webhook",
            "type": "webhook",
            "configuration": {"url": "https://hook.example.com/iam", "headers": {}},
            "on": ["error", "approvals"],
        },
        {
            "name": "IAM channel",
            "type": "slack",
            "configuration": {"token": SECRETS[3], "channels": ["#iam"]},
            "on": ["approvals"],
        },
    ],
    "awx_setup_pods": {
        "read": {"namespace": "awx", "service_account": "iam-read"},
        "write": {"namespace": "awx", "service_account": "iam-write"},
        "contain": {"namespace": "awx", "service_account": "iam-contain"},
    },
    "awx_setup_slices": 4,
    "awx_setup_url": "https://awx.example.com/",
}


@dataclasses.dataclass(frozen=True)
class Awx:
    """A controller, and runs of the playbook against it."""

    controller: Controller
    directory: Path

    def set_up(self, *arguments: str, **variables: t.Any) -> subprocess.CompletedProcess[str]:
        """Run awx_setup.yml with these variables."""
        self.controller.writes.clear()
        return self.run(PLAYBOOK, *arguments, **variables)

    def run(self, playbook: Path, *arguments: str, **variables: t.Any) -> subprocess.CompletedProcess[str]:
        """Run a playbook with these variables and a token for the API."""
        foreign = ("ANSIBLE_", "CONTROLLER_", "TOWER_")
        with Server(self.controller) as server:
            environment = {
                **{name: value for name, value in os.environ.items() if not name.startswith(foreign)},
                "ANSIBLE_COLLECTIONS_PATH": str(unpack()),
                "ANSIBLE_HOME": str(self.directory / "home"),
                "ANSIBLE_PIPELINING": "true",
                "CONTROLLER_HOST": server.url,
                "CONTROLLER_OAUTH_TOKEN": "token-of-an-administrator",
                "HOME": str(self.directory),
                "NO_COLOR": "1",
            }
            command = [str(BIN / "ansible-playbook"), "-i", "localhost,", str(playbook), "-e", json.dumps(variables)]
            return subprocess.run(
                [*command, *arguments],
                cwd=self.directory,
                env=environment,
                text=True,
                capture_output=True,
                check=False,
            )


def new_awx(directory: Path, **fields: t.Any) -> Awx:
    playbooks = {f"playbooks/{path.name}" for path in PLAYBOOK.parent.glob("*.yml")}
    return Awx(Controller(playbooks=playbooks, **fields), directory)


def recap(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    found = re.search(r"^localhost +: (.*)$", done.stdout, re.MULTILINE)
    assert found, done.stdout + done.stderr
    return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", found[1])}


@pytest.fixture(scope="module")
def awx(tmp_path_factory: pytest.TempPathFactory) -> Awx:
    """An AWX that was set up with everything."""
    made = new_awx(tmp_path_factory.mktemp("awx"))
    kind = made.controller.named("credential_types", "Red Hat Ansible Automation Platform")["id"]
    made.controller.add("credentials", {"name": "AWX reader", "credential_type": kind})
    done = made.set_up("-v", **ALL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not [secret for secret in SECRETS if secret in done.stdout + done.stderr]
    return made


def test_every_option_is_one_of_the_module() -> None:
    unpack()
    tasks = [task for task in yaml.safe_load(TASKS.read_text(encoding="utf-8")) if "action" in task]
    modules = [task["action"].rpartition(".")[2] for task in tasks]
    assert len(set(modules)) == len(modules) - 1 == 15
    for task, module in zip(tasks, modules, strict=True):
        options = options_of(module)
        assert set(task["args"]) <= set(options), task["name"]
        assert {name for name, option in options.items() if option.get("required")} <= set(task["args"]), task["name"]
        for name, value in task["args"].items():
            if not (isinstance(value, str) and "{{" in value):
                assert isinstance(value, TYPES[options[name].get("type", "str")]), (task["name"], name)
                assert value in options[name].get("choices", [value]), (task["name"], name)


def find_purpose(name: str) -> str:
    """Find the principal that a template's jobs run as, by the name of the template."""
    if name.startswith(("IAM contain", "IAM drill", "IAM release")):
        return "contain"
    return "write" if name.endswith(" apply") else "read"


def test_jobs_that_read_that_write_and_that_contain_are_different_principals(awx: Awx) -> None:
    controller = awx.controller
    for template in controller.all("job_templates"):
        if template["name"] == "IAM approver":
            assert controller.names_in("job_templates", template["id"], "credentials") == ["AWX reader"]
            continue
        purpose = find_purpose(template["name"])
        names = {
            name: controller.names_in("job_templates", template["id"], name)
            for name in ("credentials", "instance_groups")
        }
        assert names == {
            "credentials": ["IAM hardening external id", f"IAM hardening {purpose}"],
            "instance_groups": [f"IAM hardening {purpose}"],
        }
        assert template["prevent_instance_group_fallback"] is True
        assert template["ask_variables_on_launch"] is (template["name"] == "IAM event plan")
    for group in controller.all("instance_groups"):
        spec = yaml.safe_load(group["pod_spec_override"])["spec"]
        assert spec["serviceAccountName"] == f"iam-{group['name'].split()[-1]}"
        assert [container["image"] for container in spec["containers"]] == [ALL["awx_setup_image"]]


def test_secrets_arrive_and_are_never_shown(awx: Awx) -> None:
    sent = {value for values in awx.controller.secrets.values() for value in values.values()}
    assert sent == set(SECRETS)
    assert not [secret for secret in SECRETS if secret in json.dumps(awx.controller.all("credentials"))]


def test_what_each_job_is_given(awx: Awx) -> None:
    variables = {item["name"]: json.loads(item["extra_vars"]) for item in awx.controller.all("job_templates")}
    place = "s3://acme-hardening/reports"
    assert {given["hardening_journal"] for given in variables.values()} == {"s3://acme-hardening/journal"}
    elsewhere = {name for name, given in variables.items() if given["hardening_report_dir"] != place}
    assert elsewhere == {"IAM organization verify", "IAM organization report"}
    assert {variables[name]["hardening_report_dir"] for name in elsewhere} == {f"{place}/organization"}
    # Ansible fills these in when the job runs, not when AWX is set up.
    assert {given["hardening_job_url"].partition("/#/")[2] for given in variables.values()} == {
        "jobs/playbook/{{ awx_job_id }}"
    }
    assert all("{{ awx_job_id }}" in given["aws_source_identity"] for given in variables.values())
    incident = {name for name, given in variables.items() if given["aws_source_identity"].startswith("incident-")}
    assert incident == {name for name in variables if find_purpose(name) == "contain"}
    approved = {name for name, given in variables.items() if "hardening_plan_sha256" in str(given)}
    applying = {"IAM apply", "IAM rollback apply", "IAM organization apply", "IAM rotation apply", "IAM move apply"}
    assert approved == applying
    # False would win over an inventory that asks for a ticket.
    assert not [name for name, given in variables.items() if "hardening_require_change_ticket" in given]
    # Four slices, so the report of all is the next job's.
    assert variables["IAM plan"]["hardening_fleet_report"] is False
    assert awx.controller.named("job_templates", "IAM plan")["job_slice_count"] == 4
    assert awx.controller.named("job_templates", "IAM apply")["job_slice_count"] == 1


def test_the_workflow_of_a_change(awx: Awx) -> None:
    controller = awx.controller
    workflow = controller.named("workflow_job_templates", "IAM change")
    nodes = [
        node
        for node in controller.all("workflow_job_template_nodes")
        if node["workflow_job_template"] == workflow["id"]
    ]
    named = {node["id"]: node["identifier"] for node in nodes}
    links = {
        (node["identifier"], kind, named[target])
        for node in nodes
        for kind in ("success", "always", "failure")
        for target in node[f"{kind}_nodes"]
    }
    assert links == {
        ("plan", "success", "report of the plan"),
        ("report of the plan", "success", "approval"),
        ("approval", "success", "approver"),
        ("approver", "success", "apply"),
        ("apply", "always", "assess"),
        ("assess", "always", "report of the changes"),
    }
    (approval,) = [node for node in nodes if node["identifier"] == "approval"]
    assert (
        controller.get(["workflow_approval_templates", str(approval["unified_job_template"])], {})["timeout"]
        == 20 * 3600
    )
    notified = {
        kind: controller.names_in("workflow_job_templates", workflow["id"], f"notification_templates_{kind}")
        for kind in ("error", "approvals", "success")
    }
    assert notified == {"error": ["IAM webhook"], "approvals": ["IAM webhook", "IAM channel"], "success": []}


def list_answers(awx: Awx, template: dict[str, t.Any]) -> set[str]:
    """List the variables that a survey asks for."""
    return {one["variable"] for one in awx.controller.surveys.get(template["id"], {}).get("spec", ())}


def test_the_templates_of_an_incident(awx: Awx) -> None:
    """A containment sees all accounts at once, in one job. Nobody is the second person by what the first one types."""
    templates = {item["name"]: item for item in awx.controller.all("job_templates")}
    for name in ("IAM contain plan", "IAM contain", "IAM contain confirm", "IAM drill plan", "IAM drill"):
        found = templates[name]
        assert (found["forks"], found["job_slice_count"], found["allow_simultaneous"]) == (50, 1, False)
        assert found["ask_limit_on_launch"] is False
    types = {name: templates[name]["job_type"] for name in templates if find_purpose(name) == "contain"}
    assert {name for name, job_type in types.items() if job_type == "check"} == {
        *("IAM contain plan", "IAM drill plan", "IAM release plan"),
    }
    asked = {name: list_answers(awx, item) for name, item in templates.items()}
    assert not [name for name, variables in asked.items() if "compromise_response_confirmed_by" in variables]
    confirmed = {name for name, variables in asked.items() if "compromise_response_confirm" in variables}
    assert confirmed == {"IAM contain", "IAM contain confirm", "IAM release"}
    seconds = {name for name, item in templates.items() if "compromise_response_confirmed_by" in item["extra_vars"]}
    assert seconds == {"IAM contain confirm"}
    assert not {item["unified_job_template"] for item in awx.controller.all("schedules")} & {
        item["id"] for item in templates.values()
    }


def test_every_answer_of_a_survey_is_a_variable(awx: Awx) -> None:
    known = yaml.safe_load((PLAYBOOK.parent / "vars" / "known_variables.yml").read_text(encoding="utf-8"))
    names = {name for names in known.values() for name in names}
    for kind in ("job_templates", "workflow_job_templates"):
        for item in awx.controller.all(kind):
            assert list_answers(awx, item) <= names, item["name"]


def test_the_rights_of_the_teams(awx: Awx) -> None:
    controller = awx.controller
    teams = {team["id"]: team["name"] for team in controller.all("teams")}
    rights = {}
    for kind in ("job_templates", "workflow_job_templates"):
        for item in controller.all(kind):
            for role, details in item["summary_fields"]["object_roles"].items():
                holders = controller.lists.get(("roles", details["id"], "teams"), [])
                rights[item["name"], role] = {teams[team] for team in holders}
    assert rights["IAM assess", "execute_role"] == {"IAM auditors", "IAM operators"}
    assert rights["IAM plan", "execute_role"] == rights["IAM change", "execute_role"] == {"IAM operators"}
    assert rights["IAM change", "approval_role"] == rights["IAM rotation", "approval_role"] == {"IAM approvers"}
    for name in (item["name"] for item in controller.all("job_templates") if find_purpose(item["name"]) == "contain"):
        assert rights[name, "execute_role"] == {"IAM responders"}
    for name in ("IAM apply", "IAM rollback apply", "IAM organization apply", "IAM rotation apply", "IAM move apply"):
        assert rights[name, "execute_role"] == rights[name, "admin_role"] == set()


def test_a_second_run_changes_nothing_but_what_has_a_secret(awx: Awx) -> None:
    """AWX does not return the token of the channel, and the module cannot be asked to leave it."""
    done = awx.set_up(**ALL)
    assert done.returncode == 0, done.stdout + done.stderr
    channel = awx.controller.named("notification_templates", "IAM channel")["id"]
    webhook = awx.controller.named("notification_templates", "IAM webhook")["id"]
    # The webhook is sent too, since AWX adds defaults to it; it is not reported as changed.
    assert {path for _method, path, _body in awx.controller.writes} <= {
        f"notification_templates/{channel}",
        f"notification_templates/{webhook}",
    }
    assert recap(done)["changed"] == 1
    assert len(re.findall(r"^changed: ", done.stdout, re.MULTILINE)) == 1


def test_what_people_changed_by_hand(tmp_path: Path) -> None:
    """A path past the approval is refused and named, and removed on request. A prompt for variables is taken back."""
    awx = new_awx(tmp_path)
    assert awx.set_up(**REQUIRED).returncode == 0
    controller = awx.controller
    nodes = {
        node["identifier"]: node
        for node in controller.all("workflow_job_template_nodes")
        if node["summary_fields"]["workflow_job_template"]["name"] == "IAM change"
    }
    controller.post(
        ["workflow_job_template_nodes", str(nodes["plan"]["id"]), "success_nodes"], {"id": nodes["apply"]["id"]}
    )
    apply = controller.named("job_templates", "IAM apply")
    controller.objects["job_templates"][apply["id"]]["ask_variables_on_launch"] = True
    extra = {
        "identifier": "backdoor",
        "workflow_job_template": nodes["plan"]["workflow_job_template"],
        "unified_job_template": apply["id"],
    }
    controller.post(["workflow_job_template_nodes"], extra)

    done = awx.set_up("--start-at-task", "Make the job templates", **REQUIRED)
    assert done.returncode == 2
    assert (
        "The workflow IAM change has a node or a link that was changed by hand: backdoor." in done.stdout + done.stderr
    )
    assert controller.named("job_templates", "IAM apply")["ask_variables_on_launch"] is False

    done = awx.set_up("--start-at-task", "Make the workflows", **REQUIRED, awx_setup_rebuild_workflows=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "backdoor" not in [node["identifier"] for node in controller.all("workflow_job_template_nodes")]


def test_the_certified_collection(tmp_path: Path) -> None:
    awx = new_awx(tmp_path, prefix="/api/controller/v2/")
    done = awx.set_up(**REQUIRED, awx_collection="ansible.controller")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(awx.controller.all("workflow_job_templates")) == 6
    # Without an identity of its own nothing contains: its jobs would run as the principal of schedules.
    assert not [item for item in awx.controller.all("job_templates") if find_purpose(item["name"]) == "contain"]
    assert "IAM responders" not in {team["name"] for team in awx.controller.all("teams")}
    assert awx.controller.tokens == {"Bearer token-of-an-administrator"}


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"awx_setup_project_versoin": "1.0.0"}, "Unknown variable of awx_setup.yml: awx_setup_project_versoin."),
        ({"awx_setup_image": None}, "Not set: awx_setup_image."),
        ({"awx_setup_journal": "./journal"}, "awx_setup_journal is ./journal, which vanishes with the container"),
        ({"awx_setup_project_version": "main"}, "awx_setup_project_version is main, which looks like a branch"),
        ({"awx_setup_approval_hours": "two"}, "awx_setup_approval_hours is two. To AWX, 0 is no end at all"),
        ({"awx_setup_approval_hours": 25}, "awx_setup_approval_hours is 25."),
        (
            {"awx_collection": "community.awx"},
            "awx_collection is community.awx. Set it to awx.awx or ansible.controller.",
        ),
    ],
    ids=["misspelt", "missing", "local journal", "branch", "hours are a word", "too many hours", "collection"],
)
def test_wrong_input(tmp_path: Path, variables: dict[str, t.Any], message: str) -> None:
    awx = new_awx(tmp_path)
    given = {name: value for name, value in {**REQUIRED, **variables}.items() if value is not None}
    done = awx.set_up(**given)
    assert done.returncode == 2
    assert message in re.sub(r"\s+", " ", done.stdout + done.stderr)
    assert awx.controller.writes == []


def find_approver(directory: Path, approval: dict[str, t.Any], **variables: t.Any) -> subprocess.CompletedProcess[str]:
    """Run awx_approver.yml as a job of workflow job 41, whose approval has the number 7."""
    awx = new_awx(directory)
    awx.controller.jobs["workflow_jobs/41/workflow_nodes"] = {"results": [{"identifier": "approval", "job": 7}]}
    awx.controller.jobs["workflow_approvals/7"] = {"id": 7, "status": "successful", **approval}
    schedule = variables.pop("schedule", None)
    awx.controller.jobs["workflow_jobs/41"] = {"id": 41, "summary_fields": {"schedule": {"id": 9}} if schedule else {}}
    awx.controller.jobs["schedules/9"] = {"id": 9, "summary_fields": schedule}
    # AWX names no user in the jobs of a schedule.
    starter = {} if schedule else {"awx_user_name": "alice"}
    return awx.run(APPROVER, "-v", awx_workflow_job_id=41, **starter, **variables)


def by(user: str) -> dict[str, t.Any]:
    return {"summary_fields": {"approved_or_denied_by": {"id": 3, "username": user}}}


def test_the_approver_is_handed_on(tmp_path: Path) -> None:
    done = find_approver(tmp_path, by("bob"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"hardening_approver": "bob"' in done.stdout
    assert "token-of-an-administrator" not in done.stdout + done.stderr


@pytest.mark.parametrize("role", ["created_by", "modified_by"])
def test_an_approver_of_their_own_schedule(tmp_path: Path, role: str) -> None:
    """Everybody who may start a workflow may make a schedule for it, whose jobs have no user."""
    people = {"created_by": {"username": "carol"}, "modified_by": {"username": "carol"}, role: {"username": "Bob"}}
    done = find_approver(tmp_path, by("bob"), schedule=people)
    assert done.returncode == 2, done.stdout
    assert "is successful by bob, and" in re.sub(r"\s+", " ", done.stdout + done.stderr)
    assert "hardening_approver" not in done.stdout


def test_an_approver_of_the_schedule_of_somebody_else(tmp_path: Path) -> None:
    done = find_approver(tmp_path, by("bob"), schedule={"created_by": {"username": "carol"}, "modified_by": None})
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"hardening_approver": "bob"' in done.stdout


@pytest.mark.parametrize(
    ("approval", "reason"),
    [
        (by("Alice"), "is successful by Alice, and alice started the workflow."),
        ({"summary_fields": {}}, "is successful by nobody, and alice started"),
        ({**by("bob"), "status": "pending"}, "is pending by bob"),
    ],
    ids=["oneself", "nobody", "not yet"],
)
def test_an_approval_that_does_not_count(tmp_path: Path, approval: dict[str, t.Any], reason: str) -> None:
    done = find_approver(tmp_path, approval)
    assert done.returncode == 2
    assert reason in re.sub(r"\s+", " ", done.stdout + done.stderr)
    assert "hardening_approver" not in done.stdout
