# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Intruders with the leaked key of the seed ``incident``, each a program of its own.

They know AWS, and nothing of the collection: they compare what is there with what was there when they came, and undo
the difference. ``python -m intruders.undo --url URL`` lets one of them work for some seconds, and prints what is left.
"""
