# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What awx_setup.yml declares fits together, and nobody writes without an approval of exactly that."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import jinja2.nativetypes
import pytest
import yaml

CHECKOUT: t.Final = Path(__file__).resolve().parents[2]
PLAYBOOK: t.Final = CHECKOUT / "playbooks" / "awx_setup.yml"
TASKS: t.Final = CHECKOUT / "playbooks" / "tasks" / "awx_setup.yml"
VARIABLES: t.Final = CHECKOUT / "playbooks" / "vars" / "awx_setup.yml"
INCIDENTS: t.Final = CHECKOUT / "playbooks" / "vars" / "awx_incidents.yml"
PAGE: t.Final = CHECKOUT / "docs" / "awx.md"
HASH: t.Final = "hardening_plan_sha256"
# Undefined or empty, it would count as no approval, and the job would not need one.
APPROVED: t.Final = f"{{{{ {HASH} | default('no hash was handed on', true) }}}}"


class _Loader(yaml.SafeLoader):
    """YAML with Ansible's !unsafe, which keeps text from being templated too early."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def load(path: Path) -> t.Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)


def resolve(value: t.Any, data: dict[str, t.Any]) -> t.Any:
    """A value in which the variables of the two files are replaced by what they are."""
    if isinstance(value, dict):
        return {name: resolve(item, data) for name, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, data) for item in value]
    if not isinstance(value, str) or "awx_setup_" not in value:
        return value
    environment = jinja2.nativetypes.NativeEnvironment()
    environment.filters["combine"] = lambda one, other: {**one, **other}
    known = {f"__awx_setup_{name}": item for name, item in data.items()}
    return resolve(environment.from_string(value).render(known), data)


def add_incidents(data: dict[str, t.Any]) -> None:
    """Add what is made where jobs of an incident have an identity."""
    declared = load(INCIDENTS)
    data |= {name.removeprefix("__awx_setup_"): value for name, value in declared.items()}
    data["teams"] = [*data["standing_teams"], resolve(data["responder_team"], data)]
    execute, read = data["responder_rights"]
    data["rights"] = [*data["standing_rights"], resolve(execute, data), {**read, "team": "IAM responders"}]
    for template in (*data["templates"], *data["containment_templates"]):
        for part in ("variables", "survey"):
            if part in template and (template.get("purpose") or isinstance(template[part], str)):
                template[part] = resolve(template[part], data)
    data["templates"] += data["containment_templates"]


@pytest.fixture(scope="module", params=[False, True], ids=["no approver", "approver"])
def data(request: pytest.FixtureRequest) -> dict[str, t.Any]:
    """What is declared, without and with a job that finds the approver."""
    found = {name.removeprefix("__awx_setup_"): value for name, value in load(VARIABLES).items()}
    add_incidents(found)
    for workflow in found["workflows"]:
        for node in workflow["nodes"]:
            if node["identifier"] == "approval":
                assert node["related"] == "{{ __awx_setup_after_approval }}"
                node["related"] = {"success_nodes": [{"identifier": "approver" if request.param else "apply"}]}
        if request.param and "approval" in workflow:
            workflow["nodes"].append(found["approver_node"])
    if request.param:
        found["templates"].append(found["approver_template"])
    return found


@pytest.fixture(scope="module")
def templates(data: dict[str, t.Any]) -> dict[str, dict[str, t.Any]]:
    return {template["name"]: template for template in data["templates"]}


def surveys(data: dict[str, t.Any]) -> dict[str, list[dict[str, t.Any]]]:
    """The questions of every template and workflow that has a survey."""

    def question(item: t.Any) -> dict[str, t.Any]:
        if isinstance(item, str):
            return t.cast(dict[str, t.Any], data[item.strip("{} ").removeprefix("__awx_setup_")])
        return t.cast(dict[str, t.Any], item)

    owners = [owner for owner in (*data["templates"], *data["workflows"]) if "survey" in owner]
    return {owner["name"]: [question(item) for item in owner["survey"]["spec"]] for owner in owners}


def node_names(node: dict[str, t.Any], link: str) -> list[str]:
    return [target["identifier"] for target in node.get("related", {}).get(f"{link}_nodes", [])]


def test_templates_run_playbooks_that_there_are(data: dict[str, t.Any]) -> None:
    for template in data["templates"]:
        assert (CHECKOUT / "playbooks" / f"{template['playbook']}.yml").is_file(), template["name"]


def test_workflows_and_schedules_start_what_is_declared(data: dict[str, t.Any]) -> None:
    names = {template["name"] for template in data["templates"]}
    for workflow in data["workflows"]:
        identifiers = {node["identifier"] for node in workflow["nodes"]}
        for node in workflow["nodes"]:
            assert node["identifier"] == "approval" or node["unified_job_template"]["name"] in names
            assert {*node_names(node, "success"), *node_names(node, "always")} <= identifiers
        assert ("approval" in identifiers) == ("approval" in workflow)
    workflows = {workflow["name"] for workflow in data["workflows"]}
    assert {schedule["template"] for schedule in data["schedules"]} <= workflows


def test_only_what_is_called_apply_can_write(templates: dict[str, dict[str, t.Any]]) -> None:
    """A report only puts together what other jobs have written, and the playbook of assessments only reads."""
    runs = {name for name, template in templates.items() if template["job_type"] != "check"}
    reads = {name for name in runs if templates[name]["playbook"] in ("fleet_report", "assess", "awx_approver")}
    writes = {name for name, template in templates.items() if template.get("writes")}
    assert writes == runs - reads - find_containing(templates)
    assert writes == {
        *("IAM apply", "IAM rollback apply", "IAM organization apply", "IAM rotation apply"),
        "IAM move apply",
    }
    assert {templates[name]["variables"]["hardening_approved_plan"] for name in writes} == {APPROVED}


def find_containing(templates: dict[str, dict[str, t.Any]]) -> set[str]:
    """Find the templates that run as the principal of an incident. They wait for no approval."""
    return {name for name, template in templates.items() if template.get("purpose") == "contain"}


def test_nothing_is_applied_but_after_its_approval(
    data: dict[str, t.Any], templates: dict[str, dict[str, t.Any]]
) -> None:
    """The job before the approval makes the hash of all accounts, and the job that applies comes only by success."""
    seen = set()
    for workflow in data["workflows"]:
        nodes = {node["identifier"]: node for node in workflow["nodes"]}
        for name, node in nodes.items():
            template = templates.get(node["unified_job_template"]["name"], {})
            if template.get("writes"):
                seen.add(template["name"])
                before = [other for other in nodes if name in node_names(nodes[other], "success")]
                assert before == (["approver"] if "approver" in nodes else ["approval"])
                if "approver" in nodes:
                    assert [other for other in nodes if "approver" in node_names(nodes[other], "success")] == [
                        "approval"
                    ]
                assert not [other for other in nodes if {name, "approver"} & {*node_names(nodes[other], "always")}]
                (report,) = [other for other in nodes if "approval" in node_names(nodes[other], "success")]
                assert not [other for other in nodes if "approval" in node_names(nodes[other], "always")]
                assert templates[nodes[report]["unified_job_template"]["name"]]["playbook"] == "fleet_report"
                (plan,) = [other for other in nodes if report in node_names(nodes[other], "success")]
                check = templates[nodes[plan]["unified_job_template"]["name"]]
                assert (check["playbook"], check["job_type"]) == (template["playbook"], "check")
    assert seen == {template["name"] for template in templates.values() if template.get("writes")}


def test_no_schedule_starts_a_job_that_writes(data: dict[str, t.Any], templates: dict[str, dict[str, t.Any]]) -> None:
    assert not {schedule["template"] for schedule in data["schedules"]} & set(templates)


def test_no_survey_asks_for_what_an_approval_binds(data: dict[str, t.Any]) -> None:
    """The answers of a workflow's survey win over what the jobs hand on, in every job."""
    bound = {HASH, "hardening_approved_plan", "hardening_run_id", "hardening_approver", "hardening_author"}
    bound |= {"compromise_response_confirmed_by", "hardening_incident"}
    bound |= {"hardening_journal", "hardening_report_dir", "aws_account_id", "aws_assume_role_arn"}
    asked = {question["variable"] for questions in surveys(data).values() for question in questions}
    assert asked and not asked & bound


