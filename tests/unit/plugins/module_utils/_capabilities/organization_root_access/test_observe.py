# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, InvalidRequest, Unparsable
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_root_access.observe import (
    read_features,
)


class Features:
    """Answers ListOrganizationsFeatures, or raises."""

    def __init__(self, answer: t.Union[dict[str, t.Any], Exception]) -> None:
        self._answer = answer

    def call(self, _service: str, _operation: str) -> dict[str, t.Any]:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def read(answer: t.Union[dict[str, t.Any], Exception]) -> frozenset[str]:
    return read_features(t.cast(t.Any, Features(answer)))


def test_the_features_that_are_on() -> None:
    assert read({"EnabledFeatures": ["RootSessions"]}) == {"RootSessions"}
    assert read({"EnabledFeatures": []}) == frozenset()
    assert read(InvalidRequest("no", code="ServiceAccessNotEnabledException")) == frozenset()


@pytest.mark.parametrize("answer", [{}, {"EnabledFeatures": "RootSessions"}, {"EnabledFeatures": None}])
def test_an_answer_without_features_does_not_say_that_none_is_on(answer: dict[str, t.Any]) -> None:
    with pytest.raises(Unparsable):
        read(answer)


def test_a_denied_read_stays_an_error() -> None:
    with pytest.raises(AccessDenied):
        read(AccessDenied("no", code="AccessDenied"))
