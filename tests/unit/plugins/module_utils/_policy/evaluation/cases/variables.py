# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policy variables in resources and conditions, and the keys that they take from the caller."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers, Outcome, Request

from .case import (
    ALLOWED,
    EXPLICIT,
    IAM,
    IMPLICIT,
    OBJECT,
    ROLE,
    ROOT,
    SESSION,
    USER,
    Case,
    Statement,
    allow,
    deny,
    policy,
)

VARIABLES: t.Final = f"{IAM}reference_policies_variables.html"
VERSION: t.Final = f"{IAM}reference_policies_elements_version.html"
KEYS: t.Final = f"{IAM}reference_policies_condition-keys.html"
ARN: t.Final = f"{IAM}reference_policies_elements_condition_operators.html#Conditions_ARN"

_HOME: t.Final = "arn:aws:s3:::homes/${aws:username}/*"
_TEAM: t.Final = "arn:aws:s3:::teams/${aws:PrincipalTag/team}/*"
_TEAM_OR_COMPANY: t.Final = "arn:aws:s3:::teams/${aws:PrincipalTag/team, 'company'}/*"
_TAG: t.Final = "aws:PrincipalTag/team"

Row = tuple[str, str, Statement, str, str, dict[str, t.Any], Outcome]


def _case(row: Row) -> Case:
    name, source, statement, principal, resource, context, outcome = row
    layers = Layers((policy("Mine", statement),))
    return Case(name, source, Request("s3:GetObject", resource, principal, context), layers, outcome)


def _own(name: str) -> str:
    return f"arn:aws:s3:::homes/{name}/a.txt"


def _team(name: str) -> str:
    return f"arn:aws:s3:::teams/{name}/a.txt"


