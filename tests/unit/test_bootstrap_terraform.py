# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""examples/bootstrap/terraform says the same as the CloudFormation template, read with a parser of its language."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import pytest
from scripts import bootstrap_containment as containment
from scripts import bootstrap_readers as readers
from scripts import bootstrap_right_sizing as right_sizing
from scripts import bootstrap_roles as roles
from scripts import bootstrap_terraform as terraform
from scripts import generate_permissions as generate

from ansible_collections.hardening.iam.plugins.module_utils._module.writers import Writer

hcl2 = pytest.importorskip("hcl2", reason="python-hcl2 is not installed; make test installs it")

FILES: t.Final = ("main.tf", "outputs.tf", "roles.tf", "variables.tf")


def plain(value: t.Any) -> t.Any:
    """What the parser read, without the quotes and marks that it keeps."""
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items() if key not in ("__is_block__", "__comments__")}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"':
        # A text between marks stands as it is.
        return value[1:-1] if value.startswith('"<<') else json.loads(value)
    return value


@pytest.fixture(scope="module")
def parsed() -> dict[str, t.Any]:
    return {name: plain(hcl2.loads((generate.TERRAFORM / name).read_text(encoding="utf-8"))) for name in FILES}


def resources(parsed: dict[str, t.Any], kind: str, section: str = "resource") -> dict[str, t.Any]:
    """The resources of one kind, by their labels."""
    blocks = [block[kind] for block in parsed["roles.tf"][section] if kind in block]
    names = [name for block in blocks for name in block]
    assert len(names) == len(set(names))
    return {name: body for block in blocks for name, body in block.items()}


def document(body: dict[str, t.Any]) -> t.Any:
    """A policy with the placeholders of the generator, from the text between the marks."""
    text = body["policy"]
    inner = text[text.index("{") : text.rindex("}") + 1]
    back = {"local.partition": "Partition", "local.account": "Account"}
    names = {terraform.variable(name): name for name in generate.parameters_of_terraform(generate.read_operations())}

    def placeholder(match: re.Match[str]) -> str:
        return f"${{{back.get(match[1]) or names[match[1].removeprefix('var.')]}}}"

    # Two dollars are one for IAM: https://developer.hashicorp.com/terraform/language/expressions/strings
    return json.loads(re.sub(r"\$\{([\w.]+)\}", placeholder, inner).replace("$${", "${"))


def test_the_files_are_what_the_modules_declare() -> None:
    """Run tests/scripts/generate_permissions.py."""
    made = generate.render_terraform(generate.read_operations())
    assert sorted(made) == sorted(FILES) == sorted(path.name for path in Path(generate.TERRAFORM).iterdir())
    for name, text in made.items():
        assert (generate.TERRAFORM / name).read_text(encoding="utf-8") == text


def test_the_policies_are_those_of_the_template(parsed: dict[str, t.Any]) -> None:
    modules = generate.read_operations()
    inline = resources(parsed, "aws_iam_role_policy")
    wanted: dict[str, t.Any] = {}
    for role in (*roles.writing_roles(modules), right_sizing.make_role(modules)):
        wanted[f"{role.name}-reads"] = role.reads
        wanted |= {grant.name: grant.policy for grant in role.grants}
    contains = containment.make_role(modules)
    wanted[f"{contains.name}-reads"] = contains.reads
    wanted |= {f"containment-{grant.name}": grant.policy for grant in contains.grants}
    (statement,) = wanted["containment-dormant"]["Statement"]
    dormant = "${aws_organizations_policy.dormant[0].arn}"
    wanted["containment-dormant"] = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": [dormant]}]}
    assert {name: document(body) for name, body in inline.items()} == {
        name.replace("-", "_"): policy for name, policy in wanted.items()
    }
    managed = {name: document(body) for name, body in resources(parsed, "aws_iam_policy").items()}
    everywhere, of_organization = roles.assessor_reads(modules)
    assert managed == {
        "assessor_reads": roles.read_policy(roles.actions_of(everywhere)),
        "assessor_organization_reads": roles.organization_read_policy(roles.actions_of(of_organization)),
        "automation_boundary": roles.boundary(modules),
        "automation_event_forwarding_boundary": roles.event_boundary(),
        "automation_roles_boundary": right_sizing.boundary(modules),
        "automation_containment_boundary": containment.boundary(modules),
        "quarantine_deny_all": containment.quarantine(),
        "assessor_containment_reads": roles.read_policy(containment.assessor_actions(modules)),
        "automation_drill_boundary": containment.drill_boundary(),
        "assessor_hunt_reads": roles.read_policy(readers.hunt_actions(modules)),
        "assessor_hunt_settings": roles.read_policy(readers.hunt_settings(modules)),
        "assessor_settings": roles.read_policy(readers.assessor_actions(modules)),
        **{
            name.replace("-", "_"): roles.read_policy(right_sizing.settings_of(parameter, modules))
            for parameter, name in right_sizing.ASSESSOR_SETTINGS.items()
        },
        "assessor_right_sizing_reads": roles.read_policy(roles.actions_of(roles.right_sizing_reads(modules))),
    }


