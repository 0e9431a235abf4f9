# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The organization of the seed ``incident``, and passes of ``session_revocation`` in its accounts, as one run."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import threading
import typing as t
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from botocore.exceptions import ClientError
from intruder import DATA, HOME, LEAKED, PROD, USER, Credential, Intruder

from ansible_collections.hardening.iam.plugins.module_utils._aws.patience import Patience
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.run import (
    CredentialQuarantine,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.run import (
    SessionRevocation,
)
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._module.run_files import RunFiles
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry
from ansible_collections.hardening.iam.plugins.modules import credential_quarantine, session_revocation
from emulator.client import Emulator, EmulatorProcess, send_here

from .conftest import EXTERNAL_ID, Record, fresh, operation_of, role_arn
from .containing import CHECKLIST, SINCE

ACCOUNTS: t.Final = (HOME, PROD, DATA)
INCIDENT: t.Final = "INC-7"
POLICY: t.Final = f"IamHardeningIncident-{INCIDENT}"
DENY: t.Final = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
DECLARED: t.Final[Record] = {
    "id": INCIDENT,
    "declared_by": "Ana",
    "reason": "key found in a public repository",
    "confirm": INCIDENT,
    "since": SINCE,
    "keys": [LEAKED],
}


@contextlib.contextmanager
def open_bench(emulator: EmulatorProcess, directory: Path) -> Iterator[RevokingBench]:
    """The accounts before anything is contained. AWS notices changes at once."""
    control = fresh(emulator, "incident")
    control.set_lag(0)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        patch.setattr(Patience, "__init__", functools.partialmethod(Patience.__init__, pause=0.05))
        patch.setattr(CredentialQuarantine, "holds", 0.0)
        patch.setattr(SessionRevocation, "holds", 0.0)
        patch.setattr(SessionRevocation, "patience", 0.0)
        bench = RevokingBench(control, directory)
        bench.begin_run()
        yield bench


class RevokingBench:
    """The three accounts. Each account is one host of a run, in the order in which they are named."""

    def __init__(self, control: Emulator, directory: Path) -> None:
        self.control = control
        self.directory = directory
        self.journal = directory / "journal"
        self.reports = directory / "reports"
        self.runs = 0
        self.files = RunFiles(directory / "shared", b"s" * 32)
        # What the intruder of the seed made before, which only test_minted_keys.py is about.
        self.known_keys = [key["AccessKeyId"] for key in self._list_keys("svc-metrics")]

    def _list_keys(self, user: str) -> list[Record]:
        return list(self.client(HOME).list_access_keys(UserName=user)["AccessKeyMetadata"])

    def begin_run(self) -> None:
        """Begin another run: nothing is shared with the one before."""
        self.runs += 1
        self.files = RunFiles(self.directory / f"shared-{self.runs}", b"s" * 32)

    def client(self, account_id: str, service: str = "iam") -> t.Any:
        """A client in an account, as its administrators have one."""
        role = boto3.client("sts").assume_role(
            RoleArn=role_arn(account_id, "automation"), RoleSessionName="test", ExternalId=EXTERNAL_ID
        )["Credentials"]
        make: t.Callable[..., t.Any] = boto3.client
        made = make(
            service,
            region_name="us-east-1",
            aws_access_key_id=role["AccessKeyId"],
            aws_secret_access_key=role["SecretAccessKey"],
            aws_session_token=role["SessionToken"],
        )
        return send_here(made, self.control.url) if service == "signin" else made

    def quarantine(self) -> None:
        """Deny the source everything, as credential_quarantine does."""
        iam = self.client(HOME)
        for key in iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]:
            iam.update_access_key(UserName=USER, AccessKeyId=key["AccessKeyId"], Status="Inactive")
        iam.put_user_policy(UserName=USER, PolicyName="IamHardeningQuarantine", PolicyDocument=DENY)

    def run_pass(self, *accounts: str, check: bool = False, **options: t.Any) -> dict[str, Record]:
        """One pass over accounts, all of them by default; the results by account."""
        return {account: self.run(account, check=check, **options) for account in accounts or ACCOUNTS}

    def run(self, account_id: str, *, check: bool = False, **options: t.Any) -> Record:
        """One pass in one account. Raises RuntimeError with the message of a run that fails."""
        return self._run(session_revocation.ENTRY, account_id, check, options)

    def run_quarantine(self, account_id: str, *, check: bool = False, **options: t.Any) -> Record:
        """Contain the source, or release it. Raises RuntimeError with the message of a run that fails."""
        return self._run(credential_quarantine.ENTRY, account_id, check, options)

    def release(self, account_id: str, *, check: bool = False, **options: t.Any) -> Record:
        """Release what the incident contained, two days later."""
        later = (datetime.now(UTC) + timedelta(days=2)).isoformat()
        given = {"state": "released", "checklist": CHECKLIST, "now": later, **options}
        return self.run_quarantine(account_id, check=check, **given)

    def _run(self, entry: Entry, account_id: str, check: bool, options: Record) -> Record:
        given = {
            "account_id": account_id,
            "assume_role_arns": {"containment": role_arn(account_id, "automation-containment")},
            "assume_role_external_id": EXTERNAL_ID,
            "assessor_role_arn": role_arn(account_id),
            "journal": str(self.journal),
            "report_dir": str(self.reports),
            "run_id": f"run-{self.runs}",
            "job_id": f"job-{self.runs}",
            "incident": DECLARED,
            "inventory_accounts": list(ACCOUNTS),
            **options,
        }
        given["incident"] = {"known_keys": self.known_keys, **given["incident"]}
        validation = ArgumentSpecValidator({**aws_argument_spec(), **entry.argument_spec()}).validate(given)
        assert not validation.error_messages, validation.error_messages
        result = execute(entry, options=validation.validated_parameters, check_mode=check, files=self.files)
        if result.get("failed"):
            raise RuntimeError(result["msg"])
        return result

    def documents(self, account_id: str) -> dict[str, Record]:
        """The inline policies of the incident, by the name of the role."""
        iam = self.client(account_id)
        found = {}
        for role in iam.list_roles()["Roles"]:
            for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
                if name == POLICY:
                    answer = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)
                    found[role["RoleName"]] = answer["PolicyDocument"]
        return found

    @property
    def writes(self) -> list[str]:
        """The operations sent since the log was cleared that may change something."""
        return [operation_of(record) for record in self.control.log() if not record["read_only"]]


