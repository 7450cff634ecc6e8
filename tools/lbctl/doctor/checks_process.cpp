// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <sstream>

#include "tools/lbctl/doctor/checks.h"
#include "tools/lbctl/doctor/needs.h"

namespace lbd::lbctl {

namespace {

struct Right {
    Capability capability;
    std::string_view name;
    Severity missing;
};

constexpr std::array<Right, 3> rights{{
    {Capability::net_admin, "CAP_NET_ADMIN", Severity::problem},
    {Capability::net_raw, "CAP_NET_RAW", Severity::problem},
    {Capability::sys_nice, "CAP_SYS_NICE (real-time priority)", Severity::warning},
}};

bool kernel_speaks(const Host& host, std::string_view protocol) {
    std::istringstream protocols(host.text("/proc/net/protocols").value_or(""));
    for (std::string line; std::getline(protocols, line);) {
        std::string name;
        std::istringstream(line) >> name;
        if (name == protocol) return true;
    }
    return false;
}

} // namespace

Findings check_rights(const Host& host, const config::Config* /*config*/) {
    Findings findings;
    for (const Right& right : rights)
        if (!has_capability(host, right.capability))
            findings.push_back({right.missing,
                                "rights",
                                "this user lacks " + std::string(right.name) +
                                    "; lbd needs it, see what root sees",
                                {"sudo lbctl doctor"}});
    if (findings.empty()) findings.push_back({Severity::ok, "rights", "suffice for lbd", {}});
    return findings;
}

Findings check_kernel(const Host& host, const config::Config* config) {
    Findings findings;
    if (host.exists("/dev/net/tun"))
        findings.push_back({Severity::ok, "/dev/net/tun", "exists", {}});
    else
        findings.push_back({Severity::problem,
                            "/dev/net/tun",
                            "is missing; companion interfaces need it",
                            {"modprobe tun"}});
    const bool packet_needed = config != nullptr && uses(*config, config::Device::Kind::af_packet);
    if (kernel_speaks(host, "PACKET"))
        findings.push_back({Severity::ok, "packet sockets", "are there", {}});
    else
        findings.push_back({packet_needed ? Severity::problem : Severity::note,
                            "packet sockets",
                            "the kernel has none",
                            {"modprobe af_packet"}});
    if (kernel_speaks(host, "XDP"))
        findings.push_back({Severity::ok, "AF_XDP", "the kernel speaks it", {}});
    else
        findings.push_back({config != nullptr && uses(*config, config::Device::Kind::af_xdp)
                                ? Severity::problem
                                : Severity::note,
                            "AF_XDP",
                            "the kernel does not speak it (CONFIG_XDP_SOCKETS); devices af_packet "
                            "and PCI work",
                            {}});
    return findings;
}

} // namespace lbd::lbctl
