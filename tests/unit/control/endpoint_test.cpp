// SPDX-License-Identifier: BSD-3-Clause

#include "lb/control/endpoint.h"

#include "tests/unit/catch.h"

using namespace lbd::control;

namespace {

Endpoint endpoint(std::string_view text) {
    const auto parsed = parse_endpoint(text);
    REQUIRE(std::holds_alternative<Endpoint>(parsed));
    return std::get<Endpoint>(parsed);
}

} // namespace

TEST_CASE("an endpoint is an address, with or without a port") {
    CHECK(endpoint("192.0.2.7").address.text() == "192.0.2.7");
    CHECK_FALSE(endpoint("192.0.2.7").port);
    CHECK(endpoint("192.0.2.7:80").address.text() == "192.0.2.7");
    CHECK(endpoint("192.0.2.7:80").port == 80);
    CHECK(endpoint("192.0.2.7:65535").port == 65535);
    CHECK(endpoint("[2001:db8::7]").address.text() == "2001:db8::7");
    CHECK_FALSE(endpoint("[2001:db8::7]").port);
    CHECK(endpoint("[2001:db8::7]:1").address.text() == "2001:db8::7");
    CHECK(endpoint("[2001:db8::7]:1").port == 1);
}

TEST_CASE("without brackets all of an IPv6 address is the address") {
    CHECK(endpoint("2001:db8::7:80").address.text() == "2001:db8::7:80");
    CHECK_FALSE(endpoint("2001:db8::7:80").port);
    CHECK(endpoint("::").address.text() == "::");
    CHECK(endpoint("::1").address.text() == "::1");
}

TEST_CASE("an endpoint is written as it is read") {
    const auto text =
        GENERATE("192.0.2.7", "192.0.2.7:80", "2001:db8::7", "[2001:db8::7]:80", "::");
    CHECK(endpoint(text).text() == text);
}

TEST_CASE("what is not quite an endpoint is refused and named") {
    const std::string text =
        GENERATE("", ":", ":80", "[", "]", "[]", "[]:80", "[:", "192.0.2",
                 "192.0.2.7:", "192.0.2.7:0", "192.0.2.7:65536", "192.0.2.7:-1", "192.0.2.7:+1",
                 "192.0.2.7: 80", "192.0.2.7:80x", "192.0.2.7:http", "192.0.2.7:000080",
                 "192.0.2.7:80:81", "192.0.2.7/24", "[192.0.2.7]", "[192.0.2.7]:80", "[2001:db8::7",
                 "[2001:db8::", "[2001:db8::7]80", "[2001:db8::7]:", "[[2001:db8::7]]",
                 "2001:db8::7]", "[2001:db8::7]:80]", "fe80::1%eth0", "example.org");
    CAPTURE(text);
    const auto parsed = parse_endpoint(text);
    REQUIRE(std::holds_alternative<Refusal>(parsed));
    CHECK(std::get<Refusal>(parsed).reason.starts_with("'" + text + "' is not an address"));
}

TEST_CASE("an endpoint with a NUL inside is refused") {
    CHECK(std::holds_alternative<Refusal>(parse_endpoint(std::string_view("192.0.2.7\0:80", 13))));
}

TEST_CASE("the refusal of a long text does not repeat it all") {
    const auto parsed = parse_endpoint(std::string(60'000, '1'));
    REQUIRE(std::holds_alternative<Refusal>(parsed));
    CHECK(std::get<Refusal>(parsed).reason.size() < 300);
}
