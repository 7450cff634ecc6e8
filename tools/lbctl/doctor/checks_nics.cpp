// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>

#include "lb/host/placement.h"
#include "tools/lbctl/doctor/checks.h"
#include "tools/lbctl/doctor/needs.h"

namespace lbd::lbctl {

namespace {

using host::path_of_nic;

constexpr auto groups = "/sys/kernel/iommu_groups";
constexpr auto noiommu = "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode";
constexpr auto kind = config::Device::Kind::pci;

// For these DPDK works beside the kernel's driver, which stays.
constexpr std::array<std::string_view, 3> shared{"mlx4_core", "mlx5_core", "mana"};
constexpr std::array<std::string_view, 3> for_dpdk{"vfio-pci", "uio_pci_generic", "igb_uio"};

bool among(const auto& drivers, const std::string& driver) {
    return std::find(drivers.begin(), drivers.end(), driver) != drivers.end();
}

std::string bind(const std::string& nic) {
    return "dpdk-devbind.py -b vfio-pci " + nic;
}

Finding check_driver(const Host& host, const std::string& nic) {
    const std::string subject = "NIC " + nic;
    const std::string driver = host.link_name(path_of_nic(nic) + "/driver");
    if (among(for_dpdk, driver)) return {Severity::ok, subject, "is bound to " + driver, {}};
    if (among(shared, driver))
        return {Severity::ok, subject, "DPDK works beside its driver " + driver, {}};
    if (driver.empty()) return {Severity::problem, subject, "is bound to no driver", {bind(nic)}};
    Finding finding{Severity::problem, subject, "belongs to the kernel's driver " + driver, {}};
    for (const std::string& interface : host.names(path_of_nic(nic) + "/net")) {
        finding.sentence += ", as " + interface;
        finding.mends.push_back("ip link set " + interface + " down");
    }
    finding.mends.push_back(bind(nic));
    return finding;
}

Findings check_nodes(const Host& host, const config::Config& config) {
    const std::set<unsigned> cores(config.workers.cores.begin(), config.workers.cores.end());
    Findings findings;
    if (cores.empty()) return findings; // not pinned
    for (const config::HostFacts::Nic& nic : host::placement(host, config).nics) {
        const std::set<unsigned> far = config::without(cores, nic.cores);
        const std::string subject = "NIC " + nic.address;
        const std::string where = "is on NUMA node " + std::to_string(nic.node);
        if (far.empty())
            findings.push_back({Severity::ok, subject, where + " as the workers are", {}});
        else
            findings.push_back({Severity::warning,
                                subject,
                                where + ", and these cores of workers are not: " +
                                    config::joined(far) + "; choose workers.cores among " +
                                    (nic.cores.empty() ? "none" : config::joined(nic.cores)),
                                {}});
    }
    return findings;
}

} // namespace

Findings check_vfio(const Host& host, const config::Config* config) {
    if (config != nullptr && !uses(*config, kind)) return {};
    const Severity missing = config != nullptr ? Severity::problem : Severity::note;
    Findings findings;
    if (host.exists("/sys/bus/pci/drivers/vfio-pci"))
        findings.push_back({Severity::ok, "vfio-pci", "is loaded", {}});
    else
        findings.push_back({missing, "vfio-pci", "is not loaded", {"modprobe vfio-pci"}});
    if (!host.names(groups).empty())
        findings.push_back({Severity::ok, "IOMMU", "is on", {}});
    else if (host.text(noiommu) == "Y")
        findings.push_back({Severity::note, "IOMMU", "is off, and vfio may do without it", {}});
    else
        findings.push_back(
            {missing,
             "IOMMU",
             "is off: put intel_iommu=on iommu=pt (AMD: iommu=pt) on the kernel's "
             "command line, or let vfio do without it, which protects less",
             {"modprobe vfio enable_unsafe_noiommu_mode=1", std::string("echo 1 > ") + noiommu}});
    return findings;
}

Findings check_nics(const Host& host, const config::Config* config) {
    if (config == nullptr) return {};
    Findings findings;
    for (const config::Port& port : config->ports) {
        if (port.device.kind != kind) continue;
        const std::string& nic = port.device.name;
        if (!host.exists(path_of_nic(nic))) {
            findings.push_back({Severity::problem,
                                "NIC " + nic,
                                "there is none at this address",
                                {"dpdk-devbind.py --status-dev net"}});
            continue;
        }
        findings.push_back(check_driver(host, nic));
    }
    for (Finding& finding : check_nodes(host, *config)) findings.push_back(std::move(finding));
    return findings;
}

} // namespace lbd::lbctl
