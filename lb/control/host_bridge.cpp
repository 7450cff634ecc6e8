// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/host_bridge.h"

#include <poll.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

namespace lbd::control {

namespace {

constexpr std::size_t largest_frame = 65536;
constexpr unsigned host_burst = 32;

} // namespace

HostBridge::HostBridge(dataplane::Engine& engine, std::vector<Tap*> taps)
    : engine_(engine), taps_(std::move(taps)), scratch_(largest_frame) {
    set_frames({});
    thread_ = std::thread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), "lbd-host");
}

HostBridge::~HostBridge() {
    stopping_ = true;
    thread_.join();
}

void HostBridge::set_frames(std::vector<HostFrames> of_interfaces) {
    of_interfaces.resize(taps_.size());
    frames_ = std::make_shared<const std::vector<HostFrames>>(std::move(of_interfaces));
}

void HostBridge::run() {
    while (!stopping_) {
        rules_ = frames_;
        if (discarding_.exchange(false)) discard_waiting();
        bool busy = false;
        for (std::size_t interface = 0; interface < taps_.size(); ++interface) {
            busy |= carry_to_host(interface);
            busy |= carry_from_host(interface);
        }
        wait(busy);
        ++rounds_;
    }
}

bool HostBridge::carry_to_host(std::size_t interface) {
    unsigned carried = 0;
    for (std::size_t worker = 0; worker < engine_.workers(); ++worker) {
        std::array<rte_mbuf*, host_burst> packets;
        const unsigned count = engine_.to_host(interface, worker).pop(packets.data(), host_burst);
        for (unsigned i = 0; i < count; ++i) write(interface, *packets[i]);
        rte_pktmbuf_free_bulk(packets.data(), count);
        carried += count;
    }
    return carried != 0;
}

void HostBridge::write(std::size_t interface, rte_mbuf& packet) {
    const std::size_t length = rte_pktmbuf_pkt_len(&packet);
    auto* data = length > scratch_.size()
                     ? nullptr
                     : const_cast<void*>( // ours: the packet is freed afterwards
                           rte_pktmbuf_read(&packet, 0, static_cast<std::uint32_t>(length),
                                            scratch_.data()));
    if (data == nullptr) {
        ++refused_;
        return;
    }
    const std::span<std::uint8_t> frame(static_cast<std::uint8_t*>(data), length);
    if (!(*rules_)[interface].to_host(frame))
        ++not_accepted_;
    else if (!taps_[interface]->write_frame(frame))
        ++refused_;
}

bool HostBridge::carry_from_host(std::size_t interface) {
    for (unsigned i = 0; i < host_burst; ++i) {
        const std::size_t length = taps_[interface]->read_frame(scratch_);
        if (length == 0) return i != 0;
        if (discarding_) { // the thread hung meanwhile
            ++dropped_;
            continue;
        }
        (*rules_)[interface].from_host(std::span(scratch_).first(length));
        rte_mbuf* packet = rte_pktmbuf_alloc(&engine_.port_of(interface).buffers());
        char* room = packet == nullptr
                         ? nullptr
                         : rte_pktmbuf_append(packet, static_cast<std::uint16_t>(length));
        if (room != nullptr) std::copy_n(scratch_.data(), length, room);
        if (room == nullptr || !engine_.from_host(interface).push(packet)) {
            ++dropped_;
            rte_pktmbuf_free(packet);
        }
    }
    return true;
}

void HostBridge::discard_waiting() {
    constexpr unsigned most = 4096; // more than the kernel queues
    for (Tap* tap : taps_)
        for (unsigned i = 0; i < most && tap->read_frame(scratch_) != 0; ++i) ++dropped_;
}

// The kernel wakes this thread at once. The workers do not, as that would cost them a system call,
// so their rings are looked at more often the less time has passed since the last frame.
void HostBridge::wait(bool busy) {
    if (busy) {
        idle_sleep_.reset();
        return;
    }
    std::vector<pollfd> descriptors;
    descriptors.reserve(taps_.size());
    for (const Tap* tap : taps_) descriptors.push_back({tap->fd(), POLLIN, 0});
    const timespec timeout{0, idle_sleep_.next_us() * 1000L};
    ppoll(descriptors.data(), descriptors.size(), &timeout, nullptr);
}

} // namespace lbd::control
