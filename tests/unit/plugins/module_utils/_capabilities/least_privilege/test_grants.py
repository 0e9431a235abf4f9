# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role of examples/bootstrap may take each stage with the parameters of docs/permissions.md, and no fewer."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterable, Sequence

import pytest
from scripts import bootstrap_right_sizing, generate_permissions

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import iam_actions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.changes import Outcome
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import evaluate

from .samples import ACCOUNT, CLOSED, apply_changes, make_subject, make_writer
from .test_changes import Stage, close, lift, open_parallel, plan, prepare_in_place, replace, retire, try_out
from .test_revert import go_back, run_stages

OWN: t.Final = f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/automation-roles"
STANDING: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/developer-boundary"
VALUES: t.Final = {
    "Partition": "aws",
    "Account": ACCOUNT,
    "RightSizingBoundaryArn": STANDING,
    "RightSizingTargets": "teams/dev-*",
    "TrustedPrincipalArnPattern": "arn:aws:iam::999988887777:role/awx",
}
MODULES: t.Final = generate_permissions.read_operations()


def fill(document: t.Any) -> Policy:
    text = json.dumps(document)
    for name, value in VALUES.items():
        text = text.replace(f"${{{name}}}", value)
    return parse(json.loads(text))


def make_evaluator(parameters: Iterable[str]) -> evaluate.Evaluator:
    chosen = {"RightSizingTargets", *parameters}
    grants = bootstrap_right_sizing.make_role(MODULES).grants
    identity = tuple(fill(grant.policy) for grant in grants if chosen.issuperset(grant.parameters))
    boundary = fill(bootstrap_right_sizing.boundary(MODULES))
    return evaluate.Evaluator(evaluate.Layers(identity=identity, boundary=boundary))


def find_denied(snapshot: Snapshot, changes: Sequence[Change], parameters: Iterable[str]) -> set[str]:
    """The actions that AWS would deny while these changes are made one after the other."""
    evaluator, denied = make_evaluator(parameters), set()
    for change in changes:
        present = next((role.boundary for role in snapshot.roles if role.arn == change.target), None)
        boundary = change.parameters.get("PermissionsBoundary", present)
        context = {"iam:PermissionsBoundary": boundary, "iam:PolicyARN": change.parameters.get("PolicyArn")}
        given = {key: value for key, value in context.items() if value}
        for action in iam_actions(f"iam:{change.operation}"):
            request = evaluate.Request(action, change.target, context=given, principal=OWN)
            if evaluator.decide(request).outcome is not evaluate.Outcome.ALLOWED:
                denied.add(action)
        snapshot = apply_changes(snapshot, [change])
    return denied


def prepare(snapshot: Snapshot) -> Outcome:
    return make_writer(snapshot).prepare_parallel(make_subject(snapshot), CLOSED, STANDING)


def prepare_unbounded(snapshot: Snapshot) -> Outcome:
    return make_writer(snapshot).prepare_parallel(make_subject(snapshot), CLOSED, None)


PARALLEL: t.Final = ("RightSizingBoundaryArn",)
UNBOUNDED: t.Final = ("RightSizingUnbounded",)
IN_PLACE: t.Final = ("RightSizingInPlace",)
RETIREMENT: t.Final = ("RightSizingRetirement",)
RETURN: t.Final = ("RightSizingReturn",)


def check_parameters(snapshot: Snapshot, changes: Sequence[Change], parameters: tuple[str, ...]) -> None:
    """Changes are allowed with these parameters, and not without one of them."""
    assert changes
    assert find_denied(snapshot, changes, parameters) == set()
    for parameter in parameters:
        assert find_denied(snapshot, changes, {*parameters} - {parameter}), parameter


@pytest.mark.parametrize(
    ("before", "stage", "parameters"),
    [
        ((), prepare, PARALLEL),
        ((prepare,), open_parallel, PARALLEL),
        ((), prepare_unbounded, UNBOUNDED),
        ((prepare_unbounded,), open_parallel, UNBOUNDED),
        ((prepare, open_parallel), close, RETIREMENT),
        ((prepare, open_parallel, close), retire, RETIREMENT),
        ((), prepare_in_place, ()),
        ((prepare_in_place,), try_out, IN_PLACE),
        ((prepare_in_place, try_out), lift, IN_PLACE),
        ((prepare_in_place, try_out), replace, IN_PLACE),
    ],
)
def test_each_stage_needs_its_parameters_and_no_others(
    before: tuple[Stage, ...], stage: Stage, parameters: tuple[str, ...]
) -> None:
    snapshot, _entries = run_stages(*before)
    check_parameters(snapshot, plan(stage, snapshot), parameters)


@pytest.mark.parametrize(
    ("stages", "parameters"),
    [
        ((prepare,), PARALLEL),
        ((prepare, open_parallel), PARALLEL),
        ((prepare, open_parallel, close), (*PARALLEL, *RETIREMENT)),
        ((prepare, open_parallel, close, retire), (*PARALLEL, *RETIREMENT, *RETURN)),
        ((prepare_unbounded,), UNBOUNDED),
        ((prepare_unbounded, open_parallel, close), (*UNBOUNDED, *RETIREMENT)),
        ((prepare_unbounded, open_parallel, close, retire), (*UNBOUNDED, *RETIREMENT, *RETURN)),
        ((prepare_in_place,), ()),
        ((prepare_in_place, try_out), IN_PLACE),
        ((prepare_in_place, try_out, replace), (*IN_PLACE, *RETURN)),
    ],
)
def test_the_way_back_needs_its_parameters_and_no_others(
    stages: tuple[Stage, ...], parameters: tuple[str, ...]
) -> None:
    snapshot, entries = run_stages(*stages)
    check_parameters(snapshot, go_back(snapshot, entries).changes, parameters)
