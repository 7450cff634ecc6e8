// SPDX-License-Identifier: BSD-3-Clause
// What a user sees for each mistake, to the column.
#include "mistakes.h"

using namespace lbd::config;

TEST_CASE("a value that is not allowed is shown with what is") {
    check({
        {"name: a b", "f:4:7: name: found 'a b', allowed: 1..32 of A-Z a-z 0-9 _-"},
        {"name: ''", "f:4:7: name: found '', allowed: 1..32 of A-Z a-z 0-9 _-"},
        {"workers: {count: 65}", "f:4:18: workers.count: found '65', allowed: 1..64"},
        {"workers:\n  idle: nap", "f:5:9: workers.idle: found 'nap', allowed: poll or sleep"},
        {"workers: {cores: [1, x]}", "f:4:22: workers.cores[1]: found 'x', allowed: 0..1023"},
        {"memory: {hugepages: maybe}",
         "f:4:21: memory.hugepages: found 'maybe', allowed: true or false"},
        {"memory: {flows: 1023}", "f:4:17: memory.flows: found '1023', allowed: 1024..134217728"},
        {"control: {socket: run.sock}",
         "f:4:19: control.socket: found 'run.sock', allowed: an absolute path of at most 107 "
         "characters without blanks"},
        {"health: {interval: 5 minutes}",
         "f:4:20: health.interval: found '5 minutes', allowed: 10ms..1h (0.5, 500ms, 2s, 1m)"},
        {"timeouts: {udp: 1.5}",
         "f:4:17: timeouts.udp: found '1.5', allowed: 1s..7d in whole seconds (30, 30s, 5m, 1h)"},
        {service("scheduler: dh"),
         "f:5:57: services[0].scheduler: found 'dh', allowed: rr, wrr, lc, wlc, sh or mh"},
        {service("on_unknown_tcp: rst"),
         "f:5:62: services[0].on_unknown_tcp: found 'rst', allowed: hash, drop, schedule or reset"},
        {service("backends: [{address: 10.0.0.11, weight: 65536}]"),
         "f:5:86: services[0].backends[0].weight: found '65536', allowed: 0..65535"},
        {service("backends: [{address: 10.0.0.11, mac: 02:00}]"),
         "f:5:83: services[0].backends[0].mac: found '02:00', allowed: a MAC address such as "
         "02:00:5e:10:00:01"},
        {service("backends: [{address: www}]"),
         "f:5:67: services[0].backends[0].address: found 'www', allowed: an address such as "
         "192.0.2.10 or 2001:db8::10"},
        {router("priority: 0"), "f:5:67: vrrp[0].priority: found '0', allowed: 1..255"},
        {router("version: 4"), "f:5:66: vrrp[0].version: found '4', allowed: 2 or 3"},
    });
}

TEST_CASE("the four forms of a device are listed for what is none of them") {
    CHECK(errors_of("ports:\n  - device: eth1\n    addresses: [10.0.0.2/24]") ==
          "f:2:13: ports[0].device: found 'eth1', allowed: a PCI address (0000:3b:00.0), "
          "af_xdp:<interface>, af_packet:<interface> or vdev:<driver,arguments>");
}

TEST_CASE("an unknown key is shown with the one that was probably meant") {
    check({
        {"worker: {}", "f:4:1: unknown key 'worker'; did you mean 'workers'?"},
        {service("sheduler: rr"),
         "f:5:46: services[0]: unknown key 'sheduler'; did you mean 'scheduler'?"},
        {"control: {frobnicate: 1}",
         "f:4:11: control: unknown key 'frobnicate'; known: 'socket', 'group', 'core', "
         "'realtime_priority', 'core_dumps', 'script_capabilities'"},
    });
}

TEST_CASE("capabilities of scripts are those that Linux has") {
    const std::string allowed =
        ", allowed: a name of capabilities(7) without its CAP_, such as dac_override";
    for (const std::string word : {"cap_chown", "CHOWN", "own chown", "' '", "''"}) {
        INFO(word);
        CHECK(errors_of(port + "control: {script_capabilities: [" + word + "]}").find(allowed) !=
              std::string::npos);
    }
    CHECK(load_text(port + "control: {script_capabilities: [chown, sys_admin]}", "f")
              .control.script_capabilities == std::vector<std::string>{"chown", "sys_admin"});
}

TEST_CASE("a required key that is missing is shown at its section") {
    check({
        {"services:\n  - address: 10.0.0.100\n    port: 80",
         "f:5:5: services[0].name: required but missing, allowed: 1..63 of A-Z a-z 0-9 _-."},
        {"vrrp:\n  - {name: v, vrid: 3}",
         "f:5:5: vrrp[0].virtual_addresses: required but missing, allowed: an address with its "
         "prefix length such as 192.0.2.10/24 or 2001:db8::10/64"},
    });
    CHECK(errors_of("") == "f:1:1: ports: required but missing");
    CHECK(errors_of("# nothing but a comment\n") == "f:1:1: ports: required but missing");
}

