# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A role held against its old policies and the new ones of its campaign."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import PolicyDocument, Role
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.archive import Log
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.cases.found import Found
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.changes import PATH
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.declared import Target
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.dossier import PROVED, Dossier
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import Way
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.owners.before import (
    Before,
    Comparison,
    Given,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.owners.state import (
    Owned,
    describe_owned,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.past import Past
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse

from ..samples import ACCOUNT, ADMIN, DEVELOPER, OLD, POLICIES, allow, make_subject
from ..samples import BEFORE as BEFORE_CAMPAIGN

Record = dict[str, t.Any]
NEW: t.Final = {f"arn:aws:iam::{ACCOUNT}:policy{PATH}{one.name}": one.content for one in POLICIES if one.is_managed}
INLINE: t.Final = {one.name: one.content for one in POLICIES if not one.is_managed}
CONTENTS: t.Final[Record] = {OLD: allow("sns:*"), **NEW}
BEFORE: t.Final = Before({ADMIN: None, OLD: allow("sns:*")}, {"extra": allow("sqs:*")})
OTHER: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/other"
DOSSIER: t.Final = Dossier(DEVELOPER.arn, "AROAOLD", PROVED, POLICIES, before=BEFORE)


def make_role(*arns: str, **inline: t.Any) -> Role:
    documents = tuple(PolicyDocument(name.replace("_", "-"), one) for name, one in inline.items())
    return dataclasses.replace(DEVELOPER, attached_policies=arns, inline_policies=documents)


APPLIED: t.Final = make_role(*NEW, lp_dev_shop_3=INLINE["lp-dev-shop-3"])


def compare(
    role: Role, before: t.Optional[Before] = BEFORE, *, is_applied: bool = False, **contents: t.Any
) -> Comparison:
    return Comparison(role, {**CONTENTS, **contents}, POLICIES, before, is_applied=is_applied)


def test_the_old_policies_are_kept_and_read_again() -> None:
    found = Before.of_role(DEVELOPER, CONTENTS)
    assert found == BEFORE
    assert Before.of_data(json.loads(json.dumps(dataclasses.asdict(BEFORE)))) == BEFORE
    restored = BEFORE.restore(APPLIED)
    assert (set(restored.attached_policies), restored.inline_policies) == ({ADMIN, OLD}, DEVELOPER.inline_policies)


def test_the_old_policies_are_kept_in_one_order() -> None:
    """The record of a campaign has the hash of the file that they are kept in."""
    documents = tuple(PolicyDocument(name, allow("sqs:*")) for name in ("b", "a", "c"))
    found = Before.of_role(
        dataclasses.replace(DEVELOPER, attached_policies=(OLD, ADMIN), inline_policies=documents), CONTENTS
    )
    assert found is not None and (list(found.inline), list(found.attached)) == (["a", "b", "c"], sorted([ADMIN, OLD]))


@pytest.mark.parametrize(
    "record",
    [
        {"attached": {"old": allow("s3:*")}, "inline": {}},
        {"attached": {f"{OLD}\n": allow("s3:*")}, "inline": {}},
        {"attached": {OLD.replace(":policy/", ":role/"): allow("s3:*")}, "inline": {}},
        # Nobody but AWS changes the content of its policies, so it is not kept. That of all others is.
        {"attached": {OLD: None}, "inline": {}},
        {"attached": {ADMIN: allow("*")}, "inline": {}},
        {"attached": {}, "inline": {"../x": allow("s3:*")}},
        {"attached": {}, "inline": {"x" * 129: allow("s3:*")}},
        {"attached": {}, "inline": {"": allow("s3:*")}},
    ],
)
def test_a_kept_file_that_no_run_wrote_is_none(record: Record) -> None:
    with pytest.raises(ValueError, match=r"is not the name of a policy|is missing, or is that of a policy of AWS"):
        Before.of_data(record)


def test_old_policies_that_can_not_be_read_are_not_known() -> None:
    assert Before.of_role(DEVELOPER, {}) is None
    unread = dataclasses.replace(DEVELOPER, inline_policies=(PolicyDocument("extra", None, error="denied"),))
    assert Before.of_role(unread, CONTENTS) is None


@pytest.mark.parametrize(
    ("role", "given"),
    [
        (DEVELOPER, Given()),
        (APPLIED, Given(tuple(NEW), tuple(INLINE))),
        # By its content, in a policy of another name.
        (make_role(OTHER), Given((OTHER,))),
        (make_role(own=INLINE["lp-dev-shop-3"]), Given((), ("own",))),
        (
            make_role(f"arn:aws:iam::{ACCOUNT}:policy{PATH}lp-dev-shop-9"),
            Given((f"arn:aws:iam::{ACCOUNT}:policy{PATH}lp-dev-shop-9",)),
        ),
        # Of another role, or at another path.
        (make_role(f"arn:aws:iam::{ACCOUNT}:policy{PATH}lp-dev-shop-2-1"), Given()),
        (make_role(f"arn:aws:iam::{ACCOUNT}:policy/lp-dev-shop-9"), Given()),
    ],
)
def test_what_came_with_the_campaign(role: Role, given: Given) -> None:
    assert compare(role, **{OTHER: POLICIES[0].content}).given == given


def test_an_old_policy_with_the_name_or_the_content_of_a_new_one_is_no_new_one() -> None:
    """A role may be right-sized for a second time."""
    arn = next(iter(NEW))
    before = Before({arn: allow("s3:*")}, {})
    assert not compare(make_role(arn), before, **{arn: allow("s3:*")}).given.is_any
    changed = compare(make_role(arn), before)
    assert (changed.given.attached, changed.missing) == ((arn,), (arn,))
    assert changed.find_unreturned() == (f"{arn} has the new content",)


def test_an_old_policy_that_is_written_in_another_way_is_the_old_one() -> None:
    """IAM takes one action as a text and as a list, and lets people reorder members."""
    text = {"Statement": {"Resource": "*", "Action": "sns:*", "Effect": "Allow"}, "Version": "2012-10-17"}
    inline = {"Statement": {"Resource": "*", "Action": "sqs:*", "Effect": "Allow"}, "Version": "2012-10-17"}
    assert compare(make_role(ADMIN, OLD, extra=inline), **{OLD: text}).find_unreturned() == ()
    gone = compare(make_role(ADMIN, OLD, extra=None))
    assert gone.missing_inline == ("extra",)


def test_a_new_inline_policy_that_the_role_still_has_is_named() -> None:
    (name,) = INLINE
    more = PolicyDocument(name, INLINE[name])
    role = dataclasses.replace(DEVELOPER, inline_policies=(*DEVELOPER.inline_policies, more))
    assert compare(role).find_unreturned() == (f"inline policy {name} is still there",)
    # An old one of the same name that got the new content is missing, and not there twice.
    before = dataclasses.replace(BEFORE, inline={**BEFORE.inline, name: allow("sns:*")})
    assert compare(role, before).find_unreturned() == (f"inline policy {name} is missing or has another content",)


def test_documents_that_the_owner_has_written_as_one_came_with_the_campaign_as_well() -> None:
    whole = make_role(OTHER)
    assert not compare(whole).given.is_any
    assert compare(whole, is_applied=True).given == Given((OTHER,))


def test_what_is_missing_until_the_old_policies_are_back() -> None:
    assert compare(DEVELOPER).find_unreturned() == ()
    both = dataclasses.replace(DEVELOPER, attached_policies=(*DEVELOPER.attached_policies, *NEW))
    assert compare(both).find_unreturned() == tuple(f"{arn} is still attached" for arn in NEW)
    assert compare(make_role(OLD, extra=allow("s3:*"))).find_unreturned() == (
        f"{ADMIN} is not attached",
        "inline policy extra is missing or has another content",
    )
    # What somebody else has given the role meanwhile stays.
    more = dataclasses.replace(DEVELOPER, attached_policies=(*DEVELOPER.attached_policies, OTHER))
    assert compare(more).find_unreturned() == ()


# The state of a role


def describe(role: Role, dossier: t.Optional[Dossier] = DOSSIER) -> t.Optional[Owned]:
    contents: Record = {**CONTENTS, ADMIN: allow("*"), OTHER: allow("dynamodb:*")}
    live = [parse(contents[arn]) for arn in role.attached_policies]
    live += [parse(one.document) for one in role.inline_policies if one.document]
    return describe_owned(role, {arn: one for arn, one in contents.items() if arn != ADMIN}, live, dossier)


def test_the_states_of_a_role() -> None:
    old, new = describe(DEVELOPER), describe(APPLIED)
    assert old and new
    assert (old.has_documents, old.has_new, old.is_other, old.unreturned) == (False, False, False, "")
    assert (new.has_documents, new.has_new, new.is_other) == (True, True, False)
    assert (old.difference.startswith("it still allows "), new.difference) == (True, "")
    assert "is not attached" in new.unreturned
    half = describe(dataclasses.replace(APPLIED, attached_policies=(ADMIN, *NEW)))
    assert half and (half.has_documents, half.has_new, half.is_other) == (False, True, False)
    other = describe(make_role(ADMIN, OLD, OTHER, extra=allow("sqs:*")))
    assert other and (other.has_new, other.is_other) == (False, True)
    fewer = describe(make_role(ADMIN, extra=allow("sqs:*")))
    assert fewer and fewer.is_other


def test_a_role_of_which_something_is_not_known() -> None:
    assert describe(DEVELOPER, None) is None
    unread = describe_owned(DEVELOPER, CONTENTS, None, DOSSIER)
    lost = describe(DEVELOPER, dataclasses.replace(DOSSIER, before=None))
    assert unread and lost
    assert (unread.has_documents, lost.has_documents) == (None, None)
    assert "could not be read" in unread.failure and "generate again" in lost.failure


def test_policies_in_force_are_held_against_old_ones_only_to_generate_others() -> None:
    """AWS tells the last use of what a role may do now, so it is no evidence about what the old policies allowed."""
    target = Target("targets[0]", (DEVELOPER.name,), Way.BY_OWNER)
    found = Found(APPLIED, target, Log(), Past(), make_subject(BEFORE_CAMPAIGN), DOSSIER)
    old, half, new = Owned("more"), Owned("more", has_new=True), Owned(has_new=True)
    assert [found.is_replaced(one, generates=False) for one in (old, half, new)] == [False, True, False]
    assert [found.is_replaced(one, generates=True) for one in (old, half, new)] == [False, True, True]
    assert set(found.restored.attached_policies) == {ADMIN, OLD}
    assert found.find_before(CONTENTS, new) == BEFORE
    assert found.find_before(CONTENTS, old) == Before.of_role(APPLIED, CONTENTS)
