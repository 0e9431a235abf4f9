# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Principals for emergencies: there, not used, tested; and how much a tag is believed."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._controls.assess import assess
from ansible_collections.hardening.iam.plugins.module_utils._controls.catalogue.break_glass import CONTROLS, TESTED

from ..samples import (
    ADMIN,
    NOW,
    ROOT,
    arn,
    days_ago,
    judge,
    key,
    people,
    role,
    row,
    snapshot,
    status,
    trust,
    unread,
    user,
)

PATH = "/iam-hardening/break-glass/"
ARN = arn("role", "iam-hardening/break-glass/admin")


WORKING: dict[str, t.Any] = {
    "trust": trust({"AWS": "arn:aws:iam::999988887777:root"}),
    "attached_policies": (ADMIN,),
}


def make_account(used: t.Optional[float] = None, tag: t.Optional[str] = None, **fields: t.Any) -> Snapshot:
    """An account with a break-glass role, used so many days ago, with a tag that tells of a test."""
    tags = {} if tag is None else {TESTED: tag}
    last_used = None if used is None else days_ago(used)
    kept_role = role("admin", arn=ARN, path=PATH, last_used=last_used, tags=tags, **WORKING)
    return snapshot(roles=(role("app"), kept_role), **fields)


def day(days: float) -> str:
    return days_ago(days).date().isoformat()


def test_a_principal_is_known_by_its_path() -> None:
    (finding,) = judge("break_glass_principal", make_account())
    assert (finding.status.value, finding.detail) == ("PASS", "admin")
    of_template = snapshot(roles=(role("break-glass", arn=arn("role", "iam-hardening/break-glass"), **WORKING),))
    assert status("break_glass_principal", of_template) == "PASS"


def test_a_principal_is_known_by_its_declaration() -> None:
    fighting = people(row("Firefighter", password_enabled=True))
    account = dataclasses.replace(
        fighting, users=(user("Firefighter", attached_policies=(ADMIN,)),), roles=(role("app"),)
    )
    chosen = [control for control in CONTROLS if control.id == "break_glass_principal"]
    (found,) = assess(account, controls=chosen, break_glass=["arn:aws:iam::*:user/fire*"])
    assert (found.status.value, found.detail) == ("PASS", "Firefighter")
    (missing,) = assess(account, controls=chosen, break_glass=["arn:aws:iam::*:user/water*"])
    assert missing.status.value == "FAIL"
    assert missing.resource == ROOT
    assert "arn:aws:iam::*:user/water* matches none" in missing.detail


@pytest.mark.parametrize(
    ("control", "expected"),
    [
        ("break_glass_principal", "FAIL"),
        ("break_glass_unused", "NOT_APPLICABLE"),
        ("break_glass_tested", "NOT_APPLICABLE"),
    ],
)
def test_an_account_without_one(control: str, expected: str) -> None:
    assert status(control, snapshot(roles=(role("app"),))) == expected
    assert status(control, snapshot(unread=(unread(Dataset.AUTHORIZATION_DETAILS),))) == "NOT_ASSESSED"


@pytest.mark.parametrize(
    ("used", "expected"), [(None, "PASS"), (8, "PASS"), (7.5, "FAIL"), (7, "FAIL"), (0, "FAIL"), (-1, "FAIL")]
)
def test_use(used: t.Optional[float], expected: str) -> None:
    assert status("break_glass_unused", make_account(used)) == expected


def test_a_tag_explains_a_use_and_excuses_none() -> None:
    (finding,) = judge("break_glass_unused", make_account(3, day(3)))
    assert (finding.status.value, finding.resource) == ("FAIL", ARN)
    assert finding.detail.startswith(f"used 3 days ago; its tag {TESTED} says {day(3)}")
    assert finding.evidence.observed["last_used"] == days_ago(3).isoformat()
    assert finding.evidence.observed == {"last_used": days_ago(3).isoformat(), "tag": day(3), "limit_days": 7}
    (finding,) = judge("break_glass_unused", make_account(3))
    assert finding.detail == "used 3 days ago"
    assert status("break_glass_unused", make_account(3), break_glass_used_days=2) == "PASS"


def test_one_that_can_do_nothing_is_named_with_what_it_lacks() -> None:
    account = make_account()
    powerless = dataclasses.replace(account.roles[1], attached_policies=())
    (finding,) = judge("break_glass_principal", dataclasses.replace(account, roles=(powerless,)))
    assert (finding.status.value, finding.resource, finding.evidence.observed) == ("FAIL", ARN, {"usable": False})
    assert finding.detail.startswith("admin ")
    second = dataclasses.replace(powerless, name="second", arn=f"{ARN}-2")
    (finding,) = judge("break_glass_principal", dataclasses.replace(account, roles=(*account.roles, second)))
    assert (finding.status.value, finding.detail) == ("PASS", "admin")
    assert finding.evidence.observed["unusable"] == [second.arn]


