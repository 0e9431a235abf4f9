# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict on a containment: whatever the results are, everything that says it says the same."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Status
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident
from ansible_collections.hardening.iam.plugins.module_utils._incident.next_steps import (
    Commands,
    list_next_steps,
    write_declaration,
)
from ansible_collections.hardening.iam.plugins.module_utils._incident.results import Containment
from ansible_collections.hardening.iam.plugins.module_utils._incident.verdict import (
    Verdict,
    judge,
    make_findings,
)
from ansible_collections.hardening.iam.plugins.plugin_utils._render.containment_text import render

Row = dict[str, t.Any]
HOME, PROD, MANAGEMENT = "222233334444", "333344445555", "111122223333"
USER = f"arn:aws:iam::{HOME}:user/ci-deploy"
ROLE = f"arn:aws:iam::{PROD}:role/deploy"
NOW: t.Final = datetime(2026, 11, 28, 12, tzinfo=UTC)
UNDENIED: t.Final = {"principal": ROLE, "reason": "it has no room", "next_step": "make room"}
LEFT: t.Final = {"target": ROLE, "rule": "break_glass", "reason": "it is break-glass"}


def seed(status: str) -> Row:
    return {"id": "AKIA…7Q2M", "status": status, "detail": f"it is {status}", "next_step": ""}


def credentials(account_id: str, *seeds: Row, **more: t.Any) -> Row:
    lists = {"contained": [], "not_denied": [], "lives_on": []}
    return {"account_id": account_id, "mode": "enforce", "pass": "recheck", "seeds": list(seeds), **lists, **more}


def sessions(account_id: str, **more: t.Any) -> Row:
    lists = {"roles": [], "not_denied": [], "lives_on": []}
    return {"account_id": account_id, "mode": "enforce", "pass": "recheck", **lists, **more}


def organization(*accounts: str, **more: t.Any) -> Row:
    rows = [{"account_id": account, "state": "contained", "roles": []} for account in accounts]
    lists = {"people": [], "trust": [], "not_denied": [], "lives_on": []}
    return {"account_id": MANAGEMENT, "mode": "enforce", "accounts": rows, **lists, **more}


def contain(
    *results: Row, is_real: bool = True, failures: t.Sequence[Row] = (), incident: t.Optional[Row] = None
) -> Containment:
    declared = {"id": "INC-7", "declared_by": "Ana", "reason": "a key leaked", **(incident or {})}
    return Containment.of(declared, results, failures=failures, now=NOW, is_real=is_real)


def test_it_is_contained_only_if_nothing_speaks_against_it() -> None:
    found = judge(contain(credentials(HOME, seed("home")), sessions(HOME)))
    assert (found.verdict, found.fails, found.message) == (Verdict.CONTAINED, False, "")


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("home", Verdict.CONTAINED),
        ("deleted", Verdict.CONTAINED),
        ("root", Verdict.CONTAINED),
        ("session", Verdict.CONTAINED),
        ("organization", Verdict.CONTAINED),
        ("mismatch", Verdict.UNRESOLVED),
        ("foreign", Verdict.UNRESOLVED),
        ("unresolved", Verdict.UNRESOLVED),
        # No account of the run says that it has it.
        ("not_here", Verdict.UNRESOLVED),
        ("strange", Verdict.UNRESOLVED),
    ],
)
def test_only_a_credential_whose_home_is_known_is_contained(status: str, verdict: Verdict) -> None:
    found = judge(contain(credentials(HOME, seed(status)), sessions(HOME)))
    assert found.verdict is verdict
    assert found.message == ("" if verdict is Verdict.CONTAINED else f"UNRESOLVED 1. AKIA…7Q2M: it is {status}")
    # A plan fails for it too: no write finds a name that does not exist.
    plan = judge(contain(credentials(HOME, seed(status)), is_real=False))
    assert (plan.fails, plan.is_plan) == (verdict is not Verdict.CONTAINED, True)
    counts = ", UNRESOLVED 1" if plan.fails else ""
    assert plan.headline == f"PLAN{counts}: nothing was changed"


