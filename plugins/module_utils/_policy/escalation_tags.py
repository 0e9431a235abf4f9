# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Setting tags, of oneself or of a target, so that conditions on them are met."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Iterator

from .escalation_attempts import Edge, label
from .escalation_methods_schema import Method
from .escalation_questions import CERTAIN, RESOURCE_TAGS, Actor, Doubts, Questions

# The key in a request to tag that lists the keys of the tags. A tag's value is the attacker's choice, unless
# aws:RequestTag is asked for.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html#access_tags_control-tag-keys
_TAG_KEYS: t.Final = "aws:tagkeys"


class Tagging:
    """The steps that set tags which some policy of the account asks for."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    def own(self, method: Method, actor: Actor) -> Iterator[tuple[Edge, Actor]]:
        """Setting tags of oneself, and who the actor then is."""
        found: dict[Doubts, set[str]] = {}
        policies: dict[Doubts, str] = {}
        for name, key in self._questions.principal_tags.items():
            answer = self._questions.may(actor, method.actions[0], actor.arn, ((_TAG_KEYS, (name,)),))
            if answer is not None and key not in actor.free_tags:
                found.setdefault(answer.doubts, set()).add(key)
                policies.setdefault(answer.doubts, label(answer.policy or "", actor.arn))
        for doubts, keys in _surest_first(found):
            changed = dataclasses.replace(actor, free_tags=actor.free_tags | keys)
            yield Edge(method, actor.arn, doubts, (policies[doubts],)), changed

    def others(self, method: Method, actor: Actor, targets: Iterable[str]) -> Iterator[tuple[Edge, Actor]]:
        """Setting tags of users or roles: what the actor may then do to these."""
        found: dict[tuple[Doubts, str], set[str]] = {}
        policies: dict[tuple[Doubts, str], str] = {}
        arns = sorted(targets)
        for name in self._questions.resource_tags if not actor.retagged else ():
            for arn in arns:
                answer = self._questions.may(actor, method.actions[0], arn, ((_TAG_KEYS, (name,)),))
                if answer is not None:
                    found.setdefault((answer.doubts, name), set()).add(arn)
                    policies.setdefault((answer.doubts, name), label(answer.policy or "", arn))
        for (doubts, name), tagged in _surest_first(found):
            keys = frozenset(f"{prefix}{name}".lower() for prefix in RESOURCE_TAGS)
            changed = dataclasses.replace(actor, retagged=frozenset(tagged), target_tags=keys)
            yield Edge(method, actor.arn, doubts, (policies[doubts, name],)), changed


K = t.TypeVar("K", Doubts, tuple[Doubts, str])


def _surest_first(found: dict[K, set[str]]) -> list[tuple[K, set[str]]]:
    return sorted(found.items(), key=lambda row: (len(_doubts(row[0])), sorted(row[1])))


def _doubts(key: t.Union[Doubts, tuple[Doubts, str]]) -> Doubts:
    return key[0] if isinstance(key, tuple) else key or CERTAIN
