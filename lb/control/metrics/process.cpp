// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/metrics/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace lbd::control::metrics {

namespace {

double seconds_in(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// proc(5): the 22nd field of stat, in ticks since the machine started.
double start_seconds() {
    std::ifstream file("/proc/self/stat");
    std::string text((std::istreambuf_iterator<char>(file)), {});
    const std::size_t name_end = text.rfind(')'); // the name may have blanks
    if (name_end == std::string::npos) return 0;
    std::istringstream fields(text.substr(name_end + 1));
    constexpr int before_start = 19;
    std::string skipped;
    for (int field = 0; field < before_start; ++field) fields >> skipped;
    double ticks = 0;
    fields >> ticks;
    timespec up{};
    clock_gettime(CLOCK_BOOTTIME, &up);
    const double now =
        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    const double boot =
        now - static_cast<double>(up.tv_sec) - static_cast<double>(up.tv_nsec) / 1e9;
    return boot + ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::uint64_t open_descriptors() {
    std::error_code error;
    const std::filesystem::directory_iterator list("/proc/self/fd", error);
    if (error) return 0;
    // One of them is that of the listing.
    return static_cast<std::uint64_t>(std::distance(begin(list), end(list))) - 1;
}

} // namespace

Process Process::look() {
    Process process;
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        process.cpu_seconds = seconds_in(usage.ru_utime) + seconds_in(usage.ru_stime);
    std::uint64_t total = 0;
    std::uint64_t resident = 0;
    std::ifstream("/proc/self/statm") >> total >> resident;
    const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    process.virtual_bytes = total * page;
    process.resident_bytes = resident * page;
    process.open_descriptors = control::metrics::open_descriptors();
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) process.most_descriptors = limit.rlim_cur;
    process.start_seconds = control::metrics::start_seconds();
    return process;
}

} // namespace lbd::control::metrics
