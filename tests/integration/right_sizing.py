# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account of the fifteen developer roles, and runs of least_privilege in it with the clock moved."""

from __future__ import annotations

import contextlib
import functools
import gzip
import json
import re
import shutil
import typing as t
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

from ansible_collections.hardening.iam.plugins.module_utils._aws.patience import Patience
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege import proof
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.probes import Probe, Prober
from ansible_collections.hardening.iam.plugins.modules import least_privilege
from dates import date_in
from developer_events import APPS
from emulator.client import Emulator, EmulatorProcess

from .conftest import EXTERNAL_ID, MANAGEMENT, Record, fresh, operation_of, role_arn
from .interrupting import canonical, iam_state, kill_at_write

BUCKET: t.Final = "acme-apps-logs"
REGIONS: t.Final = ["us-east-1", "eu-west-1"]
ADMIN: t.Final = "arn:aws:iam::aws:policy/AdministratorAccess"
ROLE_PREFIX: t.Final = f"arn:aws:iam::{APPS}:role/"
# The shortest times that the module accepts, and days to be on the safe side of the delivery of events.
CANARY, WATCH, UNUSED, CLOSED = 3, 3, 7, 7
#: So many days of log files are read. They cost time.
TRAIL_DAYS: t.Final = 30


@contextlib.contextmanager
def use(emulator: EmulatorProcess) -> Iterator[Emulator]:
    """Use an emulator for all calls of this process, without the pauses of retries."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        patch.setattr(Patience, "__init__", functools.partialmethod(Patience.__init__, pause=0.05))
        patch.setattr(proof, "Prober", _RememberingProber)
        yield fresh(emulator)


class _RememberingProber(Prober):
    """Probes the same change once: of an administrator that is two thirds of the time of each stage."""

    def __init__(self, before: Layers, after: Layers, principal_arn: str) -> None:
        super().__init__(before, after, principal_arn)
        self._change: t.Final = (before, after, principal_arn)

    def probe_removed(self, removed: Iterable[str]) -> Iterator[Probe]:
        return iter(_probe(*self._change, tuple(removed)))


@functools.cache
def _probe(before: Layers, after: Layers, principal_arn: str, removed: tuple[str, ...]) -> tuple[Probe, ...]:
    return tuple(Prober(before, after, principal_arn).probe_removed(removed))


def accept(*names: str, **more: str) -> list[Record]:
    return [{"principal": name, "reason": "test", "expires": date_in(300), **more} for name in names]


class SizeBench:
    """The account on the emulator, and runs in it. ``day`` is how far the clocks have moved."""

    def __init__(self, control: Emulator, directory: Path) -> None:
        self.control = control
        self.directory = directory
        self.journal = directory / "journal"
        self.reports = directory / "reports"
        self.start = datetime.now(UTC).replace(microsecond=0)
        self.day = 0.0
        self.runs = 0
        self.iam = self.open_client("iam")
        self.options: Record = {}
        #: By the role of a seeded activity, the role that makes its calls now; both as ``role/NAME``.
        self.moved: dict[str, str] = {}

    def open_client(self, service: str, *, account_id: str = APPS, region: t.Optional[str] = None) -> t.Any:
        """A client in an account, as its administrators have one."""
        role = boto3.client("sts").assume_role(
            RoleArn=role_arn(account_id, "automation"), RoleSessionName="test", ExternalId=EXTERNAL_ID
        )["Credentials"]
        return boto3.client(
            service,
            region_name=region,
            aws_access_key_id=role["AccessKeyId"],
            aws_secret_access_key=role["SecretAccessKey"],
            aws_session_token=role["SessionToken"],
        )

    @property
    def now(self) -> datetime:
        """The moment of the next run: that of the account, since it may be slow to come so far."""
        return datetime.now(UTC) + timedelta(days=self.day)

    def wait(self, days: int, *calls: Record) -> None:
        """Move the clocks of the account and of the runs. All go on with their work, by the roles that they have now.

        ``calls`` are further ones, see tests/emulator/activity/later.py.
        """
        self.day += days
        self.control.clock(offset_days=self.day)
        self.control.add_calls(APPS, calls, days=days, moved=self.moved)

    def run(
        self, stage: t.Optional[str], *, check: bool = False, entry: Entry = least_privilege.ENTRY, **options: t.Any
    ) -> Record:
        """Run one stage. Raises RuntimeError with the message of a run that fails."""
        self.runs += 1
        given = {
            "account_id": APPS,
            "assume_role_arn": role_arn(APPS, "automation"),
            "assume_role_external_id": EXTERNAL_ID,
            "organization_role_arn": role_arn(MANAGEMENT),
            "regions": REGIONS,
            "journal": str(self.journal),
            "report_dir": str(self.reports),
            "run_id": f"run-{self.runs}",
            "now": self.now.isoformat(),
            "mode": "enforce",
            "campaign": "developers",
            "stage": stage,
            "trail_logs": f"s3://{BUCKET}",
            "trail_days": TRAIL_DAYS,
            "event_history": False,
            "owner_default": "allow",
            "canary_days": CANARY,
            "watch_days": WATCH,
            "unused_days": UNUSED,
            "closed_days": CLOSED,
            "trial_days": 21,
            "max_changes": 1000,
            "max_percent": 100,
            **self.options,
            **options,
        }
        given.setdefault("break_lease", self._find_lease(given["account_id"]))
        wanted = {name: value for name, value in given.items() if value is not None}
        return self.result(least_privilege.ENTRY, check, wanted)

    def approve(self, stage: str, **options: t.Any) -> Record:
        """Run a stage under an approved plan, if there is something to approve."""
        planned = self.run(stage, check=True, **options)
        if not planned["changed"] and not planned["refused"]:
            return self.run(stage, **options)
        return self.run(stage, approved_plan=planned["plan_sha256"], **options)

    def result(self, entry: Entry, check: bool, options: Record) -> Record:
        spec = {**aws_argument_spec(), **entry.argument_spec()}
        validation = ArgumentSpecValidator(spec).validate(options)
        if validation.error_messages:
            raise RuntimeError("; ".join(validation.error_messages))
        result = execute(entry, options=validation.validated_parameters, check_mode=check)
        if result.get("failed"):
            raise RuntimeError(result["msg"])
        return result

    def _find_lease(self, account_id: str) -> t.Optional[str]:
        """Find the run that was killed and has the lease still; it is known to have ended here."""
        place = self.journal / "control" / "leases" / "aws" / f"{account_id}.json"
        return json.loads(place.read_text(encoding="utf-8"))["run_id"] if place.exists() else None

    # What there is

    def state(self) -> str:
        """All of the account's IAM, as canonical JSON."""
        return canonical(iam_state(self.iam))

    def list_roles(self) -> list[Record]:
        """All roles of the account."""
        pages = self.iam.get_paginator("list_roles").paginate()
        return [role for page in pages for role in page["Roles"]]

    def attached(self, role: str) -> list[str]:
        found = self.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        return sorted(item["PolicyArn"] for item in found)

    def boundary(self, role: str) -> t.Optional[str]:
        found = self.iam.get_role(RoleName=role)["Role"].get("PermissionsBoundary", {})
        return t.cast(t.Optional[str], found.get("PermissionsBoundaryArn"))

    def documents(self, role: str) -> list[Record]:
        """The documents of the managed policies of a role that the collection made."""
        found = []
        for arn in self.attached(role):
            if "/iam-hardening/lp/" in arn:
                version = self.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
                answer = self.iam.get_policy_version(PolicyArn=arn, VersionId=version)
                found.append(answer["PolicyVersion"]["Document"])
        return found

    @property
    def written(self) -> list[str]:
        """The writes that took effect since the log was cleared, each with its parameters."""
        log = [record for record in self.control.log() if not record["read_only"] and record["status"] == 200]
        return [f"{operation_of(record)} {canonical(record['parameters'])}" for record in log]

    @property
    def writes(self) -> list[str]:
        """The operations that took effect since the log was cleared."""
        return [
            operation_of(record) for record in self.control.log() if not record["read_only"] and record["status"] == 200
        ]


