# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account import fields
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import Unparsable
from ansible_collections.hardening.iam.plugins.module_utils._module.answers import fail_as_a_call


def test_an_answer_that_does_not_parse_can_fail_as_a_call() -> None:
    with pytest.raises(Unparsable, match="does not parse: key is missing"), fail_as_a_call():
        fields.text({}, "key")
    with pytest.raises(KeyError), fail_as_a_call():
        raise KeyError("key")