def test_a_host_that_failed_is_not_known_in_its_own_account() -> None:
    failures = [{"host": "acme-prod", "reason": "no answer", "account_id": PROD}, {"host": "acme-x", "reason": "why"}]
    found = contain(credentials(HOME, seed("home")), failures=failures)
    assert [(one.message, one.account_id, one.is_of_plan) for one in judge(found).reasons] == [
        ("acme-prod: no answer", PROD, True),
        ("acme-x: why", "", True),
    ]
    reasons = {
        one.account_id: one.evidence.observed["reasons"] for one in make_findings(judge(found), found, partition="aws")
    }
    # What has no known account counts in all of them.
    assert reasons == {HOME: ["acme-x: why"], PROD: ["acme-prod: no answer", "acme-x: why"]}


def test_a_finding_names_the_incident_the_verdict_and_the_account() -> None:
    found = contain(credentials(HOME, seed("home")), sessions(HOME))
    (finding,) = make_findings(judge(found), found, partition="aws-cn")
    assert (finding.resource, finding.resource_detail) == (f"arn:aws-cn:iam::{HOME}:root", "INC-7")
    assert finding.detail == "incident INC-7: CONTAINED: everything that was found is denied"
    assert finding.evidence.observed == {"incident_id": "INC-7", "verdict": "contained", "reasons": []}
    assert (finding.control, finding.severity.value, finding.region) == ("incident_not_contained", "critical", "global")


def test_a_run_that_asked_no_account_is_not_contained() -> None:
    for is_real in (True, False):
        found = judge(contain(is_real=is_real))
        assert found.verdict is Verdict.NOT_KNOWN and found.fails
        assert found.reasons[0].message == "no account was asked: is compromise_response_mode off?"


def test_what_no_host_of_the_organization_contains_is_not_denied() -> None:
    incident = {"accounts": [PROD, 11122223333], "identity_center_users": ["abc-1"]}
    found = judge(contain(credentials(HOME, seed("home")), incident=incident))
    assert [(one.verdict, one.subject, one.account_id) for one in found.reasons] == [
        (Verdict.NOT_DENIED, PROD, PROD),
        (Verdict.NOT_DENIED, "11122223333", "011122223333"),
        (Verdict.NOT_DENIED, "abc-1", ""),
    ]
    assert all("only a host of the group organization_management" in one.text for one in found.reasons)


def test_a_name_that_is_not_there_is_not_counted_twice() -> None:
    slip = {"id": ROLE, "account_id": PROD, "detail": "there is no such role", "near": []}
    left = {**UNDENIED, "reason": "there is no such role"}
    found = judge(contain(credentials(HOME, seed("home")), sessions(PROD, unresolved=[slip], not_denied=[left])))
    assert [(one.verdict, one.account_id, one.message) for one in found.reasons] == [
        (Verdict.UNRESOLVED, PROD, f"{ROLE}: there is no such role")
    ]


def test_the_worst_comes_first_and_each_kind_is_counted() -> None:
    found = judge(
        contain(
            credentials(HOME, seed("unresolved"), not_denied=[{**UNDENIED, "principal": USER}]),
            sessions(PROD, unread=["a region", "another region"], not_denied=[UNDENIED]),
        )
    )
    assert found.headline == "NOT DENIED 2, UNRESOLVED 1, NOT KNOWN 2"
    assert [one.verdict for one in found.reasons] == [
        *[Verdict.NOT_DENIED] * 2,
        Verdict.UNRESOLVED,
        *[Verdict.NOT_KNOWN] * 2,
    ]
    assert found.list_texts() == [one.message for one in found.reasons]


def test_sign_in_sessions_of_a_partition_without_that_service_are_known() -> None:
    home = credentials(HOME, seed("home"))
    assert judge(contain(home, sessions(HOME, signin_unread={"all": "not offered"}))).verdict is Verdict.CONTAINED
    (reason,) = judge(contain(home, sessions(HOME, signin_unread={"eu-west-1": "denied"}))).reasons
    assert (reason.message, reason.account_id) == ("sign-in sessions in eu-west-1: denied", HOME)


def test_a_module_that_writes_nothing_contains_nothing() -> None:
    found = judge(contain(credentials(HOME, seed("home")), sessions(PROD, mode="report")))
    assert [(one.verdict, one.message, one.account_id) for one in found.reasons] == [
        (Verdict.NOT_DENIED, f"account {PROD}: nothing was written, because its mode is report", PROD)
    ]


STATUSES: t.Final = ("home", "deleted", "root", "session", "mismatch", "foreign", "unresolved", "not_here")
flags: t.Final = st.booleans()


