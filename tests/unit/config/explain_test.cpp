// SPDX-License-Identifier: BSD-3-Clause
#include "config/explain.h"

#include <filesystem>

#include "config/load.h"
#include "config/schema.h"
#include "tests/unit/catch.h"
#include "tests/unit/config/mistakes.h"

using namespace lbd::config;
using Catch::Matchers::ContainsSubstring;

namespace {

Config without_secrets(Config config) {
    for (auto& instance : config.vrrp) {
        if (instance.authentication) {
            instance.authentication->password = Secret("********");
        }
    }
    if (config.sync) {
        config.sync->key = Secret(std::string(16, '*'));
    }
    return config;
}

void check_round_trip(const std::string& text) {
    const auto explained = explain(text, "f");
    INFO(explained);
    CHECK(load_text(explained, "explained") == without_secrets(load_text(text, "f")));
}

// Lines of the text that, comment or not, are about a key.
bool has_key(const std::string& text, const std::string& key) {
    for (std::size_t at = text.find(key + ':'); at != std::string::npos;
         at = text.find(key + ':', at + 1)) {
        const auto begin = text.rfind('\n', at) + 1;
        const auto before = text.substr(begin, at - begin);
        if (before.find_first_not_of(" #") == std::string::npos) {
            return true;
        }
    }
    return false;
}

// Everything there is, several levels deep.
const std::string everything = R"(name: all
workers: {cores: [2, 3], idle: sleep}
memory: {flows: 2048}
control: {group: adm, core: 1}
ports:
  - name: lb0
    device: 'af_packet:eth1'
    addresses: [10.0.0.2/24, '2001:db8::2/64']
    gateway: 10.0.0.1
    gateway6: 'fe80::1'
    vlans: [{id: 5, addresses: [10.5.0.2/24]}]
vrrp:
  - name: v
    vrid: 1
    version: 2
    password: s3cret
    virtual_addresses: [10.0.0.100, '2001:db8::100/64']
    peers: [10.0.0.3]
    group: g
    track: [{service: web}, {script: [/bin/true, "it's"]}, {port: lb0.5, lower_priority_by: 5},
            {workers: true}]
    notify: [{script: [/bin/true], on: [master]}]
sync: {peers: [10.0.0.3], key: a-secret-of-this-pair}
notifications:
  scripts: [{script: [/bin/true]}]
  syslog: local3
  mail: {from: a@example.org, to: [b@example.org], server: 10.0.0.25}
metrics: {}
timeouts: {udp: 30s}
health: {type: http, interval: 1500ms, urls: [{path: /a, match: "a:b # c"}], source: [10.0.0.2]}
services:
  - name: web
    address: 10.0.0.100
    port: 80
    persistence: 5m
    limits: {connections_per_client: 5}
    timeouts: {tcp_fin: 30s}
    health: {retries: 7, type: https}
    checks: [{type: tcp}, {type: script, script: [/bin/true]}]
    notify: [{script: [/bin/true]}]
    backends:
      - address: 10.0.0.11
        mac: 02:00:5e:10:00:01
        health: {rise: 3}
      - address: 10.5.0.12
        upper_threshold: 10
        checks: [{type: dns, query_name: example.org}]
        notify: [{script: [/bin/true]}]
  - {name: any, address: 10.0.0.101, port: any, protocol: udp, forwarding: gue,
     backends: [{address: '2001:db8::11'}]}
)";

void check_keys(const Section& section, const std::string& text) {
    for (const auto& field : section.fields) {
        INFO(field.key);
        CHECK(has_key(text, field.key));
        if (field.section != nullptr) {
            check_keys(*field.section, text);
        }
    }
}

} // namespace

TEST_CASE("what explains a configuration loads as the same one") {
    check_round_trip(everything);
    check_round_trip(port);
    check_round_trip(port + service("backends: [{address: 10.0.0.11}]"));
    check_round_trip(port + service("backends: []"));
    check_round_trip(port + router("peers: [10.0.0.3], min_ttl: 64"));
    check_round_trip(port + "metrics: {listen: '::1'}\n");
    check_round_trip(port + "health: {type: ping, retries: 0}\n" +
                     service("protocol: udp, health: {rise: 2}, backends: [{address: 10.0.0.11}, "
                             "{address: 10.0.0.12, health: {type: dns}}]"));
    check_round_trip("ports: [{device: 0000:3b:00.0, vlans: [{id: 5, addresses: [10.0.0.2/24]}]}]");
    check_round_trip("ports: [{device: 'vdev:net_null0,a=b:c', addresses: [10.0.0.2/24]}]");
}

TEST_CASE("what explains an example loads as the same configuration") {
    std::size_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(EXAMPLES)) {
        if (file.path().extension() == ".yaml") {
            INFO(file.path());
            check_round_trip(read_text(file.path()));
            ++count;
        }
    }
    CHECK(count >= 5);
}

TEST_CASE("every key of the schema is explained, so that a new one cannot be forgotten") {
    check_keys(schema(), explain(everything, "f"));
}

TEST_CASE("what a default has given is marked, and nothing else is") {
    const auto text =
        explain(port + service("scheduler: rr, backends: [{address: 10.0.0.11}]"), "f");
    CHECK_THAT(text, ContainsSubstring("    scheduler: rr\n"));
    CHECK_THAT(text, ContainsSubstring("    protocol: tcp # default\n"));
    CHECK_THAT(text, ContainsSubstring("    hysteresis: 0 # default\n"));
    CHECK_THAT(text, ContainsSubstring("  flows: 1048576 # default\n"));
    CHECK_THAT(text, ContainsSubstring("    # persistence_prefix: default: the whole address\n"));
    CHECK_THAT(text, ContainsSubstring("vrrp: [] # default\n"));
    CHECK_THAT(text, ContainsSubstring("# metrics: default: none\n"));
}

TEST_CASE("secrets are not explained") {
    const auto text = explain(everything, "f");
    CHECK(text.find("s3cret") == std::string::npos);
    CHECK(text.find("a-secret-of-this-pair") == std::string::npos);
    CHECK_THAT(text, ContainsSubstring("password: '********' # not shown\n"));
    CHECK_THAT(text, ContainsSubstring("key: '****************' # not shown\n"));
}

TEST_CASE("what a section takes from further out is told") {
    const auto text = explain(everything, "f");
    CHECK_THAT(text, ContainsSubstring("          # retries: 7, from further out\n"));
    CHECK_THAT(text, ContainsSubstring("          # interval: 1500ms, from further out\n"));
    CHECK_THAT(text, ContainsSubstring("      # udp: 30s, from further out\n"));
    CHECK_THAT(text, ContainsSubstring("      # tcp_syn: 60s, from further out\n") ||
                         ContainsSubstring("      # tcp_syn: 1m, from further out\n"));
}

TEST_CASE("a key that needs another one is not explained as if it had an effect") {
    const auto text = explain(port + router("track: [{port: lb0}]"), "f");
    CHECK_THAT(text, ContainsSubstring("# minimum: of no effect without service\n"));
    CHECK_THAT(text, ContainsSubstring("# fall: of no effect without script\n"));
}

TEST_CASE("a file with errors is not explained") {
    CHECK_THROWS_AS(explain("ports: 5\n", "f"), Errors);
}
