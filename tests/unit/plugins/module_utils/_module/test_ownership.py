# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The owners of three hundred stacks in five regions, by the calls that they take."""

from __future__ import annotations

import collections
import dataclasses
import importlib
import json
import pathlib
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, Throttled
from ansible_collections.hardening.iam.plugins.module_utils._aws.tape import (
    Player,
    Recorder,
    Tape,
    decode,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.registry import CAPABILITIES
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Status
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.drift import Recurrence
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.files import LISTS, STATES
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.judgement import HELD, find_objection
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.owner import (
    Confidence,
    Owner,
    Unread,
    Write,
    object_of,
)
from ansible_collections.hardening.iam.plugins.module_utils._module.arguments import PLAN_OWNERS_ARGUMENTS
from ansible_collections.hardening.iam.plugins.module_utils._module.ownership import (
    MOST_LOOKUPS,
    OwnershipOptions,
    OwnershipReader,
    PlanOwners,
)
from ansible_collections.hardening.iam.plugins.module_utils._module.recording import Replay
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task, TaskError
from ansible_collections.hardening.iam.plugins.modules.permissions_boundary import ENTRY, argument_spec
from ansible_collections.hardening.iam.plugins.plugin_utils import _in_process, _value_input
from emulator.clock import CLOCK
from unit.emulator.seeded import Seeded, account, serving

ACCOUNT: t.Final = "123456789012"
REGIONS: t.Final = ("eu-central-1", "eu-north-1", "eu-west-1", "us-east-1", "us-west-2")
# AWS enables so many regions by default.
ENABLED: t.Final = 17


def stacks(region: str) -> dict[str, t.Any]:
    """Sixty stacks with a role each; the last one has more resources than a page."""
    role = {"type": "AWS::IAM::Role", "id": f"{{name}}-{region}"}
    many = {f"Queue{number}": {"type": "AWS::SQS::Queue", "id": f"q{number}"} for number in range(150)}
    return {"app-{1..59}": {"resources": {"Role": role}}, "last": {"resources": {**many, "LastRole": role}}}


@pytest.fixture(scope="module")
def aws() -> t.Iterator[Seeded]:
    with serving(account(regions={region: {"stacks": stacks(region)} for region in REGIONS})) as seeded:
        yield seeded


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> collections.Counter[str]:
    """How often each operation is called."""
    counted: collections.Counter[str] = collections.Counter()
    original = Access.call

    def call(access: Access, service: str, operation: str, *given: t.Any, **more: t.Any) -> dict[str, t.Any]:
        counted[operation] += 1
        return original(access, service, operation, *given, **more)

    monkeypatch.setattr(Access, "call", call)
    return counted


def make_owners(aws: Seeded, *, tape: t.Optional[Tape] = None, **options: t.Any) -> PlanOwners:
    defaults = {name: spec.get("default") for name, spec in argument_spec().items()}
    access = {"endpoint_url": aws.endpoint, "access_key": "administrator", "secret_key": "emulated"}
    given = {**defaults, **access, "region": "us-east-1", **options}
    replay = Replay(tape, CLOCK.now()) if tape else None
    task = Task(options=given, operations=ENTRY.operations, check_mode=True, replay=replay)
    parsed = OwnershipOptions.from_options(task.options)
    reader = OwnershipReader(parsed, task.connection, sleep=lambda _seconds: None)
    return PlanOwners(reader, parsed, None, task.now)


def change(name: str, operation: str = "PutRolePermissionsBoundary", **fields: t.Any) -> Change:
    given: dict[str, t.Any] = {
        "account_id": ACCOUNT,
        "region": "global",
        "service": "iam",
        "operation": operation,
        "target": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "parameters": {"RoleName": name},
        "before": None,
        "after": None,
        "kind": "some",
        "impact": Impact.NARROWING,
    }
    return Change(**{**given, **fields})


def confidences(owners: PlanOwners, *changes: Change) -> dict[str, Confidence]:
    found = owners.read(changes, frozenset(), {})
    assert found is not None
    return {key[2]: owner.confidence for key, owner in found.owners.items()}


def test_roles_of_three_hundred_stacks_take_a_call_for_each_stack_and_page(
    aws: Seeded, calls: collections.Counter[str]
) -> None:
    names = ("last-eu-north-1", "app-1-eu-west-1", "app-59-us-west-2", "free")
    found = confidences(make_owners(aws), *map(change, names))
    assert found == {**dict.fromkeys(names, Confidence.CERTAIN), "free": Confidence.UNKNOWN}
    # Five stacks have a second page. Of the roles, only the one that no stack has is looked up.
    assert (calls["ListStacks"], calls["ListStackResources"], calls["LookupEvents"]) == (ENABLED, 300 + 5, 1)


def test_nothing_is_read_for_a_plan_that_changes_nothing_of_others(
    aws: Seeded, calls: collections.Counter[str]
) -> None:
    owners = make_owners(aws)
    new = change("new", "CreateRole", impact=Impact.ADDITIVE)
    plan = [
        new,
        change("new", "PutRolePolicy", impact=Impact.ADDITIVE),
        change("x", "UpdateAccessKey", target=f"arn:aws:iam::{ACCOUNT}:user/x"),
        change("x", "PutBucketPolicy", service="s3"),
        change("x", undoes="1/2/000003"),
    ]
    assert owners.read(plan, frozenset(), {}) is None
    assert owners.read([], frozenset(), {}) is None
    assert not calls


def test_declared_and_protected_objects_take_no_call_of_stacks(aws: Seeded, calls: collections.Counter[str]) -> None:
    declared = [
        {"arn": "arn:aws:iam::*:role/mine-*", "owner": "me", "write": "allow"},
        {"arn": "arn:aws:iam::*:role/theirs-*", "owner": "they"},
    ]
    found = confidences(
        make_owners(aws, owners=declared), change("mine-1"), change("theirs-1"), change("AWSAFTService")
    )
    assert set(found.values()) == {Confidence.CERTAIN}
    assert (calls["ListStacks"], calls["LookupEvents"]) == (0, 0)


def reasons(owner: Owner) -> list[str]:
    return [reason for source in owner.unread for reason in source.reasons]


def test_events_are_read_only_for_what_would_be_refused_and_of_some_objects_at_most(
    aws: Seeded, calls: collections.Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Access, "reach", lambda _access: ReachOfOne())
    confidences(make_owners(aws, owner_default="allow"), change("free"))
    confidences(make_owners(aws), change("free", impact=Impact.ADDITIVE))
    assert calls["LookupEvents"] == 0
    owners = make_owners(aws)
    found = owners.read([change(f"free-{number:02}") for number in range(MOST_LOOKUPS + 3)], frozenset(), {})
    assert calls["LookupEvents"] == MOST_LOOKUPS
    assert found is not None
    left = [owner for owner in found.owners.values() if owner.unread]
    reason = f"its event history was not read: one plan reads those of {MOST_LOOKUPS} objects"
    assert [reasons(owner) for owner in left] == [[reason]] * 3


def test_objects_of_a_stack_take_no_place_of_those_whose_events_are_read(aws: Seeded) -> None:
    of_stacks = [change(f"app-{number}-eu-west-1") for number in range(1, MOST_LOOKUPS + 1)]
    found = make_owners(aws).read([*of_stacks, change("free")], frozenset(), {})
    assert found is not None
    assert found.owners[ACCOUNT, "role", "free"].unread == ()


def test_an_event_history_that_is_not_read_whole_is_named(aws: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role that is assumed all day has more events than are read."""
    original = Access.call

    def call(access: Access, service: str, operation: str, *given: t.Any, **more: t.Any) -> dict[str, t.Any]:
        if operation == "LookupEvents":
            return {"Events": [], "NextToken": json.dumps([given[0].get("NextToken")])}
        return original(access, service, operation, *given, **more)

    monkeypatch.setattr(Access, "call", call)
    monkeypatch.setattr(Access, "reach", lambda _access: ReachOfOne())
    owners = make_owners(aws)
    found = owners.read([change("free")], frozenset(), {})
    assert found is not None
    (owner,) = found.owners.values()
    assert reasons(owner) == ["its event history has more than 3 pages, so only the newest events were read"]
    item = object_of(change("free").target)
    assert item is not None
    made = (CLOCK.now(), CLOCK.now())
    assert isinstance(owners._judge(Recurrence(item, change("free"), made)), Unread)
    (finding,) = owners.findings
    assert finding.status is Status.NOT_ASSESSED
    assert "only the newest events were read" in finding.detail


def test_events_are_read_first_where_they_decide(aws: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role of an unknown owner is refused anyway, and a user of an unknown owner is not."""
    monkeypatch.setattr(Access, "reach", lambda _access: ReachOfOne())
    roles = [change(f"free-{number:02}") for number in range(MOST_LOOKUPS)]
    user = change("zoe", "DetachUserPolicy", target=f"arn:aws:iam::{ACCOUNT}:user/zoe", parameters={"UserName": "zoe"})
    found = make_owners(aws).read([*roles, user], frozenset(), {})
    assert found is not None
    assert found.owners[ACCOUNT, "user", "zoe"].unread == ()
    # Events are not needed for a change that gives access.
    more = dataclasses.replace(user, impact=Impact.ADDITIVE)
    found = make_owners(aws).read([*roles, more], frozenset(), {})
    assert found is not None
    assert find_objection(more, found) is None


class ReachOfOne:
    """A region without stacks."""

    regions = ("sa-east-1",)
    unread: t.Optional[str] = None


def test_regions_that_cannot_be_listed_are_named(aws: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReachOfOne, "unread", "AccessDenied")
    monkeypatch.setattr(Access, "reach", lambda _access: ReachOfOne())
    found = make_owners(aws).read([change("free")], frozenset(), {})
    assert found is not None
    (owner,) = found.owners.values()
    assert owner.confidence is Confidence.UNKNOWN
    assert reasons(owner) == ["the enabled regions can't be listed, so only some were asked for stacks: AccessDenied"]


def test_new_objects_and_those_of_the_declaration_are_our_own(aws: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Access, "reach", lambda _access: ReachOfOne())
    keys = [item.key for name in ("new", "old") if (item := object_of(change(name).target))]
    found = make_owners(aws).read([change("new", "CreateRole"), change("old")], frozenset({keys[1]}), {})
    assert found is not None
    assert found.own == frozenset(keys)


def test_options_are_checked() -> None:
    assert OwnershipOptions.from_options({}) == OwnershipOptions()
    assert OwnershipOptions.from_options({"owner_default": "allow"}).default is Write.ALLOW
    with pytest.raises(InputError, match=r"owners\[0\]"):
        OwnershipOptions.from_options({"owners": "[{owner: x}]"})
    for option in ("terraform_state_paths", "owned_arns"):
        with pytest.raises(InputError, match=rf"{option}\[0\]: 5 is not allowed"):
            OwnershipOptions.from_options({option: [5]})
    with pytest.raises(TaskError, match="owners: the text is not YAML"):
        OwnershipOptions.from_options({"owners": "a: ["})


SECRET: t.Final = "hunter2-of-the-database"


def make_state(name: str) -> bytes:
    """A state of Terraform with a role, and with the password of a database."""
    role = {"mode": "managed", "type": "aws_iam_role", "name": "app"}
    attributes = {"arn": f"arn:aws:iam::{ACCOUNT}:role/{name}", "password": SECRET}
    resources = [{**role, "instances": [{"attributes": attributes}]}]
    return json.dumps({"version": 4, "resources": resources, "outputs": {"password": {"value": SECRET}}}).encode()


@pytest.fixture(params=["directory", "bucket"])
def state(request: pytest.FixtureRequest, aws: Seeded, tmp_path: pathlib.Path) -> str:
    """The place of a state file that has the role ``free``."""
    if request.param == "directory":
        (tmp_path / "app.tfstate").write_bytes(make_state("free"))
        return str(tmp_path / "app.tfstate")
    client = aws.client("s3", keys=("administrator", "emulated"))
    client.create_bucket(Bucket="states-of-terraform")
    client.put_object(Bucket="states-of-terraform", Key="prod/app.tfstate", Body=make_state("free"))
    return "s3://states-of-terraform/prod/app.tfstate"


def test_a_recording_has_the_objects_of_a_state_and_not_its_secrets(
    aws: Seeded, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Access, "reach", lambda _access: ReachOfOne())
    recorder = Recorder()
    found = confidences(make_owners(aws, tape=recorder, terraform_state_paths=[state]), change("free"))
    assert found == {"free": Confidence.CERTAIN}
    player = Player(json.loads(json.dumps(recorder.entries)))
    played = confidences(make_owners(aws, tape=player, terraform_state_paths=[state]), change("free"))
    assert played == found
    assert player.missed == ()
    assert SECRET not in repr(decoded(recorder))


def decoded(recorder: Recorder) -> list[t.Any]:
    """All answers on a tape, as they are played."""
    return [decode(entry.get("answer")) for entry in recorder.entries.values()]


def test_a_state_that_can_t_be_read_is_the_same_in_a_recording(aws: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Access, "reach", lambda _access: ReachOfOne())
    recorder = Recorder()
    places = ["s3://states-of-terraform-elsewhere/app.tfstate"]
    asked = make_owners(aws, tape=recorder, terraform_state_paths=places).read([change("free")], frozenset(), {})
    player = Player(recorder.entries)
    played = make_owners(aws, tape=player, terraform_state_paths=places).read([change("free")], frozenset(), {})
    assert asked is not None
    assert asked == played
    (reason,) = reasons(asked.find_owner(next(iter(asked.owners))))
    assert reason.startswith(f"{places[0]} can't be used: ")
    assert player.missed == ()


def test_every_module_that_makes_held_changes_has_the_options() -> None:
    """A rollback makes none: what undoes a change brings back what the owner had."""
    held = {f"iam:{name}" for name in HELD}
    makers = {one.module for one in CAPABILITIES.values() if held & one.operations.writes}
    assert makers == {
        *("event_alerts", "key_migration", "least_privilege", "permissions_boundary", "policy_scope"),
        "user_permissions",
    }
    for module in makers:
        spec = importlib.import_module(f"ansible_collections.hardening.iam.plugins.modules.{module}").argument_spec()
        assert set(PLAN_OWNERS_ARGUMENTS) <= set(spec)


def fail_stacks(monkeypatch: pytest.MonkeyPatch, operation: str, answer: t.Any) -> None:
    """Let an operation about stacks answer so in eu-west-1, the only region."""
    original = Access.call

    def call(access: Access, service: str, name: str, *given: t.Any, **more: t.Any) -> dict[str, t.Any]:
        if name != operation:
            return original(access, service, name, *given, **more)
        if isinstance(answer, type):
            raise answer("no", code=answer.__name__, service=service, operation=name, region="eu-west-1")
        return t.cast(dict[str, t.Any], answer)

    monkeypatch.setattr(Access, "call", call)


@pytest.fixture
def ireland(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReachOfOne, "regions", ("eu-west-1",))
    monkeypatch.setattr(Access, "reach", lambda _access: ReachOfOne())


# Pages without an end, and an answer about another account.
ENDLESS: t.Final = {"StackSummaries": [], "StackResourceSummaries": [], "NextToken": "again"}
STRANGER: t.Final = {
    "StackId": "arn:aws:cloudformation:eu-west-1:999988887777:stack/app-1/1",
    "StackName": "app-1",
    "StackStatus": "CREATE_COMPLETE",
}


@pytest.mark.usefixtures("ireland")
@pytest.mark.parametrize("default", ["allow", "refuse"])
@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        *((name, error) for name in ("ListStacks", "ListStackResources") for error in (AccessDenied, Throttled)),
        ("ListStacks", ENDLESS),
        ("ListStackResources", ENDLESS),
        ("ListStacks", {"StackSummaries": [STRANGER]}),
        ("ListStacks", {"StackSummaries": [{"StackName": "app-1"}]}),
    ],
)
def test_what_an_unread_stack_may_own_is_held_back_whatever_the_default_is(
    aws: Seeded, monkeypatch: pytest.MonkeyPatch, operation: str, answer: t.Any, default: str
) -> None:
    fail_stacks(monkeypatch, operation, answer)
    asked = [change(name, impact=impact) for name in ("app-1-eu-west-1", "free") for impact in Impact]
    owners = make_owners(aws, owner_default=default)
    known = owners.read(asked, frozenset(), {})
    assert known is not None
    assert all(find_objection(one, known) for one in asked)
    (line,) = owners.warnings
    assert line.startswith("2 objects are held back by CloudFormation: ")
    allowing = [{"arn": "arn:aws:iam::*:role/app-*", "owner": "us", "write": "allow"}]
    known = make_owners(aws, owner_default=default, owners=allowing).read(asked, frozenset(), {})
    assert known is not None
    assert {one.target.rpartition("/")[2] for one in asked if find_objection(one, known)} == {"free"}


