// SPDX-License-Identifier: BSD-3-Clause
// DPDK's environment: hugepages, cores, devices. Once a process.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace lbd::dataplane {

struct EalOptions {
    std::string name; // tells several processes on one machine apart
    bool hugepages = true;
    bool capture = false;   // with hugepages: dpdk-dumpcap may attach
    unsigned megabytes = 0; // to reserve at start; 0 with hugepages: as needed
    std::optional<unsigned> control_core;
    std::vector<unsigned> worker_cores; // empty: workers share the cores that the process may use
    unsigned workers = 1;
    std::vector<std::string> pci_devices;     // 0000:3b:00.0
    std::vector<std::string> virtual_devices; // net_af_xdp0,iface=eth1
};

// The arguments that DPDK gets for `options`, the program's name first.
std::vector<std::string> eal_arguments(const EalOptions& options,
                                       const std::vector<unsigned>& allowed_cores);

class Eal {
  public:
    // Throws std::runtime_error that says what is missing on this machine.
    explicit Eal(const EalOptions& options);
    Eal(const Eal&) = delete;
    Eal& operator=(const Eal&) = delete;
    ~Eal();

    // The lcore on which worker `index` runs.
    unsigned worker_lcore(unsigned index) const { return index + 1; }

  private:
    void end() const;

    std::string prefix_; // of DPDK's files
    bool capture_;
};

} // namespace lbd::dataplane
