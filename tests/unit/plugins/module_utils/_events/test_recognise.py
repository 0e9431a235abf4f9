# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which events are signals: the recorded ones of every family, and what strangers make of them."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.findings_export import asff
from ansible_collections.hardening.iam.plugins.module_utils._events import recognise
from ansible_collections.hardening.iam.plugins.module_utils._events.recognise import MOST_MEMBERS, Ignored, read_event
from ansible_collections.hardening.iam.plugins.module_utils._events.signals import (
    SUBJECTS,
    Kind,
    Signal,
    hash_resource,
)

from .events import ACCOUNT, Event, change, recorded

KEY = "AKIAIOSFODNN7EXAMPLE"
FINDING = ("detail", "findings", 0)


def only_signal(event: t.Any) -> Signal:
    reading = read_event(event)
    assert not reading.ignored
    [signal] = reading.signals
    return signal


def why_ignored(event: t.Any) -> str:
    reading = read_event(event)
    assert reading.signals == []
    [(reason, count)] = reading.ignored.items()
    assert count == 1
    return reason


@pytest.mark.parametrize(
    ("name", "subject", "kind", "credential"),
    [
        ("quarantine", "aws_quarantine", Kind.CREDENTIAL, "user/ci-deploy"),
        ("health", "exposed_credential", Kind.CREDENTIAL, KEY),
        ("guardduty_credential", "guardduty_UnauthorizedAccess", Kind.CREDENTIAL, KEY),
        ("guardduty_suspicion", "guardduty_Persistence", Kind.SUSPICION, ""),
        ("sign_in", "sign_in_anomaly", Kind.SUSPICION, ""),
        ("security_hub", "IAM.5", Kind.CONTROL, ""),
        ("security_hub_v2", "IAM.5", Kind.CONTROL, ""),
    ],
)
def test_each_family_is_recognised(name: str, subject: str, kind: Kind, credential: str) -> None:
    signal = only_signal(recorded(name))
    assert (signal.account_id, signal.subject, signal.kind, signal.credential) == (ACCOUNT, subject, kind, credential)
    assert signal.at.isoformat() == "2026-11-28T09:17:02+00:00"


WHO: t.Final = ("detail", "resource", "accessKeyDetails")
ROLE: t.Final = {"userType": "AssumedRole", "userName": "deploy", "principalId": "AROACKCEVSQ6C2EXAMPLE:evil-session"}
SESSION_KEY: t.Final = "ASIAIOSFODNN7EXAMPLE"


@pytest.mark.parametrize(
    ("who", "credential"),
    [
        # UnauthorizedAccess:IAMUser/ConsoleLoginSuccess.B is about a password: it has no key.
        ({"userType": "IAMUser", "userName": "alice", "principalId": "AIDACKCEVSQ6C2EXAMPLE"}, "user/alice"),
        ({"userType": "IAMUser", "userName": "alice", "accessKeyId": ""}, "user/alice"),
        ({**ROLE, "accessKeyId": SESSION_KEY}, f"session/deploy/evil-session/{SESSION_KEY}"),
        (ROLE, "session/deploy/evil-session/"),
        ({**ROLE, "userName": "{{ 7*7 }}", "accessKeyId": SESSION_KEY}, SESSION_KEY),
        ({**ROLE, "principalId": "AROACKCEVSQ6C2EXAMPLE:a b", "accessKeyId": SESSION_KEY}, SESSION_KEY),
        ({"userType": "Root", "userName": "Root", "accessKeyId": KEY}, KEY),
        ({"userType": "Root", "userName": "Root"}, ""),
        ({"userType": "FederatedUser", "principalId": f"{ACCOUNT}:bob", "accessKeyId": SESSION_KEY}, SESSION_KEY),
        (None, ""),
    ],
)
def test_a_finding_of_guardduty_keeps_all_that_it_says_of_the_credential(who: t.Any, credential: str) -> None:
    assert only_signal(change(recorded("guardduty_credential"), *WHO, to=who)).credential == credential


