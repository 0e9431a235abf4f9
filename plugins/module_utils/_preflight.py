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

from ._access_analyzer import OPERATIONS as ACCESS_ANALYZER_OPERATIONS
from ._access_key_lifecycle import OPERATIONS as ACCESS_KEYS_OPERATIONS
from ._account.collect import OPERATIONS as OPERATIONS_OF_DATASETS
from ._account.collect import collect, probe
from ._account.model import Dataset
from ._assessment import declaration
from ._aws.access import Access
from ._aws.errors import AwsError
from ._aws.operations import Operations, iam_actions
from ._capabilities.preflight import Readiness, assess_readiness, capabilities, render_brief, render_table
from ._config_rules import OPERATIONS as CONFIG_RULES_OPERATIONS
from ._event_alerts import OPERATIONS as EVENT_ALERTS_OPERATIONS
from ._findings_export import OPERATIONS as FINDINGS_EXPORT_OPERATIONS
from ._password_policy import OPERATIONS as PASSWORD_POLICY_OPERATIONS
from ._permissions_boundary import OPERATIONS as PERMISSIONS_BOUNDARY_OPERATIONS
from ._report.parts import part_key
from ._rollback import OPERATIONS as ROLLBACK_OPERATIONS
from ._security_hub import OPERATIONS as SECURITY_HUB_OPERATIONS
from ._task import Task
from ._user_permissions import OPERATIONS as USER_PERMISSIONS_OPERATIONS

# Reads whose full answer grows with the account: one item tells whether they are allowed.
_PROBES: t.Final[dict[Dataset, tuple[str, str, dict[str, t.Any]]]] = {
    Dataset.AUTHORIZATION_DETAILS: ("iam", "GetAccountAuthorizationDetails", {"MaxItems": 1}),
    # Asking early is also what makes the report ready by the time the assessment wants it.
    Dataset.CREDENTIAL_REPORT: ("iam", "GenerateCredentialReport", {}),
    Dataset.VIRTUAL_MFA_DEVICES: ("iam", "ListVirtualMFADevices", {"MaxItems": 1}),
    Dataset.SERVICE_SPECIFIC_CREDENTIALS: ("iam", "ListServiceSpecificCredentials", {"AllUsers": True, "MaxItems": 1}),
}
_SIMULATED: t.Final = ("access-analyzer:", "config:", "events:", "iam:", "securityhub:", "sns:", "sqs:")
# Of a notice only the declaration tells the topic, which may be another account's.
_DECLARED: t.Final = "sns:Publish"
WRITES: t.Final[Mapping[str, frozenset[str]]] = {
    role: frozenset(
        action
        for name in operations.writes
        for action in iam_actions(name)
        if action.startswith(_SIMULATED) and action != _DECLARED
    )
    for role, operations in {
        "password_policy": PASSWORD_POLICY_OPERATIONS,
        "access_keys": ACCESS_KEYS_OPERATIONS,
        "user_permissions": USER_PERMISSIONS_OPERATIONS,
        "permissions_boundary": PERMISSIONS_BOUNDARY_OPERATIONS,
        "access_analyzer": ACCESS_ANALYZER_OPERATIONS,
        "config_rules": CONFIG_RULES_OPERATIONS,
        "security_hub": SECURITY_HUB_OPERATIONS,
        "event_alerts": EVENT_ALERTS_OPERATIONS,
        "findings_export": FINDINGS_EXPORT_OPERATIONS,
        "rollback": ROLLBACK_OPERATIONS,
    }.items()
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
    "events": ("rule/iam-hardening-preflight", {"*Permission": "*"}),
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
# What a policy that names a service may ask for, or allows nothing.
_CONTEXT: t.Final[Mapping[str, tuple[str, str]]] = {
    "iam:CreateServiceLinkedRole": ("iam:AWSServiceName", "access-analyzer.amazonaws.com"),
    "iam:PassRole": ("iam:PassedToService", "events.amazonaws.com"),
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
    regions = access.regions(task.options["regions"])
    task.expect_account(access.caller.account_id)
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
    return assess_readiness(
        snapshot, probed=refused, table=_TABLE, actions=_ACTIONS, denied_writes=_denied_writes(task, access)
    )


def _denied_writes(task: Task, access: Access) -> t.Optional[Collection[str]]:
    """Which writes the writing role may not do, by simulation of its policies; None where that can't be found out.

    The simulation knows identity policies and the boundary, and SCPs where AWS applies them, but not every condition.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    writer = task.options["assume_role_arn"] or _simulatable(access.caller.arn)
    if not writer:
        return None
    account = f"arn:{access.partition}:iam::{access.caller.account_id}"
    asked: dict[tuple[str, t.Optional[tuple[str, str]]], list[str]] = {}
    for action in sorted(frozenset().union(*WRITES.values())):
        about = resource_of(action, account, access.home_region), _CONTEXT.get(action)
        asked.setdefault(about, []).append(action)
    answers = access.gather(
        {about: functools.partial(_denied_on, access, writer, actions, *about) for about, actions in asked.items()}
    )
    denied: set[str] = set()
    for answer in answers.values():
        if isinstance(answer, AwsError):
            return None
        denied |= answer
    return denied


def resource_of(action: str, account: str, region: str) -> str:
    """A resource of the kind that ``action`` is about, in the account of this ARN; "*" for the account itself."""
    service, _colon, name = action.partition(":")
    if service in _REGIONAL:
        usual, others = _REGIONAL[service]
        about = next((others[pattern] for pattern in others if fnmatch.fnmatchcase(name, pattern)), usual)
        return about if about == "*" else f"{account.replace(':iam::', f':{service}:{region}:')}:{about}"
    if "Account" in action:
        return "*"
    # Groups come first in AddUserToGroup, and credentials are their user's.
    kind = next((kind for kind in _SAMPLES if kind in action), "User")
    return f"{account}:{_SAMPLES[kind]}"


def _denied_on(
    access: Access, writer: str, actions: Sequence[str], resource: str, context: t.Optional[tuple[str, str]]
) -> set[str]:
    parameters: dict[str, t.Any] = {"PolicySourceArn": writer, "ActionNames": actions, "ResourceArns": [resource]}
    if context:
        name, value = context
        entry = {"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": "string"}
        parameters["ContextEntries"] = [entry]
    results = access.items("iam", "SimulatePrincipalPolicy", "EvaluationResults", parameters)
    return {result["EvalActionName"] for result in results if result["EvalDecision"] != "allowed"}


def _simulatable(arn: str) -> t.Optional[str]:
    """A user can be simulated; of a role's session, the ARN does not tell the role's path."""
    return arn if ":user/" in arn else None
