# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The live reads of a rotation: users with their keys, secrets without their values, and the targets of changes."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Mapping
from datetime import datetime

from ..._aws.access import Access
from ..._aws.errors import AwsError, NotFound
from ..._aws.operations import Operations
from ..._converge.change import Change
from ..._converge.user_keys import describe_key
from ..._module.user_keys import OPERATIONS as KEY_READS
from ..._module.user_keys import read_keys, read_user
from .changes import CREATE_KEY, CREATE_SECRET, MOVE_LABEL, SECRETS, describe_creation, describe_secret
from .model import CURRENT, OWNER_TAG, Secret

DESCRIBE: t.Final = "DescribeSecret"
OPERATIONS: t.Final = Operations(
    reads=frozenset({f"{SECRETS}:{DESCRIBE}"}),
).union(KEY_READS)


def read_secret(access: Access, secret_id: str, region: str) -> t.Optional[Secret]:
    """A secret by its name or ARN, without its value; None if there is none.

    :raises AwsError: it can't be read, or the answer is about another secret: a value must never go there.
    """
    try:
        answer = access.call(SECRETS, DESCRIBE, {"SecretId": secret_id}, region=region)
    except NotFound:
        return None
    asked = secret_id if secret_id.startswith("arn:") else _name_arn(access, secret_id, region)
    # AWS adds a hyphen and six characters, which an ARN that is asked for may lack.
    # https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
    if str(answer["ARN"]) != asked and str(answer["ARN"])[:-7] != asked:
        raise AwsError(
            f"AWS answered for {answer['ARN']}, and not for {secret_id}", service=SECRETS, operation=DESCRIBE
        )
    tags = {str(tag.get("Key")): str(tag.get("Value")) for tag in answer.get("Tags") or ()}
    versions: Mapping[str, t.Sequence[str]] = answer.get("VersionIdsToStages") or {}
    return Secret(
        arn=str(answer["ARN"]),
        name=str(answer["Name"]),
        labels={label: version for version, labels in versions.items() for label in labels},
        owner=tags.get(OWNER_TAG, ""),
        problem=_find_problem(answer, region),
        is_deleted=bool(answer.get("DeletedDate")),
    )


def _name_arn(access: Access, name: str, region: str) -> str:
    return f"arn:{access.partition}:secretsmanager:{region}:{access.caller.account_id}:secret:{name}"


def _find_problem(answer: Mapping[str, t.Any], region: str) -> str:
    """Find why no version may be put into a secret; empty if one may.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
    """
    if answer.get("DeletedDate"):
        return "it is scheduled for deletion; restore it first"
    if answer.get("OwningService"):
        return f"the service {answer['OwningService']} manages it"
    if answer.get("RotationEnabled"):
        return "Secrets Manager rotates it by a function of its own; cancel that first"
    primary = answer.get("PrimaryRegion")
    if primary and primary != region:
        return f"it is a replica of the secret in {primary}; set secret_region to that region"
    return ""


def reread(access: Access, _now: datetime) -> Callable[[Change], t.Any]:
    """How to read what a change of this module left, in the shape of its ``before`` and ``after``."""
    return functools.partial(read_state, access)


def read_state(access: Access, change: Change) -> t.Any:
    """Read the target of a change live; None where it is gone. It needs no more of the change than the journal has.

    :raises AwsError: it can't be read.
    """
    shown: Mapping[str, t.Any] = change.after or change.before
    if change.operation == CREATE_KEY:
        secret = read_secret(access, str(shown["secret"]), str(shown["secret_region"]))
        user = read_user(access, change.target.rpartition("/")[2])
        return describe_creation(shown, user, secret, change.account_id)
    if change.operation == CREATE_SECRET:
        found = read_secret(access, str(shown["secret"]), change.region)
        return None if found is None or found.is_deleted else describe_secret(_name_owner(change, found), found.name)
    if change.operation == MOVE_LABEL:
        moved = read_secret(access, change.target, change.region)
        if moved is None:
            raise AwsError(f"the secret {change.target} is gone", service=SECRETS, operation=DESCRIBE)
        return {"user": shown["user"], "label": CURRENT, "version": moved.current}
    keys = read_keys(access, change.target.rpartition("/")[2])
    return next((describe_key(key) for key in keys if key.id == shown["id"]), None)


def _name_owner(change: Change, secret: Secret) -> str:
    """Name the user of a secret by its tag, as the ARN that the change shows if that is the same user."""
    arn = str((change.after or change.before)["user"])
    return arn if arn.rpartition("/")[2].lower() == secret.owner.lower() else secret.owner
