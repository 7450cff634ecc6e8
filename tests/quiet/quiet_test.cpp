// SPDX-License-Identifier: BSD-3-Clause
// The data path allocates nothing and asks nothing of the kernel, whatever comes.
#include <sys/syscall.h>

#include <chrono>

#include "lb/dataplane/snapshot.h"
#include "tests/quiet/scene.h"
#include "tests/quiet/watch.h"
#include "tests/unit/catch.h"

namespace lbd::quiet {

using namespace dataplane;

namespace {

std::vector<bench::Traffic::Settings> all_kinds_of_traffic() {
    std::vector<bench::Traffic::Settings> all;
    for (const bool ipv6 : {false, true}) {
        for (const bench::Kind kind :
             {bench::Kind::tcp_syn, bench::Kind::tcp_ack, bench::Kind::udp}) {
            bench::Traffic::Settings settings;
            settings.ipv6 = ipv6;
            settings.kind = kind;
            settings.flows = 100'000;
            settings.mixed_sizes = true;
            settings.spoilt = 8;
            all.push_back(settings);
        }
    }
    return all;
}

// What the control plane does meanwhile.
void disturb(bench::Bench& bench, bench::Subject& subject, std::uint64_t packets) {
    const std::uint64_t enough = subject.counters().received.get() + packets;
    Snapshot snapshot(100);
    bool asked = false;
    for (std::uint16_t round = 1; subject.counters().received.get() < enough; ++round) {
        subject.publication().publish(mixed_table(bench.port().mac(), round));
        subject.publication().reclaim();
        if (!asked) subject.worker().request(snapshot);
        asked = true;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    while (!snapshot.done) std::this_thread::yield(); // before it goes
}

std::uint64_t dropped(const WorkerCounters& counters, DropReason reason) {
    return counters.drops[static_cast<std::size_t>(reason)].get();
}

} // namespace

TEST_CASE("under load the data path neither allocates nor calls the kernel") {
    bench::Bench bench(false, 512, nullptr);
    bench::Subject subject(bench, {4096, 1024, 4096, 1024}, mixed_table(bench.port().mac(), 1));
    WatchedThread thread(subject.worker());

    thread.try_out();
    const Counts tried = counts();
    REQUIRE(tried.allocations == 8);
    REQUIRE(tried.system_calls == 1);
    REQUIRE(tried.last_system_call == SYS_getppid);

    for (const bench::Traffic::Settings& settings : all_kinds_of_traffic()) {
        bench.traffic().set(settings);
        thread.begin();
        disturb(bench, subject, 300'000);
        thread.end();
        INFO("last system call " << counts().last_system_call);
        CHECK(counts().allocations == tried.allocations);
        CHECK(counts().system_calls == tried.system_calls);
    }

    // That was a load.
    const WorkerCounters& seen = subject.counters();
    CHECK(seen.forwarded.get() > 500'000);
    CHECK(seen.stateless.get() > 0);
    CHECK(seen.evicted.get() > 0);
    CHECK(seen.punted.get() > 0);
    CHECK(seen.persistence_entries.get() > 0);
    for (const DropReason reason :
         {DropReason::wrong_mac, DropReason::bad_ip_checksum, DropReason::bad_ip_version,
          DropReason::bad_tcp_header_length, DropReason::bad_udp_length, DropReason::client_limit,
          DropReason::unknown_connection, DropReason::punt_full, DropReason::too_big}) {
        INFO(describe(reason).name);
        CHECK(dropped(seen, reason) > 0);
    }
}

} // namespace lbd::quiet
