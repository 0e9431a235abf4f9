# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the page says that each role of examples/bootstrap opens, judged for every combination of parameters."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

import pytest
from bootstrap_templates import Template
from scripts import bootstrap_right_sizing as right_sizing
from scripts import bootstrap_roles as roles
from scripts import generate_permissions as generate
from scripts.bootstrap_roles import actions_of
from service_models import service_model

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.landscape import Landscape, Subject
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.paths import search
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.reach import reach_of
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Evaluator,
    Outcome,
    Request,
)

from .plugins.module_utils._policy.escalation import landscapes
from .plugins.module_utils._policy.escalation.landscapes import allow, arn, policy

TEMPLATES: t.Final = tuple(
    Template(path)
    for path in (
        generate.COMPACT,
        generate.COMPACT_RIGHT_SIZING,
        generate.COMPACT_CONTAINMENT,
        generate.COMPACT_READERS,
    )
)
BOUNDARY_OF_NEW: t.Final = arn("policy", "developer")
OF_CAMPAIGN: t.Final = arn("policy", "iam-hardening/lp/dev-first-1")
JOBS: t.Final = arn("role", "ci/awx")
# All that is given by a name or an ARN is given.
GIVEN: t.Final = {
    "AWS::AccountId": landscapes.ACCOUNT,
    "AWS::Partition": "aws",
    "TrustedPrincipalArnPattern": JOBS,
    "ScheduledPrincipalArnPattern": JOBS,
    "IncidentPrincipalArnPattern": arn("role", "security/incident-response"),
    "HuntPrincipalArnPattern": arn("role", "security/incident-response"),
    "NoticeTopicArn": "arn:aws:sns:eu-west-1:999988887777:notices",
    "ConfigRecorderRoleArn": arn("role", "recorder"),
    "EventForwardingRoleArn": arn("role", "forwarding"),
    "AlertTopicArn": f"arn:aws:sns:us-east-1:{landscapes.ACCOUNT}:people",
    "AlertQueueArn": f"arn:aws:sqs:us-east-1:{landscapes.ACCOUNT}:undelivered",
    "BoundaryPolicyPath": "/iam-hardening/boundary/",
    "RightSizingTargets": "dev-*",
    "RightSizingBoundaryArn": BOUNDARY_OF_NEW,
    "KeyMigrationBoundaryArn": BOUNDARY_OF_NEW,
    "MaxSessionDuration": "3600",
    "ContainmentDormantTargets": "r-ab12",
    "DormantPolicy.Arn": f"arn:aws:organizations::{landscapes.ACCOUNT}:policy/o-ab12/service_control_policy/p-ab12",
}
MAKES: t.Final = "makes administrators"
BECOMES: t.Final = "becomes an administrator"
READS: t.Final = "reads settings"
_ROW: t.Final = re.compile(rf"\| (`\w+`) \| (`[^|]+`) \| ({MAKES}|{BECOMES}|{READS}) \| [^|]+ \|")

Opened = frozenset[tuple[str, str]]


@functools.cache
def read_page() -> dict[str, Opened]:
    """What each parameter opens, as the page says: pairs of a role and what it then does."""
    rows = _ROW.findall(generate.DOCUMENT.read_text(encoding="utf-8"))
    return {
        name.strip("`"): frozenset((role, opens) for role in re.findall(r"`([^`]+)`", named))
        for name, named, opens in rows
    }


# The account


def make_account() -> list[Subject]:
    """Make an administrator of each kind, others who are none, and what a role could go for."""
    everything, reads = landscapes.everything(), policy(allow("s3:GetObject"), name="developer")
    admin: dict[str, t.Any] = {"managed": (landscapes.ADMINISTRATOR_ACCESS,)}
    anybody = landscapes.trust({"AWS": landscapes.ROOT})
    services = landscapes.service("lambda.amazonaws.com")
    return [
        landscapes.user("alice", reads),
        landscapes.user("admin", everything, **admin),
        landscapes.user("svc-rotated", everything, tags={"access-key-rotation": "allowed"}, **admin),
        # Only its boundary keeps it from being one.
        landscapes.user("bounded", everything, boundary=reads, **admin),
        landscapes.group("administrators", everything, **admin),
        landscapes.role("prod-admin", everything, trust=anybody, **admin),
        landscapes.role("pipeline", everything, trust=services, **admin),
        landscapes.role("dev-first", everything, trust=anybody, **admin),
        landscapes.role("dev-first-lp", reads, boundary=reads, trust=anybody),
        # A campaign in place ended here.
        landscapes.role("former", reads, trust=anybody, managed=(OF_CAMPAIGN,)),
        landscapes.role("app", reads, trust=services, managed=(arn("policy", "reads"),)),
        landscapes.role("workload/report", reads, boundary=reads, trust=anybody),
        landscapes.role("ci/awx", policy(allow("sts:AssumeRole")), trust=services),
    ]


