# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""State files of Terraform: only addresses and ARNs leave them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.terraform_state import (
    State,
    StateError,
    StateResource,
    parse_state,
)

PLACE = "app.tfstate"
ARN = "arn:aws:iam::111122223333:role/apps/App"


def state(*resources: t.Any, **fields: t.Any) -> dict[str, t.Any]:
    return {"version": 4, "terraform_version": "1.9.5", "resources": list(resources), **fields}


def managed(*instances: t.Any, **fields: t.Any) -> dict[str, t.Any]:
    return {"mode": "managed", "type": "aws_iam_role", "name": "app", "instances": list(instances), **fields}


def instance(arn: t.Any = ARN, **fields: t.Any) -> dict[str, t.Any]:
    return {"attributes": {"arn": arn, "secret": "hunter2"}, **fields}


def addresses(document: t.Any) -> list[str]:
    return [found.address for found in parse_state(document, PLACE).resources]


def test_an_object_has_its_address_and_its_key() -> None:
    found = parse_state(state(managed(instance())), PLACE)
    resource = StateResource("aws_iam_role.app", "aws_iam_role", "app", ARN, PLACE)
    assert found == State((resource,), ("111122223333",))
    assert resource.key == ("111122223333", "role", "app")


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
            managed(instance("arn:aws:s3:::bucket"), type="aws_s3_bucket"),
            managed(instance("arn:aws:iam::111122223333:instance-profile/app"), type="aws_iam_instance_profile"),
            managed(instance("arn:aws:iam::aws:policy/ReadOnlyAccess"), type="aws_iam_role_policy_attachment"),
            managed(instance(None), instance(7), {"attributes": None}, {}, type="null_resource"),
        )
    )


def test_attributes_of_an_old_version_are_read() -> None:
    """A state of version 4 has them until Terraform changes the resource."""
    assert addresses(state(managed({"attributes_flat": {"arn": ARN}}))) == ["aws_iam_role.app"]


def test_the_accounts_of_what_it_manages_are_known() -> None:
    queue = "arn:aws:sqs:eu-west-1:444455556666:jobs"
    document = state(
        managed(instance()),
        managed(instance(queue), type="aws_sqs_queue"),
        managed(instance("arn:aws:s3:::bucket"), type="aws_s3_bucket"),
        {**managed(instance("arn:aws:kms:eu-west-1:999988887777:key/1")), "mode": "data"},
    )
    assert parse_state(document, PLACE).accounts == ("111122223333", "444455556666")
    assert parse_state(state(), PLACE) == State((), ())


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "is no state of Terraform"),
        ({"encrypted_data": "x", "resources": []}, "is encrypted"),
        *((state(version=version), "is no state of version 4") for version in (3, 5, "4", 4.0, True, None)),
        ({"version": 4}, "is no state of version 4"),
        ({"version": 4, "resources": None}, "is no state of version 4"),
        *((state(resource), "malformed") for resource in ("hunter2", None, {}, [managed()])),
        (state(managed(mode="listed")), "malformed"),
        (state({**managed(), "name": 5}), "malformed"),
        (state({**managed(), "instances": {}}), "malformed"),
        (state(managed("hunter2")), "malformed"),
        (state(managed({"attributes": "hunter2"})), "malformed"),
        (state(managed(instance(None))), "without its ARN"),
        (state(managed({"attributes": None})), "without its ARN"),
        (state(managed(instance("arn:aws:s3:::hunter2"))), "without its ARN"),
    ],
)
def test_what_is_no_state_is_an_error_that_quotes_nothing(document: t.Any, reason: str) -> None:
    with pytest.raises(StateError, match=reason) as caught:
        parse_state(document, PLACE)
    assert "hunter2" not in str(caught.value)
