# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Setting tags, of oneself or of a target, so that conditions on them are met."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Iterator, Mapping

from .attempts import Edge, label
from .methods_schema import Method
from .questions import RESOURCE_TAGS, Actor, Doubts, Permission, Questions

# The key in a request to tag that lists the keys of the tags. A tag's value is the attacker's choice, unless
# aws:RequestTag is asked for.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html#access_tags_control-tag-keys
_TAG_KEYS: t.Final = "aws:tagkeys"


class TagSteps:
    """The steps that set tags which some policy of the account asks for."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    def tag_self(self, method: Method, actor: Actor) -> Iterator[tuple[Edge, Actor]]:
        """Set tags of the actor itself, with the actor after it: one step for all tags with the same doubts."""
        found: dict[tuple[Doubts, str], set[str]] = {}
        for name, key in self._questions.principal_tags.items():
            answer = self._may(method, actor, actor.arn, name)
            if answer is not None and key not in actor.free_tags:
                found.setdefault((answer.doubts, label(answer.policy or "", actor.arn)), set()).add(key)
        for (doubts, policy), keys in _surest_first(found):
            changed = dataclasses.replace(actor, free_tags=actor.free_tags | keys)
            yield Edge(method, actor.arn, doubts, (policy,)), changed

    def tag_others(self, method: Method, actor: Actor, targets: Iterable[str]) -> Iterator[tuple[Edge, Actor]]:
        """Set a tag of users or roles, with the actor after it."""
        arns = sorted(targets)
        for name in self._questions.resource_tags if not actor.retagged else ():
            keys = frozenset(f"{prefix}{name}".lower() for prefix in RESOURCE_TAGS)
            found: dict[tuple[Doubts, str], set[str]] = {}
            for arn in arns:
                answer = self._may(method, actor, arn, name)
                if answer is not None:
                    found.setdefault((answer.doubts, label(answer.policy or "", arn)), set()).add(arn)
            for (doubts, policy), tagged in _surest_first(found):
                changed = dataclasses.replace(actor, retagged=frozenset(tagged), target_tags=keys)
                yield Edge(method, actor.arn, doubts, (policy,)), changed

    def _may(self, method: Method, actor: Actor, arn: str, name: str) -> t.Optional[Permission]:
        return self._questions.may(actor, method.actions[0], arn, ((_TAG_KEYS, (name,)),))


def _surest_first(found: Mapping[tuple[Doubts, str], set[str]]) -> list[tuple[tuple[Doubts, str], set[str]]]:
    """The steps with the fewest doubts come first."""
    return sorted(found.items(), key=lambda row: (len(row[0][0]), sorted(row[1])))
