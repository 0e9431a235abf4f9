# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a snapshot says about questions of the sweep, and the objects in it that AWS dates."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from ..._account.model import Dataset, Group, PolicyDocument, Role, Snapshot, User
from ..._controls.control import unread_reason
from ..._policy.hunt.persistence.model import Question
from ..._policy.hunt.persistence.state import MadeObject, State
from ..._policy.hunt.persistence.statements import holds_statements

Key = tuple[str, ...]
Entity = t.Union[User, Group, Role]

#: The datasets that the answers come from.
DATASETS: t.Final = frozenset(
    {
        Dataset.AUTHORIZATION_DETAILS,
        Dataset.CREDENTIAL_REPORT,
        Dataset.OIDC_PROVIDERS,
        Dataset.SAML_PROVIDERS,
        Dataset.SERVICE_SPECIFIC_CREDENTIALS,
        Dataset.VIRTUAL_MFA_DEVICES,
    }
)
_OTHER_CONTENT: t.Final = "a part of what it allowed is still allowed: compare the documents"


def answer_from_snapshot(snapshot: Snapshot, questions: Iterable[Question]) -> State:
    """Answer the questions that a snapshot can answer, and list the objects that AWS dates."""
    reader = _SnapshotReader(snapshot)
    answers: dict[Question, bool] = {}
    reasons: dict[Question, str] = {}
    for question in questions:
        found = _ANSWERS.get(question.kind)
        if found is None or question.account_id != snapshot.account_id:
            continue
        dataset, answer = found
        missing = snapshot.missing(dataset)
        if missing is not None:
            reasons[question] = unread_reason(missing)
            continue
        judged = answer(reader, question.key)
        if judged is None:
            reasons[question] = _OTHER_CONTENT
        else:
            answers[question] = judged
    return State(answers, reasons, tuple(_list_made(snapshot)), {snapshot.account_id: snapshot.observed_at})