def find_able(intruder: Intruder, results: Mapping[str, Record]) -> list[Credential]:
    """What the intruder can still do things with, and no row says that it is not denied. ``results`` are of a pass."""
    named = " ".join(row["reason"] for result in results.values() for row in result["not_denied"])
    return [one for one, _action in intruder.find_able() if one.key_id not in named]


class Work:
    """Calls of credentials, one after the other, for as long as a ``with`` lasts: how many were made, and lost."""

    def __init__(self, key_ids: Iterable[str]) -> None:
        make: t.Callable[..., t.Any] = boto3.client
        self._clients = [
            make("s3", region_name="us-east-1", aws_access_key_id=key_id, aws_secret_access_key="x")
            for key_id in key_ids
        ]
        self.made = 0
        self.lost: list[str] = []
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="work", daemon=True)

    def __enter__(self) -> Work:
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        # All of them once more, after whatever happened last.
        rounds = self.made // len(self._clients) + 2
        while self._thread.is_alive() and self.made < rounds * len(self._clients):
            self._ends.wait(0.05)
        self._ends.set()
        self._thread.join()

    def _go_on(self) -> None:
        for client in itertools.cycle(self._clients):
            try:
                client.list_buckets()
            except ClientError as error:
                self.lost.append(str(error))
            self.made += 1
            if self._ends.wait(0.02):
                return


def by_role(result: Record) -> dict[str, Record]:
    """The rows of a result by the name of the role."""
    return {row["role"].rpartition("/")[2]: row for row in result["roles"]}


def sids(document: Record) -> list[str]:
    return [statement["Sid"] for statement in document["Statement"]]
