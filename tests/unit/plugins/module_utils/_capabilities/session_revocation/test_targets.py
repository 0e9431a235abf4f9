# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.cut import Cut
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.edges import AccountEdges
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.reach import (
    Reached,
    ReachResult,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.targets import (
    choose_targets,
    list_sources,
    list_starts,
    list_unnamed,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident
from ansible_collections.hardening.iam.plugins.module_utils._converge.untouchable import UntouchablePrincipals

from .accounts import (
    DEPLOY,
    HOME,
    NOTIFIER,
    NOW,
    PIPELINE,
    PROD,
    USER,
    WORKER,
    arn,
    make_home,
    make_production,
)

GITHUB: t.Final = f"arn:aws:iam::{HOME}:oidc-provider/token.actions.githubusercontent.com"
SAML: t.Final = f"arn:aws:iam::{HOME}:saml-provider/acme"
UNTOUCHABLE: t.Final = UntouchablePrincipals(
    principals_of([f"arn:aws:sts::{HOME}:assumed-role/own/run"]), (arn("*", "keeper"),)
)


def declare(**fields: t.Any) -> Incident:
    given = {"id": "INC-7", "declared_by": "Ana", "reason": "key found in a repository", "users": [USER], **fields}
    return Incident.from_option(given, now=NOW)


def reach(*arns: str) -> ReachResult:
    return ReachResult({one: Reached(one, (USER, one), certain=True) for one in arns})


def cuts(
    incident: Incident, *reached: str, account: str = HOME, unnamed: t.Optional[ReachResult] = None
) -> dict[str, Cut]:
    found = reach(*reached)
    chosen = choose_targets(incident, found, account, UNTOUCHABLE, unnamed or found)
    assert all(target.because for target in chosen.targets)
    return {target.arn: target.cut for target in chosen.targets}


def test_roles_of_other_accounts_are_theirs() -> None:
    assert set(cuts(declare(), PIPELINE, DEPLOY)) == {PIPELINE}
    assert set(cuts(declare(), PIPELINE, DEPLOY, account=PROD)) == {DEPLOY}


def test_a_reached_role_loses_the_sessions_of_nobody_known() -> None:
    assert cuts(declare(), PIPELINE) == {PIPELINE: Cut("", nobody_known=True)}


def test_a_role_that_was_only_seen_is_cut_by_the_names_of_its_sessions() -> None:
    seen = [{"role": PIPELINE, "session_name": "evil-1"}, {"role": PIPELINE, "source_identity": "alice"}]
    found = cuts(declare(users=[], keys=["AKIAIOSFODNN7EXAMPLE"], seen=seen))
    assert found == {PIPELINE: Cut("", named=("evil-1",), identities=("alice",))}
    # It is reached from the leaked credential too, so that there may be sessions of other names.
    assert cuts(declare(seen=seen), PIPELINE)[PIPELINE].nobody_known
    # It is not known who has one of the keys.
    (target,) = choose_targets(declare(seen=seen), ReachResult(), HOME, UNTOUCHABLE, None).targets
    assert target.cut.nobody_known
    # One of the sessions has no name.

    assert cuts(declare(seen=[*seen, {"role": PIPELINE}]))[PIPELINE].nobody_known


def test_a_role_that_is_reached_from_sessions_with_a_source_identity_is_cut_by_it() -> None:
    session = {"role": PIPELINE, "name": "build-7", "source_identity": "alice"}
    incident = declare(users=[], sessions=[session])
    assert list_unnamed(incident, list_sources(incident, ())) == ()
    assert cuts(incident, WORKER, unnamed=ReachResult())[WORKER] == Cut("", identities=("alice",))
    # A session without one can have opened others of any name.
    for other in ({"role": DEPLOY, "name": "build-8"}, {"role": PIPELINE, "name": "build-8"}):
        wide = declare(users=[], sessions=[session, other])
        assert [source.arn for source in list_unnamed(wide, list_sources(wide, ()))] == [other["role"]]
        assert cuts(wide, WORKER, unnamed=reach(WORKER))[WORKER].nobody_known


@pytest.mark.parametrize(
    ("cut", "sessions", "wanted"),
    [
        ({"principal": arn(HOME, "x", "user")}, [], Cut("", nobody_known=True)),
        ({"principal": arn(HOME, "x", "user")}, ["evil"], Cut("", named=("evil",))),
        ({"principal": GITHUB}, ["evil"], Cut("", named=("evil",), providers=(GITHUB,))),
        ({"principal": GITHUB, "subject": "repo:acme/site:*"}, ["evil"], Cut("", named=("evil",))),
        ({"principal": GITHUB, "subject": "repo:acme/site:*"}, [], Cut("", providers=(GITHUB,))),
        ({"principal": SAML}, [], Cut("", saml=True)),
    ],
)
def test_a_principal_that_is_taken_out_loses_its_older_sessions(
    cut: dict[str, str], sessions: list[str], wanted: Cut
) -> None:
    incident = declare(
        users=[],
        roles=[{"arn": PIPELINE, "cut": "trust", **cut}],
        sessions=[{"role": PIPELINE, "name": name} for name in sessions],
    )
    chosen = choose_targets(incident, ReachResult(), HOME, UNTOUCHABLE)
    (target,) = chosen.targets
    assert (target.cut, [one.principal for one in target.trust_cuts]) == (wanted, [cut["principal"]])


def test_sessions_that_were_seen_add_their_names_and_source_identities_to_the_whole_chain() -> None:
    seen = [{"role": PIPELINE, "session_name": "build-7", "source_identity": "alice"}, {"role": PIPELINE}]
    assert cuts(declare(seen=seen), WORKER) == {
        PIPELINE: Cut("", nobody_known=True, named=("build-7",), identities=("alice",)),
        WORKER: Cut("", nobody_known=True, identities=("alice",)),
    }


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        *((sort, {"sources": ("i-0abc",)}) for sort in ("instance", "task", "function")),
        *((sort, {"named": ("i-0abc",)}) for sort in ("oidc", "saml", "other")),
    ],
)
def test_a_named_session_is_cut_by_its_name_alone(sort: str, names: dict[str, t.Any]) -> None:
    session = {"role": WORKER, "name": "i-0abc", "sort": sort}
    assert cuts(declare(users=[], sessions=[session])) == {WORKER: Cut("", **names)}


