// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/sync/synchronizer.h"

#include <poll.h>
#include <pthread.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/multicast.hpp>
#include <random>

#include "lb/control/asio_address.h"

namespace lbd::control::sync {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr unsigned event_burst = 256;
constexpr int socket_buffer = 4 << 20;

std::vector<Endpoint> peers_of(const config::Sync& config) {
    std::vector<Endpoint> peers;
    for (const config::IpAddress& peer : config.peers)
        peers.emplace_back(to_asio(peer), config.udp_port);
    return peers;
}

std::uint64_t random_number() {
    std::random_device source;
    return std::uint64_t{source()} << 32 | source();
}

// Unicast: bound to the own address, so that a virtual one never becomes the source.
void open_socket(asio::ip::udp::socket& socket, const config::Sync& config) {
    const asio::ip::address own = to_asio(config.address);
    const Endpoint local(config.multicast ? asio::ip::address_v4::any() : own, config.udp_port);
    socket.open(local.protocol());
    socket.set_option(asio::socket_base::reuse_address(config.multicast.has_value()));
    socket.bind(local);
    socket.non_blocking(true);
    boost::system::error_code ignored; // the kernel gives what it may
    socket.set_option(asio::socket_base::receive_buffer_size(socket_buffer), ignored);
    socket.set_option(asio::socket_base::send_buffer_size(socket_buffer), ignored);
    if (!config.multicast) return;
    socket.set_option(
        asio::ip::multicast::join_group(to_asio(*config.multicast).to_v4(), own.to_v4()));
    socket.set_option(asio::ip::multicast::outbound_interface(own.to_v4()));
    socket.set_option(asio::ip::multicast::enable_loopback(false));
}

} // namespace

Synchronizer::Synchronizer(const config::Sync& config, dataplane::Engine& engine,
                           std::shared_ptr<const Directory> directory)
    : config_(config),
      engine_(engine),
      socket_(io_),
      destinations_(peers_of(config)),
      session_({config.key, destinations_}, random_number, *this, Clock::now()),
      directory_(std::move(directory)),
      passes_ended_(engine.workers()),
      granted_at_(Clock::now()) {
    open_socket(socket_, config_);
    if (config_.multicast) destinations_ = {{to_asio(*config_.multicast), config_.udp_port}};
    thread_ = std::thread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), "lbd-sync");
}

Synchronizer::~Synchronizer() {
    stopping_ = true;
    thread_.join();
}

void Synchronizer::set_directory(std::shared_ptr<const Directory> directory) {
    const std::lock_guard lock(mutex_);
    next_directory_ = std::move(directory);
}

Status Synchronizer::status() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

void Synchronizer::run() {
    while (!stopping_) {
        const auto now = Clock::now();
        take_directory();
        bool busy = collect();
        busy |= receive();
        grant(now);
        session_.tick(now);
        settled_ = session_.settled();
        if (now - published_at_ >= 100ms) publish_status(now);
        wait(busy);
    }
    collect();
    session_.flush();
}

void Synchronizer::take_directory() {
    std::shared_ptr<const Directory> next;
    {
        const std::lock_guard lock(mutex_);
        next.swap(next_directory_);
    }
    if (!next) return;
    directory_ = std::move(next);
    // What a peer told of services that were unknown is known to nobody here.
    if (unresolved_ != 0) session_.rejoin();
}

// From the workers, to the peers.
bool Synchronizer::collect() {
    bool busy = false;
    std::array<dataplane::FlowEvent, event_burst> events;
    for (std::size_t worker = 0; worker < engine_.workers(); ++worker) {
        const unsigned count = engine_.sync(worker).events.pop(events.data(), event_burst);
        for (unsigned i = 0; i < count; ++i) {
            if (events[i].state == dataplane::FlowEvent::end_of_pass)
                end_of_pass(worker, events[i].remaining);
            else if (const auto* backend = directory_->address_of(events[i]))
                session_.tell(events[i], *backend);
        }
        busy |= count != 0;
    }
    session_.flush();
    return busy;
}

// A pass is over when all workers have ended it.
void Synchronizer::end_of_pass(std::size_t worker, std::uint32_t pass) {
    passes_ended_[worker] = pass;
    const std::uint32_t all = *std::min_element(passes_ended_.begin(), passes_ended_.end());
    if (all <= pass_told_) return;
    pass_told_ = all;
    dataplane::FlowEvent end;
    end.remaining = all;
    session_.tell(end, {});
}

