// SPDX-License-Identifier: BSD-3-Clause
#include <sstream>

#include "tools/lbctl/doctor/checks.h"
#include "tools/lbctl/doctor/needs.h"

namespace lbd::lbctl {

namespace {

constexpr std::string_view pools = "/sys/kernel/mm/hugepages";
constexpr unsigned long long mebibyte = 1 << 20;
constexpr unsigned long long kibibyte = 1 << 10;

struct Hugepages {
    unsigned long long all = 0;  // bytes
    unsigned long long free = 0; // bytes
    std::string sizes;           // 512 x 2048 kB free
};

Hugepages count_hugepages(const Host& host) {
    Hugepages pages;
    for (const std::string& pool : host.names(pools)) { // hugepages-2048kB
        const std::string directory = std::string(pools) + "/" + pool + "/";
        unsigned long long kilobytes = 0;
        std::istringstream(pool.substr(pool.find('-') + 1)) >> kilobytes;
        const auto all = host.number(directory + "nr_hugepages").value_or(0);
        const auto free = host.number(directory + "free_hugepages").value_or(0);
        if (all <= 0 || free < 0) continue;
        pages.all += static_cast<unsigned long long>(all) * kilobytes * kibibyte;
        pages.free += static_cast<unsigned long long>(free) * kilobytes * kibibyte;
        if (!pages.sizes.empty()) pages.sizes += ", ";
        pages.sizes += std::to_string(free) + " of " + std::to_string(all) + " pages of " +
                       std::to_string(kilobytes) + " kB free";
    }
    return pages;
}

// At least: tables are half full at most, with 64 bytes for an IPv4 entry and 128 for an IPv6 one
// then; packet buffers come on top.
unsigned long long least_bytes(const config::Config& config) {
    const config::Memory& memory = config.memory;
    if (memory.megabytes != 0) return memory.megabytes * mebibyte;
    const unsigned long long ipv4 = 64ULL * (0ULL + memory.flows + memory.persistence_entries);
    const unsigned long long ipv6 = 128ULL * (0ULL + memory.flows6 + memory.persistence_entries6);
    return (ipv4 + ipv6) * config.workers.count;
}

std::string reserve(unsigned long long bytes) {
    constexpr unsigned long long page = 2 * mebibyte;
    return "echo " + std::to_string((bytes + page - 1) / page) + " > " + std::string(pools) +
           "/hugepages-2048kB/nr_hugepages";
}

bool mounted(const Host& host) {
    std::istringstream mounts(host.text("/proc/mounts").value_or(""));
    std::string device, place, type, rest;
    while (mounts >> device >> place >> type && std::getline(mounts, rest))
        if (type == "hugetlbfs") return true;
    return false;
}

} // namespace

Findings check_hugepages(const Host& host, const config::Config* config) {
    constexpr auto subject = "hugepages";
    if (config != nullptr && !config->memory.hugepages)
        return {{Severity::ok, subject, "not needed (memory.hugepages is false)", {}}};
    const Hugepages pages = count_hugepages(host);
    // Without a configuration nothing says that they are needed.
    const Severity missing = config != nullptr ? Severity::problem : Severity::note;
    const unsigned long long needed = config != nullptr ? least_bytes(*config) : 1024 * mebibyte;
    Findings findings;
    if (pages.all == 0) {
        findings.push_back({missing, subject, "none are reserved", {reserve(needed)}});
    } else if (config != nullptr && pages.free < needed) {
        findings.push_back(
            {Severity::problem,
             subject,
             pages.sizes + "; the tables alone need " + std::to_string(needed / mebibyte) + " MiB",
             {reserve(pages.all - pages.free + needed)}});
    } else {
        findings.push_back({Severity::ok, subject, pages.sizes, {}});
    }
    if (!mounted(host))
        findings.push_back(
            {missing,
             "hugetlbfs",
             "is not mounted",
             {"mkdir -p /dev/hugepages", "mount -t hugetlbfs hugetlbfs /dev/hugepages"}});
    return findings;
}

Findings check_locked_memory(const Host& host, const config::Config* config) {
    constexpr auto subject = "locked memory";
    std::istringstream limits(host.text("/proc/self/limits").value_or(""));
    constexpr std::string_view title = "Max locked memory";
    for (std::string line; std::getline(limits, line);) {
        if (!line.starts_with(title)) continue;
        std::string soft;
        std::istringstream(line.substr(title.size())) >> soft;
        if (soft == "unlimited") return {{Severity::ok, subject, "is not limited", {}}};
        if (has_capability(host, Capability::ipc_lock))
            return {{Severity::ok, subject, "is limited, but not for this user", {}}};
        const bool needed = config == nullptr || uses(*config, config::Device::Kind::pci) ||
                            uses(*config, config::Device::Kind::af_xdp);
        return {{needed ? Severity::warning : Severity::note,
                 subject,
                 "is limited to " + soft + " bytes; DMA of a NIC and AF_XDP lock more",
                 {"ulimit -l unlimited"}}};
    }
    return {};
}

} // namespace lbd::lbctl
