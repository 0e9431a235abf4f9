# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The facts on the way to an account that the modules of one run share, and what their credentials are known by."""

from __future__ import annotations

import json
import os
import typing as t
from collections.abc import Mapping

from .options import AccessOptions

if t.TYPE_CHECKING:
    from botocore.session import Session

# Of the environment and of a profile these are secrets. Their files and key ids are not.
_SECRETS: t.Final = frozenset(
    {
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SECRET_KEY",
        "AWS_SECURITY_TOKEN",
        "AWS_SESSION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_BEARER_TOKEN_BEDROCK",
    }
)
_OF_CREDENTIALS: t.Final = ("profile", "access_key", "endpoint_url", "region", "validate_certs", "aws_ca_bundle")


class Notes(t.Protocol):
    """Facts by name. Those ``of_run`` hold for all accounts that the same credentials reach."""

    def recall(self, name: str, *, of_run: bool = False) -> t.Any:
        """The fact, as JSON has it; None if no module of the run noted it."""

    def note(self, name: str, value: t.Any, *, of_run: bool = False) -> None:
        """Note a fact for the modules that follow."""

    def wrote(self, operation: str) -> None:
        """Note a write, as ``service:Operation``, before it is sent and after; empty for one in another account."""


class NoNotes:
    """For a module that shares nothing."""

    def recall(self, name: str, *, of_run: bool = False) -> t.Any:
        return None

    def note(self, name: str, value: t.Any, *, of_run: bool = False) -> None:
        pass

    def wrote(self, operation: str) -> None:
        pass


class NotesElsewhere(NoNotes):
    """For another account than the one whose notes are ``notes``: its writes are noted there, and nothing else is."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def wrote(self, operation: str) -> None:
        self._notes.wrote("")


def describe_origin(session: Session, options: AccessOptions) -> str:
    """What identifies the credentials of a session before any role of ours, without a secret and without a call.

    Raises botocore's errors: no such profile.
    """
    profile: Mapping[str, t.Any] = session.get_scoped_config()
    described = {
        "options": {name: getattr(options, name) for name in _OF_CREDENTIALS},
        "environment": _without_secrets({name: value for name, value in os.environ.items() if name[:4] == "AWS_"}),
        "profile": _without_secrets(profile),
    }
    return json.dumps(described, sort_keys=True, default=str)


def _without_secrets(settings: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {name: value for name, value in settings.items() if name.upper() not in _SECRETS}