@st.composite
def containments(draw: st.DrawFn) -> Containment:
    """Results with any of the things that may be wrong."""
    late = [{"target": USER, "applied": draw(flags)}]
    mode = draw(st.sampled_from(["enforce", "enforce", "report"]))
    results = [
        credentials(
            HOME,
            seed(draw(st.sampled_from(STATUSES))),
            mode=mode,
            changes=late if draw(flags) else [],
            not_denied=[UNDENIED] if draw(flags) else [],
        ),
        sessions(
            PROD,
            mode=mode if draw(flags) else "enforce",
            unread=["the roles of account x are not known"] if draw(flags) else [],
            not_cut_because=[LEFT] if draw(flags) else [],
            unresolved=[{"id": ROLE, "detail": "there is no such role", "near": [f"{ROLE}s"]}] if draw(flags) else [],
            signin_unread={"eu-west-1": "denied"} if draw(flags) else {},
        ),
        organization(
            *([HOME] if draw(flags) else []), not_denied=[{**UNDENIED, "principal": PROD}] if draw(flags) else []
        ),
    ]
    accounts = [{"account_id": PROD}] if draw(flags) else []
    return contain(
        *(one for one in results if draw(st.integers(0, 9))),
        is_real=draw(flags),
        failures=[{"host": "acme-ci", "reason": "it can't be read"}] if draw(flags) else [],
        incident={"accounts": accounts},
    )


@given(containments())
def test_headline_message_exit_status_finding_and_text_say_the_same(found: Containment) -> None:
    judgement = judge(found)
    lines = render(found, judgement).splitlines()
    assert judgement.headline in " ".join(lines[2:6])
    assert judgement.fails == (judgement.verdict is not Verdict.CONTAINED) == bool(judgement.reasons)
    assert judgement.message.startswith(judgement.headline if judgement.fails else "")
    assert ("CONTAINED:" in judgement.headline) == (not judgement.fails and not judgement.is_plan)
    findings = make_findings(judgement, found, partition="aws")
    statuses = {one.status for one in findings}
    assert statuses <= ({Status.FAIL} if judgement.fails else {Status.PASS})
    assert all(judgement.headline in one.detail for one in findings)
    # An account that no host answered for is one of those whose reason names it.
    accounts = {*found.accounts, *(one.account_id for one in judgement.reasons if one.account_id)}
    assert {one.account_id for one in findings} == (accounts if found.is_real else set())
    for one in judgement.reasons:
        assert one.message in judgement.message
        # The worst comes first.
        assert one.verdict.words in judgement.headline
    for verdict in Verdict:
        is_there = any(one.verdict is verdict for one in judgement.reasons)
        assert is_there == (verdict.words in judgement.headline) or verdict is Verdict.CONTAINED
    if judgement.verdict is Verdict.CONTAINED and not judgement.is_plan:
        assert "NOT DENIED" not in "\n".join(lines)
    if not judgement.is_plan:
        assert "--check, and" not in "\n".join(lines) and "Plan of" not in lines[0]


def test_an_account_that_the_incident_names_and_no_host_contains_has_a_finding() -> None:
    found = contain(incident={"accounts": [{"account_id": PROD}]})
    (finding,) = make_findings(judge(found), found, partition="aws")
    assert not found.accounts and (finding.account_id, finding.status) == (PROD, Status.FAIL)


@given(containments())
def test_a_host_that_fails_as_well_never_makes_a_verdict_better(found: Containment) -> None:
    order = list(Verdict)
    worse = dataclasses.replace(found, failures=[*found.failures, {"host": "acme-prod", "reason": "no answer"}])
    assert order.index(judge(worse).verdict) >= max(order.index(judge(found).verdict), 1)


def test_a_change_in_the_last_pass_is_not_denied_and_the_policy_from_above_comes_next() -> None:
    late = credentials(HOME, seed("home"), changes=[{"target": USER, "applied": True}])
    found = contain(late, organization())
    judgement = judge(found)
    assert (judgement.verdict, judgement.fails) == (Verdict.NOT_DENIED, True)
    commands = Commands("ansible-playbook -i inventory.yml contain.yml", "reports/incident/INC-7/contain_again.yml")
    steps = list(list_next_steps(judgement, found, commands))
    assert f'accounts: [{{account_id: "{HOME}", action: policy}}]' in steps[0].text
    run = "ansible-playbook -i inventory.yml contain.yml -e @reports/incident/INC-7/contain_again.yml"
    assert (steps[1].text, steps[1].command) == ("look first", f"{run} --check")
    assert (steps[2].text, steps[2].command) == ("then contain", f"{run} -e compromise_response_confirm=INC-7")
    # On the terminal a command is one line, however long it is.
    assert f"    {run} --check" in render(found, judgement, commands).splitlines()