bool Synchronizer::receive() {
    std::array<std::uint8_t, 2048> buffer;
    for (unsigned i = 0; i < event_burst; ++i) {
        if (!imports_have_room()) return true; // the socket's buffer holds the rest
        Endpoint from;
        boost::system::error_code error;
        const std::size_t length = socket_.receive_from(asio::buffer(buffer), from, 0, error);
        if (error == asio::error::would_block) return i != 0;
        if (!error) session_.received(from, std::span(buffer).first(length), Clock::now());
    }
    return true;
}

bool Synchronizer::imports_have_room() {
    for (std::size_t worker = 0; worker < engine_.workers(); ++worker)
        if (engine_.sync(worker).imports.half_full()) return false;
    return true;
}

void Synchronizer::import(const Entry& entry) {
    dataplane::FlowEvent event = entry.event;
    if (!directory_->find(event, entry.backend)) {
        ++unresolved_;
        return;
    }
    hand_to_workers(event);
}

// To the worker that a port's packets of the flow come to; of all ports, as it is not known by
// which they will.
void Synchronizer::hand_to_workers(const dataplane::FlowEvent& event) {
    const auto give = [&](std::uint16_t worker) {
        if (!engine_.sync(worker).imports.push(event)) ++overflows_;
    };
    const auto with_key = [&](const auto& key) {
        if (event.state == dataplane::FlowState::persistence)
            return give(engine_.owner_of_client(key));
        std::uint64_t given = 0;
        for (std::size_t port = 0; port < engine_.ports(); ++port) {
            const std::uint16_t owner = engine_.port(port).steering().owner(key);
            if ((given >> owner & 1) != 0) continue;
            given |= std::uint64_t{1} << owner;
            give(owner);
        }
    };
    if (event.ipv6)
        with_key(event.key<dataplane::KeyV6>());
    else
        with_key(event.key<dataplane::KeyV4>());
}

void Synchronizer::repeat_all(std::uint32_t pass) {
    for (std::size_t worker = 0; worker < engine_.workers(); ++worker)
        engine_.sync(worker).pass_wanted.store(pass, std::memory_order_release);
}

// What passes may tell by now, evenly among the workers. Unused grants do not pile up.
void Synchronizer::grant(Clock::time_point now) {
    const auto passed = std::min<Clock::duration>(now - granted_at_, 100ms);
    const double share = config_.rate * std::chrono::duration<double>(passed).count() /
                         static_cast<double>(engine_.workers());
    if (share < 1) return;
    granted_at_ = now;
    for (std::size_t worker = 0; worker < engine_.workers(); ++worker) {
        dataplane::SyncChannel& channel = engine_.sync(worker);
        const std::uint64_t told = channel.repeated.get();
        const std::uint64_t most = told + static_cast<std::uint64_t>(config_.rate / 10) + 1;
        const std::uint64_t granted = channel.pass_granted.load(std::memory_order_relaxed);
        channel.pass_granted.store(std::min(granted + static_cast<std::uint64_t>(share), most),
                                   std::memory_order_relaxed);
    }
}

void Synchronizer::send_to_all(const Bytes& datagram) {
    for (const Endpoint& destination : destinations_) send(destination, datagram);
}

// What the kernel does not take is lost, and repaired like what the network loses.
void Synchronizer::send(const Endpoint& peer, const Bytes& datagram) {
    boost::system::error_code ignored;
    socket_.send_to(asio::buffer(datagram), peer, 0, ignored);
}

void Synchronizer::publish_status(Clock::time_point now) {
    published_at_ = now;
    Status status;
    status.session = session_.status(now);
    status.unresolved = unresolved_;
    status.refused = overflows_;
    for (std::size_t worker = 0; worker < engine_.workers(); ++worker) {
        const dataplane::SyncChannel& channel = engine_.sync(worker);
        status.imported += channel.imported.get();
        status.refused += channel.refused.get();
        status.overflows += channel.overflows.get();
    }
    const std::lock_guard lock(mutex_);
    status_ = std::move(status);
}

// A peer's datagram wakes us; the workers, who make no system calls, are looked at every
// millisecond.
void Synchronizer::wait(bool busy) {
    pollfd readable{socket_.native_handle(), POLLIN, 0};
    if (busy || !imports_have_room()) return;
    poll(&readable, 1, 1);
}

} // namespace lbd::control::sync
