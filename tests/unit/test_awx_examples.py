# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data of examples/awx fits together, and sets variables that mean something."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml

CHECKOUT: t.Final = Path(__file__).resolve().parents[2]
FILES: t.Final = ("access.yml", "job_templates.yml", "project.yml", "workflows.yml")
# What AWX has by itself.
BUILT_IN_CREDENTIAL_TYPES: t.Final = {"Amazon Web Services"}


class _Loader(yaml.SafeLoader):
    """YAML with Ansible's !unsafe, which keeps text from being templated too early."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


@pytest.fixture(scope="module")
def data() -> dict[str, t.Any]:
    documents = [(CHECKOUT / "examples" / "awx" / name).read_text(encoding="utf-8") for name in FILES]
    loaded = [yaml.load(document, Loader=_Loader) for document in documents]
    return {key: value for document in loaded for key, value in document.items()}


def names(objects: t.Iterable[t.Mapping[str, t.Any]]) -> set[str]:
    return {str(entry["name"]) for entry in objects}


def test_job_templates_use_what_is_there(data: dict[str, t.Any]) -> None:
    for template in data["controller_templates"]:
        assert (CHECKOUT / template["playbook"]).is_file(), template["name"]
        assert template["project"] in names(data["controller_projects"])
        assert template["inventory"] in names(data["controller_inventories"])
        assert template["execution_environment"] in names(data["controller_execution_environments"])
        assert set(template["instance_groups"]) <= names(data["controller_instance_groups"])
        assert set(template["credentials"]) <= names(data["controller_credentials"])


def test_workflows_and_schedules_start_what_is_there(data: dict[str, t.Any]) -> None:
    templates = names(data["controller_templates"])
    for workflow in data["controller_workflows"]:
        nodes = workflow["simplified_workflow_nodes"]
        identifiers = {node["identifier"] for node in nodes}
        for node in nodes:
            assert "approval_node" in node or node["unified_job_template"] in templates
            assert {*node.get("success_nodes", []), *node.get("always_nodes", [])} <= identifiers
    startable = templates | names(data["controller_workflows"])
    assert {schedule["unified_job_template"] for schedule in data["controller_schedules"]} <= startable


def test_nothing_is_enforced_without_an_approval_before_it(data: dict[str, t.Any]) -> None:
    enforcing = {
        template["name"]
        for template in data["controller_templates"]
        if template["job_type"] == "run" and template["playbook"] == "playbooks/harden.yml"
    }
    assert enforcing == {"IAM enforce"}
    assert not enforcing & {schedule["unified_job_template"] for schedule in data["controller_schedules"]}
    for workflow in data["controller_workflows"]:
        nodes = workflow["simplified_workflow_nodes"]
        approved = {name for node in nodes if "approval_node" in node for name in node.get("success_nodes", [])}
        assert {node["identifier"] for node in nodes if node.get("unified_job_template") in enforcing} <= approved


def test_what_is_approved_is_the_hash_that_the_job_before_hands_on(data: dict[str, t.Any]) -> None:
    templates = {template["name"]: template for template in data["controller_templates"]}
    approved = templates["IAM enforce"]["extra_vars"]["hardening_approved_plan"]
    assert approved == "{{ hardening_plan_sha256 }}"
    for workflow in data["controller_workflows"]:
        nodes = workflow["simplified_workflow_nodes"]
        approvals = [node for node in nodes if "approval_node" in node]
        for approval in approvals:
            (before,) = [node for node in nodes if approval["identifier"] in node.get("success_nodes", [])]
            # A slice knows its own accounts alone, so the hash is made by the job that reports on all of them.
            template = templates[before["unified_job_template"]]
            assert template.get("job_slice_count", 1) == 1
            assert template.get("extra_vars", {}).get("hardening_fleet_report", True) is True
            assert "hash of the run" in approval["approval_node"]["description"]


def test_every_variable_means_something(data: dict[str, t.Any]) -> None:
    sources = [path for pattern in ("roles/*/*/*.yml", "playbooks/*.yml") for path in CHECKOUT.glob(pattern)]
    read = set(re.findall(r"\b(?:hardening|aws)_\w+", " ".join(path.read_text(encoding="utf-8") for path in sources)))
    variables = {name for inventory in data["controller_inventories"] for name in inventory["variables"]}
    for template in data["controller_templates"]:
        variables |= set(template.get("extra_vars", {}))
        variables |= {question["variable"] for question in template.get("survey_spec", {}).get("spec", [])}
    for kind in data["controller_credential_types"]:
        variables |= set(kind["injectors"]["extra_vars"])
    known = yaml.safe_load((CHECKOUT / "playbooks/vars/known_variables.yml").read_text(encoding="utf-8"))
    handed_on = set(re.findall(r"hardening_\w+", templates_of(data))) - variables
    assert variables - read == set()
    assert handed_on <= set(known["variables"])


def templates_of(data: dict[str, t.Any]) -> str:
    """What the templates set, as text."""
    return " ".join(str(template.get("extra_vars", {})) for template in data["controller_templates"])


def test_surveys_can_be_left_unanswered(data: dict[str, t.Any]) -> None:
    for template in data["controller_templates"]:
        for question in template.get("survey_spec", {}).get("spec", []):
            assert not question["required"]
            assert isinstance(question["default"], str)
            assert question["default"] in question.get("choices", [question["default"]])


def test_credentials_are_of_a_type_whose_injectors_know_its_fields(data: dict[str, t.Any]) -> None:
    kinds = {kind["name"]: kind for kind in data["controller_credential_types"]}
    for credential in data["controller_credentials"]:
        assert credential["credential_type"] in BUILT_IN_CREDENTIAL_TYPES | set(kinds)
    for kind in kinds.values():
        fields = {field["id"] for field in kind["inputs"]["fields"]}
        assert set(re.findall(r"{{ (\w+) }}", str(kind["injectors"]))) == fields


def test_pods_run_the_image_of_the_execution_environment(data: dict[str, t.Any]) -> None:
    (environment,) = data["controller_execution_environments"]
    for group in data["controller_instance_groups"]:
        spec = yaml.safe_load(group["pod_spec_override"])["spec"]
        assert spec["serviceAccountName"]
        assert [container["image"] for container in spec["containers"]] == [environment["image"]]
