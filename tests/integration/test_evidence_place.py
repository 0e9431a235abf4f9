# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The place of the evidence of an incident: locked objects, and a place in S3 that does not answer."""

from __future__ import annotations

import contextlib
import functools
import json
import socket
import threading
import typing as t
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from botocore.exceptions import ClientError
from intruder import HOME, LEAKED

from ansible_collections.hardening.iam.plugins.module_utils._aws.patience import Patience
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.run import (
    CredentialQuarantine,
)
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.modules import credential_hunt_info
from emulator.client import Emulator, EmulatorProcess

from .conftest import EXTERNAL_ID, Record, fresh, role_arn
from .containing import INCIDENT, Response

BUCKET: t.Final = "incident-evidence"
PLACE: t.Final = f"s3://{BUCKET}/iam"


@pytest.fixture
def accounts(emulator: EmulatorProcess, tmp_path: Path) -> Iterator[Emulator]:
    control = fresh(emulator, "incident")
    control.set_lag(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CredentialQuarantine, "holds", 0.0)
        # Where the journal of a containment goes to that can't reach its place.
        patch.chdir(tmp_path)
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        patch.setattr(Patience, "__init__", functools.partialmethod(Patience.__init__, pause=0.05))
        yield control


@pytest.fixture
def response(accounts: Emulator, tmp_path: Path) -> Response:
    return Response(accounts, tmp_path)


def list_evidence() -> list[Record]:
    found = boto3.client("s3").list_object_versions(Bucket=BUCKET, Prefix=f"iam/incident/{INCIDENT}/")
    return list(found.get("Versions", ()))


def hunt(**options: t.Any) -> Record:
    roles = {"assessor_role_arn": role_arn(HOME, "assessor"), "assume_role_external_id": EXTERNAL_ID}
    reads = {"access_key_ids": [LEAKED], "regions": ["us-east-1"], "sweep": False, "terminal": "none"}
    given = {"account_id": HOME, "evidence_lock_days": 30, **roles, **reads, **options}
    spec = {**aws_argument_spec(), **credential_hunt_info.ENTRY.argument_spec()}
    validation = ArgumentSpecValidator(spec).validate({"incident_id": INCIDENT, **given})
    assert not validation.error_messages
    return execute(credential_hunt_info.ENTRY, options=validation.validated_parameters, check_mode=False)


def test_nobody_can_delete_locked_evidence(response: Response) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    result = response.contain(journal=PLACE, evidence_lock_days=30)
    assert not [warning for warning in result.get("warnings", ()) if "LOCKED" in str(warning)]
    assert not hunt(report_dir=PLACE).get("failed")
    of_hunt = ("hunt.json", "manifest.json", "queries.jsonl", "timeline.jsonl")
    evidence = [item for item in list_evidence() if "/contain-1-" in item["Key"] or item["Key"].endswith(of_hunt)]
    # The document of the containment, and its hash.
    assert len(evidence) == len(of_hunt) + 2
    for version in evidence:
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.delete_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])


def test_without_object_lock_a_containment_goes_on_and_a_hunt_does_not(response: Response) -> None:
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    result = response.contain(journal=PLACE, evidence_lock_days=30)
    assert any("THE EVIDENCE IS NOT LOCKED" in str(warning) for warning in result["warnings"])
    assert (result["not_denied"], result["journal_fell_back"]) == ([], False)
    assert list_evidence()
    failed = hunt(report_dir=PLACE)
    assert failed["failed"]
    assert "evidence_lock_days needs a bucket with Object Lock" in failed["msg"]
    assert "only S3 can lock objects" in hunt(report_dir=str(response.reports))["msg"]


# A place that does not answer


@contextlib.contextmanager
def listen(*, answers: bool) -> Iterator[tuple[str, list[t.Any]]]:
    """A place that takes connections without a word, or (not ``answers``) refuses them; yields its URL and them."""
    taken: list[t.Any] = []
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        if not answers:
            yield url, taken
            return
        server.listen(64)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    taken.append(server.accept()[0])

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield url, taken
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in taken:
                connection.close()


@pytest.mark.parametrize("answers", [False, True], ids=["refused", "silent"])
def test_a_containment_goes_on_without_its_journal(
    answers: bool, response: Response, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"journal": PLACE, "aws_config": {"read_timeout": 0.2, "connect_timeout": 0.2}}
    with listen(answers=answers) as (url, taken):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
        refused = response.run(**options)
        assert refused["failed"]
        assert "set journal_fallback (hardening_journal_fallback) to local" in refused["msg"]
        assert response.writes == []
        attempts = len(taken)
        result = response.contain(**options, journal_fallback="local")
    # One call, and its repetitions. With the usual time-outs there are fewer: they end the rounds early.
    assert attempts <= 12
    assert len(taken) - attempts <= 12
    assert (result["not_denied"], result["journal_fell_back"]) == ([], True)
    assert any("THE JOURNAL IS ON THIS CONTROLLER ALONE" in str(warning) for warning in result["warnings"])
    records = list(Path("journal-fallback").rglob(f"*{INCIDENT}*"))
    assert records
    assert json.dumps(result["undo"]) != "[]"
    assert response.control.log()
    assert HOME in {change["account_id"] for change in result["undo"]}
