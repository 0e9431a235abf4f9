# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""State files of Terraform: only addresses and ARNs leave them."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.terraform_state import (
    StateError,
    StateResource,
    parse_state,
)

PLACE = "app.tfstate"
ARN = "arn:aws:iam::111122223333:role/apps/App"


def state(*resources: t.Any, **fields: t.Any) -> bytes:
    return json.dumps({"version": 4, "terraform_version": "1.9.5", "resources": list(resources), **fields}).encode()


def managed(*instances: t.Any, **fields: t.Any) -> dict[str, t.Any]:
    return {"mode": "managed", "type": "aws_iam_role", "name": "app", "instances": list(instances), **fields}


def instance(arn: t.Any = ARN, **fields: t.Any) -> dict[str, t.Any]:
    return {"attributes": {"arn": arn, "secret": "hunter2"}, **fields}


def addresses(content: bytes) -> list[str]:
    return [found.address for found in parse_state(content, PLACE)]


def test_an_object_has_its_address_and_its_key() -> None:
    assert parse_state(state(managed(instance())), PLACE) == (
        StateResource("aws_iam_role.app", "aws_iam_role", "app", ARN, PLACE),
    )
    assert parse_state(state(managed(instance())), PLACE)[0].key == ("111122223333", "role", "app")


@pytest.mark.parametrize(
    ("resource", "address"),
    [
        (managed(instance(), module="module.a.module.b"), "module.a.module.b.aws_iam_role.app"),
        (managed(instance(index_key=0)), "aws_iam_role.app[0]"),
        (managed(instance(index_key='a"b')), 'aws_iam_role.app["a\\"b"]'),
        (managed(instance(index_key=True)), "aws_iam_role.app"),
    ],
)
def test_addresses_are_those_of_terraform(resource: t.Any, address: str) -> None:
    assert addresses(state(resource)) == [address]


def test_what_terraform_only_reads_or_iam_does_not_have_is_no_object() -> None:
    assert not addresses(
        state(
            {**managed(instance()), "mode": "data"},
            managed(instance("arn:aws:s3:::bucket")),
            managed(instance("arn:aws:iam::111122223333:instance-profile/app")),
            managed(instance(None), instance(7), {"attributes": None}, "text"),
            "text",
        )
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "is no JSON"),
        (b"[]", "is no state of Terraform"),
        (b"[" * 100_000, "is no JSON"),
        (json.dumps({"encrypted_data": "x", "resources": []}).encode(), "is encrypted"),
        (state(version=3), "is no state of version 4"),
        (json.dumps({"version": 4}).encode(), "is no state of version 4"),
        (state({**managed(), "name": 5}), "malformed"),
        (state({**managed(), "instances": {}}), "malformed"),
    ],
)
def test_what_is_no_state_is_an_error_that_quotes_nothing(content: bytes, reason: str) -> None:
    with pytest.raises(StateError, match=reason) as caught:
        parse_state(content, PLACE)
    assert "hunter2" not in str(caught.value)
