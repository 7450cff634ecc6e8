// SPDX-License-Identifier: BSD-3-Clause
#include "health/tcp_connect.h"

#include <optional>

#include "tests/unit/catch.h"
#include "tests/unit/health/listener.h"

namespace lbd::health {

using namespace std::chrono_literals;
using test::BlackHole;
using test::ClosedPort;
using test::Listener;
using test::loopback;
using test::run_until;

namespace {

Probe probe(const test::tcp::endpoint& target, std::chrono::milliseconds timeout,
            const std::string& interface = {}) {
    Probe probe;
    probe.address = target.address();
    probe.port = target.port();
    probe.timeout = timeout;
    probe.interface = interface;
    return probe;
}

Result connect(boost::asio::io_context& io, const test::tcp::endpoint& target,
               std::chrono::milliseconds timeout = 2s, const std::string& interface = {}) {
    TcpConnect attempt(io, probe(target, timeout, interface));
    std::optional<Result> result;
    attempt.start([&](const Result& r) { result = r; });
    CHECK_FALSE(result); // never from within start()
    REQUIRE(run_until(io, [&] { return result.has_value(); }));
    return *result;
}

} // namespace

TEST_CASE("a listening port is a success", "[connect]") {
    boost::asio::io_context io;
    const Listener listener(io);
    const Result result = connect(io, loopback(listener.port()));
    CHECK(result.kind == Result::Kind::success);
    CHECK(result.duration < 1s);
}

TEST_CASE("a port at which nobody listens refuses", "[connect]") {
    boost::asio::io_context io;
    const ClosedPort closed(io);
    const Result result = connect(io, loopback(closed.port()));
    CHECK(result.kind == Result::Kind::failure);
    CHECK_THAT(result.text, Catch::Matchers::ContainsSubstring("refused"));
}

TEST_CASE("silence is a failure after the timeout, not before and not much later", "[connect]") {
    boost::asio::io_context io;
    const BlackHole hole(io);
    const Result result = connect(io, loopback(hole.port()), 300ms);
    CHECK(result.kind == Result::Kind::failure);
    CHECK_THAT(result.text, Catch::Matchers::ContainsSubstring("timed out"));
    CHECK(result.duration >= 300ms);
    CHECK(result.duration < 800ms);
}

TEST_CASE("an interface that is not there is this host's trouble", "[connect]") {
    boost::asio::io_context io;
    const Listener listener(io);
    const Result result = connect(io, loopback(listener.port()), 2s, "nosuch0");
    CHECK(result.kind == Result::Kind::local_error);
    CHECK_FALSE(result.text.empty());
}

TEST_CASE("an attempt may be bound to an interface", "[connect]") {
    boost::asio::io_context io;
    const Listener listener(io);
    CHECK(connect(io, loopback(listener.port()), 2s, "lo").kind == Result::Kind::success);
}

TEST_CASE("a check says nothing and closes in order: a server sees a client that left",
          "[connect]") {
    boost::asio::io_context io;
    Listener listener(io);
    std::optional<std::pair<std::size_t, bool>> seen;
    listener.accept_all([&](std::size_t bytes, bool reset) { seen = {bytes, reset}; });
    CHECK(connect(io, loopback(listener.port())).kind == Result::Kind::success);
    REQUIRE(run_until(io, [&] { return seen.has_value(); }));
    CHECK(seen->first == 0);
    CHECK_FALSE(seen->second);
}

TEST_CASE("an attempt that is given up is silent", "[connect]") {
    boost::asio::io_context io;
    const BlackHole hole(io);
    bool called = false;
    {
        TcpConnect attempt(io, probe(loopback(hole.port()), 50ms));
        attempt.start([&](const Result&) { called = true; });
        io.poll();
    }
    io.restart();
    io.run_for(150ms);
    CHECK_FALSE(called);
}

TEST_CASE("the next attempt may begin where the last one is told, and one may destroy there",
          "[connect]") {
    boost::asio::io_context io;
    const ClosedPort closed(io);
    auto attempt = std::make_unique<TcpConnect>(io, probe(loopback(closed.port()), 1s));
    int done = 0;
    std::function<void(const Result&)> again = [&](const Result&) {
        if (++done < 20)
            attempt->start(again);
        else
            attempt.reset();
    };
    attempt->start(again);
    REQUIRE(run_until(io, [&] { return !attempt; }));
    CHECK(done == 20);
}

} // namespace lbd::health
