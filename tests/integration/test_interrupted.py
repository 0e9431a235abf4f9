# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that are killed at each of their writes, and runs under throttling and failures: the same state in the end."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import typing as t
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.patience import Patience
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Outcome as Ending
from emulator.client import EmulatorProcess

from .conftest import BIN, DEMO, EXTERNAL_ID, PROD, Ansible, MakeAnsible, fresh, role_arn
from .interrupting import LONG, RUN, WRITES, Bench, canonical, comparable, iam_state

EVERY_WRITE: t.Final = range(1, WRITES + 1)
SOME_WRITES: t.Final = (1, 2, 3, WRITES - 1, WRITES)
MOMENTS: t.Final = {"before": False, "after": True}
each_moment = pytest.mark.parametrize("after", MOMENTS.values(), ids=MOMENTS.keys())


@pytest.fixture(scope="module")
def bench(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    control = fresh(emulator)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        patch.setattr(Patience, "__init__", functools.partialmethod(Patience.__init__, pause=0.05))
        bench = Bench(control, tmp_path_factory.mktemp("interrupted"))
        bench.make_base()
        yield bench
    control.clear_faults()


class Undisturbed(t.NamedTuple):
    """A run that nothing disturbed: the state it leaves, and its writes."""

    state: str
    writes: list[str]


@pytest.fixture(scope="module")
def undisturbed(bench: Bench) -> Undisturbed:
    bench.to_base()
    bench.declare()
    return Undisturbed(bench.state(), bench.writes)


def test_run_is_long_enough_to_be_interrupted(bench: Bench, undisturbed: Undisturbed) -> None:
    bench.to_base()
    assert len(undisturbed.writes) == len(set(undisturbed.writes)) == WRITES >= 20
    assert comparable(undisturbed.state) != comparable(bench.base_state)


def test_second_run_writes_nothing(bench: Bench, undisturbed: Undisturbed) -> None:
    bench.to_base()
    bench.declare()
    bench.control.clear_log()
    bench.declare("again")
    assert bench.writes == []
    assert comparable(bench.state()) == comparable(undisturbed.state)


def test_undisturbed_run_is_taken_back(bench: Bench) -> None:
    bench.to_base()
    bench.declare()
    bench.control.clear_log()
    assert len(bench.undo()["changes"]) == len(bench.writes) == WRITES
    bench.assert_at_base()
    bench.control.clear_log()
    again = bench.undo(run_id="back-again")
    assert (again["changed"], again["refused"], len(again["as_before"])) == (False, [], WRITES)
    assert bench.writes == []


@each_moment
@pytest.mark.parametrize("write", EVERY_WRITE)
def test_killed_run_converges_and_is_taken_back(
    bench: Bench, undisturbed: Undisturbed, write: int, after: bool
) -> None:
    bench.to_base()
    bench.killed(bench.declare, write=write, after=after)
    # The journal tells what was done, and what was under way.
    done = write - 1 + after
    assert len(bench.writes) == done
    assert bench.endings() == [Ending.APPLIED] * (write - 1) + [Ending.UNKNOWN]
    assert [run for run, _target in bench.open_changes()] == [RUN]
    bench.declare("rerun")
    assert comparable(bench.state()) == comparable(undisturbed.state)
    # Nothing is missing. At most the tag that announced a write which never came is written anew.
    assert set(bench.writes) == set(undisturbed.writes)
    twice = list((Counter(bench.writes) - Counter(undisturbed.writes)).elements())
    assert len(twice) <= 1 and all(text.startswith("iam:TagUser ") for text in twice)
    assert bench.open_changes() == []
    assert bench.endings() == [Ending.APPLIED] * (write - 1) + [Ending.APPLIED if after else Ending.FAILED]
    bench.undo("rerun", "back-from-rerun")
    refused = bench.undo(RUN, "back-from-run")["refused"]
    assert [refusal["rule"] for refusal in refused] == ([] if after else ["not_made"])
    bench.assert_at_base()


@each_moment
@pytest.mark.parametrize("write", SOME_WRITES)
def test_killed_run_is_taken_back_at_once(bench: Bench, write: int, after: bool) -> None:
    bench.to_base()
    bench.killed(bench.declare, write=write, after=after)
    result = bench.undo()
    bench.assert_at_base()
    assert (len(result["changes"]), result["refused"]) == (write - 1 + after, [])
    assert bench.open_changes() == []


@each_moment
@pytest.mark.parametrize("write", SOME_WRITES)
def test_killed_rollback_goes_on(bench: Bench, write: int, after: bool) -> None:
    bench.to_base()
    bench.declare()
    bench.control.clear_log()
    bench.killed(bench.undo, write=write, after=after)
    assert [run for run, _target in bench.open_changes()] == ["back"]
    result = bench.undo(run_id="back-again")
    bench.assert_at_base()
    assert (len(bench.writes), result["refused"]) == (WRITES, [])
    assert bench.open_changes() == []
    assert bench.endings("back")[-1] is (Ending.APPLIED if after else Ending.FAILED)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore without its pauses, which would be most of the time of a test that is throttled all along."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_arguments: 0)
    monkeypatch.setattr("botocore.retries.bucket.TokenBucket.acquire", lambda *_arguments, **_keywords: True)


def test_throttling_and_failures_change_nothing(bench: Bench, undisturbed: Undisturbed, impatient: None) -> None:
    bench.to_base()
    disturbances = [
        {"kind": "error", "code": "Throttling", "status": 400, "probability": 0.3},
        {"kind": "error", "code": "InternalFailure", "status": 500, "probability": 0.1},
    ]
    bench.control.faults(disturbances)
    _until_it_ends(bench.declare)
    bench.control.clear_faults()
    refused = [record["status"] for record in bench.control.log() if record["status"] >= 400]
    assert min(refused.count(400), refused.count(500)) > 5
    assert comparable(bench.state()) == comparable(undisturbed.state)
    assert sorted(bench.writes) == sorted(undisturbed.writes)
    bench.control.clear_log()
    bench.control.faults(disturbances)
    _until_it_ends(bench.undo)
    bench.control.clear_faults()
    bench.assert_at_base()
    assert len(bench.writes) == WRITES


def _until_it_ends(run: t.Callable[[], t.Any]) -> None:
    """Run again where a run gave up: a write that fails is not repeated, since it may have taken effect."""
    for _attempt in range(5):
        try:
            run()
        except RuntimeError as error:
            assert "InternalFailure" in str(error) or "Throttling" in str(error)
        else:
            return
    pytest.fail("five runs were not enough")


# The same through ansible-playbook

ACCOUNT: t.Final = ("--limit", "acme-prod,localhost")
SERVICE_ROLES: t.Final = "/aws-service-role/"


def state_of_production(ansible: Ansible) -> str:
    """The IAM of the production account, as canonical JSON."""
    endpoint = ansible.environment["AWS_ENDPOINT_URL"]
    # Who reads leaves no trace in what is compared.
    sts = boto3.client("sts", endpoint_url=endpoint, **credentials(ansible))
    session = sts.assume_role(RoleArn=role_arn(PROD), RoleSessionName="iam-hardening", ExternalId=EXTERNAL_ID)
    names = {"AccessKeyId": "aws_access_key_id", "SecretAccessKey": "aws_secret_access_key"}
    keys = {mine: session["Credentials"][theirs] for theirs, mine in names.items()}
    token = session["Credentials"]["SessionToken"]
    state = iam_state(boto3.client("iam", endpoint_url=endpoint, aws_session_token=token, **keys))
    # The role of its own that AWS makes for a service stays when what needed it is gone.
    state["RoleDetailList"] = [role for role in state["RoleDetailList"] if not role["Path"].startswith(SERVICE_ROLES)]
    return canonical(state)


def credentials(ansible: Ansible) -> dict[str, str]:
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    return {name.lower(): ansible.environment[name] for name in names}


def killed_playbook(ansible: Ansible, *, write: int, after: bool) -> None:
    """Harden, and kill ansible-playbook with all its workers where the n-th write arrives, or has just taken effect."""
    fault = {"kind": "hold", "service": "iam", "read_only": False, "skip": write - 1, "times": 1, "after": after}
    ansible.control.faults([fault])
    command = [str(BIN / "ansible-playbook"), "hardening.iam.harden", "-i", str(DEMO), *ACCOUNT]
    process = subprocess.Popen(
        [*command, "-e", f"hardening_run_id={RUN}"],
        cwd=ansible.directory,
        env=ansible.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    held = ansible.control.wait_until_held(LONG)
    for pid in (process.pid, *_descendants(process.pid)):
        os.kill(pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    ansible.control.clear_faults()
    assert held


def _descendants(pid: int) -> list[int]:
    """The processes that a process started, and those that they did: Ansible's workers are in sessions of their own."""
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name, in parentheses, may hold spaces.
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    found = [pid]
    for ancestor in found:
        found += [child for child, parent in parents.items() if parent == ancestor]
    return found[1:]


@each_moment
def test_killed_playbook_converges_and_is_taken_back(make_ansible: MakeAnsible, after: bool) -> None:
    ansible = make_ansible()
    seeded = state_of_production(ansible)
    killed_playbook(ansible, write=2, after=after)
    rerun = ansible.playbook("harden", *ACCOUNT, hardening_run_id=RUN, hardening_break_lease=RUN).succeeded()
    assert f"run {RUN} was cut off at" in rerun.output
    assert state_of_production(ansible) != seeded
    ansible.playbook("rollback", *ACCOUNT, hardening_undo_run_id=RUN, hardening_run_id="back").succeeded()
    assert state_of_production(ansible) == seeded