def test_in_the_management_account_and_without_an_organization_people_are_next() -> None:
    late = {"changes": [{"target": USER, "applied": True}]}
    for results in ([credentials(MANAGEMENT, seed("home"), **late), organization()], [credentials(HOME, **late)]):
        found = contain(*results)
        texts = [step.text for step in list_next_steps(judge(found), found, Commands())]
        assert any("Deactivate all access keys" in text for text in texts)
        assert any("contain from above" in text for text in texts) == (HOME in found.accounts)


def test_an_account_that_is_named_already_is_not_named_again() -> None:
    late = credentials(HOME, seed("home"), changes=[{"target": USER, "applied": True}])
    found = contain(late, organization(HOME), incident={"accounts": [HOME]})
    assert not any("from above" in step.text for step in list_next_steps(judge(found), found, Commands()))


def test_a_run_that_failed_everywhere_is_no_plan() -> None:
    """The results of modules that failed early have no mode."""
    failed = {"failed": True, "msg": "hardening_incident.reason: no"}
    found = contain(failed, failures=[{"host": "acme-ci", "reason": "no"}])
    text = render(found)
    assert found.is_real and text.startswith("Containment of")
    assert "without --check" not in " ".join(text.split())


def test_of_a_name_that_does_not_exist_the_correction_is_the_next_step() -> None:
    lost = {**seed("unresolved"), "near": ["AKIA…7Q2N of the user ci-deploy"]}
    found = contain(credentials(HOME, lost), sessions(PROD))
    judgement = judge(found)
    assert judgement.headline == "UNRESOLVED 1"
    assert "(near: AKIA…7Q2N of the user ci-deploy)" in judgement.message
    steps = list(list_next_steps(judgement, found, Commands("contain", "again.yml")))
    assert steps[0].text.startswith("correct what was not found in again.yml")
    assert steps[0].command == "contain -e @again.yml --check"
    assert not any("run contain.yml again" in step.text for step in steps)
    # A refusal of the same seed is not counted a second time.
    refused = credentials(HOME, seed("unresolved"), not_denied=[{**UNDENIED, "principal": "AKIA…7Q2M"}])
    assert judge(contain(refused)).verdict is Verdict.UNRESOLVED


def test_the_declaration_of_the_next_run_has_no_confirmation() -> None:
    declared = {"confirm": "INC-7", "confirmed_by": "Ben", "since": NOW, "accounts": "333344445555"}
    given_again = yaml.safe_load(write_declaration(contain(incident=declared), [HOME]))["hardening_incident"]
    assert given_again["accounts"] == ["333344445555", {"account_id": HOME, "action": "policy"}]
    assert set(given_again) == {"id", "declared_by", "reason", "since", "accounts"}
    assert Incident.from_option(given_again, now=NOW).accounts[1].account_id == HOME


def test_a_place_in_s3_is_copied_first() -> None:
    command = Commands("contain", "s3://bucket/incident/INC-7/contain_again.yml").build(checks=True)
    copy = "aws s3 cp s3://bucket/incident/INC-7/contain_again.yml contain_again.yml"
    assert command == f"{copy} && contain -e @contain_again.yml --check"
    assert Commands().build(checks=True) == ""


KEEPER: t.Final = f"arn:aws:iam::{HOME}:role/iam-hardening/automation-containment"


def test_the_runs_own_role_that_was_reached_is_not_denied_with_the_runbook_and_the_entry() -> None:
    for rule in ("caller", "break_glass"):
        left = {"target": KEEPER, "rule": rule, "reason": "a run never changes its own permissions"}
        found = contain(credentials(HOME, seed("home")), sessions(HOME, not_cut_because=[left]), organization())
        judgement = judge(found)
        assert judgement.verdict is Verdict.NOT_DENIED and KEEPER in judgement.message
        steps = [step.text for step in list_next_steps(judgement, found, Commands())]
        assert f'accounts: [{{account_id: "{HOME}", action: policy}}]' in steps[0]
        assert "The intruder can have come into automation-containment." in steps[1] and "\n4. Revoke" in steps[1]
        text = render(found, judgement)
        assert "NOT DENIED" in text.splitlines()[2] and "    4. Revoke their sessions" in text


