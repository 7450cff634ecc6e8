// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>
#include <fstream>
#include <string>

#include "config/load.h"
#include "tests/unit/catch.h"
#include "tests/unit/scratch.h"
#include "tools/lbctl/doctor/checks.h"

namespace lbd::lbctl {

using Catch::Matchers::ContainsSubstring;

namespace {

// A host of files, with nothing on it but what a test puts there.
class Fixture : public Scratch {
  public:
    void file(const std::string& path, const std::string& text) {
        const auto place = prepared(path);
        std::ofstream(place) << text << '\n';
    }
    void link(const std::string& path, const std::string& target) {
        std::filesystem::create_symlink(target, prepared(path));
    }
    void directory(const std::string& path) {
        std::filesystem::create_directories(Scratch::path() + path);
    }
    Host host() const { return Host(path(), facts); }

    Facts facts;

  private:
    std::string prepared(const std::string& path) {
        std::filesystem::create_directories(
            std::filesystem::path(Scratch::path() + path).parent_path());
        return Scratch::path() + path;
    }
};

config::Config config_for(const std::string& device, const std::string& more = "") {
    return config::load_text("ports: [{name: lb0, device: '" + device +
                                 "', addresses: [192.0.2.2/24]}]\n"
                                 "services: [{name: web, address: 192.0.2.100, port: 80, backends: "
                                 "[{address: 192.0.2.11}, {address: 192.0.2.12}]}]\n" +
                                 more,
                             "test");
}

void address(Fixture& fixture, const std::string& interface, const std::string& text) {
    fixture.facts.addresses.push_back({interface, *config::Prefix::parse(text)});
}

void interface(Fixture& fixture, const std::string& name) {
    const std::string path = "/sys/class/net/" + name;
    fixture.file(path + "/flags", "0x1003");
    fixture.file(path + "/mtu", "1500");
    fixture.file(path + "/carrier", "1");
    fixture.directory(path + "/queues/rx-0");
    fixture.directory(path + "/queues/tx-0");
    fixture.directory(path + "/device");
}

void nic(Fixture& fixture, const std::string& driver) {
    const std::string path = "/sys/bus/pci/devices/0000:3b:00.0";
    fixture.file(path + "/numa_node", "1");
    fixture.link(path + "/driver", "../../drivers/" + driver);
}

constexpr auto hugepages = "/sys/kernel/mm/hugepages/hugepages-2048kB/";

} // namespace

TEST_CASE("the text of findings has one line each and one for each command", "[doctor]") {
    const Findings findings{{Severity::ok, "a", "is well", {}},
                            {Severity::problem, "b", "is \033[1mnot", {"mend b", "mend more"}}};
    CHECK(text(findings) ==
          "ok       a: is well\n"
          "problem  b: is ?[1mnot\n"
          "    mend: mend b\n"
          "    mend: mend more\n");
    CHECK(as_json(findings)[1].as_object().at("mend").as_array().size() == 2);
    CHECK(has_problem(findings));
    CHECK_FALSE(has_problem({findings[0]}));
}

TEST_CASE("hugepages are a problem only to a configuration that needs them", "[doctor]") {
    Fixture fixture;
    const auto needing = config_for("0000:3b:00.0", "memory: {megabytes: 64}\n");
    CHECK(has_problem(check_hugepages(fixture.host(), &needing)));
    CHECK_FALSE(has_problem(check_hugepages(fixture.host(), nullptr)));
    const auto frugal = config_for("0000:3b:00.0", "memory: {hugepages: false}\n");
    CHECK_FALSE(has_problem(check_hugepages(fixture.host(), &frugal)));
}

TEST_CASE("free hugepages are counted against what is needed", "[doctor]") {
    Fixture fixture;
    fixture.file(std::string(hugepages) + "nr_hugepages", "64");
    fixture.file(std::string(hugepages) + "free_hugepages", "31");
    fixture.file("/proc/mounts", "hugetlbfs /dev/hugepages hugetlbfs rw 0 0");
    const auto config = config_for("0000:3b:00.0", "memory: {megabytes: 64}\n");
    const Findings findings = check_hugepages(fixture.host(), &config);
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].severity == Severity::problem);
    CHECK_THAT(findings[0].mends.at(0), ContainsSubstring("echo 65 >")); // 33 in use and 32
    fixture.file(std::string(hugepages) + "free_hugepages", "32");
    CHECK_FALSE(has_problem(check_hugepages(fixture.host(), &config)));
    fixture.file("/proc/mounts", "proc /proc proc rw 0 0");
    CHECK(has_problem(check_hugepages(fixture.host(), &config)));
}

