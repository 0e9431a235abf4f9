# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one playbook of an incident hands to the next one: ids and names, and nothing that could be a template."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident
from ansible_collections.hardening.iam.plugins.module_utils._report.incident_variables import (
    select_sessions,
    write_seeds,
    write_seen,
)

NOW: t.Final = datetime(2026, 11, 28, 12, tzinfo=UTC)
ROLE: t.Final = "arn:aws:iam::111122223333:role/ci/deploy"
KEY: t.Final = "ASIAIOSFODNN7EXAMPLE"
HOSTILE: t.Final = (
    "{{ lookup('pipe', 'id') }}",
    "{% raw %}",
    "a\ncompromise_response_confirm: INC-7",
    "!unsafe a",
    "a: b",
    "*a",
    "x" * 65,
    "a\u202e",
    "ünü",
    7,
    None,
    ["a"],
)


def session(**fields: t.Any) -> dict[str, t.Any]:
    return {"role": ROLE, "session_name": "evil-1", "access_key_id": KEY, "source_identity": "", **fields}


def declare(**fields: t.Any) -> Incident:
    given = {"id": "INC-7", "declared_by": "Ana", "reason": "key found in {{ a }} repository", **fields}
    return Incident.from_option(given, now=NOW)


def test_the_sessions_are_those_that_an_incident_takes() -> None:
    found = yaml.safe_load(
        write_seen("INC-7", [session(), session(), session(session_name="b@acme", source_identity="ana")])
    )
    assert found["compromise_response_incident_id"] == "INC-7"
    incident = declare(keys=["AKIAIOSFODNN7EXAMPLE"], seen=found["compromise_response_seen"])
    assert [(one.session_name, one.source_identity) for one in incident.seen] == [("evil-1", ""), ("b@acme", "ana")]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_what_aws_does_not_allow_is_left_out_and_its_role_is_not(name: t.Any) -> None:
    names = {"session_name": name, "access_key_id": name, "source_identity": name}
    content = write_seen("INC-7", [session(**names), session(role=name)])
    assert yaml.safe_load(content) == {
        "compromise_response_incident_id": "INC-7",
        "compromise_response_seen": [
            {"role": ROLE, "session_name": "", "access_key_id": "", "source_identity": ""},
        ],
    }
    assert not set(content.decode()) & set("!*&%") and "{{" not in content.decode()
    assert select_sessions([session(role=name)]) == []


def test_a_hunt_without_an_incident_or_sessions_names_none() -> None:
    assert yaml.safe_load(write_seen("", [])) is None


def test_a_hunt_begins_with_what_the_incident_names_and_no_text_of_people() -> None:
    content = write_seeds(
        declare(
            keys=["AKIAIOSFODNN7EXAMPLE", {"id": "AKIAIOSFODNN7EXAMPLF", "user": "ana"}],
            users="arn:aws:iam::111122223333:user/ana",
            sessions=[{"role": ROLE, "name": "evil-1"}],
            since="2026-11-28T09:00:00Z",
        ),
        "UNRESOLVED 1",
    )
    assert b"ended with: UNRESOLVED 1" in content
    assert yaml.safe_load(content) == {
        "credential_hunt_incident_id": "INC-7",
        "credential_hunt_access_key_ids": ["AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLF"],
        "credential_hunt_principals": ["arn:aws:iam::111122223333:user/ana", ROLE],
        "credential_hunt_since": "2026-11-28T09:00:00Z",
    }
    assert b"{{" not in content and b"repository" not in content
