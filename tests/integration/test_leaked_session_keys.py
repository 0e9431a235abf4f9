# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key of a session leaked (``ASIA…``): whose it is, from its calls or from people, and that it is denied."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import boto3
import pytest
from intruder import HOME, LEAKED, PROD, USER

from emulator.client import EmulatorProcess

from .conftest import Record
from .revoking import ACCOUNTS, DECLARED, RevokingBench, by_role, open_bench
from .test_session_revocation import WARM, can_work

WORKER: t.Final = f"arn:aws:iam::{HOME}:role/build-worker"


@pytest.fixture
def bench(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RevokingBench]:
    with open_bench(emulator, tmp_path_factory.mktemp("session_keys")) as bench:
        bench.control.set_lateness(0)
        yield bench


def use(bench: RevokingBench, key_id: str, region: str = "eu-west-1") -> None:
    """Call with a key, which CloudTrail notes."""
    boto3.client(
        "sts", region_name=region, aws_access_key_id=key_id, aws_secret_access_key="x", aws_session_token="x"
    ).get_caller_identity()


def declare(key_id: str, **fields: t.Any) -> Record:
    return {**DECLARED, "keys": [key_id], **fields}


def contain(bench: RevokingBench, incident: Record) -> dict[str, Record]:
    """Both passes over all accounts."""
    bench.run_pass(incident=incident, **WARM)
    return bench.run_pass(incident=incident)


def test_the_calls_with_a_key_tell_its_session_which_is_cut_in_all_accounts(bench: RevokingBench) -> None:
    made = bench.control.sessions(HOME, "pipeline", name="build-9")[0]["access_key_id"]
    use(bench, made)
    incident = declare(made)
    bench.control.clear_log()
    seeds = {account: bench.run_quarantine(account, incident=incident)["seeds"][0] for account in ACCOUNTS}
    assert [seed["status"] for seed in seeds.values()] == ["session", "not_here", "not_here"]
    assert "the session build-9 of the role pipeline" in seeds[HOME]["detail"]
    lookups = [record for record in bench.control.log() if record["operation"] == "LookupEvents"]
    assert len({record["region"] for record in lookups}) == len(lookups)
    bench.run_pass(incident=incident, **WARM)
    results = bench.run_pass(incident=incident, **{"pass": "second"})
    assert not can_work(made)
    assert by_role(results[HOME])["pipeline"]["statements"] == ["NamedSessions"]
    # Who opened the session is not contained, so it can open the next one.
    (row,) = results[HOME]["not_denied"]
    assert row["principal"].endswith(":role/pipeline") and "its source can open new sessions" in row["reason"]
    # What it can have opened in the other accounts too.
    assert "deploy" in by_role(results[PROD])


def test_another_session_of_the_same_account_says_nothing_of_a_key(bench: RevokingBench) -> None:
    bench.control.set_lateness(900)
    task = bench.control.sessions(HOME, "build-worker", sort="task")[0]
    made, name = task["access_key_id"], task["arn"].rpartition("/")[2]
    other = {"role": f"arn:aws:iam::{HOME}:role/notifier", "name": "other", "sort": "function"}
    result = bench.run_quarantine(HOME, check=True, incident=declare(made, sessions=[other]))
    assert result["seeds"][0]["status"] == "unresolved"
    (row,) = result["not_denied"]
    assert "name its session in incident.sessions" in row["next_step"]
    assert "no event of a call with it is known yet" in row["reason"]
    named = {"role": WORKER, "name": name, "sort": "task", "access_key_id": made}
    incident = declare(made, sessions=[named])
    result = bench.run_quarantine(HOME, incident=incident)
    assert (result["seeds"][0]["status"], result["not_denied"]) == ("session", [])
    contain(bench, incident)
    assert not can_work(made)


def test_a_token_of_a_user_contains_the_user(bench: RevokingBench) -> None:
    sts = boto3.client("sts", region_name="us-east-1", aws_access_key_id=LEAKED, aws_secret_access_key="x")
    token = sts.get_session_token()["Credentials"]["AccessKeyId"]
    federated = sts.get_federation_token(Name="build")["Credentials"]["AccessKeyId"]
    for key_id in (token, federated):
        use(bench, key_id, "us-east-1")
    incident = declare(token) | {"keys": [token, federated]}
    result = bench.run_quarantine(HOME, incident=incident)
    assert {(seed["status"], seed["user"]) for seed in result["seeds"]} == {("home", USER)}
    assert result["not_denied"] == []
    assert {row["principal"].rpartition("/")[2] for row in result["contained"]} == {USER}
    assert not can_work(token) and not can_work(federated)
    # The chain of the user is followed as if its key had leaked.
    assert set(by_role(bench.run(HOME, check=True, incident=incident, **WARM))) >= {"pipeline", "build-worker"}


def test_a_token_of_a_user_that_was_made_again_is_nobodys(bench: RevokingBench) -> None:
    iam = bench.client(HOME)
    key = iam.create_access_key(UserName="report-export")["AccessKey"]
    sts = boto3.client(
        "sts",
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    token = sts.get_session_token()["Credentials"]["AccessKeyId"]
    use(bench, token, "us-east-1")
    for one in iam.list_access_keys(UserName="report-export")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="report-export", AccessKeyId=one["AccessKeyId"])
    iam.delete_user_policy(UserName="report-export", PolicyName="artifacts")
    iam.delete_user(UserName="report-export")
    iam.create_user(UserName="report-export")
    result = bench.run_quarantine(HOME, check=True, incident=declare(token))
    assert result["seeds"][0]["status"] == "unresolved"
    assert "somebody made that user again since" in result["seeds"][0]["detail"]
    assert result["changes"] == []