def attack_sequence(*users: Event) -> Event:
    """A finding about several calls. Its actors are beside the details of a key, which it does not have."""
    event = change(recorded("guardduty_credential"), "detail", "type", to="AttackSequence:IAM/CompromisedCredentials")
    event = change(event, "detail", "resource", to={"resourceType": "AttackSequence"})
    actors = [{"id": f"USER_{number}", "user": user} for number, user in enumerate(users)]
    return change(event, "detail", "service", "detection", to={"sequence": {"uid": "1", "actors": actors}})


def test_a_sequence_of_an_attack_names_each_of_its_actors() -> None:
    leaked = {"name": "ci-deploy", "type": "IAMUser", "uid": "AIDACKCEVSQ6C2EXAMPLE", "credentialUid": KEY}
    role = {"name": "deploy", "type": "AssumedRole", "uid": ROLE["principalId"], "credentialUid": SESSION_KEY}
    other = {**leaked, "credentialUid": "", "account": {"uid": "222233334444", "name": "other"}}
    reading = read_event(attack_sequence(leaked, role, other, leaked))
    assert [(signal.account_id, signal.subject, signal.credential) for signal in reading.signals] == [
        (ACCOUNT, "guardduty_AttackSequence", KEY),
        (ACCOUNT, "guardduty_AttackSequence", f"session/deploy/evil-session/{SESSION_KEY}"),
        ("222233334444", "guardduty_AttackSequence", "user/ci-deploy"),
    ]
    many = read_event(attack_sequence(*({**leaked, "name": f"u{number}"} for number in range(MOST_MEMBERS + 5))))
    assert (len(many.signals), many.lost) == (MOST_MEMBERS, {(ACCOUNT, "guardduty_AttackSequence"): 5})


def test_a_sequence_without_actors_is_about_a_credential_without_a_name() -> None:
    for event in (attack_sequence(), change(attack_sequence(), "detail", "service", "detection", to="{{ x }}")):
        assert only_signal(event).credential == ""


def test_both_formats_of_security_hub_are_the_same_signal() -> None:
    assert only_signal(recorded("security_hub")) == only_signal(recorded("security_hub_v2"))


def test_an_event_is_found_in_what_sources_put_around_it() -> None:
    event = recorded("quarantine")
    wanted = only_signal(event)
    for wrapped in (
        json.dumps(event),
        json.dumps(event).encode(),
        {"body": event, "meta": {"MessageId": "1"}},
        {"body": json.dumps(event), "meta": {}},
        {"payload": event, "meta": {"headers": {}}},
    ):
        assert only_signal(wrapped) == wanted


def test_the_event_of_a_schedule_is_no_signal_and_is_not_counted() -> None:
    reading = read_event(recorded("heartbeat"))
    assert (reading.signals, reading.ignored) == ([], {})


def test_only_accounts_names_hashes_and_credentials_are_kept() -> None:
    text = "Ignore all rules {{ lookup('pipe', 'id') }} \x1b[2J"
    event = change(recorded("security_hub"), *FINDING, "Title", to=text)
    event = change(event, *FINDING, "Resources", 0, "Id", to=text)
    kept = only_signal(event).as_dict()
    assert kept.pop("resource") == hash_resource(text)
    assert kept == {
        "account_id": ACCOUNT,
        "subject": "IAM.5",
        "at": "2026-11-28T09:17:02Z",
        "credential": "",
        "caller": "",
    }


@pytest.mark.parametrize("name", ["x'; DROP", "{{ 7*7 }}", "a/b", "", "ü" * 3, "n" * 65, "a\nb"])
def test_the_name_of_a_user_that_iam_would_not_take_is_no_credential(name: str) -> None:
    event = change(recorded("quarantine"), "detail", "requestParameters", "userName", to=name)
    assert only_signal(event).credential == ""


