// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/notify/syslog.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace lbd::control::notify {

namespace {

int facility_named(std::string_view name) {
    constexpr std::string_view local = "local";
    if (name == "user") return LOG_USER;
    if (name.substr(0, local.size()) != local) return LOG_DAEMON;
    return LOG_LOCAL0 + ((name.back() - '0') << 3);
}

} // namespace

Syslog::Syslog(std::string_view facility, std::string path)
    : facility_(facility_named(facility)), path_(std::move(path)) {}

Syslog::~Syslog() {
    if (socket_ >= 0) close(socket_);
}

void Syslog::tell(int severity, const std::string& line, std::time_t when) {
    tm broken{};
    localtime_r(&when, &broken);
    char time[32];
    const std::size_t length = std::strftime(time, sizeof(time), "%b %e %T", &broken);
    const std::string message = '<' + std::to_string(facility_ | severity) + '>' +
                                std::string(time, length) + " lbd[" + std::to_string(getpid()) +
                                "]: " + line;
    // The daemon may have been started anew since.
    const bool taken = send(message) || (connect() && send(message));
    ++(taken ? told_ : lost_);
}

bool Syslog::send(const std::string& message) {
    return socket_ >= 0 &&
           ::send(socket_, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

bool Syslog::connect() {
    if (socket_ >= 0) close(socket_);
    socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    return socket_ >= 0 &&
           ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

} // namespace lbd::control::notify
