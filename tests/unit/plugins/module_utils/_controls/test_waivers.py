# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waivers: what is accepted, until when, and what is told of them."""

from __future__ import annotations

import datetime as dt
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._controls.regions import REGION_CONTROL
from ansible_collections.hardening.iam.plugins.module_utils._controls.waivers import WaiverError, apply, parse
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import (
    Evidence,
    Finding,
    Remediation,
    Severity,
    Status,
)

pytestmark = pytest.mark.dated
TODAY = dt.date(2026, 11, 25)
KNOWN = {"access_key_unused": Severity.MEDIUM, "root_mfa_enabled": Severity.CRITICAL}
SVC = "arn:aws:iam::111122223333:user/svc-backup"


def entry(**fields: t.Any) -> dict[str, t.Any]:
    values: dict[str, t.Any] = {
        "control": "access_key_unused",
        "accounts": ["*"],
        "resources": ["*"],
        "reason": "moves in March",
        "owner": "backup team",
        "ticket": "SEC-1",
        "approved_by": "ciso",
        "expires": "2027-03-31",
    }
    return {**values, **fields}


def parse_entries(*entries: t.Any, today: dt.date = TODAY, max_days: int = 365) -> t.Any:
    return parse(list(entries), known_controls=KNOWN, today=today, max_days=max_days)


def finding(resource: str = SVC, status: Status = Status.FAIL, **fields: t.Any) -> Finding:
    values: dict[str, t.Any] = {
        "control": "access_key_unused",
        "status": status,
        "severity": Severity.MEDIUM,
        "account_id": "111122223333",
        "region": "global",
        "resource": resource,
        "title": "",
        "detail": "unused",
        "evidence": Evidence(),
        "remediation": Remediation(""),
        "compliance": {},
        "resource_detail": "access key 1",
    }
    return Finding(**{**values, **fields})


def test_all_mistakes_of_a_file_are_named_at_once() -> None:
    first = entry(control="access_key_unusd", expires="31.03.2027", owner=None)
    with pytest.raises(WaiverError) as caught:
        parse_entries(first, entry())
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == [
        "waivers[0]",
        "waivers[0].control",
        "waivers[0].expires",
    ]


def test_many_mistakes_take_three_lines() -> None:
    with pytest.raises(WaiverError) as caught:
        parse_entries(*(entry(control=f"none_{number}") for number in range(40)))
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) < 270
    named = str(caught.value).count("there is no control")
    assert lines[-1].endswith(f"; and {40 - named} more")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"accounts": ["111122223333"]},
        {"accounts": "1111*"},
        {"accounts": [111122223333]},
        {"accounts": [" 111122223333 "], "resources": f" {SVC}"},
        {"resources": [SVC]},
        {"resources": ["arn:aws:iam::*:user/svc-*"]},
        {"resources": ["user/svc-backup"]},
        {"resources": ["access key 1"]},
        {"resources": [f"{SVC}#access key 1"]},
        {"resources": ["nothing", "*backup"]},
        {"regions": ["global"]},
        {"regions": "*"},
        {"severity": "medium"},
        {"severity": "high"},
        {"reason_fingerprint": "*"},
        {"expires": "2026-11-25"},
        {"expires": dt.date(2026, 11, 25)},
        {"expires": dt.datetime(2026, 11, 25, 23, 0, tzinfo=dt.UTC)},
    ],
)
def test_a_matching_waiver_in_force_waives(fields: dict[str, t.Any]) -> None:
    """The last day counts, in UTC."""
    (found,), records, _warnings = apply([finding()], parse_entries(entry(**fields)), TODAY)
    assert found.status is Status.WAIVED
    assert found.waiver is not None and found.waiver["owner"] == "backup team"
    assert found.fingerprint == finding().fingerprint
    assert records[0]["matched"] == 1 and records[0]["expired"] is False


