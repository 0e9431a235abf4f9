# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A callback of Ansible that displays nothing: where it is loaded, the workers record what the modules read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record_sources
type: aggregate
short_description: Records what the modules of a run read
description:
  - For the tests in tests/sources alone.
"""


class CallbackModule(CallbackBase):
    """Loaded before the workers are forked."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "record_sources"

    def __init__(self, *arguments: object, **named: object) -> None:
        super().__init__(*arguments, **named)
        sys.path.append(str(Path(__file__).resolve().parents[2]))
        from ansible_collections.hardening.iam.plugins.plugin_utils import _in_process
        from sources import recorder

        recorder.record_all(Path(os.environ["HARDENING_SOURCES_TO"]), setattr, alone=True)
        _in_process.execute = recorder.execution.execute