def test_surveys_take_texts_and_no_secrets(data: dict[str, t.Any]) -> None:
    for questions in surveys(data).values():
        for question in questions:
            assert question["type"] in ("text", "textarea", "multiplechoice")
            assert isinstance(question["default"], str)
            assert all(isinstance(choice, str) for choice in question.get("choices", ""))
            if question["type"] != "multiplechoice":
                assert question["max"] <= {"text": 1024, "textarea": 4096}[question["type"]]


def test_the_second_person_names_the_first(data: dict[str, t.Any]) -> None:
    """Who declared an incident is else the user of the job, which would be the second person in both parts."""
    asked = {name: {one["variable"]: one for one in questions} for name, questions in surveys(data).items()}
    required = {
        name: of["compromise_response_declared_by"]["required"] for name, of in asked.items() if "contain" in name
    }
    assert required == {"IAM contain plan": False, "IAM contain": False, "IAM contain confirm": True}
    assert "compromise_response_declared_by" in asked["IAM release"]


def test_the_accounts_are_chosen_from_a_list(data: dict[str, t.Any]) -> None:
    """A pattern as text could name any host, localhost among them."""
    questions = [item for questions in surveys(data).values() for item in questions]
    assert {item["type"] for item in questions if item["variable"] == "hardening_hosts"} == {"multiplechoice"}


