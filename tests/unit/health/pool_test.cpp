// SPDX-License-Identifier: BSD-3-Clause
#include "health/pool.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/unit/catch.h"
#include "tests/unit/health/listener.h"
#include "tests/unit/health/server.h"

namespace lbd::health {

using namespace std::chrono_literals;
using test::BlackHole;
using test::ClosedPort;
using test::Listener;
using test::loopback;
using test::run_until;

namespace {

Target target(const test::tcp::endpoint& endpoint) {
    Target target;
    target.probe.address = endpoint.address();
    target.probe.port = endpoint.port();
    target.probe.timeout = 500ms;
    target.rules = {20ms, 1, 10ms, 1, false};
    return target;
}

struct Change {
    test::tcp::endpoint endpoint;
    Verdict verdict;
};

struct Fixture {
    boost::asio::io_context io;
    std::vector<Change> changes;
    Pool pool{io, 1, [this](const Target& target, Verdict verdict, const std::string&) {
                  changes.push_back({{target.probe.address, target.probe.port}, verdict});
              }};

    bool becomes(const Target& target, Verdict verdict) {
        return run_until(io, [&] { return pool.verdict(target) == verdict; });
    }
    CheckStatus status(const Target& wanted) {
        for (const CheckStatus& status : pool.status())
            if (status.target.probe == wanted.probe) return status;
        throw std::logic_error("no such check");
    }
};

// Takes every descriptor that this process may have.
class NoDescriptors {
  public:
    NoDescriptors() {
        getrlimit(RLIMIT_NOFILE, &before_);
        const int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
        close(next);
        rlimit now = before_;
        now.rlim_cur = static_cast<rlim_t>(next);
        setrlimit(RLIMIT_NOFILE, &now);
    }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;
    ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

