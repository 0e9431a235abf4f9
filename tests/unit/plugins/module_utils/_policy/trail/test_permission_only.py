# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Actions that no event is named as."""

from __future__ import annotations

import dataclasses

import pytest
from scripts import generate_unnamed_actions as generate

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail import permission_only as tested
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.permission_only_names import PERMISSION_ONLY
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.sdk_services import SERVICES, VERSIONS
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.unpublished_names import UNPUBLISHED


@pytest.mark.parametrize(
    "action",
    [
        # The reference has them in its tables of permission-only actions.
        "backup:CopyIntoBackupVault",
        "eks:AccessKubernetesApi",
        "glue:PassConnection",
        "kms:SynchronizeMultiRegionKey",
        "lambda:EnableReplication",
        "logs:Unmask",
        "sts:GetServiceBearerToken",
        "STS:getservicebearertoken",
        # A database checks them, or the console calls them.
        "redshift:JoinGroup",
        "iam:UpdateAccountName",
        # The SDK can call nothing of the service.
        "sqlworkbench:CreateConnection",
    ],
)
def test_actions_without_event(action: str) -> None:
    assert tested.is_permission_only(action)


@pytest.mark.parametrize(
    "action",
    [
        "ec2:RunInstances",
        "iam:CreateRole",
        "tag:GetResources",
        "mechanicalturk:CreateHIT",
        "cloudformation:CreateResource",
        # Events with another name show them.
        "apigateway:POST",
        "budgets:ModifyBudget",
        "dynamodb:ConditionCheckItem",
        "dynamodb:PartiQLSelect",
        "kms:ReEncryptFrom",
        "lambda:InvokeFunction",
        "s3:GetObjectVersion",
        "s3:ListAllMyBuckets",
        "s3:ListBucket",
        "s3:PutLifecycleConfiguration",
        # The parameters of a request show them.
        "iam:PassRole",
        "s3:BypassGovernanceRetention",
        "sts:SetSourceIdentity",
        "sts:TagSession",
        # The catalogue does not know it.
        "newservice:DoIt",
    ],
)
def test_actions_that_events_show(action: str) -> None:
    assert not tested.is_permission_only(action)


def test_the_reason_says_which_kind_it_is() -> None:
    marked = tested.explain_missing_event("GLUE:passconnection")
    assert marked == "no event names glue:PassConnection, which AWS lists as permission-only"
    unpublished = tested.explain_missing_event("cloudshell:CreateSession")
    assert unpublished == "no event is known to name cloudshell:CreateSession, since the SDK has no such operation"


def test_an_action_of_a_service_newer_than_the_tables_has_no_known_event(monkeypatch: pytest.MonkeyPatch) -> None:
    known = catalogue.action

    def find(service: str, name: str) -> catalogue.Action | None:
        found = known("sqs", "SendMessage")
        assert found is not None
        is_new = service == "brandnew"
        return dataclasses.replace(found, service=service, name=name) if is_new else known(service, name)

    monkeypatch.setattr(catalogue, "action", find)
    assert tested.is_permission_only("brandnew:CreateThing")


def test_an_action_that_aws_adds_to_the_permission_only_table_is_known_without_an_update(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The catalogue of the user may be newer than these tables."""
    known = dict(catalogue.actions("sts"))
    added = {
        f"set{word}".lower(): dataclasses.replace(known["tagsession"], name=f"Set{word}") for word in ("Zone", "Zoo")
    }
    listed = {"getservicebearertoken": known.pop("getservicebearertoken")}
    listed |= {name: known.pop(name) for name in ("setcontext", "setsourceidentity")}
    listed |= {"setzone": added["setzone"]} | {
        name: known.pop(name) for name in ("taggetwebidentitytoken", "tagsession")
    }
    listed |= known | {"setzoo": added["setzoo"]}
    monkeypatch.setattr(catalogue, "actions", lambda service: listed if service == "sts" else {})
    tested._list_marked.cache_clear()
    tested._explain_missing_event.cache_clear()
    assert tested.is_permission_only("sts:SetZone")
    assert not tested.is_permission_only("sts:SetZoo")
    monkeypatch.undo()
    tested._list_marked.cache_clear()
    tested._explain_missing_event.cache_clear()


def test_other_services_that_need_an_action() -> None:
    assert tested.list_callers("elasticloadbalancing:SetWebAcl") == {"shield", "wafv2"}
    assert tested.list_callers("Logs:Link") == {"oam"}
    assert tested.list_callers("logs:AllowVendedLogDeliveryForResource") == frozenset()
    assert tested.list_callers("ec2:RunInstances") == frozenset()


def test_callers_are_services_and_what_they_need_are_actions_without_event() -> None:
    for name, callers in tested._CALLERS.items():
        assert set(callers.split()) <= catalogue.services(), name
        pattern = name if ":" in name else f"*:{name}"
        found = [action.full_name for action in catalogue.expand(pattern)]
        assert found, name
        assert any(map(tested.is_permission_only, found)), name


def test_the_tables_name_actions_once() -> None:
    marked = {f"{service}:{name}" for service, names in PERMISSION_ONLY.items() for name in names.split()}
    rest = {f"{service}:{name}" for service, names in UNPUBLISHED.items() for name in names.split()}
    assert marked.isdisjoint(rest)
    assert not set(SERVICES["published"].split()) & set(SERVICES["without SDK"].split())
    assert len(marked | rest) > 1500


def test_the_docs_say_how_many_they_are() -> None:
    if generate.find_versions() != VERSIONS:
        pytest.skip(f"the numbers are of {VERSIONS}")
    actions = [one for service in catalogue.services() for one in catalogue.actions(service).values()]
    found = [one for one in actions if tested.is_permission_only(one.full_name)]
    privileged = [one for one in found if one.levels & {"Permissions management", "Tagging", "Write"}]
    without_sdk = [one for one in found if one.service in SERVICES["without SDK"].split()]
    marked = [one for one in found if "permission-only" in (tested.explain_missing_event(one.full_name) or "")]
    rest = len(found) - len(without_sdk) - len(marked)
    page = (generate.CHECKOUT / "docs" / "least_privilege.md").read_text(encoding="utf-8")
    for number in (len(actions), len(found), len(privileged), len(without_sdk), len(marked), rest):
        assert f"{number:,} " in page, number


def test_the_tables_are_those_of_the_catalogue() -> None:
    """Run tests/scripts/generate_unnamed_actions.py."""
    if generate.find_versions() != VERSIONS:
        pytest.skip(f"the tables are of {VERSIONS}")
    files = generate.write_files()
    for path, text in files.items():
        assert path.read_text(encoding="utf-8") == text, path
