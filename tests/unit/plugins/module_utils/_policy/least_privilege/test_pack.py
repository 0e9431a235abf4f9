# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t

import jinja2
import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.limits import LIMITS, size
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Evaluator,
    Layers,
    Outcome,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.generate import (
    Generated,
    Status,
    generate,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.pack import write_template
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.principal import PrincipalKind
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.proof import prove

from .samples import (
    ACCOUNT,
    ADMIN,
    DAY,
    NOW,
    ROLE,
    allow,
    blind,
    call,
    deny,
    make_principal,
    make_record,
    new_layers,
    policy,
    run,
    settings,
    statements_of,
)

EU: t.Final = f"eu-west-1:{ACCOUNT}"
MFA: t.Final = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def queues(count: int) -> list[str]:
    return [f"arn:aws:sqs:{EU}:{'queue' * 6}{number:04}" for number in range(count)]


def send_to(names: list[str], old: t.Any = None, **more: t.Any) -> Generated:
    given = {"kind": PrincipalKind.ROLE, **more}
    principal = make_principal(policy(old or allow("*")), **given)
    record = make_record(*(call("sqs:SendMessage", name) for name in names))
    return generate(principal, record, settings())


def test_large_statements_are_split_over_policies_with_room_to_spare() -> None:
    names = queues(300)
    found = send_to(names, old=allow("sqs:*"))
    assert found.status is Status.GENERATED
    assert len(found.documents) > 2
    assert [item.name for item in found.documents] == [f"lp-app-{n}" for n in range(1, len(found.documents) + 1)]
    for item in found.documents:
        assert item.size == size(json.dumps(item.document), item.kind) <= item.limit * 0.9
    after = Evaluator(new_layers(found), principal=ROLE)
    assert all(after.outcome("sqs:SendMessage", name) is Outcome.ALLOWED for name in names)


def test_what_exceeds_the_managed_policies_becomes_inline() -> None:
    found = send_to(queues(150), old=allow("sqs:*"), quota=1)
    assert [item.kind for item in found.documents] == [Kind.MANAGED, Kind.INLINE_ROLE]
    assert found.documents[1].size <= LIMITS[Kind.INLINE_ROLE] * 0.9


def test_what_does_not_fit_is_named_with_its_sizes_and_nothing_is_cut() -> None:
    found = send_to(queues(400), old=allow("sqs:*"), quota=1)
    assert (found.status, found.documents) == (Status.DOES_NOT_FIT, ())
    assert found.misfit is not None
    assert found.misfit.needed > found.misfit.available == LIMITS[Kind.MANAGED] + LIMITS[Kind.INLINE_ROLE]
    assert f"sqs {found.misfit.sizes['sqs']:,}" in found.reason
    assert "prefix" in found.reason
    assert len(found.kept[0].resources) == 400


def test_services_of_which_nothing_is_known_keep_their_wildcards_if_their_actions_do_not_fit() -> None:
    """To name a thousand actions of which none is removable takes nothing away, and no principal has the room."""
    record = make_record(call("sqs:SendMessage", queues(1)[0]), but=[blind("ec2")], last_accessed=False)
    old = policy(allow("ec2:*", Condition=MFA), allow(["sqs:*", "iam:*"]))
    found = generate(make_principal(old, quota=0), record, settings())
    assert found.status is Status.GENERATED
    (statement,) = [item for item in statements_of(found) if "ec2" in json.dumps(item["Action"])]
    assert statement == allow("ec2:*", Condition=MFA)
    assert {item.action for item in found.unknown} >= {"ec2:RunInstances", "ec2:DescribeInstances"}
    assert "iam:CreateUser" in {item.action for item in found.removed}
    assert "actions that AWS adds later are granted by ec2:*" in found.warnings
    proof = prove(Layers(identity=(old,)), new_layers(found), record, removed=[item.action for item in found.removed])
    assert proof.is_proved


@pytest.mark.parametrize(
    ("old", "quota"),
    [({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, 0), (allow("ecs:*Task"), 0), (allow("ecs:*"), 10)],
    ids=["NotAction", "part of a service", "enough room"],
)
def test_no_wildcard_is_made_that_is_not_needed_or_not_that_of_a_service(old: t.Any, quota: int) -> None:
    record = make_record(call("sqs:SendMessage", queues(1)[0]), but=[blind("ecs")], last_accessed=False)
    found = generate(make_principal(policy(allow("sqs:*"), old), quota=quota), record, settings())
    actions = [item["Action"] for item in statements_of(found)]
    assert "ecs:*" not in actions and (actions or found.status is Status.DOES_NOT_FIT)


def test_without_dates_of_last_access_the_reason_is_not_the_size_of_services() -> None:
    """To name resources by prefix would change nothing: nearly everything stays because nobody knows what is used."""
    record = make_record(call("sqs:SendMessage", queues(1)[0]), but=[blind("ec2")], last_accessed=False)
    principal = make_principal(policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}), quota=0)
    unread = generate(principal, record, settings())
    assert unread.status is Status.DOES_NOT_FIT
    assert "service last accessed was not read, so all " in unread.reason
    assert "iam:GetServiceLastAccessedDetails" in unread.reason
    assert "set assume_logged" in unread.reason
    assert "prefix" not in unread.reason
    gap = dataclasses.replace(record.coverage, gaps=((NOW - 9 * DAY, NOW - 7 * DAY),))
    missing = generate(principal, dataclasses.replace(record, coverage=gap), settings()).reason
    assert "give the log files of all days: some are missing since 2026-11-19" in missing
    assert "assume_logged" not in missing
    assert "Set the level of these services to prefix" in send_to(queues(400), old=allow("sqs:*"), quota=1).reason


