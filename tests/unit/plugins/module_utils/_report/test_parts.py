# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of several jobs that share a run. What else holds of parts is in test__reporting.py."""

from __future__ import annotations

import dataclasses
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import check_plan, combine_plans
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._report.document import DocumentError, complete, encode
from ansible_collections.hardening.iam.plugins.module_utils._report.least_privilege_text import condense
from ansible_collections.hardening.iam.plugins.module_utils._report.parts import (
    Parts,
    check_part,
    mark,
    part_folder,
    part_key,
    read_parts,
)

from . import new_policies, samples, sized

RUN = samples.run().id
FIRST = samples.KEY_CHANGE
SECOND = dataclasses.replace(FIRST, target=f"{FIRST.target}-2")
EARLY, LATE = "2026-11-25T02:00:00Z", "2026-11-25T03:00:00Z"


class Place:
    """A report place in which jobs of one run leave parts of one module."""

    def __init__(self, directory: Path) -> None:
        self.store = DirectoryStore(str(directory))

    def leave(self, job: str, change: Change, *, written: str, module: str = "access_keys", **fields: t.Any) -> None:
        part = samples.part(module, change, run_id=RUN, check_mode=False, written=written, **fields)
        self.store.put(part_key(samples.ACCOUNT, RUN, module, job_id=job), encode(part))

    def begin(self, job: str, error: t.Optional[str] = None) -> None:
        key = part_key(samples.ACCOUNT, RUN, "access_keys", job_id=job)
        said = mark(module="access_keys", run_id=RUN, check_mode=False, written=samples.NOW, error=error)
        self.store.put(key, said.replace(b"2026-11-25T02", b"2026-11-24T02"))

    def read(self, mode: str = "enforce") -> Parts:
        return read_parts(self.store, samples.ACCOUNT, RUN, mode=mode)

    def changes(self) -> list[tuple[str, bool]]:
        report = complete(samples.assessment(), self.read().parts, reveal_key_ids=True)
        return [(change["target"], change["applied"]) for change in report["changes"]]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_a_second_job_changed_hides_nothing_of_the_first(place: Place) -> None:
    place.leave("17", FIRST, written=EARLY, applied=True)
    place.leave("18", SECOND, written=LATE, applied=True)
    assert place.changes() == [(FIRST.target, True), (SECOND.target, True)]
    assert not place.read().problems
    # A plan holds exactly what the report shows.
    found = [part["plan"] for part in place.read().parts]
    plan = combine_plans(found, account_id=samples.ACCOUNT, run_id=RUN)
    assert [change.target for change in check_plan(plan)] == [FIRST.target, SECOND.target]
    assert [len(check_plan(document)) for document in found] == [1, 1]


def test_the_newest_part_is_found_by_its_time_and_not_by_the_name_of_its_job(place: Place) -> None:
    place.leave("99", FIRST, written=LATE)
    place.leave("100", SECOND, written=EARLY)
    assert place.changes() == [(FIRST.target, False)]


def test_of_two_jobs_of_one_second_that_with_the_higher_number_is_newer(place: Place) -> None:
    for job, change in (("100", SECOND), ("99", FIRST)):
        place.leave(job, change, written=EARLY)
    assert place.changes() == [(SECOND.target, False)]


def test_what_an_earlier_job_only_planned_is_looked_at_again_by_the_next(place: Place) -> None:
    refusal = samples.REFUSAL.as_dict()
    finding = samples.failing()[0].as_dict(reveal_key_ids=True)
    place.leave("17", FIRST, written=EARLY, refused=[refusal], findings=[finding], error="AccessDenied")
    place.leave("18", SECOND, written=LATE)
    earlier, newest = place.read().parts
    assert not earlier["changes"] and not earlier["refused"] and not earlier.get("findings")
    assert not earlier.get("error") and "plan" not in earlier
    assert newest["changes"]


def test_changes_made_before_a_job_failed_are_shown_with_what_the_next_one_plans(place: Place) -> None:
    place.leave("17", FIRST, written=EARLY, applied=True, error="Throttling")
    place.leave("18", SECOND, written=LATE)
    assert place.changes() == [(FIRST.target, True), (SECOND.target, False)]


def test_other_modules_of_an_earlier_job_count_as_they_are(place: Place) -> None:
    place.leave("17", FIRST, written=EARLY, module="security_hub")
    place.leave("18", SECOND, written=LATE)
    assert sorted(place.changes()) == [(FIRST.target, False), (SECOND.target, False)]


def test_a_job_that_checked_adds_nothing_to_one_that_enforced(place: Place) -> None:
    place.leave("17", FIRST, written=EARLY, applied=True)
    place.leave("18", SECOND, written=LATE)
    assert place.read("check").parts == ()