TEST_CASE("a value of the wrong kind is shown with the kind that is wanted") {
    check({
        {"workers: 4", "f:4:10: workers: found '4', allowed: a section with count, cores, idle"},
        {"workers: [1]",
         "f:4:10: workers: found a list, allowed: a section with count, cores, idle"},
        {"workers: {cores: 3}", "f:4:18: workers.cores: found '3', allowed: a list, each 0..1023"},
        {"services: {name: a}", "f:4:11: services: found a section, allowed: a list of sections"},
        {"name: [lbd]", "f:4:7: name: found a list, allowed: 1..32 of A-Z a-z 0-9 _-"},
        {"name: {lbd: 1}", "f:4:7: name: found a section, allowed: 1..32 of A-Z a-z 0-9 _-"},
        {"name:", "f:4:1: name: found nothing, allowed: 1..32 of A-Z a-z 0-9 _-"},
        {"vrrp:\n  - {name: v, vrid: 3, virtual_addresses: []}",
         "f:5:43: vrrp[0].virtual_addresses: found an empty list, allowed: a list of at least "
         "one, each an address with its prefix length such as 192.0.2.10/24 or 2001:db8::10/64"},
    });
    CHECK(errors_of("ports: []") ==
          "f:1:8: ports: found an empty list, allowed: a list of sections of at least one");
    CHECK(errors_of("[1]").find("f:1:1: found a list, allowed: a section with name") == 0);
    CHECK(errors_of("word").find("f:1:1: found 'word', allowed: a section with name") == 0);
}

TEST_CASE("a key given twice is shown at its second place") {
    check({
        {"name: a\nname: b", "f:5:1: key 'name' is given twice"},
        {"workers: {count: 1, idle: poll, count: 2}", "f:4:33: key 'count' is given twice"},
    });
}

TEST_CASE("what is not YAML is shown where it stops being YAML") {
    CHECK(errors_of(port + "name: [1, 2\nfoo: }").find("f:5:4: not YAML as lbd reads it") == 0);
    CHECK(errors_of(port + "\tname: x") ==
          "f:4:2: not YAML as lbd reads it: 'end of map not found'; indent with blanks, not tabs");
    CHECK(errors_of(port + "name: *nowhere").find("f:4:7: not YAML as lbd reads it") == 0);
    CHECK(errors_of(port + "? [a]\n: b") ==
          "f:4:3: not YAML as lbd reads it: 'a key must be a "
          "word'");
    CHECK(errors_of(port + "---\nname: x").find("f:5:1: a second document") == 0);
}

TEST_CASE("workers and cores must agree") {
    check({
        {"workers: {count: 2, cores: [1]}",
         "f:4:28: workers.cores: 1 cores for 2 workers; give as many cores as workers, or only "
         "the cores"},
        {"workers: {cores: [1, 2, 1]}",
         "f:4:25: workers.cores[2]: core 1 is already given at workers.cores[0]"},
        {"workers: {cores: [1, 2]}\ncontrol: {core: 2}",
         "f:5:17: control.core: core 2 is a worker's; the control thread needs another one"},
    });
}

TEST_CASE("a gateway must be another host on the link") {
    check({
        {"    gateway: 10.0.1.1",
         "f:4:14: ports[0].gateway: 10.0.1.1 is in none of the port's subnets, so it cannot be "
         "reached"},
        {"    gateway: 10.0.0.2",
         "f:4:14: ports[0].gateway: 10.0.0.2 is the director's own "
         "address"},
        {"    gateway: 10.0.0.255",
         "f:4:14: ports[0].gateway: 10.0.0.255 is the network or "
         "broadcast address of 10.0.0.2/24"},
        {"    gateway: 127.0.0.1", "f:4:14: ports[0].gateway: 127.0.0.1 is a loopback address"},
    });
}

