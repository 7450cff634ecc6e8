// SPDX-License-Identifier: BSD-3-Clause
// What the section on synchronisation may say.
#include "mistakes.h"

using namespace lbd::config;

namespace {

const std::string sync_key = "key: 0123456789abcdef";

std::optional<Sync> loaded_sync(const std::string& keys) {
    return load_text(port + "sync: {" + keys + "}\n", "f").sync;
}

std::string error(const std::string& keys) {
    return errors_of(port + "sync: {" + keys + "}\n");
}

} // namespace

TEST_CASE("nothing is synchronised unless it is asked for") {
    CHECK_FALSE(load_text(port, "f").sync);
    CHECK_FALSE(loaded_sync(sync_key));
}

TEST_CASE("the own address is that in the subnet of the first peer") {
    const auto sync = loaded_sync("peers: [10.0.0.3], " + sync_key);
    REQUIRE(sync);
    CHECK(sync->address.text() == "10.0.0.2");
    CHECK(sync->peers.at(0).text() == "10.0.0.3");
    CHECK_FALSE(sync->multicast);
    CHECK(sync->udp_port == 8848);
    CHECK(sync->rate == 100'000);
    CHECK(loaded_sync("peers: [192.0.2.2], address: 192.0.2.1, " + sync_key)->address.text() ==
          "192.0.2.1");
}

TEST_CASE("a group needs no peers") {
    const auto sync = loaded_sync("multicast: 224.0.0.81, udp_port: 9000, rate: 5000, " + sync_key);
    REQUIRE(sync);
    CHECK(sync->multicast->text() == "224.0.0.81");
    CHECK(sync->address.text() == "10.0.0.2");
    CHECK(sync->udp_port == 9000);
    CHECK(sync->rate == 5000);
}

TEST_CASE("mistakes in the section are named") {
    CHECK(error("peers: [10.0.0.3]") == "f:4:7: sync: needs a key, which all directors share");
    CHECK(error("peers: [192.0.2.2], " + sync_key) ==
          "f:4:7: sync: no port or VLAN has an address in the first peer's subnet; give the "
          "director's own under address");
    CHECK(error("peers: [10.0.0.2], " + sync_key) ==
          "f:4:16: sync.peers[0]: 10.0.0.2 is the director's own address");
    CHECK(error("peers: [10.0.0.3, 10.0.0.3], " + sync_key) ==
          "f:4:26: sync.peers[1]: 10.0.0.3 is already given at sync.peers[0]");
    CHECK(error("peers: [10.0.0.3, 2001:db8::1], " + sync_key) ==
          "f:4:26: sync.peers[1]: 2001:db8::1 is not of the family of the own address 10.0.0.2");
    CHECK(error("multicast: 10.0.0.9, " + sync_key) ==
          "f:4:19: sync.multicast: found '10.0.0.9', allowed: a multicast address, 224.0.0.0 to "
          "239.255.255.255");
    CHECK(error("multicast: 224.0.0.81, peers: [10.0.0.3], " + sync_key) ==
          "f:4:19: sync.multicast: give either peers or multicast");
}

TEST_CASE("a key that is too short is refused and not repeated") {
    const std::string text = error("peers: [10.0.0.3], key: hunter2");
    CHECK(text.find("sync.key") != std::string::npos);
    CHECK(text.find("16 to 128 characters") != std::string::npos);
    CHECK(text.find("hunter2") == std::string::npos);
}