TEST_CASE("a NIC of the kernel's driver is to be bound to vfio-pci", "[doctor]") {
    const auto config = config_for("3B:00.0");
    {
        Fixture fixture;
        nic(fixture, "ixgbe");
        const Findings findings = check_nics(fixture.host(), &config);
        REQUIRE(findings.size() == 1);
        CHECK(findings[0].severity == Severity::problem);
        CHECK(findings[0].mends.back() == "dpdk-devbind.py -b vfio-pci 3B:00.0");
    }
    for (const char* driver : {"vfio-pci", "mlx5_core"}) {
        Fixture fixture;
        nic(fixture, driver);
        CHECK_FALSE(has_problem(check_nics(fixture.host(), &config)));
    }
    CHECK(has_problem(check_nics(Fixture().host(), &config)));
}

TEST_CASE("cores on another NUMA node than the NIC are named", "[doctor]") {
    Fixture fixture;
    nic(fixture, "vfio-pci");
    fixture.file("/sys/devices/system/node/node1/cpulist", "4-7");
    const auto config = config_for("0000:3b:00.0", "workers: {cores: [3, 4]}\n");
    CHECK_THAT(text(check_nics(fixture.host(), &config)), ContainsSubstring("are not: 3; choose"));
}

TEST_CASE("vfio needs its module and an IOMMU, or leave to do without", "[doctor]") {
    Fixture fixture;
    const auto config = config_for("0000:3b:00.0");
    CHECK_THAT(text(check_vfio(fixture.host(), &config)), ContainsSubstring("modprobe vfio-pci"));
    fixture.directory("/sys/bus/pci/drivers/vfio-pci");
    CHECK(has_problem(check_vfio(fixture.host(), &config)));
    fixture.file("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y");
    CHECK_FALSE(has_problem(check_vfio(fixture.host(), &config)));
    const auto packet = config_for("af_packet:eth1");
    CHECK(check_vfio(fixture.host(), &packet).empty());
}

TEST_CASE("a Linux interface must be there, be alone and be as large as the port", "[doctor]") {
    Fixture fixture;
    const auto config = config_for("af_packet:eth1");
    CHECK_THAT(text(check_interfaces(fixture.host(), &config)),
               ContainsSubstring("no such interface"));
    interface(fixture, "eth1");
    CHECK_THAT(text(check_interfaces(fixture.host(), &config)),
               ContainsSubstring("ok       interface eth1"));
    fixture.file("/sys/class/net/eth1/mtu", "1400");
    CHECK_THAT(text(check_interfaces(fixture.host(), &config)),
               ContainsSubstring("ip link set eth1 mtu 1500"));
    fixture.file("/sys/class/net/eth1/mtu", "1500");
    fixture.file("/sys/class/net/eth1/flags", "0x1002");
    CHECK_THAT(text(check_interfaces(fixture.host(), &config)),
               ContainsSubstring("ip link set eth1 up"));
    fixture.link("/sys/class/net/eth1/master", "../br0");
    CHECK_THAT(text(check_interfaces(fixture.host(), &config)),
               ContainsSubstring("belongs to br0"));
}

TEST_CASE("an address of lb0 that is still on its interface is a problem", "[doctor]") {
    Fixture fixture;
    interface(fixture, "eth1");
    const auto config = config_for("af_packet:eth1");
    address(fixture, "eth1", "fe80::1");
    CHECK_FALSE(has_problem(check_interfaces(fixture.host(), &config)));
    address(fixture, "eth1", "192.0.2.2/24");
    CHECK_THAT(text(check_interfaces(fixture.host(), &config)),
               ContainsSubstring("ip address del 192.0.2.2/24 dev eth1"));
}

TEST_CASE("AF_XDP needs as many queues as workers", "[doctor]") {
    Fixture fixture;
    interface(fixture, "eth1");
    const auto two = config_for("af_xdp:eth1", "workers: {count: 2}\n");
    CHECK_THAT(text(check_interfaces(fixture.host(), &two)),
               ContainsSubstring("ethtool -L eth1 combined 2"));
    const auto one = config_for("af_xdp:eth1");
    CHECK_FALSE(has_problem(check_interfaces(fixture.host(), &one)));
}

TEST_CASE("a virtual address that another interface has is a problem, on lb0 it is not",
          "[doctor]") {
    Fixture fixture;
    const auto config = config_for("af_packet:eth1");
    address(fixture, "lb0", "192.0.2.100");
    CHECK_FALSE(has_problem(check_addresses(fixture.host(), &config)));
    address(fixture, "lo", "192.0.2.100");
    CHECK_THAT(text(check_addresses(fixture.host(), &config)),
               ContainsSubstring("ip address del 192.0.2.100/32 dev lo"));
}

TEST_CASE("an interface with the port's name must be lbd's own", "[doctor]") {
    Fixture fixture;
    const auto config = config_for("af_packet:eth1");
    CHECK(check_companions(fixture.host(), &config).empty());
    fixture.directory("/sys/class/net/lb0");
    CHECK(has_problem(check_companions(fixture.host(), &config)));
    fixture.file("/sys/class/net/lb0/tun_flags", "0x1002");
    CHECK_FALSE(has_problem(check_companions(fixture.host(), &config)));
}

