# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""How to reach an account: the connection options that every module takes, checked before anything is called."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Mapping

from .errors import InvalidRequest
from .tape import Tape

# doc_fragments/_access.py; the options for the connection itself come from amazon.aws.
ASSUME_ROLE_ARGUMENTS: t.Final[dict[str, dict[str, t.Any]]] = {
    "assume_role_arn": {"type": "str"},
    "assume_role_arns": {"type": "raw"},
    "assessor_role_arn": {"type": "str"},
    # AWS does not treat it as a secret, but a caller who knows it is half-way into the role.
    "assume_role_external_id": {"type": "str", "no_log": True},
    "assume_role_session_name": {"type": "str"},
    "assume_role_source_identity": {"type": "str"},
    "assume_role_duration": {"type": "int", "default": 3600},
}

# doc_fragments/_access.py, REGIONS
REGIONS_ARGUMENTS: t.Final[dict[str, dict[str, t.Any]]] = {"regions": {"type": "list", "elements": "str"}}

_ROLE_ARN: t.Final = re.compile(r"arn:(aws[a-z-]*):iam::\d{12}:role/[\w+=,.@/-]{1,576}", re.ASCII)
_NAME: t.Final = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EXTERNAL_ID: t.Final = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_URL: t.Final = re.compile(r"https?://[^\s/]+(/\S*)?")
_ROLE_WORDS: t.Final = "the ARN of a role, such as arn:<partition>:iam::<account>:role/<path>/<name>"
# The pattern of each option, and its words: the limits of AssumeRole,
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_FORMATS: t.Final[dict[str, tuple[re.Pattern[str], str]]] = {
    "assume_role_arn": (_ROLE_ARN, _ROLE_WORDS),
    "assessor_role_arn": (_ROLE_ARN, _ROLE_WORDS),
    "assume_role_session_name": (_NAME, "2 to 64 letters, digits and _+=,.@-"),
    "assume_role_source_identity": (_NAME, "2 to 64 letters, digits and _+=,.@-"),
    "endpoint_url": (_URL, "an HTTP(S) URL"),
    "assume_role_external_id": (_EXTERNAL_ID, "2 to 1224 letters, digits and _+=,.@:/-"),
}
_SHORTEST, _LONGEST = 900, 43200
_MASK: t.Final = "********"


@dataclasses.dataclass(frozen=True)
class AccessOptions:
    """Credentials, endpoint and roles. Secrets are left out of its representation.

    :raises InvalidRequest: an option is malformed; the message names it, its value (if no secret) and what is allowed.
    """

    region: t.Optional[str] = None
    profile: t.Optional[str] = None
    endpoint_url: t.Optional[str] = None
    access_key: t.Optional[str] = None
    secret_key: t.Optional[str] = dataclasses.field(default=None, repr=False)
    session_token: t.Optional[str] = dataclasses.field(default=None, repr=False)
    validate_certs: bool = True
    aws_ca_bundle: t.Optional[str] = None
    # May hold the password of a proxy.
    aws_config: t.Optional[Mapping[str, t.Any]] = dataclasses.field(default=None, repr=False)
    assume_role_arn: t.Optional[str] = None
    assessor_role_arn: t.Optional[str] = None
    assume_role_external_id: t.Optional[str] = dataclasses.field(default=None, repr=False)
    assume_role_session_name: t.Optional[str] = None
    assume_role_source_identity: t.Optional[str] = None
    assume_role_duration: int = 3600
    # Not an option of modules: where the answers of AWS are recorded to, or played from. All that is made of these
    # options, in other roles too, shares it.
    tape: t.Optional[Tape] = dataclasses.field(default=None, repr=False, compare=False)
    # Not an option of modules either: a word in the user agent of each call, by which CloudTrail's events show the job.
    mark: str = dataclasses.field(default="", compare=False)

    def __post_init__(self) -> None:
        for name, (pattern, allowed) in _FORMATS.items():
            value = getattr(self, name)
            if value is not None and not pattern.fullmatch(value):
                shown = "its value" if name == "assume_role_external_id" else repr(value)
                raise InvalidRequest(f"{name}: {shown} is not {allowed}")
        if not _SHORTEST <= self.assume_role_duration <= _LONGEST:
            raise InvalidRequest(
                f"assume_role_duration: {self.assume_role_duration} is not between {_SHORTEST} and {_LONGEST} seconds"
            )
        if self.profile and (self.access_key or self.secret_key or self.session_token):
            raise InvalidRequest("profile: can't be combined with access_key, secret_key or session_token")
        if bool(self.access_key) != bool(self.secret_key):
            raise InvalidRequest("access_key and secret_key: give both, or neither")

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any]) -> t.Self:
        """The access options among a module's validated options. An empty string counts as not given."""
        names = {field.name for field in dataclasses.fields(cls)} - {"tape", "mark"}
        given = {name: value for name, value in options.items() if name in names and value not in (None, "")}
        return cls(**given)

    @property
    def verify(self) -> t.Union[bool, str, None]:
        """The value for botocore's ``verify``: False, or the CA bundle, or None for its own configuration."""
        return (self.aws_ca_bundle or None) if self.validate_certs else False

    def mask_secrets(self, text: str) -> str:
        """Mask the secrets of these options in ``text``: AWS quotes what it refuses."""
        for secret in (self.secret_key, self.session_token, self.assume_role_external_id):
            if secret:
                text = text.replace(secret, _MASK)
        return text
