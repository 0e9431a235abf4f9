# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The preflight, composed: the declaration is checked, then what can be read and written in the account."""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import json
import typing as t
from collections.abc import Collection, Mapping, Sequence

from .._account.answer import Unknown, Yes
from .._account.collect import OPERATIONS as OPERATIONS_OF_DATASETS
from .._account.collect import probe
from .._account.model import Dataset, Snapshot
from .._aws.access import Access
from .._aws.errors import AwsError, NotFound
from .._aws.operations import Operations, iam_actions
from .._capabilities.registry import BY_CLASS
from .._incident.left_lock.observe import OPERATIONS as OF_LOCKS
from .._incident.left_lock.observe import find_left_lock
from .._module.connection import Connection
from .._module.declaration import declaration
from .._module.registration import Registration
from .._module.run_snapshot import Part
from .._module.task import Task, TaskError
from .._module.writers import Writer
from .._report.parts import part_key
from .containment import CONTAINMENT, assess_containment
from .readiness import Capability, Readiness, Simulation, State, assess_readiness, render_table, with_evidence
from .runbook import put_runbook
from .simulating import About, fill_placeholders, find_denied, find_simulatable
from .unread_account import refuse_silent

# Reads whose full answer grows with the account: one item tells whether they are allowed.
_PROBES: t.Final[dict[Dataset, tuple[str, str, dict[str, t.Any]]]] = {
    Dataset.AUTHORIZATION_DETAILS: ("iam", "GetAccountAuthorizationDetails", {"MaxItems": 1}),
    # Asking early is also what makes the report ready by the time the assessment wants it.
    Dataset.CREDENTIAL_REPORT: ("iam", "GenerateCredentialReport", {}),
    Dataset.VIRTUAL_MFA_DEVICES: ("iam", "ListVirtualMFADevices", {"MaxItems": 1}),
    Dataset.SERVICE_SPECIFIC_CREDENTIALS: ("iam", "ListServiceSpecificCredentials", {"AllUsers": True, "MaxItems": 1}),
}
ROLLBACK: t.Final = "rollback"
IDENTITY_LOCK: t.Final = "identity_lock"

V = t.TypeVar("V")
D = t.TypeVar("D")

_OF_ACCOUNT: t.Final[Mapping[str, Registration]] = {one.role: one for one in BY_CLASS if not one.of_organization}
# Only in the management account, and only where there is a role for it: organization.yml has no preflight.
_OF_ORGANIZATION: t.Final[Mapping[str, Registration]] = {one.role: one for one in BY_CLASS if one.of_organization}
_ALL: t.Final[Mapping[str, Registration]] = {**_OF_ACCOUNT, **_OF_ORGANIZATION}


def _find_first(patterns: Mapping[str, V], action: str, default: D) -> t.Union[V, D]:
    """Find the value of the first pattern that fits the action."""
    return next((value for pattern, value in patterns.items() if fnmatch.fnmatchcase(action, pattern)), default)


def _select_simulated(capability: Registration, operations: Operations) -> frozenset[str]:
    actions = {action for name in operations.writes for action in iam_actions(name)}
    return frozenset(action for action in actions if _find_first(capability.samples, action, "") is not None)


# The actions that undo the changes of each role.
UNDOS: t.Final[Mapping[str, frozenset[str]]] = {
    role: _select_simulated(one, one.reversal.operations) for role, one in _OF_ACCOUNT.items()
}
WRITES: t.Final[Mapping[str, frozenset[str]]] = {
    **{role: _select_simulated(one, one.operations) for role, one in _OF_ACCOUNT.items()},
    ROLLBACK: frozenset().union(*UNDOS.values()),
}
ORGANIZATION_WRITES: t.Final[Mapping[str, frozenset[str]]] = {
    role: _select_simulated(one, one.operations) for role, one in _OF_ORGANIZATION.items()
}
# A policy that names resources allows nothing on "*", which is what is simulated where no resource is given. Groups
# come first in AddUserToGroup, and credentials are their user's.
_SAMPLES: t.Final[Mapping[str, str]] = {
    "Group": "group/iam-hardening-preflight",
    "Role": "role/iam-hardening-preflight",
    "User": "user/iam-hardening-preflight",
    "Policy": "policy/iam-hardening/boundary/iam-hardening-preflight",
}


def make_table(writes: Mapping[str, Collection[str]]) -> tuple[Capability, ...]:
    """The capabilities of this collection, in the order of the table.

    :arg writes: the IAM actions that each role writes with, by its name.
    """
    rows = {
        role: Capability(role, one.row.datasets, frozenset(writes.get(role, ())), absent=one.row.absent)
        for role, one in _OF_ACCOUNT.items()
    }
    last = {role: row for role, row in rows.items() if _OF_ACCOUNT[role].row.is_last}
    first = (rows.get(role, Capability(role, writes=frozenset(writes[role]))) for role in writes if role not in last)
    return with_evidence(first, last.values())