def test_a_service_is_split_over_managed_policies_before_one_is_inline() -> None:
    """A document that is given back as it is, without its kind, fits a managed policy."""
    found = send_to(queues(110), old=allow("sqs:*"))
    assert sum(item.size for item in found.documents) > LIMITS[Kind.MANAGED]
    assert {item.kind for item in found.documents} == {Kind.MANAGED}


@pytest.mark.parametrize(
    "kind, expected",
    [
        (PrincipalKind.ROLE, [Kind.MANAGED]),
        (PrincipalKind.USER, [Kind.MANAGED]),
        (PrincipalKind.GROUP, [Kind.MANAGED]),
        (PrincipalKind.PERMISSION_SET, [Kind.INLINE_ROLE]),
    ],
)
def test_the_first_document_is_where_the_kind_of_principal_has_it(kind: PrincipalKind, expected: list[Kind]) -> None:
    assert [item.kind for item in send_to(queues(2), old=allow("sqs:*"), kind=kind).documents] == expected


def test_a_user_has_less_room_inline() -> None:
    assert send_to(queues(30), old=allow("sqs:*"), kind=PrincipalKind.USER, quota=0).status is Status.DOES_NOT_FIT
    assert send_to(queues(10), old=allow("sqs:*"), kind=PrincipalKind.USER, quota=0).status is Status.GENERATED


def test_a_service_stays_together_and_denials_apart() -> None:
    uses = [call("sqs:SendMessage", name) for name in queues(70)]
    uses += [call("sns:Publish", name.replace(":sqs:", ":sns:")) for name in queues(70)]
    found = run([allow(["sqs:*", "sns:*"]), deny("sqs:Delete*")], *uses)
    services = [{name.partition(":")[0] for name in json.dumps(item.document).split('"') if name.startswith("s")}
                for item in found.documents]  # fmt: skip
    assert [item.name for item in found.documents] == ["lp-app-deny1", "lp-app-1", "lp-app-2"]
    assert services[1:] in ([{"sqs"}, {"sns"}], [{"sns"}, {"sqs"}])


def test_a_large_denial_is_not_cut() -> None:
    names = [f"iam:{'A' * 40}{number}" for number in range(140)]
    principal = make_principal(policy(ADMIN, deny(names)))
    found = generate(principal, make_record(call("sqs:SendMessage", queues(1)[0])), settings())
    kept = [item for one in found.documents for item in one.policy.statements if not item.allow]
    assert [item.actions for item in kept] == [tuple(names)]
    assert found.documents[0].kind is Kind.INLINE_ROLE


