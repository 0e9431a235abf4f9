# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small part of tests/sources in each run: modules on one account, each of whose sources fails, and the judge."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

from ansible_collections.hardening.iam.plugins.module_utils._account import collect
from ansible_collections.hardening.iam.plugins.module_utils._module import execution
from sources.failures import kind_of, list_cases
from sources.outcomes import Word, judge
from sources.player import Failure, Played, modules, play
from sources.recorder import Recording, record_all
from sources.walks import load
from unit.emulator.seeded import account, serving

ACCOUNT = "123456789012"
SEED = account(
    users={
        "svc": {
            "access_keys": [{"age_days": 400, "last_used_days": 200}],
            "policies": ["aws:AmazonS3FullAccess"],
            "mfa": ["virtual"],
        }
    }
)
OPTIONS: t.Final[dict[str, dict[str, t.Any]]] = {
    "access_key_lifecycle": {"notify": "none"},
    "access_analyzer": {},
    "password_policy": {"minimum_password_length": 20},
    "user_permissions": {"groups": [{"name": "readers", "users": ["svc"]}], "event_history": False},
}


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """Each module in check mode on the account, by its name."""
    directory = tmp_path_factory.mktemp("recordings")
    with pytest.MonkeyPatch.context() as patch, serving(SEED) as seeded:
        for read in (collect.collect, collect.deepen):
            patch.setitem(t.cast(dict[str, t.Any], read.__kwdefaults__), "sleep", lambda _seconds: None)
        record_all(directory, patch.setattr)
        for module, options in OPTIONS.items():
            entry = modules()[module]
            given = {
                "account_id": ACCOUNT,
                "endpoint_url": seeded.endpoint,
                "regions": ["us-east-1"],
                "journal": str(directory / "journal"),
                "report_dir": str(directory / "reports"),
                "owner_default": "allow",
                "mode": "enforce",
                **options,
            }
            spec = {**aws_argument_spec(), **entry.argument_spec()}
            validation = ArgumentSpecValidator(spec).validate({k: v for k, v in given.items() if k in spec})
            assert not validation.error_messages
            execution.execute(entry, options=validation.validated_parameters, check_mode=True)
    return dict(zip(OPTIONS, load(directory), strict=True))


@pytest.mark.parametrize("module", OPTIONS)
def test_a_recorded_run_is_played_as_it_was(module: str, recordings: dict[str, Recording], tmp_path: Path) -> None:
    played = play(recordings[module], Failure(), tmp_path)
    assert (played.crash, played.missed, played.writes) == ("", [], [])
    recorded = recordings[module].result
    assert recorded["changes"] or recorded["refused"]
    assert (played.result["changes"], played.result["refused"]) == (recorded["changes"], recorded["refused"])


@pytest.mark.parametrize("module", OPTIONS)
def test_no_source_that_fails_lets_more_through(module: str, recordings: dict[str, Recording], tmp_path: Path) -> None:
    recording = recordings[module]
    full = play(recording, Failure(), tmp_path)
    cases = list(list_cases(recording, full))
    assert {"denied", "throttled", "server error"} <= {case.kind for case in cases}
    judged = {(case.source, case.kind): judge(full, play(recording, case.failure, tmp_path)) for case in cases}
    forbidden = {name: found for name, found in judged.items() if found.word in (Word.SILENT, Word.VIOLATION)}
    assert forbidden == {}
    assert {found.word for found in judged.values()} > {Word.SAME, Word.ERROR}


def test_a_source_that_is_cut_off_has_its_first_items_and_no_end(
    recordings: dict[str, Recording], tmp_path: Path
) -> None:
    recording = recordings["access_key_lifecycle"]
    full = play(recording, Failure(), tmp_path)
    (case,) = (
        case for case in list_cases(recording, full) if (case.source, case.kind) == ("iam:ListAccessKeys", "cut off")
    )
    found = play(recording, case.failure, tmp_path)
    assert [refusal["rule"] for refusal in found.result["refused"]] == ["unread"]


def played(**result: t.Any) -> Played:
    writes = result.pop("writes", [])
    return Played(result, writes, set(), set(), [], {})


CHANGE = {
    "service": "iam",
    "operation": "DeleteUser",
    "region": "global",
    "target": "arn:aws:iam::123456789012:user/a",
    "after": None,
}
FAIL = {"control": "a", "region": "global", "resource": "x", "status": "FAIL"}
WRITE = ("iam:DeleteUser", "us-east-1", {"UserName": "a"})


@pytest.mark.parametrize(
    ("full", "found", "word"),
    [
        (played(changes=[CHANGE]), played(changes=[CHANGE]), Word.SAME),
        (played(changes=[]), played(changes=[CHANGE]), Word.VIOLATION),
        (played(changes=[CHANGE]), played(changes=[{**CHANGE, "target": "b"}]), Word.VIOLATION),
        (played(), played(writes=[WRITE]), Word.VIOLATION),
        (played(), played(writes=[WRITE], failed=True, msg="no"), Word.VIOLATION),
        (played(), played(writes=[("s3:PutObject", "us-east-1", {})]), Word.SAME),
        (played(changes=[CHANGE]), played(failed=True, msg="no"), Word.ERROR),
        (played(changes=[CHANGE]), played(changes=[]), Word.SILENT),
        (
            played(changes=[CHANGE], refused=[]),
            played(changes=[], refused=[{"rule": "unread", "target": "a"}]),
            Word.REFUSED,
        ),
        (played(changes=[CHANGE]), played(changes=[], warnings=["it was not read"]), Word.UNKNOWN),
        (played(findings=[FAIL]), played(findings=[{**FAIL, "status": "PASS"}]), Word.VIOLATION),
        (played(findings=[FAIL]), played(findings=[{**FAIL, "resource": "y"}]), Word.VIOLATION),
        (played(findings=[FAIL]), played(findings=[{**FAIL, "status": "NOT_ASSESSED"}]), Word.UNKNOWN),
        (played(findings=[{**FAIL, "status": "PASS"}]), played(findings=[FAIL]), Word.OTHER),
        (
            played(predictions=[{"principal": "a", "outcome": "may_break"}]),
            played(predictions=[{"principal": "a", "outcome": "safe"}]),
            Word.VIOLATION,
        ),
    ],
)
def test_the_judge(full: Played, found: Played, word: Word) -> None:
    assert judge(full, found).word is word


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("control/stop.json", "control/stop.json"),
        ("control/leases/aws/123456789012.json", "control/leases/aws/*.json"),
        ("123456789012/run-1/20261202T035100224101Z-0a68e197/000001-intent.json", "*.json"),
    ],
)
def test_files_of_a_kind(key: str, kind: str) -> None:
    assert kind_of(key) == kind
