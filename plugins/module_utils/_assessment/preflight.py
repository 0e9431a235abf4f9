# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The preflight, composed: the declaration is checked, then what can be read and written in the account."""

from __future__ import annotations

import fnmatch
import functools
import json
import typing as t
from collections.abc import Collection, Mapping, Sequence

from .._account.collect import OPERATIONS as OPERATIONS_OF_DATASETS
from .._account.collect import collect, probe
from .._account.model import Dataset
from .._aws.access import Access
from .._aws.errors import AwsError, NotFound
from .._aws.fence import REMOVAL_TASK
from .._aws.operations import Operations, iam_actions
from .._capabilities.access_analyzer.run import OPERATIONS as ACCESS_ANALYZER_OPERATIONS
from .._capabilities.access_keys.run import OPERATIONS as ACCESS_KEYS_OPERATIONS
from .._capabilities.config_rules.run import OPERATIONS as CONFIG_RULES_OPERATIONS
from .._capabilities.event_alerts.run import OPERATIONS as EVENT_ALERTS_OPERATIONS
from .._capabilities.findings_export.run import OPERATIONS as FINDINGS_EXPORT_OPERATIONS
from .._capabilities.organization_policy.run import OPERATIONS as ORGANIZATION_POLICY_OPERATIONS
from .._capabilities.organization_root_access.run import OPERATIONS as ROOT_ACCESS_OPERATIONS
from .._capabilities.password_policy.run import OPERATIONS as PASSWORD_POLICY_OPERATIONS
from .._capabilities.permissions_boundary.run import OPERATIONS as PERMISSIONS_BOUNDARY_OPERATIONS
from .._capabilities.security_hub.run import OPERATIONS as SECURITY_HUB_OPERATIONS
from .._capabilities.user_permissions.run import OPERATIONS as USER_PERMISSIONS_OPERATIONS
from .._module.task import Task
from .._module.writers import WRITERS, Writer, declared_roles, lacks_role, writing_role
from .._report.parts import part_key
from .._rollback.run import REREADS
from .readiness import Capability, Readiness, Simulation, assess_readiness, capabilities, render_brief, render_table
from .run import declaration

# Reads whose full answer grows with the account: one item tells whether they are allowed.
_PROBES: t.Final[dict[Dataset, tuple[str, str, dict[str, t.Any]]]] = {
    Dataset.AUTHORIZATION_DETAILS: ("iam", "GetAccountAuthorizationDetails", {"MaxItems": 1}),
    # Asking early is also what makes the report ready by the time the assessment wants it.
    Dataset.CREDENTIAL_REPORT: ("iam", "GenerateCredentialReport", {}),
    Dataset.VIRTUAL_MFA_DEVICES: ("iam", "ListVirtualMFADevices", {"MaxItems": 1}),
    Dataset.SERVICE_SPECIFIC_CREDENTIALS: ("iam", "ListServiceSpecificCredentials", {"AllUsers": True, "MaxItems": 1}),
}
_SIMULATED: t.Final = ("access-analyzer:", "config:", "events:", "iam:", "securityhub:", "sns:", "sqs:")
_OF_ORGANIZATION: t.Final = ("iam:", "organizations:", "sts:")
# Of a notice only the declaration tells the topic, which may be another account's.
_DECLARED: t.Final = "sns:Publish"
# The module of each role that writes, and what it writes with.
_MODULES: t.Final[Mapping[str, tuple[str, Operations]]] = {
    "password_policy": ("password_policy", PASSWORD_POLICY_OPERATIONS),
    "access_keys": ("access_key_lifecycle", ACCESS_KEYS_OPERATIONS),
    "user_permissions": ("user_permissions", USER_PERMISSIONS_OPERATIONS),
    "permissions_boundary": ("permissions_boundary", PERMISSIONS_BOUNDARY_OPERATIONS),
    "access_analyzer": ("access_analyzer", ACCESS_ANALYZER_OPERATIONS),
    "config_rules": ("config_rules", CONFIG_RULES_OPERATIONS),
    "security_hub": ("security_hub", SECURITY_HUB_OPERATIONS),
    "event_alerts": ("event_alerts", EVENT_ALERTS_OPERATIONS),
    "findings_export": ("findings_export", FINDINGS_EXPORT_OPERATIONS),
}
# Only in the management account, and only where there is a role for it: organization.yml has no preflight.
_ORGANIZATION_MODULES: t.Final[Mapping[str, tuple[str, Operations]]] = {
    "organization_guardrails": ("organization_policy", ORGANIZATION_POLICY_OPERATIONS),
    "organization_root_access": ("organization_root_access", ROOT_ACCESS_OPERATIONS),
}
ROLLBACK: t.Final = "rollback"

# A resource, and a condition key of a request with its value.
About = tuple[str, t.Optional[tuple[str, str]]]


