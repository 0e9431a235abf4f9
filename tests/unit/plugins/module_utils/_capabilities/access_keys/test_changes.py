# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.changes import (
    CredentialWriter,
    build_command_back,
    write_notice,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.history import Mark, Stage
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.kinds import Kind
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.stages import Action, Item
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact, Undo, plan_sha256

from .keys import ACCOUNT, KEY_ID, NOW, RUN, credential, days_ago, declare

TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:keys"
KEY_TAG = "iam-hardening:key-MPLE"
NAMED = {"kind": "access_key", "id": KEY_ID}


def changes(found: Item, action: Action, **options: t.Any) -> list[Change]:
    made = CredentialWriter(ACCOUNT, RUN, declare(**options), NOW).make_changes(
        found, action, population=40, remedies=("f",)
    )
    return list(made)


def mark(stage: Stage, days: float = 0, notice: bool = False) -> str:
    return str(Mark(stage, days_ago(days), notice, RUN))


def test_a_notice_is_sent_in_the_region_of_its_topic_before_the_tag_says_so() -> None:
    publish, tag = changes(Item(credential()), Action.NOTIFY, notify=TOPIC)
    assert (publish.service, publish.operation, publish.region) == ("sns", "Publish", "eu-west-1")
    assert publish.parameters["TopicArn"] == TOPIC and publish.undo is None
    assert (tag.before, tag.after) == ({**NAMED, "stage": None}, {**NAMED, "stage": "noticed"})
    value = mark(Stage.NOTICED, notice=True)
    assert tag.parameters == {"UserName": "svc", "Tags": [{"Key": KEY_TAG, "Value": value}]}
    assert tag.undo == Undo("UntagUser", {"UserName": "svc", "TagKeys": [KEY_TAG]})
    assert {publish.kind, tag.kind} == {"access_key_notify"}
    assert {publish.impact, tag.impact} == {Impact.ADDITIVE}


def test_without_a_topic_the_tag_alone_begins_the_grace() -> None:
    (tag,) = changes(Item(credential()), Action.NOTIFY)
    assert tag.parameters["Tags"][0]["Value"] == mark(Stage.NOTICED)


def test_a_deactivation_is_tagged_first_and_taken_back_by_activation() -> None:
    former = mark(Stage.NOTICED, 14)
    tag, update = changes(Item(credential(), tag_value=former), Action.DEACTIVATE)
    assert (tag.operation, update.operation) == ("TagUser", "UpdateAccessKey")
    assert tag.undo == Undo("TagUser", {"UserName": "svc", "Tags": [{"Key": KEY_TAG, "Value": former}]})
    named = {"UserName": "svc", "AccessKeyId": KEY_ID}
    assert update.parameters == {**named, "Status": "Inactive"}
    assert update.undo == Undo("UpdateAccessKey", {**named, "Status": "Active"})
    used = "2026-09-26T12:00:00Z"
    assert update.before == {**NAMED, "status": "Active", "last_used": used}
    assert update.after == {**NAMED, "status": "Inactive", "last_used": used}
    assert (update.impact, update.population, update.remedies) == (Impact.NARROWING, 40, ("f",))
    # A cap that refuses one refuses the other: they are of one kind.
    assert {tag.kind, update.kind} == {"access_key_deactivate"}


def test_a_deletion_has_no_way_back_and_takes_its_tag_along() -> None:
    gone = credential(status="Inactive")
    delete, untag = changes(Item(gone, tag_value=mark(Stage.DEACTIVATED, 30)), Action.DELETE)
    assert (delete.operation, delete.after, delete.undo) == ("DeleteAccessKey", None, None)
    assert (delete.impact, untag.operation, untag.after) == (Impact.DESTRUCTIVE, "UntagUser", {**NAMED, "stage": None})
    assert [change.operation for change in changes(Item(gone), Action.DELETE)] == ["DeleteAccessKey"]


