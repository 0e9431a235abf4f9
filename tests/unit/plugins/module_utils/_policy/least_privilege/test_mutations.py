# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The prover against generated mistakes, and against requests that are drawn without a look at the policies.

The evaluator decides on these requests. It shares no code with the containment of patterns and conditions.
"""

from __future__ import annotations

import collections
import copy
import dataclasses
import itertools
import random
import typing as t
from collections.abc import Iterator

import pytest
from scope import runs_all

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.context import Context
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Evaluator,
    Layers,
    Outcome,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.proof import Proof, prove
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source, Use

from .pairs import ALICE, MISTAKES, NOTHING, Document, Pair, draw_pair, draw_request, find_new_access, read

EMPTY: t.Final = dataclasses.replace(NOTHING, principal_arn=ALICE)
MISTAKEN: t.Final = 1000 if runs_all() else 80
POLICIES: t.Final = 500 if runs_all() else 60
REQUESTS: t.Final = 400


def prove_policies(before: tuple[Policy, ...], after: tuple[Policy, ...], uses: tuple[Use, ...] = ()) -> Proof:
    record = dataclasses.replace(EMPTY, uses=uses)
    return prove(Layers(identity=before), Layers(identity=after), record, removed=())


def draw_mistaken(
    mistake: t.Callable[[random.Random, list[Document]], bool],
) -> Iterator[tuple[int, Pair, tuple[Policy, ...]]]:
    """Pairs whose new policies have the mistake and really give more, which a drawn request shows."""
    for seed in itertools.count():
        rng = random.Random(seed)
        pair = draw_pair(rng, plain=seed % 2 == 0)
        new = copy.deepcopy(pair.new)
        if mistake(rng, new):
            after = read(new, "new")
            if find_new_access(pair.before, after, random.Random(~seed), requests=REQUESTS):
                yield seed, pair, after


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: str(mistake.__name__))
def test_every_mistake_is_found(mistake: t.Callable[[random.Random, list[Document]], bool]) -> None:
    found: collections.Counter[str] = collections.Counter()
    for seed, pair, after in itertools.islice(draw_mistaken(mistake), MISTAKEN // len(MISTAKES)):
        proof = prove_policies(pair.before, after)
        assert not proof.is_proved, f"seed {seed}"
        found["beyond" if proof.beyond else "unproven"] += 1
    # Most come with a request that shows them.
    assert found["beyond"] > 4 * found["unproven"]


@pytest.mark.parametrize("plain", [True, False], ids=["patterns", "negations and variables"])
def test_pairs_without_a_mistake_are_proved(plain: bool) -> None:
    open_: list[int] = []
    for seed in range(MISTAKEN // 2):
        pair = draw_pair(random.Random(seed), plain=plain)
        proof = prove_policies(pair.before, pair.after)
        assert proof.beyond == () == proof.lost, f"seed {seed}"
        assert all(entry.why and entry.settled_by for entry in proof.unproven)
        open_ += [seed] * bool(proof.unproven)
    assert len(open_) <= (0 if plain else MISTAKEN // 40), open_


def draw_change(rng: random.Random) -> tuple[tuple[Policy, ...], tuple[Policy, ...]]:
    """Old and new policies: narrower ones, ones with a mistake, and ones that have nothing to do with the old."""
    pair = draw_pair(rng)
    kind = rng.random()
    if kind < 0.2:
        return pair.before, draw_pair(rng).before
    new = copy.deepcopy(pair.new)
    if kind < 0.6:
        rng.choice(MISTAKES)(rng, new)
    return pair.before, read(new, "new")


def draw_uses(rng: random.Random, policies: tuple[Policy, ...]) -> list[tuple[Use, tuple[str, str, Document]]]:
    """Calls that the policies allow, each with the whole request, of which the use knows a part."""
    evaluator = Evaluator(Layers(identity=policies), principal=ALICE)
    found = []
    for _index in range(60):
        action, resource, context = draw_request(rng)
        if evaluator.outcome(action, resource, context) is Outcome.ALLOWED:
            known = {key: value for key, value in context.items() if rng.random() < 0.7}
            use = Use(ALICE, action, Source.TRAIL, resource, Context(known, complete=False), count=1)
            found.append((use, (action, resource, context)))
    return found[:8]


def test_proved_policies_allow_what_was_used_and_nothing_new() -> None:
    proved = collections.Counter[bool]()
    for seed in range(POLICIES):
        rng = random.Random(seed)
        before, after = draw_change(rng)
        calls = draw_uses(rng, before if rng.random() < 0.5 else after)
        calls = [
            call
            for call in calls
            if Evaluator(Layers(identity=before), principal=ALICE).outcome(*call[1]) is Outcome.ALLOWED
        ]
        proof = prove_policies(before, after, tuple(use for use, _request in calls))
        proved[proof.is_proved] += 1
        new = Evaluator(Layers(identity=after), principal=ALICE)
        if not proof.lost:
            assert all(new.outcome(*request) is Outcome.ALLOWED for _use, request in calls), f"seed {seed}"
        if not proof.beyond and not proof.unproven:
            assert find_new_access(before, after, rng, requests=REQUESTS) is None, f"seed {seed}"
    # Neither answer is rare: a prover that refuses everything shows nothing.
    assert min(proved[True], proved[False]) > POLICIES // 10
