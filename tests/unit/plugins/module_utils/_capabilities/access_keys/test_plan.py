# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import Unknown, Yes
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Snapshot, Unread, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.history import (
    History,
    Mark,
    Stage,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.kinds import Credential, Kind
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.plan import (
    _CONTROLS_ON,
    Observed,
    Planner,
    controls,
    list_commands_back,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.settings import Settings
from ansible_collections.hardening.iam.plugins.module_utils._controls.waivers import Waiver
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Impact
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan

from .keys import (
    ACCOUNT,
    KEY_ID,
    NOW,
    RUN,
    account,
    credential,
    days_ago,
    declare,
    make_recorded,
    row,
    slot,
    user,
    user_arn,
)

KEY_TAG = "iam-hardening:key-MPLE"
TAGGED = make_recorded("TagUser", 20, after={"stage": "noticed"})


def planner(options: t.Optional[dict[str, t.Any]] = None, **fields: t.Any) -> Planner:
    values: dict[str, t.Any] = {"settings": Settings(), "waivers": (), "run_id": RUN, "now": NOW}
    return Planner(declared=declare(**options or {}), **{**values, **fields})


def make_noticed(days: float = 20, name: str = "svc") -> dict[str, t.Any]:
    """An account whose user has the tag of a notice."""
    return {
        "users": (
            dataclasses.replace(user(name), tags={KEY_TAG: str(Mark(Stage.NOTICED, days_ago(days), False, RUN))}),
        )
    }


def plan(
    *credentials: Credential,
    snapshot: t.Optional[Snapshot] = None,
    history: tuple[t.Any, ...] = (),
    unread: t.Optional[dict[str, str]] = None,
    error: str = "",
    options: t.Optional[dict[str, t.Any]] = None,
    **fields: t.Any,
) -> Plan:
    made = planner(options, **fields)
    recorded: History = {RUN: Unknown(error) if error else Yes(history)}
    observed = made.build_observed(snapshot or account(row("svc", slot())), credentials, unread or {}, recorded)
    found = made.findings(observed)
    return made.plan(observed, found, made.make_reviews(observed))


def operations(made: Plan) -> list[str]:
    return [change.operation for change in made.changes]


def test_a_deactivation_mends_the_findings_on_its_key() -> None:
    snapshot = account(row("svc", slot()), **make_noticed())
    made = plan(credential(), snapshot=snapshot, history=(TAGGED,))
    assert operations(made) == ["TagUser", "UpdateAccessKey"]
    update = made.changes[1]
    found = {finding.fingerprint: finding.control for finding in planner().findings(Observed(snapshot))}
    assert {found[fingerprint] for fingerprint in update.remedies} == {
        "access_key_unused",
        "access_key_age",
        "access_key_for_workload",
    }
    assert (update.impact, update.population) == (Impact.NARROWING, 1)


def test_caps_count_every_key_of_the_account() -> None:
    rows = [row("svc", slot()), *(row(f"user-{number}", slot(used=1), slot(2, used=2)) for number in range(30))]
    snapshot = account(*rows)
    tagged = dataclasses.replace(snapshot, users=(*make_noticed()["users"], *snapshot.users[1:]))
    made = plan(credential(), snapshot=tagged, history=(TAGGED,))
    assert {change.population for change in made.changes if change.impact is Impact.NARROWING} == {61}


@pytest.mark.parametrize("dataset", [Dataset.CREDENTIAL_REPORT, Dataset.AUTHORIZATION_DETAILS])
def test_nothing_is_planned_on_what_was_not_read(dataset: Dataset) -> None:
    """Denied is not unused: a report that says so would propose to remove everything."""
    gap = Unread(dataset, UnreadKind.DENIED, "AccessDenied: no")
    made = plan(snapshot=account(unread=(gap,), credential_report=None))
    assert (made.changes, [refusal.rule for refusal in made.refused]) == ((), ["unread"])


def test_a_user_whose_keys_can_not_be_read_is_left_alone() -> None:
    made = plan(unread={user_arn("svc"): "AccessDenied: no"})
    assert (made.changes, [(refusal.rule, refusal.target) for refusal in made.refused]) == (
        (),
        [("unread", user_arn("svc"))],
    )


def test_no_stage_begins_again_where_the_journal_can_not_be_read() -> None:
    made = plan(credential(), snapshot=account(row("svc", slot()), **make_noticed()), error="can't read s3://journal")
    assert operations(made) == []
    (refusal,) = made.refused
    assert (refusal.rule, refusal.target) == ("unread", user_arn("svc"))
    assert "is not known: can't read s3://journal" in refusal.reason


def test_a_key_without_a_stage_needs_no_journal() -> None:
    assert operations(plan(credential(), error="can't read s3://journal")) == ["TagUser"]


@pytest.mark.parametrize(
    ("name", "fields", "rule"),
    [
        pytest.param("svc", {"callers": principals_of([user_arn("SVC")])}, "caller", id="the caller"),
        pytest.param("aws-reserved/x", {}, "protected", id="of AWS"),
        pytest.param("svc", {"break_glass": ("arn:aws:iam::*:user/svc",)}, "break_glass", id="break-glass"),
        pytest.param("ses-smtp-user.1", {}, "ses_smtp", id="SES SMTP"),
        pytest.param("svc", {"options": {"notify": ""}}, "notify", id="no notice declared"),
    ],
)
def test_refusals_come_once_a_key_and_with_their_reason(name: str, fields: dict[str, t.Any], rule: str) -> None:
    made = plan(credential(name), snapshot=account(row(name, slot())), **fields)
    assert made.changes == ()
    assert [(refusal.rule, refusal.target, refusal.fatal) for refusal in made.refused] == [
        (rule, user_arn(name), False)
    ]


def test_the_caller_keeps_even_the_tags_of_its_keys() -> None:
    snapshot = account(row("svc", slot()), **make_noticed())
    callers = principals_of([user_arn("svc")])
    assert plan(snapshot=snapshot, callers=callers).changes == ()
    assert operations(plan(snapshot=snapshot)) == ["UntagUser"]


def test_a_user_without_room_for_a_tag_is_refused() -> None:
    full = dataclasses.replace(user(), tags={f"tag-{number}": "" for number in range(50)})
    made = plan(credential(), snapshot=account(row("svc", slot()), users=(full,)))
    assert [refusal.rule for refusal in made.refused] == ["tags"]


def test_keys_that_would_share_a_tag_are_refused() -> None:
    twins = credential(id="AKIAAAAAAAAAAAAA7Q2M"), credential(id="AKIABBBBBBBBBBBB7Q2M")
    made = plan(*twins, snapshot=account(row("svc", slot(), slot(2))))
    assert [refusal.rule for refusal in made.refused] == ["ambiguous", "ambiguous"] and made.changes == ()


def waiver(**fields: t.Any) -> Waiver:
    values: dict[str, t.Any] = {
        "index": 0,
        "control": "access_key_unused",
        "accounts": (ACCOUNT,),
        "resources": ("user/svc",),
        "reason": "yearly",
        "owner": "ops",
        "ticket": "T-1",
        "approved_by": "ciso",
        "expires": NOW.date(),
    }
    return Waiver(**{**values, **fields})


@pytest.mark.parametrize(
    ("given", "planned"),
    [
        pytest.param(waiver(), [], id="on its last day"),
        pytest.param(waiver(expires=NOW.date() - dt.timedelta(days=1)), ["TagUser"], id="expired"),
        pytest.param(waiver(resources=("access key 1",)), [], id="by number"),
        pytest.param(waiver(resources=("access key 2",)), ["TagUser"], id="by another number"),
        pytest.param(waiver(resources=(KEY_ID,)), [], id="by id"),
        pytest.param(waiver(resources=("AKIA*",), control="access_key_age"), [], id="of another finding on it"),
        pytest.param(waiver(accounts=("999988887777",)), ["TagUser"], id="of another account"),
        pytest.param(waiver(control="password_reuse"), ["TagUser"], id="of something else"),
    ],
)
def test_waived_keys(given: Waiver, planned: list[str]) -> None:
    made = plan(credential(), waivers=(given,))
    assert (operations(made), made.refused) == (planned, ())


@pytest.mark.parametrize(
    ("key", "options", "resource"),
    [
        pytest.param(
            credential(used=30), {"notify_after_days": 20, "min_idle_days": 7}, "user/svc", id="no finding yet"
        ),
        pytest.param(credential(status="Inactive"), {"delete_after_days": 45}, "user/svc", id="inactive"),
        pytest.param(credential(status="Inactive"), {"delete_after_days": 45}, KEY_ID, id="inactive, by id"),
    ],
)
def test_a_waiver_holds_where_no_finding_fails(key: Credential, options: dict[str, t.Any], resource: str) -> None:
    snapshot = account(row("svc", slot(active=key.is_active)))
    assert operations(plan(key, snapshot=snapshot, options=options)) == ["TagUser"]
    assert plan(key, snapshot=snapshot, options=options, waivers=(waiver(resources=(resource,)),)).changes == ()


@pytest.mark.parametrize(("resource", "planned"), [("signing certificate 2", []), ("access key 2", ["TagUser"])])
def test_a_waiver_of_a_numbered_certificate_spares_all_of_the_user(resource: str, planned: list[str]) -> None:
    certificate = credential(kind=Kind.CERTIFICATE, id="TA7SMP42TDN5Z26OBPJE7EXAMPLE", used=None, slots=())
    given = waiver(control="signing_certificate_age", resources=(resource,))
    made = plan(certificate, options={"stage_credentials": ["signing_certificate"]}, waivers=(given,))
    assert operations(made) == planned


def test_waivers_of_every_control_on_credentials_are_known() -> None:
    assert set().union(*_CONTROLS_ON.values()) == {control.id for control in controls()}


def test_tags_of_keys_that_are_gone_are_taken_away() -> None:
    snapshot = account(row("svc"), **make_noticed())
    assert operations(plan(snapshot=snapshot)) == ["UntagUser"]
    assert plan(snapshot=snapshot, options={"exclude_users": ["svc"]}).changes == ()
    assert plan(snapshot=snapshot, unread={user_arn("svc"): "denied"}).changes == ()


def test_reviews_tell_what_is_next_and_mask_ids() -> None:
    made = planner()
    observed = made.build_observed(
        account(row("svc", slot()), **make_noticed(4)), [credential()], {}, {RUN: Yes((TAGGED,))}
    )
    (review,) = made.make_reviews(observed)
    assert review.as_dict(reveal_key_ids=False) == {
        "user": "svc",
        "kind": "access_key",
        "id": "AKIA…MPLE",
        "status": "Active",
        "reasons": ["unused"],
        "stage": "noticed",
        "since": "2026-11-21T12:00:00Z",
        "next": "deactivate",
        "due": "2026-12-05T12:00:00Z",
        "held_back": None,
    }
    assert review.as_dict(reveal_key_ids=True)["id"] == KEY_ID


def test_commands_are_told_of_deactivations_only() -> None:
    changes = [{"operation": operation, "before": {"id": KEY_ID}} for operation in ("TagUser", "UpdateAccessKey")]
    assert list_commands_back(changes, [credential()]) == [
        f"aws iam update-access-key --user-name svc --access-key-id {KEY_ID} --status Active"
    ]


def test_controls_are_those_on_users_credentials() -> None:
    ids = {control.id for control in controls()}
    assert {"access_key_unused", "access_key_age", "console_password_unused", "signing_certificate_age"} <= ids
    assert Kind.PASSWORD.value not in ids
