# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet in which some accounts are in trouble, and what a run over it has to show.

One account never answers, one denies every read, one is closed, and some throttle at first. All others have nothing to
do with that. ``make test`` has thirty accounts, ``make bench`` a thousand.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Iterator, Sequence
from pathlib import Path

from emulator import scale

Record = dict[str, t.Any]

# The faults of accounts leave STS alone: it knows every session, and nothing can deny GetCallerIdentity.
_ALL_BUT_STS: t.Final = ("[!s]*", "s[!t]*")
_THROTTLED_CALLS: t.Final = 5
_REGION: t.Final = "us-east-1"
# A run does not repeat these.
_OF_RUN: t.Final = frozenset({"evidence", "first_seen"})


@dataclasses.dataclass(frozen=True)
class TroubledFleet:
    """So many accounts, and how many of them throttle. The others in trouble are one each."""

    accounts: int
    throttling: int = 20

    @property
    def account_ids(self) -> list[str]:
        """All accounts, in order. The first is the management account."""
        return [f"{int(scale.MANAGEMENT_ACCOUNT) + number:012d}" for number in range(self.accounts)]

    @property
    def dead(self) -> str:
        return self.account_ids[3]

    @property
    def denied(self) -> str:
        return self.account_ids[4]

    @property
    def closed(self) -> str:
        return self.account_ids[5]

    @property
    def throttled(self) -> list[str]:
        return self.account_ids[6 : 6 + self.throttling]

    @property
    def lost(self) -> list[str]:
        """The accounts of which nothing can be known."""
        return [self.dead, self.denied, self.closed]

    def seed(self) -> Record:
        """The organization for the emulator."""
        structure = scale.generate(accounts=self.accounts, users=3, roles=2, policies=2)
        structure["accounts"][self.closed]["closed"] = True
        return structure

    def faults(self, dead: Record) -> list[Record]:
        """The faults for the emulator; ``dead`` says how the account that never answers does so."""
        denied = {"kind": "error", "code": "AccessDenied", "status": 403, "account_id": self.denied}
        throttled = {"kind": "error", "code": "Throttling", "status": 400, "times": _THROTTLED_CALLS}
        return [
            *({**dead, "account_id": self.dead, "service": service} for service in _ALL_BUT_STS),
            *({**denied, "service": service} for service in _ALL_BUT_STS),
            *({**throttled, "account_id": account, "service": "iam"} for account in self.throttled),
        ]

    def hosts(self) -> dict[str, Record]:
        """The hosts of the inventory, one for each account."""
        return {self.host_of(account): {"aws_account_id": account} for account in self.account_ids}

    def host_of(self, account: str) -> str:
        return f"account-{account}"

    def check(self, reports: Path, output: str, *, before: Path, requests: Sequence[Record]) -> None:
        """Check the reports and the output of a run in check mode, and what it sent, against a run without trouble.

        :arg before: the reports of that run. The accounts in trouble need none there.
        """
        fleet = json.loads((reports / "fleet.json").read_text(encoding="utf-8"))
        self._check_lost(fleet, output)
        known = [account for account in self.account_ids if account not in self.lost]
        assert [account["account_id"] for account in fleet["accounts"]] == known
        assert fleet["missing"] == []
        compared = [account for account in known if (before / account).exists()]
        assert set(compared) & set(self.throttled)
        assert set(compared) - set(self.throttled)
        for account in compared:
            assert read_findings(reports, account) == read_findings(before, account), account
        throttled = {record["account_id"] for record in requests if record["error_code"] == "Throttling"}
        assert throttled == set(self.throttled)

    def _check_lost(self, fleet: Record, output: str) -> None:
        """The accounts that are lost are named with a reason and the next step, in the report and at the end."""
        failed = {failure["account_id"]: failure["message"] for failure in fleet["failed"]}
        assert set(failed) == set(self.lost)
        assert {failure["host"] for failure in fleet["failed"]} == {self.host_of(account) for account in self.lost}
        for account, words in {
            self.dead: ("can be read", "--limit"),
            self.denied: ("can be read", "AccessDenied", "docs/permissions.md"),
            self.closed: ("not authorized to perform: sts:AssumeRole", "the account is open"),
        }.items():
            for word in words:
                assert word in failed[account], failed[account]
        ending = output.partition("TASK [Fail the run")[2].partition("PLAY RECAP")[0]
        assert "; ".join(f"{account} failed" for account in self.lost) in ending


def read_findings(reports: Path, account: str) -> list[Record]:
    """The findings of an account, without what differs between runs."""
    report = json.loads((reports / account / "report.json").read_text(encoding="utf-8"))
    return list(_without_run(report["findings"]))


def _without_run(findings: Sequence[Record]) -> Iterator[Record]:
    for finding in findings:
        kept = {name: value for name, value in finding.items() if name not in _OF_RUN}
        yield {**kept, "evidence": {**finding["evidence"], "observed_at": None}}
