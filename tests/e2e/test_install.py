# SPDX-License-Identifier: BSD-3-Clause
"""`meson install` puts everything where a host looks for it."""

import os
import subprocess

import pytest
from conftest import BUILD, ROOT

EXAMPLES = os.listdir(os.path.join(ROOT, "tools", "examples"))


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """What is below the prefix of the build, /usr/local unless it was set up otherwise."""
    destination = tmp_path_factory.mktemp("install")
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet"], check=True,
                   env={**os.environ, "DESTDIR": str(destination)})
    [found] = destination.glob("**/sbin/lbd")
    return found.parent.parent


def _files(prefix):
    return {str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file()}


def test_every_file_has_its_place_and_nothing_else_is_installed(prefix):
    assert _files(prefix) == {
        "bin/lbctl", "sbin/lbd", "sbin/lbd-realserver", "sbin/lbd-upgrade",
        "lib/systemd/system/lbd.service", "lib/systemd/system/lbd-realserver.service",
        "share/bash-completion/completions/lbctl", "share/bash-completion/completions/lbd",
        "share/zsh/site-functions/_lbctl", "share/zsh/site-functions/_lbd",
        "share/lbd/lbctl.schema.json", "share/man/man1/lbctl.1", "share/man/man5/lbd.yaml.5",
        "share/man/man7/lbd-guide.7", "share/man/man7/lbd-security.7", "share/man/man8/lbd.8",
        "share/man/man8/lbd-realserver.8", "share/man/man8/lbd-upgrade.8",
        *(f"share/doc/lbd/examples/{name}" for name in EXAMPLES),
    }


def test_the_programs_run_from_there(prefix):
    for program in ("bin/lbctl", "sbin/lbd", "sbin/lbd-realserver", "sbin/lbd-upgrade"):
        result = subprocess.run([prefix / program, "--help"], capture_output=True, text=True,
                                check=False)
        assert result.returncode == 0, program
        assert os.path.basename(program) in result.stdout, program
        assert "tools/" not in result.stdout, program


def test_the_unit_names_the_installed_programs(prefix):
    text = (prefix / "lib/systemd/system/lbd.service").read_text()
    installed = "/" + str(prefix).split("/", 1)[1].partition("/install0/")[2]
    assert f"ExecStart={installed}/sbin/lbd " in text
    assert f"ExecReload={installed}/bin/lbctl reload" in text
    text = (prefix / "lib/systemd/system/lbd-realserver.service").read_text()
    assert f"ExecStart={installed}/sbin/lbd-realserver start $VIPS" in text