TEST_CASE("cores must be online, and are better alone and fast", "[doctor]") {
    Fixture fixture;
    const std::string cpu = "/sys/devices/system/cpu/";
    const auto config = config_for("af_packet:eth1", "workers: {cores: [2, 3]}\n");
    fixture.file(cpu + "online", "0-2");
    CHECK(has_problem(check_cores(fixture.host(), &config)));
    fixture.file(cpu + "online", "0-3");
    CHECK_THAT(text(check_cores(fixture.host(), &config)), ContainsSubstring("isolcpus=2,3"));
    fixture.file(cpu + "isolated", "2-3");
    fixture.file(cpu + "nohz_full", "2,3");
    CHECK(check_cores(fixture.host(), &config).at(0).severity == Severity::ok);
    fixture.file(cpu + "cpu3/cpufreq/scaling_governor", "powersave");
    CHECK_THAT(text(check_cores(fixture.host(), &config)),
               ContainsSubstring("echo performance > /sys/devices/system/cpu/cpu3/"));
}

TEST_CASE("the kernel must remember more neighbours than there are backends", "[doctor]") {
    Fixture fixture;
    const auto config = config_for("af_packet:eth1");
    const std::string limit = "/proc/sys/net/ipv4/neigh/default/gc_thresh3";
    CHECK(check_neighbour_limit(fixture.host(), &config).empty());
    fixture.file(limit, "2");
    CHECK(has_problem(check_neighbour_limit(fixture.host(), &config)));
    fixture.file(limit, "3");
    CHECK(check_neighbour_limit(fixture.host(), &config).at(0).severity == Severity::warning);
    fixture.file(limit, "1024");
    CHECK(check_neighbour_limit(fixture.host(), &config).at(0).severity == Severity::ok);
}

TEST_CASE("keepalived of this network and services of IPVS are problems", "[doctor]") {
    Fixture fixture;
    fixture.link("/proc/self/ns/net", "net:[1]");
    fixture.file("/proc/77/comm", "keepalived");
    fixture.link("/proc/77/ns/net", "net:[2]");
    CHECK_FALSE(has_problem(check_ipvs(fixture.host(), nullptr)));
    fixture.file("/proc/net/ip_vs", "IP Virtual Server version 1.2.1\nProt LocalAddress:Port");
    CHECK_FALSE(has_problem(check_ipvs(fixture.host(), nullptr)));
    fixture.file("/proc/net/ip_vs", "Prot LocalAddress:Port\nTCP  C0000264:0050 wrr");
    CHECK_THAT(text(check_ipvs(fixture.host(), nullptr)),
               ContainsSubstring("balances 1 service itself"));
    fixture.file("/proc/78/comm", "keepalived");
    fixture.link("/proc/78/ns/net", "net:[1]");
    CHECK_THAT(text(check_ipvs(fixture.host(), nullptr)),
               ContainsSubstring("systemctl disable --now keepalived"));
}

TEST_CASE("rights are those of the process, and lift its limit of locked memory", "[doctor]") {
    Fixture fixture;
    fixture.file("/proc/self/status", "Name:\tlbctl\nCapEff:\t0000000000000000");
    fixture.file("/proc/self/limits", "Max locked memory  8388608  8388608  bytes");
    CHECK(has_problem(check_rights(fixture.host(), nullptr)));
    CHECK(check_locked_memory(fixture.host(), nullptr).at(0).severity == Severity::warning);
    fixture.file("/proc/self/status", "Name:\tlbctl\nCapEff:\t000001ffffffffff");
    CHECK_FALSE(has_problem(check_rights(fixture.host(), nullptr)));
    CHECK(check_locked_memory(fixture.host(), nullptr).at(0).severity == Severity::ok);
}

TEST_CASE("what the kernel must offer depends on the device", "[doctor]") {
    Fixture fixture;
    fixture.file("/dev/net/tun", "");
    fixture.file("/proc/net/protocols", "protocol size\nPACKET 1472");
    const auto packet = config_for("af_packet:eth1");
    const auto xdp = config_for("af_xdp:eth1");
    CHECK_FALSE(has_problem(check_kernel(fixture.host(), &packet)));
    CHECK(has_problem(check_kernel(fixture.host(), &xdp)));
}

TEST_CASE("the clock is the TSC and synchronised", "[doctor]") {
    Fixture fixture;
    const std::string source = "/sys/devices/system/clocksource/clocksource0/";
    fixture.file(source + "current_clocksource", "hpet");
    fixture.file(source + "available_clocksource", "tsc hpet");
    fixture.facts.clock_synchronized = false;
    CHECK_THAT(text(check_clock(fixture.host(), nullptr)),
               ContainsSubstring("echo tsc >") && ContainsSubstring("is not synchronised"));
}

TEST_CASE("an empty host is examined without a configuration and with one", "[doctor]") {
    Fixture fixture;
    const auto config = config_for("af_packet:eth1");
    CHECK_FALSE(examine(fixture.host(), nullptr).empty());
    CHECK(has_problem(examine(fixture.host(), &config)));
}

} // namespace lbd::lbctl
