# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The events after a cut-over, read from the emulator: log files of a trail, and the event history."""

from __future__ import annotations

import typing as t
from datetime import timedelta

from after_cut_over import KEY, SECRET
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

from ansible_collections.hardening.iam.plugins.module_utils._account.collect import OPERATIONS as OPERATIONS_OF_DATASETS
from ansible_collections.hardening.iam.plugins.module_utils._account.collect import collect
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset
from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import Watched
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.watch.observe import (
    OPERATIONS,
    read_watched,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.watch.roles import WatchedRole
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry, Task
from ansible_collections.hardening.iam.plugins.module_utils._prediction.records.evidence_options import (
    EVIDENCE_ARGUMENTS,
    EXCLUDE_EVIDENCE_ARGUMENTS,
    EvidenceOptions,
)
from ansible_collections.hardening.iam.plugins.modules.policy_impact_info import ENTRY as IMPACT
from developer_events import APPS
from emulator.activity.later import Later
from emulator.clock import CLOCK
from emulator.extensions import past
from unit.emulator.seeded import Seeded, later

from .events import name_new

ROLE: t.Final = f"arn:aws:iam::{APPS}:role/dev-shop-web"
NEW: t.Final = f"{ROLE}-lp"
IN_PLACE: t.Final = f"arn:aws:iam::{APPS}:role/dev-shop-api"
USED: t.Final = frozenset({"s3:PutObject", "sqs:ListQueues", "kms:Decrypt"})
DATASETS: t.Final = frozenset({Dataset.AUTHORIZATION_DETAILS})
READS: t.Final = Operations(reads=frozenset({"sts:GetCallerIdentity"})).union(
    OPERATIONS, *(OPERATIONS_OF_DATASETS[dataset] for dataset in DATASETS)
)
LOGS: t.Final = {"trail_logs": "s3://acme-apps-logs", "event_history": False}
HISTORY: t.Final = {"event_history": True, "regions": ["us-east-1", "eu-west-1"]}
DENIALS: t.Final = [
    ("ce:GetCostAndUsage", "*", "organization", 2),
    ("kms:GenerateDataKey", KEY.format(account=APPS), "ours", 3),
    ("secretsmanager:GetSecretValue", SECRET.format(account=APPS), "ours", 1),
]


def read(developers: Seeded, *roles: WatchedRole, **options: t.Any) -> dict[str, Watched]:
    """What is known of roles, read in a task as a module would. Without roles: of the usual two."""
    found: list[dict[str, Watched]] = []

    def run(task: Task) -> dict[str, t.Any]:
        connection = task.connection
        snapshot = collect(connection.access, datasets=DATASETS, regions=(), now=connection.now)
        since = connection.now - timedelta(days=1)
        asked = roles or (
            WatchedRole(ROLE, since, new_arn=NEW, used_actions=USED, services=frozenset({"s3", "sqs"})),
            WatchedRole(IN_PLACE, since, used_actions=USED),
        )
        permissions, evidence = Permissions(snapshot), EvidenceOptions.of(task)
        found.append(read_watched(connection, evidence, permissions, asked, sleep=lambda _seconds: None))
        return {}

    spec = {**IMPACT.argument_spec(), **EVIDENCE_ARGUMENTS, **EXCLUDE_EVIDENCE_ARGUMENTS}
    given = {
        "endpoint_url": developers.endpoint,
        "access_key": "administrator",
        "secret_key": "emulated",
        "region": "eu-west-1",
        "assessor_role_arn": f"arn:aws:iam::{APPS}:role/iam-hardening/assessor",
        "assume_role_external_id": "acme-hardening",
        "principals": [ROLE],
        **options,
    }
    validation = ArgumentSpecValidator({**aws_argument_spec(), **spec}).validate(given)
    assert not validation.error_messages
    entry = Entry(argument_spec=lambda: spec, operations=READS, run=run)
    result = execute(entry, options=validation.validated_parameters, check_mode=True)
    assert not result.get("failed"), result
    return found[0]


def test_log_files_show_three_denials_of_a_parallel_role(developers: Seeded) -> None:
    watched = read(developers, **LOGS)[ROLE]
    assert watched.failure == "" and sorted(name_new(watched)) == DENIALS
    assert [denial.used_before for denial in watched.new] == [False, False, False]
    assert {denial.principal_arn for denial in watched.new} == {NEW}
    assert (watched.calls, watched.denied) == (13, sum(denial.count for denial in watched.new)) == (13, 6)
    assert watched.not_watched == ("denied calls on data leave no event: sqs (trail apps does not record all of them)",)


def test_the_pipeline_that_still_uses_the_old_role_is_named(developers: Seeded) -> None:
    watched = read(developers, **LOGS)[ROLE]
    assert watched.old_role_last is not None and CLOCK.now() - watched.old_role_last < timedelta(days=1)
    pipeline = (
        "pipeline repo:acme/shop:ref:refs/heads/main by token.actions.githubusercontent.com (session deploy-4711)"
    )
    # The seed goes on with the old role until now.
    assert pipeline in watched.old_role_users


def test_a_role_in_place_is_held_against_its_own_baseline(developers: Seeded) -> None:
    watched = read(developers, **LOGS)[IN_PLACE]
    assert watched.failure == "" and set(DENIALS) <= set(name_new(watched))
    assert (watched.old_role_last, watched.old_role_users) == (None, ())


def test_the_event_history_has_no_call_on_data(developers: Seeded) -> None:
    watched = read(developers, **HISTORY)[ROLE]
    assert watched.failure == "" and name_new(watched) == [DENIALS[0], DENIALS[2]]
    assert any(text.startswith("denied calls on data leave no event: s3, sqs") for text in watched.not_watched)


def test_both_sources_together_count_each_event_once(developers: Seeded) -> None:
    assert sorted(name_new(read(developers, **{**LOGS, **HISTORY})[ROLE])) == DENIALS


def test_a_role_with_another_id_is_another_role(developers: Seeded) -> None:
    role = WatchedRole(ROLE, CLOCK.now() - timedelta(days=1), "AROAEARLIEREARLIER01", NEW, "AROAEARLIEREARLIER02")
    watched = read(developers, role, **LOGS)[ROLE]
    assert (watched.failure, watched.new, watched.calls, watched.old_role_last) == ("", (), 0, None)


def test_without_a_source_nothing_is_known(developers: Seeded) -> None:
    watched = read(developers, event_history=False)
    assert {one.failure for one in watched.values()} == {
        "there is no source of events: set trail_logs, or event_history to true"
    }


def test_a_place_that_cannot_be_read_is_a_failure(developers: Seeded) -> None:
    watched = read(developers, trail_logs="s3://acme-no-such-bucket", event_history=False)
    assert all(one.failure and not one.new for one in watched.values())


def test_a_history_that_is_longer_than_what_was_read_is_a_failure(developers: Seeded) -> None:
    # On a weekend one page reaches back for more than a day.
    since = CLOCK.now() - timedelta(days=10)
    roles = (WatchedRole(ROLE, since, new_arn=NEW, used_actions=USED), WatchedRole(IN_PLACE, since, used_actions=USED))
    watched = read(developers, *roles, **HISTORY, event_history_max_pages=1)
    failures = {one.failure for one in watched.values()}
    assert len(failures) == 1 and "raise event_history_max_pages" in failures.pop()
    limited = read(developers, *roles, **{**LOGS, **HISTORY}, event_history_max_pages=1)[ROLE]
    assert sorted(name_new(limited)) == DENIALS
    assert any("has more events than event_history_max_pages" in text for text in limited.not_watched)


def test_what_was_not_read_back_to_the_change_is_a_failure_of_its_role_alone(developers: Seeded) -> None:
    """The event history has ninety days."""
    now = CLOCK.now()
    old = WatchedRole(ROLE, now - timedelta(days=100), new_arn=NEW)
    young = WatchedRole(IN_PLACE, now - timedelta(days=1), used_actions=USED)
    watched = read(developers, old, young, **HISTORY)
    assert "the events that were read begin after the change" in watched[ROLE].failure
    assert watched[IN_PLACE].failure == ""
    assert [one for one in name_new(watched[IN_PLACE]) if one[0].startswith("secrets")] == [DENIALS[2]]


def test_another_boundary_than_that_of_the_trial_is_not_ours(developers: Seeded) -> None:
    """AWS does not name the boundary that lacks a permission."""
    denied = {
        "denied": "because no permissions boundary allows the s3:PutBucketPolicy action",
        "call": "s3:PutBucketPolicy",
    }
    iam, trial = developers.client("iam", APPS), f"arn:aws:iam::{APPS}:policy/iam-hardening/lp/trial"
    past.add_later(APPS, [Later.parse({"principal": "role/dev-data-etl", **denied})])
    arn = f"arn:aws:iam::{APPS}:role/dev-data-etl"
    role = WatchedRole(arn, CLOCK.now() - timedelta(days=1), trial_boundary_arn=trial)
    found = read(developers, role, **HISTORY)[arn].new
    assert [denial.by.value for denial in found if denial.action == "s3:PutBucketPolicy"] == ["ours"]
    other = f"arn:aws:iam::{APPS}:policy/iam-hardening/boundary/DeveloperBoundary"
    iam.put_role_permissions_boundary(RoleName="dev-data-etl", PermissionsBoundary=other)
    found = read(developers, role, **HISTORY)[arn].new
    assert [denial.by.value for denial in found if denial.action == "s3:PutBucketPolicy"] == ["boundary"]


def test_no_role_is_no_reading(developers: Seeded) -> None:
    unread: t.Any = None
    assert read_watched(unread, unread, unread, []) == {}


def test_a_trail_without_new_files_is_a_failure(developers: Seeded) -> None:
    with later(days=3):
        role = WatchedRole(ROLE, CLOCK.now() - timedelta(days=1), new_arn=NEW)
        watched = read(developers, role, **LOGS, now=CLOCK.now().isoformat())[ROLE]
    assert "there is no event of the account since" in watched.failure