@pytest.mark.parametrize(
    "fields",
    [
        {"accounts": ["999988887777"]},
        {"accounts": "9999*"},
        {"resources": ["svc-backup"]},
        {"control": "root_mfa_enabled"},
        {"resources": ["access key 2"]},
    ],
)
def test_others_are_left_alone(fields: dict[str, t.Any]) -> None:
    (found,), _records, _warnings = apply([finding()], parse_entries(entry(**fields)), TODAY)
    assert found == finding()


@pytest.mark.parametrize("status", [Status.PASS, Status.NOT_ASSESSED, Status.NOT_APPLICABLE])
def test_only_failures_are_waived(status: Status) -> None:
    (found,), _records, warnings = apply([finding(status=status)], parse_entries(entry()), TODAY)
    assert found.status is status
    assert warnings == ["waiver 0 (access_key_unused, SEC-1 of backup team) matches no failed finding"]


def test_an_expired_waiver_fails_again_and_says_so() -> None:
    (found,), records, warnings = apply([finding()], parse_entries(entry(expires="2026-11-24")), TODAY)
    assert found.status is Status.FAIL
    assert found.detail == "unused; the waiver of backup team (SEC-1) expired on 2026-11-24"
    assert records[0]["expired"] is True
    assert warnings == [
        "waiver 0 (access_key_unused, SEC-1 of backup team) expired on 2026-11-24: its 1 findings fail again"
    ]


def test_one_in_force_beats_an_expired_one() -> None:
    waivers = parse_entries(entry(expires="2026-01-01"), entry(ticket="SEC-2"))
    (found,), _records, _warnings = apply([finding()], waivers, TODAY)
    assert found.status is Status.WAIVED and found.waiver is not None and found.waiver["ticket"] == "SEC-2"


@pytest.mark.parametrize(("expires", "warned"), [("2026-12-25", True), ("2026-12-26", False), ("2026-11-25", True)])
def test_expiry_within_thirty_days_is_a_warning(expires: str, warned: bool) -> None:
    _found, _records, warnings = apply([finding()], parse_entries(entry(expires=expires)), TODAY)
    assert bool(warnings) is warned
    assert not warned or f"expires on {expires}" in warnings[0]


def test_waivers_of_other_accounts_are_no_business_here() -> None:
    _found, records, warnings = apply([finding()], parse_entries(entry(accounts=["999988887777"])), TODAY)
    assert records == [] and warnings == []


def test_a_record_is_plain_data() -> None:
    _found, (record,), _warnings = apply([finding()], parse_entries(entry(expires=dt.date(2027, 3, 31))), TODAY)
    limits = {"regions": ["global"], "severity": "medium", "reason_fingerprint": []}
    assert record == {**entry(), **limits, "expired": False, "matched": 1, "uncovered": 0}


def test_nothing_is_waived_by_no_waivers() -> None:
    assert parse(None, known_controls=KNOWN, today=TODAY) == ()
    assert apply([finding()], (), TODAY) == ((finding(),), [], [])


