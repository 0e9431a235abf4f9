# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The verdict on a containment: the one place that says contained.

The headline, the exit status, the message of a failure, the finding and the files of a run are all made from the same
:class:`Judgement`. It is contained only if nothing speaks against it: a verdict comes last, and only worsens.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Iterator
from datetime import datetime

from .._converge.arn import principal_of, principals_of
from .._converge.change import GLOBAL
from .._converge.finding import Evidence, Finding, Remediation, Severity, Status
from .results import Containment, Row

#: The control of the finding on an incident that a run has not contained.
NOT_CONTAINED: t.Final = "incident_not_contained"
_TITLE: t.Final = "Everything that an incident names and reaches is denied"
_REMEDY: t.Final = "Take the steps below NEXT in the output of contain.yml, the first one first, and run it again."
#: Is in each text about something that a module had made, and that is not there any more.
_UNDONE: t.Final = "somebody undid it"
_LAST_PASS: t.Final = f"it was still changed in the last pass, so {_UNDONE}; an intruder may still be at work"
_BY_ORGANIZATION: t.Final = "only a host of the group organization_management contains it, and none did"
_NOT_ASKED: t.Final = "no account was asked: is compromise_response_mode off?"
#: Statuses of a credential by which its home is known, or that it is proven to have none any more.
_FOUND: t.Final = frozenset({"home", "deleted", "root", "session", "organization"})
#: The reason in place of a region where the whole partition has no such service.
_NOT_OFFERED: t.Final = "all"


class Verdict(enum.StrEnum):
    """What is said of a run, from the best to the worst. Something that still works comes before all else."""

    CONTAINED = "contained"
    NOT_KNOWN = "not_known"
    UNRESOLVED = "unresolved"
    NOT_DENIED = "not_denied"

    @property
    def words(self) -> str:
        """The verdict for people."""
        return self.value.replace("_", " ").upper()


_ORDER: t.Final = tuple(Verdict)


@dataclasses.dataclass(frozen=True)
class Reason:
    """One thing that speaks against "contained". ``account_id`` is where it is, empty if that is not known.

    ``is_of_plan``: it is true before anything was written, so that a plan fails for it too.
    """

    verdict: Verdict
    subject: str
    text: str
    account_id: str = ""
    is_of_plan: bool = False

    @property
    def is_race(self) -> bool:
        """Whether somebody undid it while the run contained it."""
        return _UNDONE in self.text

    @property
    def message(self) -> str:
        """The reason as one text."""
        return f"{self.subject}: {self.text}" if self.subject else self.text


@dataclasses.dataclass(frozen=True)
class Judgement:
    """The verdict with all its reasons, the worst first. ``is_plan``: nothing was to be written."""

    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    is_plan: bool = False

    @property
    def fails(self) -> bool:
        """Whether the run ends with an error. It says the same as the headline."""
        return self.verdict is not Verdict.CONTAINED

    @property
    def headline(self) -> str:
        """The verdict in one line, the worst first, with the number of reasons of each kind."""
        if self.is_plan:
            counts = self._count()
            return f"PLAN, {counts}: nothing was changed" if counts else "PLAN: nothing was changed"
        return self._count() or "CONTAINED: everything that was found is denied"

    @property
    def message(self) -> str:
        """Why the run ends with an error; empty if it does not."""
        return f"{self.headline}. {'; '.join(one.message for one in self.reasons)}" if self.fails else ""

    def list_texts(self) -> list[str]:
        """List the reasons as texts, each once."""
        return list(dict.fromkeys(one.message for one in self.reasons))

    def _count(self) -> str:
        found = [one.verdict for one in self.reasons]
        return ", ".join(f"{one.words} {found.count(one)}" for one in reversed(_ORDER) if one in found)


def judge(containment: Containment) -> Judgement:
    """Judge a run by its last results. A plan is judged by what no write changes."""
    is_plan = not containment.is_real
    found = dict.fromkeys(one for one in _list_reasons(containment) if one.is_of_plan or not is_plan)
    reasons = tuple(sorted(found, key=lambda one: -_ORDER.index(one.verdict)))
    return Judgement(reasons[0].verdict if reasons else Verdict.CONTAINED, reasons, is_plan)


def _list_reasons(containment: Containment) -> Iterator[Reason]:
    for failure in containment.failures:
        account = str(failure.get("account_id") or "")
        yield Reason(Verdict.NOT_KNOWN, str(failure["host"]), str(failure["reason"]), account, is_of_plan=True)
    if not containment.credentials and not containment.failures:
        yield Reason(Verdict.NOT_KNOWN, "", _NOT_ASKED, is_of_plan=True)
    yield from _list_unresolved(containment)
    for subject in containment.list_unhandled():
        account = subject.rjust(12, "0") if subject.isdigit() else ""
        yield Reason(Verdict.NOT_DENIED, subject, _BY_ORGANIZATION, account, is_of_plan=True)
    yield from _list_undenied(containment)
    yield from _list_unknown(containment)


