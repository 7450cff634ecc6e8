// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/explain_request.h"

#include "tests/unit/catch.h"

namespace lbd::control {

namespace {

std::variant<ExplainRequest, Refusal> asked(const char* source, const char* destination) {
    return explain_request({{"source", source}, {"destination", destination}});
}

std::string refused(const char* source, const char* destination) {
    const auto request = asked(source, destination);
    const auto* refusal = std::get_if<Refusal>(&request);
    return refusal == nullptr ? "" : refusal->reason;
}

} // namespace

TEST_CASE("a flow is read with its key in network order") {
    const auto request = std::get<ExplainRequest>(asked("192.0.2.1:258", "192.0.2.7:80/tcp"));
    const dataplane::KeyV4 key = request.key4();
    CHECK(key.client == RTE_BE32(0xc0000201));
    CHECK(key.vip == RTE_BE32(0xc0000207));
    CHECK(key.client_port == RTE_BE16(258));
    CHECK(key.vip_port == RTE_BE16(80));
    CHECK(key.protocol == 6);
}

TEST_CASE("a flow of IPv6 has its addresses in brackets") {
    const auto request =
        std::get<ExplainRequest>(asked("[2001:db8::1]:1024", "[2001:db8::7]:53/udp"));
    CHECK(request.ipv6());
    CHECK(request.key6().client[15] == 1);
    CHECK(request.key6().vip[15] == 7);
    CHECK(request.key6().protocol == 17);
}

TEST_CASE("an echo request has no ports, and is of the address's version") {
    CHECK(std::get<ExplainRequest>(asked("192.0.2.1", "192.0.2.7/icmp")).key4().protocol == 1);
    CHECK(std::get<ExplainRequest>(asked("2001:db8::1", "2001:db8::7/icmp")).key6().protocol == 58);
    CHECK(refused("192.0.2.1", "192.0.2.7:1/icmp").find("no ports") != std::string::npos);
}

TEST_CASE("what is no flow is refused by what is wrong with it") {
    CHECK(refused("192.0.2.1:1", "192.0.2.7:80").find("/tcp, /udp or /icmp") != std::string::npos);
    CHECK(refused("192.0.2.1:1", "192.0.2.7:80/sctp").find("/tcp") != std::string::npos);
    CHECK(refused("192.0.2.1", "192.0.2.7:80/tcp").find("needs a port") != std::string::npos);
    CHECK(refused("192.0.2.1:1", "192.0.2.7/udp").find("needs a port") != std::string::npos);
    CHECK(refused("[2001:db8::1]:1", "192.0.2.7:80/tcp").find("different") != std::string::npos);
    CHECK(refused("client", "192.0.2.7:80/tcp").find("'client'") != std::string::npos);
    CHECK(refused("192.0.2.1:1", "/").find("''") != std::string::npos);
    CHECK(refused("", "").find("''") != std::string::npos);
    CHECK(std::holds_alternative<Refusal>(explain_request({{"source", 5}})));
}

} // namespace lbd::control
