# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys, records, parts of other hosts, live roles and sign-in sessions, read from recorded answers."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError, NotFound
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.changes import (
    CutWriter,
    LiveRole,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.edges import AccountEdges
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.observe import (
    READ_OPERATIONS,
    Keys,
    Parts,
    Past,
    add_details,
    leave_part,
    read_keys,
    read_live_role,
    read_parts,
    read_past,
    read_roles,
    read_signin,
    read_trusts,
    reread,
    wait_for_parts,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.signin import (
    SigninSession,
    make_changes,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.identity_changes import IdentityWriter
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import (
    Incident,
    KeySeed,
    Seen,
    SessionSeed,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import (
    By,
    Contained,
    Record,
    State,
)

from ..._converge.fakes import FakeStore
from ..incidents import keep_changes, keep_record
from ..recorded import RecordedAccess, each, of
from .accounts import HOME, NOW, PIPELINE, PROD, USER, WORKER, arn, make_home, make_production, policy, trust

KEY: t.Final = "AKIAIOSFODNN7EXAMPLE"
TOKEN: t.Final = "ASIAIOSFODNN7EXAMPLE"
GONE: t.Final = NotFound("no such thing", code="NoSuchEntity")
DENIED: t.Final = AccessDenied("not allowed", code="AccessDenied")


def aws(answers: t.Any, **more: t.Any) -> t.Any:
    return RecordedAccess(answers, account_id=HOME, declared=READ_OPERATIONS.reads, **more)


def incident(**fields: t.Any) -> Incident:
    return Incident("INC-7", "Ana", "key found in a repository", **fields)


# Whose the keys are


def ask(answers: dict[str, t.Any], *keys: KeySeed, **fields: t.Any) -> Keys:
    named = {"sts:GetAccessKeyInfo": {"Account": HOME}, **answers}
    return read_keys(aws(named), incident(keys=keys, **fields), make_home())


def test_the_users_and_accounts_of_keys() -> None:
    other = "AKIAIOSFODNN7EXAMPL2"
    answers = {
        "sts:GetAccessKeyInfo": each("AccessKeyId", {KEY: {"Account": HOME}, other: {"Account": PROD}}),
        "iam:GetAccessKeyLastUsed": each("AccessKeyId", {KEY: {"UserName": "ci-deploy"}}),
    }
    found = ask(answers, KeySeed(KEY), KeySeed(other))
    assert found == Keys((USER,), (), frozenset({HOME, PROD}))


@pytest.mark.parametrize(
    ("answer", "key", "users"),
    [
        ({"UserName": "ci-deploy"}, KeySeed(KEY, "CI-Deploy"), (USER,)),
        ({"UserName": "ci-deploy"}, KeySeed(KEY, USER, HOME), (USER,)),
        ({"UserName": "ci-deploy"}, KeySeed(KEY, account_id=PROD), ()),
        ({"UserName": "new"}, KeySeed(KEY), (arn(HOME, "new", "user"),)),
        ({}, KeySeed(KEY), ()),
    ],
)
def test_the_user_of_a_key_is_the_expected_one(answer: t.Any, key: KeySeed, users: tuple[str, ...]) -> None:
    assert ask({"iam:GetAccessKeyLastUsed": answer}, key).users == users


def test_a_key_of_which_nothing_is_known_is_unread() -> None:
    for name in ("sts:GetAccessKeyInfo", "iam:GetAccessKeyLastUsed"):
        found = ask({"iam:GetAccessKeyLastUsed": {"UserName": "x"}, name: DENIED}, KeySeed(KEY))
        assert found.users == ()
        (text,) = found.unread
        assert text.startswith("it is not known whose key …MPLE is: ") and "not allowed" in text


@pytest.mark.parametrize(
    "answers", [{"sts:GetAccessKeyInfo": {}}, {"iam:GetAccessKeyLastUsed": {"UserName": ["dev"]}}], ids=["home", "user"]
)
def test_a_key_of_which_the_answer_does_not_parse_is_unread(answers: t.Any) -> None:
    found = ask({"iam:GetAccessKeyLastUsed": {"UserName": "x"}, **answers}, KeySeed(KEY))
    assert found.users == ()
    (text,) = found.unread
    assert text.startswith("it is not known whose key …MPLE is: ") and "does not parse" in text


def make_event(issuer: str, kind: str) -> dict[str, t.Any]:
    session = issuer.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/build"
    is_role = kind == "Role"
    identity = {
        "type": "AssumedRole" if is_role else kind,
        "principalId": "AROAX:build" if is_role else "AIDAX",
        "arn": session if is_role else issuer,
        "accountId": HOME,
        "accessKeyId": TOKEN,
        "sessionContext": {"sessionIssuer": {"type": kind, "principalId": "AROAX", "arn": issuer, "accountId": HOME}},
    }
    given = {
        "eventTime": "2026-11-27T09:00:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "ListUsers",
        "awsRegion": "us-east-1",
        "recipientAccountId": HOME,
        "eventID": "e-1",
        "userIdentity": identity,
    }
    return {"cloudtrail:LookupEvents": {"Events": [{"CloudTrailEvent": json.dumps(given)}]}}


def test_the_key_of_a_session_is_of_whom_its_events_show() -> None:
    found = ask(make_event(PIPELINE, "Role"), KeySeed(TOKEN))
    assert [(seed.role, seed.name, seed.access_key_id) for seed in found.sessions] == [(PIPELINE, "build", TOKEN)]
    assert found.users == ()
    found = ask(make_event(USER, "IAMUser"), KeySeed(TOKEN))
    assert (found.users, found.sessions) == ((USER,), ())
    for events in (make_event(f"arn:aws:iam::{HOME}:root", "Root"), {"cloudtrail:LookupEvents": {"Events": []}}):
        found = ask(events, KeySeed(TOKEN))
        assert (found.users, found.sessions) == ((), ())


def test_the_key_of_a_session_that_people_name_or_of_another_account_is_not_looked_up() -> None:
    events = {"cloudtrail:LookupEvents": AwsError("must not be asked")}
    for fields in (
        {"sessions": (SessionSeed(PIPELINE, "build", access_key_id=TOKEN),)},
        {"seen": (Seen(PIPELINE, "build", TOKEN),)},
    ):
        assert ask(events, KeySeed(TOKEN), **fields) == Keys((), (), frozenset({HOME}))
    away = {**events, "sts:GetAccessKeyInfo": {"Account": PROD}}
    assert ask(away, KeySeed(TOKEN)) == Keys((), (), frozenset({PROD}))


def test_keys_are_known_where_every_account_was_read_and_every_session_is_named() -> None:
    keys = Keys(homes=frozenset({HOME}))
    given = incident(keys=(KeySeed(KEY),))
    assert keys.are_known(given, {HOME, PROD})
    assert not keys.are_known(given, {PROD})
    assert not Keys(homes=frozenset({HOME}), unread=("x",)).are_known(given, {HOME})
    token = incident(keys=(KeySeed(TOKEN),))
    assert not keys.are_known(token, {HOME})
    named = SessionSeed(PIPELINE, "build", access_key_id=TOKEN)
    assert keys.are_known(incident(keys=(KeySeed(TOKEN),), sessions=(named,)), {HOME})
    assert keys.are_known(incident(keys=(KeySeed(TOKEN),), seen=(Seen(PIPELINE, "x", TOKEN),)), {HOME})


# What earlier runs did


def keep(store: FakeStore, account_id: str, contained: t.Sequence[Contained], **fields: t.Any) -> None:
    given = {"contained": tuple(contained), **fields}
    keep_record(store, Record(account_id, "INC-7", State.CONTAINED, "Ana", "leaked", **given))


def test_the_records_say_who_is_contained_and_when_it_was_denied_last() -> None:
    store = FakeStore()
    keep(store, HOME, [Contained(USER, "AIDA", By.SOURCE, NOW), Contained(PIPELINE, "AROA", By.CUT, NOW)])
    assert read_past(store, "INC-7", [HOME, PROD]) == Past((USER,), frozenset({PIPELINE}))
    later = NOW + timedelta(hours=1)
    user = arn(PROD, "bo", "user")
    keep(store, PROD, [Contained(user, "AIDB", By.SOURCE, NOW)], last_source_write=later)
    assert read_past(store, "INC-7", [PROD, HOME, PROD]) == Past((USER, user), frozenset({PIPELINE}), denied_at=later)
    assert read_past(store, "INC-8", [HOME]) == Past()
    store.lost = True
    past = read_past(store, "INC-7", [HOME])
    assert (past.users, past.denied_at) == ((), None)
    assert past.unread[0].startswith(f"it is not known when account {HOME} was contained: ")


def test_the_trust_policies_before_come_from_the_journal() -> None:
    store = FakeStore()
    writer = IdentityWriter(HOME, "session_revocation")
    changed = writer.set_trust(PIPELINE, policy(trust(USER)), policy())
    other = writer.put_inline(PIPELINE, "x", None, policy())
    keep_changes(store, HOME, NOW, changed, other, module="session_revocation")
    assert read_trusts(store, HOME, ["one"]) == ((PIPELINE, policy(trust(USER))),)
    assert read_trusts(store, HOME, []) == read_trusts(store, PROD, ["one"]) == ()


class Shared:
    """The parts of a run, in memory."""

    def __init__(self, *, are_shared: bool = True) -> None:
        self.parts: dict[str, t.Any] = {}
        self.are_shared = are_shared
        self.reads = 0

    def read(self, account_id: str) -> t.Any:
        self.reads += 1
        return self.parts.get(account_id)

    def write(self, account_id: str, part: t.Any) -> None:
        self.parts[account_id] = json.loads(json.dumps(part))


def test_hosts_leave_each_other_what_they_read_and_when_they_cut() -> None:
    shared: t.Any = Shared()
    role = arn(PROD, "vendor-monitoring")
    edges = AccountEdges.from_snapshot(make_production(), [role, arn(PROD, "bo", "user")])
    deploy = arn(PROD, "deploy")
    leave_part(shared, edges, {deploy: NOW, PIPELINE: NOW})
    found = read_parts(shared, [PROD, HOME])
    assert found == Parts({PROD: edges}, {deploy: NOW})
    assert found.roles == (role,) and found.users == (arn(PROD, "bo", "user"),)


@pytest.mark.parametrize("part", [{}, {"edges": {}}, {"edges": None, "cut_at": {}}, [], "x"])
def test_a_part_that_cannot_be_used_is_of_an_account_that_was_not_read(part: t.Any) -> None:
    shared: t.Any = Shared()
    shared.parts[PROD] = part
    assert read_parts(shared, [PROD]) == Parts()
    leave_part(shared, AccountEdges.from_snapshot(make_production(), []), {})
    for broken in ({"x": "no date"}, {"x": 5}, None):
        shared.parts[PROD]["cut_at"] = broken
        assert read_parts(shared, [PROD]) == Parts()


def test_a_host_waits_for_the_others_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    shared: t.Any = Shared()
    wait_for_parts(shared, [PROD], 1.0)
    assert waited == [0.25] * 4
    wait_for_parts(shared, [], 1.0)
    shared.write(PROD, {})
    wait_for_parts(shared, [PROD], 1.0)
    wait_for_parts(t.cast(t.Any, Shared(are_shared=False)), [PROD], 1.0)
    assert waited == [0.25] * 4


# Roles

ROLE_ID: t.Final = "AROAPIPELINE"
WRITER: t.Final = CutWriter(HOME, "aws", "INC-7")
MANAGED: t.Final = WRITER.name_policy(ROLE_ID)


def role_answers(**more: t.Any) -> dict[str, t.Any]:
    found = {
        "Arn": PIPELINE,
        "RoleName": "pipeline",
        "RoleId": ROLE_ID,
        "Path": "/",
        "CreateDate": NOW,
        "MaxSessionDuration": 7_200,
        "AssumeRolePolicyDocument": policy(trust(USER)),
    }
    known = {
        "GetRole": of({"Role": found}, RoleName="pipeline"),
        "GetRolePolicy": of({"PolicyDocument": policy()}, RoleName="pipeline", PolicyName="IamHardeningIncident-INC-7"),
        "GetPolicy": of({"Policy": {"DefaultVersionId": "v1", "AttachmentCount": 1}}, PolicyArn=MANAGED),
        "ListPolicyVersions": of(
            {"Versions": [{"VersionId": "v1", "IsDefaultVersion": True, "CreateDate": NOW}]}, PolicyArn=MANAGED
        ),
        "GetPolicyVersion": of({"PolicyVersion": {"Document": policy()}}, PolicyArn=MANAGED, VersionId="v1"),
        "ListAttachedRolePolicies": of({"AttachedPolicies": [{"PolicyArn": MANAGED}]}, RoleName="pipeline"),
        **more,
    }
    return {f"iam:{name}": answer for name, answer in known.items()}


def test_a_role_is_read_with_the_policies_of_the_incident() -> None:
    role = read_live_role(aws(role_answers()), PIPELINE, WRITER)
    assert isinstance(role, LiveRole)
    assert (role.arn, role.role_id, role.trust) == (PIPELINE, ROLE_ID, policy(trust(USER)))
    assert role.managed is not None and role.managed.arn == MANAGED and role.is_attached is True
    assert 7_200 in vars_of(role) and role.documents
    # A call has the name of the role alone, without its path.
    in_path = PIPELINE.replace(":role/", ":role/ci/")
    found = read_live_role(aws(role_answers()), in_path, WRITER)
    assert found is not None and found.role_id == ROLE_ID


def vars_of(role: LiveRole) -> list[t.Any]:
    return [value for value in vars(role).values() if isinstance(value, int) and not isinstance(value, bool)]


def test_a_bare_role_has_no_policy_of_the_incident() -> None:
    bare = {"Arn": PIPELINE, "RoleId": ROLE_ID, "AssumeRolePolicyDocument": policy()}
    nothing = {"GetRole": {"Role": bare}, "GetRolePolicy": GONE, "GetPolicy": GONE}
    role = read_live_role(aws(role_answers(**nothing)), PIPELINE, WRITER)
    assert role is not None and role.managed is None and role.is_attached is False
    assert vars_of(role) == [3_600]
    detached = {"ListAttachedRolePolicies": {"AttachedPolicies": []}}
    role = read_live_role(aws(role_answers(**detached)), PIPELINE, WRITER)
    assert role is not None and role.managed is not None and role.is_attached is False


def test_a_managed_policy_is_read_only_where_the_account_has_it() -> None:
    access = aws(role_answers())
    assert t.cast(LiveRole, read_live_role(access, PIPELINE, WRITER, {MANAGED})).managed is not None
    access = aws(role_answers(GetPolicy=AwsError("must not be asked")))
    assert t.cast(LiveRole, read_live_role(access, PIPELINE, WRITER, set())).managed is None


def test_a_role_that_is_gone_is_none_and_one_that_cannot_be_read_is_the_reason() -> None:
    snapshot = make_home()
    assert read_roles(aws(role_answers(GetRole=GONE)), [PIPELINE], snapshot, WRITER) == {PIPELINE: None}
    found = read_roles(aws(role_answers(GetRole=DENIED)), [PIPELINE], snapshot, WRITER)
    assert "not allowed" in str(found[PIPELINE])
    found = read_roles(aws(role_answers(GetRole={"Role": {"Arn": PIPELINE}})), [PIPELINE], snapshot, WRITER)
    assert "does not parse: RoleId is missing" in str(found[PIPELINE])
    # The snapshot has no such policy, so nothing is asked about it.
    (role,) = read_roles(aws(role_answers()), [PIPELINE], snapshot, WRITER).values()
    assert isinstance(role, LiveRole) and role.managed is None


# The targets of changes

CUT: t.Final = IdentityWriter(HOME, "session_revocation").put_inline(
    PIPELINE, "IamHardeningIncident-INC-7", None, policy()
)


def test_the_state_of_a_cut_is_that_of_the_same_role() -> None:
    access = aws(role_answers())
    assert reread(access, CUT) == CUT.after
    assert reread(access, CUT, {PIPELINE: ROLE_ID}) == CUT.after
    assert reread(access, CUT, {WORKER: "AROAOTHER"}) == CUT.after
    assert reread(access, CUT, {PIPELINE: "AROAOTHER"}) == {**(CUT.after or {}), "unique_id": ROLE_ID}
    gone = aws(role_answers(GetRole=GONE))
    assert reread(gone, CUT, {PIPELINE: ROLE_ID}) == {**(CUT.after or {}), "unique_id": ""}
    trusting = IdentityWriter(HOME, "x").set_trust(PIPELINE, policy(trust(USER)), policy())
    assert reread(access, trusting, {PIPELINE: ROLE_ID}) == {"trust": policy(trust(USER))}
    assert reread(gone, trusting, {PIPELINE: ROLE_ID}) is None


SESSION: t.Final = "arn:aws:signin:eu-west-1:222233334444:session/1"
LISTED: t.Final = {"principalArn": PIPELINE, "sessionArn": SESSION, "issuedAt": 1_764_234_000}


def test_the_state_of_signin_sessions() -> None:
    session = SigninSession("eu-west-1", PIPELINE, SESSION)
    (change,) = make_changes([session], [PIPELINE], account_id=HOME, reason="x")
    asked = {"sessionArn": SESSION, "principalArn": f"arn:aws:iam::{HOME}:*"}
    for answer, status in (({"status": "ACTIVE"}, "ACTIVE"), ({"status": "EXPIRED"}, "EXPIRED"), ({}, "ACTIVE")):
        access = aws({"signin:GetSession": of(answer, **asked)})
        assert reread(access, change) == {"sessions": {SESSION: status}}
        assert access.calls[0].region == "eu-west-1"
    assert reread(aws({"signin:GetSession": GONE}), change) == {"sessions": {SESSION: "REVOKED"}}
    with pytest.raises(AwsError):
        reread(aws({"signin:GetSession": DENIED}), change)


def test_active_signin_sessions_of_all_regions_are_listed() -> None:
    asked = {"principalArn": f"arn:aws:iam::{HOME}:*", "status": "ACTIVE"}
    access = aws({"signin:ListSessions": of({"items": [LISTED]}, **asked)}, regions=("us-east-1", "eu-west-1"))
    found, unread = read_signin(access, HOME)
    issued = datetime.fromtimestamp(1_764_234_000, UTC)
    assert found == tuple(SigninSession(region, PIPELINE, SESSION, issued) for region in access.regions)
    assert unread == {}
    assert [call.region for call in access.calls] == ["us-east-1", "eu-west-1"]


def test_regions_whose_sessions_are_not_known_are_named() -> None:
    def answer(*, region: str, **_asked: t.Any) -> t.Any:
        return DENIED if region == "eu-west-1" else {"items": [LISTED]}

    access = aws({"signin:ListSessions": answer}, regions=("us-east-1", "eu-west-1"), unread="denied")
    found, unread = read_signin(access, HOME)
    assert len(found) == 1
    assert unread["others"] == "it is not known which regions the account has enabled: denied"
    assert "not allowed" in unread["eu-west-1"] and len(unread) == 2
    access.partition = "aws-us-gov"
    assert read_signin(access, HOME) == ((), {"all": "Sign-In lists no sessions in the partition aws-us-gov"})


def test_details_of_sessions_are_added_where_they_can_be_read() -> None:
    session, other = (SigninSession("eu-west-1", PIPELINE, name) for name in (SESSION, "other"))
    more = {**LISTED, "lastUsedAt": 1_764_234_100, "userAgent": "aws-cli"}

    def answer(*, sessionArn: str, principalArn: str, region: str) -> t.Any:
        assert (principalArn, region) == (PIPELINE, "eu-west-1")
        return more if sessionArn == SESSION else DENIED

    found = add_details(aws({"signin:GetSession": answer}), [session, other])
    assert found == (SigninSession.from_answer(more, "eu-west-1"), other)
    assert found[0].user_agent == "aws-cli"
