// SPDX-License-Identifier: BSD-3-Clause
// What `lbd --check` says of NICs and cores, on hosts made of files.
#include "lb/host/placement.h"

#include <filesystem>
#include <fstream>

#include "config/load.h"
#include "tests/unit/catch.h"
#include "tests/unit/scratch.h"

namespace lbd::host {

using Catch::Matchers::ContainsSubstring;

namespace {

class Machine : public Scratch {
  public:
    // Two nodes with four cores each, the NIC on the second.
    Machine() {
        file("/sys/bus/pci/devices/0000:3b:00.0/numa_node", "1");
        file("/sys/devices/system/node/node0/cpulist", "0-3");
        file("/sys/devices/system/node/node1/cpulist", "4-7");
        file("/sys/devices/system/cpu/isolated", "");
    }
    void file(const std::string& name, const std::string& text) const {
        const std::filesystem::path place(path() + name);
        std::filesystem::create_directories(place.parent_path());
        std::ofstream(place) << text << '\n';
    }
    std::vector<std::string> warned(const std::string& workers,
                                    const std::string& device = "0000:3B:00.0") const {
        const auto config =
            config::load_text("ports: [{device: '" + device +
                                  "', addresses: [192.0.2.2/24]}]\nworkers: " + workers + "\n",
                              "test");
        return config::host_warnings(config, placement(Files(path()), config));
    }
};

} // namespace

TEST_CASE("a NIC on another NUMA node than its workers is warned of") {
    const Machine machine;
    machine.file("/sys/devices/system/cpu/isolated", "0-7");
    CHECK(machine.warned("{cores: [4, 5]}").empty());
    const auto warnings = machine.warned("{cores: [2, 4]}");
    REQUIRE(warnings.size() == 1);
    CHECK_THAT(warnings[0], ContainsSubstring("NUMA node 1") &&
                                ContainsSubstring("these cores of workers are not: 2;"));
    CHECK(machine.warned("{count: 2}").empty()); // not pinned
}

TEST_CASE("a host with one node, or whose files cannot be read, has no far cores") {
    const Machine machine;
    machine.file("/sys/devices/system/cpu/isolated", "0-7");
    machine.file("/sys/bus/pci/devices/0000:3b:00.0/numa_node", "-1");
    CHECK(machine.warned("{cores: [2]}").empty());
    machine.file("/sys/bus/pci/devices/0000:3b:00.0/numa_node", "nonsense");
    CHECK(machine.warned("{cores: [2]}").empty());
    CHECK(machine.warned("{cores: [2]}", "0000:af:00.0").empty());
    machine.file("/sys/bus/pci/devices/0000:3b:00.0/numa_node", "7");
    CHECK(machine.warned("{cores: [2]}").empty());
}

TEST_CASE("cores that others share are warned of where a worker polls a NIC") {
    const Machine machine;
    const auto warnings = machine.warned("{cores: [4, 5]}");
    REQUIRE(warnings.size() == 1);
    CHECK_THAT(warnings[0],
               ContainsSubstring("not isolated: 4,5") && ContainsSubstring("isolcpus=4,5"));
    machine.file("/sys/devices/system/cpu/isolated", "5");
    CHECK_THAT(machine.warned("{cores: [4, 5]}").at(0), ContainsSubstring("not isolated: 4;"));
    CHECK(machine.warned("{cores: [4, 5], idle: sleep}").empty());
    CHECK(machine.warned("{cores: [4, 5]}", "af_packet:eth1").empty());
}

TEST_CASE("a core that a cpuset isolates is isolated") {
    const Machine machine;
    machine.file("/sys/devices/system/cpu/isolated", "4");
    machine.file("/sys/fs/cgroup/cpuset.cpus.isolated", "5");
    CHECK(machine.warned("{cores: [4, 5]}").empty());
}

TEST_CASE("where nothing is known about isolation nothing is said") {
    const Machine machine;
    std::filesystem::remove(machine.path() + "/sys/devices/system/cpu/isolated");
    CHECK(machine.warned("{cores: [4, 5]}").empty());
}

} // namespace lbd::host