@pytest.mark.parametrize("role", [WORKER, WORKER.replace("build-worker", "Build-Worker")])
def test_a_role_that_is_named_and_reached_loses_no_less_than_one_that_is_reached(role: str) -> None:
    session = {"role": role, "name": "i-0abc", "sort": "instance"}
    seen = [{"role": PIPELINE, "source_identity": "alice"}]
    wanted = Cut("", nobody_known=True, identities=("alice",), sources=("i-0abc",))
    for found in (ReachResult(callers={WORKER: (USER,)}), reach(WORKER)):
        chosen = choose_targets(declare(sessions=[session], seen=seen), found, HOME, UNTOUCHABLE)
        assert {target.arn: target.cut for target in chosen.targets}[role] == wanted


def test_only_named_roles_lose_all_sessions() -> None:
    roles = [{"arn": PIPELINE, "cut": "all_sessions"}, WORKER]
    found = cuts(declare(roles=roles), PIPELINE)
    assert (found[PIPELINE].all, found[WORKER].all, found[WORKER].older) == (True, False, True)


@pytest.mark.parametrize(
    ("role", "rule"),
    [
        (arn(HOME, "OrganizationAccountAccessRole"), "protected"),
        (arn(HOME, "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1"), "protected"),
        (arn(HOME, "aws-service-role/x.amazonaws.com/AWSServiceRoleForX"), "protected"),
        (arn(HOME, "cdk-hnb659fds-deploy-role"), "protected"),
        (arn(HOME, "keeper"), "break_glass"),
        (arn(HOME, "iam-hardening/break-glass"), "break_glass"),
        (arn(HOME, "own"), "caller"),
    ],
)
def test_some_roles_are_left_alone_unless_people_name_them(role: str, rule: str) -> None:
    for incident in (declare(), declare(seen=[{"role": role}])):
        chosen = choose_targets(incident, reach(role), HOME, UNTOUCHABLE)
        assert not chosen.targets
        assert [(one, refusal.rule) for one, refusal in chosen.not_cut.items()] == [(role, rule)]
    # A guard refuses it then, so that people read why.
    named = choose_targets(declare(roles=[role]), reach(role), HOME, UNTOUCHABLE)
    assert [target.arn for target in named.targets] == [role]


def test_a_role_that_is_written_in_two_ways_is_one_target() -> None:
    chosen = choose_targets(
        declare(roles=[PIPELINE.replace("pipeline", "Pipeline")]), reach(PIPELINE), HOME, UNTOUCHABLE
    )
    assert len(chosen.targets) == 1


