# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A snapshot, saved and assessed again: offline, later, with another clock."""

from __future__ import annotations

import dataclasses
import datetime as dt
import stat
import typing as t

import pytest

from .conftest import EXTERNAL_ID, PROD, Ansible, MakeAnsible, Outcome, Record, role_arn

_PRESENT = dt.datetime.now(dt.UTC)
NOW, LATER = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (_PRESENT, _PRESENT + dt.timedelta(days=30)))
NO_ENDPOINT = "http://127.0.0.1:9"


@dataclasses.dataclass(frozen=True)
class Saved:
    """The run that saved the snapshot, and Ansible with no AWS to speak to."""

    ansible: Ansible
    outcome: Outcome

    def offline(self, **options: object) -> Outcome:
        return self.ansible.module(
            "assessment_info",
            **{
                "snapshot_path": "snapshot.json",
                "offline": True,
                "return_findings": "none",
                "report_dir": str(self.ansible.directory / "offline"),
                **options,
            },
        )


@pytest.fixture(scope="module")
def saved(make_ansible: MakeAnsible) -> Saved:
    ansible = make_ansible()
    outcome = ansible.module(
        "assessment_info",
        assessor_role_arn=role_arn(PROD),
        assume_role_external_id=EXTERNAL_ID,
        regions=["us-east-1", "eu-west-1"],
        snapshot_path="snapshot.json",
        now=NOW,
        return_findings="none",
        report_dir=str(ansible.directory / "reports"),
    ).succeeded()
    nowhere = ansible.with_environment(AWS_ENDPOINT_URL=NO_ENDPOINT, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    return Saved(nowhere, outcome)


def read(outcome: Outcome, directory: str) -> Record:
    """The report in a directory, without when each finding was first seen: that is about the run."""
    report = outcome.document(f"../{directory}/{PROD}/report.json")
    return {**report, "findings": [{**finding, "first_seen": None} for finding in report["findings"]]}


def old_keys(report: Record) -> set[tuple[str, str]]:
    return {
        (item["resource"], item["resource_detail"])
        for item in report["findings"]
        if item["control"] == "access_key_age" and item["status"] == "FAIL"
    }


def test_snapshot_is_the_owner_s_alone(saved: Saved) -> None:
    assert stat.S_IMODE((saved.ansible.directory / "snapshot.json").stat().st_mode) == 0o600


def test_offline_assessment_finds_the_same(saved: Saved) -> None:
    outcome = saved.offline(now=NOW).succeeded()
    assert outcome.requests == []
    live, offline = read(saved.outcome, "reports"), read(outcome, "offline")
    for key in ("findings", "summary", "scores", "frameworks", "scope", "errors", "account_alias"):
        assert offline[key] == live[key], key


def test_ages_follow_the_clock(saved: Saved) -> None:
    # The key of deploy-bot is 75 days old.
    before = old_keys(read(saved.offline(now=NOW).succeeded(), "offline"))
    after = old_keys(read(saved.offline(now=LATER).succeeded(), "offline"))
    assert before < after
    assert {resource.rpartition("/")[2] for resource, _detail in after - before} == {"deploy-bot"}


def test_other_thresholds_on_the_same_snapshot(saved: Saved) -> None:
    outcome = saved.offline(now=NOW, thresholds={"key_age_days": 1095}).succeeded()
    assert {resource.rpartition("/")[2] for resource, _detail in old_keys(read(outcome, "offline"))} == {"svc-legacy"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param("{}", "snapshot_path", id="empty"),
        pytest.param("no JSON", "snapshot_path", id="no-json"),
        pytest.param(None, "No such file", id="missing"),
    ],
)
def test_snapshot_that_is_none(saved: Saved, content: t.Optional[str], told: str) -> None:
    path = saved.ansible.directory / "broken.json"
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_text(content, encoding="utf-8")
    outcome = saved.offline(snapshot_path="broken.json")
    assert outcome.status != 0
    assert told in outcome.output
    assert "broken.json" in outcome.output
    assert "Traceback" not in outcome.output


def test_snapshot_of_another_account_is_refused(saved: Saved) -> None:
    outcome = saved.offline(account_id="333344445555")
    assert outcome.status != 0
    assert "account_id" in outcome.output
