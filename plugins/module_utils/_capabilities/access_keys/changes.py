# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The writes of each step in the life of a credential, in their order, and the notice to its owner."""

from __future__ import annotations

import dataclasses
import shlex
import typing as t
from collections.abc import Mapping
from datetime import datetime, timedelta

from ..._account.moments import format_utc
from ..._converge.change import Change, Impact, Undo
from ..._converge.finding import mask_key_ids
from .declared import Declared, region_of_topic
from .history import PUBLISH, TAG, UNTAG, Mark, Stage, parse_mark
from .kinds import ACTIVE, INACTIVE, OPERATIONS_OF, Credential, Kind
from .stages import Action, Item, count_idle_days

_GLOBAL: t.Final = "global"
# SNS takes a subject of up to 100 ASCII characters.
# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
_SUBJECT: t.Final = 100


@dataclasses.dataclass(frozen=True)
class CredentialWriter:
    """Makes the changes of one run in one account."""

    account_id: str
    run_id: str
    declared: Declared
    now: datetime

    def make_changes(
        self, item: Item, action: Action, *, population: int = 0, remedies: tuple[str, ...] = ()
    ) -> tuple[Change, ...]:
        """The writes of a step. They come or stay away together: a guard that refuses one refuses all of them.

        The tag that says "deactivated" is written before the write itself: without the right to tag there is no
        deactivation, and a run that is cut off between the two leaves a trace.
        """
        if action is Action.NOTIFY:
            stage = Stage.NOTICED if item.credential.is_active else Stage.FOUND_INACTIVE
            notice = (self._publish(item),) if self.declared.topic else ()
            return (*notice, self._tag(item, stage, "notify"))
        if action is Action.DEACTIVATE:
            switch = self._deactivate(item.credential, population, remedies)
            return (self._tag(item, Stage.DEACTIVATED, "deactivate"), switch)
        if action is Action.DELETE:
            forgotten = (self._untag(item, "delete"),) if item.tag_value is not None else ()
            return (self._delete(item.credential, population, remedies), *forgotten)
        return (self._untag(item, "forget"),)

    def _publish(self, item: Item) -> Change:
        credential, topic = item.credential, str(self.declared.topic)
        subject = f"IAM {credential.label} of {credential.user} in {self.account_id}"
        notice = {"TopicArn": topic, "Subject": subject[:_SUBJECT]}
        change = self._make_change(
            credential,
            PUBLISH,
            {**notice, "Message": write_notice(item, self.declared, self.now)},
            before={"notice": None},
            after={"notice": topic},
            kind="notify",
            planned={**notice, "Message": write_notice(item, self.declared, None)},
        )
        return dataclasses.replace(change, service="sns", region=region_of_topic(topic))

    def _tag(self, item: Item, stage: Stage, kind: str) -> Change:
        credential = item.credential
        has_notice = bool(self.declared.topic)
        mark = Mark(stage, self.now, has_notice, self.run_id)
        planned = f"{stage.value}=<time> notice={'sns' if has_notice else 'none'} run=<run>"
        former = item.tag_value
        undo = (
            Undo(UNTAG, _build_untagging(credential))
            if former is None
            else Undo(TAG, _build_tagging(credential, former))
        )
        return self._make_change(
            credential,
            TAG,
            _build_tagging(credential, str(mark)),
            before={"stage": describe_stage(former)},
            after={"stage": stage.value},
            kind=kind,
            undo=undo,
            planned=_build_tagging(credential, planned),
        )

    def _untag(self, item: Item, kind: str) -> Change:
        credential = item.credential
        return self._make_change(
            credential,
            UNTAG,
            _build_untagging(credential),
            before={"stage": describe_stage(item.tag_value)},
            after={"stage": None},
            kind=kind,
            undo=Undo(TAG, _build_tagging(credential, item.tag_value or "")),
        )

    def _deactivate(self, credential: Credential, population: int, remedies: tuple[str, ...]) -> Change:
        operations = OPERATIONS_OF[credential.kind]
        parameters = build_identifiers(credential)
        return self._make_change(
            credential,
            str(operations.update),
            {**parameters, "Status": INACTIVE},
            before=describe_credential(credential),
            after=describe_credential(dataclasses.replace(credential, status=INACTIVE)),
            kind="deactivate",
            impact=Impact.NARROWING,
            population=population,
            remedies=remedies,
            undo=Undo(str(operations.update), {**parameters, "Status": ACTIVE}),
        )

    def _delete(self, credential: Credential, population: int, remedies: tuple[str, ...]) -> Change:
        operations = OPERATIONS_OF[credential.kind]
        return self._make_change(
            credential,
            operations.delete,
            build_identifiers(credential),
            before=describe_credential(credential),
            after=None,
            kind="delete",
            impact=Impact.DESTRUCTIVE,
            population=population,
            remedies=remedies,
        )

    def _make_change(
        self,
        credential: Credential,
        operation: str,
        parameters: Mapping[str, t.Any],
        *,
        before: Mapping[str, t.Any],
        after: t.Optional[Mapping[str, t.Any]],
        kind: str,
        impact: Impact = Impact.ADDITIVE,
        population: int = 0,
        remedies: tuple[str, ...] = (),
        undo: t.Optional[Undo] = None,
        planned: t.Optional[Mapping[str, t.Any]] = None,
    ) -> Change:
        names = {"kind": credential.kind.value, "id": credential.id}
        return Change(
            account_id=self.account_id,
            region=_GLOBAL,
            service="iam",
            operation=operation,
            target=credential.user_arn,
            parameters=parameters,
            before={**names, **before},
            after=None if after is None else {**names, **after},
            kind=f"{credential.kind.value}_{kind}",
            impact=impact,
            population=population,
            remedies=remedies,
            undo=undo,
            planned=planned,
        )


