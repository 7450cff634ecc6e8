// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/eal.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_pdump.h>
#include <sched.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string_view>
#include <system_error>

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

std::string file_prefix(const EalOptions& options) {
    return "lbd-" + options.name;
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

// What DPDK writes to its run-time directory: a record of each 4 KiB page, or of those there could
// be of hugepages, and names.
std::uintmax_t runtime_bytes(const EalOptions& options) {
    constexpr std::uintmax_t names = 512U << 10;
    constexpr std::uintmax_t records_of_megabyte = 256 * 64;
    constexpr std::uintmax_t records_of_hugepages = 8U << 20; // a few lists of 388 KiB a node
    return names +
           (options.hugepages ? records_of_hugepages : options.megabytes * records_of_megabyte);
}

// It maps files there without asking whether they have room, and dies by SIGBUS if not.
void expect_room(const EalOptions& options) {
    for (const char* directory : {"/var/run/dpdk", "/var/run"}) {
        std::error_code error;
        const std::filesystem::space_info space = std::filesystem::space(directory, error);
        if (error) continue;
        if (space.available < runtime_bytes(options))
            throw std::runtime_error(std::string("no room in ") + directory + ": DPDK needs " +
                                     std::to_string(runtime_bytes(options) >> 10) +
                                     " KiB there, and " + std::to_string(space.available >> 10) +
                                     " are left (df " + directory + ")");
        return;
    }
}

// What DPDK calls a hugepage's file: the prefix, "map_" and a number.
bool is_hugepage(const std::string& name, const std::string& prefix) {
    const std::string beginning = prefix + "map_";
    return name.size() > beginning.size() && name.rfind(beginning, 0) == 0 &&
           name.find_first_not_of("0123456789", beginning.size()) == std::string::npos;
}

// Where the hugepages are that this process has mapped, proc(5).
std::set<std::filesystem::path> hugepage_directories(const std::string& prefix) {
    constexpr std::string_view unlinked = " (deleted)";
    std::set<std::filesystem::path> directories;
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        const std::size_t path = line.find('/');
        if (path == std::string::npos) continue;
        const std::filesystem::path file = line.substr(path, line.rfind(unlinked) - path);
        if (is_hugepage(file.filename(), prefix)) directories.insert(file.parent_path());
    }
    return directories;
}

// DPDK leaves files that others may have open. And a process that tries to attach to pages without
// a file makes files of their names.
void remove_hugepages(const std::set<std::filesystem::path>& directories,
                      const std::string& prefix) {
    std::error_code error;
    for (const auto& directory : directories)
        for (const auto& entry : std::filesystem::directory_iterator(directory, error))
            if (is_hugepage(entry.path().filename(), prefix))
                std::filesystem::remove(entry.path(), error);
}

} // namespace

std::vector<std::string> eal_arguments(const EalOptions& options,
                                       const std::vector<unsigned>& allowed_cores) {
    std::vector<std::string> arguments{"lbd", "--file-prefix", file_prefix(options), "--lcores",
                                       lcore_map(options, allowed_cores)};
    arguments.insert(arguments.end(), {"--main-lcore", "0", "--log-level", "lib.*:notice",
                                       "--log-level", "pmd.*:notice"});
    arguments.insert(arguments.end(), {"--log-level", "lib.telemetry:warning"});
    // No file keeps the pages taken when this process is gone, however it ends. But whoever shall
    // attach to the memory opens the files: DPDK then removes those of a crash at the next start.
    arguments.emplace_back(!options.hugepages ? "--no-huge"
                           : options.capture  ? "--huge-unlink=existing"
                                              : "--huge-unlink=always");
    if (options.megabytes != 0)
        arguments.insert(arguments.end(), {"-m", std::to_string(options.megabytes)});
    // Software devices take any address. To find out physical ones for memory that is added later,
    // as for a process that attaches, needs a privilege that has been given up by then.
    if (options.pci_devices.empty())
        arguments.insert(arguments.end(), {"--no-pci", "--iova-mode=va"});
    for (const std::string& device : options.pci_devices)
        arguments.insert(arguments.end(), {"-a", device});
    for (const std::string& device : options.virtual_devices)
        arguments.insert(arguments.end(), {"--vdev", device});
    return arguments;
}

Eal::Eal(const EalOptions& options)
    : prefix_(file_prefix(options)), capture_(options.hugepages && options.capture) {
    expect_room(options);
    std::vector<std::string> arguments = eal_arguments(options, cores_of_this_process());
    std::vector<char*> pointers;
    pointers.reserve(arguments.size());
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    if (rte_eal_init(static_cast<int>(pointers.size()), pointers.data()) < 0) {
        const std::string failure = explain_failure(options);
        remove_hugepages(hugepage_directories(prefix_), prefix_);
        throw std::runtime_error(failure);
    }
    if (!capture_ || rte_pdump_init() == 0) return;
    end();
    throw std::runtime_error("DPDK's packet capture does not start");
}

Eal::~Eal() {
    if (capture_) rte_pdump_uninit();
    end();
}

void Eal::end() const {
    const auto directories = hugepage_directories(prefix_);
    rte_eal_cleanup();
    remove_hugepages(directories, prefix_);
}

} // namespace lbd::dataplane