TEST_CASE("ports must not share name, device or address") {
    check({
        {"  - {device: 'af_xdp:eth1', name: b, addresses: [10.1.0.2/24]}",
         "f:4:14: ports[1].device: 'eth1' is already the device of ports[0]"},
        {"  - {device: 'af_xdp:eth2', addresses: [10.1.0.2/24]}",
         "f:4:5: ports[1].name: 'lb0' is already the name of ports[0], the default; name one of "
         "them differently"},
        {"  - {device: 'af_xdp:eth2', name: b, addresses: [10.0.0.2/16]}",
         "f:4:50: ports[1].addresses[0]: 10.0.0.2 is already given at ports[0].addresses[0]"},
        {"  - {device: 'af_xdp:eth2', name: b, addresses: [10.1.0.0/16]}",
         "f:4:50: ports[1].addresses[0]: 10.1.0.0 is the network or broadcast address of "
         "10.1.0.0/16; give the director's own address in it"},
        {"  - {device: 'af_xdp:eth2', name: averyveryverylongname, addresses: [10.1.0.1/16]}",
         "f:4:35: ports[1].name: found 'averyveryverylongname', allowed: 1..15 of A-Z a-z 0-9 "
         "_-., not . or .."},
    });
    CHECK(errors_of("ports:\n  - {device: '3b:00.0', addresses: [10.0.0.2/24]}\n"
                    "  - {device: '0000:3b:00.0', name: b, addresses: [10.0.1.2/24]}") ==
          "f:3:14: ports[1].device: '0000:3b:00.0' is already the device of ports[0]");
}

TEST_CASE("an advertisement interval must fit the packet of its version") {
    check({
        {router("version: 2, interval: 1500ms"),
         "f:5:79: vrrp[0].interval: found '1500ms', allowed: whole seconds, 1s..255s, as VRRP "
         "version 2 cannot say others"},
        {router("interval: 41s"),
         "f:5:67: vrrp[0].interval: found '41s', allowed: multiples of 10ms, 10ms..40950ms, as "
         "VRRP version 3 cannot say others"},
        {router("interval: 15ms"),
         "f:5:67: vrrp[0].interval: found '15ms', allowed: 10ms..255s (0.5, 500ms, 2s, 1m)"},
    });
    CHECK(errors_of(port + router("interval: 40.95")) == "no error");
    CHECK(errors_of(port + router("interval: 255, version: 2")) == "no error");
}

TEST_CASE("a password needs VRRP version 2 and is not repeated") {
    check({
        {router("password: secret"),
         "f:5:67: vrrp[0].password: VRRP version 3 has no authentication (RFC 9568 section 9); "
         "remove the password or use version: 2"},
        {router("version: 2, password: verysecret"),
         "f:5:79: vrrp[0].password: found 10 characters, allowed: 1..8 printable characters "
         "without blanks"},
    });
}

TEST_CASE("VRRP instances must not share name, vrid or address") {
    check({
        {router("priority: 1") + "  - {name: w, vrid: 1, virtual_addresses: [10.0.0.101]}",
         "f:6:21: vrrp[1].vrid: vrid 1 is already used on this port by vrrp[0]"},
        {router("priority: 1") + "  - {name: v, vrid: 2, virtual_addresses: [10.0.0.101]}",
         "f:6:12: vrrp[1].name: 'v' is already the name of vrrp[0]"},
        {router("priority: 1") + "  - {name: w, vrid: 2, virtual_addresses: [10.0.0.100/24]}",
         "f:6:44: vrrp[1].virtual_addresses[0]: 10.0.0.100 is already given at "
         "vrrp[0].virtual_addresses[0]"},
        {"vrrp: [{name: v, vrid: 1, virtual_addresses: [10.0.0.2]}]",
         "f:4:47: vrrp[0].virtual_addresses[0]: 10.0.0.2 is the director's own address on port "
         "lb0; a virtual address moves between directors"},
        {router("port: lb1"),
         "f:5:63: vrrp[0].port: there is no port or VLAN 'lb1'; did you mean 'lb0'?"},
    });
    CHECK(errors_of(port + "  - {device: 'af_xdp:eth2', name: b, addresses: [10.1.0.1/24]}\n" +
                    router("priority: 1") +
                    "  - {name: w, port: b, vrid: 1, virtual_addresses: [10.1.0.101]}") ==
          "no error");
}

TEST_CASE("services must not share name or address, port and protocol") {
    check({
        {service("") + "  - {name: b, address: 10.0.0.100, port: 80}",
         "f:6:24: services[1].address: 10.0.0.100:80 tcp is already the service services[0]"},
        {service("") + "  - {name: a, address: 10.0.0.100, port: 81}",
         "f:6:12: services[1].name: 'a' is already the name of services[0]"},
    });
}

TEST_CASE("a service names a port that exists") {
    check({{service("behind: lbo"),
            "f:5:54: services[0].behind: there is no port or VLAN 'lbo'; did you mean 'lb0'?"}});
}

