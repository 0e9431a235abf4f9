# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of owned ARNs on the controller and in S3."""

from __future__ import annotations

import gzip
import json
import pathlib
import typing as t
from datetime import timedelta

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._account.moments import format_utc
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.tape import Player, Recorder
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.owned_arns import SCHEMA
from emulator.clock import CLOCK
from unit.emulator.seeded import Seeded, account, serving

from .test_ownership import ACCOUNT, ReachOfOne, change, make_owners
from .test_terraform_states import OTHER, refuse

APP: t.Final = f"arn:aws:iam::{ACCOUNT}:role/apps/App"


def content(days: float = 1, **fields: t.Any) -> dict[str, t.Any]:
    """A list that was created some days ago."""
    created = format_utc(CLOCK.now() - timedelta(days=days))
    texts = {"owner": "team payments", "place": "git.example.com/payments"}
    return {"schema": SCHEMA, "created": created, **texts, "accounts": [ACCOUNT], "arns": [APP], **fields}


@pytest.fixture(scope="module")
def aws() -> t.Iterator[Seeded]:
    with serving(account()) as seeded:
        yield seeded


@pytest.fixture(autouse=True)
def one_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Access, "reach", lambda _access: ReachOfOne())


def read(aws: Seeded, tmp_path: pathlib.Path, text: t.Union[str, bytes, None], **entry: t.Any) -> dict[str, str]:
    """The reasons of refusals of a role that the list has, and of another one."""
    path = tmp_path / "owned.json"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    files = [{"path": str(path), **entry} if entry else str(path)]
    return refuse(aws, change("App"), change("other"), owned_arns=files)[0]


@pytest.mark.parametrize("dump", [json.dumps, yaml.safe_dump])
def test_an_object_in_a_list_is_owned_for_certain(
    aws: Seeded, tmp_path: pathlib.Path, dump: t.Callable[[t.Any], str]
) -> None:
    reasons = read(aws, tmp_path, dump(content()))
    assert reasons == {"App": "role App belongs to team payments: change it in git.example.com/payments"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "No such file or directory"),
        ("", "it is empty"),
        (gzip.compress(json.dumps(content()).encode()), "it is gzip-compressed"),
        ("<html></html>", "it is a page of HTML"),
        ("{", "not YAML"),
        (json.dumps(content())[:-30], "not YAML"),
        (json.dumps(content()).replace('"owner"', '"arns": [], "owner"'), "the key 'arns' is given a second time"),
        (json.dumps(content(schema="x")), "it is no list of owned ARNs"),
        (json.dumps(content(days=7.1)), "may be 7 days old at most; export it again"),
        (json.dumps(content(days=-1)), "in the future"),
        (json.dumps(content(arns=["arn:aws:iam::111122223333:role/App"])), "an ARN of account 111122223333"),
    ],
)
def test_a_list_that_says_nothing_holds_back_what_it_may_own(
    aws: Seeded, tmp_path: pathlib.Path, text: t.Union[str, bytes, None], reason: str
) -> None:
    for entry, is_held in (({}, True), ({"accounts": [ACCOUNT]}, True), ({"accounts": [OTHER]}, False)):
        reasons = read(aws, tmp_path, text, **entry)
        assert set(reasons) == ({"App", "other"} if is_held else set())
        assert all(reason in found for found in reasons.values())


def test_the_age_of_an_entry_counts(aws: Seeded, tmp_path: pathlib.Path) -> None:
    assert set(read(aws, tmp_path, json.dumps(content(days=20)), max_age_days=30)) == {"App"}
    assert set(read(aws, tmp_path, json.dumps(content(days=2)), max_age_days=1)) == {"App", "other"}


def test_a_list_of_other_accounts_says_nothing_unless_its_entry_names_this_one(
    aws: Seeded, tmp_path: pathlib.Path
) -> None:
    text = json.dumps(content(accounts=[OTHER], arns=[f"arn:aws:iam::{OTHER}:role/App"]))
    assert read(aws, tmp_path, text) == {}
    reasons = read(aws, tmp_path, text, accounts=[ACCOUNT])
    assert set(reasons) == {"App", "other"}
    assert f"its accounts do not name {ACCOUNT}, and the entry does" in reasons["other"]


def test_a_list_in_s3_is_read_and_recorded(aws: Seeded) -> None:
    client = aws.client("s3", keys=("administrator", "emulated"))
    client.create_bucket(Bucket="owned-arns")
    client.put_object(Bucket="owned-arns", Key="payments.json", Body=json.dumps(content()))
    files = {"owned_arns": ["s3://owned-arns/payments.json"]}
    assert set(refuse(aws, change("App"), change("other"), **files)[0]) == {"App"}
    recorder = Recorder()
    asked = make_owners(aws, tape=recorder, **files).read([change("App")], frozenset(), {})
    player = Player(json.loads(json.dumps(recorder.entries)))
    assert make_owners(aws, tape=player, **files).read([change("App")], frozenset(), {}) == asked
    assert player.missed == ()