_ROWS: list[Row] = [
    ("own-name", VARIABLES, allow("s3:*", _HOME), USER, _own("alice"), {}, ALLOWED),
    ("another-name", VARIABLES, allow("s3:*", _HOME), USER, _own("bob"), {}, IMPLICIT),
    ("roles-have-no-user-name", VARIABLES, allow("s3:*", _HOME), ROLE, _own("app"), {}, IMPLICIT),
    ("sessions-have-no-user-name", KEYS, allow("s3:*", _HOME), SESSION, _own("run-1"), {}, IMPLICIT),
    ("tag", VARIABLES, allow("s3:*", _TEAM), USER, _team("blue"), {_TAG: "blue"}, ALLOWED),
    ("another-tag", VARIABLES, allow("s3:*", _TEAM), USER, _team("red"), {_TAG: "blue"}, IMPLICIT),
    ("no-tag", VARIABLES, allow("s3:*", _TEAM), USER, _team("blue"), {}, IMPLICIT),
    ("no-tag-is-not-empty", VARIABLES, allow("s3:*", _TEAM), USER, _team(""), {}, IMPLICIT),
    ("values-are-no-patterns", VARIABLES, allow("s3:*", _TEAM), USER, _team("blue"), {_TAG: "*"}, IMPLICIT),
    ("default", VARIABLES, allow("s3:*", _TEAM_OR_COMPANY), USER, _team("company"), {}, ALLOWED),
    ("default-not-needed", VARIABLES, allow("s3:*", _TEAM_OR_COMPANY), USER, _team("blue"), {_TAG: "blue"}, ALLOWED),
    (
        "default-only-where-it-is-missing",
        VARIABLES,
        allow("s3:*", _TEAM_OR_COMPANY),
        USER,
        _team("company"),
        {_TAG: "blue"},
        IMPLICIT,
    ),
    ("literal-star", VARIABLES, allow("s3:*", "arn:aws:s3:::data/${*}"), USER, "arn:aws:s3:::data/*", {}, ALLOWED),
    ("literal-star-only", VARIABLES, allow("s3:*", "arn:aws:s3:::data/${*}"), USER, OBJECT, {}, IMPLICIT),
    ("literal-question", VARIABLES, allow("s3:*", "arn:aws:s3:::data/${?}"), USER, "arn:aws:s3:::data/a", {}, IMPLICIT),
    ("literal-dollar", VARIABLES, allow("s3:*", "arn:aws:s3:::data/${$}"), USER, "arn:aws:s3:::data/$", {}, ALLOWED),
    (
        "variable-in-a-condition",
        VARIABLES,
        allow("s3:*", Condition={"StringEquals": {"aws:ResourceTag/owner": "${aws:username}"}}),
        USER,
        OBJECT,
        {"aws:ResourceTag/owner": "alice"},
        ALLOWED,
    ),
    (
        "variable-in-a-condition-of-another",
        VARIABLES,
        allow("s3:*", Condition={"StringEquals": {"aws:ResourceTag/owner": "${aws:username}"}}),
        USER,
        OBJECT,
        {"aws:ResourceTag/owner": "bob"},
        IMPLICIT,
    ),
    (
        "variable-in-like",
        VARIABLES,
        allow("s3:*", Condition={"StringLike": {"s3:prefix": "${aws:username}/*"}}),
        USER,
        OBJECT,
        {"s3:prefix": "alice/2026"},
        ALLOWED,
    ),
    (
        "tags-of-both-sides",
        f"{IAM}tutorial_attribute-based-access-control.html",
        allow("s3:*", Condition={"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}),
        ROLE,
        OBJECT,
        {"aws:ResourceTag/team": "blue", _TAG: "blue"},
        ALLOWED,
    ),
    (
        "tags-of-neither-side-are-not-equal",
        VARIABLES,
        allow("s3:*", Condition={"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}),
        ROLE,
        OBJECT,
        {},
        IMPLICIT,
    ),
    # What follows from the caller without being given.
    (
        "principal-arn-of-a-user",
        f"{KEYS}#condition-keys-principalarn",
        allow("s3:*", Condition={"ArnEquals": {"aws:PrincipalArn": USER}}),
        USER,
        OBJECT,
        {},
        ALLOWED,
    ),
    (
        "principal-arn-of-a-session-is-the-role",
        f"{KEYS}#condition-keys-principalarn",
        allow("s3:*", Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}}),
        SESSION,
        OBJECT,
        {},
        ALLOWED,
    ),
    (
        "principal-arn-is-never-the-session",
        f"{KEYS}#condition-keys-principalarn",
        allow("s3:*", Condition={"ArnEquals": {"aws:PrincipalArn": SESSION}}),
        SESSION,
        OBJECT,
        {},
        IMPLICIT,
    ),
    (
        "principal-account",
        f"{KEYS}#condition-keys-principalaccount",
        allow("s3:*", Condition={"StringEquals": {"aws:PrincipalAccount": "111122223333"}}),
        ROLE,
        OBJECT,
        {},
        ALLOWED,
    ),
    (
        "principal-type-of-a-role",
        f"{VARIABLES}#principaltable",
        allow("s3:*", Condition={"StringEquals": {"aws:PrincipalType": "AssumedRole"}}),
        ROLE,
        OBJECT,
        {},
        ALLOWED,
    ),
    (
        "principal-type-of-a-user",
        f"{VARIABLES}#principaltable",
        allow("s3:*", Condition={"StringEquals": {"aws:PrincipalType": "User"}}),
        USER,
        OBJECT,
        {},
        ALLOWED,
    ),
    (
        "no-service-calls",
        f"{KEYS}#condition-keys-principalisawsservice",
        allow("s3:*", Condition={"Bool": {"aws:PrincipalIsAWSService": "false"}}),
        ROLE,
        OBJECT,
        {},
        ALLOWED,
    ),
]


CASES: t.Final = (
    *map(_case, _ROWS),
    Case(
        "resource-account-of-the-arn",
        f"{KEYS}#condition-keys-resourceaccount",
        Request("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:app", ROLE),
        Layers(
            (policy("Mine", allow(Condition={"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}})),)
        ),
        ALLOWED,
    ),
    Case(
        "resource-account-of-another",
        f"{KEYS}#condition-keys-resourceaccount",
        Request("sqs:SendMessage", "arn:aws:sqs:eu-west-1:444455556666:app", ROLE),
        Layers(
            (
                policy("Mine", allow()),
                policy("Own", deny(Condition={"StringNotEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}})),
            )
        ),
        EXPLICIT,
    ),
    Case(
        "no-variables-in-2008",
        VERSION,
        Request("s3:GetObject", _own("alice"), USER),
        Layers((policy("Old", allow("s3:*", _HOME), version="2008-10-17"),)),
        IMPLICIT,
    ),
    Case(
        "variables-are-text-in-2008",
        VERSION,
        Request("s3:GetObject", "arn:aws:s3:::homes/${aws:username}/a.txt", USER),
        Layers((policy("Old", allow("s3:*", _HOME), version="2008-10-17"),)),
        ALLOWED,
    ),
    Case(
        "root-user-arn-in-a-denial",
        f"{KEYS}#condition-keys-principalarn",
        Request("s3:GetObject", OBJECT, ROOT),
        Layers(
            scps=(
                (policy("NoRoot", allow(), deny(Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}})),),
            )
        ),
        EXPLICIT,
        "scp",
    ),
    Case(
        "a-given-principal-arn-wins",
        f"{KEYS}#condition-keys-principalarn",
        Request("s3:GetObject", OBJECT, SESSION, {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/team/app"}),
        Layers(
            (policy("Mine", allow("s3:*", Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/team/*"}})),)
        ),
        ALLOWED,
    ),
    Case(
        "issuer-tells-the-path",
        f"{KEYS}#condition-keys-principalarn",
        Request("s3:GetObject", OBJECT, SESSION, issuer="arn:aws:iam::111122223333:role/team/app"),
        Layers(
            (policy("Mine", allow("s3:*", Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/team/*"}})),)
        ),
        ALLOWED,
    ),
)
