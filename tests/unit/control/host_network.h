// SPDX-License-Identifier: BSD-3-Clause
// A network of one test's own: interface port0 here, its other end peer0 in the namespace of a
// neighbour. Needs root. Nothing of it is seen outside the test's process, or outlives it.
#pragma once

#include <string>

namespace lbd::control {

class HostNetwork {
  public:
    static constexpr const char* peer_mac = "02:00:00:00:00:02";

    // Takes the calling process into fresh network and mount namespaces, and makes port0
    // (10.9.0.1/24) and peer0 (10.9.0.2/24, peer_mac). Throws if that is not permitted.
    HostNetwork();
    HostNetwork(const HostNetwork&) = delete;
    HostNetwork& operator=(const HostNetwork&) = delete;
    ~HostNetwork();

    // Here: what a shell command prints. Throws unless it succeeds.
    std::string run(const std::string& command) const;
    // The same on the neighbour's side.
    std::string run_at_peer(const std::string& command) const;
    bool succeeds(const std::string& command) const;
    bool peer_can_ping(const std::string& address) const;
};

// What `text` has of `part`, for CHECKs that show both when they fail.
inline bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace lbd::control
