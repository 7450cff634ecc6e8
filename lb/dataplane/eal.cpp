// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/eal.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <sched.h>

#include <stdexcept>

namespace lbd::dataplane {

namespace {

std::string joined(const std::vector<unsigned>& numbers) {
    std::string text;
    for (const unsigned number : numbers) {
        if (!text.empty()) text += ',';
        text += std::to_string(number);
    }
    return text;
}

std::vector<unsigned> cores_of_this_process() {
    cpu_set_t set;
    CPU_ZERO(&set);
    std::vector<unsigned> cores;
    if (sched_getaffinity(0, sizeof(set), &set) != 0) return {0};
    for (unsigned core = 0; core < CPU_SETSIZE; ++core)
        if (CPU_ISSET(core, &set)) cores.push_back(core);
    return cores;
}

std::string lcore_map(const EalOptions& options, const std::vector<unsigned>& allowed) {
    const std::string anywhere = '(' + joined(allowed) + ')';
    std::string map =
        "0@" + (options.control_core ? std::to_string(*options.control_core) : anywhere);
    for (unsigned worker = 0; worker < options.workers; ++worker) {
        map += ',' + std::to_string(worker + 1) + '@';
        map +=
            options.worker_cores.empty() ? anywhere : std::to_string(options.worker_cores[worker]);
    }
    return map;
}

std::string explain_failure(const EalOptions& options) {
    std::string text = "DPDK does not start: ";
    text += rte_strerror(rte_errno);
    if (options.hugepages)
        text +=
            "; are there hugepages (grep Huge /proc/meminfo)? `memory: {hugepages: false}` "
            "does without, at a price in speed";
    return text;
}

} // namespace

std::vector<std::string> eal_arguments(const EalOptions& options,
                                       const std::vector<unsigned>& allowed_cores) {
    std::vector<std::string> arguments{"lbd", "--file-prefix", "lbd-" + options.name, "--lcores",
                                       lcore_map(options, allowed_cores)};
    arguments.insert(arguments.end(), {"--main-lcore", "0", "--log-level", "lib.*:notice",
                                       "--log-level", "pmd.*:notice"});
    arguments.insert(arguments.end(), {"--log-level", "lib.telemetry:warning"});
    // No file keeps the pages taken when this process is gone, however it ends.
    arguments.emplace_back(options.hugepages ? "--huge-unlink=always" : "--no-huge");
    if (options.megabytes != 0)
        arguments.insert(arguments.end(), {"-m", std::to_string(options.megabytes)});
    if (options.pci_devices.empty()) arguments.emplace_back("--no-pci");
    for (const std::string& device : options.pci_devices)
        arguments.insert(arguments.end(), {"-a", device});
    for (const std::string& device : options.virtual_devices)
        arguments.insert(arguments.end(), {"--vdev", device});
    return arguments;
}

Eal::Eal(const EalOptions& options) {
    std::vector<std::string> arguments = eal_arguments(options, cores_of_this_process());
    std::vector<char*> pointers;
    pointers.reserve(arguments.size());
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    if (rte_eal_init(static_cast<int>(pointers.size()), pointers.data()) < 0)
        throw std::runtime_error(explain_failure(options));
}

Eal::~Eal() {
    rte_eal_cleanup();
}

} // namespace lbd::dataplane
