# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The world of a leaked credential, and the modules of an incident at work in its accounts."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from intruder import DATA, HOME, LEAKED, PROD, USER

from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import Record as IncidentRecord
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.records import read_record
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Outcome as Ending
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import find_interrupted, read_recorded
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._module.run_files import RunFiles
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry
from ansible_collections.hardening.iam.plugins.modules import credential_quarantine
from emulator.client import Emulator

from .conftest import EXTERNAL_ID, MANAGEMENT, Record, operation_of, role_arn
from .interrupting import canonical, iam_state

INCIDENT: t.Final = "INC-7"
ACCOUNTS: t.Final = (MANAGEMENT, HOME, PROD, DATA)
#: One letter of it is another than in the leaked key.
TYPO: t.Final = "AKIATHPRDSKW6WGDHIQZ"
USER_ARN: t.Final = f"arn:aws:iam::{HOME}:user/ci/{USER}"
#: The first suspicious moment: all keys of the seed are older.
SINCE: t.Final = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds")
CHECKLIST: t.Final[Record] = {
    name: {"by": "Ben", "statement": "done on 27 and 28 November"}
    for name in ("sweep_clean_twice", "credential_verified", "owner")
}


def declare(*keys: t.Any, **fields: t.Any) -> Record:
    """A confirmed incident of these keys; of the leaked one by default."""
    return {
        "id": INCIDENT,
        "declared_by": "Ana",
        "reason": "key found in a public repository",
        "confirm": INCIDENT,
        "since": SINCE,
        "keys": list(keys or [LEAKED]),
        **fields,
    }


def without_leaked(state: str) -> str:
    """A state as canonical JSON, with the leaked key as a release leaves it: switched off."""
    found = json.loads(state)
    for user in found["users"].values():
        for key in user["keys"]:
            if key["AccessKeyId"] == LEAKED:
                key["Status"] = "Inactive"
    return canonical(found)


class Response:
    """A team at work: runs of modules, each in the role of containment of an account, with one journal."""

    def __init__(self, control: Emulator, directory: Path) -> None:
        self.control = control
        self.journal = directory / "journal"
        self.reports = directory / "reports"
        self.runs = 0

    def run(
        self,
        account_id: str = HOME,
        *,
        check: bool = False,
        entry: Entry = credential_quarantine.ENTRY,
        incident: t.Optional[Record] = None,
        files: t.Optional[RunFiles] = None,
        **options: t.Any,
    ) -> Record:
        """Run a module, and return its result, also if it failed. ``files`` are what the hosts of the run share."""
        self.runs += 1
        given = {
            "account_id": account_id,
            "assume_role_arn": role_arn(account_id, "automation-containment"),
            "assume_role_external_id": EXTERNAL_ID,
            "journal": str(self.journal),
            "report_dir": str(self.reports),
            "inventory_accounts": list(ACCOUNTS),
            "run_id": f"contain-{self.runs}",
            "incident": incident or declare(),
            **options,
        }
        spec = {**aws_argument_spec(), **entry.argument_spec()}
        validation = ArgumentSpecValidator(spec).validate(given)
        assert not validation.error_messages
        return execute(entry, options=validation.validated_parameters, check_mode=check, files=files)

    def contain(self, account_id: str = HOME, **options: t.Any) -> Record:
        """Run a containment that works."""
        result = self.run(account_id, **options)
        assert not result.get("failed"), result["msg"]
        return result

    def release(self, account_id: str = HOME, **options: t.Any) -> Record:
        """Run a release, two days later."""
        later = (datetime.now(UTC) + timedelta(days=2)).isoformat()
        return self.run(account_id, **{"state": "released", "checklist": CHECKLIST, "now": later, **options})

    # What there is

    def client(self, service: str, account_id: str = HOME) -> t.Any:
        """A client in the automation's role, which nobody judges."""
        make: Callable[..., t.Any] = boto3.client
        session = make("sts").assume_role(
            RoleArn=role_arn(account_id, "automation"), RoleSessionName="look", ExternalId=EXTERNAL_ID
        )["Credentials"]
        return make(
            service,
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
        )

    def state(self, account_id: str = HOME) -> str:
        """All of the account's IAM, and the credentials of its users, as canonical JSON."""
        iam = self.client("iam", account_id)
        state = iam_state(iam)
        for user in state["users"]:
            state["users"][user]["tags"] = iam.list_user_tags(UserName=user)["Tags"]
        return canonical(state)

    @property
    def writes(self) -> list[str]:
        """The writes that took effect since the log was cleared, but for those of sessions."""
        return [
            operation_of(record)
            for record in self.control.log()
            if not record["read_only"] and record["status"] == 200 and operation_of(record) not in _SESSIONS
        ]

    @property
    def store(self) -> DirectoryStore:
        return DirectoryStore(str(self.journal))

    def record(self, account_id: str = HOME) -> t.Optional[IncidentRecord]:
        return read_record(self.store, account_id, INCIDENT)

    def open_changes(self, account_id: str = HOME) -> list[str]:
        return [intent.run_id for intent in find_interrupted(self.store, account_id)]

    def endings(self, run_id: str, account_id: str = HOME) -> list[Ending]:
        return [ending for _intent, ending in read_recorded(self.store, account_id, run_id)]

    def evidence(self, account_id: str = HOME) -> list[Record]:
        folder = self.journal / "incident" / INCIDENT / account_id
        return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]

    def written_secrets(self) -> list[str]:
        """What looks like a secret key in any file of the journal and the reports."""
        files = [path for place in (self.journal, self.reports) for path in place.rglob("*") if path.is_file()]
        return [str(path) for path in files if re.search(r"SecretAccessKey|SessionToken", path.read_text("utf-8"))]


_SESSIONS: t.Final = frozenset(
    {"sts:AssumeRole", "sts:AssumeRoot", "sts:GetSessionToken", "sts:GetFederationToken", "sts:GetCallerIdentity"}
)
