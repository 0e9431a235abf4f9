# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many calls the plan of a containment makes: as many after hundreds of events and incidents as before."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from intruder import HOME, USER

from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions
from ansible_collections.hardening.iam.plugins.module_utils._aws.patience import Patience
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.names import OF_ORGANIZATION, record_key
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import Event, State
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import Record as IncidentRecord
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.released import index_released
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust_state import Found
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust_states import keep_state
from ansible_collections.hardening.iam.plugins.module_utils._module.options import StoreOptions
from ansible_collections.hardening.iam.plugins.module_utils._module.stores import open_store
from ansible_collections.hardening.iam.plugins.modules import (
    credential_quarantine,
    session_revocation,
)
from emulator.client import Emulator, EmulatorProcess

from .conftest import MANAGEMENT, Record, fresh, operation_of
from .containing import Response, declare
from .test_organization_containment import OPTIONS

BUCKET: t.Final = "incident-journal"
PLACE: t.Final = f"s3://{BUCKET}/journal"
#: So many events of each kind, and so many released incidents of each account.
MANY: t.Final = 120
#: Each module on the host where it has the most to read.
MODULES: t.Final[dict[str, tuple[str, Record]]] = {
    "credential_quarantine": (HOME, {"entry": credential_quarantine.ENTRY}),
    "session_revocation": (HOME, {"entry": session_revocation.ENTRY}),
    "organization_containment": (
        MANAGEMENT,
        {**OPTIONS, "incident": {**declare(), "accounts": [{"account_id": HOME}]}},
    ),
}


@pytest.fixture
def control(emulator: EmulatorProcess) -> Iterator[Emulator]:
    control = fresh(emulator, "incident")
    control.set_lag(0)
    control.set_lateness(0)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        patch.setattr(Patience, "__init__", functools.partialmethod(Patience.__init__, pause=0.05))
        yield control


def plan(response: Response, name: str) -> tuple[Record, Counter[str]]:
    """The plan of a module, and its calls."""
    account_id, options = MODULES[name]
    response.control.clear_log()
    result = response.run(account_id, check=True, journal=PLACE, **options)
    # A key that the seed's intruder made for somebody else is only named.
    assert not result.get("failed") or result["msg"].startswith("not denied: "), result["msg"]
    # A slow machine asks CloudTrail too often for a moment, and then again.
    answered = [record for record in response.control.log() if record["error_code"] != "ThrottlingException"]
    return result, Counter(map(operation_of, answered))


def add_events(response: Response) -> None:
    """What changes nothing: tags of a role of the run, of the leaked key's user and of the organization."""
    iam, client = response.client("iam"), response.client("organizations", MANAGEMENT)
    root = client.list_roots()["Roots"][0]["Id"]
    for number in range(MANY):
        tags = [{"Key": "count", "Value": str(number)}]
        iam.tag_role(RoleName="automation-containment", Tags=tags)
        iam.tag_user(UserName=USER, Tags=tags)
        client.tag_resource(ResourceId=root, Tags=tags)


def add_incidents(account_id: str) -> None:
    """Released incidents, as many releases leave them."""
    s3 = boto3.client("s3")
    at = datetime(2026, 11, 1, tzinfo=UTC)
    for number in range(MANY):
        name = f"OLD-{number:03}{OF_ORGANIZATION if account_id == MANAGEMENT else ''}"
        ends = frozenset(Event(at, state, "old") for state in (State.RELEASING, State.RELEASED))
        record = IncidentRecord(account_id, name, State.RELEASED, "Ana", "an old incident", events=ends)
        s3.put_object(Bucket=BUCKET, Key=f"journal/{record_key(account_id, name)}", Body=record.as_bytes())
    # As a release does it at its end.
    index_released(open_store(StoreOptions(PLACE), AccessOptions), account_id)


def test_the_calls_of_a_plan_do_not_grow_with_the_history(control: Emulator, tmp_path: Path) -> None:
    response = Response(control, tmp_path)
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    for account_id in (HOME, MANAGEMENT):
        name = f"OLD{OF_ORGANIZATION if account_id == MANAGEMENT else ''}"
        record = IncidentRecord(account_id, name, State.DECLARED, "Ana", "another incident that contains nobody")
        boto3.client("s3").put_object(
            Bucket=BUCKET, Key=f"journal/{record_key(account_id, name)}", Body=record.as_bytes()
        )
    # So that the roles and the control policies are compared.
    state = Found(HOME, "run-1", datetime(2026, 11, 1, tzinfo=UTC), {}, {})
    keep_state(open_store(StoreOptions(PLACE), AccessOptions), state)
    before = {name: plan(response, name) for name in MODULES}
    add_events(response)
    for account_id in (HOME, MANAGEMENT):
        add_incidents(account_id)
    after = {name: plan(response, name) for name in MODULES}
    print({name: before[name][1].total() for name in MODULES})
    for name in MODULES:
        assert after[name][1] == before[name][1], name
        assert after[name][0]["changes"] and not after[name][0]["refused"]
    # It says that it has not read all.
    (row,) = after["organization_containment"][0]["trust"]
    assert any("more events than were read" in reason for reason in row["unread"])
    (row,) = before["organization_containment"][0]["trust"]
    assert not any("more events than were read" in reason for reason in row["unread"])

    # A record that was written after its release is read again.
    found = dataclasses.replace(
        IncidentRecord(HOME, "OLD-007", State.CONTAINING, "Ana", "it is back"), targets=frozenset({"anything"})
    )
    boto3.client("s3").put_object(Bucket=BUCKET, Key=f"journal/{record_key(HOME, 'OLD-007')}", Body=found.as_bytes())
    assert plan(response, "credential_quarantine")[1].total() == before["credential_quarantine"][1].total() + 1
