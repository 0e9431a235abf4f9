# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module on the production account of the organization "acme", whose paths its seed tells."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.modules.privilege_escalation_info import ENTRY, RETURN
from unit.emulator.seeded import Seeded, serving

Record = dict[str, t.Any]

PROD: t.Final = "222233334444"
MANAGEMENT: t.Final = "111122223333"
IN_PROD: t.Final = f"arn:aws:iam::{PROD}"
ORGANIZATION_ROLE: t.Final = f"arn:aws:iam::{MANAGEMENT}:role/iam-hardening/assessor"
DEFAULTS: t.Final[Record] = {name: spec.get("default") for name, spec in ENTRY.argument_spec().items()}


@pytest.fixture(scope="module")
def acme() -> t.Iterator[Seeded]:
    with serving("acme") as seeded:
        yield seeded


def search(acme: t.Optional[Seeded], account: str = PROD, **options: t.Any) -> Record:
    """The result of the module in an account, or without AWS."""
    access: Record = {
        "endpoint_url": acme.endpoint if acme else "http://127.0.0.1:9",
        "access_key": "administrator",
        "secret_key": "emulated",
        "region": "us-east-1",
        "assessor_role_arn": f"arn:aws:iam::{account}:role/iam-hardening/assessor",
        "assume_role_external_id": "acme-hardening",
    }
    return execute(ENTRY, options={**DEFAULTS, **access, **options}, check_mode=False)


@pytest.fixture(scope="module")
def demo(acme: Seeded) -> Record:
    """All that is told of the production account."""
    return search(acme, organization_role_arn=ORGANIZATION_ROLE)


def explain(result: Record) -> dict[str, str]:
    """The explanations by the name of the principal."""
    return {path["principal"].rpartition("/")[2]: path["explanation"] for path in result["paths"]}


def test_the_paths_of_the_demo(demo: Record) -> None:
    sentences = explain(demo)
    assert sentences["ci-deployer"] == "ci-deployer can become prod-admin by assuming a role"
    assert sentences["dev-alice"] == (
        "dev-alice can become release-manager by assuming a role, "
        "then become ci-deployer by making an access key of another user, "
        "then become prod-admin by assuming a role"
    )
    assert sentences["ops-frank"] == (
        "ops-frank can become oncall by assuming a role, provided: aws:MultiFactorAuthPresent"
    )


def test_an_scp_closes_paths(acme: Seeded, demo: Record) -> None:
    """The seed denies new passwords in production, by which helpdesk could otherwise sign in as deploy-bot."""
    unaware = search(acme)
    assert (demo["organization_policies"], unaware["organization_policies"]) == ("applied", "unread")
    assert "helpdesk" not in explain(demo)
    assert "helpdesk" in explain(unaware)
    assert any(line.startswith("organization_policies: ") for line in unaware["unread"])


def test_no_control_policy_restricts_the_management_account(acme: Seeded) -> None:
    assert search(acme, MANAGEMENT)["organization_policies"] == "none"


def test_counts_add_up(demo: Record) -> None:
    counts = demo["counts"]
    assert counts["certain_paths"] + counts["conditional_paths"] == len(demo["paths"])
    assert counts["administrators"] == len(demo["administrators"])
    assert counts["conditional_paths"] == sum(not path["certain"] for path in demo["paths"])
    assert sorted(arn for item in demo["groups"] for arn in item["principals"]) == sorted(
        path["principal"] for path in demo["paths"]
    )
    assert {item["id"] for item in demo["methods"]} == {
        step["method"] for path in demo["paths"] for step in path["steps"]
    }


def test_administrators_have_no_paths(demo: Record) -> None:
    administrators = {item["arn"] for item in demo["administrators"]}
    assert f"{IN_PROD}:role/prod-admin" in administrators
    assert administrators.isdisjoint(path["principal"] for path in demo["paths"])


def test_principals_by_name_and_arn(acme: Seeded) -> None:
    result = search(acme, principals=["dev-*", f"{IN_PROD}:role/*-admin", "nobody"])
    assert {path["principal"].rpartition("/")[2][:4] for path in result["paths"]} == {"dev-"}
    assert [item["arn"] for item in result["administrators"]] == [f"{IN_PROD}:role/prod-admin"]
    assert result["warnings"] == ["principals: nobody matches no user and no role"]


def test_conditional_paths_can_be_left_out(acme: Seeded) -> None:
    result = search(acme, include_conditional=False)
    assert result["counts"]["conditional_paths"] == 0
    assert "ops-frank" not in explain(result)


def test_depth(acme: Seeded) -> None:
    assert {len(path["steps"]) for path in search(acme, max_depth=1)["paths"]} == {1}


def test_a_saved_snapshot_gives_the_same(acme: Seeded, demo: Record, tmp_path: Path) -> None:
    place = str(tmp_path / "snapshot.json")
    saved = search(acme, organization_role_arn=ORGANIZATION_ROLE, snapshot_path=place)
    offline = search(None, snapshot_path=place, offline=True)
    assert saved == offline == {**demo, "snapshot": place}
    assert (tmp_path / "snapshot.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_depth": 0}, "max_depth: 0 is not a number of steps from 1 to 10"),
        ({"max_depth": 11}, "max_depth: 11 is not"),
        ({"account_id": MANAGEMENT}, f"account_id: {MANAGEMENT} is not the account of"),
        ({"offline": True, "snapshot_path": "/no/such/file"}, "snapshot_path: can't read /no/such/file"),
    ],
)
def test_bad_input(acme: Seeded, options: Record, message: str) -> None:
    result = search(acme, **options)
    assert result["failed"] and message in result["msg"]


def test_a_file_that_is_no_snapshot(tmp_path: Path) -> None:
    place = tmp_path / "snapshot.json"
    place.write_text(json.dumps({"schema": "other"}), encoding="utf-8")
    result = search(None, offline=True, snapshot_path=str(place))
    assert result["failed"] and str(place) in result["msg"]


def test_results_are_documented(acme: Seeded, tmp_path: Path) -> None:
    documented = yaml.safe_load(RETURN)
    result = search(acme, snapshot_path=str(tmp_path / "snapshot.json"))
    assert set(result) - {"changed", "warnings"} == set(documented)
    for name in ("paths", "groups", "methods", "administrators"):
        assert set(result[name][0]) == set(documented[name]["contains"]), name
    assert set(result["paths"][0]["steps"][0]) == set(documented["paths"]["contains"]["steps"]["contains"])
    assert set(result["counts"]) == set(documented["counts"]["sample"])
