// SPDX-License-Identifier: BSD-3-Clause
#include <sstream>
#include <stdexcept>

#include "config/load.h"
#include "tests/unit/catch.h"
#include "tools/lbctl/init/answers.h"
#include "tools/lbctl/init/sample.h"

namespace lbd::lbctl {

using Catch::Matchers::ContainsSubstring;

namespace {

Answers least() {
    return {{"port", {"eth1"}},
            {"address", {"192.0.2.2/24"}},
            {"vip", {"192.0.2.100"}},
            {"backend", {"192.0.2.11", "192.0.2.12"}}};
}

} // namespace

TEST_CASE("the least answers make a configuration for a Linux interface", "[init]") {
    const config::Config config = config::load_text(sample(least()), "test");
    CHECK(config.ports.at(0).device == config::Device{config::Device::Kind::af_packet, "eth1"});
    CHECK_FALSE(config.memory.hugepages);
    CHECK(config.vrrp.at(0).priority == 100);
    CHECK(config.services.at(0).port == 80);
    CHECK(config.services.at(0).backends.size() == 2);
}

TEST_CASE("every answer is in the configuration", "[init]") {
    Answers answers = least();
    answers["port"] = {"0000:3b:00.0"};
    answers["cores"] = {"2,3"};
    answers["peer"] = {"192.0.2.3"};
    answers["priority"] = {"150"};
    answers["service-port"] = {"443"};
    const config::Config config = config::load_text(sample(answers), "test");
    CHECK(config.ports.at(0).device.kind == config::Device::Kind::pci);
    CHECK(config.memory.hugepages);
    CHECK(config.workers.cores == std::vector<unsigned>{2, 3});
    CHECK(config.vrrp.at(0).priority == 150);
    CHECK(config.vrrp.at(0).peers.at(0).text() == "192.0.2.3");
    CHECK(config.services.at(0).port == 443);
}

TEST_CASE("an IPv6 service makes a configuration, too", "[init]") {
    const Answers answers{{"port", {"af_xdp:eth1"}},
                          {"address", {"2001:db8::2/64"}},
                          {"vip", {"2001:db8::100"}},
                          {"backend", {"2001:db8::11 2001:db8::12"}}};
    const config::Config config = config::load_text(sample(answers), "test");
    CHECK(config.ports.at(0).device.kind == config::Device::Kind::af_xdp);
    CHECK(config.services.at(0).address.text() == "2001:db8::100");
    CHECK(config.services.at(0).backends.size() == 2);
}

TEST_CASE("what is missing or wrong is named by its flag", "[init]") {
    for (const char* flag : {"port", "address", "vip", "backend"}) {
        Answers answers = least();
        answers.erase(flag);
        CHECK_THROWS_WITH(sample(answers),
                          ContainsSubstring("--" + std::string(flag) + ": is needed"));
    }
    for (const char* flag :
         {"port", "address", "vip", "backend", "service-port", "peer", "priority", "cores"}) {
        Answers answers = least();
        answers[flag] = {"no/such'thing"};
        CHECK_THROWS_WITH(sample(answers), ContainsSubstring("--" + std::string(flag) + ": found"));
    }
}

TEST_CASE("only what is required and missing is asked for", "[init]") {
    Answers answers = least();
    answers.erase("vip");
    answers.erase("backend");
    std::istringstream in("192.0.2.101\n192.0.2.13, 192.0.2.14\n");
    std::ostringstream out;
    ask_missing(answers, in, out);
    CHECK(answers.at("vip").front() == "192.0.2.101");
    CHECK(answers_of(answers, "backend") == std::vector<std::string>{"192.0.2.13", "192.0.2.14"});
    CHECK_THAT(out.str(), !ContainsSubstring("NIC") && ContainsSubstring("virtual address"));
}

} // namespace lbd::lbctl
