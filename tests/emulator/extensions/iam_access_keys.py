# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access keys: their last use of this account only, and their changes of status, which the credential report tells."""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.exceptions import IAMException, LimitExceededException, NotFoundException
from moto.iam.responses import IamResponse

from emulator.extensions.registration import iam_operations
from emulator.extensions.state import clock, state_of

_STATUSES = ("Active", "Inactive")
_TAGS_OF_A_USER = 50


class ValidationError(IAMException):
    """A parameter has a value that the API does not know."""

    code = "ValidationError"


def update_access_key(response: IamResponse) -> ActionResult:
    """UpdateAccessKey. A status that the key has already is no change."""
    key_id, status = response._get_param("AccessKeyId"), response._get_param("Status")
    if status not in _STATUSES:
        raise ValidationError(
            f"1 validation error detected: Value '{status}' at 'status' failed to satisfy constraint: "
            "Member must satisfy enum value set: [Active, Inactive]"
        )
    user_name = response._get_param("UserName") or response.backend.get_access_key_last_used(key_id)["user_name"]
    key = response.backend.get_user(user_name).get_access_key_by_id(key_id)
    if key.status != status:
        key.status = status
        state_of(response.backend).key_changes[key_id] = clock()
    return EmptyResult()


def get_access_key_last_used(response: IamResponse) -> ActionResult:
    """GetAccessKeyLastUsed. A key without a use on record has no date, and ``N/A`` for where and for what."""
    key_id = response._get_param("AccessKeyId")
    key = response.backend.access_keys.get(key_id)
    if key is None or key.user_name is None:
        raise NotFoundException(f"The Access Key with id {key_id} cannot be found")
    used: dict[str, object] = {"Region": "N/A", "ServiceName": "N/A"}
    if key.last_used is not None:
        used = {
            "LastUsedDate": key.last_used.timestamp,
            "Region": key.last_used.region,
            "ServiceName": key.last_used.service,
        }
    return ActionResult({"UserName": key.user_name, "AccessKeyLastUsed": used})


def tag_user(response: IamResponse) -> ActionResult:
    """TagUser: a user has 50 tags at most."""
    backend = response.backend
    user, tags = backend.get_user(response._get_param("UserName")), response._get_param("Tags", [])
    present = {tag["Key"] for tag in backend.tagger.list_tags_for_resource(user.arn)["Tags"]}
    if len(present | {tag["Key"] for tag in tags}) > _TAGS_OF_A_USER:
        raise LimitExceededException(f"The number of tags has reached the maximum limit of {_TAGS_OF_A_USER}.")
    backend.tag_user(user.name, tags)
    return EmptyResult()


def install() -> None:
    """Replace the operations."""
    iam_operations(update_access_key, get_access_key_last_used, tag_user)