def test_sources_are_users_and_every_role_that_is_named() -> None:
    incident = declare(
        roles=[PIPELINE], sessions=[{"role": WORKER, "name": "i-0abc", "sort": "instance"}], seen=[{"role": DEPLOY}]
    )
    other = arn(PROD, "other", "user")
    assert [source.arn for source in list_sources(incident, [other])] == [USER, other, WORKER, PIPELINE, DEPLOY]


MISSPELT: t.Final = arn(HOME, "pipelin")


def start(incident: Incident, *accounts: Snapshot, proven: t.Collection[str] = ()) -> list[str]:
    sources = list_sources(incident, ())
    arns = [source.arn for source in sources]
    edges = {one.account_id: AccountEdges.from_snapshot(one, arns) for one in accounts}
    return [source.arn for source in list_starts(incident, sources, edges, proven)]


@pytest.mark.parametrize(
    "named", [{"roles": [MISSPELT]}, {"sessions": [{"role": MISSPELT, "name": "i-0abc", "sort": "instance"}]}]
)
def test_a_named_role_that_is_not_there_is_not_followed(named: dict[str, t.Any]) -> None:
    incident = declare(**named)
    assert start(incident, make_home()) == [USER]
    # Nobody knows whether they are there, so nothing is cut in their names.
    assert start(incident, make_production()) == []
    # It was there.
    assert start(declare(**named, seen=[{"role": MISSPELT}]), make_home()) == [USER, MISSPELT]
    assert start(incident, make_home(), proven=[MISSPELT]) == [USER, MISSPELT]


@pytest.mark.parametrize(
    ("role", "is_there"),
    [(NOTIFIER, True), (NOTIFIER.replace("notifier", "Notifier"), False), (arn(HOME, "ci/notifier"), False)],
)
def test_case_and_path_count_in_the_arn_of_a_role(role: str, is_there: bool) -> None:
    assert start(declare(users=[], roles=[role]), make_home()) == ([role] if is_there else [])
    # An event may write it without its path: it is the role of that name.
    seen = declare(users=[], keys=["AKIAIOSFODNN7EXAMPLE"], seen=[{"role": role}])
    assert start(seen, make_home()) == [NOTIFIER]


def test_a_user_that_is_not_there_is_followed_only_if_it_is_proven() -> None:
    gone = arn(HOME, "left", "user")
    assert start(declare(users=[gone]), make_home()) == []
    assert start(declare(users=[gone]), make_home(), proven=[gone]) == [gone]
    assert start(declare(users=[USER.replace("ci-deploy", "CI-Deploy")]), make_home()) == []


@pytest.mark.parametrize(
    ("fields", "reached", "reason"),
    [
        ({"roles": [PIPELINE]}, [], "the incident names it in roles"),
        ({"roles": [{"arn": PIPELINE, "cut": "all_sessions"}]}, [PIPELINE], "the incident names it in roles"),
        ({}, [PIPELINE], "somebody can have opened sessions of it under names that nobody knows"),
        (
            {"roles": [{"arn": PIPELINE, "cut": "trust", "principal": arn(HOME, "x", "user")}]},
            [],
            "the incident takes a principal out of its trust policy, and its sessions have no known name",
        ),
        (
            {"roles": [{"arn": PIPELINE, "cut": "trust", "principal": GITHUB}]},
            [],
            "the incident takes a principal out of its trust policy, and its sessions have no known name",
        ),
        (
            {"roles": [{"arn": PIPELINE, "cut": "trust", "principal": SAML}]},
            [],
            "the incident takes a principal out of its trust policy, and its sessions have no known name",
        ),
        (
            {"sessions": [{"role": PIPELINE, "name": "evil"}]},
            [],
            "by the names and source identities that the incident gives",
        ),
    ],
)
def test_each_cut_has_its_reason(fields: dict[str, t.Any], reached: list[str], reason: str) -> None:
    found = reach(*reached)
    (target,) = choose_targets(declare(**fields), found, HOME, UNTOUCHABLE, found).targets
    assert target.because == reason


def test_a_source_says_how_it_came_into_the_wrong_hands() -> None:
    incident = declare(
        roles=[PIPELINE], sessions=[{"role": WORKER, "name": "i-0abc", "sort": "instance"}], seen=[{"role": DEPLOY}]
    )
    assert {one.arn: one.how for one in list_sources(incident, [], [NOTIFIER, PIPELINE])} == {
        USER: "the user of a leaked credential",
        WORKER: "a session of the sort instance",
        PIPELINE: "named in incident.roles",
        DEPLOY: "a session of it was seen",
        NOTIFIER: "a leaked key is of a session of it",
    }
