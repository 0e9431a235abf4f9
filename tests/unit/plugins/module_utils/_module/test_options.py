# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that many modules share, typed."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._module.options import (
    FindingOptions,
    Guards,
    Run,
    StoreOptions,
    split_places,
)

STARTED: t.Final = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("mode", "check_mode", "enforces", "writes"),
    [
        ("enforce", False, True, True),
        ("enforce", True, True, False),
        ("report", False, False, False),
        ("report", True, False, False),
    ],
)
def test_only_enforcing_without_check_mode_writes(mode: str, check_mode: bool, enforces: bool, writes: bool) -> None:
    run = Run("run", "job", mode, check_mode, STARTED)
    assert (run.enforces, run.writes) == (enforces, writes)


def test_a_place_has_the_key_and_the_role_of_its_own_options() -> None:
    options = {
        "journal": "s3://acme/journal",
        "journal_kms_key_id": "alias/journal",
        "journal_role_arn": "arn:aws:iam::111122223333:role/journal",
        "report_dir": "s3://acme/reports",
        "report_kms_key_id": "",
        "report_role_arn": None,
    }
    journal = StoreOptions.from_options(options, "journal", prefix="journal")
    values = (options[name] for name in ("journal", "journal_kms_key_id", "journal_role_arn"))
    assert journal == StoreOptions(*values, option="journal", prefix="journal")
    reports = StoreOptions.from_options(options, "report_dir", prefix="report")
    assert reports == StoreOptions("s3://acme/reports", option="report_dir", prefix="report")


def test_guards_are_those_that_the_module_has() -> None:
    given = Guards.from_options({"break_glass": ["glass-*"], "max_changes": 3, "max_percent": 7, "on_refusal": "fail"})
    assert (given.break_glass, given.limits.max_changes, given.limits.max_percent) == (("glass-*",), 3, 7)
    assert given.fails_on_refusal
    assert Guards.from_options({}) == Guards()
    assert not Guards.from_options({"on_refusal": "report"}).fails_on_refusal
    with pytest.raises(InputError, match="max_percent: 101 is not allowed"):
        Guards.from_options({"max_percent": 101})


def test_a_module_without_the_options_returns_no_findings() -> None:
    assert FindingOptions.from_options({}) == FindingOptions("none", reveal_key_ids=False)
    given = FindingOptions.from_options({"return_findings": "all", "reveal_key_ids": True})
    assert (given.returned, given.reveal_key_ids) == ("all", True)


@pytest.mark.parametrize(
    ("value", "places"),
    [
        (None, []),
        ("", []),
        ("  ", []),
        ([], []),
        ("./logs", ["./logs"]),
        ("s3://one, s3://two/AWSLogs ,", ["s3://one", "s3://two/AWSLogs"]),
        (["s3://one", " s3://two", "s3://one"], ["s3://one", "s3://two"]),
        ('["s3://one", "s3://two"]', ["s3://one", "s3://two"]),
        # As Ansible leaves the list in JSON after it divided the text at its commas.
        (['["s3://one"', ' "s3://two"]'], ["s3://one", "s3://two"]),
        ("[odd", ["[odd"]),
        ("[odd]", ["[odd]"]),
    ],
)
def test_places_are_a_list_or_a_text(value: t.Any, places: list[str]) -> None:
    assert split_places(value) == places
    options = {"trail_logs": value, "trail_logs_role_arn": "arn:aws:iam::111122223333:role/logs"}
    found = StoreOptions.list_from_options(options, "trail_logs", prefix="trail_logs")
    assert [(place.location, place.role_arn) for place in found] == [
        (place, "arn:aws:iam::111122223333:role/logs") for place in places
    ]
