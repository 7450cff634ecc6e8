// SPDX-License-Identifier: BSD-3-Clause
#include "config/types.h"

#include "tests/unit/catch.h"

using namespace lbd::config;
using namespace std::chrono_literals;

namespace {

std::optional<Milliseconds> read_duration(std::string_view text) {
    const auto value = duration(0s, Milliseconds::max(), 1ms).parse(text);
    return value ? std::optional(std::get<Milliseconds>(*value)) : std::nullopt;
}

std::optional<Device> read_device(std::string_view text) {
    const auto value = device().parse(text);
    return value ? std::optional(std::get<Device>(*value)) : std::nullopt;
}

} // namespace

TEST_CASE("a duration has a unit or counts seconds") {
    CHECK(read_duration("300s") == 300s);
    CHECK(read_duration("300") == 300s);
    CHECK(read_duration("5m") == 5min);
    CHECK(read_duration("10ms") == 10ms);
    CHECK(read_duration("1h") == 1h);
    CHECK(read_duration("2d") == 48h);
    CHECK(read_duration("0.5") == 500ms);
    CHECK(read_duration("1.5s") == 1500ms);
    CHECK(read_duration("0.25m") == 15s);
    CHECK(read_duration("0") == 0s);
}

TEST_CASE("what is not quite a duration is none") {
    const auto text =
        GENERATE("", "s", "-1", "+1", "1e3", ".5", "5.", "1.2.3", "1 s", "1S", "1w", "1ss", "0.5ms",
                 "1.0005s", "99999999999999999999", "1.9999999999", "inf", "nan", "0x10");
    CHECK_FALSE(read_duration(text));
}

TEST_CASE("a duration keeps to its bounds and its step") {
    const auto type = duration(10ms, 2s, 10ms);
    CHECK(type.parse("10ms"));
    CHECK(type.parse("2s"));
    CHECK_FALSE(type.parse("9ms"));
    CHECK_FALSE(type.parse("15ms"));
    CHECK_FALSE(type.parse("2010ms"));
    CHECK_FALSE(duration(0s, 10s).parse("1500ms"));
}

TEST_CASE("a duration is written with the largest unit that fits") {
    CHECK(duration_text(0s) == "0s");
    CHECK(duration_text(1500ms) == "1500ms");
    CHECK(duration_text(90s) == "90s");
    CHECK(duration_text(1h) == "1h");
    CHECK(duration_text(168h) == "7d");
}

TEST_CASE("a number is decimal and within its bounds") {
    const auto type = number(1, 65'535);
    CHECK(std::get<std::uint64_t>(*type.parse("65535")) == 65'535);
    for (const auto* text :
         {"", "0", "65536", "-1", "+1", "1.0", "0x1", "1_0", " 1", "1 ", "18446744073709551617"}) {
        CHECK_FALSE(type.parse(text));
    }
    CHECK(type.allowed == "1..65535");
}

TEST_CASE("a device has one of four forms") {
    CHECK(read_device("0000:3b:00.0") == Device{Device::Kind::pci, "0000:3b:00.0"});
    CHECK(read_device("3b:00.0") == Device{Device::Kind::pci, "3b:00.0"});
    CHECK(read_device("af_xdp:eth1") == Device{Device::Kind::af_xdp, "eth1"});
    CHECK(read_device("af_packet:eth1") == Device{Device::Kind::af_packet, "eth1"});
    CHECK(read_device("vdev:net_pcap0,iface=eth1") ==
          Device{Device::Kind::vdev, "net_pcap0,iface=eth1"});
}

TEST_CASE("what has no form of a device is none") {
    const auto text = GENERATE("", "eth1", "af_packet:", "af_xdp", "vdev:", "0000:3b:00.8",
                               "0000:3g:00.0", "af_packet:averyveryverylongname",
                               "af_packet:eth1,qpairs=4", "af_packet:a b", "pci:0000:3b:00.0");
    CHECK_FALSE(read_device(text));
}

TEST_CASE("a port that may be any is a number, and any is 0") {
    const auto type = port_or_any();
    CHECK(std::get<std::uint64_t>(*type.parse("any")) == 0);
    CHECK(std::get<std::uint64_t>(*type.parse("65535")) == 65'535);
    for (const auto* text : {"", "0", "65536", "Any", "all"}) {
        CHECK_FALSE(type.parse(text));
    }
}

TEST_CASE("an address of one family is none of the other") {
    CHECK(ip_address(IpAddress::Family::v4).parse("10.0.0.1"));
    CHECK_FALSE(ip_address(IpAddress::Family::v4).parse("::1"));
    CHECK(ip_address(IpAddress::Family::v6).parse("::1"));
    CHECK_FALSE(ip_address(IpAddress::Family::v6).parse("10.0.0.1"));
}
