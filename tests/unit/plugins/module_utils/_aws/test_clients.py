# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest
from botocore.exceptions import EndpointConnectionError

from ansible_collections.hardening.iam.plugins.module_utils._aws.clients import ClientPool, client_config
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import InvalidRequest
from ansible_collections.hardening.iam.plugins.module_utils._aws.fence import OperationFence
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions
from ansible_collections.hardening.iam.plugins.module_utils._aws.sdk import new_session


class Refused(Exception):
    """The permit has ended."""


class NoPermit:
    def check(self) -> None:
        raise Refused


def pool(**options: t.Any) -> ClientPool:
    return ClientPool(new_session(), AccessOptions(**options), fence=OperationFence(Operations(), check_mode=True))


def test_a_client_is_made_once_for_all_threads() -> None:
    clients = pool()
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _number: clients.client("iam", "us-east-1"), range(32)))
    assert len(set(map(id, made))) == 1
    assert clients.client("iam", "eu-west-1") is not made[0]


def test_the_collection_is_named_and_attempts_are_bounded() -> None:
    config = pool().client("iam", "us-east-1").meta.config
    assert config.user_agent_extra == "hardening.iam"
    assert config.retries == {"mode": "adaptive", "total_max_attempts": 4}
    assert (config.connect_timeout, config.read_timeout) == (5, 30)


def test_the_job_is_named_beside_the_collection() -> None:
    config = pool(mark="job/run-1/job-1").client("iam", "us-east-1").meta.config
    assert config.user_agent_extra == "hardening.iam job/run-1/job-1"


def test_aws_config_goes_over_ours() -> None:
    config = client_config(AccessOptions(aws_config={"read_timeout": 7, "retries": {"mode": "standard"}}))
    assert (config.read_timeout, config.connect_timeout) == (7, 5)
    assert config.retries == {"mode": "standard"}
    assert config.user_agent_extra == "hardening.iam"


@pytest.mark.parametrize("aws_config", [{"no_such_setting": 1}, {"retries": {"mode": "endless"}}])
def test_an_unknown_setting_is_named(aws_config: dict[str, t.Any]) -> None:
    with pytest.raises(InvalidRequest, match="^aws_config: .*(no_such_setting|endless)"):
        client_config(AccessOptions(aws_config=aws_config))


def test_the_endpoint_comes_from_the_option_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1111")
    assert pool().client("iam", "us-east-1").meta.endpoint_url == "http://127.0.0.1:1111"
    given = pool(endpoint_url="http://127.0.0.1:2222").client("iam", "us-east-1")
    assert given.meta.endpoint_url == "http://127.0.0.1:2222"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nonsense")
    with pytest.raises(InvalidRequest, match="AWS_ENDPOINT_URL, or endpoint_url of the profile: .*nonsense"):
        pool().client("iam", "us-east-1")


def test_sts_is_asked_in_its_region() -> None:
    assert pool().client("sts", "eu-west-1").meta.endpoint_url == "https://sts.eu-west-1.amazonaws.com"


@pytest.mark.parametrize("once", [True, False], ids=["sent-once", "patient"])
def test_each_attempt_at_a_write_needs_the_permit(once: bool) -> None:
    operations = Operations(reads=frozenset({"iam:GetUser"}), writes=frozenset({"iam:DeleteUser"}))
    clients = ClientPool(
        new_session(),
        AccessOptions(endpoint_url="http://127.0.0.1:9", access_key="AKIAEXAMPLE", secret_key="x"),
        fence=OperationFence(operations, check_mode=False),
        permit=NoPermit(),
    )
    clients._session.set_credentials("AKIAEXAMPLE", "x")
    with pytest.raises(Refused):
        clients.client("iam", "us-east-1", once=once, writes=True).delete_user(UserName="anna")
    with pytest.raises(EndpointConnectionError):
        clients.client("iam", "us-east-1", once=True).get_user(UserName="anna")


SIGN_IN_CALLS: t.Final = {
    "list_sessions": {},
    "create_o_auth2_token": {"tokenInput": {"clientId": "x", "grantType": "x"}},
}


def urls_of(client: t.Any, calls: t.Mapping[str, t.Any] = SIGN_IN_CALLS) -> list[str]:
    """The URLs that calls would be sent to."""
    found: list[str] = []

    def stop(*, request: t.Any, **_unused: t.Any) -> None:
        found.append(request.url)
        raise Refused

    client.meta.events.register_first("before-send", stop)
    for name, asked in calls.items():
        with pytest.raises(Refused):
            getattr(client, name)(**asked)
    return found


@pytest.fixture
def sign_in(monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., t.Any]:
    """Makes clients of Sign-In, if this botocore knows its sessions."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    loader = new_session().get_component("data_loader")
    if "signin" not in loader.list_available_services("service-2"):
        pytest.skip("this botocore knows no Sign-In")
    if "ListSessions" not in new_session().get_service_model("signin").operation_names:
        pytest.skip("this botocore knows no sessions of Sign-In")

    def make(**options: t.Any) -> t.Any:
        fence = OperationFence(Operations(reads=frozenset({"signin:ListSessions", "signin:CreateOAuth2Token"})), True)
        return ClientPool(new_session(), AccessOptions(**options), fence=fence).client("signin", "eu-west-1")

    return make


def test_calls_on_sign_in_sessions_obey_the_endpoint(
    sign_in: t.Callable[..., t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = "http://127.0.0.1:2222"
    assert urls_of(sign_in(endpoint_url=own)) == [f"{own}/list-sessions", f"{own}/v1/token"]
    monkeypatch.setenv("AWS_ENDPOINT_URL_SIGNIN", "http://127.0.0.1:3333/base/")
    assert urls_of(sign_in())[0] == "http://127.0.0.1:3333/base/list-sessions"


def test_calls_on_sign_in_sessions_go_to_aws_without_an_endpoint(sign_in: t.Callable[..., t.Any]) -> None:
    calls = {"list_sessions": {}}
    assert urls_of(sign_in(), calls) == ["https://signin.eu-west-1.api.aws/list-sessions"]


@pytest.mark.parametrize(
    ("headers", "behind"),
    [
        ({"Date": 120}, 120),
        ({"Date": -120}, 0),
        ({"Date": 86_400}, 900),
        ({"Date": "nonsense"}, 0),
        ({}, 0),
    ],
)
def test_the_clock_of_aws_is_noted_where_it_is_ahead(headers: dict[str, t.Any], behind: float) -> None:
    clients = pool()
    client = clients.client("iam", "us-east-1")
    dates = {
        name: format_datetime(datetime.now(UTC) + timedelta(seconds=value)) if isinstance(value, int) else value
        for name, value in headers.items()
    }
    answer = SimpleNamespace(headers=dates, status_code=200)
    model = client.meta.service_model.operation_model("DeleteUser")
    client.meta.events.emit("after-call.iam.DeleteUser", http_response=answer, parsed={}, model=model, context={})
    assert clients.behind == pytest.approx(behind, abs=2)
