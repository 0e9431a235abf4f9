# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the guard are those that its documentation describes."""

from __future__ import annotations

import typing as t

import yaml

from ansible_collections.hardening.iam.plugins.doc_fragments._lock_out import ModuleDocFragment
from ansible_collections.hardening.iam.plugins.module_utils._organization_lock_out import LOCK_OUT_ARGUMENTS
from ansible_collections.hardening.iam.plugins.module_utils._predicting import EVIDENCE_ARGUMENTS


def outline(options: t.Mapping[str, t.Any], inner: str) -> dict[str, t.Any]:
    """Each option without its description: ``inner`` is where its own options are."""
    return {
        name: {
            **{key: option.get(key) for key in ("type", "elements", "default", "required", "choices")},
            "options": outline(option.get(inner) or {}, inner),
        }
        for name, option in options.items()
    }


def test_the_options_are_the_documented_ones() -> None:
    own = {name: option for name, option in LOCK_OUT_ARGUMENTS.items() if name not in EVIDENCE_ARGUMENTS}
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    assert outline(own, "options") == outline(documented, "suboptions")