def _simulated(operations: Operations, services: tuple[str, ...] = _SIMULATED) -> frozenset[str]:
    actions = {action for name in operations.writes for action in iam_actions(name)}
    return frozenset(action for action in actions if action.startswith(services) and action != _DECLARED)


# What undoing the changes of each role takes.
UNDOS: t.Final[Mapping[str, frozenset[str]]] = {
    role: _simulated(REREADS[module].operations) for role, (module, _operations) in _MODULES.items()
}
WRITES: t.Final[Mapping[str, frozenset[str]]] = {
    **{role: _simulated(operations) for role, (_module, operations) in _MODULES.items()},
    ROLLBACK: frozenset().union(*UNDOS.values()),
}
ORGANIZATION_WRITES: t.Final[Mapping[str, frozenset[str]]] = {
    role: _simulated(operations, _OF_ORGANIZATION) for role, (_module, operations) in _ORGANIZATION_MODULES.items()
}
# A policy that names resources allows nothing on "*", which is what is simulated where no resource is given.
_SAMPLES: t.Final[dict[str, str]] = {
    "Group": "group/iam-hardening-preflight",
    "Role": "role/iam-hardening-preflight",
    "User": "user/iam-hardening-preflight",
    "Policy": "policy/iam-hardening/boundary/iam-hardening-preflight",
}
# What the actions of regional services are about: of most of them, and of those whose names match. "*" stands for those
# that are about no resource, says AWS.
_REGIONAL: t.Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "access-analyzer": (
        "analyzer/iam-hardening-preflight",
        {
            "ApplyArchiveRule": "analyzer/iam-hardening-preflight",
            "*ArchiveRule": "analyzer/iam-hardening-preflight/archive-rule/iam-hardening-preflight",
        },
    ),
    "config": (
        "config-rule/iam-hardening-preflight",
        {
            "*OrganizationConfigRule": "organization-config-rule/iam-hardening-preflight",
            "*ConfigurationRecorder": "configuration-recorder/iam-hardening-preflight/0a1b2c3d",
            "*DeliveryChannel": "*",
        },
    ),
    "events": ("rule/iam-hardening-preflight", {"*Permission": "*", "PutEvents": "event-bus/default"}),
    "securityhub": (
        "hub/default",
        {
            "BatchImportFindings": "product/iam-hardening/preflight",
            "BatchUpdateStandardsControlAssociations": "*",
            "CreateFindingAggregator": "*",
            "UpdateFindingAggregator": "finding-aggregator/iam-hardening-preflight",
            "UpdateSecurityControl": "*",
        },
    ),
    "sns": ("iam-hardening-preflight", {}),
    "sqs": ("iam-hardening-preflight", {}),
}
# What a capability's requests are about, where that is narrower than what its actions are about.
_OWN_SAMPLES: t.Final[Mapping[tuple[str, str], str]] = {
    ("access_analyzer", "iam:CreateServiceLinkedRole"): "role/aws-service-role/access-analyzer.amazonaws.com/x",
    ("security_hub", "iam:CreateServiceLinkedRole"): "role/aws-service-role/securityhub.amazonaws.com/x",
    ("config_rules", "iam:PassRole"): "role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig",
}
_EVENT_ROLE: t.Final = "role/iam-hardening/iam-hardening-preflight"
_EVENT_BOUNDARY: t.Final = "policy/iam-hardening/automation-event-forwarding-boundary"
# What a policy may ask for, or allows nothing. A value that begins with ":" is an ARN of IAM in the account.
_CONTEXT: t.Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("access_keys", "iam:TagUser"): ("aws:TagKeys", "iam-hardening:key-preflight"),
    ("access_keys", "iam:UntagUser"): ("aws:TagKeys", "iam-hardening:key-preflight"),
    ("access_analyzer", "iam:CreateServiceLinkedRole"): ("iam:AWSServiceName", "access-analyzer.amazonaws.com"),
    ("security_hub", "iam:CreateServiceLinkedRole"): ("iam:AWSServiceName", "securityhub.amazonaws.com"),
    ("config_rules", "iam:PassRole"): ("iam:PassedToService", "config.amazonaws.com"),
    ("event_alerts", "iam:PassRole"): ("iam:PassedToService", "events.amazonaws.com"),
    ("event_alerts", "iam:CreateRole"): ("iam:PermissionsBoundary", f":{_EVENT_BOUNDARY}"),
    ("event_alerts", "iam:PutRolePolicy"): ("iam:PermissionsBoundary", f":{_EVENT_BOUNDARY}"),
}
_TABLE: t.Final = capabilities(WRITES)
_DATASETS: t.Final = frozenset(dataset for capability in _TABLE for dataset in capability.datasets)