  private:
    rlimit before_{};
};

} // namespace

TEST_CASE("a backend goes down with its server and up again with it, each told once", "[pool]") {
    Fixture f;
    auto listener = std::make_unique<Listener>(f.io);
    const std::uint16_t port = listener->port();
    const Target web = target(loopback(port));
    f.pool.reconcile({web});
    CHECK_FALSE(f.pool.all_judged());
    REQUIRE(f.becomes(web, Verdict::up));
    CHECK(f.pool.all_judged());
    listener.reset();
    REQUIRE(f.becomes(web, Verdict::down));
    CHECK_THAT(f.status(web).last_result, Catch::Matchers::ContainsSubstring("refused"));
    listener = std::make_unique<Listener>(f.io, port);
    REQUIRE(f.becomes(web, Verdict::up));
    REQUIRE(f.changes.size() == 3);
    CHECK(f.changes[0].verdict == Verdict::up);
    CHECK(f.changes[1].verdict == Verdict::down);
    CHECK(f.changes[2].verdict == Verdict::up);
}

TEST_CASE("services that want the same check share it, others have their own", "[pool]") {
    Fixture f;
    const Listener listener(f.io);
    const Target once = target(loopback(listener.port()));
    Target slower = once;
    slower.rules.interval = 1s;
    f.pool.reconcile({once, once, slower});
    CHECK(f.pool.status().size() == 2);
}

TEST_CASE("a reload keeps what it does not change, verdict and counters", "[pool]") {
    Fixture f;
    const Listener listener(f.io);
    const ClosedPort closed(f.io);
    const Target stays = target(loopback(listener.port()));
    const Target goes = target(loopback(closed.port()));
    f.pool.reconcile({stays, goes});
    REQUIRE(f.becomes(stays, Verdict::up));
    REQUIRE(f.becomes(goes, Verdict::down));
    const CheckStatus before = f.status(stays);
    f.changes.clear();
    f.pool.reconcile({stays});
    CHECK(f.pool.verdict(goes) == Verdict::unknown);
    REQUIRE(f.pool.status().size() == 1);
    CHECK(f.status(stays).attempts == before.attempts);
    CHECK(f.status(stays).since == before.since);
    f.io.run_for(100ms);
    CHECK(f.status(stays).attempts > before.attempts);
    CHECK(f.changes.empty());
}

TEST_CASE("a backend whose rules change keeps its verdict and is not told of again", "[pool]") {
    Fixture f;
    const Listener listener(f.io);
    const ClosedPort closed(f.io);
    Target up = target(loopback(listener.port()));
    Target down = target(loopback(closed.port()));
    f.pool.reconcile({up, down});
    REQUIRE(f.becomes(up, Verdict::up));
    REQUIRE(f.becomes(down, Verdict::down));
    f.changes.clear();
    up.rules.retries = 5;
    down.rules.initially_up = true;
    f.pool.reconcile({up, down});
    CHECK(f.pool.verdict(up) == Verdict::up);
    CHECK(f.pool.verdict(down) == Verdict::down);
    f.io.run_for(200ms);
    CHECK(f.pool.verdict(up) == Verdict::up);
    CHECK(f.pool.verdict(down) == Verdict::down);
    CHECK(f.changes.empty());
}

TEST_CASE("a check without descriptors left is not held against the backend", "[pool]") {
    Fixture f;
    const Listener listener(f.io);
    const Target web = target(loopback(listener.port()));
    f.pool.reconcile({web});
    REQUIRE(f.becomes(web, Verdict::up));
    f.changes.clear();
    {
        const NoDescriptors none;
        REQUIRE(run_until(f.io, [&] { return f.status(web).local_errors >= 5; }));
    }
    CHECK(f.pool.verdict(web) == Verdict::up);
    CHECK(f.status(web).failures == 0);
    const auto attempts = f.status(web).attempts;
    REQUIRE(run_until(f.io, [&] { return f.status(web).attempts > attempts + 2; }));
    CHECK(f.status(web).last_result == "connected");
    CHECK(f.changes.empty());
}

TEST_CASE("whoever is told of a change may replace all checks", "[pool]") {
    boost::asio::io_context io;
    const Listener listener(io);
    const ClosedPort closed(io);
    const Target first = target(loopback(closed.port()));
    const Target second = target(loopback(listener.port()));
    std::unique_ptr<Pool> pool;
    pool = std::make_unique<Pool>(io, 7, [&](const Target&, Verdict verdict, const std::string&) {
        if (verdict == Verdict::down) pool->reconcile({second});
    });
    pool->reconcile({first});
    REQUIRE(run_until(io, [&] { return pool->verdict(second) == Verdict::up; }));
    CHECK(pool->status().size() == 1);
}

TEST_CASE("checks under way end with the pool", "[pool]") {
    boost::asio::io_context io;
    const BlackHole hole(io);
    bool told = false;
    {
        Pool pool(io, 1, [&](const Target&, Verdict, const std::string&) { told = true; });
        pool.reconcile({target(loopback(hole.port()))});
        io.run_for(100ms);
    }
    io.restart();
    io.run_for(600ms);
    CHECK_FALSE(told);
}

TEST_CASE("five hundred backends are judged at once, each as it is", "[pool]") {
    Fixture f;
    const Listener listener(f.io);
    const ClosedPort closed(f.io);
    const BlackHole hole(f.io);
    constexpr std::uint32_t backends = 500;
    std::set<Target> targets;
    for (std::uint32_t host = 1; host <= backends; ++host) {
        // The black hole's backlog is shared by all addresses, as it listens on all.
        const std::uint16_t port = host % 5 == 0   ? hole.port()
                                   : host % 2 == 0 ? closed.port()
                                                   : listener.port();
        Target one = target(loopback(port, host));
        one.probe.timeout = 1s;
        one.rules.interval = 2s;
        targets.insert(one);
    }
    f.pool.reconcile(targets);
    const auto start = std::chrono::steady_clock::now();
    REQUIRE(run_until(f.io, [&] { return f.pool.all_judged(); }));
    CHECK(std::chrono::steady_clock::now() - start < 5s);
    for (const CheckStatus& status : f.pool.status()) {
        const bool listens = status.target.probe.port == listener.port();
        CHECK(status.verdict == (listens ? Verdict::up : Verdict::down));
        CHECK(status.local_errors == 0);
    }
    CHECK(f.changes.size() == backends);
}

TEST_CASE("first attempts are spread, by the seed alone", "[pool]") {
    boost::asio::io_context io;
    const auto firsts = [&io](std::uint32_t seed) {
        Pool pool(io, seed, [](const Target&, Verdict, const std::string&) {});
        std::set<Target> targets;
        for (std::uint32_t host = 1; host <= 100; ++host) {
            Target one = target(loopback(80, host));
            one.rules.interval = 2s;
            targets.insert(one);
        }
        const auto now = std::chrono::steady_clock::now();
        pool.reconcile(targets);
        std::vector<Milliseconds> delays;
        for (const CheckStatus& status : pool.status())
            delays.push_back(std::chrono::duration_cast<Milliseconds>(status.next - now));
        return delays;
    };
    const auto delays = firsts(1);
    const auto [least, most] = std::minmax_element(delays.begin(), delays.end());
    CHECK(*least < 100ms);
    CHECK(*most > 400ms);
    CHECK(*most < 700ms);
    CHECK(firsts(2) != delays);
}

namespace {

std::size_t descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

// Pages that this process has written to.
std::size_t kilobytes() {
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word && word != "RssAnon:") continue;
    std::size_t size = 0;
    status >> size;
    return size;
}

// What an allocator may keep. The sanitizers' keep what was freed, for a while, to notice that it
// is used.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kilobytes_kept = 512 * 1024;
#else
constexpr std::size_t kilobytes_kept = 16 * 1024;
#endif

} // namespace

