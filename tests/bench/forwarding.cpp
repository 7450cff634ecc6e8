// SPDX-License-Identifier: BSD-3-Clause
// Prints what forwarding a packet costs, beside a loop that only swaps MAC addresses.
#include <rte_cycles.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdio>
#include <iostream>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/bench/subject.h"

namespace lbd::bench {

namespace {

namespace options = boost::program_options;

enum class Case { established, opening, persistent };

struct Row {
    Case what;
    bool ipv6;
    bool udp;
    bool mixed;
    std::uint64_t flows;
};

struct Choice {
    std::set<std::string> cases;
    std::set<std::string> families;
    std::vector<std::uint64_t> flows;
    unsigned rounds;
    std::uint64_t packets;
};

std::string in_words(std::uint64_t number) {
    if (number >= 1'000'000) return std::to_string(number / 1'000'000) + " M";
    if (number >= 1'000) return std::to_string(number / 1'000) + " k";
    return std::to_string(number);
}

std::uint64_t number_in(const std::string& text) {
    const std::uint64_t factor = text.back() == 'k' ? 1'000 : text.back() == 'M' ? 1'000'000 : 1;
    return std::stoull(text) * factor;
}

template <class Add>
void split(const std::string& text, Add&& add) {
    std::istringstream stream(text);
    for (std::string word; std::getline(stream, word, ',');) add(word);
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

struct Result {
    double yardstick; // cycles a packet
    double subject;
    double spread; // of the additions: largest less smallest
};

// Sizes of the tables for a row: what the flows need, and room for those that come and go.
Sizes sizes_for(const Row& row, std::uint64_t passing) {
    Sizes sizes;
    const auto flows =
        static_cast<std::uint32_t>(std::max<std::uint64_t>(row.flows + passing, 65536));
    const auto bindings = static_cast<std::uint32_t>(
        row.what == Case::persistent ? std::max<std::uint64_t>(row.flows, 65536) : 1024);
    (row.ipv6 ? sizes.flows6 : sizes.flows4) = flows;
    (row.ipv6 ? sizes.bindings6 : sizes.bindings4) = bindings;
    return sizes;
}

Result measure(Bench& bench, const Row& row, const Choice& choice) {
    const bool opening = row.what != Case::established;
    // What opens during the rounds lives for a second only, so about as many flows are there as
    // the row says.
    const std::uint64_t passing = opening ? choice.packets * 4 : 0;
    Subject subject(bench, sizes_for(row, passing),
                    {row.ipv6, row.udp, row.what == Case::persistent,
                     dataplane::UnknownTcpPolicy::schedule, 5});
    Traffic::Settings settings;
    settings.ipv6 = row.ipv6;
    settings.kind = row.udp ? Kind::udp : Kind::tcp_ack;
    settings.flows = row.flows;
    settings.mixed_sizes = row.mixed;
    settings.clients = row.what == Case::persistent ? row.flows : 0;
    bench.traffic().set(settings);
    subject.run(std::max<std::uint64_t>(row.flows * 2, 100'000));

    if (opening) {
        settings.kind = row.udp ? Kind::udp : Kind::tcp_syn;
        settings.first = row.flows;
        settings.flows = row.what == Case::persistent ? row.flows * 50'000 : std::uint64_t{1} << 32;
    }
    bench.traffic().set(settings);
    std::vector<double> yardsticks;
    std::vector<double> subjects;
    std::vector<double> additions;
    for (unsigned round = 0; round < choice.rounds; ++round) {
        yardsticks.push_back(run_macswap(bench, choice.packets).per_packet());
        subjects.push_back(subject.run(choice.packets).per_packet());
        additions.push_back(subjects.back() - yardsticks.back());
    }
    const auto [least, most] = std::minmax_element(additions.begin(), additions.end());
    return {median(yardsticks), median(subjects), *most - *least};
}

void print_header(bool hugepages) {
    std::printf(
        "Cycles and time a packet on one core; %s. What forwarding adds is the difference "
        "to a loop\nthat receives the same frames from the same device, swaps the MAC "
        "addresses and sends them.\n\n",
        hugepages ? "hugepages" : "no hugepages");
    std::printf("%-14s %-4s %-5s %-6s %6s | %8s %8s %8s | %8s %8s | %8s %7s\n", "packets", "IP", "",
                "sizes", "flows", "macswap", "lbd", "added", "added", "+-", "lbd", "flow");
    std::printf("%-14s %-4s %-5s %-6s %6s | %8s %8s %8s | %8s %8s | %8s %7s\n", "", "", "", "", "",
                "cycles", "cycles", "cycles", "ns", "ns", "Mpps", "bytes");
}

template <class Key>
double bytes_per_flow() {
    using Table = dataplane::FlowTable<Key>;
    constexpr std::size_t flows = 1'000'000;
    return static_cast<double>(Table::lines_for(flows) * sizeof(typename Table::Line)) / flows;
}

void print(const Row& row, const Result& result) {
    const double cycles_per_ns = static_cast<double>(rte_get_tsc_hz()) / 1e9;
    const char* what = row.what == Case::established ? "established"
                       : row.what == Case::opening   ? "new connection"
                                                     : "persistent";
    const double added = result.subject - result.yardstick;
    std::printf("%-14s %-4s %-5s %-6s %6s | %8.1f %8.1f %8.1f | %8.1f %8.1f | %8.2f %7.1f\n", what,
                row.ipv6 ? "v6" : "v4", row.udp ? "udp" : "tcp", row.mixed ? "mixed" : "64",
                in_words(row.flows).c_str(), result.yardstick, result.subject, added,
                added / cycles_per_ns, result.spread / cycles_per_ns,
                cycles_per_ns * 1e3 / result.subject,
                row.ipv6 ? bytes_per_flow<dataplane::KeyV6>() : bytes_per_flow<dataplane::KeyV4>());
    std::fflush(stdout);
}

std::vector<Row> rows_of(const Choice& choice) {
    std::vector<Row> rows;
    for (const bool ipv6 : {false, true}) {
        if (!choice.families.contains(ipv6 ? "6" : "4")) continue;
        for (const std::uint64_t flows : choice.flows) {
            if (choice.cases.contains("established"))
                rows.push_back({Case::established, ipv6, false, false, flows});
        }
        for (const std::uint64_t flows : choice.flows)
            if (choice.cases.contains("new"))
                rows.push_back({Case::opening, ipv6, false, false, flows});
        for (const std::uint64_t flows : choice.flows)
            if (choice.cases.contains("persistent"))
                rows.push_back({Case::persistent, ipv6, false, false, flows});
        if (choice.cases.contains("mixed"))
            rows.push_back({Case::established, ipv6, false, true, 100'000});
        if (choice.cases.contains("udp"))
            rows.push_back({Case::established, ipv6, true, false, 100'000});
    }
    return rows;
}

int run(int argc, char** argv) {
    options::options_description description("Options");
    description.add_options()("help", "this text")(
        "flows", options::value<std::string>()->default_value("1,1k,100k,1M,10M"),
        "numbers of live flows")("family", options::value<std::string>()->default_value("4,6"),
                                 "IP versions")(
        "case",
        options::value<std::string>()->default_value("established,new,persistent,mixed,udp"),
        "kinds of packets")("rounds", options::value<unsigned>()->default_value(5),
                            "rounds of yardstick and lbd in turn; the median counts")(
        "packets", options::value<std::string>()->default_value("2M"), "packets a round")(
        "core", options::value<unsigned>(), "core to measure on")("no-huge", options::bool_switch(),
                                                                  "without hugepages")(
        "megabytes", options::value<unsigned>()->default_value(0), "memory to reserve");
    options::variables_map chosen;
    options::store(options::parse_command_line(argc, argv, description), chosen);
    if (chosen.count("help") != 0) {
        std::cout << description;
        return 0;
    }
    Choice choice;
    split(chosen["case"].as<std::string>(), [&](const auto& word) { choice.cases.insert(word); });
    split(chosen["family"].as<std::string>(),
          [&](const auto& word) { choice.families.insert(word); });
    split(chosen["flows"].as<std::string>(),
          [&](const auto& word) { choice.flows.push_back(number_in(word)); });
    choice.rounds = chosen["rounds"].as<unsigned>();
    choice.packets = number_in(chosen["packets"].as<std::string>());
    std::optional<unsigned> core;
    if (chosen.count("core") != 0) core = chosen["core"].as<unsigned>();

    const bool hugepages = !chosen["no-huge"].as<bool>();
    Bench bench(hugepages, chosen["megabytes"].as<unsigned>(), core ? &*core : nullptr);
    print_header(hugepages);
    for (const Row& row : rows_of(choice)) print(row, measure(bench, row, choice));
    return 0;
}

} // namespace

} // namespace lbd::bench

int main(int argc, char** argv) {
    try {
        return lbd::bench::run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "forwarding: " << error.what() << '\n';
        return 1;
    }
}
