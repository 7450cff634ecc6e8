// SPDX-License-Identifier: BSD-3-Clause

#include "config/address.h"

#include "tests/unit/catch.h"

using namespace lbd::config;

TEST_CASE("an address is read and written as users write it") {
    const auto text = GENERATE("192.0.2.1", "0.0.0.0", "255.255.255.255", "::", "2001:db8::1");
    const auto address = IpAddress::parse(text);
    REQUIRE(address);
    CHECK(address->text() == text);
    CHECK((address->family == IpAddress::Family::v6) ==
          (std::string(text).find(':') != std::string::npos));
}

TEST_CASE("what is not quite an address is none") {
    const auto text = GENERATE("", "192.0.2", "192.0.2.256", "192.0.2.1.", " 192.0.2.1",
                               "192.0.2.1/24", "example.org", "1::2::3", "192.0.02.1");
    CHECK_FALSE(IpAddress::parse(text));
}

TEST_CASE("an address with a NUL inside is none") {
    CHECK_FALSE(IpAddress::parse(std::string_view("192.0.2.1\0x", 11)));
}

TEST_CASE("a prefix keeps its host part and is the whole address without a slash") {
    CHECK(Prefix::parse("10.0.0.1/24")->text() == "10.0.0.1/24");
    CHECK(Prefix::parse("10.0.0.1")->text() == "10.0.0.1/32");
    CHECK(Prefix::parse("2001:db8::1")->length == 128);
}

TEST_CASE("what is not quite a prefix is none") {
    const auto text = GENERATE("10.0.0.1/33", "10.0.0.1/", "10.0.0.1/-1", "10.0.0.1/24x", "/24",
                               "10.0.0.1/999", "10.0.0.1/24/24", "2001:db8::1/129", "10.0.0.1/ 24");
    CHECK_FALSE(Prefix::parse(text));
}

TEST_CASE("a prefix contains the addresses with its leading bits") {
    const auto contains = [](const char* prefix, const char* address) {
        return Prefix::parse(prefix)->contains(*IpAddress::parse(address));
    };
    CHECK(contains("10.0.0.1/24", "10.0.0.255"));
    CHECK_FALSE(contains("10.0.0.1/24", "10.0.1.0"));
    CHECK(contains("10.0.0.1/25", "10.0.0.127"));
    CHECK_FALSE(contains("10.0.0.1/25", "10.0.0.128"));
    CHECK(contains("10.0.0.1/0", "192.0.2.1"));
    CHECK(contains("10.0.0.1/32", "10.0.0.1"));
    CHECK_FALSE(contains("10.0.0.1/32", "10.0.0.0"));
    CHECK_FALSE(contains("10.0.0.1/0", "::1"));
    CHECK(contains("2001:db8::1/64", "2001:db8::ffff"));
}

TEST_CASE("a MAC address is read with colons or hyphens and written with colons") {
    CHECK(MacAddress::parse("02:00:5E:10:00:0f")->text() == "02:00:5e:10:00:0f");
    CHECK(MacAddress::parse("02-00-5e-10-00-0f")->text() == "02:00:5e:10:00:0f");
}

TEST_CASE("what is not quite a MAC address is none") {
    const auto text = GENERATE("", "02:00:5e:10:00", "02:00:5e:10:00:0g", "02:00:5e:10:00:0f:01",
                               "02005e10000f", "2:0:5e:10:0:f", "02:00:5e:10:00:-1");
    CHECK_FALSE(MacAddress::parse(text));
}
