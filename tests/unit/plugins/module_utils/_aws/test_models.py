# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from botocore.model import Shape
from botocore.session import Session

from ansible_collections.hardening.iam.plugins.module_utils._assessment.run import OPERATIONS
from ansible_collections.hardening.iam.plugins.module_utils._aws.models import DeclaredModels
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._aws.sdk import new_session

SERVICES = sorted(set(OPERATIONS.services) - {"sts"})
LOADER = Session().get_component("data_loader")


def structure(shape: t.Optional[Shape], seen: frozenset[str] = frozenset()) -> t.Any:
    """A shape with all that it is made of; one that contains itself ends at its name."""
    if shape is None or shape.name in seen:
        return shape and shape.name
    seen |= {shape.name}
    members = {name: structure(member, seen) for name, member in getattr(shape, "members", {}).items()}
    parts = [structure(getattr(shape, part, None), seen) for part in ("member", "key", "value")]
    return shape.name, shape.type_name, shape.serialization, shape.metadata, members, parts


@pytest.mark.parametrize("service", SERVICES)
def test_declared_operations_are_as_in_the_whole_model(service: str) -> None:
    whole = Session().get_service_model(service)
    reduced = new_session(operations=OPERATIONS).get_service_model(service)
    assert set(reduced.operation_names) == OPERATIONS.of(service) < set(whole.operation_names)
    for name in reduced.operation_names:
        ours, theirs = reduced.operation_model(name), whole.operation_model(name)
        assert structure(ours.input_shape) == structure(theirs.input_shape)
        assert structure(ours.output_shape) == structure(theirs.output_shape)
        assert ours.http == theirs.http
    # A service may answer with errors that the operation does not name.
    assert [shape.name for shape in reduced.error_shapes] == [shape.name for shape in whole.error_shapes]
    assert reduced.metadata == whole.metadata


@pytest.mark.parametrize("service", ["sts", "sso"], ids=["of credential providers", "undeclared"])
def test_other_services_are_whole(service: str) -> None:
    operations = Operations(reads=frozenset({"sts:GetCallerIdentity", "iam:ListUsers"}))
    models = DeclaredModels(LOADER, operations)
    assert models.load_service_model(service, "service-2") == LOADER.load_service_model(service, "service-2")


def test_everything_else_is_the_loaders() -> None:
    models = DeclaredModels(LOADER, Operations(reads=frozenset({"iam:ListUsers"})))
    assert models.load_service_model("iam", "endpoint-rule-set-1")["rules"]
    assert models.load_service_model("iam", "paginators-1")["pagination"]
    assert models.list_available_services("service-2") == LOADER.list_available_services("service-2")
    assert models.load_data("endpoints") is LOADER.load_data("endpoints")
    # The loader's own copy keeps all that it had.
    assert len(LOADER.load_service_model("iam", "service-2")["operations"]) > 100


def test_operations_that_a_model_lacks_are_left_out() -> None:
    models = DeclaredModels(LOADER, Operations(reads=frozenset({"iam:ListUsers", "iam:ListUnicorns"})))
    assert list(models.load_service_model("iam", "service-2")["operations"]) == ["ListUsers"]
