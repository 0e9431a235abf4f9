# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A journal, reports and events of runs, to make audit sheets of."""

from __future__ import annotations

import json
import typing as t
from datetime import datetime, timedelta

from ansible_collections.hardening.iam.plugins.module_utils._account.moments import format_utc
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact, Undo
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Journal, Outcome
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import plan_document
from ansible_collections.hardening.iam.plugins.module_utils._converge.plans import keep_plan
from ansible_collections.hardening.iam.plugins.module_utils._report import fleet, manifest_chain
from ansible_collections.hardening.iam.plugins.module_utils._report.audit.account import Sources, events_key
from ansible_collections.hardening.iam.plugins.module_utils._report.audit.events import Event, History, read_event
from ansible_collections.hardening.iam.plugins.module_utils._report.audit.records import AccountRecords, read_account
from ansible_collections.hardening.iam.plugins.module_utils._report.document import encode, run_report_key
from ansible_collections.hardening.iam.plugins.module_utils._report.manifest import build

from ..._converge.fakes import ACCOUNT, JOB, NOW, RUN, FakeStore, user_arn
from .. import samples

CALLER: t.Final = f"arn:aws:sts::{ACCOUNT}:assumed-role/automation-credentials/iam-hardening"
DETAILS: t.Final = {
    "author": "ana",
    "approver": "ben",
    "change_ticket": "CHG-7",
    "commit": "9f2c1ab",
}
LATER: t.Final = NOW + timedelta(hours=2)


def key_change(user: str = "alice", **fields: t.Any) -> Change:
    """A change that deactivates the access key of a user."""
    state = {"kind": "access_key", "id": f"AKIA{user.upper():0>16}"}
    request = {"UserName": user, "AccessKeyId": state["id"]}
    given: dict[str, t.Any] = {
        "account_id": ACCOUNT,
        "region": "global",
        "service": "iam",
        "operation": "UpdateAccessKey",
        "target": user_arn(user),
        "parameters": {**request, "Status": "Inactive"},
        "before": {**state, "status": "Active"},
        "after": {**state, "status": "Inactive"},
        "kind": "access_key_deactivate",
        "impact": Impact.NARROWING,
        "undo": Undo("UpdateAccessKey", {**request, "Status": "Active"}),
    }
    return Change(**{**given, **fields})


def request_of(change: Change) -> str:
    """AWS's id of the request of a change."""
    return f"request-{change.target.rpartition('/')[2]}{'-undo' if change.undoes else ''}"


def make_event(change: Change, *, seconds: int = 1, **fields: t.Any) -> Event:
    """The event that CloudTrail has of a change, so many seconds after :data:`NOW`."""
    spelled = {f"{name[:1].lower()}{name[1:]}": value for name, value in change.parameters.items()}
    record = {
        "eventID": f"event-{change.target.rpartition('/')[2]}-{seconds}",
        "eventTime": format_utc(NOW + timedelta(seconds=seconds)),
        "eventName": change.operation,
        "eventSource": f"{change.service}.amazonaws.com",
        "awsRegion": "us-east-1" if change.region == "global" else change.region,
        "userAgent": "Boto3/1.40 hardening.iam",
        "sourceIPAddress": "203.0.113.10",
        "userIdentity": {"type": "AssumedRole", "arn": CALLER},
        "requestParameters": spelled,
        "requestID": request_of(change),
        "recipientAccountId": ACCOUNT,
        "readOnly": False,
        **fields,
    }
    event = read_event(record)
    assert event is not None
    return event