class SmallBench(SizeBench):
    """An account of few roles and few calls, so that many runs are quick. Its log files are in a directory."""

    def __init__(self, control: Emulator, directory: Path) -> None:
        super().__init__(control, directory)
        self.logs = directory / "logs"
        self.base_state = ""
        self._days: dict[int, float] = {}
        self.options = {
            "account_id": MANAGEMENT,
            "assume_role_arn": None,
            "assume_role_external_id": None,
            "organization_role_arn": None,
            "regions": ["us-east-1"],
            "trail_logs": str(self.logs),
            # The account has no trail, so it is not known what wrote the files.
            "assume_logged": ["data", "management_read", "management_write"],
            "targets": SMALL_TARGETS,
            # Its trust policy admits the whole account, in which there may be machines.
            "accept_machines": accept("job"),
            "break_glass": [f"arn:aws:iam::{MANAGEMENT}:role/break-glass"],
        }

    @property
    def now(self) -> datetime:
        """The moment of the next run. A repeated run is of the same moment."""
        return self.start + timedelta(days=self.day)

    def open_client(self, service: str, *, account_id: str = MANAGEMENT, region: t.Optional[str] = None) -> t.Any:
        return boto3.client(service, region_name=region)

    def wait(self, days: int, *calls: Record, users: t.Optional[Sequence[str]] = None) -> None:
        """Move the clocks. The log files go on: each day each role makes its calls; ``calls`` are of the last day."""
        self.day += days
        self.control.clock(offset_days=self.day)
        self.write_logs(days, calls, users)

    def write_logs(self, days: int, calls: Sequence[Record] = (), users: t.Optional[Sequence[str]] = None) -> None:
        """Write the log files of some days up to now; ``users`` are the roles that make calls each day."""
        names = self._list_users() if users is None else users
        for ago in range(days):
            moment = self.now - timedelta(days=ago, hours=2)
            folder = self.logs / "AWSLogs" / MANAGEMENT / "CloudTrail" / "us-east-1" / f"{moment:%Y/%m/%d}"
            folder.mkdir(parents=True, exist_ok=True)
            made = [self.make_event(name, moment) for name in names] + ([*calls] if ago == 0 else [])
            name = f"{MANAGEMENT}_CloudTrail_us-east-1_{moment:%Y%m%dT%H%MZ}_{self.runs:08}.json.gz"
            (folder / name).write_bytes(gzip.compress(json.dumps({"Records": made}).encode()))

    def _list_users(self) -> list[str]:
        """The roles that make calls. People use the new role beside their old one as soon as it lets them in."""
        names = ["app", "job"]
        with contextlib.suppress(self.iam.exceptions.NoSuchEntityException):
            document = self.iam.get_role(RoleName="app-lp")["Role"]["AssumeRolePolicyDocument"]
            names += [] if "ClosedByLeastPrivilege" in json.dumps(document) else ["app-lp"]
        return names

    def make_event(self, role: str, moment: datetime, call: str = "s3:GetObject", **fields: t.Any) -> Record:
        """Make a recorded call of a role on the bucket."""
        source, _colon, name = call.partition(":")
        arn = f"arn:aws:iam::{MANAGEMENT}:role/{role}"
        unique = self.iam.get_role(RoleName=role)["Role"]["RoleId"]
        issuer = {"type": "Role", "arn": arn, "principalId": unique, "accountId": MANAGEMENT, "userName": role}
        return {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": f"{unique}:anna",
                "arn": f"arn:aws:sts::{MANAGEMENT}:assumed-role/{role}/anna",
                "accountId": MANAGEMENT,
                "sessionContext": {"sessionIssuer": issuer, "attributes": {"mfaAuthenticated": "true"}},
            },
            "eventTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            "eventID": str(uuid.uuid4()),
            "eventSource": f"{source}.amazonaws.com",
            "eventName": name,
            "eventType": "AwsApiCall",
            "eventCategory": "Data" if source == "s3" else "Management",
            "managementEvent": source != "s3",
            "readOnly": True,
            "awsRegion": "us-east-1",
            "recipientAccountId": MANAGEMENT,
            "requestParameters": {"bucketName": "data", "key": "report.csv"},
            **fields,
        }

    def make_denial(self, role: str, action: str, how: str) -> Record:
        """Make a denied call of a role; ``how`` is the end of AWS's message."""
        message = f"User: arn:aws:sts::{MANAGEMENT}:assumed-role/{role}/anna is not authorized to perform: {action}"
        text = f"{message} on resource: arn:aws:s3:::data/report.csv {how}"
        return self.make_event(role, self.now - timedelta(hours=3), action, errorCode="AccessDenied", errorMessage=text)

    def make_base(self, seed: t.Optional[Record] = None) -> None:
        """Make the account, with the log files of a month."""
        self.control.reset(seed or SMALL_SEED)
        self.write_logs(TRAIL_DAYS)
        self.base_state = self.state()
        self.keep()

    def keep(self) -> int:
        """Keep account, journal and log files as they are, and return the number to come back to them."""
        number = self.control.snapshot()
        kept = self.directory / f"kept-{number}"
        for name in ("journal", "logs"):
            (self.directory / name).mkdir(exist_ok=True)
            shutil.copytree(self.directory / name, kept / name)
        self._days[number] = self.day
        return number

    def back_to(self, number: int) -> None:
        """Come back to what was kept."""
        self.control.restore(number)
        for name in ("journal", "logs"):
            shutil.rmtree(self.directory / name)
            shutil.copytree(self.directory / f"kept-{number}" / name, self.directory / name)
        self.day = self._days[number]
        self.control.clock(offset_days=self.day)
        self.control.clear_log()

    def read_records(self) -> dict[str, bytes]:
        """Read the records of all campaigns."""
        folder = self.journal / "campaigns"
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def comparable_state(self) -> str:
        """The account without unique ids, dates, and what a run writes into tags."""
        text = re.sub(
            r'"(CreateDate|UpdateDate|RoleId|PolicyId|UserId|VersionId|DefaultVersionId)": "[^"]*"', "", self.state()
        )
        return re.sub(r"run=[\w.:-]+", "", text)

    def killed(self, run: Callable[[], t.Any], *, write: int, after: bool) -> None:
        """Run in a process of its own, and kill that where its n-th write arrives, or has just taken effect."""
        kill_at_write(self.control, run, write=write, after=after)
        # The child has counted its run for itself.
        self.runs += 1