def test_own_findings_start_nothing() -> None:
    event = recorded("security_hub")
    assert asff.PREFIX.startswith(recognise.OWN_PREFIX)
    for path, value in (
        (("Id",), f"{asff.PREFIX}{ACCOUNT}/abc"),
        (("GeneratorId",), f"{asff.PREFIX}user_mfa"),
        (("ProductName",), asff.PRODUCT),
        (("ProductFields",), {f"{asff.PREFIX}control": "user_mfa"}),
    ):
        assert why_ignored(change(event, *FINDING, *path, to=value)) == Ignored.OWN_FINDING
    ours = change(recorded("security_hub_v2"), *FINDING, "metadata", "product", "name", to=asff.PRODUCT)
    assert why_ignored(ours) == Ignored.OWN_FINDING


@pytest.mark.parametrize(
    "product",
    [
        f"arn:aws:securityhub:us-east-1:{ACCOUNT}:product/{ACCOUNT}/default",
        "arn:aws:securityhub:us-east-1::product/acme/scanner",
        "arn:aws:securityhub:us-east-1::product/aws/securityhub/x",
        "",
    ],
)
def test_findings_that_somebody_imported_start_nothing(product: str) -> None:
    assert why_ignored(change(recorded("security_hub"), *FINDING, "ProductArn", to=product)) == Ignored.OTHER
    v2 = change(recorded("security_hub_v2"), *FINDING, "metadata", "product", "uid", to=product)
    assert why_ignored(v2) == Ignored.OTHER


def test_changes_by_own_roles_start_nothing() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/automation"
    who = {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role}}}
    event = change(recorded("quarantine"), "detail", "userIdentity", to=who)
    reading = read_event(event)
    reading.ignore_callers(["another", ""])
    assert len(reading.signals) == 1
    reading.ignore_callers([role])
    assert (reading.signals, +reading.ignored) == ([], {Ignored.OWN_CHANGE: 1})


REASONS = {
    "another call": (("quarantine",), ("detail", "eventName"), "DetachUserPolicy", Ignored.OTHER),
    "another policy": (
        ("quarantine",),
        ("detail", "requestParameters", "policyArn"),
        f"arn:aws:iam::{ACCOUNT}:policy/AWSCompromisedKeyQuarantineV3",
        Ignored.OTHER,
    ),
    "a refused call": (("quarantine",), ("detail", "errorCode"), "AccessDenied", Ignored.NOT_FAILED),
    "a closed event": (("health",), ("detail", "statusCode"), "closed", Ignored.NOT_FAILED),
    "other health": (("health",), ("detail", "eventTypeCode"), "AWS_EC2_OPERATIONAL_ISSUE", Ignored.OTHER),
    "an archived threat": (("guardduty_suspicion",), ("detail", "service", "archived"), True, Ignored.NOT_FAILED),
    "another threat": (("guardduty_suspicion",), ("detail", "type"), "Recon:EC2/Portscan", Ignored.OTHER),
    "an unknown purpose": (("guardduty_suspicion",), ("detail", "type"), "Evil:IAMUser/X", Ignored.OTHER),
    "an archived finding": (("security_hub",), (*FINDING, "RecordState"), "ARCHIVED", Ignored.NOT_FAILED),
    "a suppressed one": (("security_hub",), (*FINDING, "Workflow", "Status"), "SUPPRESSED", Ignored.NOT_FAILED),
    "another control": (
        ("security_hub",),
        (*FINDING, "Compliance", "SecurityControlId"),
        "S3.1",
        Ignored.UNKNOWN_CONTROL,
    ),
    "our subject": (
        ("security_hub",),
        (*FINDING, "Compliance", "SecurityControlId"),
        "aws_quarantine",
        Ignored.UNKNOWN_CONTROL,
    ),
    "passed in OCSF": (
        ("security_hub_v2",),
        (*FINDING, "compliance"),
        {"control": "IAM.5", "status": "Pass", "status_id": 1},
        Ignored.NOT_FAILED,
    ),
    "suppressed in OCSF": (("security_hub_v2",), (*FINDING, "status_id"), 3, Ignored.NOT_FAILED),
    "no time": (("sign_in",), ("time",), None, Ignored.MALFORMED),
    "a year that is none": (("sign_in",), ("time",), "9999-12-31T23:59:59-23:59", Ignored.MALFORMED),
    "no account": (("sign_in",), ("account",), "11112222333", Ignored.MALFORMED),
    "other digits": (("sign_in",), ("account",), "١١١١٢٢٢٢٣٣٣٣", Ignored.MALFORMED),
    "a list as account": (("health",), ("detail", "affectedAccount"), ["111122223333"], Ignored.MALFORMED),
    "no findings": (("security_hub",), ("detail", "findings"), {}, Ignored.OTHER),
}


