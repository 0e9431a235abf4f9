# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.documents import policy_document

DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


@pytest.mark.parametrize(
    "given",
    [
        DOCUMENT,
        json.dumps(DOCUMENT),
        json.dumps(DOCUMENT, indent=2),
        quote(json.dumps(DOCUMENT)),
        quote(json.dumps(DOCUMENT), safe=""),
    ],
    ids=["decoded", "plain", "indented", "encoded", "fully-encoded"],
)
def test_forms(given: object) -> None:
    found = policy_document("name", given)
    assert (found.name, found.document, found.error) == ("name", DOCUMENT, None)


def test_percent_signs_of_plain_json_are_kept() -> None:
    document = {"Statement": {"Condition": {"StringLike": {"aws:PrincipalTag/x": "50%25"}}}}
    assert policy_document("name", json.dumps(document)).document == document


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("", "not a JSON document"),
        ("%7Bbroken", "not a JSON document"),
        ("{", "not a JSON document"),
        ("[]", "not a JSON object but a list"),
        ("%22text%22", "not a JSON object but a str"),
        (None, "not a JSON object but nothing"),
        (7, "not a JSON object but a int"),
    ],
)
def test_malformed_documents_are_errors_to_report(given: object, reason: str) -> None:
    found = policy_document("bad", given)
    assert found.name == "bad"
    assert found.document is None
    assert found.error is not None and found.error.startswith(reason)
