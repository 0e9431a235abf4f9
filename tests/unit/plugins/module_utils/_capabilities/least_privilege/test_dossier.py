# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A dossier is read as it was kept, and whatever somebody put in its place is refused."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.dossier import (
    PROVED,
    UNPROVEN,
    Dossier,
    DossierError,
    hash_layers,
    make_dossier,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.owners.before import Before
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.trial import Trial, make_trial
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.generate import generate
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.proof import Entry, Proof
from ansible_collections.hardening.iam.plugins.module_utils._prediction.proposals.propose import Proposed

from ..._policy.least_privilege.samples import ROLE as LP_ROLE
from ..._policy.least_privilege.samples import allow as allow_statement
from ..._policy.least_privilege.samples import call, make_principal, make_record, policy, settings
from .samples import ADMIN, OLD, POLICIES, ROLE, TRIAL, allow

BEFORE: t.Final = Before({ADMIN: None, OLD: allow("sns:*")}, {"extra": allow("sqs:*")})
DOSSIER: t.Final = Dossier(
    ROLE, "AROAOLD", PROVED, POLICIES, TRIAL, used=("s3:getobject",), summary={"removed": 3}, before=BEFORE
)


def test_a_dossier_is_read_as_it_was_kept() -> None:
    assert Dossier.of_bytes(DOSSIER.as_bytes(), ROLE, "AROAOLD") == DOSSIER
    assert DOSSIER.is_proved and len(DOSSIER.sha256) == 64


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        # Its policies may not be those of another role, and nothing but its policies proves a trial.
        ({"policies": [dataclasses.asdict(dataclasses.replace(POLICIES[0], name="lp-admin-1"))]}, "no name"),
        ({"policies": [dataclasses.asdict(dataclasses.replace(POLICIES[0], name="lp-dev-shop-2-1"))]}, "no name"),
        ({"trial": dataclasses.asdict(dataclasses.replace(TRIAL, content=allow("*")))}, "other calls"),
        ({"trial": dataclasses.asdict(dataclasses.replace(TRIAL, name="lp-admin-trial"))}, "not the one"),
        ({"trial": None}, "not the one"),
        ({"schema": "other"}, "schema"),
        ({"role_id": "AROANEW"}, "is about"),
        ({"role_arn": f"{ROLE}2"}, "is about"),
        ({"policies": []}, "empty"),
        # The old policies become names in patches, and a policy of AWS has no content of ours.
        ({"before": {"attached": {"arn:aws:iam::1:role/x": None}, "inline": {}}}, "not the name of a policy"),
        ({"before": {"attached": {f"{ADMIN}\n#": None}, "inline": {}}}, "not the name of a policy"),
        ({"before": {"attached": {ADMIN: allow("*")}, "inline": {}}}, "of AWS"),
        ({"before": {"attached": {OLD: None}, "inline": {}}}, "is missing"),
        ({"before": {"attached": {}, "inline": {'a" b': {}}}}, "not the name of a policy"),
        ({"before": {"attached": {}}}, "inline"),
        (
            {"policies": [{"name": "lp-dev-shop-1", "content": {"Statement": 1}, "is_managed": True}]},
            "does not accept",
        ),
        ({"policies": [{"name": "x"}]}, "no dossier"),
        ({"trial": {"name": "x", "content": [], "is_managed": True}}, "does not accept"),
        ({"used": None}, "no dossier"),
    ],
)
def test_a_forged_dossier_is_refused(fields: dict[str, t.Any], text: str) -> None:
    record = {**json.loads(DOSSIER.as_bytes()), **fields}
    with pytest.raises(DossierError, match=text):
        Dossier.of_bytes(json.dumps(record).encode(), ROLE, "AROAOLD")


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"null", b"\xff", b'{"schema": 1}'])
def test_a_broken_dossier_is_refused(content: bytes) -> None:
    with pytest.raises(DossierError):
        Dossier.of_bytes(content, ROLE, "AROAOLD")


def propose(*proofs: Proof) -> Dossier:
    principal = make_principal(policy(allow_statement("sqs:*")))
    record = make_record(call("sqs:SendMessage"))
    generated = generate(principal, record, settings())
    subject = dataclasses.make_dataclass("Chosen", ["arn"])(LP_ROLE)
    return make_dossier(Proposed(t.cast(t.Any, subject), record, generated, proofs), principal, {})