def test_other_events_start_nothing() -> None:
    for case, ((name,), path, value, reason) in REASONS.items():
        assert why_ignored(change(recorded(name), *path, to=value)) == reason, case


def test_samples_and_passed_controls_start_nothing() -> None:
    assert why_ignored(recorded("guardduty_sample")) == Ignored.SAMPLE
    assert why_ignored(recorded("security_hub_passed")) == Ignored.NOT_FAILED


@pytest.mark.parametrize("name", ["quarantine", "health", "guardduty_credential", "sign_in", "security_hub"])
def test_an_event_of_another_source_starts_nothing(name: str) -> None:
    for source in ("hostile.app", "aws.s3", "AWS.IAM", None, ["aws.iam"]):
        assert why_ignored(recorded(name, source=source)) == Ignored.FOREIGN_SOURCE


@pytest.mark.parametrize(
    "hostile",
    [
        "{" * 100_000,
        "[" * 100_000,
        '{"detail-type": ' + "[" * 5_000 + "]" * 5_000 + "}",
        "9" * 5_000,
        "NaN",
        "x" * (recognise.MOST_CHARACTERS + 1),
        b"\xff\xfe",
        {"body": {"body": {"body": {"body": 1}}}},
        [],
        7,
    ],
    ids=range(10),
)
def test_what_is_no_event_is_counted_as_malformed(hostile: t.Any) -> None:
    assert why_ignored(hostile) == Ignored.MALFORMED


@pytest.mark.parametrize("hostile", [{}, {"detail-type": None}, {"detail-type": ["x"], "detail": 1}])
def test_an_envelope_without_a_kind_is_ignored(hostile: t.Any) -> None:
    assert why_ignored(hostile) == Ignored.OTHER


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["quarantine", "health", "guardduty_credential", "sign_in", "security_hub", "security_hub_v2"]


def paths(value: t.Any, path: tuple[t.Any, ...] = ()) -> list[tuple[t.Any, ...]]:
    """The paths of all members of a document."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for name, child in children for found in ((*path, name), *paths(child, (*path, name)))]


@given(data=st.data(), name=st.sampled_from(NAMES))
def test_no_event_raises_or_gives_more_than_a_signal(data: st.DataObject, name: str) -> None:
    event: Event = recorded(name)
    path = data.draw(st.sampled_from(paths(event)))
    reading = read_event(change(event, *path, to=data.draw(ANYTHING)))
    for signal in reading.signals:
        assert Signal.from_dict(signal.as_dict()) == signal
        assert signal.subject in SUBJECTS
    assert reading.signals or reading.ignored


def test_an_event_of_many_members_is_cut() -> None:
    event = recorded("security_hub")
    many = change(event, "detail", "findings", to=event["detail"]["findings"] * 5_000)
    assert len(read_event(many).signals) == recognise.MOST_MEMBERS


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        {},
        {"account_id": 1},
        {"subject": "evil"},
        {"resource": "x"},
        {"caller": "x"},
        {"at": "soon"},
        {"at": "2026-11-28T09:17:02Z" + " " * 90},
        {"more": "text"},
    ],
)
def test_a_signal_of_somebody_else_is_checked(wrong: t.Any) -> None:
    whole = only_signal(recorded("quarantine")).as_dict()
    with pytest.raises(ValueError):
        Signal.from_dict({**whole, **wrong} if wrong else wrong)
