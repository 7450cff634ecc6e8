// SPDX-License-Identifier: BSD-3-Clause

#include "config/keepalived/service.h"
#include "imported.h"
#include "tests/unit/catch.h"

using namespace lbd::config;
using namespace lbd::config::keepalived;

namespace {

std::vector<std::string> texts(const std::string& range, std::size_t most) {
    std::vector<std::string> texts;
    for (const auto& address : range_of(range, most).value_or(std::vector<IpAddress>{})) {
        texts.push_back(address.text());
    }
    return texts;
}

using Texts = std::vector<std::string>;

} // namespace

TEST_CASE("ranges of addresses are expanded within bounds") {
    CHECK(texts("192.0.2.1-3", 9) == Texts{"192.0.2.1", "192.0.2.2", "192.0.2.3"});
    CHECK(texts("192.0.2.255-192.0.3.1", 9) == Texts{"192.0.2.255", "192.0.3.0", "192.0.3.1"});
    CHECK(texts("192.0.2.9/31", 9) == Texts{"192.0.2.8", "192.0.2.9"});
    CHECK(texts("2001:db8::9-a", 9) == Texts{"2001:db8::9", "2001:db8::a"});
    CHECK(texts("192.0.2.1", 1) == Texts{"192.0.2.1"});
    for (const auto* bad : {"192.0.2.1-", "192.0.2.5-3", "192.0.2.1-256", "10.0.0.0/8", "::/0",
                            "192.0.2.1-2001:db8::1", "x", "", "192.0.2.1-99"}) {
        CHECK_FALSE(range_of(bad, 9));
    }
}

TEST_CASE("a check has keepalived's defaults where lbd has others") {
    const auto config = loaded(server("", "TCP_CHECK {\n}"));
    const auto& health = config.services[0].backends[0].checks.at(0);
    CHECK(health.interval == Seconds(60));
    CHECK(health.connect_timeout == Seconds(5));
    CHECK(health.retries == 1);
    CHECK(health.delay_before_retry == Seconds(1));
    CHECK(health.initially_up);
    CHECK(config.services[0].scheduler == Scheduler::wlc);
}

TEST_CASE("checkers inherit from the real server, and that from the virtual server") {
    const auto text = server("delay_loop 9\nretry 7\nconnect_timeout 2.5\nalpha",
                             "retry 8\nTCP_CHECK {\nconnect_timeout 4\n}");
    const auto config = loaded(text);
    const auto& health = config.services[0].backends[0].checks.at(0);
    CHECK(health.interval == Seconds(9));
    CHECK(health.retries == 8);
    CHECK(health.connect_timeout == Seconds(4));
    CHECK_FALSE(health.initially_up);
}

TEST_CASE("each kind of checker has its type, retries and delay") {
    struct Kind {
        const char* checker;
        const char* type;
        const char* retries;
        const char* delay;
    };
    for (const auto& kind :
         {Kind{"TCP_CHECK {\n}", "tcp", "1", "1s"}, Kind{"HTTP_GET {\n}", "http", "1", "3s"},
          Kind{"SSL_GET {\n}", "https", "1", "3s"}, Kind{"SMTP_CHECK {\n}", "smtp", "1", "1s"},
          Kind{"DNS_CHECK {\n}", "dns", "3", "1m"}, Kind{"UDP_CHECK {\n}", "udp", "1", "1s"},
          Kind{"PING_CHECK {\n}", "ping", "1", "1s"},
          Kind{"MISC_CHECK {\nmisc_path /bin/true\n}", "script", "0", "1s"}}) {
        const auto result = imported(server("", kind.checker));
        INFO(result.yaml);
        CHECK(has(result.yaml, std::string("type: ") + kind.type + '\n'));
        CHECK(has(result.yaml, std::string("\n      retries: ") + kind.retries + '\n'));
        CHECK(has(result.yaml, std::string("delay_before_retry: ") + kind.delay + '\n'));
        CHECK(result.complete);
        CHECK_NOTHROW(load_text(result.yaml, "imported.yaml"));
    }
}

TEST_CASE("without a checker a real server is always up; a sorry server is not checked") {
    CHECK(has(imported(server("")).yaml, "health: {type: none}"));
    const auto config = loaded(server("sorry_server 192.0.2.19 80", "TCP_CHECK {\n}"));
    REQUIRE(config.services[0].backends.size() == 2);
    CHECK(config.services[0].backends[1].sorry);
    CHECK(config.services[0].backends[1].checks.empty());
}

TEST_CASE("several checkers of a real server are a list of checks") {
    const auto result =
        imported(server("", "TCP_CHECK {\nbindto 192.0.2.2\nwarmup 2\n}\nPING_CHECK {\n}"));
    CHECK(has(result.yaml, "checks:\n      - type: tcp\n        source: [192.0.2.2]\n"));
    CHECK(has(result.yaml, "warmup: 2s"));
    CHECK(has(result.yaml, "      - type: ping\n"));
    CHECK_FALSE(has(result.yaml, "health:"));
}