def test_each_policy_is_in_the_role_of_its_class(parsed: dict[str, t.Any]) -> None:
    inline = resources(parsed, "aws_iam_role_policy")
    for capability in roles.CAPABILITIES:
        body = inline[capability.name]
        assert body["role"] == f"${{aws_iam_role.automation_{capability.writer}[0].id}}"
        assert body["count"] == f"${{local.has_{capability.name} ? 1 : 0}}"


def test_right_sizing_is_off_until_its_targets_are_given(parsed: dict[str, t.Any]) -> None:
    (found,) = parsed["main.tf"]["locals"]
    assert found["has_roles"] == '${var.right_sizing_targets != ""}'
    inline = resources(parsed, "aws_iam_role_policy")
    counts = {name: body["count"] for name, body in inline.items() if "automation_roles" in body["role"]}
    assert counts == {
        "automation_roles_reads": "${local.has_roles ? 1 : 0}",
        "campaign_policies": "${local.has_roles ? 1 : 0}",
        "trial_policies": "${local.has_roles && var.right_sizing_trial_policies ? 1 : 0}",
        "settings": "${local.has_roles && var.right_sizing_settings ? 1 : 0}",
        "settings_of_keys": "${local.has_roles && var.key_migration_settings ? 1 : 0}",
        "new_roles": '${local.has_roles && var.right_sizing_boundary_arn != "" ? 1 : 0}',
        "new_roles_without_boundary": "${local.has_roles && var.right_sizing_unbounded ? 1 : 0}",
        "in_place": "${local.has_roles && var.right_sizing_in_place ? 1 : 0}",
        "retirement": "${local.has_roles && var.right_sizing_retirement ? 1 : 0}",
        "return": "${local.has_roles && var.right_sizing_return ? 1 : 0}",
        "moved_keys": "${local.has_roles && var.key_migration ? 1 : 0}",
        "workload_roles": '${local.has_roles && var.key_migration_boundary_arn != "" ? 1 : 0}',
        "workload_roles_without_boundary": "${local.has_roles && var.key_migration_unbounded ? 1 : 0}",
    }


def test_every_role_that_writes_has_the_boundary_and_a_trust_of_its_own(parsed: dict[str, t.Any]) -> None:
    found, trusts = resources(parsed, "aws_iam_role"), resources(parsed, "aws_iam_policy_document", "data")
    assert set(found) == {"assessor", "assessor_hunt", "break_glass", *(f"automation_{writer}" for writer in Writer)}
    for writer in roles.SCHEDULED:
        body = found[f"automation_{writer}"]
        boundary = "automation_roles_boundary" if writer is Writer.ROLES else "automation_boundary"
        assert body["permissions_boundary"] == f"${{aws_iam_policy.{boundary}[0].arn}}"
        assert body["assume_role_policy"] == f"${{data.aws_iam_policy_document.automation_{writer}_trust[0].json}}"
        execution, further = trusts[f"automation_{writer}_trust"]["statement"]
        conditions = {item["variable"]: item for item in execution["condition"]}
        # Not one that is left out where nothing is given.
        assert conditions["sts:SourceIdentity"]["values"] == [f"${{var.{writer}_source_identity_pattern}}"]
        assert conditions["sts:SourceIdentity"]["test"] == "StringLike"
        assert f"var.{writer}_principal_arn_pattern" in conditions["aws:PrincipalArn"]["values"][0]
        assert conditions["sts:RoleSessionName"]["test"] == "StringLike"
        left_out = {block["condition"]["content"][0]["variable"] for block in execution["dynamic"]}
        assert left_out == {"aws:PrincipalOrgID", "sts:ExternalId"}
        assert further["actions"] == ["sts:SetSourceIdentity", "sts:TagSession"]


def test_containment_is_off_until_its_people_are_named(parsed: dict[str, t.Any]) -> None:
    (found,) = parsed["main.tf"]["locals"]
    assert found["has_containment"] == '${var.incident_principal_arn_pattern != ""}'
    inline = resources(parsed, "aws_iam_role_policy")
    counts = {name: body["count"] for name, body in inline.items() if "automation_containment" in body["role"]}
    assert counts == {
        "automation_containment_reads": "${local.has_containment ? 1 : 0}",
        "containment_users": "${local.has_containment && var.containment_users ? 1 : 0}",
        "containment_boundaries": "${local.has_containment && var.containment_boundaries ? 1 : 0}",
        "containment_inline": "${local.has_containment && var.containment_inline ? 1 : 0}",
        "containment_roles": "${local.has_containment && var.containment_roles ? 1 : 0}",
        "containment_trust": "${local.has_containment && var.containment_trust ? 1 : 0}",
        "containment_drill": "${local.has_containment && var.containment_drill ? 1 : 0}",
        "containment_passwords": "${local.has_containment && var.containment_passwords ? 1 : 0}",
        "containment_organization": (
            "${local.has_containment && var.containment_organization && var.management_account ? 1 : 0}"
        ),
        "containment_dormant": "${local.has_dormant ? 1 : 0}",
        "containment_root": ("${local.has_containment && var.containment_root && var.management_account ? 1 : 0}"),
    }
    assert resources(parsed, "aws_organizations_policy")["dormant"]["count"] == "${local.has_dormant ? 1 : 0}"
    for name in ("quarantine_deny_all", "automation_containment_boundary", "assessor_containment_reads"):
        assert resources(parsed, "aws_iam_policy")[name]["count"] == "${local.has_containment ? 1 : 0}"


