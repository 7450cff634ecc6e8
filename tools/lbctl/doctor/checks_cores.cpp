// SPDX-License-Identifier: BSD-3-Clause
#include "lb/host/placement.h"
#include "tools/lbctl/doctor/checks.h"

namespace lbd::lbctl {

using config::joined;
using config::without;

namespace {

constexpr auto cpus = "/sys/devices/system/cpu/";

Findings check_isolation(const Host& host, const config::Config& config,
                         const std::set<unsigned>& cores, bool polls) {
    // A worker that sleeps shares its core on purpose.
    const Severity severity = polls ? Severity::warning : Severity::note;
    Findings findings;
    const auto shared = without(cores, host::placement(host, config).isolated);
    if (!shared.empty())
        findings.push_back(
            {severity,
             "cores " + joined(shared),
             "are not isolated: put isolcpus=" + joined(cores) + " on the kernel's command line",
             {}});
    const auto ticking = without(cores, host.cores(std::string(cpus) + "nohz_full"));
    if (!ticking.empty())
        findings.push_back(
            {Severity::note,
             "cores " + joined(ticking),
             "have a timer tick: put nohz_full=" + joined(cores) + " on the kernel's command line",
             {}});
    return findings;
}

Findings check_governors(const Host& host, const std::set<unsigned>& cores) {
    Findings findings;
    for (const unsigned core : cores) {
        const std::string file =
            cpus + ("cpu" + std::to_string(core)) + "/cpufreq/scaling_governor";
        const auto governor = host.text(file);
        if (governor && *governor != "performance")
            findings.push_back({Severity::warning,
                                "core " + std::to_string(core),
                                "its frequency follows the governor " + *governor,
                                {"echo performance > " + file}});
    }
    return findings;
}

} // namespace

Findings check_cores(const Host& host, const config::Config* config) {
    const std::set<unsigned> online = host.cores(std::string(cpus) + "online");
    if (config == nullptr) {
        const auto isolated = host.cores(std::string(cpus) + "isolated");
        const std::string which = isolated.empty() ? "none" : joined(isolated);
        return {{Severity::note,
                 "cores",
                 std::to_string(online.size()) + " are online, isolated: " + which,
                 {}}};
    }
    const bool polls = config->workers.idle == config::Workers::Idle::poll;
    const std::set<unsigned> cores(config->workers.cores.begin(), config->workers.cores.end());
    if (cores.empty()) {
        if (!polls) return {{Severity::ok, "cores", "workers are not pinned, and sleep", {}}};
        return {{Severity::warning,
                 "cores",
                 "workers poll without a core of their own: set workers.cores",
                 {}}};
    }
    const auto missing = online.empty() ? online : without(cores, online);
    if (!missing.empty())
        return {{Severity::problem,
                 "cores " + joined(missing),
                 "are not online; set workers.cores to some of " + joined(online),
                 {}}};
    Findings findings = check_isolation(host, *config, cores, polls);
    for (Finding& finding : check_governors(host, cores)) findings.push_back(std::move(finding));
    if (findings.empty())
        findings.push_back({Severity::ok, "cores " + joined(cores), "are the workers' alone", {}});
    return findings;
}

Findings check_clock(const Host& host, const config::Config* /*config*/) {
    Findings findings;
    const std::string directory = "/sys/devices/system/clocksource/clocksource0/";
    const std::string source = host.text(directory + "current_clocksource").value_or("");
    const std::string available = host.text(directory + "available_clocksource").value_or("");
    if (source == "tsc")
        findings.push_back({Severity::ok, "clock source", "is the TSC", {}});
    else if ((" " + available + " ").find(" tsc ") != std::string::npos)
        findings.push_back({Severity::warning,
                            "clock source",
                            "is " + source + ", not the TSC that workers count by",
                            {"echo tsc > " + directory + "current_clocksource"}});
    else if (!source.empty())
        findings.push_back({Severity::note,
                            "clock source",
                            "is " + source + "; the kernel does not offer its TSC",
                            {}});
    if (host.facts().clock_synchronized == true)
        findings.push_back({Severity::ok, "time of day", "is synchronised", {}});
    else if (host.facts().clock_synchronized == false)
        findings.push_back({Severity::warning,
                            "time of day",
                            "is not synchronised: logs of two directors do not compare",
                            {"systemctl enable --now systemd-timesyncd"}});
    return findings;
}

} // namespace lbd::lbctl
