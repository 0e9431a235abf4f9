# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what was read to the owner of one object."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import Unknown
from ansible_collections.hardening.iam.plugins.module_utils._account.change_events import ChangeEvent, EventHistory
from ansible_collections.hardening.iam.plugins.module_utils._account.stacks import StackResource
from ansible_collections.hardening.iam.plugins.module_utils._account.terraform_state import StateResource
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.declared import parse_owners
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.evidence import (
    CertainSource,
    Sources,
    clean,
    find_owner,
    gather_stacks,
    make_listed_owner,
    make_state_owner,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.owned_arns import OwnedArns
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.owner import (
    Confidence,
    Owner,
    Unread,
    Write,
)

from .owned import ACCOUNT, ROLE, USER, index, item, stack

PIPELINE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/pipeline"
STATE: t.Final = StateResource("module.app.aws_iam_role.app", "aws_iam_role", "app", ROLE, "s3://states/app.tfstate")
OF_STATE: t.Final = CertainSource({STATE.key: make_state_owner(STATE)})
EMPTY: t.Final = index()


def event(tool: t.Optional[str] = "Terraform", day: int = 1, **fields: t.Any) -> ChangeEvent:
    agent = f"HashiCorp/1.0 {tool}/1.9" if tool else "aws-cli/2.31"
    when = datetime(2026, 11, day, tzinfo=UTC)
    given = {"operation": "PutRolePolicy", "when": when, "caller": PIPELINE, "user_agent": agent, "tool": tool}
    return ChangeEvent(**{**given, "creates": False, **fields})


def find(arn: str = ROLE, **sources: t.Any) -> Owner:
    """The owner of an object by these sources; the others were read, and have nothing."""
    stacks = gather_stacks(sources.pop("index", EMPTY))
    events = {item(arn).key: EventHistory()}
    return find_owner(item(arn), Sources(**{"stacks": stacks, "events": events, **sources}))


def reasons(owner: Owner) -> list[str]:
    return [reason for unread in owner.unread for reason in unread.reasons]


def of_stack(**fields: t.Any) -> Owner:
    return find(index=index(StackResource(stack(**fields), "AppRole", "role", "app")))


def test_nothing_is_known_and_nothing_unread() -> None:
    assert find() == Owner()
    assert reasons(find_owner(item(), Sources())) == ["the stacks were not read", "its event history was not read"]


def test_a_stack_is_certain() -> None:
    owner = of_stack()
    assert (owner.name, owner.tool, owner.confidence) == ("stack app", "CloudFormation", Confidence.CERTAIN)
    assert owner.place is not None
    assert owner.place.text == "stack app (eu-west-1, logical id AppRole)"
    assert (owner.place.language, owner.place.logical_id) == ("cloudformation", "AppRole")


def test_a_stack_of_another_account_with_a_role_of_the_same_name_owns_nothing_here() -> None:
    assert of_stack(account="999988887777") == Owner()


@pytest.mark.parametrize(
    ("fields", "tool", "text"),
    [
        ({"is_cdk": True}, "AWS CDK", "the CDK app of stack app"),
        ({"description": "SAM Template for app"}, "AWS SAM", "stack app"),
        (
            {"name": "StackSet-baseline-roles-01234567-89ab-cdef-0123-456789abcdef"},
            "CloudFormation StackSets",
            "stack set baseline-roles of its administrator account",
        ),
        (
            {"name": "StackSet-AWSControlTowerBP-BASELINE-ROLES-01234567-89ab-cdef-0123-456789abcdef"},
            "AWS Control Tower",
            "stack StackSet-AWS",
        ),
        ({"name": "AWSControlTowerBP-X"}, "AWS Control Tower", "stack AWSControlTowerBP-X"),
        ({"name": "inner", "root": "outer"}, "CloudFormation", "stack outer, nested stack inner"),
    ],
)
def test_the_tool_behind_a_stack_is_named(fields: dict[str, t.Any], tool: str, text: str) -> None:
    name = fields.pop("name", "app")
    root = fields.pop("root", name)
    owner = find(index=index(StackResource(stack(name, **fields, root_name=root), "AppRole", "role", "App")))
    assert owner.tool == tool
    assert owner.place is not None
    assert text in owner.place.text


def test_a_state_is_certain_and_comes_before_a_stack() -> None:
    owner = find(certain=(OF_STATE,), index=index(StackResource(stack(), "AppRole", "role", "app")))
    assert (owner.tool, owner.confidence) == ("Terraform", Confidence.CERTAIN)
    assert owner.place is not None
    assert owner.place.text == "Terraform, address module.app.aws_iam_role.app"
    assert owner.place.logical_id == "app"


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
        f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef",
        f"arn:aws:iam::{ACCOUNT}:role/AWSControlTowerExecution",
        f"arn:aws:iam::{ACCOUNT}:policy/AWSControlTowerX",
    ],
)
def test_what_belongs_to_aws_or_a_landing_zone_is_certain(arn: str) -> None:
    assert find(arn).confidence is Confidence.CERTAIN