@pytest.mark.usefixtures("ireland")
def test_healthy_stacks_refuse_their_own_alone(aws: Seeded) -> None:
    asked = [change("app-1-eu-west-1"), change("free")]
    owners = make_owners(aws, owner_default="allow")
    known = owners.read(asked, frozenset(), {})
    assert known is not None
    assert [find_objection(one, known) is not None for one in asked] == [True, False]
    assert owners.warnings == ()


# By the option: the files that a variable of ownership passes through beside the tasks of roles.
PASSES: t.Final = (
    "playbooks/vars/known_variables.yml",
    "playbooks/vars/role_options.yml",
    "plugins/plugin_utils/_wave_hosts.py",
    "docs/variables.md",
    "docs/ownership.md",
)
CHECKOUT: t.Final = pathlib.Path(__file__).resolve().parents[5]


def test_every_variable_of_ownership_passes_everywhere() -> None:
    variables = {f"hardening_{option}" for option in PLAN_OWNERS_ARGUMENTS}
    assert "hardening_owned_arns" in variables
    tasks = [path.read_text(encoding="utf-8") for path in CHECKOUT.glob("roles/*/tasks/main.yml")]
    of_owners = [text for text in tasks if "hardening_owners" in text]
    assert len(of_owners) == 6
    texts = [*of_owners, *((CHECKOUT / name).read_text(encoding="utf-8") for name in PASSES)]
    assert [name for text in texts for name in variables if name not in text] == []
    places = set(_in_process._PLACE_LISTS)
    assert {STATES, LISTS} <= places
    assert {STATES, LISTS, "owners"} == set(_value_input._OWNERS)
