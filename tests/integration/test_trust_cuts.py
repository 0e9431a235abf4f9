# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A principal is taken out of the trust policy of a role, and the release lets it in again."""

from __future__ import annotations

import functools
import json
import typing as t
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from intruder import CHAIN, HOME, PROD

from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import find_interrupted
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from emulator.client import EmulatorProcess
from emulator.seed import access_key_id

from .conftest import Record
from .interrupting import canonical, iam_state, kill_at_write
from .revoking import DECLARED, VENDOR, RevokingBench, assume, by_role, can_work, find_trust, open_bench, open_sessions


@pytest.fixture
def bench(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RevokingBench]:
    with open_bench(emulator, tmp_path_factory.mktemp("trusts")) as bench:
        yield bench


WARM: t.Final = {"pass": "first"}
MANAGER: t.Final = f"arn:aws:iam::{HOME}:user/release-manager"


def cut_trust(role: str = CHAIN[1], principal: str = MANAGER, **more: t.Any) -> Record:
    # Without the moment of the leak no sign-in session is revoked.
    return {
        **{name: value for name, value in DECLARED.items() if name != "since"},
        "keys": [],
        "roles": [{"arn": role, "cut": "trust", "principal": principal, **more}],
    }


def is_let_in(key_id: str, role: str = CHAIN[1]) -> bool:
    try:
        assume(key_id, role, "again")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied"
        return False
    return True


def test_a_principal_is_taken_out_of_a_trust_policy_and_comes_back(bench: RevokingBench) -> None:
    manager = access_key_id(HOME, "release-manager")
    pipeline = open_sessions(bench, HOME, "pipeline")[0]
    evil, before = assume(manager, CHAIN[1], "evil-1"), find_trust(bench)
    planned = bench.run(PROD, check=True, incident=cut_trust(), **WARM)
    assert find_trust(bench) == before and planned["not_denied"] == []
    (cut,) = by_role(planned)["deploy"]["trust"]
    assert cut["state"] == "cut" and CHAIN[0] in cut["still_lets_in"] and MANAGER not in cut["still_lets_in"]
    assert "its trust policy would no longer let in" in planned["terminal"]
    result = bench.run(PROD, incident=cut_trust())
    assert [change["operation"] for change in result["changes"]] == ["UpdateAssumeRolePolicy", "PutRolePolicy"]
    assert (is_let_in(manager), is_let_in(pipeline), can_work(evil)) == (False, True, False)
    # It is done once, and again if an intruder undoes it.
    bench.begin_run()
    assert not bench.run(PROD, incident=cut_trust())["changed"]
    bench.client(PROD).update_assume_role_policy(RoleName="deploy", PolicyDocument=json.dumps(before))
    again = bench.run(PROD, incident=cut_trust())
    assert "UpdateAssumeRolePolicy" in [change["operation"] for change in again["changes"]]
    assert not is_let_in(manager)
    released = bench.release(PROD, incident=cut_trust())
    assert released["refused"] == [] and released["left"] == []
    assert find_trust(bench) == before and is_let_in(manager)


def test_a_slip_and_another_source_are_not_denied(bench: RevokingBench) -> None:
    """The partner is mistyped, and whoever may open the session that is named stays."""
    incident = {**cut_trust(principal="999988887778"), "sessions": [{"role": CHAIN[1], "name": "evil-1"}]}
    before = find_trust(bench)
    result = bench.run(PROD, incident=incident, **WARM)
    assert find_trust(bench) == before
    reasons = [row["reason"] for row in result["not_denied"]]
    assert any("does not let in 999988887778" in reason for reason in reasons)
    assert any("can open new sessions" in reason and MANAGER in reason for reason in reasons)


def test_a_release_leaves_a_trust_policy_that_somebody_changed(bench: RevokingBench) -> None:
    bench.run(PROD, incident=cut_trust())
    changed = {**find_trust(bench), "Statement": find_trust(bench)["Statement"][:1]}
    bench.client(PROD).update_assume_role_policy(RoleName="deploy", PolicyDocument=json.dumps(changed))
    released = bench.release(PROD, incident=cut_trust())
    assert [item["operation"] for item in released["left"]] == ["UpdateAssumeRolePolicy"]
    assert find_trust(bench) == changed
    assert bench.documents(PROD) == {}


@pytest.mark.parametrize("declared", [DECLARED, cut_trust(restore=False)], ids=["not declared", "not to be restored"])
def test_a_release_keeps_a_principal_out(bench: RevokingBench, declared: Record) -> None:
    bench.run(PROD, incident=cut_trust())
    cut = find_trust(bench)
    released = bench.release(PROD, incident=declared)
    assert ["stays as it is" in item["reason"] for item in released["left"]] == [True]
    assert find_trust(bench) == cut


def test_one_subject_of_a_provider_is_denied(bench: RevokingBench) -> None:
    provider = f"arn:aws:iam::{PROD}:oidc-provider/token.actions.githubusercontent.com"
    incident = cut_trust(principal=provider, subject="repo:acme/site:ref:refs/heads/*")
    incident["sessions"] = [{"role": CHAIN[1], "name": "evil-1", "sort": "oidc"}]
    before = find_trust(bench)
    assert bench.run(PROD, incident=incident)["not_denied"] == []
    *kept, denial = find_trust(bench)["Statement"]
    assert kept == before["Statement"]
    assert (denial["Effect"], denial["Principal"]) == ("Deny", {"Federated": provider})
    bench.release(PROD, incident=incident)
    assert find_trust(bench) == before


def test_the_last_principal_is_taken_out_only_if_that_is_accepted(bench: RevokingBench) -> None:
    role = f"arn:aws:iam::{PROD}:role/vendor-monitoring"
    incident = cut_trust(role, VENDOR.split(":")[4])
    result = bench.run(PROD, incident=incident, **WARM)
    assert {item["rule"] for item in result["refused"]} == {"trust"}
    assert any("leaves_nobody" in item["reason"] for item in result["not_denied"])
    accepted = cut_trust(role, VENDOR.split(":")[4], leaves_nobody=True)
    assert bench.run(PROD, incident=accepted)["not_denied"] == []
    assert {statement["Effect"] for statement in find_trust(bench, "vendor-monitoring")["Statement"]} == {"Deny"}


def test_the_trust_of_a_protected_role_is_never_changed(bench: RevokingBench) -> None:
    role = f"arn:aws:iam::{PROD}:role/OrganizationAccountAccessRole"
    bench.control.clear_log()
    result = bench.run(PROD, incident=cut_trust(role, "999988887777"), **WARM)
    assert [write for write in bench.writes if write != "sts:AssumeRole"] == []
    assert result["not_denied"]


@pytest.mark.parametrize(("write", "after"), [(1, False), (1, True), (2, False), (2, True)])
def test_a_run_that_is_killed_at_a_trust_policy_is_completed_and_released(
    bench: RevokingBench, write: int, after: bool
) -> None:
    state = canonical(iam_state(bench.client(PROD)))
    run = functools.partial(bench.run, PROD, incident=cut_trust())
    kill_at_write(bench.control, run, write=write, after=after)
    bench.begin_run()
    assert not run(break_lease="run-1")["not_denied"]
    assert not is_let_in(access_key_id(HOME, "release-manager"))
    assert not find_interrupted(DirectoryStore(str(bench.journal)), PROD)
    assert bench.release(PROD, incident=cut_trust(), break_lease="run-1")["left"] == []
    assert canonical(iam_state(bench.client(PROD))) == state