def test_the_hunt_is_off_until_its_principal_is_named(parsed: dict[str, t.Any]) -> None:
    (found,) = parsed["main.tf"]["locals"]
    assert found["has_hunt"] == '${var.hunt_principal_arn_pattern != ""}'
    managed, attached = resources(parsed, "aws_iam_policy"), resources(parsed, "aws_iam_role_policy_attachment")
    wanted = {
        "assessor_hunt_reads": ("local.has_hunt", "assessor_hunt[0]"),
        "assessor_hunt_settings": ("local.has_hunt && var.hunt_settings", "assessor_hunt[0]"),
        "assessor_settings": ("var.assessor_settings", "assessor"),
        "assessor_right_sizing_settings": ("local.has_roles && var.right_sizing_settings", "assessor"),
        "assessor_key_migration_settings": ("local.has_roles && var.key_migration_settings", "assessor"),
    }
    for name, (count, role) in wanted.items():
        assert managed[name]["count"] == attached[name]["count"] == f"${{{count} ? 1 : 0}}"
        assert attached[name]["role"] == f"${{aws_iam_role.{role}.name}}"


def test_no_principal_of_jobs_contains(parsed: dict[str, t.Any]) -> None:
    (found,) = parsed["main.tf"]["locals"]
    given = {name for name in parsed_variables(parsed) if name.endswith("_principal_arn_pattern")}
    people = ("incident_principal_arn_pattern", "break_glass_principal_arn_pattern", "hunt_principal_arn_pattern")
    jobs = given - {*people}
    assert set(re.findall(r"var\.(\w+)", found["never_containment"])) == jobs
    assert ':iam::*:role/iam-hardening/a*"' in found["never_containment"]
    body = resources(parsed, "aws_iam_role")["automation_containment"]
    assert body["permissions_boundary"] == "${aws_iam_policy.automation_containment_boundary[0].arn}"
    (precondition,) = body["lifecycle"][0]["precondition"]
    assert precondition["condition"] == "${!contains(local.never_containment, var.incident_principal_arn_pattern)}"
    trusts = resources(parsed, "aws_iam_policy_document", "data")
    execution, _further, never = trusts["automation_containment_trust"]["statement"]
    conditions = {item["variable"]: item for item in execution["condition"]}
    assert conditions["sts:SourceIdentity"]["values"] == ["${var.containment_source_identity_pattern}"]
    assert conditions["aws:PrincipalArn"]["values"] == ["${var.incident_principal_arn_pattern}"]
    assert (never["effect"], never["principals"][0]["identifiers"]) == ("Deny", ["*"])
    assert "sts:AssumeRole" in never["actions"]
    (condition,) = never["condition"]
    assert (condition["test"], condition["variable"]) == ("ArnLike", "aws:PrincipalArn")
    assert condition["values"] == "${local.never_containment}"


def parsed_variables(parsed: dict[str, t.Any]) -> dict[str, t.Any]:
    return {name: body for block in parsed["variables.tf"]["variable"] for name, body in block.items()}


def test_break_glass_asks_for_fresh_mfa(parsed: dict[str, t.Any]) -> None:
    (statement,) = resources(parsed, "aws_iam_policy_document", "data")["break_glass_trust"]["statement"]
    conditions = {item["variable"]: (item["test"], item["values"]) for item in statement["condition"]}
    assert conditions["aws:MultiFactorAuthPresent"] == ("Bool", ["true"])
    assert conditions["aws:MultiFactorAuthAge"] == ("NumericLessThan", ["3600"])


def test_the_variables_are_the_parameters(parsed: dict[str, t.Any]) -> None:
    parameters = generate.parameters_of_terraform(generate.read_operations())
    found = parsed_variables(parsed)
    assert set(found) == {terraform.variable(name) for name in parameters}
    for name, given in parameters.items():
        body = found[terraform.variable(name)]
        if given.get("AllowedValues"):
            assert (body["type"], body["default"]) == ("${bool}", given["Default"] == "true") or (
                body["type"] == "bool" and body["default"] == (given["Default"] == "true")
            )
        elif given["Type"] == "String":
            assert body.get("default") == given.get("Default")
            assert json.dumps(given["AllowedPattern"]) in body["validation"][0]["condition"].replace("$${", "${")


def test_an_organization_or_an_external_id_is_asked_for(parsed: dict[str, t.Any]) -> None:
    (block,) = resources(parsed, "aws_iam_role")["assessor"]["lifecycle"]
    (precondition,) = block["precondition"]
    assert "var.organization_id" in precondition["condition"] and "var.external_id" in precondition["condition"]
