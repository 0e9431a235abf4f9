# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Months of calls by the principals of a seed, made from a short description of a working day.

Nothing here imports moto, so tests may take the events without a server: ``tests/developer_events.py``.
"""