# In UTC it is in the year 10000.
BEYOND: t.Final = dt.datetime(9999, 12, 31, 23, tzinfo=dt.timezone(dt.timedelta(hours=-10)))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("waivers.yml", "waivers: a list of waivers is expected, not 'waivers.yml'"),
        ({"control": "x"}, "waivers: a list of waivers is expected"),
        ([None], r"waivers\[0\]: a mapping with the keys control, accounts"),
        ([entry(), "text"], r"waivers\[1\]: a mapping"),
        ([entry(until="2027-01-01")], r"waivers\[0\]: there is no key 'until'; allowed are control, accounts"),
        ([entry(owner="")], r"waivers\[0\]: owner missing or empty"),
        ([entry(owner=None, ticket=None)], r"waivers\[0\]: owner, ticket missing or empty"),
        ([entry(resources=[])], r"waivers\[0\]: resources missing or empty"),
        ([entry(reason="  ", approved_by="\t")], r"waivers\[0\]: reason, approved_by missing or empty"),
        ([entry(owner=0)], r"waivers\[0\].owner: 0 says nothing; a text is expected"),
        ([entry(owner="0")], r"waivers\[0\].owner: '0' says nothing"),
        ([entry(approved_by=True)], r"waivers\[0\].approved_by: True says nothing"),
        ([entry(owner=["backup team"])], r"waivers\[0\].owner: \['backup team'\] says nothing"),
        ([entry(reason="-")], r"waivers\[0\].reason: '-' says nothing"),
        ([entry(severity="severe")], r"waivers\[0\].severity: 'severe' is none of critical, high, medium, low"),
        ([entry(regions=[1.5])], r"waivers\[0\].regions: 1.5 is not a pattern"),
        ([entry(reason_fingerprint="abc")], r"waivers\[0\].reason_fingerprint: 'abc' is not the fingerprint"),
        (
            [entry(control="access_key_unusd")],
            r"waivers\[0\].control: .*'access_key_unusd'; did you mean access_key_unused",
        ),
        ([entry(expires="31.03.2027")], r"waivers\[0\].expires: '31.03.2027' is not a date such as"),
        ([entry(expires="2027-02-30")], r"waivers\[0\].expires: '2027-02-30' is not a date"),
        ([entry(expires=True)], r"waivers\[0\].expires: True is not a date"),
        ([entry(expires=BEYOND)], r"waivers\[0\].expires: .* is not a date"),
        (
            [entry(accounts="111122223333, 444455556666")],
            r"waivers\[0\].accounts: '111122223333, 444455556666' is neither an account id nor a pattern",
        ),
        ([entry(accounts=["acme-dev"])], r"waivers\[0\].accounts: 'acme-dev' is neither"),
        ([entry(expires="2027-11-26")], r"2027-11-26 is more than 365 days ahead; the latest is 2027-11-25"),
        ([entry(accounts=[True])], r"waivers\[0\].accounts: True is not a pattern"),
        ([entry(resources=[{"a": 1}])], r"waivers\[0\].resources: .* is not a pattern"),
    ],
)
def test_errors_name_the_place(value: t.Any, message: str) -> None:
    with pytest.raises(WaiverError, match=message):
        parse(value, known_controls=KNOWN, today=TODAY)


def test_the_farthest_date() -> None:
    assert parse_entries(entry(expires="2027-11-25"))
    assert parse_entries(entry(expires="2026-11-30"), max_days=5)
    with pytest.raises(WaiverError, match="more than 5 days ahead"):
        parse_entries(entry(expires="2026-12-01"), max_days=5)


@pytest.mark.parametrize("number", [11122223333, 1402433619, 31, 0, -5, 1111222233334444])
def test_an_account_id_that_yaml_read_as_another_number_is_refused(number: int) -> None:
    """YAML reads 012345670123 as 1402433619: with zeros before it, the waiver would cover somebody else's account."""
    with pytest.raises(WaiverError, match=r"waivers\[0\]\.accounts: .* is not an account id of 12 digits"):
        parse_entries(entry(accounts=[number]))


def test_a_number_that_names_a_resource_stays_as_it_is() -> None:
    assert parse_entries(entry(resources=[7]))[0].resources == ("7",)


def bomb() -> t.Any:
    """What a few lines of YAML with aliases make: 10^9 values."""
    value: t.Any = ["x"] * 10
    for _level in range(8):
        value = [value] * 10
    return value


@pytest.mark.parametrize("name", [*entry(), "regions", "severity", "reason_fingerprint"])
def test_a_wrong_value_of_any_size_makes_a_short_message(name: str) -> None:
    with pytest.raises(WaiverError) as caught:
        parse_entries(entry(**{name: bomb()}))
    assert len(str(caught.value)) < 500
    with pytest.raises(WaiverError) as caught:
        parse_entries(bomb())
    assert len(str(caught.value)) < 500


def test_a_moment_expires_on_its_day_in_utc() -> None:
    east = dt.datetime(2027, 1, 2, 1, tzinfo=dt.timezone(dt.timedelta(hours=5)))
    assert parse_entries(entry(expires=east))[0].expires == dt.date(2027, 1, 1)


def test_an_unassessed_region_has_a_name_for_waivers_too() -> None:
    assert parse_entries(entry(control=REGION_CONTROL))[0].control == REGION_CONTROL


