// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>

#include "health/attempt.h"
#include "health/transfers.h"
#include "health/wire.h"
#include "tests/unit/catch.h"
#include "tests/unit/health/listener.h"

namespace lbd::health::test {

inline Probe probe_of(Probe::Kind kind, std::uint16_t port) {
    Probe probe;
    probe.kind = kind;
    probe.address = boost::asio::ip::address_v4::loopback();
    probe.port = port;
    probe.timeout = std::chrono::seconds(5);
    probe.pages = {Page{}};
    return probe;
}

inline Result result_of(boost::asio::io_context& io, const Probe& probe) {
    Transfers transfers(io);
    Wires wires(io, {});
    const auto attempt = make_attempt({io, transfers, wires}, probe);
    std::optional<Result> result;
    attempt->start([&](const Result& r) { result = r; });
    CHECK_FALSE(result); // never from within start()
    REQUIRE(run_until(io, [&] { return result.has_value(); }));
    return *result;
}

} // namespace lbd::health::test
