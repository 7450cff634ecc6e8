// SPDX-License-Identifier: BSD-3-Clause
// What is asked of a backend, and what it has to answer.
#pragma once

#include <array>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace lbd::health {

using Milliseconds = std::chrono::milliseconds;
using Mac = std::array<std::uint8_t, 6>;

// One page of a web server.
struct Page {
    std::string path = "/";
    // Ranges of statuses that are well, both ends included.
    std::vector<std::pair<unsigned, unsigned>> statuses{{200, 299}};
    std::string match;  // RE2 that has to be found in the body; empty: none
    std::string digest; // of the body, in hexadecimal: 32 digits of MD5 or 64 of SHA-256
    auto operator<=>(const Page&) const = default;
};

struct Tls {
    std::string name;        // SNI, and what a certificate has to be for; empty: the host
    bool verify = false;     // as keepalived: that it answers is enough
    std::string authorities; // file; empty: the system's
    std::string certificate; // file of the client's own, with its chain; empty: none
    std::string key;         // file
    auto operator<=>(const Tls&) const = default;
};

struct Probe {
    // vip: the backend takes packets for a virtual address that come to its MAC address.
    enum class Kind : std::uint8_t { tcp, http, https, smtp, udp, dns, ping, script, vip };

    Kind kind = Kind::tcp;
    boost::asio::ip::address address;
    std::uint16_t port = 0;          // not of ping
    std::string interface;           // empty: as the host routes; vip needs one
    boost::asio::ip::address source; // unspecified: as the host routes; vip needs one
    Milliseconds timeout{1000};

    // http, https
    std::string host; // of the Host header; empty: address and port
    bool http_1_0 = false;
    std::vector<Page> pages{}; // asked for in turn; at least one
    Tls tls{};                 // https
    // smtp
    std::string helo = "localhost";
    // udp
    std::string payload;          // bytes
    bool answer_required = false; // else silence is well, and only ICMP unreachable is not
    // dns
    std::string query_name = ".";
    std::string query_type = "SOA";
    // script: an absolute path and arguments
    std::vector<std::string> script{};
    std::string user; // whose rights it has; empty: ours
    // vip: by TCP to `port`, by ICMP echo if that is 0
    boost::asio::ip::address vip{};
    std::optional<Mac> mac{}; // the backend's, if it is fixed

    auto tied() const {
        return std::tie(kind, address, port, interface, source, timeout, host, http_1_0, pages, tls,
                        helo, payload, answer_required, query_name, query_type, script, user, vip,
                        mac);
    }
    bool operator<(const Probe& other) const { return tied() < other.tied(); }
    bool operator==(const Probe& other) const { return tied() == other.tied(); }
};

constexpr std::string_view name_of(Probe::Kind kind) {
    constexpr std::array<std::string_view, 9> names{"tcp", "http", "https",  "smtp", "udp",
                                                    "dns", "ping", "script", "vip"};
    return names[static_cast<std::size_t>(kind)];
}

// "10.0.0.11", "[2001:db8::11]", as it stands before a port.
std::string text_of(const boost::asio::ip::address& address);
// "10.0.0.11:80", "[2001:db8::11]:80"; without a port if it has none.
std::string text_of(const Probe& probe);

} // namespace lbd::health