def trusting(*accounts: str, **fields: t.Any) -> Finding:
    """A finding that fails because of whom a role trusts."""
    evidence = Evidence({"trusts": [f"account {account}" for account in accounts]})
    return finding(evidence=evidence, **fields)


def judge_finding(item: Finding, **fields: t.Any) -> tuple[Finding, list[str]]:
    (found,), _records, warnings = apply([item], parse_entries(entry(**fields)), TODAY)
    return found, warnings


def test_a_ticket_may_be_a_number() -> None:
    assert parse_entries(entry(ticket=4711))[0].ticket == "4711"


def test_a_waiver_covers_the_reason_that_was_waived() -> None:
    """F8: another foreign account is another finding, although control and resource are the same."""
    accepted = trusting("999988887777")
    found, _warnings = judge_finding(accepted, reason_fingerprint=accepted.reason_fingerprint)
    assert found.status is Status.WAIVED
    more = trusting("999988887777", "444455556666")
    found, warnings = judge_finding(more, reason_fingerprint=accepted.reason_fingerprint)
    assert found.status is Status.FAIL
    assert found.detail == (
        "unused; the waiver of backup team (SEC-1) does not cover it: the reason changed since it was waived "
        f"(now reason_fingerprint: {more.reason_fingerprint})"
    )
    assert warnings == [
        "waiver 0 (access_key_unused, SEC-1 of backup team) does not cover 1 findings that it names. Each of them "
        "gives the reason and the missing key"
    ]
    both = [accepted.reason_fingerprint, more.reason_fingerprint]
    assert judge_finding(more, reason_fingerprint=both)[0].status is Status.WAIVED


def test_a_waiver_that_names_no_reason_covers_none() -> None:
    """A waiver of an older version says what to add to it."""
    found, _warnings = judge_finding(trusting("999988887777"))
    assert found.status is Status.FAIL
    fingerprint = trusting("999988887777").reason_fingerprint
    assert f"does not say which reason it accepts (reason_fingerprint: {fingerprint})" in found.detail
    assert judge_finding(trusting("999988887777"), reason_fingerprint="*")[0].status is Status.WAIVED


def test_a_higher_severity_is_not_covered() -> None:
    found, _warnings = judge_finding(finding(severity=Severity.HIGH))
    assert found.status is Status.FAIL
    assert found.detail.endswith("does not cover it: it accepts medium at most, and this is high (severity)")
    assert judge_finding(finding(severity=Severity.HIGH), severity="high")[0].status is Status.WAIVED
    assert judge_finding(finding(severity=Severity.LOW))[0].status is Status.WAIVED


def test_regions_are_covered_by_name() -> None:
    found, _warnings = judge_finding(finding(region="eu-west-1"))
    assert found.status is Status.FAIL
    assert found.detail.endswith("does not cover it: it is for global, and this is in eu-west-1 (regions)")
    assert judge_finding(finding(region="eu-west-1"), regions=["eu-*"])[0].status is Status.WAIVED
    assert judge_finding(finding(region="us-east-1"), regions=["eu-*"])[0].status is Status.FAIL
    assert judge_finding(finding(), regions=["eu-*"])[0].status is Status.FAIL


def test_another_waiver_may_cover_what_one_does_not() -> None:
    accepted = trusting("999988887777")
    waivers = parse_entries(entry(), entry(ticket="SEC-2", reason_fingerprint=accepted.reason_fingerprint))
    (found,), records, _warnings = apply([accepted], waivers, TODAY)
    assert found.status is Status.WAIVED and found.waiver is not None and found.waiver["ticket"] == "SEC-2"
    assert [(record["matched"], record["uncovered"]) for record in records] == [(0, 1), (1, 0)]


def test_a_key_may_be_named_as_reports_show_it() -> None:
    key = finding(resource_detail="AKIAIOSFODNN7EXAMPLE")
    masked = key.as_dict()["resource_detail"]
    assert judge_finding(key, resources=[f"{SVC}#{masked}"])[0].status is Status.WAIVED
    assert judge_finding(key, resources=[f"{SVC}-2#{masked}"])[0].status is Status.FAIL