@pytest.mark.parametrize(("caller", "verdict"), [(USER, Verdict.NOT_DENIED), (ROLE, Verdict.NOT_KNOWN)])
def test_an_account_whose_roles_of_the_run_were_changed_is_not_called_contained(caller: str, verdict: Verdict) -> None:
    call = {"operation": "UpdateAssumeRolePolicy", "what": "role x", "caller": caller, "when": "2026-11-28T11:00:00Z"}
    row = {"account_id": HOME, "state": "changed", "changes": [call], "differences": [], "unread": []}
    one = {"principal": USER, "unique_id": "AIDA", "seeds": []}
    found = contain(credentials(HOME, seed("home"), contained=[one]), organization(trust=[row]))
    assert judge(found).verdict is verdict
    (reason,) = judge(found).reasons
    who = f"{USER}, which is contained, changed" if caller == USER else "it is not known who changed"
    assert reason.message.startswith(f"account {HOME}: {who} roles of the run there") and reason.account_id == HOME
    # An account that is contained from above needs no trust.
    above = contain(credentials(HOME, seed("home"), contained=[one]), organization(HOME, trust=[row]))
    assert judge(above).verdict is Verdict.CONTAINED


def test_in_an_account_that_is_denied_from_above_only_the_roles_that_go_on_count() -> None:
    late = credentials(HOME, seed("home"), changes=[{"target": USER, "applied": True}])
    left = sessions(HOME, not_cut_because=[{**LEFT, "target": KEEPER}])
    above = organization(HOME)
    assert judge(contain(late, left, above)).verdict is Verdict.CONTAINED
    above["accounts"][0]["roles"] = [{"role": KEEPER, "continues": True}]
    found = judge(contain(late, left, above))
    assert [one.subject for one in found.reasons] == [KEEPER]
    # A policy that could not be attached, or that was attached again in the last pass, is no denial from above.
    above["accounts"][0]["state"] = "not_contained"
    assert len(judge(contain(late, left, above)).reasons) == 2
    undone = {**organization(HOME), "pass": "recheck", "changes": [{"target": HOME, "applied": True}]}
    assert [one.subject for one in judge(contain(late, undone)).reasons] == [HOME]


def lock(account: str = HOME, seconds: t.Optional[float] = 2.0, **more: t.Any) -> Row:
    rows = [{"account_id": account, "locked": True, "holds_after_seconds": seconds, "reason": ""}]
    return {"identity_lock": {"written": True, "accounts": rows, "denied": [USER], **more}}


@pytest.mark.parametrize(
    ("above", "verdict"),
    [
        (lock(), Verdict.CONTAINED),
        (lock(seconds=None), Verdict.NOT_DENIED),
        (lock(written=False), Verdict.NOT_DENIED),
        (lock(PROD), Verdict.NOT_DENIED),
        (lock(denied=[ROLE]), Verdict.NOT_DENIED),
    ],
)
def test_a_user_who_is_seen_to_be_denied_from_above_is_contained(above: Row, verdict: Verdict) -> None:
    late = credentials(HOME, seed("home"), changes=[{"target": USER, "applied": True}])
    assert judge(contain(late, organization(**above))).verdict is verdict


def test_a_lost_race_names_the_lock_with_the_ready_line() -> None:
    late = credentials(HOME, seed("home"), changes=[{"target": USER, "applied": True}])
    for incident, is_named in (({}, True), ({"identity_lock": {"accounts": [HOME]}}, False)):
        found = contain(late, organization(), incident=incident)
        texts = [step.text for step in list_next_steps(judge(found), found, Commands())]
        ready = f'add to the incident identity_lock: {{accounts: ["{HOME}"], minutes: 60}}'
        assert any(ready in text for text in texts) is is_named
    undenied = contain(credentials(HOME, seed("home"), not_denied=[UNDENIED]), organization())
    assert not any("identity_lock" in step.text for step in list_next_steps(judge(undenied), undenied, Commands()))