class World:
    """The places of files of some runs in one account. The clock of the journal stands at ``now``."""

    def __init__(self) -> None:
        self.journal, self.reports, self.sheets = FakeStore(), FakeStore(), FakeStore()
        self.reports.location = "s3://evidence/reports"
        self.now = NOW
        # A plan that is not kept.
        self.approved = "f" * 64

    def approve(self, *changes: Change, author: str = "ana", hours: float = 1) -> str:
        """Keep the plan of these changes, made so long before the run, and have later records name it; its hash."""
        created = NOW - timedelta(hours=hours)
        plan = plan_document(changes, account_id=ACCOUNT, run_id="check", created=created, author=author)
        keep_plan(self.reports, plan)
        self.approved = str(plan["plan_sha256"])
        return self.approved

    def change(
        self,
        *changes: Change,
        run_id: str = RUN,
        job_id: str = JOB,
        module: str = "access_key_lifecycle",
        outcome: t.Optional[Outcome] = Outcome.APPLIED,
        details: t.Optional[t.Mapping[str, t.Any]] = None,
        caller_arn: str = CALLER,
        request_id: t.Optional[str] = None,
        attempts: t.Sequence[str] = (),
    ) -> list[str]:
        """Record changes as a run does; the keys of their records. Without an outcome the run was cut off."""
        journal = Journal(
            self.journal,
            account_id=ACCOUNT,
            run_id=run_id,
            job_id=job_id,
            module=module,
            caller_arn=caller_arn,
            clock=lambda: self.now,
            details={**(DETAILS if details is None else details), "approved_plan": self.approved},
        )
        keys = []
        for change in changes:
            lease = {"fence": 3, "expires": format_utc(self.now + timedelta(minutes=15))}
            keys.append(journal.intend(change, lease=lease))
            if outcome:
                request = request_of(change) if request_id is None else request_id
                journal.conclude(keys[-1], outcome, request_id=request, attempts=attempts)
        return keys

    def lease(self, key: str, expires: datetime, fence: t.Any = 3) -> None:
        """Write a lease into the intent record of a change, as the module does that renews it."""
        self.edit(f"{key}-intent.json", lease={"fence": fence, "expires": format_utc(expires)})

    def edit(self, key: str, **fields: t.Any) -> None:
        """Change members of a record."""
        record = json.loads(self.journal.objects[key])
        self.journal.objects[key] = json.dumps({**record, **fields}).encode()

    def records(self) -> AccountRecords:
        """What the journal has of the run."""
        return read_account(self.journal, ACCOUNT, RUN)

    def report(self, *changes: Change, created: datetime = NOW, **fields: t.Any) -> dict[str, t.Any]:
        """Write the report of the run, with the report on all accounts and the manifest."""
        report = samples.assessment(run=samples.run(RUN, mode="enforce"))
        applied = [{**change.as_dict(applied=True), "module": "access_keys", "state": "applied"} for change in changes]
        report = {**report, "account_id": ACCOUNT, "changes": applied, "plan_sha256": "0" * 64, **fields}
        content = encode(report)
        self.reports.put(run_report_key(ACCOUNT, RUN), content)
        self.keep([report], [(run_report_key(ACCOUNT, RUN), content)], created=created)
        return report

    def keep(
        self,
        reports: list[dict[str, t.Any]],
        files: list[tuple[str, bytes]],
        *,
        created: datetime = NOW,
        **fields: t.Any,
    ) -> None:
        """Write the report on all accounts and the manifest of the run."""
        made = fleet.build(run_id=RUN, created=created, reports=reports, **fields)
        whole = encode({**made, "plan_sha256": "1" * 64})
        key = manifest_chain.fleet_key(whole)
        self.reports.put(key, whole)
        document = build([*files, (key, whole)], run_id=RUN, created=created)
        self.reports.put(manifest_chain.COPY, encode(manifest_chain.append(self.reports, document)))

    def see(self, *events: Event, **fields: t.Any) -> History:
        """Keep these events as the history of the run, as the playbook reads it."""
        given: dict[str, t.Any] = {"home": "us-east-1", "regions": ("us-east-1",), "read_at": LATER}
        given |= {"since": NOW - timedelta(hours=1), "until": LATER}
        history = History(events, **{**given, **fields})
        self.sheets.put(events_key(RUN, ACCOUNT), encode(history.as_document(ACCOUNT, RUN)))
        return history

    @property
    def sources(self) -> Sources:
        """The places of the sheet, two hours after the run."""
        return Sources(self.reports, self.journal, self.sheets, RUN, LATER)


def verified(*changes: Change) -> World:
    """A run whose every line can be verified."""
    made = changes or (key_change("alice"), key_change("bob"))
    world = World()
    world.approve(*made)
    world.change(*made)
    world.report(*made)
    world.see(*map(make_event, made))
    return world