def test_what_is_found_inactive_is_told_of_as_such() -> None:
    (tag,) = changes(Item(credential(status="Inactive")), Action.NOTIFY)
    assert tag.after["stage"] == "dormant"


def test_a_plan_does_not_depend_on_the_hour_it_is_made_at() -> None:
    """It is approved in the morning, and is to be the same in the afternoon."""
    found = Item(credential(), tag_value=mark(Stage.NOTICED, 14))
    for action in (Action.NOTIFY, Action.DEACTIVATE):
        hashes = {
            plan_sha256(CredentialWriter(ACCOUNT, run, declare(notify=TOPIC), moment).make_changes(found, action))
            for run, moment in (("run-1", NOW), ("run-2", days_ago(0.2)))
        }
        assert len(hashes) == 1


def test_a_plan_shows_what_is_sent_but_for_the_moments_in_it() -> None:
    found = Item(credential())
    for moment in (NOW, days_ago(0.2), days_ago(-0.5)):
        publish, tag = CredentialWriter(ACCOUNT, "run-7", declare(notify=TOPIC), moment).make_changes(
            found, Action.NOTIFY
        )
        assert publish.request["TopicArn"] == publish.parameters["TopicArn"] == TOPIC
        assert publish.request["Subject"] == publish.parameters["Subject"]
        pattern = re.sub(r"<[^>]*>", ".+", re.escape(publish.request["Message"]))
        assert re.fullmatch(pattern.replace(r"\ days\ later>", ""), publish.parameters["Message"])
        assert "<" not in publish.parameters["Message"] and "run-7" in tag.parameters["Tags"][0]["Value"]
        assert tag.request["Tags"][0]["Value"] == "noticed=<time> notice=sns run=<run>"


@pytest.mark.parametrize(
    ("kind", "identifier", "command"),
    [
        (Kind.ACCESS_KEY, "AccessKeyId", "aws iam update-access-key --user-name svc --access-key-id X --status Active"),
        (
            Kind.SERVICE_CREDENTIAL,
            "ServiceSpecificCredentialId",
            "aws iam update-service-specific-credential --user-name svc --service-specific-credential-id X"
            " --status Active",
        ),
        (
            Kind.SSH_KEY,
            "SSHPublicKeyId",
            "aws iam update-ssh-public-key --user-name svc --ssh-public-key-id X --status Active",
        ),
        (
            Kind.CERTIFICATE,
            "CertificateId",
            "aws iam update-signing-certificate --user-name svc --certificate-id X --status Active",
        ),
    ],
)
def test_every_kind_has_its_operation_and_its_command_back(kind: Kind, identifier: str, command: str) -> None:
    found = credential(kind=kind, id="X")
    assert build_command_back(found) == command
    _tag, update = changes(Item(found), Action.DEACTIVATE)
    assert update.parameters == {"UserName": "svc", identifier: "X", "Status": "Inactive"}


def test_a_notice_says_what_why_when_and_how_to_keep_it() -> None:
    text = write_notice(Item(credential()), declare(), NOW)
    assert KEY_ID not in text and "AKIA…MPLE" in text
    assert "last used on 2026-09-26: 60 days without use" in text
    assert "may be deactivated from 2026-12-09 on" in text and "waiver" in text
    assert "never used" in write_notice(Item(credential(used=None)), declare(), NOW)
    inactive = Item(credential(status="Inactive"))
    assert "may be deleted from 2026-12-25 on. That is final." in write_notice(inactive, declare(), NOW)
    password = Item(credential(kind=Kind.PASSWORD, id="svc"))
    assert "may be removed from 2026-12-09 on. That is final." in write_notice(password, declare(), NOW)


def test_the_subject_of_a_notice_is_what_sns_takes() -> None:
    found = credential(user="u" * 64, kind=Kind.SERVICE_CREDENTIAL)
    publish, _tag = changes(Item(found), Action.NOTIFY, notify=TOPIC)
    assert len(publish.parameters["Subject"]) == 100 and publish.parameters["Subject"].isascii()