def _list_unresolved(containment: Containment) -> Iterator[Reason]:
    for seed in containment.list_seeds():
        if seed["status"] not in _FOUND:
            yield _make_unresolved(str(seed["id"]), seed)
    for row in containment.list_unresolved():
        yield _make_unresolved(str(row["id"]), row)


def _make_unresolved(subject: str, row: Row) -> Reason:
    near = f" (near: {', '.join(row['near'])})" if row.get("near") else ""
    account = str(row.get("account_id") or "")
    return Reason(Verdict.UNRESOLVED, subject, f"{row['detail']}{near}", account, is_of_plan=True)


def _list_undenied(containment: Containment) -> Iterator[Reason]:
    """List what works on. In an account that is denied everything from above, only the roles that go on do."""
    for one in _list_open(containment):
        if not containment.is_denied_from_above(one.account_id, one.subject) or one.subject == one.account_id:
            yield one


def _list_open(containment: Containment) -> Iterator[Reason]:
    """List what was refused or failed, what a pass still had to change, and what no run touches."""
    unresolved = {one.subject for one in _list_unresolved(containment)}
    for row in containment.list_not_denied():
        if row["principal"] not in unresolved:
            yield Reason(Verdict.NOT_DENIED, str(row["principal"]), str(row["reason"]), str(row["account_id"]))
    for account, refusal in containment.list_left_alone():
        text = f"it was reached, and its sessions go on: {refusal['reason']}"
        yield Reason(Verdict.NOT_DENIED, str(refusal["target"]), text, account)
    for account, target in containment.list_late():
        yield Reason(Verdict.NOT_DENIED, target, _LAST_PASS, account)
    yield from _list_untrusted(containment)
    for result in containment.results:
        if result.get("mode") != "enforce":
            account = str(result["account_id"])
            text = f"nothing was written, because its mode is {result.get('mode')}"
            yield Reason(Verdict.NOT_DENIED, f"account {account}", text, account)


def _list_untrusted(containment: Containment) -> Iterator[Reason]:
    """List the accounts in which a role of the run or a control policy was changed, but for those denied from above.

    A call of a principal that is contained was one of the intruder. Who made another change is not known.
    """
    intruders = principals_of(containment.list_contained())
    for result in containment.organization:
        for row in result.get("trust", ()):
            if row["state"] != "changed" or containment.is_denied_from_above(row["account_id"], ""):
                continue
            calls = [one for one in row["changes"] if principal_of(str(one["caller"])) in intruders]
            verdict = Verdict.NOT_DENIED if calls else Verdict.NOT_KNOWN
            who = f"{calls[0]['caller']}, which is contained, changed" if calls else "it is not known who changed"
            text = f"{who} roles of the run there, or control policies above it; below NOT TRUSTED is what was changed"
            yield Reason(verdict, f"account {row['account_id']}", text, str(row["account_id"]))


def _list_unknown(containment: Containment) -> Iterator[Reason]:
    for result in containment.sessions:
        account = str(result["account_id"])
        for fact in result.get("unread", ()):
            yield Reason(Verdict.NOT_KNOWN, "", str(fact), account)
        for region, reason in (result.get("signin_unread") or {}).items():
            if region != _NOT_OFFERED:
                yield Reason(Verdict.NOT_KNOWN, f"sign-in sessions in {region}", str(reason), account)


def make_findings(judgement: Judgement, containment: Containment, *, partition: str) -> tuple[Finding, ...]:
    """Make one finding for each account: it passes only if the verdict of the whole run is contained.

    A plan has none. A reason of no known account counts in all of them.
    """
    if judgement.is_plan:
        return ()
    accounts = {*containment.accounts, *(one.account_id for one in judgement.reasons if one.account_id)}
    return tuple(
        _make_finding(judgement, account, str(containment.incident.get("id") or ""), containment.now, partition)
        for account in sorted(accounts)
    )


def _make_finding(judgement: Judgement, account_id: str, incident_id: str, now: datetime, partition: str) -> Finding:
    own = [one.message for one in judgement.reasons if one.account_id in ("", account_id)]
    observed = {"incident_id": incident_id, "verdict": judgement.verdict.value, "reasons": own}
    return Finding(
        control=NOT_CONTAINED,
        status=Status.FAIL if judgement.fails else Status.PASS,
        severity=Severity.CRITICAL,
        account_id=account_id,
        region=GLOBAL,
        resource=f"arn:{partition}:iam::{account_id}:root",
        resource_detail=incident_id or None,
        title=_TITLE,
        detail=f"incident {incident_id}: {judgement.headline}",
        evidence=Evidence(observed, Verdict.CONTAINED.value, "contain.yml", now),
        remediation=Remediation(_REMEDY),
        compliance={},
    )
