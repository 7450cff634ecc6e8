// SPDX-License-Identifier: BSD-3-Clause
// Prints what telling peers costs a worker: the same packets through one that does and one that
// does not, in turn.
#include <rte_cycles.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "tests/bench/subject.h"

namespace lbd::bench {

namespace {

constexpr unsigned rounds = 7;
constexpr std::uint64_t packets = 2'000'000;

struct Row {
    const char* what;
    bool ipv6;
    bool opening; // every packet is one that opens a connection and is told, as the worst there is
    std::uint64_t flows;
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

Traffic::Settings traffic_of(const Row& row) {
    Traffic::Settings settings;
    settings.ipv6 = row.ipv6;
    settings.kind = Kind::tcp_ack;
    settings.flows = row.flows;
    return settings;
}

void measure(Bench& bench, const Row& row) {
    Sizes sizes;
    const auto flows = static_cast<std::uint32_t>(
        std::max<std::uint64_t>(row.flows, row.opening ? packets * 4 : 0));
    (row.ipv6 ? sizes.flows6 : sizes.flows4) = std::max<std::uint32_t>(flows, 65536);
    ServiceSettings service;
    service.ipv6 = row.ipv6;
    if (row.opening) service.timeout = 5;
    Subject silent(bench, sizes, service, false);
    Subject telling(bench, sizes, service, true);
    Traffic::Settings settings = traffic_of(row);
    bench.traffic().set(settings);
    silent.run(std::max<std::uint64_t>(row.flows * 2, 100'000));
    telling.run(std::max<std::uint64_t>(row.flows * 2, 100'000));
    if (row.opening) {
        settings.first = row.flows;
        settings.flows = std::uint64_t{1} << 32;
        bench.traffic().set(settings);
    }
    const std::uint64_t told_before = telling.told();
    const std::uint64_t lost_before = telling.overflows();
    std::vector<double> without;
    std::vector<double> with;
    std::vector<double> ratios;
    for (unsigned round = 0; round < rounds; ++round) {
        without.push_back(silent.run(packets).per_packet());
        with.push_back(telling.run(packets).per_packet());
        ratios.push_back(with.back() / without.back() - 1);
    }
    const double all = static_cast<double>(packets) * rounds;
    std::printf("%-15s %-3s %8llu | %8.1f %8.1f | %+7.1f %% | %9.3f %9.3f\n", row.what,
                row.ipv6 ? "v6" : "v4", static_cast<unsigned long long>(row.flows), median(without),
                median(with), 100 * median(ratios),
                static_cast<double>(telling.told() - told_before) / all,
                static_cast<double>(telling.overflows() - lost_before) / all);
    std::fflush(stdout);
}

int run(bool hugepages) {
    Bench bench(hugepages, hugepages ? 0 : 4096, nullptr);
    std::printf(
        "Cycles a packet of a worker that does not synchronise, and of one that does.\n\n"
        "%-15s %-3s %8s | %8s %8s | %9s | %9s %9s\n%-15s %-3s %8s | %8s %8s | %9s | %9s "
        "%9s\n",
        "packets", "IP", "flows", "without", "with", "cost", "told", "later", "", "", "", "", "",
        "", "a packet", "a packet");
    for (const bool ipv6 : {false, true}) {
        for (const std::uint64_t flows : {1'000, 100'000, 1'000'000})
            measure(bench, {"established", ipv6, false, flows});
        for (const std::uint64_t flows : {1'000, 1'000'000})
            measure(bench, {"new connection", ipv6, true, flows});
    }
    return 0;
}

} // namespace

} // namespace lbd::bench

int main(int argc, char** argv) {
    try {
        return lbd::bench::run(argc < 2 || std::string(argv[1]) != "--no-huge");
    } catch (const std::exception& error) {
        std::cerr << "synchronisation: " << error.what() << '\n';
        return 1;
    }
}
