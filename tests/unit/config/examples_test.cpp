// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>

#include "config/load.h"
#include "config/warnings.h"
#include "tests/unit/catch.h"

using namespace lbd::config;

TEST_CASE("every example loads without a warning but for its key") {
    std::size_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(EXAMPLES)) {
        if (file.path().extension() != ".yaml") {
            continue;
        }
        INFO(file.path());
        const auto config = load_file(file.path());
        CHECK(warnings(config).size() == (config.sync ? 1 : 0));
        ++count;
    }
    CHECK(count >= 5);
}

TEST_CASE("the two directors of the example differ in priority, address and peer only") {
    auto master = load_file(EXAMPLES "/two-directors-master.yaml");
    const auto backup = load_file(EXAMPLES "/two-directors-backup.yaml");
    CHECK(master.vrrp[0].priority > backup.vrrp[0].priority);
    CHECK(master.ports[0].addresses != backup.ports[0].addresses);
    master.vrrp[0].priority = backup.vrrp[0].priority;
    master.ports[0].addresses = backup.ports[0].addresses;
    master.vrrp[0].source = backup.vrrp[0].source; // implied by the address
    CHECK(backup.sync->peers[0] == load_file(EXAMPLES "/two-directors-master.yaml").sync->address);
    master.sync->address = backup.sync->address;
    master.sync->peers = backup.sync->peers;
    CHECK(master == backup);
}

TEST_CASE("the bare metal example says what its comments say") {
    const auto config = load_file(EXAMPLES "/bare-metal.yaml");
    CHECK(config.workers.count == 4);
    CHECK(config.ports[1].mtu == 9000);
    CHECK(config.vrrp[1].authentication->password.reveal() == "s3cret");
    CHECK(config.services[0].backends[2].weight == 0);
    CHECK(config.services[0].backends[3].checks[0].port == 8443);
    CHECK(config.services[0].backends[3].checks[0].rise == 2);
    CHECK(config.services[1].port_name == "lb1");
}

TEST_CASE("the IPv6, VLAN and tunnel example says what its comments say") {
    const auto config = load_file(EXAMPLES "/ipv6-vlan-tunnel.yaml");
    CHECK(config.ports[0].addresses.empty());
    CHECK(networks(config).size() == 3);
    CHECK(config.vrrp[0].port == "clients");
    CHECK(config.services[0].backends[1].port_name == "lb0.20");
    CHECK(config.services[1].backends[0].port_name == "lb0.20");
    CHECK(config.services[1].backends[0].upper_threshold == 20'000);
    CHECK(config.services[1].backends[0].lower_threshold == 15'000);
    const auto& remote = config.services[2].backends;
    CHECK(config.services[2].port == 0);
    CHECK(remote[0].forwarding == Forwarding::ipip);
    CHECK(remote[0].gateway == IpAddress::parse("198.51.100.1"));
    CHECK(remote[0].port_name == "clients");
    CHECK(remote[1].forwarding == Forwarding::gue);
    CHECK(remote[1].gateway == IpAddress::parse("fe80::1"));
}