def _trust(**principal: str) -> Record:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


PEOPLE: t.Final = _trust(AWS=f"arn:aws:iam::{MANAGEMENT}:root")
SMALL_SEED: t.Final[Record] = {
    "management_account": MANAGEMENT,
    "accounts": {
        MANAGEMENT: {
            "name": "small",
            "roles": {
                "app": {"trust": PEOPLE, "policies": ["aws:AdministratorAccess"], "tags": {"team": "a"}},
                "job": {"trust": PEOPLE, "policies": ["aws:AmazonS3FullAccess", "aws:AdministratorAccess"]},
                "break-glass": {
                    "trust": _trust(AWS="arn:aws:iam::999988887777:root"),
                    "policies": ["aws:AdministratorAccess"],
                },
            },
        }
    },
}
SMALL_TARGETS: t.Final = [
    {"roles": ["app"], "way": "parallel", "canary": True},
    {"roles": ["job"], "way": "in_place", "canary": True},
]


#: An entry of ``always_allow`` that the small account's old policies allow, and nobody used.
COMPANION: t.Final[Record] = {
    "name": "companion",
    "actions": ["kms:GenerateDataKey"],
    "resources": [f"arn:aws:kms:us-east-1:{MANAGEMENT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
    "owner": "team",
    "reason": "the bucket is encrypted",
    "expires": date_in(200),
}


def states(result: Record) -> dict[str, str]:
    """The state of each role, by its name."""
    return {item["role"].rpartition("/")[2]: item["state"] for item in result["campaign"]["roles"]}


def rules(result: Record) -> dict[str, str]:
    """The rule of the refusal of each role, by its name."""
    return {item["target"].rpartition("/")[2]: item["rule"] for item in result["refused"]}