def test_ids_of_denials_do_not_collide() -> None:
    principal = make_principal(policy(ADMIN, {"Sid": "No", **deny("iam:*")}), policy({"Sid": "No", **deny("ec2:*")}))
    found = generate(principal, make_record(call("sqs:SendMessage", queues(1)[0])), settings())
    denying = found.documents[0].policy.statements
    assert sorted(item.sid or "" for item in denying) == ["", "No"]
    assert {item.actions for item in denying} == {("iam:*",), ("ec2:*",)}


def test_a_permission_set_is_named_by_its_title() -> None:
    arn = "arn:aws:sso:::permissionSet/ssoins-1/ps-1"
    principal = make_principal(policy(allow("sqs:*")), arn=arn, kind=PrincipalKind.PERMISSION_SET, title="Dev Ops")
    record = dataclasses.replace(make_record(call("sqs:SendMessage", queues(1)[0])), principal_arn=arn)
    found = generate(principal, record, settings())
    assert [item.name for item in found.documents] == ["lp_set-Dev-Ops-1"]


def test_a_template_has_a_placeholder_for_the_account() -> None:
    document = {
        "Statement": [
            {"Resource": [f"arn:aws:sqs:{EU}:in", f"arn:aws:s3:::logs-{ACCOUNT}", f"arn:aws:s3:::x{ACCOUNT}0"]},
            {"Condition": {"StringEquals": {"aws:ResourceAccount": ACCOUNT}}},
        ]
    }
    written = write_template(document, ACCOUNT)
    assert written["Statement"][0]["Resource"] == [
        "arn:aws:sqs:eu-west-1:{{ aws_account_id }}:in",
        "arn:aws:s3:::logs-{{ aws_account_id }}",
        f"arn:aws:s3:::x{ACCOUNT}0",
    ]
    assert written["Statement"][1] == {"Condition": {"StringEquals": {"aws:ResourceAccount": "{{ aws_account_id }}"}}}
    assert json.loads(json.dumps(written).replace("{{ aws_account_id }}", ACCOUNT)) == document
    assert write_template(document, "") == document


@pytest.mark.parametrize(
    "hostile",
    [
        *("{{ lookup('pipe', 'id') }}", "{% for x in y %}", "{# gone #}", "{{{ x", "{{%"),
        # The account id is an expression in the template, and a brace before it would be a part of that.
        *(f"{{{ACCOUNT}", f"${{{ACCOUNT}}}", f"{{{{{ACCOUNT}}}}}", f"{{{ACCOUNT}0", f"{{%{ACCOUNT}"),
    ],
)
def test_names_in_a_template_are_text_and_no_expressions(hostile: str) -> None:
    """Others choose the keys of objects and the names of resources, and a template is rendered on a controller."""
    document = {"Resource": f"arn:aws:s3:::logs-{ACCOUNT}/{hostile}"}
    written = json.dumps(write_template(document, ACCOUNT))
    rendered = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False).from_string(written)
    assert json.loads(rendered.render(aws_account_id=ACCOUNT)) == document


def test_no_two_principals_have_policies_of_the_same_name() -> None:
    """Managed policies share one namespace: to create a second one of a name would replace the first."""
    old = policy(allow("sqs:*"), deny("sqs:DeleteQueue"))
    names = []
    for kind, name in (
        (PrincipalKind.ROLE, "app"),
        (PrincipalKind.ROLE, "app-deny"),
        (PrincipalKind.ROLE, "app-deny1"),
        (PrincipalKind.ROLE, "user-app"),
        (PrincipalKind.USER, "app"),
        (PrincipalKind.GROUP, "app"),
        (PrincipalKind.GROUP, "g" * 128),
        (PrincipalKind.GROUP, "g" * 127 + "h"),
    ):
        arn = f"arn:aws:iam::{ACCOUNT}:{kind.value}/{name}"
        record = dataclasses.replace(make_record(call("sqs:SendMessage", queues(1)[0])), principal_arn=arn)
        found = generate(make_principal(old, arn=arn, kind=kind), record, settings())
        names += [item.name for item in found.documents]
    assert len(names) == 16
    assert len({name.lower() for name in names}) == len(names)
    assert max(map(len, names)) <= 128
