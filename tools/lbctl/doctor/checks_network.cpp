// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <sstream>

#include "tools/lbctl/doctor/checks.h"
#include "tools/lbctl/doctor/needs.h"

namespace lbd::lbctl {

namespace {

using Family = config::IpAddress::Family;

// Interfaces of the configuration: what lies on them is lbd's business or another check's.
std::set<std::string> known_interfaces(const config::Config& config) {
    std::set<std::string> names;
    for (const config::Network& network : config::networks(config)) names.insert(network.name);
    for (const config::Port& port : config.ports) names.insert(port.device.name);
    return names;
}

std::size_t neighbours(const config::Config& config, Family family) {
    std::set<config::IpAddress> addresses;
    for (const config::Service& service : config.services)
        for (const config::Backend& backend : service.backends)
            if (backend.address.family == family && !backend.mac) addresses.insert(backend.address);
    return addresses.size();
}

bool in_our_network(const Host& host, const std::string& process) {
    const std::string ours = host.link_name("/proc/self/ns/net");
    const std::string theirs = host.link_name("/proc/" + process + "/ns/net");
    return ours.empty() || theirs.empty() || ours == theirs;
}

bool is_number(const std::string& name) {
    return std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool runs(const Host& host, std::string_view program) {
    const auto processes = host.names("/proc");
    return std::any_of(processes.begin(), processes.end(), [&](const std::string& process) {
        return is_number(process) && host.text("/proc/" + process + "/comm") == program &&
               in_our_network(host, process);
    });
}

std::size_t ipvs_services(const Host& host) {
    std::istringstream table(host.text("/proc/net/ip_vs").value_or(""));
    std::size_t services = 0;
    for (std::string line; std::getline(table, line);)
        if (line.starts_with("TCP ") || line.starts_with("UDP ") || line.starts_with("SCTP ") ||
            line.starts_with("FWM "))
            ++services;
    return services;
}

} // namespace

Findings check_addresses(const Host& host, const config::Config* config) {
    if (config == nullptr) return {};
    Findings findings;
    std::set<config::IpAddress> ours = virtual_addresses(*config);
    ours.merge(own_addresses(*config));
    const std::set<std::string> known = known_interfaces(*config);
    for (const auto& [interface, prefix] : host.facts().addresses)
        if (ours.count(prefix.address) != 0 && known.count(interface) == 0)
            findings.push_back({Severity::problem,
                                "address " + prefix.address.text(),
                                "is lbd's, and " + interface + " has it already",
                                {"ip address del " + prefix.text() + " dev " + interface}});
    if (findings.empty())
        findings.push_back({Severity::ok, "addresses", "no other interface has lbd's", {}});
    return findings;
}

Findings check_neighbour_limit(const Host& host, const config::Config* config) {
    if (config == nullptr) return {};
    Findings findings;
    for (const Family family : {Family::v4, Family::v6}) {
        const std::string version = family == Family::v4 ? "ipv4" : "ipv6";
        const std::string key = "net/" + version + "/neigh/default/gc_thresh3";
        const std::size_t needed = neighbours(*config, family);
        const auto limit = host.number("/proc/sys/" + key); // the kernel's first namespace only
        if (needed == 0 || !limit) continue;
        const auto allowed = static_cast<unsigned long long>(std::max(*limit, 0LL));
        const std::string counts = "the kernel remembers " + std::to_string(allowed) + " of " +
                                   std::to_string(needed) + " backends and other hosts";
        const std::string mend =
            "sysctl -w net." + version + ".neigh.default.gc_thresh3=" + std::to_string(needed * 4);
        if (allowed <= needed)
            findings.push_back({Severity::problem, version + " neighbours", counts, {mend}});
        else if (allowed < needed * 2)
            findings.push_back({Severity::warning, version + " neighbours", counts, {mend}});
        else
            findings.push_back({Severity::ok,
                                version + " neighbours",
                                "the limit of " + std::to_string(allowed) + " is enough",
                                {}});
    }
    return findings;
}

Findings check_ipvs(const Host& host, const config::Config* /*config*/) {
    Findings findings;
    if (runs(host, "keepalived"))
        findings.push_back({Severity::problem,
                            "keepalived",
                            "is running, and does what lbd is to do",
                            {"systemctl disable --now keepalived"}});
    else
        findings.push_back({Severity::ok, "keepalived", "is not running", {}});
    const std::size_t services = ipvs_services(host);
    if (services != 0)
        findings.push_back({Severity::problem,
                            "IPVS",
                            "the kernel balances " + std::to_string(services) +
                                (services == 1 ? " service" : " services") + " itself",
                            {"ipvsadm -C", "systemctl disable ipvsadm"}});
    else if (host.exists("/proc/net/ip_vs"))
        findings.push_back({Severity::note, "IPVS", "is loaded, without services", {}});
    else
        findings.push_back({Severity::ok, "IPVS", "is not loaded", {}});
    return findings;
}

Findings check_sysctls(const Host& host, const config::Config* /*config*/) {
    Findings findings;
    const std::string all = "/proc/sys/net/ipv4/conf/all/";
    if (host.number(all + "rp_filter") == 1)
        findings.push_back({Severity::note,
                            "rp_filter",
                            "is strict: packets to the host are dropped where the way back is "
                            "another interface",
                            {"sysctl -w net.ipv4.conf.all.rp_filter=2"}});
    if (host.number(all + "log_martians").value_or(0) != 0)
        findings.push_back({Severity::note,
                            "log_martians",
                            "is on: the kernel may log packets of Direct Routing as martians",
                            {"sysctl -w net.ipv4.conf.all.log_martians=0"}});
    return findings;
}

} // namespace lbd::lbctl
