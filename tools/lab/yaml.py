# SPDX-License-Identifier: BSD-3-Clause
"""Writes plain dicts and lists as YAML that a person would write."""

import json


def _scalar(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    text = str(value)
    return text if text and all(c.isalnum() or c in "._/-:" for c in text) else json.dumps(text)


def _flow(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    text = _scalar(value)
    return json.dumps(text) if isinstance(value, str) and text.endswith(":") else text


def dump(value, indent=0):
    """A mapping whose short values are written in one line."""
    lines = []
    pad = " " * indent
    for key, item in value.items():
        if isinstance(item, list) and item and isinstance(item[0], dict):
            lines.append(f"{pad}{key}:")
            for element in item:
                first, *rest = dump(element, indent + 4).splitlines()
                lines.append(f"{pad}  - {first.strip()}")
                lines.extend(rest)
        else:
            lines.append(f"{pad}{key}: {_flow(item)}")
    return "\n".join(lines) + "\n"