def test_an_entry_for_an_account_does_not_own_what_aws_made() -> None:
    name = "AWSReservedSSO_Admin-Team_0123456789abcdef"
    declared = parse_owners([{"account": "*", "owner": "platform", "write": "allow"}])
    owner = find(f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/{name}", declared=declared)
    assert (owner.name, owner.confidence) == ("IAM Identity Center", Confidence.CERTAIN)
    assert owner.write is not Write.ALLOW
    assert owner.place is not None
    assert owner.place.text == "the permission set Admin-Team in the account of IAM Identity Center"
    linked = find(f"arn:aws:iam::{ACCOUNT}:role/OrganizationAccountAccessRole", declared=declared)
    assert (linked.name, linked.write is Write.ALLOW) == ("AWS or a landing zone", False)


def test_a_declared_owner_comes_first_and_a_stack_adds_where() -> None:
    declared = parse_owners([{"arn": ROLE, "owner": "team app", "repository": "git/app", "write": "allow"}])
    resource = StackResource(stack(), "AppRole", "role", "app")
    owner = find(declared=declared, index=index(resource))
    assert (owner.name, owner.write) == ("team app", "allow")
    assert owner.place is not None
    assert owner.place.text == "git/app, stack app (eu-west-1, logical id AppRole)"
    assert owner.place.language == "cloudformation"


def events(*found: ChangeEvent, **sources: t.Any) -> Owner:
    return find(events={item().key: EventHistory(found)}, **sources)


def test_the_tool_of_the_creating_or_last_event_is_likely() -> None:
    for given in (
        [event(None, 3), event("Terraform", 1, creates=True)],
        [event("Terraform", 3), event(None, 1, creates=True)],
    ):
        owner = events(*given)
        assert (owner.tool, owner.confidence) == ("Terraform", Confidence.LIKELY)
        assert owner.place is not None
        assert PIPELINE in owner.place.text


def test_an_older_change_by_a_tool_says_nothing() -> None:
    owner = events(event(None, 3), event("Terraform", 2), event(None, 1, creates=True))
    assert owner.confidence is Confidence.UNKNOWN
    assert owner.evidence == (f"last changed by {PIPELINE} on 2026-11-03T00:00:00Z: PutRolePolicy, aws-cli/2.31",)


def test_our_own_calls_say_nothing() -> None:
    assert events(event("Terraform"), callers=principals_of([PIPELINE])) == Owner()


def test_a_role_of_a_console_wizard_is_likely_as_anybody_may_use_its_path() -> None:
    assert find(f"arn:aws:iam::{ACCOUNT}:role/service-role/x").confidence is Confidence.LIKELY
    assert find(f"arn:aws:iam::{ACCOUNT}:user/service-role/x") == Owner()


@pytest.mark.parametrize(
    ("tags", "tool", "name"),
    [
        ({"terraform": "true"}, "Terraform", "Terraform"),
        ({"Terraform-Workspace": "prod"}, "Terraform", "Terraform"),
        ({"managed-by": "Pulumi Cloud"}, "Pulumi", "Pulumi"),
        ({"ManagedBy": "cdk"}, "AWS CDK", "AWS CDK"),
        ({"repo": "git.example.com/app"}, "", "git.example.com/app"),
        ({"terraform": "false"}, None, ""),
        ({"managed-by": "people"}, None, ""),
        ({"owner": "terraform-team"}, None, ""),
        ({"repo": " "}, None, ""),
    ],
)
def test_tags_are_hints(tags: dict[str, str], tool: t.Optional[str], name: str) -> None:
    owner = find(USER, tags={item(USER).key: tags})
    if tool is None:
        assert owner == Owner()
    else:
        assert (owner.tool, owner.name, owner.confidence) == (tool, name, Confidence.HINT)


@pytest.mark.parametrize(
    "tags",
    [
        {"iam-hardening:managed": "true", "iam-hardening:owner": "hardening.iam"},
        {"hardening_owners": "write: allow", "write": "allow"},
        {"managed-by": "hardening.iam", "repo": "hardening"},
        {"terraform": "false", "managed-by": "none"},
    ],
)
def test_a_forged_tag_never_makes_an_owner_weaker_or_allows_a_write(tags: dict[str, str]) -> None:
    resource = index(StackResource(stack(), "AppRole", "role", "app"))
    with_tags = {"tags": {item().key: tags}}
    assert find(index=resource, **with_tags) == find(index=resource)
    assert find(certain=(OF_STATE,), **with_tags) == find(certain=(OF_STATE,))
    assert events(event(), **with_tags) == events(event())
    assert find(**with_tags).write is None
    assert find(**with_tags).confidence in (Confidence.HINT, Confidence.UNKNOWN)


FAILED: t.Final = Unread("a state can't be used", "hardening_terraform_state_paths[0]", "correct the file")
CUT: t.Final = EventHistory(rest=Unknown("its events can't be read"))


def test_unread_sources_are_named_unless_the_owner_is_certain() -> None:
    unread = {"certain": (CertainSource(rest=FAILED),), "events": {item().key: CUT}}
    stacks = index(unread=["the stacks of eu-north-1 can't be read", "those of eu-west-1 can't be read"])
    owner = find(index=stacks, **unread)
    assert owner.confidence is Confidence.UNKNOWN
    assert reasons(owner) == [FAILED.reason, *stacks.unread, "its events can't be read"]
    assert [source.is_certain for source in owner.unread] == [True, True, False]
    known = index(StackResource(stack(), "AppRole", "role", "app"), unread=stacks.unread)
    assert find(index=known, **unread).unread == ()


def test_a_healthy_source_names_the_owner_beside_one_that_failed() -> None:
    for sources in ((CertainSource(rest=FAILED), OF_STATE), (OF_STATE, CertainSource(rest=FAILED))):
        owner = find(certain=sources, index=index(unread=["no"]))
        assert (owner.confidence, owner.unread) == (Confidence.CERTAIN, ())


def test_a_tool_in_the_events_that_were_read_is_named_beside_those_that_were_not() -> None:
    cut = EventHistory((event(),), Unknown("only the newest events were read"))
    owner = find(events={item().key: cut})
    assert (owner.confidence, reasons(owner)) == (Confidence.LIKELY, ["only the newest events were read"])


def test_the_owner_of_a_list_is_certain() -> None:
    owned = OwnedArns(datetime(2026, 11, 1, tzinfo=UTC), "team\npayments", "git/payments", (ACCOUNT,), (ROLE,))
    source = CertainSource({item().key: make_listed_owner(owned, "hardening_owned_arns[0]")})
    owner = find(certain=(source,))
    assert (owner.name, owner.confidence) == ("team payments", Confidence.CERTAIN)
    assert owner.place is not None
    assert owner.place.text == "git/payments"
    assert owner.evidence == ("the list hardening_owned_arns[0] of 2026-11-01T00:00:00Z has its ARN",)


def test_hostile_texts_become_one_line_without_control_characters() -> None:
    assert clean("a\x1b[31m\nb\u202ec") == "a?[31m b?c"
    assert len(clean("x" * 1000)) == 201
    owner = find(USER, tags={item(USER).key: {"repo": "x\x1b]0;owned\x07\ny"}})
    assert "\x1b" not in owner.name + owner.evidence[0]
