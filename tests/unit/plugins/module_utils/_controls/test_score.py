# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scores by recommendation, and the views of frameworks."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._controls.score import (
    PRECEDENCE,
    frameworks,
    natural,
    recommendations,
    scores,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import (
    Evidence,
    Finding,
    Remediation,
    Severity,
    Status,
)


def finding(status: Status, *requirements: str, framework: str = "cis_7.0", control: str = "c") -> Finding:
    return Finding(
        control=control,
        status=status,
        severity=Severity.LOW,
        account_id="111122223333",
        region="global",
        resource="arn",
        title="",
        detail="",
        evidence=Evidence(),
        remediation=Remediation(""),
        compliance={framework: requirements},
    )


def test_an_organization_is_judged_by_what_is_asked_of_it() -> None:
    found = [finding(Status.PASS, "2.1.1"), finding(Status.FAIL, "2.1.2"), finding(Status.NOT_ASSESSED, "2.1.3")]
    (score,) = scores(found, ["cis_7.0", "cis_5.0"], of_account=False)
    assert (score["benchmark"], score["recommendations"]) == ("cis_7.0", 3)
    assert (score["percent"], score["coverage_percent"]) == (50.0, 66.7)
    (score,) = scores(found[:1], ["cis_7.0"], of_account=False)
    assert (score["recommendations"], score["percent"], score["coverage_percent"]) == (1, 100.0, 100.0)


def test_counts_and_percentages() -> None:
    found = [
        finding(Status.PASS, "2.4"),
        finding(Status.PASS, "2.5"),
        finding(Status.FAIL, "2.6"),
        finding(Status.NOT_ASSESSED, "2.7"),
        finding(Status.NOT_APPLICABLE, "2.8"),
        finding(Status.WAIVED, "2.9"),
    ]
    (score,) = scores(found, ["cis_7.0"])
    assert score == {
        "benchmark": "cis_7.0",
        "title": "CIS AWS Foundations Benchmark v7.0.0",
        "passed": 2,
        "failed": 1,
        "not_assessed": 1,
        "not_applicable": 1,
        "waived": 1,
        "recommendations": 70,
        "percent": 66.7,
        "coverage_percent": 7.1,
    }


@pytest.mark.parametrize(("better", "worse"), list(itertools.combinations(reversed(PRECEDENCE), 2)))
def test_the_worse_status_is_that_of_the_recommendation(better: Status, worse: Status) -> None:
    for pair in ((better, worse), (worse, better)):
        found = recommendations([finding(status, "2.4") for status in pair], "cis_7.0")
        assert found == {"2.4": {"title": "Root has no access key", "status": worse.value, "controls": ["c"]}}


def test_a_number_that_the_benchmark_does_not_have_counts_nowhere() -> None:
    odd = [finding(Status.FAIL, "9.99")]
    assert recommendations(odd, "cis_7.0") == {}
    assert scores(odd, ["cis_7.0"])[0]["failed"] == 0


def test_nothing_judged_has_no_percentage() -> None:
    assert [score["percent"] for score in scores([])] == [None, None]
    assert [score["benchmark"] for score in scores([])] == ["cis_7.0", "cis_5.0"]


@pytest.mark.parametrize(("benchmark", "count"), [("cis_7.0", 70), ("cis_5.0", 63), ("cis_3.0", 62)])
def test_denominators_are_those_of_the_whole_benchmark(benchmark: str, count: int) -> None:
    assert scores([], [benchmark])[0]["recommendations"] == count


def test_an_unknown_benchmark_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="there is no benchmark 'cis_9.0'; known are cis_7.0, cis_5.0, cis_3.0"):
        scores([], ["cis_9.0"])


@given(st.lists(st.tuples(st.sampled_from(list(Status)), st.sampled_from(["2.4", "2.5", "2.10", "5.1"]))))
def test_every_recommendation_is_counted_once(pairs: list[tuple[Status, str]]) -> None:
    (score,) = scores([finding(status, requirement) for status, requirement in pairs], ["cis_7.0"])
    counted = sum(score[word] for word in ("passed", "failed", "not_assessed", "not_applicable", "waived"))
    assert counted == len({requirement for _status, requirement in pairs})
    assert 0 <= (score["percent"] or 0) <= 100


def test_views_of_frameworks() -> None:
    found = [
        finding(Status.PASS, "CC6.1", framework="soc2", control="a"),
        finding(Status.FAIL, "CC6.1", "CC6.3", framework="soc2", control="b"),
        finding(Status.NOT_ASSESSED, "8.4.2", framework="pci_4.0"),
    ]
    view = frameworks(found)
    assert view["soc2"] == {
        "CC6.1": {"status": "FAIL", "controls": ["a", "b"]},
        "CC6.3": {"status": "FAIL", "controls": ["b"]},
    }
    assert view["pci_4.0"] == {"8.4.2": {"status": "NOT_ASSESSED", "controls": ["c"]}}
    assert view["nist_800_53"] == {} == view["security_hub"]
    assert set(view) == {"soc2", "pci_4.0", "nist_800_53", "security_hub"}


def test_requirements_stand_in_their_natural_order() -> None:
    assert sorted(["2.10", "2.9", "2.1.1"], key=natural) == ["2.1.1", "2.9", "2.10"]
    assert sorted(["IAM.10", "IAM.9"], key=natural) == ["IAM.9", "IAM.10"]
    assert sorted(["AC-6(10)", "AC-6(2)", "AC-6", "AC-2(1)"], key=natural) == ["AC-2(1)", "AC-6", "AC-6(2)", "AC-6(10)"]
    assert sorted(["AC-17", "AC-2(10)", "AC-2"], key=natural) == ["AC-2", "AC-2(10)", "AC-17"]
