# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.data import (
    write_data,
    write_templates,
)

from .samples import ACCOUNT, accessed, allow, blind, call, make_record, run

TABLE: t.Final = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/orders"


def test_a_result_is_data_that_json_can_have() -> None:
    record = make_record(call("dynamodb:GetItem", TABLE), accessed("sqs:*", 9), but=[blind("sqs")])
    data = write_data(
        run([allow(["dynamodb:*", "sqs:SendMessage", "iam:CreateAccessKey"])], record=record), record.coverage
    )
    assert json.loads(json.dumps(data)) == data
    assert data["documents"][0]["name"] == "lp-app-1"
    assert data["documents"][0]["document"]["Version"] == "2012-10-17"
    assert data["coverage"] == {"dynamodb": "complete", "iam": "complete", "sqs": "blind"}
    (kept,) = data["kept"]
    assert (kept["action"], kept["resources"], kept["count"]) == ("dynamodb:GetItem", [TABLE], 1)
    assert kept["first"] == "2026-11-23T12:00:00+00:00"
    (unknown,) = data["unknown"]
    assert (unknown["action"], unknown["resources"]) == ("sqs:SendMessage", ["arn:aws:sqs:*:*:*"])
    removed = {item["action"]: item for item in data["removed"]}
    assert removed["iam:CreateAccessKey"]["is_sensitive"] is True
    assert "create_access_key" in "".join(removed["iam:CreateAccessKey"]["escalation"]).lower().replace("-", "_")
    assert removed["dynamodb:PutItem"]["escalation"] == []
    assert data["reason"] == ""


def test_a_refusal_has_a_reason_and_no_document() -> None:
    record = make_record()
    data = write_data(run([allow("dynamodb:*")], record=record), record.coverage)
    assert (data["status"], data["documents"], data["kept"]) == ("no_evidence", [], [])
    assert data["reason"]


def test_templates_have_the_names_of_the_documents() -> None:
    found = run([allow("dynamodb:*")], call("dynamodb:GetItem", TABLE))
    assert ACCOUNT not in json.dumps(write_templates(found, ACCOUNT))
    assert write_templates(found, ACCOUNT).keys() == {"lp-app-1"}
