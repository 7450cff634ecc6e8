// SPDX-License-Identifier: BSD-3-Clause
// config-reference: writes lbd.yaml(5) to standard output, for the build.
#include <cstdio>

#include "config/reference.h"

int main() {
    const auto page = lbd::config::reference();
    const bool written = std::fwrite(page.data(), 1, page.size(), stdout) == page.size();
    return written && std::fflush(stdout) == 0 ? 0 : 1;
}
