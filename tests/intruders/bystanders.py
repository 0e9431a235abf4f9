# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Honest workloads beside an intruder: forty instances of the role that it shares, and a pipeline of GitHub's."""

from __future__ import annotations

import functools
import itertools
import typing as t

from emulator.client import Emulator
from intruders.base import DEPLOY, HOME, SHARED, Credential, Worker
from intruders.tokens import make_token

_PROVIDER: t.Final = "token.actions.githubusercontent.com"
_SUBJECT: t.Final = "repo:acme/shop:environment:prod"


class Bystanders(Worker):
    """Each instance lists the buckets in its turn, and the pipeline opens a session for each of its calls.

    ``lost`` are the calls that failed: whose, and which.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.lost: list[str] = []
        self.calls = 0
        self._instances: list[Credential] = []

    def prepare(self) -> None:
        """Start the instances."""
        opened = Emulator(self.url).sessions(HOME, SHARED.rpartition("/")[2], count=40, sort="instance")
        for one in opened:
            key, secret, token = one["access_key_id"], one["secret_access_key"], one["session_token"]
            self._instances.append(Credential(key, "role", SHARED, secret, token, one["arn"]))

    def jobs(self) -> t.Iterable[tuple[t.Callable[[], object], float]]:
        """One instance after another, and the pipeline."""
        turns = itertools.cycle(self._instances)
        yield functools.partial(self._list_buckets_of_next, turns), 0.2
        yield self._deploy, 1.0

    def _list_buckets_of_next(self, turns: t.Iterator[Credential]) -> None:
        self._list_buckets(next(turns))

    def _deploy(self) -> None:
        """As its workflow does: a token of GitHub, a session for it, and a call."""
        asked = {"RoleArn": DEPLOY, "RoleSessionName": "shop", "WebIdentityToken": make_token(_PROVIDER, _SUBJECT)}
        answer = self.call(None, "sts", "assume_role_with_web_identity", **asked)
        if answer is None:
            self.lost.append(f"pipeline: no session of {DEPLOY}")
            return
        made = answer["Credentials"]
        own = Credential(made["AccessKeyId"], "web", DEPLOY, made["SecretAccessKey"], made["SessionToken"], "shop")
        self._list_buckets(own)

    def _list_buckets(self, credential: Credential) -> None:
        self.calls += 1
        if self.call(credential, "s3", "list_buckets") is None:
            self.lost.append(f"{credential.session}: s3:ListAllMyBuckets")
