# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports and runs that between them show every part of the HTML pages."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Status
from ansible_collections.hardening.iam.plugins.module_utils._report.document import Report

from ...module_utils._report import impacts, new_policies, samples, sized
from ...module_utils._report.test_fleet import fleet
from .test_hostile_names import NAMES, name_all


def empty() -> Report:
    """Nothing was found, and nothing is known."""
    return samples.assessment([], scores=[], frameworks={}, controls={}, waivers=[], errors=[])


def escalating() -> Report:
    """Paths of every kind, policies that were not read, and a waived path."""
    error = {"dataset": "organization_policies", "region": None, "operation": "x", "reason": "AccessDenied"}
    waived = samples.path("user/waived assume role/x", status=Status.WAIVED)
    return samples.assessment([*samples.escalations(), waived], errors=[error], run=samples.run(mode="enforce"))


def branching() -> Report:
    """More paths, branches, names and administrators than a drawing has room for."""
    paths = [f"user/u{number} assume role/r{number} assume role/admin" for number in range(10)]
    paths += [f"user/v{number} assume role/admin" for number in range(10)]
    paths += [f"user/w{number} assume role/admin-{number}" for number in range(16)]
    paths += ["user/a make user/escalation", "user/deep assume role/b key user/c assume role/d assume role/e"]
    return samples.assessment([samples.path(route) for route in paths])


def hostile() -> Report:
    """All hostile names at once, wherever an account has a say."""
    report = impacts.make_prediction_report()
    paths = samples.assessment(samples.escalations())
    policies = new_policies.make_report()["least_privilege"]
    whole = {
        **report,
        "findings": [*report["findings"], *paths["findings"]],
        "account_alias": "x",
        "least_privilege": policies,
    }
    return t.cast(Report, name_all(whole, "".join(text for name, text in NAMES.items() if name != "long")))


def settling() -> Report:
    """Findings that can't be assessed again, changes of every kind and state, refused targets, an organization."""
    report = samples.compare_report()
    first = report["findings"][0]
    gone = {"fingerprint": "0" * 64, "control": "gone", "severity": "low", "title": "Gone", "first_seen": None}
    gone |= {"resource": "arn:aws:iam::1:user/x", "resource_detail": "", "region": "global"}
    change = report["changes"][0]
    refusals = [
        {**samples.REFUSAL.as_dict(), "module": "access_keys", "target": samples.arn("user", f"svc-{number}")}
        for number in (1, 2)
    ]
    refusals.append({**refusals[0], "rule": "exempt", "change": {**change, "reversible": False, "affects": ["*"]}})
    affects = [*(samples.arn("role", f"<role-{number}>") for number in range(11)), "*"]
    run = {**report["run"], "job_url": "javascript:alert(1)", "declaration_commit": None}
    return {
        **report,
        "run": run,
        "account_alias": None,
        "scope": {**report["scope"], "organization_id": "o-example"},
        "refused": refusals,
        "changes": [*report["changes"], {**change, "state": "planned", "before": None, "affects": affects}],
        "delta": {
            **report["delta"],
            "newly_assessed": [report["findings"][1]["fingerprint"]],
            "changed": [first["fingerprint"]],
            "not_assessed": [gone],
        },
        "scores": [{**report["scores"][0], "percent": None}, *report["scores"][1:]],
    }


REPORTS: t.Final[dict[str, Callable[[], Report]]] = {
    "branching": branching,
    "compared": samples.compare_report,
    "converged": samples.report_after_changes,
    "costing": samples.costing,
    "empty": empty,
    "escalating": escalating,
    "hostile": hostile,
    "least privilege": new_policies.make_report,
    "predicted": impacts.make_prediction_report,
    "settling": settling,
    "sized": sized.make_report,
    "upgraded": samples.report_after_upgrade,
}


def make_crowded_run() -> Report:
    """A run over nine accounts, so that lists of accounts are folded, and a run with scores of several accounts."""
    base = samples.compare_report()
    reports = [
        {
            **base,
            "account_id": f"{number:012}",
            "account_alias": None if number % 2 else f"team-{number}",
            "findings": [{**finding, "account_id": f"{number:012}"} for finding in base["findings"]],
        }
        for number in range(1, 10)
    ]
    return t.cast(Report, fleet(reports=reports, failures=[], expected=[]))


#: Reports whose campaign has a page of its own.
CAMPAIGNS: t.Final[dict[str, Callable[[], Report]]] = {"campaign": sized.make_report}
FLEETS: t.Final[dict[str, tuple[Callable[[], Report], bool]]] = {
    "fleet": (fleet, True),
    "fleet_alone": (fleet, False),
    "fleet_crowded": (make_crowded_run, True),
    "fleet_empty": (lambda: fleet(reports=[]), True),
}
