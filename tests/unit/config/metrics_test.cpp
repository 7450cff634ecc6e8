// SPDX-License-Identifier: BSD-3-Clause
#include "mistakes.h"

using namespace lbd::config;

TEST_CASE("there is no endpoint for metrics unless it is asked for") {
    CHECK_FALSE(load_text(port, "f").metrics);
    const auto metrics = load_text(port + "metrics: {}\n", "f").metrics;
    REQUIRE(metrics);
    CHECK(metrics->listen.text() == "127.0.0.1");
    CHECK(metrics->port == 9419);
    CHECK(load_text(port + "metrics: {listen: '::'}\n", "f").metrics->listen.text() == "::");
}

TEST_CASE("metrics cannot be listened for on what is no address of a host") {
    CHECK(errors_of(port + "metrics: {listen: 224.0.0.1}\n") ==
          "f:4:19: metrics.listen: 224.0.0.1 is a multicast address");
    CHECK(errors_of(port + "metrics: {listen: 'fe80::1'}\n") ==
          "f:4:19: metrics.listen: fe80::1 is a link-local address, which is not supported here");
}
