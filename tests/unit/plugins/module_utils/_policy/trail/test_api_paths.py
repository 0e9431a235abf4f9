# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The paths of API Gateway in events."""

from __future__ import annotations

import re
import typing as t

import botocore.session
import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.api_paths import _list_paths
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.resources import Subject, find_targets

from .events import event

STEM: t.Final = "arn:aws:apigateway:eu-central-1::"


def read_models() -> dict[str, set[str]]:
    """The paths of all operations of both versions, without those of tags and of shared domains."""
    found: dict[str, set[str]] = {}
    for service in ("apigateway", "apigatewayv2"):
        model = botocore.session.Session().get_component("data_loader").load_service_model(service, "service-2")
        for name, operation in model["operations"].items():
            members = model["shapes"][operation["input"]["shape"]]["members"]
            places = {member.get("locationName"): key.lower() for key, member in members.items()}
            uri = operation["http"]["requestUri"].partition("?")[0].removeprefix("/v2")
            path = re.sub(r"\{([^}+]+)\+?\}", lambda one, known=places: f"{{{known[one[1]]}}}", uri)
            if not path.startswith("/tags") and "accessassociation" not in path:
                found.setdefault(name, set()).add(path)
    return found


def test_the_paths_are_those_of_the_sdk() -> None:
    assert {name: set(paths) for name, paths in _list_paths().items()} == read_models()


@pytest.mark.parametrize(
    ("name", "request_parameters", "action", "path"),
    [
        ("GetRestApi", {"restApiId": "abc123"}, "get", "/restapis/abc123"),
        ("CreateDeployment", {"restApiId": "abc123"}, "post", "/restapis/abc123/deployments"),
        ("CreateDeployment", {"apiId": "abc123"}, "post", "/apis/abc123/deployments"),
        ("UpdateStage", {"restApiId": "abc123", "stageName": "prod"}, "patch", "/restapis/abc123/stages/prod"),
        ("GetStage", {"apiId": "abc123", "stageName": "$default"}, "get", "/apis/abc123/stages/$default"),
        ("CreateRestApi", {"name": "x"}, "post", "/restapis"),
        ("PutIntegration", {"restApiId": "a", "resourceId": "r", "httpMethod": "GET"}, "put",
         "/restapis/a/resources/r/methods/GET/integration"),
    ],
)  # fmt: skip
def test_the_ids_of_a_request_are_in_the_path(name: str, request_parameters: t.Any, action: str, path: str) -> None:
    record = event(f"apigateway:{name}", requestParameters=request_parameters)
    (target,) = find_targets(Subject(record, {}), f"apigateway:{action}")
    assert target.resource == f"{STEM}{path}"


def test_an_odd_name_is_a_wildcard_and_without_an_id_the_path_is_not_known() -> None:
    odd = event("apigateway:GetBasePathMapping", requestParameters={"domainName": "x.example", "basePath": "a/b"})
    (target,) = find_targets(Subject(odd, {}), "apigateway:get")
    assert (target.resource, target.candidates) == (None, (f"{STEM}/domainnames/x.example/basepathmappings/*",))
    for request in (None, {"restApiId": "*"}, {"restApiId": {"a": "b"}}, {"omitted": True}):
        record = event("apigateway:GetRestApi", requestParameters=request)
        assert all(target.resource is None for target in find_targets(Subject(record, {}), "apigateway:get"))