TEST_CASE("an address of a service or backend is one host's") {
    const auto at = [](const std::string& address) {
        return "services: [{name: a, port: 80, address: " + address + "}]";
    };
    const std::string place = "f:4:41: services[0].address: ";
    check({
        {at("10.0.0.255"), place + "10.0.0.255 is the network or broadcast address of 10.0.0.2/24"},
        {at("224.0.0.18"), place + "224.0.0.18 is a multicast address"},
        {at("127.0.0.1"), place + "127.0.0.1 is a loopback address"},
        {at("0.0.0.0"), place + "0.0.0.0 is in 0.0.0.0/8, which no host can have"},
        {at("255.255.255.255"), place + "255.255.255.255 is the broadcast address"},
        {at("241.1.1.1"), place + "241.1.1.1 is in 240.0.0.0/4, which is reserved"},
        {at("'::'"), place + ":: is the unspecified address"},
        {at("'::1'"), place + "::1 is a loopback address"},
        {at("'ff02::12'"), place + "ff02::12 is a multicast address"},
        {at("'fe80::1'"), place + "fe80::1 is a link-local address, which is not supported here; "
                                  "give a global or unique local one"},
        {at("'::ffff:192.0.2.1'"), place + "::ffff:192.0.2.1 is an IPv4-mapped address, which no "
                                           "packet has; write it as IPv4"},
    });
}

TEST_CASE("a backend is another machine on the link that listens on the service's port") {
    const auto with = [](const std::string& backend) {
        return service("backends: [" + backend + "]");
    };
    const std::string place = "f:5:67: services[0].backends[0].address: ";
    check({
        {with("{address: 10.9.0.1}"),
         place + "10.9.0.1 is not on the link: Direct Routing needs the backend in a subnet of "
                 "port lb0 (10.0.0.2/24), as it is reached by its MAC address"},
        {with("{address: 10.0.0.2}"), place + "10.0.0.2 is the director's own address on port "
                                              "lb0; a backend is another machine"},
        {with("{address: 10.0.0.100}"),
         place + "10.0.0.100 is the virtual address of services[0]; give the backend's own "
                 "address"},
        {with("{address: 10.0.0.255}"),
         place + "10.0.0.255 is the network or broadcast address of 10.0.0.2/24"},
        {with("{address: '2001:db8::1'}"),
         place + "2001:db8::1 is IPv6 and the service's address IPv4: Direct Routing needs both of "
                 "one family; forwarding ipip or gue does not"},
        {with("{address: 'fe80::11', forwarding: ipip}"),
         place + "fe80::11 is a link-local address, which is not supported here; give a global or "
                 "unique local one"},
        {with("{address: 10.0.0.11}, {address: 10.0.0.11}"),
         "f:5:89: services[0].backends[1].address: 10.0.0.11 is already the backend "
         "services[0].backends[0]"},
        {with("{address: 10.0.0.11, port: 8080}"),
         "f:5:84: services[0].backends[0].port: port 8080 differs from the service's port 80: "
         "Direct Routing cannot change ports, so the backend must listen on the service's"},
        {with("{address: 10.0.0.11, mac: '01:00:5e:00:00:12'}"),
         "f:5:83: services[0].backends[0].mac: 01:00:5e:00:00:12 is not the MAC address of one "
         "host"},
    });
}

TEST_CASE("all errors of a file are reported, in its order") {
    CHECK(errors_of(port + "nam: x\nworkers: {count: none}\n" + router("vird: 2") +
                    "services: [{name: a, address: 10.0.0.300, port: 80, backends: [{address: "
                    "10.9.0.1, port: 81}]}]") ==
          "f:4:1: unknown key 'nam'; did you mean 'name'?\n"
          "f:5:18: workers.count: found 'none', allowed: 1..64\n"
          "f:7:57: vrrp[0]: unknown key 'vird'; did you mean 'vrid'?\n"
          "f:8:31: services[0].address: found '10.0.0.300', allowed: an address such as "
          "192.0.2.10 or 2001:db8::10\n"
          "f:8:74: services[0].backends[0].address: 10.9.0.1 is not on the link: Direct Routing "
          "needs the backend in a subnet of port lb0 (10.0.0.2/24), as it is reached by its MAC "
          "address\n"
          "f:8:90: services[0].backends[0].port: port 81 differs from the service's port 80: "
          "Direct Routing cannot change ports, so the backend must listen on the service's");
}

TEST_CASE("an error carries its parts") {
    try {
        load_text(port + "workers: {count: abc}", "lbd.yaml");
        FAIL("no error");
    } catch (const Errors& errors) {
        REQUIRE(errors.list().size() == 1);
        const auto& error = errors.list()[0];
        CHECK(error.file == "lbd.yaml");
        CHECK(error.place == Place{4, 18});
        CHECK(error.path == "workers.count");
        CHECK(error.found == "'abc'");
        CHECK(error.allowed == "1..64");
    }
}
