# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t
from pathlib import Path

import jsonschema
import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Status
from ansible_collections.hardening.iam.plugins.module_utils._report.delta import compare
from ansible_collections.hardening.iam.plugins.module_utils._report.document import (
    SCHEMA,
    DocumentError,
    check_report,
    complete,
    count_statuses,
    decode,
    encode,
    headline,
)

from . import samples
from .impacts import developers, make_prediction_report


@pytest.fixture(scope="module")
def validator(checkout: Path) -> jsonschema.Draft202012Validator:
    schema = json.loads((checkout / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


REPORTS: dict[str, t.Callable[[], dict[str, t.Any]]] = {
    "as assessed": samples.assessment,
    "with changes": samples.complete_report,
    "with a delta": samples.compare_report,
    "after an upgrade": samples.report_after_upgrade,
    "with paths": lambda: samples.assessment(samples.escalations()),
    "with impacts": make_prediction_report,
    "after the changes": samples.report_after_changes,
    "clean": lambda: samples.assessment([], scores=[], frameworks={}, waivers=[], errors=[]),
    "after converging": lambda: compare(samples.complete_report(), None, samples.assessment()),
    "of a failed module": lambda: complete(
        samples.assessment(),
        [samples.part("x", samples.KEY_CHANGE, run_id=samples.run().id, error="it failed")],
    ),
}


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_is_valid_by_the_published_schema(validator: jsonschema.Draft202012Validator, name: str) -> None:
    report = json.loads(encode(REPORTS[name]()))
    problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(report)]
    assert problems == []


def _make_declaration_finding(status: str = "FAIL") -> dict[str, t.Any]:
    """A finding of a converging module about its own declaration, which no assessment makes."""
    (like,) = [item for item in samples.assessment()["findings"] if item["status"] == "FAIL"][:1]
    return {**like, "control": "organization_policy_declared", "status": status, "fingerprint": "f" * 64}


def test_what_a_module_found_of_its_own_declaration_is_reported_and_counted(
    validator: jsonschema.Draft202012Validator,
) -> None:
    assessed = samples.assessment()
    part = {**samples.part("x", samples.KEY_CHANGE, run_id=samples.run().id), "findings": [_make_declaration_finding()]}
    report = complete(assessed, [part])
    assert len(report["findings"]) == len(assessed["findings"]) + 1
    assert report["summary"]["total"] == assessed["summary"]["total"] + 1
    assert complete(report, [part]) == report
    # An id that was given once stays with its control.
    assert {**complete(report, []), "finding_numbers": {}} == {**complete(assessed, []), "finding_numbers": {}}
    assert not list(validator.iter_errors(json.loads(encode(report))))


@pytest.mark.parametrize(
    ("applied", "more", "left"),
    [
        ([True], {}, 0),
        ([False], {}, 1),
        ([True, False], {}, 1),
        ([True], {"refused": [samples.REFUSAL.as_dict()]}, 1),
        ([True], {"error": "throttled"}, 1),
    ],
    ids=["mended", "only planned", "half-way", "something was refused", "it failed"],
)
def test_what_a_module_has_mended_is_found_no_more(applied: list[bool], more: dict[str, t.Any], left: int) -> None:
    finding = _make_declaration_finding()
    change = dataclasses.replace(samples.KEY_CHANGE, remedies=(finding["fingerprint"],))
    changes = [change.as_dict(applied=made) for made in applied]
    part = samples.part("x", change, run_id=samples.run().id, findings=[finding])
    report = complete(samples.assessment(), [{**part, "changes": changes, **more}])
    found = [item for item in report["findings"] if item["control"] == finding["control"]]
    assert len(found) == left


def test_what_an_assessment_judges_itself_is_not_reported_twice() -> None:
    assessed = samples.assessment()
    part = {**samples.part("x", samples.KEY_CHANGE, run_id=samples.run().id), "findings": assessed["findings"][:2]}
    assert complete(assessed, [part])["findings"] == assessed["findings"]


def test_what_several_modules_find_is_reported_once() -> None:
    """Each module that converges reads the records of incidents."""
    finding = {**_make_declaration_finding(), "control": "incident_unconfirmed"}
    parts = [
        {**samples.part(name, samples.KEY_CHANGE, run_id=samples.run().id), "findings": [finding]} for name in "xyz"
    ]
    report = complete(samples.assessment(), parts)
    assert [item["control"] for item in report["findings"]].count("incident_unconfirmed") == 1


def test_findings_of_modules_are_compared_with_no_earlier_run() -> None:
    part = {**samples.part("x", samples.KEY_CHANGE, run_id=samples.run().id), "findings": [_make_declaration_finding()]}
    earlier = complete(samples.assessment(), [part])
    delta = compare(samples.assessment(), earlier)["delta"]
    assert (delta["new"], delta["resolved"], delta["not_assessed"]) == ([], [], [])


def test_the_schema_wants_every_step_of_a_path(validator: jsonschema.Draft202012Validator) -> None:
    report = json.loads(encode(samples.assessment([samples.path("user/a assume role/x")])))
    del report["findings"][0]["evidence"]["observed"]["path"][0]["conditions"]
    assert [error.json_path for error in validator.iter_errors(report)] == ["$.findings[0].evidence.observed.path[0]"]


def test_the_schema_admits_no_other_keys(validator: jsonschema.Draft202012Validator) -> None:
    report = samples.complete_report()
    assert not validator.is_valid({**report, "extra": 1})
    assert not validator.is_valid({**report, "findings": [{**report["findings"][0], "status": "MAYBE"}]})


def test_findings_stand_in_the_order_in_which_people_read_them() -> None:
    report = samples.assessment(list(reversed(samples.failing() + samples.make_other_findings())))
    assert report["findings"] == samples.assessment()["findings"]
    order = [(finding["status"], finding["severity"]) for finding in report["findings"]]
    assert order[:2] == [("FAIL", "critical")] * 2
    assert [status for status, _severity in order[16:]] == ["WAIVED", "NOT_ASSESSED", "PASS", "NOT_APPLICABLE"]


def test_the_summary_counts_what_fails() -> None:
    report = samples.assessment()
    assert report["summary"] == {"critical": 2, "high": 10, "medium": 3, "low": 1, "total": 16}
    assert count_statuses(report["findings"]) == {
        "PASS": 1,
        "FAIL": 16,
        "NOT_ASSESSED": 1,
        "NOT_APPLICABLE": 1,
        "WAIVED": 1,
    }


def test_key_ids_are_masked_unless_they_are_asked_for() -> None:
    key = samples.OLD_KEYS["legacy-erp"]
    masked, plain = samples.assessment(), samples.assessment(reveal_key_ids=True)
    assert key not in encode(masked).decode()
    assert "AKIA…MPQA" in encode(masked).decode()
    assert key in encode(plain).decode()
    assert [item["fingerprint"] for item in masked["findings"]] == [item["fingerprint"] for item in plain["findings"]]


def test_key_ids_in_waivers_and_errors_are_masked_unless_they_are_asked_for() -> None:
    key = samples.OLD_KEYS["legacy-erp"]
    said: dict[str, t.Any] = {"waivers": [{"resources": [f"*{key}"]}], "errors": [{"reason": f"no such key: {key}"}]}
    masked = samples.assessment(**said)
    assert masked["waivers"] == [{"resources": ["*AKIA…MPQA"]}]
    assert masked["errors"] == [{"reason": "no such key: AKIA…MPQA"}]
    assert samples.assessment(**said, reveal_key_ids=True)["waivers"] == said["waivers"]


def test_changes_are_taken_up_from_the_parts_of_the_same_run_only() -> None:
    report = complete(samples.assessment(), samples.parts() + samples.parts("another run"))
    assert [(change["module"], change["applied"]) for change in report["changes"]] == [
        ("access_keys", False),
        ("password_policy", True),
    ]
    assert [refusal["rule"] for refusal in report["refused"]] == ["cap"]
    assert [row["state"] for row in report["preflight"]] == ["READY", "MISSING"]


def test_impacts_are_taken_up_with_their_module_and_without_key_ids() -> None:
    key = samples.OLD_KEYS["svc-backup"]
    impact = {**developers(), "change": [f"the key {key} is deactivated"]}
    own = samples.part("access_keys", samples.KEY_CHANGE, run_id=samples.run().id, impacts=[impact])
    other = samples.part("other", samples.KEY_CHANGE, run_id="another run", impacts=[impact])
    (taken,) = complete(samples.assessment(), [own, other])["impacts"]
    assert (taken["module"], taken["counts"]["will_break"]) == ("access_keys", 1)
    assert taken["change"] == ["the key AKIA…MPL2 is deactivated"]
    (plain,) = complete(samples.assessment(), [own], reveal_key_ids=True)["impacts"]
    assert plain["change"] == impact["change"]
    assert samples.assessment()["impacts"] == []


def test_costs_are_taken_up_with_their_module(validator: jsonschema.Draft202012Validator) -> None:
    report = samples.costing()
    assert [(cost["module"], cost["count"]) for cost in report["costs"]] == [
        ("config_rules", 1200),
        ("config_rules", None),
    ]
    assert not list(validator.iter_errors(json.loads(encode(report))))
    assert samples.complete_report()["costs"] == []


def test_key_ids_in_changes_are_masked_unless_they_are_asked_for() -> None:
    key = samples.OLD_KEYS["svc-backup"]
    assert key not in json.dumps(samples.complete_report())
    assert key in json.dumps(complete(samples.assessment(), samples.parts(), reveal_key_ids=True)["changes"])


def test_completing_twice_changes_nothing() -> None:
    failed = samples.part("access_keys", samples.KEY_CHANGE, run_id=samples.run().id, error="throttled")
    once = complete(samples.assessment(), [failed])
    assert complete(once, [failed]) == once
    assert {"dataset": None, "region": None, "operation": "access_keys", "reason": "throttled"} in once["errors"]


def test_a_report_comes_back_as_it_was_written() -> None:
    report = samples.complete_report()
    assert decode(encode(report), where="report.json", schema=SCHEMA) == report
    assert encode(report) == encode(samples.complete_report())


def test_half_of_a_character_in_a_policy_is_kept() -> None:
    # A policy may hold the escape of one half of a surrogate pair, which has no UTF-8.
    document = {"schema": SCHEMA, "observed": json.loads('{"aws:username": "\\ud800"}')}
    assert decode(encode(document), where="report.json") == document


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "there is not JSON"),
        (b"[]", "there does not hold a JSON object"),
        (b"\xff", "there is not JSON"),
        (b'{"schema": "hardening.iam/report/9"}', "there has the schema 'hardening.iam/report/9'"),
    ],
)
def test_what_is_no_report_is_refused_by_name(content: bytes, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        decode(content, where="there", schema=SCHEMA)


def test_the_headline_is_the_first_score() -> None:
    score = headline(samples.assessment())
    assert score is not None
    assert score["benchmark"] == "cis_7.0"
    assert headline(samples.assessment(scores=[])) is None


def test_statuses_are_all_counted() -> None:
    assert count_statuses([]) == dict.fromkeys([status.value for status in Status], 0)


def places(node: t.Any, at: tuple[t.Any, ...] = ()) -> t.Iterator[tuple[t.Any, ...]]:
    """The way to each member of a document."""
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, member in members:
        yield (*at, name)
        yield from places(member, (*at, name))


FORGED: t.Final = (None, 7, True, "x", [], ["x"], [7], {}, {"x": 7}, [[]], [{}])


def test_a_forged_report_is_refused_or_can_be_compared_with() -> None:
    """Others may write where reports are. What they leave must not stop the assessment of the account."""
    before = compare(samples.assessment([samples.path("user/a version itself")], run=samples.run("0")), None)
    earlier = compare(
        samples.assessment([*samples.failing()[:2], samples.make_other_findings()[2]], run=samples.run("1")), before
    )
    brief = {name: earlier["findings"][0].get(name) for name in ("control", "status", "severity", "region", "resource")}
    earlier["delta"]["not_assessed"] = [{**brief, "fingerprint": "0" * 64, "first_seen": None}]
    check_report(earlier, samples.ACCOUNT, where="here")
    now, text = samples.assessment(samples.failing()[:1]), encode(earlier)
    compared = refused = 0
    for place in [way for way in places(earlier) if way[0] in ("run", "scope", "findings", "controls", "delta")]:
        for value in FORGED:
            forged = node = decode(text, where="here")
            for step in place[:-1]:
                node = node[step]
            node[place[-1]] = value
            try:
                check_report(forged, samples.ACCOUNT, where="here")
            except DocumentError:
                refused += 1
            else:
                compared += bool(encode(compare(now, forged)))
    assert min(compared, refused) > 100


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01T00:00:00Z", 7])
def test_a_time_that_is_none_is_refused(since: t.Any) -> None:
    """Exports turn the time into a number."""
    forged = samples.compare_report()
    forged["findings"][0]["first_seen"] = since
    with pytest.raises(DocumentError, match="malformed"):
        check_report(forged, samples.ACCOUNT, where="here")