class _SnapshotReader:
    """A snapshot, with its objects by name."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot: t.Final = snapshot
        self.users: t.Final = {user.name: user for user in snapshot.users}
        self.groups: t.Final = {group.name: group for group in snapshot.groups}
        self.roles: t.Final = {role.name: role for role in snapshot.roles}
        self.policies: t.Final = {policy.arn for policy in snapshot.policies}

    def find(self, kind: str, name: str) -> t.Optional[Entity]:
        """Find a user, a group or a role."""
        entities: Mapping[str, Mapping[str, Entity]] = {
            "user": self.users,
            "group": self.groups,
            "role": self.roles,
        }
        return entities[kind].get(name)


Answer = t.Optional[bool]


def _is_entity(kind: str) -> Callable[[_SnapshotReader, Key], Answer]:
    """Whether a user, a group or a role is there, and is not a later one of the same name."""

    def answer(reader: _SnapshotReader, key: Key) -> Answer:
        entity = reader.find(kind, key[0])
        wanted = key[1] if len(key) > 1 else ""
        found = getattr(entity, "unique_id", "") if entity else ""
        return entity is not None and (not wanted or not found or wanted == found)

    return answer


def _is_attached(reader: _SnapshotReader, key: Key) -> Answer:
    entity = reader.find(key[0], key[1])
    return entity is not None and key[2] in entity.attached_policies


def _is_detached(reader: _SnapshotReader, key: Key) -> Answer:
    entity = reader.find(key[0], key[1])
    return entity is not None and key[2] not in entity.attached_policies


def _find_inline(reader: _SnapshotReader, key: Key) -> t.Optional[PolicyDocument]:
    entity = reader.find(key[0], key[1])
    inline = entity.inline_policies if entity else ()
    return next((policy for policy in inline if policy.name == key[2]), None)


def _has_inline(reader: _SnapshotReader, key: Key) -> Answer:
    """Whether an inline policy is there. One of the same name that allows something else is another policy."""
    found = _find_inline(reader, key)
    if found is None or not key[3]:
        return found is not None
    return holds_statements(found.document, key[3])


def _lacks_inline(reader: _SnapshotReader, key: Key) -> Answer:
    return reader.find(key[0], key[1]) is not None and _find_inline(reader, key) is None


def _is_member(reader: _SnapshotReader, key: Key) -> Answer:
    user = reader.users.get(key[0])
    return user is not None and key[1] in user.groups


def _lacks_boundary(reader: _SnapshotReader, key: Key) -> Answer:
    entity = reader.find(key[0], key[1])
    return entity is not None and getattr(entity, "boundary", None) is None


def _holds_trust(reader: _SnapshotReader, key: Key) -> Answer:
    role = reader.roles.get(key[0])
    return holds_statements(role.trust.document, key[1]) if role else False


def _has_profile(reader: _SnapshotReader, key: Key) -> Answer:
    role = reader.roles.get(key[1])
    return role is not None and any(arn.rpartition("/")[2] == key[0] for arn in role.instance_profiles)


_DETAILS: t.Final = Dataset.AUTHORIZATION_DETAILS
_ANSWERS: t.Final[Mapping[str, tuple[Dataset, Callable[[_SnapshotReader, Key], Answer]]]] = {
    "iam.user": (_DETAILS, _is_entity("user")),
    "iam.group": (_DETAILS, _is_entity("group")),
    "iam.role": (_DETAILS, _is_entity("role")),
    "iam.policy": (_DETAILS, lambda reader, key: key[0] in reader.policies),
    "iam.attached": (_DETAILS, _is_attached),
    "iam.detached": (_DETAILS, _is_detached),
    "iam.inline": (_DETAILS, _has_inline),
    "iam.no_inline": (_DETAILS, _lacks_inline),
    "iam.membership": (_DETAILS, _is_member),
    "iam.no_boundary": (_DETAILS, _lacks_boundary),
    "iam.trust": (_DETAILS, _holds_trust),
    "iam.profile_role": (_DETAILS, _has_profile),
    "iam.oidc_provider": (
        Dataset.OIDC_PROVIDERS,
        lambda reader, key: key[0] in reader.snapshot.oidc_provider_arns,
    ),
    "iam.saml_provider": (
        Dataset.SAML_PROVIDERS,
        lambda reader, key: key[0] in reader.snapshot.saml_provider_arns,
    ),
    "iam.virtual_mfa_device": (
        Dataset.VIRTUAL_MFA_DEVICES,
        lambda reader, key: key[0] in {device.serial_number for device in reader.snapshot.virtual_mfa_devices},
    ),
}
#: The kinds of questions that a snapshot answers.
KINDS: t.Final = frozenset(_ANSWERS)


# Objects that AWS dates


def _list_made(snapshot: Snapshot) -> Iterator[MadeObject]:
    for kind, target, created, what, key, is_exact in (
        *_list_entities(snapshot),
        *_list_policies(snapshot),
        *_list_credentials(snapshot),
    ):
        if created is not None:
            question = Question(f"iam.{kind}", snapshot.account_id, "", key)
            yield MadeObject(question, target, created, what, is_exact)


_Made = tuple[str, str, t.Optional[datetime], str, Key, bool]


def _list_entities(snapshot: Snapshot) -> Iterator[_Made]:
    for user in snapshot.users:
        yield "user", user.arn, user.created, "a user", (user.name, user.unique_id), True
    for group in snapshot.groups:
        yield "group", group.arn, group.created, "a group", (group.name,), True
    for role in snapshot.roles:
        # AWS makes its own roles, when somebody begins to use a service.
        if not role.is_aws_reserved:
            yield "role", role.arn, role.created, "a role", (role.name, role.unique_id), True


def _list_policies(snapshot: Snapshot) -> Iterator[_Made]:
    for policy in snapshot.policies:
        if policy.is_aws_managed:
            continue
        yield "policy", policy.arn, policy.created, "a policy", (policy.arn,), True
        if policy.updated != policy.created:
            yield "policy_version", policy.arn, policy.updated, "a change of a policy", (policy.arn,), False


def _list_credentials(snapshot: Snapshot) -> Iterator[_Made]:
    """List credentials. The report has no ids of keys, and dates a key by its last activation as well."""
    report = snapshot.credential_report
    for row in report.users if report else ():
        for key in row.active_keys:
            what = f"an active access key (the {'first' if key.slot == 1 else 'second'} of the user)"
            yield "access_key", row.arn, key.last_rotated, what, (row.user,), False
        if row.password_enabled:
            yield "login_profile", row.arn, row.password_last_changed, "a password", (row.user,), False
    for device in snapshot.virtual_mfa_devices:
        serial = device.serial_number
        yield "virtual_mfa_device", serial, device.enabled, "an MFA device", (serial,), False
    for one in snapshot.service_specific_credentials:
        what = f"a credential for {one.service}"
        yield "service_credential", one.credential_id, one.created, what, (one.user, one.credential_id), True
