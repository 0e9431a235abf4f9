# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The draft of an incident, which a person completes: account ids, names of our tables, ids of keys and of users."""

from __future__ import annotations

import dataclasses
import hashlib
import typing as t
from collections.abc import Callable, Sequence

from .._account.moments import format_utc
from .agenda import Agenda, Begun, Plan
from .agenda_file import describe_lost, describe_rest
from .signals import Kind

_DECLARED_BY: t.Final = "nobody yet, drafted from an event"
#: Where people find every credential that AWS reports of an account, if a draft could not name them all.
_HOW_TO_SEE_ALL: t.Final = (
    "#   - the control user_quarantined_by_aws in the report of this run has each user with AWS's quarantine policy",
    "#   - the AWS Health Dashboard of the account has the exposed keys: event types AWS_RISK_CREDENTIALS_...",
    "#   - GuardDuty has its findings, in each Region: aws guardduty list-findings --detector-id ID",
    "# Add each credential that leaked below. None of them is in a later draft, unless AWS reports it again.",
)


def name_draft(plan: Plan) -> str:
    """The id of the incident of a plan: the same for each of its parts, also when it is looked for later."""
    moment = format_utc(plan.opened)
    mark = hashlib.sha256(f"{plan.account_id} {moment} {plan.run_id}".encode()).hexdigest()[:8]
    return f"EVENT-{moment[:10].replace('-', '')}-{mark}"


def draft_key(incident_id: str) -> str:
    """Where a draft is beside the reports."""
    return f"events/{incident_id}.yml"


@dataclasses.dataclass(frozen=True)
class Draft:
    """The draft of a plan about credentials of an account in a partition.

    ``rest`` is the number of credentials that wait for a later draft, and ``lost`` that of reports whose credentials
    nobody remembers.
    """

    id: str
    account_id: str
    partition: str
    subjects: tuple[str, ...]
    credentials: tuple[str, ...]
    rest: int = 0
    lost: int = 0
    most: int = 0

    @property
    def reason(self) -> str:
        """Why it was drafted."""
        return f"an event said so: {', '.join(self.subjects)} in account {self.account_id}"

    @property
    def keys(self) -> list[str]:
        """The ids of the keys, those of sessions among them."""
        return [key for name in self.credentials if not name.startswith("user/") and (key := name.rpartition("/")[2])]

    @property
    def users(self) -> list[str]:
        """The ARNs of the users, without a path."""
        where = f"arn:{self.partition}:iam::{self.account_id}:"
        return [where + name for name in self.credentials if name.startswith("user/")]

    @property
    def sessions(self) -> list[dict[str, str]]:
        """The sessions, with the ARNs of their roles without a path."""
        found = []
        for name in self.credentials:
            if name.startswith("session/"):
                _prefix, role, session, key = name.split("/")
                arn = f"arn:{self.partition}:iam::{self.account_id}:role/{role}"
                found.append({"role": arn, "name": session, **({"access_key_id": key} if key else {})})
        return found

    def as_incident(self) -> t.Optional[dict[str, t.Any]]:
        """The incident as contain.yml takes it with ``--check``; None if it names no credential."""
        if not self.credentials:
            return None
        return {
            "id": self.id,
            "declared_by": _DECLARED_BY,
            "reason": self.reason,
            **({"keys": [{"id": key} for key in self.keys]} if self.keys else {}),
            **({"users": self.users} if self.users else {}),
            **({"sessions": self.sessions} if self.sessions else {}),
        }

    def as_bytes(self) -> bytes:
        """The file, in which the person is missing: it declares nothing until somebody completes it."""
        lines = [
            "---",
            "# Drafted from events, which anybody may have sent. Nobody has looked at it yet.",
            f"# It names {self.most} credentials at most. Forged events may be about some of them.",
            *([f"# {describe_rest(self.rest)} for a later draft."] if self.rest else []),
            *self._explain_lost(),
            "# Check whether the credential leaked. Write your name behind declared_by, keep the id, and contain it:",
            "#",
            "#     ansible-playbook -i inventory hardening.iam.contain -e @this-file.yml --check",
            "#     ansible-playbook -i inventory hardening.iam.contain -e @this-file.yml "
            f"-e compromise_response_confirm={self.id}",
            "hardening_incident:",
            f"  id: {self.id}",
            '  declared_by: ""',
            f'  reason: "{self.reason}"',
        ]
        if self.keys or not self.credentials:
            lines += ["  keys:" if self.keys else "  keys: []", *(f'    - id: "{key}"' for key in self.keys)]
        if self.users:
            lines += ["  users:", *(f'    - "{arn}"' for arn in self.users)]
        if self.sessions:
            lines.append("  sessions:")
        for session in self.sessions:
            first, *rest = (f'{name}: "{value}"' for name, value in session.items())
            lines += [f"    - {first}", *(f"      {line}" for line in rest)]
        return ("\n".join(lines) + "\n").encode()

    def _explain_lost(self) -> Sequence[str]:
        if not self.lost:
            return ()
        return (
            f"# INCOMPLETE: {describe_lost(self.lost)}: their events name none, or there were too many. To see all:",
            *_HOW_TO_SEE_ALL,
        )


def draft_incident(
    begun: Sequence[Begun], agenda: Agenda, *, most: int, partition_of: Callable[[str], str]
) -> t.Optional[Draft]:
    """Draft the incident of the plan about credentials. None if there is none, or no report of it had a credential."""
    plans = [plan for plan in begun if plan.kind is Kind.CREDENTIAL]
    parts = [part for plan in plans for part in plan.parts if part.credentials or part.lost]
    if not parts:
        return None
    account_id = parts[0].account_id
    return Draft(
        id=name_draft(parts[0]),
        account_id=account_id,
        partition=partition_of(account_id),
        subjects=tuple(part.subject for part in parts),
        credentials=tuple(dict.fromkeys(name for part in parts for name in part.credentials)),
        rest=agenda.count_credentials(account_id),
        lost=sum(part.lost for part in parts),
        most=most,
    )