def test_the_dossier_of_generated_policies() -> None:
    dossier = propose(Proof(LP_ROLE, "", 1))
    assert dossier.outcome == PROVED and dossier.used == ("sqs:sendmessage",)
    assert dossier.trial is not None and dossier.trial.name.endswith("-trial")
    assert propose(Proof(LP_ROLE, "", 1)).as_bytes() == dossier.as_bytes()
    assert Dossier.of_bytes(dossier.as_bytes(), LP_ROLE, dossier.role_id).as_bytes() == dossier.as_bytes()
    lost = Proof(LP_ROLE, "", 1, lost=(Entry("sqs:SendMessage", "*", "x"),))
    assert propose(lost).outcome == UNPROVEN
    assert propose(lost).proof_sha256 != dossier.proof_sha256


def parse_all(*documents: dict[str, t.Any]) -> list[Policy]:
    return [parse(document) for document in documents]


def test_a_trial_has_all_statements_under_names_of_their_own() -> None:
    first, second = allow("s3:GetObject"), allow("sqs:SendMessage")
    for document in (first, second):
        document["Statement"][0]["Sid"] = "Same"
    trial = make_trial("x-trial", parse_all(first, second))
    assert isinstance(trial, Trial)
    assert [item["Sid"] for item in trial.policy.content["Statement"]] == ["Same", "Same2"]
    assert trial.untested == ()


def test_what_does_not_fit_in_a_boundary_gives_no_trial() -> None:
    large = [allow(*(f"s3:Action{number}x{index}" for index in range(200))) for number in range(3)]
    assert "a boundary may have 6,144" in str(make_trial("x", parse_all(*large)))
    other = {**allow("s3:GetObject"), "Version": "2008-10-17"}
    assert "different versions" in str(make_trial("x", parse_all(allow("s3:GetObject"), other)))


def on(resource: str, *actions: str) -> dict[str, t.Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_a_trial_that_is_too_large_is_written_shorter_and_never_narrower() -> None:
    """Unknown actions come first: all of what they are, since nobody would see their denials."""
    unknown = [f"{service}:Action{number}" for service in ("iot", "dax") for number in range(250)]
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}]}
    policies = parse_all(on("arn:aws:s3:::data/*", "s3:GetObject"), on("arn:aws:iot:*:*:thing/*", *unknown), deny)
    trial = make_trial("x-trial", policies, {action.lower() for action in unknown})
    assert isinstance(trial, Trial)
    assert trial.untested == ("dax", "iot")
    found = [(item["Effect"], item["Action"], item["Resource"]) for item in trial.policy.content["Statement"]]
    assert sorted(map(str, found)) == sorted(
        map(
            str,
            [
                ("Allow", "s3:GetObject", "arn:aws:s3:::data/*"),
                ("Deny", "s3:DeleteBucket", "*"),
                ("Allow", ["dax:*", "iot:*"], "*"),
            ],
        )
    )


def test_of_a_service_in_use_only_the_kept_actions_are_allowed_everywhere() -> None:
    unknown = [f"s3:Unknown{number}" for number in range(200)]
    spread = [on(f"arn:aws:s3:::{number}{'x' * 300}/*", *unknown[number::10]) for number in range(10)]
    policies = parse_all(on("arn:aws:s3:::data/*", "s3:GetObject"), *spread)
    trial = make_trial("x-trial", policies, {action.lower() for action in unknown})
    assert isinstance(trial, Trial)
    assert trial.untested == ("s3",)
    by_resource = {str(item["Resource"]): item["Action"] for item in trial.policy.content["Statement"]}
    assert by_resource["arn:aws:s3:::data/*"] == "s3:GetObject"
    assert set(by_resource["*"]) == set(unknown)


def test_the_layers_above_a_role_have_one_hash_whatever_their_own_policies_are() -> None:
    one, other = parse_all(allow("s3:*"), allow("sqs:*"))
    assert hash_layers(Layers(identity=(one,))) == hash_layers(Layers(identity=(other,)))
    hashes = {
        hash_layers(layers)
        for layers in (Layers(), Layers(boundary=one), Layers(scps=((one,),)), Layers(rcps=((one,),)), Layers(scps=()))
    }
    assert len(hashes) == 5
    assert hash_layers(Layers(scps=((one, other),))) == hash_layers(Layers(scps=((other, one),)))
    assert hash_layers(Layers(scps=((one,), (other,)))) != hash_layers(Layers(scps=((other,), (one,))))