def test_a_launch_chooses_accounts_and_tags_alone() -> None:
    for name in ("Make the job templates", "Make the workflows"):
        (task,) = [task for task in load(TASKS) if task["name"] == name]
        asks = {option for option, value in task["args"].items() if option.startswith("ask_") and value is not False}
        assert asks - {"ask_variables_on_launch"} == {"ask_limit_on_launch", "ask_tags_on_launch"}


def test_no_launch_gives_variables_but_to_a_job_that_can_not_write(templates: dict[str, dict[str, t.Any]]) -> None:
    """The rulebook hands a batch of events over. What else somebody gives there, the type check holds."""
    tasks = {task["name"]: task["args"] for task in load(TASKS) if task["name"].startswith("Make the ")}
    jobs, workflows = tasks["Make the job templates"], tasks["Make the workflows"]
    assert jobs["ask_variables_on_launch"] == "{{ item.takes_events | default(false) }}"
    assert (jobs["ask_job_type_on_launch"], workflows["ask_variables_on_launch"]) == (False, False)
    taking = {name: template for name, template in templates.items() if template.get("takes_events")}
    assert list(taking) == ["IAM event plan"]
    [template] = taking.values()
    assert (template["playbook"], template["job_type"]) == ("plan_for_event", "check")
    assert "purpose" not in template and "writes" not in template


def test_the_person_of_a_drill_is_the_user_of_the_job(data: dict[str, t.Any]) -> None:
    """Nobody can drill in the name of somebody else, and no schedule drills."""
    asked = {name: {one["variable"] for one in questions} for name, questions in surveys(data).items()}
    assert not [name for name, variables in asked.items() if "containment_drill_person" in variables]
    assert asked["IAM drill"] == asked["IAM drill plan"] == {"containment_drill_account", "containment_drill_break"}
    [play, *_rest] = [one for one in load(CHECKOUT / "playbooks" / "drill.yml") if "vars" in one]
    for job, typed, expected in (
        ({}, "Ana", "Ana"),
        ({"awx_job_id": 7, "awx_user_name": "bea"}, "Ana", "bea"),
        ({"tower_job_id": 7, "tower_user_name": "bea"}, "Ana", "bea"),
        ({"awx_job_id": 7}, "Ana", ""),
        ({"awx_job_id": 7, "awx_user_name": None}, "Ana", ""),
    ):
        template = jinja2.nativetypes.NativeEnvironment().from_string(play["vars"]["__drill_person"])
        assert (template.render(**job, containment_drill_person=typed) or "") == expected, job


def test_no_limit_skips_the_job_that_finds_the_approver() -> None:
    """A limit leaves localhost out of its play, and the job would succeed without having looked."""
    (task,) = [task for task in load(TASKS) if task["name"] == "Make the job templates"]
    (play,) = load(CHECKOUT / "playbooks" / "awx_approver.yml")
    assert play["hosts"] == "localhost"
    assert (
        task["args"]["ask_limit_on_launch"] == "{{ item.playbook != 'awx_approver' and item.limits | default(true) }}"
    )


