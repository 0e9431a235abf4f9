# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Roles that botocore assumes before our own first call: the ``role_arn`` and ``source_profile`` of AWS's files.

GetCallerIdentity names the last of these roles only. The origin of other credentials (a process, an AssumeRole in an
earlier task, the holder of an instance's or a web identity's role) is not known here.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

if t.TYPE_CHECKING:
    from botocore.session import Session

Profile = Mapping[str, t.Any]

_BY_PROFILE: t.Final = "assume-role"


class BaseChain(t.NamedTuple):
    """The ARNs of the roles, from the last to the first, and the profile whose credentials assume the first of them."""

    roles: tuple[str, ...] = ()
    owner: t.Optional[str] = None


def base_chain(session: Session) -> BaseChain:
    """Read from the files the way to the credentials of ``session``; empty if it has them in another way.

    Raises botocore's errors: no such profile, or no credentials.
    """
    credentials = session.get_credentials()
    if credentials is None or credentials.method != _BY_PROFILE:
        return BaseChain()
    profiles: Mapping[str, Profile] = session.full_config.get("profiles", {})
    name: t.Optional[str] = session.get_config_variable("profile") or "default"
    roles: list[str] = []
    visited: set[str] = set()
    while name is not None and name not in visited and _assumes_a_role(profiles.get(name, {}), is_first=not visited):
        visited.add(name)
        profile = profiles[name]
        roles.append(profile["role_arn"])
        name = profile.get("source_profile")
        # A role that a web identity assumes needs no other credentials.
        source = profiles.get(name, {}) if name else {}
        if source.get("web_identity_token_file") and source.get("role_arn"):
            return BaseChain((*roles, source["role_arn"]))
    return BaseChain(tuple(roles), name)


def static_credentials(session: Session, profile: str) -> t.Optional[tuple[str, str, t.Optional[str]]]:
    """The access key, secret and token of a profile; None if it gets its credentials in another way."""
    found: Profile = session.full_config.get("profiles", {}).get(profile, {})
    key, secret = found.get("aws_access_key_id"), found.get("aws_secret_access_key")
    return (key, secret, found.get("aws_session_token")) if key and secret else None


def _assumes_a_role(profile: Profile, *, is_first: bool) -> bool:
    """Whether botocore assumes the role of a profile: as a source, it takes keys of the profile instead."""
    return "role_arn" in profile and (is_first or "aws_access_key_id" not in profile)
