# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._report.trend import RUNS, count_frameworks, extend

from . import samples
from .test_fleet import fleet


def named(run_id: str, earlier: t.Any = None) -> dict[str, t.Any]:
    return fleet(run_id=run_id, earlier=earlier)


def test_a_first_run_has_only_itself() -> None:
    (point,) = fleet()["trend"]
    assert (point["run_id"], point["accounts"]) == (samples.run().id, 2)
    assert point["scores"] == {samples.ACCOUNT: 62, "333344445555": 62}
    assert point["frameworks"]["cis_7.0"] == 61.9
    assert point["frameworks"]["soc2"] == 0


def test_each_run_hands_on_the_runs_before_it() -> None:
    document = None
    for number in range(RUNS + 3):
        document = named(f"run-{number}", document)
    assert document is not None
    assert [point["run_id"] for point in document["trend"]] == [f"run-{number}" for number in range(3, RUNS + 3)]


def test_a_run_that_is_reported_on_again_replaces_itself() -> None:
    document = named("second", named("first"))
    again = named("second", document)
    assert [point["run_id"] for point in again["trend"]] == ["first", "second"]


FORGED: t.Final[dict[str, t.Any]] = {
    "no document": None,
    "a list": [],
    "no trend": {"schema": "hardening.iam/fleet/1"},
    "a trend of texts": {"trend": ["x"]},
    "run id": {"run_id": "../x"},
    "run id is a number": {"run_id": 1},
    "created": {"created": "yesterday"},
    "accounts": {"accounts": "2"},
    "unknown framework": {"frameworks": {"x": 1}},
    "percent": {"frameworks": {"soc2": 101}},
    "percent is true": {"frameworks": {"soc2": True}},
    "percent is a text": {"scores": {samples.ACCOUNT: "62"}},
    "no account": {"scores": {"<script>": 62}},
    "scores are a list": {"scores": []},
}


@pytest.mark.parametrize("name", FORGED)
def test_what_is_malformed_costs_the_trend_alone(name: str) -> None:
    earlier: t.Any = FORGED[name]
    if isinstance(earlier, dict) and not {"schema", "trend"} & set(earlier):
        document = named("first")
        document["trend"][0].update(earlier)
        earlier = document
    found = named("second", earlier)
    assert [point["run_id"] for point in found["trend"]] == ["second"]
    assert found["accounts"] == named("second")["accounts"]


def test_what_a_document_has_beside_its_trend_is_not_taken_on() -> None:
    document = named("first")
    document["trend"][0]["note"] = samples.HOSTILE
    first, _second = named("second", document)["trend"]
    assert "note" not in first
    assert first == named("first")["trend"][0]


def test_benchmarks_count_as_in_their_score_and_other_frameworks_by_their_requirements() -> None:
    report = copy.deepcopy(samples.complete_report())
    report["frameworks"]["soc2"]["CC6.3"] = {"status": "PASS", "controls": []}
    counts = count_frameworks(report)
    assert list(counts) == ["cis_7.0", "cis_5.0", "nist_800_53", "pci_4.0", "soc2"]
    assert (counts["cis_7.0"]["passed"], counts["cis_7.0"]["failed"]) == (13, 8)
    assert (counts["soc2"]["passed"], counts["soc2"]["failed"]) == (1, 1)


def test_frameworks_without_a_verdict_have_no_point() -> None:
    document = fleet(reports=[], failures=[], expected=[])
    assert document["frameworks"] == []
    assert extend(document, None)[0]["frameworks"] == {}
