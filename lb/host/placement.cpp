// SPDX-License-Identifier: BSD-3-Clause
#include "lb/host/placement.h"

namespace lbd::host {

namespace {

constexpr auto by_command_line = "/sys/devices/system/cpu/isolated";
constexpr auto by_cpusets = "/sys/fs/cgroup/cpuset.cpus.isolated"; // Linux 6.7

} // namespace

// sysfs writes the domain always, and in small letters.
std::string path_of_nic(std::string address) {
    constexpr std::size_t without_domain = 7;
    if (address.size() == without_domain) address.insert(0, "0000:");
    for (char& letter : address)
        if (letter >= 'A' && letter <= 'F') letter = static_cast<char>(letter - 'A' + 'a');
    return "/sys/bus/pci/devices/" + address;
}

config::HostFacts placement(const Files& files, const config::Config& config) {
    config::HostFacts facts;
    facts.isolation_known = files.exists(by_command_line);
    facts.isolated = files.cores(by_command_line);
    facts.isolated.merge(files.cores(by_cpusets));
    for (const config::Port& port : config.ports) {
        if (port.device.kind != config::Device::Kind::pci) continue;
        const auto node = files.number(path_of_nic(port.device.name) + "/numa_node").value_or(-1);
        if (node < 0) continue; // there is but one
        const std::string list =
            "/sys/devices/system/node/node" + std::to_string(node) + "/cpulist";
        if (!files.exists(list)) continue;
        facts.nics.push_back({port.device.name, static_cast<unsigned>(node), files.cores(list)});
    }
    return facts;
}

} // namespace lbd::host