OPERATIONS: t.Final = Operations(
    reads=frozenset({"sts:GetCallerIdentity", "ec2:DescribeRegions", "iam:SimulatePrincipalPolicy"})
).union(*(OPERATIONS_OF_DATASETS[dataset] for dataset in _DATASETS))

_ACTIONS: t.Final = {
    dataset: sorted(
        {action for operation in OPERATIONS_OF_DATASETS[dataset].reads for action in iam_actions(operation)}
    )
    for dataset in _DATASETS
}


def run(task: Task) -> dict[str, t.Any]:
    """The core of ``preflight_info``: options of :mod:`plugins.modules.preflight_info` in, its result out."""
    declaration(task)
    access = task.access
    access.check_regions(task.options["regions"])
    task.expect_account(access.caller.account_id)
    regions = access.reach(task.options["regions"]).regions
    rows = _readiness(task, access, regions)
    account_id = access.caller.account_id
    result = {
        "account_id": account_id,
        "run_id": task.run_id,
        "capabilities": [row.as_dict() for row in rows],
        "terminal": _terminal(task, account_id, rows),
    }
    if task.options["report_dir"]:
        part = {
            "run_id": task.run_id,
            "module": "preflight_info",
            "check_mode": task.check_mode,
            "capabilities": result["capabilities"],
        }
        key = part_key(account_id, task.run_id, "preflight_info")
        result["report"] = task.report_store().put(key, (json.dumps(part, indent=1) + "\n").encode())
    return result


def _terminal(task: Task, account_id: str, rows: Sequence[Readiness]) -> str:
    """What the terminal shows: the table, or its counts and gaps, then what the run will change."""
    if task.options["terminal"] == "none":
        return ""
    render = render_brief if task.options["terminal"] == "brief" else render_table
    return "\n".join(filter(None, (render(account_id, rows), _announced(task))))


def _announced(task: Task) -> str:
    """What the run will change, only report, or leave out, said before any of it happens."""
    modes: Mapping[str, t.Any] = task.options["modes"]
    words = {"enforce": "would change" if task.check_mode else "will change", "report": "only reports", "off": "is off"}
    # YAML takes an unquoted off for false.
    named = {role: {"false": "off"}.get(str(mode).lower(), str(mode).lower()) for role, mode in modes.items()}
    lines = (f"{word}: {', '.join(role for role in named if named[role] == mode)}" for mode, word in words.items())
    return "\n".join(line for line in lines if not line.endswith(": "))


def _readiness(task: Task, access: Access, regions: Sequence[str]) -> tuple[Readiness, ...]:
    calls = {
        dataset: functools.partial(access.call, service, operation, parameters)
        for dataset, (service, operation, parameters) in _PROBES.items()
    }
    refused = probe(access, calls)
    snapshot = collect(
        access,
        datasets=_DATASETS - set(_PROBES),
        regions=regions,
        now=task.now,
    )
    writers = {role: writing_role(task.options, WRITERS[module]) for role, (module, _operations) in _MODULES.items()}
    lacking = {
        role: problem
        for role, (module, _operations) in _MODULES.items()
        if (problem := lacks_role(task.options, WRITERS[module]))
    }
    table, account_id = _TABLE, access.caller.account_id
    organization = declared_roles(task.options).get(Writer.ORGANIZATION)
    if organization and snapshot.organization and snapshot.organization.management_account_id == account_id:
        table += tuple(Capability(role, writes=writes) for role, writes in ORGANIZATION_WRITES.items())
        writers |= dict.fromkeys(ORGANIZATION_WRITES, organization)
    return assess_readiness(
        snapshot,
        probed=refused,
        table=table,
        actions=_ACTIONS,
        writes=_simulation(access, writers, lacking),
    )