@pytest.mark.parametrize(
    ("used", "tag", "expected", "said"),
    [
        (30, day(30), "PASS", "a tag is only a hint"),
        (90, day(90), "PASS", "a tag is only a hint"),
        # The tag was written after the test.
        (30.9, day(30), "PASS", "a tag is only a hint"),
        (30, days_ago(30).isoformat(), "PASS", "a tag is only a hint"),
        (30, None, "FAIL", "has no tag"),
        (92, day(92), "FAIL", "tested 92 days ago, as its tag"),
        (30, "last week", "FAIL", "is not a date such as 2026-11-25: last week"),
        (1, day(-3), "FAIL", "is in the future"),
        (0, days_ago(-1.5).isoformat(), "FAIL", "is in the future"),
        # A date of elsewhere in the world.
        (0, days_ago(-0.9).isoformat(), "PASS", "a tag is only a hint"),
        (31.1, days_ago(30).isoformat(), "FAIL", "AWS recorded no use since then"),
        # Forged, or written without a test.
        (None, day(30), "FAIL", "AWS recorded no use since then"),
        (200, day(30), "FAIL", "AWS recorded no use since then"),
    ],
)
def test_tests(used: t.Optional[float], tag: t.Optional[str], expected: str, said: str) -> None:
    (finding,) = judge("break_glass_tested", make_account(used, tag))
    assert finding.status.value == expected
    assert said in finding.detail


def fighter(**fields: t.Any) -> Snapshot:
    """An account with a break-glass user, tested thirty days ago."""
    name = arn("user", "iam-hardening/break-glass/fighter")
    account = people(row("fighter", arn=name, **fields))
    return dataclasses.replace(account, users=(user("fighter", arn=name, path=PATH, tags={TESTED: day(30)}),))


@pytest.mark.parametrize(
    ("fields", "unused", "tested"),
    [
        ({"password_last_used": days_ago(30)}, "PASS", "PASS"),
        ({"access_keys": (key(used=2),)}, "FAIL", "PASS"),
        ({"password_last_used": days_ago(30), "access_keys": (key(used=1),)}, "FAIL", "PASS"),
        ({"password_enabled": True}, "PASS", "FAIL"),
    ],
)
def test_the_use_of_users_stands_in_the_credential_report(fields: dict[str, t.Any], unused: str, tested: str) -> None:
    assert status("break_glass_unused", fighter(**fields)) == unused
    assert status("break_glass_tested", fighter(**fields)) == tested


def test_a_user_without_rights_fails_unless_the_report_does_not_know_it() -> None:
    known = fighter(password_enabled=True)
    assert status("break_glass_principal", known) == "FAIL"
    newer = dataclasses.replace(known, credential_report=people().credential_report)
    (finding,) = judge("break_glass_principal", newer)
    assert finding.status.value == "NOT_ASSESSED"
    assert finding.detail == "not known whether it can be used: the credential report does not list it yet"


@pytest.mark.parametrize("control", ["break_glass_unused", "break_glass_tested"])
def test_what_the_report_does_not_tell_of_a_user_is_not_assessed(control: str) -> None:
    whole = fighter()
    newer = dataclasses.replace(whole, credential_report=people().credential_report)
    assert "does not list them yet" in judge(control, newer)[0].detail
    lost = dataclasses.replace(newer, unread=(unread(Dataset.CREDENTIAL_REPORT),))
    (finding,) = judge(control, lost)
    assert finding.status.value == "NOT_ASSESSED" and "not authorized" in finding.detail


def test_a_principal_without_a_record_stands_beside_one_that_fails() -> None:
    """F4: a role that was used yesterday does not hide a user of whom nothing is known."""
    both = dataclasses.replace(fighter(), credential_report=people().credential_report, roles=make_account(1).roles)
    found = {item.resource.rpartition("/")[2]: item.status.value for item in judge("break_glass_unused", both)}
    assert found.pop("fighter") == "NOT_ASSESSED"
    assert set(found.values()) == {"FAIL"}


def test_ages_are_those_of_the_clock_of_the_assessment() -> None:
    assert status("break_glass_tested", make_account(30, day(30)), break_glass_test_days=29) == "FAIL"
    (finding,) = judge("break_glass_unused", make_account(0), now=NOW.replace(year=NOW.year + 1))
    assert finding.status.value == "PASS"
