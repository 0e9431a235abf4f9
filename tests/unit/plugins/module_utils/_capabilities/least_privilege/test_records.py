# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import Way
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.records import (
    Document,
    Event,
    Kind,
    hash_documents,
    make_prefix,
)

from .campaigns import DOCUMENTS, OTHER_DOCUMENTS, moment, record


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("kind", Kind)
def test_a_record_comes_back(kind: Kind, way: Way) -> None:
    before = record(kind, way=way, reason="é", by="arn:aws:iam::111122223333:user/alice", run_id="run-1")
    after = Event.of_bytes(before.as_bytes(), number=3, key="x/000003-a.json", stored_at=moment(1))
    assert after == before
    assert (after.number, after.key, after.stored_at) == (3, "x/000003-a.json", moment(1))


def test_people_can_read_a_record() -> None:
    content = json.loads(record(Kind.OPENED, way=Way.IN_PLACE).as_bytes())
    assert (content["event"], content["way"], content["at"]) == ("opened", "in_place", "2026-01-08T12:00:00Z")
    assert (content["soak_days"], content["deadline"]) == (14, "2026-01-29T12:00:00Z")


GENERATED = record(Kind.GENERATED).as_bytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        GENERATED[:-20],
        GENERATED.replace(b"campaign/1", b"campaign/9"),
        GENERATED.replace(b'"generated"', b'"made"'),
        GENERATED.replace(b'"parallel"', b'"beside"'),
        GENERATED.replace(b'"canary": true', b'"canary": 1'),
        GENERATED.replace(b'"role_id": "AROA', b'"role_id": 7, "x": "AROA'),
        GENERATED.replace(b'"soak_days": null', b'"soak_days": -1'),
        GENERATED.replace(b'"soak_days": null', b'"soak_days": 1000000000000'),
        GENERATED.replace(b'"soak_days": null', b'"soak_days": 1.5'),
        GENERATED.replace(b'"soak_days": null', b'"soak_days": true'),
        GENERATED.replace(b'"deadline": null', b'"deadline": "soon"'),
        GENERATED.replace(b'"at": "2026', b'"at": "9999'),
        GENERATED.replace(b'"is_trial": false', b'"is_trial": null'),
        GENERATED.replace(b'"size": 100', b'"size": "100"'),
        # Other documents than those that the hash is of: a document that nobody proved.
        GENERATED.replace(b"aaaa", b"bbbb"),
        GENERATED.replace(b'"sha256": "a', b'"sha256": "../a'),
        GENERATED.replace(b"lp-dev-a-1", b"lp-dev-a-2"),
    ],
)
def test_a_file_that_is_no_record(content: bytes) -> None:
    with pytest.raises(ValueError):
        Event.of_bytes(content)


def test_the_order_of_documents_does_not_count() -> None:
    both = (*DOCUMENTS, Document("lp-dev-a-2", "c" * 64, 1))
    assert hash_documents(both) == hash_documents(both[::-1])
    assert hash_documents(DOCUMENTS) != hash_documents(OTHER_DOCUMENTS)
    assert hash_documents(DOCUMENTS) != hash_documents([Document("lp-dev-a-1", "a" * 64, 100, is_trial=True)])


def test_the_place_of_a_role() -> None:
    assert make_prefix("111122223333", "developers", "dev+a=b,c.d@e-f_g") == (
        "campaigns/111122223333/developers/dev+a=b,c.d@e-f_g/"
    )


@pytest.mark.parametrize("name", ["..", ".", "../../etc", "a/b"])
def test_no_name_leads_elsewhere(name: str) -> None:
    for prefix in (make_prefix("1", name, "dev"), make_prefix("1", "developers", name)):
        assert len(prefix.split("/")) == 5
        assert not {".", ".."} & set(prefix.split("/"))
