// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/control/host_network.h"

#include <sched.h>
#include <sys/mount.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace lbd::control {

namespace {

void require(int result, const char* what) {
    if (result != 0)
        throw std::system_error(errno, std::system_category(),
                                std::string("these tests need root: ") + what);
}

struct Outcome {
    int status;
    std::string output;
};

Outcome outcome_of(const std::string& command) {
    FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) throw std::system_error(errno, std::system_category(), command);
    Outcome outcome{};
    std::array<char, 4096> part;
    while (const std::size_t length = fread(part.data(), 1, part.size(), pipe))
        outcome.output.append(part.data(), length);
    outcome.status = pclose(pipe);
    return outcome;
}

} // namespace

HostNetwork::HostNetwork() {
    require(unshare(CLONE_NEWNET | CLONE_NEWNS), "unshare");
    require(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private mounts");
    // As ip-netns(8) does it: sysfs shows the namespace it was mounted in.
    require(mount("sysfs", "/sys", "sysfs", 0, nullptr), "mount /sys");
    // Where the peer's name is kept, so that it is not seen outside.
    require(mount("tmpfs", "/run", "tmpfs", 0, nullptr), "mount /run");
    run("ip netns add lbd-peer");
    run("ip link add port0 type veth peer name peer0 netns lbd-peer");
    run("ip addr add 10.9.0.1/24 dev port0");
    run("ip link set port0 up");
    run(std::string("ip -n lbd-peer link set peer0 up address ") + peer_mac);
    run("ip -n lbd-peer addr add 10.9.0.2/24 dev peer0");
}

HostNetwork::~HostNetwork() {
    // What is left of them goes with the process.
    [[maybe_unused]] int status = std::system("ip link del port0; ip netns del lbd-peer");
}

std::string HostNetwork::run(const std::string& command) const {
    Outcome outcome = outcome_of(command);
    if (outcome.status != 0) throw std::runtime_error(command + ": " + outcome.output);
    return std::move(outcome.output);
}

std::string HostNetwork::run_at_peer(const std::string& command) const {
    return run("ip netns exec lbd-peer " + command);
}

bool HostNetwork::succeeds(const std::string& command) const {
    return outcome_of(command).status == 0;
}

bool HostNetwork::peer_can_ping(const std::string& address) const {
    return succeeds("ip netns exec lbd-peer ping -c 1 -W 1 " + address);
}

} // namespace lbd::control