TEST_CASE("NAT becomes Direct Routing, and what that asks for is reported") {
    const auto same = imported(
        "virtual_server 192.0.2.100 80 {\nprotocol TCP\nreal_server "
        "192.0.2.11 80 {\n}\n}\n");
    CHECK(has(same.yaml, "forwarding: dr"));
    CHECK(has(same.reports, "keepalived.conf:1: virtual_server: changed: NAT"));
    const auto other = imported(
        "virtual_server 192.0.2.100 80 {\nprotocol TCP\nlvs_method "
        "NAT\nreal_server 192.0.2.11 8080 {\n}\n}\n");
    CHECK(has(other.reports, "keepalived.conf:3: lvs_method: changed: NAT"));
    CHECK(has(other.reports, "keepalived.conf:4: real_server: changed: "));
    CHECK(has(other.reports, "must listen on port 80 itself, not on 8080"));
}

TEST_CASE("without a protocol keepalived means UDP, which is told") {
    const auto result = imported("virtual_server 192.0.2.100 53 {\nlvs_method DR\n}\n");
    CHECK(has(result.yaml, "protocol: udp"));
    CHECK(has(result.reports, "keepalived.conf:1: virtual_server: changed: no protocol"));
}

TEST_CASE("a check of a service of any port needs a port") {
    const std::string service =
        "virtual_server 192.0.2.100 {\nprotocol TCP\nlvs_method DR\n"
        "real_server 192.0.2.11 {\nTCP_CHECK {\n";
    const auto config = loaded(service + "connect_port 22\n}\n}\n}\n");
    CHECK(config.services[0].port == 0);
    CHECK(has(imported(service + "}\n}\n}\n").reports, "no port is given; add connect_port"));
}

TEST_CASE("backends that lbd cannot have are left out and reported") {
    for (const auto* address : {"127.0.0.1", "192.0.2.2", "192.0.2.100", "2001:db8::11", "fe80::1",
                                "224.0.0.1", "nonsense"}) {
        const auto result =
            imported("virtual_server 192.0.2.100 80 {\nprotocol TCP\nlvs_method DR\nreal_server " +
                     std::string(address) + " 80 {\n}\n}\n");
        INFO(address << '\n' << result.reports);
        CHECK_FALSE(has(result.yaml, "backends:"));
        CHECK(has(result.reports, "keepalived.conf:4: real_server: not carried over"));
        CHECK_NOTHROW(load_text(result.yaml, "imported.yaml"));
    }
}

TEST_CASE("what ipvsadm -S -n prints becomes services") {
    const auto result = imported(R"(
-A -t 192.0.2.100:80 -s wrr -p 300 -M 255.255.255.0
-a -t 192.0.2.100:80 -r 192.0.2.11:80 -g -w 5 -x 100 -y 50
-a -t 192.0.2.100:80 -r 192.0.2.12:80 -i -w 2 --tun-type gue --tun-port 6085
-a -t 192.0.2.100:80 -r 192.0.2.13:8080 -m -w 1
-A -t [2001:db8::100]:443 -s mh -b mh-port
-a -t [2001:db8::100]:443 -r [2001:db8::11]:443 -g -w 1
-A -u 192.0.2.100:53 -s rr -p -o
-A -f 5 -s rr
-a -f 5 -r 192.0.2.11:0 -g -w 1
-a -t 192.0.2.101:80 -r 192.0.2.11:80
-Z --wrong
)");
    INFO(result.yaml << result.reports);
    const auto config = load_text(result.yaml, "imported.yaml");
    REQUIRE(config.services.size() == 3);
    const auto& web = config.services[0];
    CHECK(web.persistence == Seconds(300));
    CHECK(web.persistence_prefix == 24);
    REQUIRE(web.backends.size() == 3);
    CHECK(web.backends[0].weight == 5);
    CHECK(web.backends[0].upper_threshold == 100);
    CHECK(web.backends[0].checks.empty());
    CHECK(web.backends[1].forwarding == Forwarding::gue);
    CHECK(web.backends[1].gue_port == 6085);
    CHECK(config.services[1].hash_port);
    CHECK(config.services[2].protocol == Protocol::udp);
    for (const auto* report :
         {":5: -m: changed: NAT", ":5: -a: changed: the port", ":8: -o: not", ":9: -f: not",
          ":10: -a: not", ":11: -a: not", ":12: --wrong: not", ":12: -Z: not"}) {
        CHECK(has(result.reports, std::string("keepalived.conf") + report));
    }
}
