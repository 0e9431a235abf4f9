# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""contain.yml against an intruder at work, and what has to hold of each credential that still works afterwards."""

from __future__ import annotations

import dataclasses
import json
import re
import time
import typing as t

import boto3
import yaml
from intruders.base import HOME, Credential, Intruder, Working
from intruders.bystanders import Bystanders
from scope import runs_all

from .conftest import CHECKOUT, Ansible, Outcome, Record
from .containing import SINCE

INVENTORY: t.Final = CHECKOUT / "examples" / "inventory" / "demo_incident.yml"
EXAMPLE: t.Final[Record] = yaml.safe_load((CHECKOUT / "examples" / "incident.yml").read_text(encoding="utf-8"))
#: As docs/incident.md has it, before an intruder who writes IAM.
DECLARED: t.Final[Record] = {
    **EXAMPLE["hardening_incident"],
    "since": SINCE,
    "identity_lock": {"accounts": [HOME], "minutes": 60},
}
#: The longest delay of a control policy, in seconds.
BOUND: t.Final = 120 if runs_all() else 8
#: The sections of the end of a run whose rows say that something may still work.
OPEN: t.Final = ("NOT DENIED", "NOT KNOWN", "UNRESOLVED", "NOT TRUSTED")
_MASKED: t.Final = re.compile(r"A[KS]IA…(\w{4})")


def make_seed() -> Record:
    """The world of the seed ``incident``, in which AWS judges the roles of the run too."""
    path = CHECKOUT / "tests" / "emulator" / "seeds" / "incident.yml"
    seed: Record = yaml.safe_load(path.read_text(encoding="utf-8"))
    for role in seed["every_account"]["roles"].values():
        role["judged"] = True
    return seed


def make_dormant() -> None:
    """Make the dormant policy that the stack for containment has, attached to the root of the organization."""
    template = CHECKOUT / "examples" / "bootstrap" / "iam-hardening-containment.json"
    policy = json.loads(template.read_text(encoding="utf-8"))["Resources"]["DormantPolicy"]["Properties"]
    make: t.Any = boto3.client
    organizations = make("organizations")
    made = organizations.create_policy(
        **{name: policy[name] for name in ("Name", "Description", "Type", "Tags")},
        Content=json.dumps(policy["Content"]),
    )["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=made, TargetId=organizations.list_roots()["Roots"][0]["Id"])


@dataclasses.dataclass(frozen=True)
class Fight:
    """What became of a containment, and of the intruder that worked against it."""

    outcome: Outcome
    intruder: Intruder
    #: how many credentials it had when the run was over
    known: int
    working: list[Working]
    lost: list[str]
    served: int

    @property
    def end(self) -> str:
        """What the run printed at its end."""
        return self.outcome.output.partition("\nContainment of ")[2].partition("\nTASK [")[0]

    @property
    def headline(self) -> str:
        return self.end.splitlines()[2] if self.end.count("\n") > 2 else ""

    @property
    def rows(self) -> list[str]:
        """The rows of the sections that are open, each in one line with the title of its section."""
        found: list[str] = []
        title = ""
        for line in self.end.splitlines():
            if re.fullmatch(r"[A-Z][A-Z ]+( \(UTC\))?:", line):
                title = line.partition(":")[0].removesuffix(" (UTC)")
            elif line.startswith("  - "):
                found.append(f"{title}: {line[4:]}")
            elif line.startswith("    ") and found:
                found[-1] += f" {line.strip()}"
        lives = re.compile(r"LIVES ON: .*(no denial|NOT DENIED)")
        return [row for row in found if row.startswith(OPEN) or lives.match(row)]

    def names(self, credential: Credential) -> bool:
        """Whether an open row names a credential: its ARN, its id, its session, or its name with the account."""
        owner, account = credential.owner, credential.account_id
        short = owner.partition(":role/" if ":role/" in owner else ":user/")[2]
        session = f"assumed-role/{credential.name}/{credential.session}"
        return any(
            re.search(rf"{re.escape(owner)}(?![\w/-])", row)
            or credential.key_id in row
            or credential.key_id[-4:] in _MASKED.findall(row)
            or (credential.session and session in row)
            or (account in row and re.search(rf"(?:role|user)/{re.escape(short)}(?![\w/-])", row))
            for row in self.rows
        )

    @property
    def unnamed(self) -> list[Credential]:
        """What works and has no name in an open row. Of what was made after the run, who made it has to have one."""
        credentials = self.intruder.credentials
        by_id = {one.key_id: one for one in credentials}
        later = {one.key_id for one in credentials[self.known :]}

        def find_maker(one: Credential) -> Credential:
            while one.key_id in later and one.made_with in by_id:
                one = by_id[one.made_with]
            return one

        makers = {find_maker(one) for one, _action in self.working}
        return sorted((one for one in makers if not self.names(one)), key=lambda one: (one.owner, one.key_id))

    def describe(self) -> str:
        """For a failure: what works, and what the run said."""
        kinds: dict[tuple[str, str, bool, str], int] = {}
        for one, action in self.working:
            key = (one.owner, one.kind, self.names(one), action)
            kinds[key] = kinds.get(key, 0) + 1
        works = [
            f"  {number} {kind} of {owner}: {action}{'' if named else ' NOT NAMED'}"
            for (owner, kind, named, action), number in sorted(kinds.items())
        ]
        got = len(self.intruder.credentials)
        lost = f"{len(self.lost)} of {self.served} calls of others lost: {sorted(set(self.lost))[:9]}"
        return "\n".join([f"rc {self.outcome.status}, {got} credentials got", "works:", *works, lost, self.end])


def fight(ansible: Ansible, intruder: Intruder, *, seed: int) -> Fight:
    """Contain while an intruder works, from before the run until a while after it; then try all of its credentials."""
    ansible.control.set_policy_lag(BOUND, seed)
    with Bystanders(ansible.control.url) as bystanders, intruder:
        outcome = ansible.playbook(
            "contain",
            inventory=INVENTORY,
            hardening_incident=DECLARED,
            compromise_response_confirm=DECLARED["id"],
        )
        # If the run lifted the lock, the intruder notices that only now.
        time.sleep(BOUND + 4)
    known = len(intruder.credentials)
    return Fight(outcome, intruder, known, intruder.try_all(), bystanders.lost, bystanders.calls)