_TABLE: t.Final = make_table(WRITES)
_DATASETS: t.Final = frozenset(dataset for capability in _TABLE for dataset in capability.datasets)
_DETAILS: t.Final = frozenset(dataset for one in _OF_ACCOUNT.values() for dataset in one.details)
_OFF: t.Final = frozenset({"off", "false"})

OPERATIONS: t.Final = Operations(
    reads=frozenset({"sts:GetCallerIdentity", "ec2:DescribeRegions", "iam:GetRole", "iam:SimulatePrincipalPolicy"})
).union(OF_LOCKS, *(OPERATIONS_OF_DATASETS[dataset] for dataset in _DATASETS | _DETAILS))

_ACTIONS: t.Final = {
    dataset: sorted(
        {action for operation in OPERATIONS_OF_DATASETS[dataset].reads for action in iam_actions(operation)}
    )
    for dataset in _DATASETS
}


def run(task: Task) -> dict[str, t.Any]:
    """The core of ``preflight_info``: options of :mod:`plugins.modules.preflight_info` in, its result out."""
    declaration(task)
    chosen = _choose(task.options["roles"])
    task.share_snapshot(Part.FIRST)
    access = task.access
    access.check_regions(task.regions)
    account_id = access.caller.account_id
    task.expect_account(account_id)
    regions = access.reach(task.regions).regions
    snapshot, rows = _assess(task.connection, regions, chosen)
    # A role that writes reads for itself, in its own role and as late as it can.
    if task.options["read_ahead"] and task.check_mode:
        task.connection.collect(select_details(task.options["modes"]), regions)
    result = {
        "account_id": account_id,
        "run_id": task.run_id,
        "capabilities": [row.as_dict() for row in rows],
        "modes": dict(task.options["modes"]),
        "terminal": "" if task.options["terminal"] == "none" else render_table(account_id, rows),
    }
    if task.has_reports:
        part = {
            "run_id": task.run_id,
            "module": "preflight_info",
            "check_mode": task.check_mode,
            "capabilities": result["capabilities"],
        }
        key = part_key(account_id, task.run_id, "preflight_info")
        place = task.open_store(task.reports)
        result["report"] = place.put(key, (json.dumps(part, indent=1) + "\n").encode())
    if runbook := put_runbook(task.options, task.connection, snapshot):
        result["runbook"] = runbook
    return result


def _choose(roles: Sequence[str]) -> frozenset[str]:
    """Choose the roles whose writes are simulated, none for all. Raises TaskError: there is no such role."""
    names = [name.strip() for name in roles]
    every = frozenset({*_ALL, CONTAINMENT})
    unknown = [name for name in names if name not in every]
    if unknown:
        allowed = ", ".join(sorted(every))
        raise TaskError(f"roles (preflight_roles): {unknown[0]} is no role that writes; allowed are {allowed}")
    return frozenset(names)


def select_details(modes: Mapping[str, t.Any]) -> frozenset[Dataset]:
    """Select what the roles that are on plan on. In YAML a mode of ``off`` is false."""
    on = (one for role, one in _OF_ACCOUNT.items() if role in modes and str(modes[role]).lower() not in _OFF)
    return frozenset(dataset for one in on for dataset in one.details)


def _assess(
    connection: Connection, regions: Sequence[str], named: Collection[str]
) -> tuple[Snapshot, tuple[Readiness, ...]]:
    access, roles = connection.access, connection.roles
    # Where no class is declared, each nightly run would ask for the role of containment in vain.
    chosen = named or {*_ALL, *([CONTAINMENT] if roles.by_class else [])}
    calls = {
        dataset: functools.partial(access.call, service, operation, parameters)
        for dataset, (service, operation, parameters) in _PROBES.items()
    }
    refused = probe(access, calls)
    snapshot = connection.collect(_DATASETS - set(_PROBES), regions)
    if len(refused) == len(_PROBES):
        # Else the assessment after it would wait for the same time-outs, and all accounts for that.
        refuse_silent(dataclasses.replace(snapshot, unread=(*refused, *snapshot.unread)), _DATASETS)
    own = {role: one for role, one in _OF_ACCOUNT.items() if role in chosen}
    writers = {role: roles.of(one.writer) for role, one in own.items()}
    lacking = {role: problem for role, one in own.items() if (problem := roles.explain_lack(one.writer))}
    table = tuple(row for row in _TABLE if row.name not in _OF_ACCOUNT or row.name in own)
    account_id = access.caller.account_id
    organization = roles.by_class.get(Writer.ORGANIZATION)
    if organization and snapshot.organization and snapshot.organization.management_account_id == account_id:
        others = {role: writes for role, writes in ORGANIZATION_WRITES.items() if role in chosen}
        table += tuple(Capability(role, writes=writes) for role, writes in others.items())
        writers |= dict.fromkeys(others, organization)
    rows = assess_readiness(
        snapshot,
        probed=refused,
        table=table,
        actions=_ACTIONS,
        writes=_simulate(access, writers, lacking),
    )
    if CONTAINMENT in chosen:
        rows = (*rows, assess_containment(connection, snapshot), *_list_left_locks(connection, snapshot))
    return snapshot, rows


