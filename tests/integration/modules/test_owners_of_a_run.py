# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several enforcing roles in one process: owners are read once, and the stacks of a target again before its write.

The account of one test has three hundred stacks in five regions.
"""

from __future__ import annotations

import collections
import dataclasses
import json
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from run_texts import read_texts
from unit.emulator.seeded import Seeded, account, serving

from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError, Throttled
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.history import History
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError
from ansible_collections.hardening.iam.plugins.module_utils._module import ownership, terraform_states
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._module.run_files import RunFiles
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry
from ansible_collections.hardening.iam.plugins.modules import assessment_info, permissions_boundary, user_permissions
from emulator.extensions.cloudformation.models import Resource, Stack, seeded_backends
from emulator.extensions.state import clock

from .test_permissions_boundary import EVERYTHING, FROM_OUTSIDE, SERVICES, developer, document

Record = dict[str, t.Any]

ACCOUNT: t.Final = "123456789012"
REGIONS: t.Final = ("eu-central-1", "eu-north-1", "eu-west-1", "us-east-1", "us-west-2")
STACKS: t.Final = 2 * len(REGIONS)
# AWS enables so many regions by default.
ENABLED: t.Final = 17
SERVICE: t.Final = "cloudformation"
CALLS: t.Final = ("ListStacks", "ListStackResources", "DescribeStackResources")


def seed(stacks_of_region: int) -> Record:
    """A number of stacks in each region, and objects that no stack has."""
    role = {"type": "AWS::IAM::Role"}
    name = f"app-{{1..{stacks_of_region}}}"
    regions: dict[str, Record] = {
        region: {"stacks": {name: {"resources": {"Role": {**role, "id": f"{{name}}-{region}"}}}}} for region in REGIONS
    }
    regions["us-east-1"]["trails"] = {"main": {"bucket": "one-trail", "log_group": "trail"}}
    read = "aws:AmazonS3ReadOnlyAccess"
    return account(
        roles={
            **{f"dev-{number}": developer() for number in (1, 2)},
            "break-glass": {"trust": FROM_OUTSIDE, "path": "/iam-hardening/", "policies": ["aws:AdministratorAccess"]},
        },
        users={"dave": {"policies": [read]}, "erin": {"policies": [read]}},
        policies={"everything": {"document": EVERYTHING}},
        regions=regions,
    )


@dataclasses.dataclass
class Calls:
    """The calls of the modules. ``fail`` raises what it returns in place of a call."""

    names: list[str] = dataclasses.field(default_factory=list)
    fail: t.Callable[[str, str, Record, t.Optional[str]], t.Optional[AwsError]] = lambda *_call: None

    def count(self) -> tuple[int, ...]:
        """How often each operation about stacks was called, and forget all."""
        counted = collections.Counter(self.names)
        self.names.clear()
        return tuple(counted[name] for name in CALLS)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    found = Calls()
    original = Access.call

    def call(access: Access, service: str, operation: str, *given: t.Any, region: t.Optional[str] = None) -> Record:
        found.names.append(operation)
        error = found.fail(service, operation, given[0] if given and given[0] else {}, region)
        if error:
            raise error
        return original(access, service, operation, *given, region=region)

    monkeypatch.setattr(Access, "call", call)
    monkeypatch.setattr(ownership, "SECONDS_BETWEEN_LOOKUPS", 0)
    return found


class Run:
    """The tasks of one host in one process of Ansible."""

    def __init__(self, directory: Path, seeded: Seeded) -> None:
        self.directory = directory
        self.files: t.Optional[RunFiles] = RunFiles(directory / "private", b"s" * 32)
        self.endpoint = seeded.endpoint
        self.iam = seeded.client("iam")

    def execute(self, entry: Entry, *, check_mode: bool = False, **options: t.Any) -> Record:
        given = {
            "account_id": ACCOUNT,
            "run_id": "run-1",
            "endpoint_url": self.endpoint,
            "regions": ["us-east-1"],
            "region": "us-east-1",
            "journal": str(self.directory / "journal"),
            "owner_default": "allow",
            "event_history": False,
            **options,
        }
        spec = {**aws_argument_spec(), **entry.argument_spec()}
        validation = ArgumentSpecValidator(spec).validate({name: given[name] for name in given if name in spec})
        assert not validation.error_messages
        result = execute(entry, options=validation.validated_parameters, check_mode=check_mode, files=self.files)
        assert not result.get("failed"), result
        return result

    def assess(self) -> None:
        self.execute(assessment_info.ENTRY, include=["password_*"], check_mode=True)

    def bound(self, role: str, **options: t.Any) -> Record:
        """Give a role a boundary: one change that creates the policy, and one that narrows."""
        target = {"principal": role}
        declared = {"name": f"of-{role}", "document": document(*SERVICES), "targets": [target]}
        return self.execute(permissions_boundary.ENTRY, boundaries=[declared], **options)

    def strip(self, user: str, **options: t.Any) -> Record:
        """Detach the only policy of a user, who never used it."""
        accepted = {"principal": user, "reason": "agreed", "expires": f"{clock():%Y}-12-31"}
        removal = {"policy": "AmazonS3ReadOnlyAccess", "users": [user]}
        return self.execute(user_permissions.ENTRY, remove_policies=[removal], accept_breakage=[accepted], **options)


@pytest.fixture
def run(tmp_path: Path) -> t.Iterator[Run]:
    with serving(seed(2)) as seeded:
        yield Run(tmp_path, seeded)


@pytest.fixture
def large(tmp_path: Path) -> t.Iterator[Run]:
    with serving(seed(60)) as seeded:
        yield Run(tmp_path, seeded)


def made(result: Record) -> list[tuple[str, str]]:
    return [(item["operation"], item["target"].rpartition("/")[2]) for item in result["changes"] if item["applied"]]


def refused(result: Record) -> list[tuple[str, str]]:
    return [(item["rule"], item["target"].rpartition("/")[2]) for item in result["refused"]]


def test_the_stacks_are_read_once_by_several_enforcing_roles(large: Run, calls: Calls) -> None:
    large.assess()
    assert calls.count() == (0, 0, 0)
    # One call for each region and stack, and one in each region for the target that is narrowed.
    assert len(made(large.bound("dev-1"))) == 2
    assert calls.count() == (ENABLED, 300, ENABLED)
    # The roles after it read nothing of this, although the first one wrote to IAM.
    assert made(large.strip("dave")) == [("DetachUserPolicy", "dave")]
    assert calls.count() == (0, 0, ENABLED)
    assert len(made(large.bound("dev-2"))) == 2
    assert calls.count() == (0, 0, ENABLED)


def test_in_check_mode_nothing_is_read_twice(run: Run, calls: Calls) -> None:
    run.assess()
    assert len(run.bound("dev-1", check_mode=True)["changes"]) == 2
    assert len(run.strip("dave", check_mode=True)["changes"]) == 1
    assert calls.count() == (ENABLED, STACKS, 0)


def test_without_an_assessment_each_role_reads_for_itself(run: Run, calls: Calls) -> None:
    run.bound("dev-1", check_mode=True)
    run.strip("dave", check_mode=True)
    assert calls.count() == (2 * ENABLED, 2 * STACKS, 0)
    # What a role has just read itself, it does not ask for again before it writes.
    assert made(run.strip("dave")) == [("DetachUserPolicy", "dave")]
    assert calls.count() == (ENABLED, STACKS, 0)


def test_another_process_reads_for_itself_although_the_files_are_there(run: Run, calls: Calls) -> None:
    run.assess()
    run.bound("dev-1", check_mode=True)
    assert run.files
    run.files = RunFiles(run.files.directory, b"t" * 32)
    run.strip("dave", check_mode=True)
    assert calls.count() == (2 * ENABLED, 2 * STACKS, 0)


def adopt(physical_id: str, kind: str = "User", region: str = "eu-north-1", **resource: t.Any) -> None:
    """Somebody imports an object into a new stack, which has more resources before it."""
    stacks = seeded_backends[ACCOUNT][region]
    more = [Resource(f"Queue{number}", "AWS::SQS::Queue", f"q{number}") for number in range(resource.pop("before", 0))]
    own = Resource("Mine", f"AWS::IAM::{kind}", physical_id, **resource)
    stacks.stacks.append(Stack(stacks.stack_id("new"), "new", "IMPORT_COMPLETE", clock(), resources=(*more, own)))


@pytest.mark.parametrize("before", [0, 150])
def test_a_stack_that_took_over_a_target_since_is_found_before_the_write(run: Run, calls: Calls, before: int) -> None:
    run.assess()
    run.bound("dev-1")
    calls.count()
    adopt("dave", before=before)
    result = run.strip("dave")
    assert (made(result), refused(result)) == ([], [("foreign_owner", "dave")])
    (refusal,) = result["refused"]
    assert refusal["owner"]["change_it_in"] == "stack new (eu-north-1, logical id Mine)"
    assert "ManagedPolicyArns" in refusal["patch"]
    # AWS answers with a hundred resources. The target of the larger stack is on the second page of another call.
    assert calls.count() == (0, 2 if before else 0, ENABLED)
    # The account is no longer as it was read, so the next role reads the stacks again.
    run.strip("erin")
    assert calls.count() == (ENABLED, STACKS + 1 + bool(before), ENABLED)


@pytest.mark.parametrize(
    ("physical_id", "kind", "status"),
    [("dave", "Group", "CREATE_COMPLETE"), ("dave", "User", "DELETE_COMPLETE"), ("dave", "User", "DELETE_SKIPPED")],
)
def test_a_stack_that_has_no_user_of_that_name_changes_nothing(
    run: Run, calls: Calls, physical_id: str, kind: str, status: str
) -> None:
    run.assess()
    run.bound("dev-1")
    adopt(physical_id, kind, status=status)
    assert made(run.strip("dave")) == [("DetachUserPolicy", "dave")]


def deny_live(error: type[AwsError]) -> t.Callable[..., t.Optional[AwsError]]:
    def fail(service: str, operation: str, _asked: Record, region: t.Optional[str]) -> t.Optional[AwsError]:
        if (operation, region) != ("DescribeStackResources", "eu-west-1"):
            return None
        return error("no", code=error.__name__, service=service, operation=operation, region=region)

    return fail


@pytest.mark.parametrize("error", [AccessDenied, Throttled])
@pytest.mark.parametrize("default", ["refuse", "allow"])
def test_a_target_whose_stacks_cannot_be_read_again_is_refused(
    run: Run, calls: Calls, default: str, error: type[AwsError]
) -> None:
    run.assess()
    calls.fail = deny_live(error)
    result = run.strip("dave", owner_default=default)
    assert (made(result), refused(result)) == ([], [("foreign_owner", "dave")])
    assert "the stacks of eu-west-1 can't be read again" in result["refused"][0]["reason"]
    calls.fail = Calls().fail
    assert made(run.strip("dave", owner_default=default)) == [("DetachUserPolicy", "dave")]


def test_a_declared_owner_that_allows_writes_takes_no_further_call(run: Run, calls: Calls) -> None:
    run.assess()
    owners = [{"arn": f"arn:aws:iam::{ACCOUNT}:user/*", "owner": "us", "write": "allow"}]
    assert made(run.strip("dave", owners=owners)) == [("DetachUserPolicy", "dave")]
    assert calls.count() == (0, 0, 0)


def deny_stacks(service: str, operation: str, _asked: Record, region: t.Optional[str]) -> t.Optional[AwsError]:
    if (operation, region) != ("ListStacks", "eu-west-1"):
        return None
    return AccessDenied("no", code="AccessDenied", service=service, operation=operation, region=region)


def test_what_was_denied_to_the_first_role_is_unread_for_the_next(run: Run, calls: Calls) -> None:
    run.assess()
    calls.fail = deny_stacks
    run.bound("dev-1", owner_default="refuse", check_mode=True)
    calls.fail = Calls().fail
    calls.count()
    result = run.bound("dev-2", owner_default="refuse", check_mode=True)
    assert calls.count() == (0, 0, 0)
    assert refused(result) == [("foreign_owner", "dev-2")]
    assert "the stacks of eu-west-1 can't be read: AccessDenied: no" in result["refused"][0]["reason"]


def throttle_one(service: str, operation: str, asked: Record, region: t.Optional[str]) -> t.Optional[AwsError]:
    if operation != "ListStackResources" or region != "eu-west-1" or "/app-2/" not in asked["StackName"]:
        return None
    return Throttled("slow down", code="Throttling", service=service, operation=operation, region=region)


def test_a_region_that_was_throttled_is_read_again_and_no_other(run: Run, calls: Calls) -> None:
    run.assess()
    calls.fail = throttle_one
    result = run.bound("dev-1", owner_default="refuse", check_mode=True)
    assert "slow down" in result["refused"][0]["reason"]
    calls.fail = Calls().fail
    calls.count()
    result = run.bound("dev-1", owner_default="refuse", check_mode=True)
    assert calls.count() == (1, 2, 0)
    assert "slow down" not in result["refused"][0]["reason"]


def test_a_state_of_terraform_is_parsed_once_and_kept_without_its_secrets(
    run: Run, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []
    original = terraform_states.parse_state
    monkeypatch.setattr(terraform_states, "parse_state", lambda *given: (parsed.append(given[1]), original(*given))[1])
    arns = [f"arn:aws:iam::{owner}:user/dave" for owner in (ACCOUNT, "999988887777")]
    instances = [{"index_key": arn, "attributes": {"arn": arn, "password": "hunter2"}} for arn in arns]
    resource = {"mode": "managed", "type": "aws_iam_user", "name": "dave", "instances": instances}
    path = run.directory / "app.tfstate"
    path.write_text(json.dumps({"version": 4, "resources": [resource]}), encoding="utf-8")
    run.assess()
    states = {"terraform_state_paths": [str(path)]}
    for _time in range(2):
        assert refused(run.strip("dave", **states)) == [("foreign_owner", "dave")]
    assert parsed == [str(path)]
    assert run.files
    kept = read_texts(run.files.directory)
    assert arns[0] in kept
    assert "hunter2" not in kept
    # Of other accounts nothing is kept.
    assert arns[1] not in kept


def test_the_journal_is_searched_once_for_changes_that_recur(
    run: Run, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        run.bound("dev-1", run_id=f"before-{number}", enforce_drifting=["*"])
        run.iam.delete_role_permissions_boundary(RoleName="dev-1")
    reads: collections.Counter[str] = collections.Counter()
    original = DirectoryStore.get

    def get(store: DirectoryStore, key: str) -> t.Optional[bytes]:
        reads[key] += key.endswith(("-intent.json", "-outcome.json"))
        return original(store, key)

    monkeypatch.setattr(DirectoryStore, "get", get)
    run.assess()
    for role in ("dev-1", "dev-2"):
        run.bound(role, check_mode=True)
    run.strip("dave", check_mode=True)
    # One policy was created, and three times a boundary was put; only these are in a plan again.
    assert sum(reads.values()) == 4 + 3
    assert set(reads.values()) <= {0, 1}


def fail_in(name: str, error: type[AwsError]) -> t.Callable[..., t.Optional[AwsError]]:
    """Fail all calls of an operation, but for regions other than eu-west-1 where it is about stacks."""

    def fail(service: str, operation: str, _asked: Record, region: t.Optional[str]) -> t.Optional[AwsError]:
        if operation != name or (service == SERVICE and region != "eu-west-1"):
            return None
        return error("no", code=error.__name__, service=service, operation=operation, region=region)

    return fail


@pytest.mark.parametrize("error", [AccessDenied, Throttled])
@pytest.mark.parametrize("operation", ["ListStacks", "ListStackResources", "LookupEvents"])
def test_a_user_is_not_narrowed_if_a_source_of_owners_fails(
    run: Run, calls: Calls, operation: str, error: type[AwsError]
) -> None:
    """Stacks may own the user for certain. What the event history names refuses nothing if all may be narrowed."""
    calls.fail = fail_in(operation, error)
    result = run.strip("dave", owner_default="refuse")
    assert (made(result), refused(result)) == ([], [("foreign_owner", "dave")])
    assert f"{error.__name__}: no" in result["refused"][0]["reason"]
    result = run.strip("erin", owner_default="allow")
    is_held = operation != "LookupEvents"
    assert refused(result) == ([("foreign_owner", "erin")] if is_held else [])
    calls.fail = Calls().fail
    assert made(run.strip("dave", owner_default="refuse")) == [("DetachUserPolicy", "dave")]
    assert made(run.strip("erin", owner_default="allow")) == ([("DetachUserPolicy", "erin")] if is_held else [])


def test_a_journal_that_can_t_be_read_holds_back_what_somebody_may_keep_reverting(
    run: Run, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(History, "find_made", lambda *_given: _raise(StoreError("s3://journal: AccessDenied")))
        result = run.strip("dave")
        assert (made(result), refused(result)) == ([], [("drift_war", "dave")])
        assert "s3://journal: AccessDenied" in result["refused"][0]["reason"]
        (warning,) = [text for text in result["warnings"] if "held back" in text]
        assert warning.startswith("1 object is held back by the journal: ")
        named = run.strip("dave", check_mode=True, enforce_drifting=["arn:aws:iam::*:user/dave"])
        assert not named["refused"]
    assert made(run.strip("dave")) == [("DetachUserPolicy", "dave")]


def _raise(error: Exception) -> t.NoReturn:
    raise error