def test_an_earlier_job_that_was_cut_off_is_named(place: Place) -> None:
    place.begin("17")
    place.leave("18", SECOND, written=LATE)
    report = complete(samples.assessment(), place.read().parts)
    assert not place.read().problems
    (error,) = (error for error in report["errors"] if error["operation"] == "access_keys")
    assert "job 17 of this run left no result" in error["reason"]
    assert place.changes() == [(SECOND.target, False)]


def test_an_earlier_job_that_failed_before_it_did_anything_is_done_with(place: Place) -> None:
    place.begin("17", error="AccessDenied")
    place.leave("18", SECOND, written=LATE)
    assert complete(samples.assessment(), place.read().parts)["errors"] == samples.assessment()["errors"]


@pytest.mark.parametrize("job", ["17", "19"])
def test_a_forged_part_of_any_job_makes_the_report_incomplete(place: Place, job: str) -> None:
    place.leave("18", SECOND, written=EARLY, applied=True)
    place.leave(job, FIRST, written=LATE if job == "19" else "", applied=True, plan=None)
    assert list(place.read().problems) == ["access_keys"]
    assert "a plan that can't be approved" in place.read().problems["access_keys"]


@pytest.mark.parametrize("job", ["17", "18"])
@pytest.mark.parametrize("check_mode", [None, "false", 0])
def test_a_part_of_no_mode_does_not_vanish_from_the_report(place: Place, job: str, check_mode: object) -> None:
    place.leave("17", FIRST, written=EARLY, applied=True)
    place.leave("18", SECOND, written=LATE, applied=True)
    forged = samples.part("access_keys", FIRST, run_id=RUN, check_mode=check_mode)
    place.store.put(part_key(samples.ACCOUNT, RUN, "access_keys", job_id=job), encode(forged))
    for mode in ("check", "enforce"):
        assert "its check_mode is neither true nor false" in place.read(mode).problems[f"{job}/access_keys.json"]


@pytest.mark.parametrize("job", ["17", "18"])
def test_a_plan_without_its_time_is_no_part_of_a_report(place: Place, job: str) -> None:
    place.leave("17", FIRST, written=EARLY, applied=True)
    place.leave("18", SECOND, written=LATE)
    key = part_key(samples.ACCOUNT, RUN, "access_keys", job_id=job)
    content = place.store.get(key) or b""
    place.store.put(key, content.replace(b'"created"', b'"made"'))
    assert "without the time at which it was made" in place.read().problems["access_keys"]


def test_parts_of_jobs_are_below_the_folder_of_their_run() -> None:
    assert part_key("111122223333", "9", "x", job_id="17") == "111122223333/parts/9/17/x.json"
    assert part_key("111122223333", "9", "x") == "111122223333/parts/9/x.json"
    assert part_folder("111122223333", "9") == "111122223333/parts/9/"


def test_a_patch_that_is_no_text_makes_a_part_malformed() -> None:
    refusal = {"rule": "foreign_owner", "reason": "r", "target": "t", "operation": "o"}
    check_part({"refused": [{**refusal, "patch": "text"}, refusal]}, samples.ACCOUNT)
    with pytest.raises(DocumentError, match="a refusal whose patch is no text"):
        check_part({"refused": [{**refusal, "patch": ["text"]}]}, samples.ACCOUNT)


@pytest.mark.parametrize(
    "fields",
    [
        {"privileged": None},
        {"privileged": {"before": "many", "after": 0}},
        {"removed": 10**400},
        {"used": -1},
        {"outcome": "fine"},
        {"outcome": ["proved"]},
        {"principal": {}},
        {"permission_set": 1},
        {"losses": ["text", {}]},
        {"files": "abc"},
        {"policies": None},
        {"paths": []},
    ],
    ids=str,
)
def test_new_policies_that_no_module_wrote_make_a_part_malformed(fields: dict[str, t.Any]) -> None:
    part = {"run_id": RUN, "module": "least_privilege_info"}
    item = condense(new_policies.principal(), ["a.json"])
    check_part({**part, "least_privilege": [item]}, samples.ACCOUNT)
    with pytest.raises(DocumentError, match="an entry in least_privilege"):
        check_part({**part, "least_privilege": [item, {**item, **fields}]}, samples.ACCOUNT)
    with pytest.raises(DocumentError, match="an entry in least_privilege"):
        check_part({**part, "least_privilege": [{}]}, samples.ACCOUNT)


def test_a_campaign_that_no_module_wrote_makes_a_part_malformed() -> None:
    part = {"run_id": RUN, "module": "least_privilege"}
    check_part({**part, "campaigns": [sized.make_campaign()]}, samples.ACCOUNT)
    for evil in ({}, sized.campaign(campaign="../../x"), sized.campaign(sized.role(days_left="1"))):
        with pytest.raises(DocumentError, match="an entry in campaigns"):
            check_part({**part, "campaigns": [sized.make_campaign(), evil]}, samples.ACCOUNT)