def _list_left_locks(connection: Connection, snapshot: Snapshot) -> tuple[Readiness, ...]:
    """List the row of an identity lock that a killed run left. Only the management account has one."""
    account_id = connection.access.caller.account_id
    if not snapshot.organization or snapshot.organization.management_account_id != account_id:
        return ()
    found = find_left_lock(connection.access, connection.now)
    if isinstance(found, Yes):
        return (Readiness(IDENTITY_LOCK, State.MISSING, found.value.describe()),)
    return (Readiness(IDENTITY_LOCK, State.UNKNOWN, found.reason),) if isinstance(found, Unknown) else ()


def _simulate(access: Access, writers: Mapping[str, t.Optional[str]], lacking: Mapping[str, str]) -> Simulation:
    """Simulate which writes each role is denied, by the policies of the AWS role that it writes in.

    The simulation knows identity policies and the boundary, and SCPs where AWS applies them, but not every condition.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    own = find_simulatable(access.caller.arn)
    arns = {role: arn for role, given in writers.items() if role not in lacking and (arn := given or own)}
    account = f"arn:{access.partition}:iam::{access.caller.account_id}"
    questions = {role: _group_actions(role, account, access.home_region) for role in arns}
    # One role in AWS may serve several of ours: equal simulations of it are made once.
    asked: dict[tuple[str, About], set[str]] = {}
    for role, abouts in questions.items():
        for about, actions in abouts.items():
            asked.setdefault((arns[role], about), set()).update(actions)
    answers = access.gather(
        {
            (arn, about): functools.partial(find_denied, access, arn, sorted(actions), about)
            for (arn, about), actions in asked.items()
        }
    )
    denied: dict[str, dict[str, str]] = {}
    failed: dict[str, tuple[Collection[str], str]] = {}
    missing = dict(lacking)
    for role, abouts in questions.items():
        denied[role] = {}
        errors: dict[str, list[str]] = {}
        for about, actions in abouts.items():
            answer = answers[arns[role], about]
            if isinstance(answer, NotFound):
                missing[role] = f"there is no {'user' if ':user/' in arns[role] else 'role'} {arns[role]}"
            elif isinstance(answer, AwsError):
                errors.setdefault(f"writes not verified: {answer}", []).extend(actions)
            else:
                denied[role] |= {action: answer[action] for action in actions if action in answer}
        if errors:
            failed[role] = [action for actions in errors.values() for action in actions], "; ".join(errors)
    return _add_rollback(Simulation(denied, failed, missing), [role for role in UNDOS if role in writers])


def _add_rollback(found: Simulation, roles: Collection[str]) -> Simulation:
    """Add the undos that a rollback of these roles is denied: it works in the roles of all their classes."""
    undone = {action: policy for role in roles for action, policy in found.denied.get(role, {}).items()}
    failed = [
        (UNDOS[role] & frozenset(found.failed[role][0]), found.failed[role][1])
        for role in roles
        if role in found.failed
    ]
    unknown = frozenset[str]().union(*(actions for actions, _reason in failed))
    lacking = dict.fromkeys(found.lacking[role] for role in roles if role in found.lacking)
    is_known = all(role in found.denied for role in roles)
    own = {action: policy for action, policy in undone.items() if any(action in UNDOS[role] for role in roles)}
    reasons = "; ".join(dict.fromkeys(reason for actions, reason in failed if actions))
    return Simulation(
        {**found.denied, **({ROLLBACK: own} if is_known or own else {})},
        {**found.failed, **({ROLLBACK: (unknown, reasons)} if unknown else {})},
        {**found.lacking, **({ROLLBACK: "; ".join(lacking)} if lacking else {})},
    )


def _group_actions(role: str, account: str, region: str) -> dict[About, list[str]]:
    """Group the actions of a role by the resource and the condition keys of their requests."""
    tables = (WRITES, UNDOS, ORGANIZATION_WRITES)
    found: dict[About, list[str]] = {}
    for action in sorted(frozenset[str]().union(*(table.get(role, frozenset()) for table in tables))):
        found.setdefault(make_sample_request(role, action, account, region), []).append(action)
    return found


def make_sample_request(role: str, action: str, account: str, region: str) -> About:
    """Make the resource and the condition keys of a role's request; ``account`` is the start of ARNs of IAM."""
    capability = _ALL[role]
    resource = _find_first(capability.samples, action, None) or _make_usual_resource(action)
    context = _find_first(capability.context, action, ())
    fill = functools.partial(fill_placeholders, account=account, region=region)
    return fill(resource), tuple((key, fill(value)) for key, value in context)


def _make_usual_resource(action: str) -> str:
    """Make a resource of the kind that an action of IAM is about; "*" for one about the account itself."""
    service, _colon, name = action.partition(":")
    if service != "iam" or "Account" in name:
        return "*"
    kind = next((kind for kind in _SAMPLES if kind in name), "User")
    return f"arn:${{Partition}}:iam::${{Account}}:{_SAMPLES[kind]}"
