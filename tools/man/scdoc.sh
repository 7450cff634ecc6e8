#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Runs the given scdoc and writes before its page the line by which man(1) knows that the page has
# tables: man-db 2.13 runs tbl for no other, and scdoc does not write the line.
set -eu
printf '%s\n' "'\\\" t"
exec "$@"