@dataclasses.dataclass(frozen=True)
class Stack:
    """What a stack has with certain values: the names of its resources, by the role that they are about."""

    template: Template
    present: frozenset[str]

    @functools.cached_property
    def by_role(self) -> dict[str, frozenset[str]]:
        """The policies of each role. The roles of other stacks are among them."""
        found: dict[str, set[str]] = {name: set() for name in self.template.role_names if name in self.present}
        for name in self.present:
            for role in self.template.holders(name):
                found.setdefault(role, set()).add(name)
        return {self.template.role_names.get(role, role): frozenset(names) for role, names in found.items()}


def make_role(template: Template, name: str, policies: t.Iterable[str]) -> Subject:
    """Make a role with these policies of a stack, and its boundary."""
    values = {**template.defaults, **GIVEN}
    identity = [parse(template.resolve(one, values)["PolicyDocument"], name=one) for one in sorted(policies)]
    labels = [label for label, known in template.role_names.items() if known == name]
    limits = [template.resolve(label, values).get("PermissionsBoundary") for label in labels]
    more: dict[str, t.Any] = {}
    for limit in filter(None, limits):
        boundary = template.resolve(limit, values)
        more["boundary"] = parse(boundary["PolicyDocument"], name=limit)
        more["boundary_arn"] = arn("policy", f"{boundary['Path'][1:]}{boundary['ManagedPolicyName']}")
    return landscapes.role(f"iam-hardening/{name}", *identity, trust=landscapes.trust({"AWS": JOBS}), **more)


def judge(ours: t.Collection[Subject]) -> Opened:
    """What these roles open in the account, together."""
    place = make_landscape(ours)
    found = search(place)
    becoming = {*found.administrators, *(path.source for path in found.paths)}
    opened = set()
    for subject in ours:
        name = subject.arn.partition("iam-hardening/")[2]
        if subject.arn in becoming:
            opened.add((name, BECOMES))
        elif reach_of(place, subject.arn):
            opened.add((name, MAKES))
        if any(may_read(subject, action) for action in actions_of(roles.SETTINGS)):
            opened.add((name, READS))
    return frozenset(opened)


def make_landscape(ours: t.Iterable[Subject]) -> Landscape:
    reads = policy(allow("s3:GetObject"), name="developer")
    policies = dict.fromkeys((BOUNDARY_OF_NEW, OF_CAMPAIGN, arn("policy", "reads")), reads)
    return landscapes.landscape(*make_account(), *ours, policies=policies)


def may_read(subject: Subject, action: str) -> bool:
    outcome = Evaluator(subject.layers).decide(Request(action, "*", principal=subject.arn)).outcome
    assert outcome is not Outcome.UNKNOWN
    return outcome is Outcome.ALLOWED


# What the page says


def expect(values: t.Mapping[str, str], role: str) -> Opened:
    """What the page says that a role opens with these values. Who becomes an administrator needs to make none."""
    opened = {
        (named, opens)
        for parameter, pairs in read_page().items()
        for named, opens in pairs
        if named == role
        and values.get(parameter) == "true"
        and (role != "assessor" or values.get(OF_ASSESSOR.get(parameter, parameter)) == "true")
    }
    return frozenset(opened - {(role, MAKES)} if (role, BECOMES) in opened else opened)


#: The assessor gets what these parameters read only where it gets the reads of the stack.
OF_ASSESSOR: t.Final = dict.fromkeys(right_sizing.ASSESSOR_SETTINGS, right_sizing.ASSESSOR)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.path.stem)
def test_the_page_is_true_for_every_combination_of_parameters(template: Template) -> None:
    """A role that has the same policies with other values is judged once."""
    judged: dict[tuple[str, frozenset[str]], Opened] = {}
    combinations = 0
    for values in template.combine():
        combinations += 1
        stack = Stack(template, template.list_present({**GIVEN, **values}))
        for role, policies in stack.by_role.items():
            key = role, policies
            if key not in judged:
                judged[key] = judge([make_role(template, role, policies)])
            assert judged[key] == expect(values, role), (role, values)
    assert combinations == 2 ** len(template.switches)
    assert len(judged) > 2


