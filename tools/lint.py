#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Style of the scripts, and the format of the C++ sources where asked for. Scripts are found by
their suffix or by their first line.

    tools/lint.py                      flake8 and shellcheck, everything
    tools/lint.py --format             clang-format as well
    tools/lint.py [--format] FILE...   these files, as far as there is a tool for them
"""

import collections
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Every version of clang-format has a format of its own.
CLANG_FORMAT_MAJOR = "14"
# As .gitignore has it: build directories stand at the top.
LEFT_OUT = re.compile(r"^build[^/]*/|(^|/)(\.git|__pycache__|\.pytest_cache)(/|$)")
FIRST_LINE = re.compile(rb"#! ?/\S*?(?:/env )?(python3|bash|sh)\b")


def tree_files(root=ROOT):
    """Paths below `root` that git knows or would add; without git, all but what builds leave. Git
    refuses root in a user's checkout unless it is given the directories."""
    directory = os.path.join(root, ".git")
    if os.path.exists(directory) and shutil.which("git"):
        listed = subprocess.run(
            ["git", f"--git-dir={directory}", f"--work-tree={root}", "ls-files", "-z", "--cached",
             "--others", "--exclude-standard"],
            cwd=root, capture_output=True, text=True, check=True).stdout.split("\0")
        return sorted({name for name in listed if os.path.isfile(os.path.join(root, name))})
    found = (os.path.relpath(os.path.join(directory, name), root)
             for directory, _, names in os.walk(root) for name in names)
    return sorted(name for name in found if not LEFT_OUT.search(name))


def language(root, name):
    """python3, bash, sh, c++ or nothing."""
    for suffix, known in ((".py", "python3"), (".bash", "bash"), (".sh", "sh"), (".cpp", "c++"),
                          (".h", "c++")):
        if name.endswith(suffix):
            return known
    with open(os.path.join(root, name), "rb") as file:
        shebang = FIRST_LINE.match(file.readline(100))
    return shebang.group(1).decode() if shebang else ""


def _count(root, files, *commands):
    """Prints what the commands find in lines that begin with a file's name, and returns the numbers
    of files without and with findings. A tool that fails without a finding fails every file."""
    found = collections.Counter()
    broken = False
    for command in commands:
        result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        print(result.stdout + result.stderr, end="", flush=True)
        names = [line.split(":", 1)[0] for line in (result.stdout + result.stderr).splitlines()]
        here = collections.Counter(name for name in names if name in files)
        broken = broken or (result.returncode != 0 and not here)
        found += here
    failed = len(files) if broken else len(found)
    return len(files) - failed, failed


def flake8(root, files):
    return _count(root, files, ["flake8", "--config", os.path.join(ROOT, ".flake8"), *files])


def shellcheck(root, files):
    """By dialect, as files without a first line do not say theirs."""
    dialects = collections.defaultdict(list)
    for name in files:
        dialects[language(root, name)].append(name)
    return _count(root, files, *(["shellcheck", "--format=gcc", f"--shell={dialect}", *names]
                                 for dialect, names in sorted(dialects.items())))


def clang_format(root, files):
    for program in (f"clang-format-{CLANG_FORMAT_MAJOR}", "clang-format"):
        if shutil.which(program) and f"version {CLANG_FORMAT_MAJOR}." in subprocess.run(
                [program, "--version"], capture_output=True, text=True, check=True).stdout:
            style = f"--style=file:{os.path.join(ROOT, '.clang-format')}"
            return _count(root, files, [program, style, "--dry-run", "-Werror", *files])
    print(f"clang-format: no source was checked, as version {CLANG_FORMAT_MAJOR} is not installed",
          flush=True)
    return 0, 0


TOOLS = {flake8: {"python3"}, shellcheck: {"bash", "sh"}, clang_format: {"c++"}}


def lint(tools=(flake8, shellcheck), root=ROOT, names=None):
    """Numbers of files without and with findings, by the name of the tool; findings are printed."""
    languages = {name: language(root, name) for name in (tree_files(root) if names is None else names)}
    counts = {}
    for tool in tools:
        files = [name for name, known in languages.items() if known in TOOLS[tool]]
        counts[tool.__name__] = tool(root, files) if files else (0, 0)
    return counts


def main():
    arguments = sys.argv[1:]
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return 0
    names = [name for name in arguments if name not in ("--format", "--")]
    tools = tuple(TOOLS) if "--format" in arguments else (flake8, shellcheck)
    # Names on the command line are seen from the directory that the command is given in.
    counts = lint(tools, os.getcwd(), names) if names else lint(tools)
    for tool, (passed, failed) in counts.items():
        print(f"{tool}: {passed} passed, {failed} failed", flush=True)
    return 1 if any(failed for _, failed in counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