TEST_CASE("an hour of failures, compressed, leaves neither descriptors nor memory behind",
          "[pool]") {
    Fixture f;
    const ClosedPort closed(f.io);
    const BlackHole hole(f.io);
    test::Server::Manner resets;
    resets.resets = true;
    const test::Server resetting(f.io, resets);
    test::Server::Manner dribbles;
    dribbles.answer = [](const std::string&) { return test::http(std::string(100, 'x')); };
    dribbles.pause = 5ms;
    const test::Server dribbling(f.io, dribbles);
    test::Server::Manner floods;
    floods.answer = [](const std::string&) {
        return "HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, 'x');
    };
    floods.endless = true;
    const test::Server flooding(f.io, floods);
    test::Server::Manner redirects;
    redirects.answer = [](const std::string&) {
        return std::string("HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n");
    };
    const test::Server redirecting(f.io, redirects);

    std::set<Target> targets;
    const auto add = [&](Probe::Kind kind, std::uint16_t port) {
        Target one = target(loopback(port));
        one.probe.kind = kind;
        one.probe.pages = {Page{"/", {{200, 299}}, "never", {}}};
        one.probe.timeout = 10ms;
        one.rules.interval = 1ms;
        targets.insert(one);
    };
    for (const auto kind : {Probe::Kind::tcp, Probe::Kind::http, Probe::Kind::smtp})
        for (const std::uint16_t port : {closed.port(), hole.port(), resetting.port()})
            if (kind != Probe::Kind::tcp || port == closed.port()) add(kind, port);
    for (const test::Server* server : {&dribbling, &flooding, &redirecting})
        add(Probe::Kind::http, server->port());
    f.pool.reconcile(targets);
    const auto attempts = [&f] {
        std::uint64_t sum = 0;
        for (const CheckStatus& status : f.pool.status()) sum += status.attempts;
        return sum;
    };
    REQUIRE(run_until(f.io, [&] { return attempts() > 400; }));
    const std::size_t descriptors_before = descriptors();
    const std::size_t kilobytes_before = kilobytes();
    REQUIRE(run_until(
        f.io, [&] { return attempts() > 400 + 3600; }, 60s));
    for (const CheckStatus& status : f.pool.status()) CHECK(status.verdict == Verdict::down);
    f.pool.reconcile({});
    f.io.run_for(50ms); // servers notice that their clients are gone
    CHECK(descriptors() <= descriptors_before);
    CHECK(kilobytes() < kilobytes_before + kilobytes_kept);
}

} // namespace lbd::health