def is_same_step(one: Change, other: Change) -> bool:
    """Whether two changes of one plan are writes of one step, which come together or stay away together."""
    return one.target == other.target and _identify_credential(one) == _identify_credential(other)


def _identify_credential(change: Change) -> tuple[str, str]:
    content = change.before or change.after
    return content["kind"], content["id"]


def describe_stage(tag_value: t.Optional[str]) -> t.Optional[str]:
    """Describe a stage without its time, so that a plan of this morning is still the plan of this afternoon."""
    if tag_value is None:
        return None
    mark = parse_mark(tag_value)
    return mark.stage.value if mark else "unknown"


def describe_credential(credential: Credential) -> dict[str, t.Any]:
    """Describe a credential with its last use, so that one that is used after the plan is left alone."""
    used = format_utc(credential.last_used) if credential.last_used else None
    return {"status": credential.status, "last_used": used}


def build_identifiers(credential: Credential) -> dict[str, t.Any]:
    """Build the parameters by which requests name a credential."""
    operations = OPERATIONS_OF[credential.kind]
    return {"UserName": credential.user, operations.identifier: credential.id}


def _build_tagging(credential: Credential, value: str) -> dict[str, t.Any]:
    return {"UserName": credential.user, "Tags": [{"Key": credential.tag, "Value": value}]}


def _build_untagging(credential: Credential) -> dict[str, t.Any]:
    return {"UserName": credential.user, "TagKeys": [credential.tag]}


def build_command_back(credential: Credential) -> str:
    """Build the command that activates a deactivated credential again, for its owner."""
    option = {
        Kind.ACCESS_KEY: ("update-access-key", "--access-key-id"),
        Kind.SERVICE_CREDENTIAL: ("update-service-specific-credential", "--service-specific-credential-id"),
        Kind.SSH_KEY: ("update-ssh-public-key", "--ssh-public-key-id"),
        Kind.CERTIFICATE: ("update-signing-certificate", "--certificate-id"),
    }
    command, identifier = option[credential.kind]
    user = shlex.quote(credential.user)
    return f"aws iam {command} --user-name {user} {identifier} {credential.id} --status Active"


def write_notice(item: Item, declared: Declared, now: t.Optional[datetime]) -> str:
    """Write the notice for the owner: which credential, why, what happens when, and how to keep it.

    Without ``now`` it is the text that a plan shows, with placeholders where the text that is sent has moments.
    """
    credential = item.credential
    name = "" if credential.kind is Kind.PASSWORD else f" {mask_key_ids(credential.id)}"
    used = f"last used on {credential.last_used:%Y-%m-%d}" if credential.last_used else "never used, according to AWS"
    lines = [
        f"The {credential.label}{name} of the IAM user {credential.user_arn} was made on {credential.created:%Y-%m-%d}",
        f"and {used}: {'<number>' if now is None else count_idle_days(credential, now)} days without use.",
        "",
    ]
    if not credential.is_active:
        lines.append(
            f"It is inactive, and may be deleted from {_format_due(now, declared.delete_grace)} on. That is final."
        )
    elif credential.kind is Kind.PASSWORD:
        lines.append(f"It may be removed from {_format_due(now, declared.deactivate_grace)} on. That is final.")
    else:
        due = _format_due(now, declared.deactivate_grace)
        lines.append(f"It may be deactivated from {due} on. A deactivation can be undone at any time.")
    lines += ["", "If you still need it, use it before then, or ask the security team for a waiver."]
    return "\n".join(lines)


def _format_due(now: t.Optional[datetime], days: int) -> str:
    return f"<{days} days later>" if now is None else f"{now + timedelta(days=days):%Y-%m-%d}"