def _simulation(access: Access, writers: Mapping[str, t.Optional[str]], lacking: Mapping[str, str]) -> Simulation:
    """What each role may not write, by simulation of the policies of the role that it writes in.

    The simulation knows identity policies and the boundary, and SCPs where AWS applies them, but not every condition.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    own = _simulatable(access.caller.arn)
    arns = {role: arn for role, given in writers.items() if role not in lacking and (arn := given or own)}
    account = f"arn:{access.partition}:iam::{access.caller.account_id}"
    questions = {role: _questions(role, account, access.home_region) for role in arns}
    # Of one role in AWS, the same is asked once, whichever of ours it is for.
    asked: dict[tuple[str, About], set[str]] = {}
    for role, abouts in questions.items():
        for about, actions in abouts.items():
            asked.setdefault((arns[role], about), set()).update(actions)
    answers = access.gather(
        {
            (arn, about): functools.partial(_denied_on, access, arn, sorted(actions), about)
            for (arn, about), actions in asked.items()
        }
    )
    denied: dict[str, t.Optional[Collection[str]]] = {}
    missing = dict(lacking)
    for role, abouts in questions.items():
        results = [(answers[arns[role], about], actions) for about, actions in abouts.items()]
        failed = [answer for answer, _actions in results if isinstance(answer, AwsError)]
        if any(isinstance(answer, NotFound) for answer in failed):
            missing[role] = f"there is no role {arns[role]}"
        found = (set(actions) & answer for answer, actions in results if not isinstance(answer, AwsError))
        denied[role] = None if failed else frozenset[str]().union(*found)
    return _with_rollback(Simulation(denied, missing))


def _with_rollback(found: Simulation) -> Simulation:
    """The same, with what a rollback may not undo: it works in the roles of all classes."""
    undone = {action for role, undos in UNDOS.items() for action in undos & frozenset(found.denied.get(role) or ())}
    is_known = all(found.denied.get(role) is not None for role in UNDOS)
    lacking = dict.fromkeys(found.lacking[role] for role in UNDOS if role in found.lacking)
    return Simulation(
        {**found.denied, ROLLBACK: undone if is_known or undone else None},
        {**found.lacking, **({ROLLBACK: "; ".join(lacking)} if lacking else {})},
    )


def _questions(role: str, account: str, region: str) -> dict[About, list[str]]:
    """The actions of a role, by what they are about and what a request of it says."""
    found: dict[About, list[str]] = {}
    for action in sorted(WRITES.get(role, frozenset()) | UNDOS.get(role, frozenset())):
        about = resource_of(role, action, account, region), context_of(role, action, account)
        found.setdefault(about, []).append(action)
    if role in ORGANIZATION_WRITES:
        for action in sorted(ORGANIZATION_WRITES[role]):
            found.setdefault(of_organization(action, account), []).append(action)
    return found


def of_organization(action: str, account: str) -> About:
    """What a write to an organization is about, and what its request says."""
    partition, owner = account.split(":")[1], account.split(":")[4]
    name = action.partition(":")[2]
    place = f"arn:{partition}:organizations::{owner}:"
    if action.startswith("sts:"):
        task = f"arn:{partition}:iam::aws:policy/root-task/{REMOVAL_TASK}"
        return f"{account}:root", ("sts:TaskPolicyArn", task)
    if "DelegatedAdministrator" in name:
        return f"{place}account/o-preflight0/{owner}", ("organizations:ServicePrincipal", "iam.amazonaws.com")
    if "ServiceAccess" in name:
        return "*", ("organizations:ServicePrincipal", "iam.amazonaws.com")
    if action.startswith("iam:"):
        return "*", None
    policy_type = ("organizations:PolicyType", "SERVICE_CONTROL_POLICY")
    if name == "EnablePolicyType":
        return f"{place}root/o-preflight0/r-pre0", policy_type
    about = f"{place}policy/o-preflight0/service_control_policy/p-preflight0"
    return about, None if "Tag" in name or "tag" in name else policy_type


def context_of(role: str, action: str, account: str) -> t.Optional[tuple[str, str]]:
    """A condition key that a request of this role has, with its value."""
    found = _CONTEXT.get((role, action))
    return (found[0], f"{account}{found[1]}") if found and found[1].startswith(":") else found


def resource_of(role: str, action: str, account: str, region: str) -> str:
    """A resource of the kind that ``action`` is about, in the account of this ARN; "*" for the account itself."""
    service, _colon, name = action.partition(":")
    if (role, action) in _OWN_SAMPLES:
        return f"{account}:{_OWN_SAMPLES[role, action]}"
    if role == "event_alerts" and service == "iam":
        return f"{account}:{_EVENT_ROLE}"
    if service in _REGIONAL:
        usual, others = _REGIONAL[service]
        about = next((others[pattern] for pattern in others if fnmatch.fnmatchcase(name, pattern)), usual)
        return about if about == "*" else f"{account.replace(':iam::', f':{service}:{region}:')}:{about}"
    if "Account" in action:
        return "*"
    # Groups come first in AddUserToGroup, and credentials are their user's.
    kind = next((kind for kind in _SAMPLES if kind in action), "User")
    return f"{account}:{_SAMPLES[kind]}"


def _denied_on(access: Access, writer: str, actions: Sequence[str], about: About) -> set[str]:
    resource, context = about
    parameters: dict[str, t.Any] = {"PolicySourceArn": writer, "ActionNames": actions, "ResourceArns": [resource]}
    if context:
        name, value = context
        kind = "stringList" if name == "aws:TagKeys" else "string"
        entry = {"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": kind}
        parameters["ContextEntries"] = [entry]
    results = access.items("iam", "SimulatePrincipalPolicy", "EvaluationResults", parameters)
    return {result["EvalActionName"] for result in results if result["EvalDecision"] != "allowed"}


def _simulatable(arn: str) -> t.Optional[str]:
    """A user can be simulated; of a role's session, the ARN does not tell the role's path."""
    return arn if ":user/" in arn else None
