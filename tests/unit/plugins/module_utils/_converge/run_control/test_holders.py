# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import os
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.moments import format_utc
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.holders import (
    Held,
    Holder,
    name_principal,
    name_process,
    parse_lease,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import Versioned

from ..fakes import ACCOUNT, CALLER, NOW

PLACE: t.Final = {"partition": "aws", "account_id": ACCOUNT}
WRITTEN: t.Final = NOW - timedelta(days=400)
RECORD: t.Final[dict[str, t.Any]] = {
    "schema": "hardening.iam/lease/1",
    **PLACE,
    "fence": 3,
    "released": False,
    "run_id": "run-1",
    "job_id": "7",
    "written": format_utc(WRITTEN),
    "expires": format_utc(WRITTEN + timedelta(minutes=5)),
}
FULL: t.Final = {
    **RECORD,
    "author": "Ana\n",
    "kept": True,
    "process": "awx.acme.example/ab-12.34",
    "module": "session_revocation",
    "caller_arn": CALLER,
    "host": "host/1/2",
    "worker": "56.78",
    "taken_from": ["one", "two"],
}


def parse(record: t.Any, place: t.Mapping[str, str] = PLACE) -> Held:
    content = record if isinstance(record, bytes) else json.dumps(record).encode()
    return parse_lease(Versioned(content, "v1", NOW), place)


def test_a_lease_is_read_with_its_end_by_the_clock_of_the_store() -> None:
    """The clock of the machine that wrote it may be off by a year."""
    assert parse(FULL) == Held(
        fence=3,
        run_id="run-1",
        job_id="7",
        expires=NOW + timedelta(minutes=5),
        is_released=False,
        author="Ana",
        is_kept=True,
        process="awx.acme.example/ab-12.34",
        module="session_revocation",
        caller_arn=CALLER,
        host="host/1/2",
        worker="56.78",
        taken_from=("one", "two"),
    )
    assert parse(RECORD) == Held(3, "run-1", "7", NOW + timedelta(minutes=5), is_released=False)
    assert parse({**RECORD, "released": True, "kept": 1}).is_released and not parse({**RECORD, "kept": 1}).is_kept


@pytest.mark.parametrize(
    "fields",
    [
        {"schema": "hardening.iam/lease/2"},
        {"account_id": "999988887777"},
        {"partition": "aws-cn"},
        {"fence": 0},
        {"fence": -1},
        {"fence": "3"},
        {"fence": True},
        {"released": 0},
        {"released": "no"},
        {"run_id": "../x"},
        {"job_id": ""},
        {"written": "soon"},
        {"expires": None},
        {"taken_from": 3},
    ],
)
def test_a_lease_of_another_form_is_none(fields: dict[str, t.Any]) -> None:
    assert parse({**RECORD, "fence": 1}).fence == 1
    with pytest.raises(ValueError, match=r"."):
        parse({**RECORD, **fields})


@pytest.mark.parametrize("name", RECORD)
def test_a_lease_that_lacks_something_is_none(name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse({key: value for key, value in RECORD.items() if key != name})


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff"])
def test_what_is_no_json_is_no_lease(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(content)


def test_a_lease_holds_until_its_end_or_its_release() -> None:
    held = parse(FULL)
    for seconds, holds in ((-1, True), (299, True), (300, False), (301, False)):
        assert held.holds_at(NOW + timedelta(seconds=seconds)) is holds
        assert not dataclasses.replace(held, is_released=True).holds_at(NOW + timedelta(seconds=seconds))


def test_a_lease_names_its_job_and_the_two_processes() -> None:
    held = parse(FULL)
    assert held.describe() == "run run-1 (job 7 of Ana on awx.acme.example)"
    assert parse(RECORD).describe() == "run run-1 (job 7)"
    assert held.processes == ("12.34", "56.78") and parse(RECORD).processes == ("", "")
    forged = dataclasses.replace(held, process="a\x1b[2J\n/x", author="")
    assert forged.describe() == "run run-1 (job 7 on a[2J)"
    assert parse({**RECORD, "author": 3}).author == "" and len(parse({**RECORD, "author": "x" * 99}).author) == 80


def test_a_containment_is_known_by_its_module() -> None:
    for module, contains in (
        ("session_revocation", True),
        ("credential_quarantine", True),
        ("organization_containment", True),
        ("rollback", False),
        ("", False),
    ):
        assert parse({**RECORD, "module": module}).is_of_containment is contains


HOLDER: t.Final = Holder("run-1", "7", "rollback", CALLER, process="awx.acme.example/ab-12.34")


def test_a_module_of_the_same_job_is_known_by_run_job_and_process() -> None:
    held = parse(FULL)
    assert HOLDER.is_same_job(held)
    # Two AWX controllers with one journal may have jobs with the same number.
    for fields in ({"run_id": "run-2"}, {"job_id": "8"}, {"process": "other/ab-12.34"}):
        assert not dataclasses.replace(HOLDER, **fields).is_same_job(held)
    # Another module and another caller of the job are the same job.
    assert dataclasses.replace(HOLDER, module="x", caller_arn="y", host="z").is_same_job(held)


@pytest.mark.parametrize(
    ("run_id", "is_given"),
    [
        ("release-7", True),
        ("7a", True),
        ("20260301T120000", True),
        ("7", False),
        ("12345", False),
        ("20260301T120000Z", False),
        ("20260301T120000Z-ab12", False),
    ],
)
def test_an_id_that_a_run_or_awx_made_is_not_given(run_id: str, is_given: bool) -> None:
    assert dataclasses.replace(HOLDER, run_id=run_id).has_given_id is is_given


def test_a_process_has_a_name_that_no_other_has() -> None:
    one, other = name_process("awx/1"), name_process("awx/1")
    assert one != other and one.startswith("awx/1/")
    held = dataclasses.replace(parse(FULL), process=one)
    assert held.processes[0].partition(".")[0] == str(os.getpid()) and "on awx/1)" in held.describe()
    # A process that is not there has no start, so nobody takes it for one that has ended.
    assert name_process("awx/1", pid=2**22 + 1).endswith("-")
    assert name_process().rpartition("/")[0]


@pytest.mark.parametrize(
    ("arn", "named"),
    [
        (
            "arn:aws:sts::111122223333:assumed-role/automation/job-1",
            "arn:aws:sts::111122223333:assumed-role/automation",
        ),
        ("arn:aws-cn:sts::1:assumed-role/a/b/c", "arn:aws-cn:sts::1:assumed-role/a"),
        ("arn:aws:iam::111122223333:user/a/b", "arn:aws:iam::111122223333:user/a/b"),
        ("arn:aws:sts::111122223333:federated-user/ana", "arn:aws:sts::111122223333:federated-user/ana"),
    ],
)
def test_a_role_is_the_same_principal_in_each_session(arn: str, named: str) -> None:
    assert name_principal(arn) == named