def test_the_page_names_no_other_parameter() -> None:
    assert set(read_page()) <= {name for template in TEMPLATES for name in template.switches}
    assert {opens for pairs in read_page().values() for _role, opens in pairs} == {MAKES, BECOMES, READS}


def test_all_that_opens_something_is_off_by_default() -> None:
    given = {name: value for template in TEMPLATES for name, value in template.defaults.items()}
    assert {given[name] for name in read_page()} == {"false"}


def test_together_the_roles_open_no_more() -> None:
    """In one account, with all that opens nothing: no role leads over another to more rights."""
    harmless = {name: str(name not in read_page()).lower() for template in TEMPLATES for name in template.switches}
    for values in (harmless, {}):
        ours = [
            make_role(template, role, policies)
            for template in TEMPLATES
            for role, policies in Stack(template, template.list_present({**GIVEN, **values})).by_role.items()
            if role != "assessor" or template is TEMPLATES[0]
        ]
        assert len(ours) >= 6
        assert judge(ours) == frozenset()


def test_the_account_has_ways_to_more_rights() -> None:
    """Else nothing would be proved: with all rights but its boundary, a role is found."""
    everything = landscapes.role("iam-hardening/automation", landscapes.everything())
    assert judge([everything]) == {("automation", BECOMES), ("automation", READS)}
    bounded = landscapes.role("iam-hardening/automation", policy(allow("iam:AttachUserPolicy")))
    assert judge([bounded]) == {("automation", MAKES)}


# Which reads return settings

#: Members of answers in which people write secrets.
_MEMBER: t.Final = re.compile(
    r"(arguments|definition|environment|environmentvariables|input|overrides|parameters|parametervalue"
    r"|supplementaryconfiguration|templatebody|userdata|variables)",
    re.IGNORECASE,
)
#: Reads whose answers have such a member, and hold no setting of a workload; each with the reason.
NO_SETTINGS: t.Final = {
    "account:GetAlternateContact": "names and addresses of people",
    "account:GetContactInformation": "names and addresses of people",
    "events:ListTargetsByRule": "what a target gets of an event: docs/permissions.md names it",
    "iam:ListVirtualMFADevices": "AWS returns the seed of a device when it is made, and never again",
    "identitystore:DescribeUser": "names and addresses of people",
    "organizations:DescribeAccount": "names and addresses of accounts",
    "organizations:DescribeHandshake": "names and addresses of accounts",
    "organizations:DescribeOrganization": "names and addresses of accounts",
    "organizations:ListAccountsForParent": "names and addresses of accounts",
    "organizations:ListDelegatedAdministrators": "names and addresses of accounts",
    "scheduler:GetSchedule": "what a target gets at a time: docs/permissions.md names it",
    "securityhub:BatchGetSecurityControls": "parameters of controls, such as a number of days",
    "securityhub:GetFindings": "what a product wrote about a resource: docs/permissions.md names it",
    "ssm:DescribeParameters": "names of parameters, without values",
    "sts:AssumeRoot": "a session, which the fence keeps to the audit task",
}


def list_members(shape: t.Any, path: str = "", above: tuple[str, ...] = ()) -> t.Iterator[str]:
    """List the members of an answer by their paths; a sensitive one ends in an exclamation mark."""
    if shape.name in above:
        return
    above = (*above, shape.name)
    if shape.metadata.get("sensitive"):
        yield f"{path}!"
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield f"{path}.{name}"
            yield from list_members(member, f"{path}.{name}", above)
    elif shape.type_name == "list":
        yield from list_members(shape.member, f"{path}[]", above)
    elif shape.type_name == "map":
        yield from list_members(shape.value, f"{path}{{}}", above)


def test_each_read_of_settings_is_known() -> None:
    """Held against the answers that botocore describes."""
    reads = frozenset[str]().union(*(one.reads for one in generate.read_operations().values()))
    found = set()
    for read in reads:
        service, name = read.split(":")
        answer = service_model(service).operation_model(name).output_shape
        members = set(list_members(answer)) if answer is not None else set()
        if any(one.endswith("!") or _MEMBER.fullmatch(one.rpartition(".")[2]) for one in members):
            found.add(read)
    assert found == roles.SETTINGS.keys() | NO_SETTINGS.keys()
