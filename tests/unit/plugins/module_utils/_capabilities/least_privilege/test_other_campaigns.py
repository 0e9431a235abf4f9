# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Another campaign that has a role under way, by its records or by tags that anybody may have set."""

from __future__ import annotations

import dataclasses
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._account.policy_versions import LivePolicy
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.archive import Archive
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.changes import (
    CAMPAIGN,
    PARALLEL_OF,
    Subject,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.other_campaigns import (
    OtherCampaigns,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.records import Kind
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore

from .campaigns import moment, record, records_up_to
from .samples import ACCOUNT, NAME, PARALLEL, ROLE, make_subject
from .test_changes import prepare, prepare_in_place, reach, try_out

TRIAL: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening/lp/lp-dev-shop-trial"
TAGGED: t.Final = {CAMPAIGN: NAME, PARALLEL_OF: "AROAOLD"}
RECORDS: t.Final = {"account_id": ACCOUNT, "role_arn": ROLE, "role_id": "AROAOLD"}


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(str(tmp_path))


def find(store: DirectoryStore, snapshot: Snapshot, own: str = "second", subject: t.Optional[Subject] = None) -> str:
    others = OtherCampaigns(store, ACCOUNT, own, moment(100))
    return others.find(subject or make_subject(snapshot), TRIAL, snapshot.roles)


def write(store: DirectoryStore, *kinds: Kind) -> None:
    """Write records of the campaign developers on the role."""
    archive = Archive(store, ACCOUNT, NAME)
    for event in (record(kind) for kind in kinds):
        own = {"parallel_arn": PARALLEL} if event.kind is Kind.PREPARED else {}
        archive.write(dataclasses.replace(event, **RECORDS, **own), archive.read("dev-shop"))


def list_kinds(last: Kind) -> list[Kind]:
    return [event.kind for event in records_up_to(last)]


@pytest.mark.parametrize(
    ("kinds", "is_under_way"),
    [
        ([], False),
        (list_kinds(Kind.ASSESSED), False),
        (list_kinds(Kind.GENERATED), False),
        (list_kinds(Kind.PREPARED), True),
        (list_kinds(Kind.CLOSED), True),
        (list_kinds(Kind.RETIRED), False),
        ([*list_kinds(Kind.PREPARED), Kind.REVERTED], False),
        # Its documents were generated again.
        ([*list_kinds(Kind.PREPARED), Kind.GENERATED], True),
        # Nobody knows what happened.
        ([Kind.CUT_OVER], True),
    ],
)
def test_records_say_whether_another_campaign_is_under_way(
    store: DirectoryStore, kinds: list[Kind], is_under_way: bool
) -> None:
    write(store, *kinds)
    snapshot = reach()
    text = "campaign developers has the role under way: go on there, or revert it there first"
    assert find(store, snapshot) == (text if is_under_way else "")
    assert find(store, snapshot, NAME) == ""


def test_files_that_are_no_campaigns_are_ignored(store: DirectoryStore, tmp_path: Path) -> None:
    for name in ("%41" * 60, "..x", "a b"):
        (tmp_path / "campaigns" / ACCOUNT / name / "dev-shop").mkdir(parents=True)
        (tmp_path / "campaigns" / ACCOUNT / name / "dev-shop" / "000001-prepared.json").write_text(
            "{}", encoding="utf-8"
        )
    assert find(store, reach()) == ""


def test_tags_of_the_new_role_name_the_campaign(store: DirectoryStore) -> None:
    snapshot = reach(prepare)
    assert f"by its tags campaign {NAME} made {PARALLEL}" in find(store, snapshot)
    assert find(store, snapshot, NAME) == ""
    # Its records say that it is over: a new role that was used stays after a revert.
    write(store, *list_kinds(Kind.PREPARED), Kind.REVERTED)
    assert find(store, snapshot) == ""


def test_the_new_role_of_another_campaign_is_no_target(store: DirectoryStore) -> None:
    snapshot = reach(prepare)
    subject = make_subject(snapshot)
    assert subject.parallel is not None
    chosen = dataclasses.replace(subject, role=subject.parallel, parallel=None)
    assert f"by its tags campaign {NAME} made {PARALLEL}" in find(store, snapshot, subject=chosen)
    write(store, *list_kinds(Kind.RETIRED))
    assert find(store, snapshot, subject=chosen) == ""


def test_a_trial_of_another_campaign(store: DirectoryStore) -> None:
    snapshot = reach(prepare_in_place, try_out)
    assert find(store, snapshot) == f"the role is on trial by campaign {NAME}: go on there, or revert it there first"
    assert find(store, snapshot, NAME) == ""
    untagged = {arn: dataclasses.replace(policy, tags={}) for arn, policy in make_subject(snapshot).live.items()}
    live: dict[str, LivePolicy] = untagged
    assert find(store, snapshot, subject=make_subject(snapshot, live=live)) == ""
