# SPDX-License-Identifier: BSD-3-Clause
"""A minute of the long run."""

import os
import subprocess

from conftest import BUILD, ROOT

SOAK = os.path.join(ROOT, "tests", "bench", "soak")


def test_nothing_is_lost_and_everything_given_back(device):
    result = subprocess.run([SOAK, "--minutes", "1", "--seed", "1", "--build", BUILD, "--device",
                             device], capture_output=True, text=True, check=False)
    print(result.stdout)
    assert result.returncode == 0, result.stdout + result.stderr[-6000:]
    for event in ("reload", "flap", "failover", "crash", "restart"):
        assert event in result.stdout
