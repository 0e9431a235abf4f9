# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a campaign finds of its own in the journal and in the account."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.changes import (
    CAMPAIGN,
    PARALLEL_OF,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.observe import (
    LONGEST_NAME,
    MODULE,
    find_parallel_arn,
    is_made_beside,
    read_entries,
    select_entries,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.identity_changes import IdentityWriter
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Journal, Outcome
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore

from .samples import ACCOUNT, ADMIN, BEFORE, DEVELOPER, NAME, OLD, PARALLEL, ROLE, make_subject

NOW = datetime(2026, 11, 1, tzinfo=UTC)
WRITER = IdentityWriter(ACCOUNT, "kind")


def write(store: DirectoryStore, run_id: str, day: int, change: Change, module: str = MODULE) -> None:
    journal = Journal(
        store,
        account_id=ACCOUNT,
        run_id=run_id,
        job_id="1",
        module=module,
        caller_arn=f"arn:aws:iam::{ACCOUNT}:role/automation",
        clock=lambda: NOW + timedelta(days=day),
        details={},
    )
    journal.conclude(journal.intend(change), Outcome.APPLIED)


def test_the_changes_of_a_run_that_was_killed_before_its_record_are_found(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    write(store, "z-killed", 1, WRITER.detach(ROLE, OLD))
    write(store, "a-next", 2, WRITER.detach(ROLE, ADMIN))
    write(store, "other", 3, WRITER.detach(ROLE, ADMIN), module="policy_scope")
    entries = read_entries(store, ACCOUNT, [].append)
    assert [(intent.run_id, intent.change.target) for intent, _outcome in entries] == [
        ("z-killed", ROLE),
        ("a-next", ROLE),
    ]


def test_what_an_earlier_campaign_did_to_the_role_is_not_taken_back(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    write(store, "earlier", 1, WRITER.detach(ROLE, OLD))
    write(store, "new-role", 1, WRITER.attach(PARALLEL, OLD))
    write(store, "now", 20, WRITER.detach(ROLE, ADMIN))
    entries = read_entries(store, ACCOUNT, [].append)
    found = select_entries(entries, make_subject(BEFORE), NOW + timedelta(days=10))
    assert [intent.run_id for intent, _outcome in found] == ["new-role", "now"]
    assert len(select_entries(entries, make_subject(BEFORE))) == 3


def test_two_roles_never_share_the_role_beside_them() -> None:
    long = "d" * 60
    names = [long, f"{long}a", f"{long}ab", f"{long}abc", f"{long}abcd", f"{long}x-lp", f"{long[1:]}de-lp"]
    arns = [f"arn:aws:iam::{ACCOUNT}:role/teams/{name}" for name in names]
    roles = [dataclasses.replace(DEVELOPER, name=name, arn=arn) for name, arn in zip(names, arns, strict=True)]
    beside = [find_parallel_arn(role) for role in roles]
    assert len({*beside, *arns}) == 2 * len(names)
    assert all(arn.endswith("-lp") and len(arn.rpartition("/")[2]) <= LONGEST_NAME for arn in beside)
    assert find_parallel_arn(DEVELOPER) == PARALLEL


def test_tags_alone_take_no_role_out_of_the_campaign() -> None:
    tags = {PARALLEL_OF: DEVELOPER.unique_id, CAMPAIGN: NAME}
    beside = dataclasses.replace(DEVELOPER, name="dev-shop-lp", arn=PARALLEL, tags=tags, unique_id="AROANEW")
    tagged = dataclasses.replace(DEVELOPER, name="admin", arn=f"{ROLE}-admin", tags=tags, unique_id="AROAADMIN")
    roles = (DEVELOPER, beside, tagged)
    assert [role.name for role in roles if is_made_beside(role, roles, NAME)] == ["dev-shop-lp"]
    assert not is_made_beside(beside, roles, "another")
    assert not is_made_beside(beside, (beside, tagged), NAME)
