# SPDX-License-Identifier: BSD-3-Clause
"""The checks behind tools/check. Each adds what passed and failed; none stops the others, except
that nothing can be tested that was not built."""

import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
