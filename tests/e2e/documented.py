# SPDX-License-Identifier: BSD-3-Clause
"""What the README and the man pages show in blocks: commands and configurations."""

import glob
import os
import re

from conftest import ROOT

README = os.path.join(ROOT, "README.md")
PAGES = sorted(glob.glob(os.path.join(ROOT, "tools", "man", "*.scd")))


def _blocks(path):
    """Of each fenced block its language, empty in a man page, and its lines without the indentation
    of the fence."""
    language, lines, indentation = None, [], 0
    with open(path, encoding="utf-8") as file:
        for line in file.read().splitlines():
            fence = re.fullmatch(r"(\s*)```(\w*)", line)
            if fence and language is None:
                language, lines, indentation = fence[2], [], len(fence[1])
            elif fence:
                yield language, lines
                language = None
            elif language is not None:
                lines.append(line[indentation:])


def _without_comment(line):
    return re.sub(r"(^|\s+)#.*", "", line)


def configurations(path):
    return ["\n".join(lines) + "\n" for language, lines in _blocks(path) if language == "yaml"]


def unnamed(path):
    return ["\n".join(lines) + "\n" for language, lines in _blocks(path) if not language]


def commands(path):
    """Every command line. Man pages have nothing else in their blocks."""
    wanted = "sh" if path == README else ""
    return [command for language, lines in _blocks(path) if language == wanted
            for command in map(_without_comment, lines) if command]
