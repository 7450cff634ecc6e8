// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

#include "lb/control/log.h"

namespace lbd::control {

namespace {

std::string taken_from_environment(const char* name) {
    const char* value = std::getenv(name);
    std::string text = value != nullptr ? value : "";
    unsetenv(name);
    return text;
}

std::uint64_t unsigned_number(const std::string& text) {
    std::uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && rest == end ? number : 0;
}

// Of CLOCK_MONOTONIC, as systemd compares it with its own clock.
std::string monotonic_microseconds() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::to_string(now.tv_sec * 1'000'000 + now.tv_nsec / 1000);
}

} // namespace

bool Heartbeat::due(const std::vector<std::uint64_t>& worker_polls, Clock::time_point now) {
    if (last_ != Clock::time_point{} && now - last_ < interval_) return false;
    for (std::size_t worker = 0; worker < polls_.size() && worker < worker_polls.size(); ++worker)
        if (polls_[worker] == worker_polls[worker]) return false;
    polls_ = worker_polls;
    last_ = now;
    return true;
}

ServiceManager::ServiceManager(boost::asio::io_context& io)
    : address_(taken_from_environment("NOTIFY_SOCKET")), status_timer_(io), heartbeat_timer_(io) {
    const std::uint64_t patience = unsigned_number(taken_from_environment("WATCHDOG_USEC"));
    const std::string whom = taken_from_environment("WATCHDOG_PID");
    if (address_.empty()) return;
    if (address_.size() >= sizeof(sockaddr_un::sun_path) ||
        (address_[0] != '/' && address_[0] != '@')) {
        log(LogLevel::warning, "NOTIFY_SOCKET is not the address of a socket: " + address_);
        address_.clear();
        return;
    }
    socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (patience != 0 && (whom.empty() || whom == std::to_string(getpid())))
        heartbeat_.emplace(std::chrono::microseconds(patience));
}

ServiceManager::~ServiceManager() {
    if (socket_ >= 0) close(socket_);
}

void ServiceManager::serves(Facts facts) {
    if (address_.empty()) return;
    facts_ = std::move(facts);
    tell("READY=1");
    tell_status();
    if (heartbeat_) beat();
}

void ServiceManager::stops() {
    if (address_.empty()) return;
    tell("STOPPING=1");
    facts_.status = [] { return std::string("stopping"); };
    tell_status();
}

ServiceManager::Reload::Reload(const ServiceManager& manager) : manager_(manager) {
    manager_.tell("RELOADING=1\nMONOTONIC_USEC=" + monotonic_microseconds());
}

bool ServiceManager::tell(const std::string& message) const {
    if (address_.empty()) return true;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, address_.data(), address_.size());
    if (address_[0] == '@') address.sun_path[0] = '\0'; // an abstract one
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    return sendto(socket_, message.data(), message.size(), MSG_NOSIGNAL,
                  reinterpret_cast<const sockaddr*>(&address), length) >= 0;
}

void ServiceManager::tell_status() {
    std::string status = facts_.status();
    if (status != status_ && tell("STATUS=" + status)) status_ = std::move(status);
    status_timer_.expires_after(std::chrono::seconds(1));
    status_timer_.async_wait([this](const boost::system::error_code& aborted) {
        if (!aborted) tell_status();
    });
}

// Looks more often than it is due, so that what is late here is not late there.
void ServiceManager::beat() {
    if (heartbeat_->due(facts_.worker_polls(), Heartbeat::Clock::now())) tell("WATCHDOG=1");
    heartbeat_timer_.expires_after(heartbeat_->interval() / 4);
    heartbeat_timer_.async_wait([this](const boost::system::error_code& aborted) {
        if (!aborted) beat();
    });
}

} // namespace lbd::control
