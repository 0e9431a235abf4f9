# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The writes of a rotation, each as one change, and the states that they lead from and to.

CreateAccessKey is one change with what comes after it in the same call: its secret is stored, or the key is deleted.
No request, no before and no after of any change has a secret in it.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from ..._converge.change import GLOBAL, Change, Impact, Undo
from ..._converge.user_keys import DELETE_KEY, KeyRetirer
from .declared import Target
from .model import ACTIVE, CURRENT, OWNER_TAG, Key, Secret, User, make_version_id

CREATE_KEY: t.Final = "CreateAccessKey"
CREATE_SECRET: t.Final = "CreateSecret"
DELETE_SECRET: t.Final = "DeleteSecret"
MOVE_LABEL: t.Final = "UpdateSecretVersionStage"
STORE: t.Final = "PutSecretValue"
SECRETS: t.Final = "secretsmanager"
#: A deleted secret can be restored for so many days.
RECOVERY_DAYS: t.Final = 30

State = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class RotationWriter:
    """Makes the changes of one run in one account. ``region`` is that of a secret whose target names none."""

    account_id: str
    partition: str
    region: str
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def region_of(self, target: Target) -> str:
        """The region of a target's secret."""
        return target.region or self.region

    def create_secret(self, user: User, target: Target) -> Change:
        """Make the secret before there is a key: then it is known that it can be made. It has no version yet."""
        tags = {**self.tags, OWNER_TAG: user.name}
        parameters: State = {
            "Name": target.secret,
            "Description": f"Access key of the IAM user {user.name}, rotated by hardening.iam",
            "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
        }
        if target.kms_key_id:
            parameters["KmsKeyId"] = target.kms_key_id
        region = self.region_of(target)
        return Change(
            account_id=self.account_id,
            region=region,
            service=SECRETS,
            operation=CREATE_SECRET,
            target=f"arn:{self.partition}:{SECRETS}:{region}:{self.account_id}:secret:{target.secret}",
            parameters=parameters,
            before=None,
            after=describe_secret(user.arn, target.secret),
            kind="access_key_secret_create",
            impact=Impact.ADDITIVE,
            undo=undo_create_secret(target.secret),
        )

    def create_key(self, user: User, old: Key, target: Target, secret: t.Optional[Secret]) -> Change:
        """Make the new key and put it into the secret. Consumers read it at once where they have nothing else.

        That is so where the old key is inactive, and where the secret has no version: Secrets Manager gives the
        first one the label AWSCURRENT.
        """
        shown = {"key": old.id, "status": old.status, "secret": target.secret, "secret_region": self.region_of(target)}
        is_current = not old.is_active or secret is None or not secret.labels
        new = {"status": ACTIVE, "stored": True, "current": is_current}
        return Change(
            account_id=self.account_id,
            region=GLOBAL,
            service="iam",
            operation=CREATE_KEY,
            target=user.arn,
            parameters={"UserName": user.name},
            before={**shown, "new_key": None},
            after={**shown, "new_key": new},
            kind="access_key_create",
            impact=Impact.ADDITIVE,
            undo=undo_create_key(user.name),
        )

    def move_label(self, user: User, secret: Secret, target: Target, *, version: str) -> Change:
        """Let consumers read the version that holds the new key."""
        shown = {"user": user.arn, "label": CURRENT}
        before, after = {**shown, "version": secret.current}, {**shown, "version": version}
        return Change(
            account_id=self.account_id,
            region=self.region_of(target),
            service=SECRETS,
            operation=MOVE_LABEL,
            target=secret.arn,
            parameters=build_move(secret.arn, secret.current, version),
            before=before,
            after=after,
            kind="access_key_distribute",
            impact=Impact.ADDITIVE,
            undo=Undo(MOVE_LABEL, build_move(secret.arn, version, secret.current)) if secret.current else None,
        )

    def deactivate(self, user: User, key: Key) -> Change:
        """Deactivate the old key."""
        return KeyRetirer(self.account_id).deactivate(user, key)

    def delete(self, user: User, key: Key, *, is_discarded: bool = False) -> Change:
        """Delete a key: the old one, or a new one whose secret nobody has."""
        return KeyRetirer(self.account_id).delete(user, key, kind="discard" if is_discarded else "delete")


def build_move(secret_arn: str, source: str, destination: str) -> State:
    """Build the request that moves the label. AWS refuses it if another version has the label meanwhile."""
    parameters = {"SecretId": secret_arn, "VersionStage": CURRENT, "MoveToVersionId": destination}
    return {**parameters, "RemoveFromVersionId": source} if source else parameters


def undo_create_secret(name: str) -> Undo:
    """The request that deletes a new secret, which can be restored for a month."""
    return Undo(DELETE_SECRET, {"SecretId": name, "RecoveryWindowInDays": RECOVERY_DAYS})


def undo_create_key(user: str) -> Undo:
    """The request that deletes a new key. Its id is only known once it is made: the reversal looks it up."""
    return Undo(DELETE_KEY, {"UserName": user})


def describe_secret(user_arn: str, name: str) -> State:
    """Describe a secret that a run made, without its versions."""
    return {"user": user_arn, "secret": name}


def describe_creation(
    shown: Mapping[str, t.Any], user: t.Optional[User], secret: t.Optional[Secret], account_id: str
) -> State:
    """Describe the keys of a user beside the old one that a change shows. No id of a new key is known before."""
    keys = user.keys if user else ()
    old = next((key for key in keys if key.id == shown["key"]), None)
    others = [key for key in keys if key.id != shown["key"]]
    state = {name: shown[name] for name in ("key", "secret", "secret_region")}
    return {
        **state,
        "status": old.status if old else None,
        "new_key": _describe_new(others, user, secret, account_id) if user and others else None,
    }


def _describe_new(others: t.Sequence[Key], user: User, secret: t.Optional[Secret], account_id: str) -> State:
    if len(others) != 1:
        return {"status": "more than one", "stored": False, "current": False}
    version = make_version_id(account_id, user.unique_id, others[0].id)
    return {
        "status": others[0].status,
        "stored": secret is not None and secret.has(version),
        "current": secret is not None and secret.current == version,
    }