def test_who_starts_does_not_approve(data: dict[str, t.Any], templates: dict[str, dict[str, t.Any]]) -> None:
    rights = data["rights"]
    assert {right["role"] for right in rights} == {"execute", "approval", "read"}
    starters = {right["team"] for right in rights if right["role"] == "execute"}
    approvers = {right["team"] for right in rights if right["role"] == "approval"}
    assert approvers == {"IAM approvers"} and not starters & approvers
    assert starters | approvers == {team["name"] for team in data["teams"]}
    started = {name for right in rights if right["role"] == "execute" for name in right["job_templates"]}
    containing = find_containing(templates)
    assert {name for name in started if templates[name]["job_type"] != "check"} == {
        name for name in containing if templates[name]["job_type"] != "check"
    }
    others = {name for right in rights if right["team"] != "IAM responders" for name in right["job_templates"]}
    assert not {name for name in others if name in containing}
    (auditors,) = [right for right in rights if (right["team"], right["role"]) == ("IAM auditors", "execute")]
    assert {templates[name]["playbook"] for name in auditors["job_templates"]} == {"assess", "preflight"}


def test_every_approval_has_approvers(data: dict[str, t.Any]) -> None:
    (approvers,) = [right for right in data["rights"] if right["role"] == "approval"]
    waiting = [workflow["name"] for workflow in data["workflows"] if "approval" in workflow]
    assert sorted(approvers["workflows"]) == sorted(waiting)


def test_every_variable_means_something(data: dict[str, t.Any]) -> None:
    sources = [
        path for pattern in ("roles/*/*/*.yml", "playbooks/*.yml", "plugins/*/*.py") for path in CHECKOUT.glob(pattern)
    ]
    text = " ".join(path.read_text(encoding="utf-8") for path in sources if path != PLAYBOOK)
    own = "hardening|aws|compromise_response|containment_drill|credential_hunt|access_key_rotation|key_migration"
    read = set(re.findall(rf"\b(?:{own})_\w+", text))
    variables = {question["variable"] for questions in surveys(data).values() for question in questions}
    variables |= {name for template in data["templates"] for name in template.get("variables", {})}
    variables |= {*data["job_variables"], *data["job_url"]}
    # These have other prefixes.
    variables -= {"assessment_scope", "awx_approver_api"}
    for kind in data["credential_types"]:
        variables |= set(kind["injectors"].get("extra_vars", {}))
    assert variables - read == set()


def test_credential_types_inject_their_fields(data: dict[str, t.Any]) -> None:
    for kind in data["credential_types"]:
        fields = {field["id"] for field in kind["inputs"]["fields"]}
        used = re.findall(r"{{ (?:tower\.filename\.)?(\w+) }}", str(kind["injectors"]))
        assert set(used) == fields == set(kind["inputs"]["required"])
    token = data["credential_types"][1]["injectors"]
    assert set(token["env"]) == {"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_SESSION_NAME"}


def test_no_task_prints_a_secret() -> None:
    """Credentials and the configuration of notifications; and no secret has a default."""
    hidden = {task["name"] for task in load(TASKS) if task.get("no_log")}
    secret = re.compile(r"external_id \}\}|\.token|notification_configuration")
    assert hidden == {task["name"] for task in load(TASKS) if secret.search(str(task.get("args", "")))}
    assert len(hidden) == 3
    text = VARIABLES.read_text(encoding="utf-8") + TASKS.read_text(encoding="utf-8")
    assert not re.search(r"(token|external_id) \| default\(", text)


def test_the_settings_are_declared_and_documented(data: dict[str, t.Any]) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (PLAYBOOK, TASKS, VARIABLES, INCIDENTS))
    used = set(re.findall(r"(?<!_)\bawx_setup_(?!yml\b)\w+", text))
    assert used == set(data["variables"])
    assert data["variables"] == sorted(data["variables"]) and set(data["required"]) <= used
    rows = re.findall(r"^\| `(awx_setup_\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(rows) == data["variables"]
