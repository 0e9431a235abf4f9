# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess
import sys
import typing as t
from pathlib import Path

import botocore.handlers
import botocore.session
import pytest
from botocore.loaders import JSONFileLoader

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._aws.sdk import new_session, warm

PACKAGE = "ansible_collections.hardening.iam.plugins.module_utils._aws"


LINKED: t.Final = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[5] / ".cache" / "link")}


def make_client(service: str) -> t.Any:
    session = new_session()
    session.set_credentials("AKIA", "secret")
    return session.create_client(service, region_name="eu-west-1")


def test_a_warm_process_reads_no_more_files(monkeypatch: pytest.MonkeyPatch) -> None:
    warm(Operations(reads=frozenset({"organizations:DescribeOrganization", "no-such-service:GetThing"})))
    read: list[str] = []
    load = JSONFileLoader.load_file

    def record(loader: JSONFileLoader, path: str) -> t.Any:
        read.append(path)
        return load(loader, path)

    monkeypatch.setattr(JSONFileLoader, "load_file", record)
    make_client("sts")
    make_client("organizations")
    # That this looks for files in the right place at all: nothing here has asked for this service.
    assert [path for path in read if path.endswith(".json")] == read == []
    make_client("importexport")
    assert any("importexport" in path for path in read)


def test_a_profile_that_does_not_exist_does_not_stop_the_plugin_from_loading() -> None:
    """It is an error of the credentials, which Access explains."""
    script = f"""
import os
os.environ.update(AWS_PROFILE="nowhere", AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
from {PACKAGE} import access, errors, operations, options
access.warm(operations.Operations(reads=frozenset(["iam:ListUsers"])))
try:
    access.Access(options.AccessOptions(), operations=operations.Operations(), check_mode=True)
except errors.InvalidCredentials as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], env=LINKED, text=True, capture_output=True, check=True)
    assert "The config profile (nowhere) could not be found.\nSet AWS_PROFILE" in done.stdout


def test_sessions_share_data_but_no_handlers_and_no_credentials() -> None:
    one, other = new_session(), new_session()
    version = ("organizations", "service-2")
    models = [session.get_component("data_loader").load_service_model(*version) for session in (one, other)]
    assert models[0] is models[1]
    heard: list[str] = []
    one.register("my-event", lambda **_unused: heard.append("one"))
    one.set_credentials("AKIA", "secret")
    other.emit("my-event")
    assert heard == []
    assert other.get_credentials() is not one.get_credentials()


def test_sessions_have_botocores_own_handlers() -> None:
    # iam.GetUser's policies arrive as URL-encoded JSON; a handler of botocore decodes them.
    parsed = {"PolicyDocument": "%7B%22Version%22%3A%20%222012-10-17%22%7D"}
    client = make_client("iam")
    model = client.meta.service_model.operation_model("GetUserPolicy")
    client.meta.events.emit("after-call.iam.GetUserPolicy", parsed=parsed, model=model, http_response=None, context={})
    assert parsed["PolicyDocument"] == {"Version": "2012-10-17"}


def find_handlers(session: t.Any, event: str) -> list[t.Any]:
    """The handlers of an event in the order in which they are called."""
    emitter = session.get_component("event_emitter")
    return list(getattr(emitter, "_emitter", emitter)._handlers.prefix_search(event))


@pytest.mark.parametrize("operations", [None, Operations(reads=frozenset({"s3:GetObject", "iam:ListUsers"}))])
def test_sessions_lack_no_handler_that_a_call_needs(operations: t.Optional[Operations]) -> None:
    plain, ours = botocore.session.Session(), new_session(operations=operations)
    events = [name for name, *_handler in botocore.handlers.BUILTIN_HANDLERS if not name.startswith("docs.")]
    aliased = [plain.get_component("event_emitter")._alias_event_name(name) for name in events]
    assert [find_handlers(ours, name) for name in aliased] == [find_handlers(plain, name) for name in aliased]
    assert find_handlers(ours, "docs.request-params.s3.GetObject.complete-section") == []


def test_sessions_without_s3_lack_its_handlers_only() -> None:
    plain, ours = botocore.session.Session(), new_session(operations=Operations(reads=frozenset({"iam:ListUsers"})))
    of_any = find_handlers(plain, "before-parameter-build.nothing.GetObject")
    assert len(find_handlers(plain, "before-parameter-build.s3.GetObject")) > len(of_any)
    assert find_handlers(ours, "before-parameter-build.s3.GetObject") == of_any
    for event in ("after-call.iam.GetUserPolicy", "before-parameter-build.s3-control", "before-call.ec2.CopySnapshot"):
        assert find_handlers(ours, event) == find_handlers(plain, event) != []


def test_without_botocore_everything_imports_and_access_says_what_is_missing(link_tree: Path) -> None:
    script = f"""
import sys
sys.path.insert(0, {str(link_tree)!r})
sys.modules["botocore"] = None
from {PACKAGE} import access, operations, options, s3_store
access.warm(operations.Operations(reads=frozenset(["iam:ListUsers"])))
assert not access.HAS_BOTO3
for start in (
    lambda: access.Access(options.AccessOptions(), operations=operations.Operations(), check_mode=True),
    lambda: s3_store.S3Store("s3://bucket/prefix", options.AccessOptions()),
):
    try:
        start()
    except access.InvalidRequest as error:
        print(error)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.count("boto3 and botocore are required") == 2
