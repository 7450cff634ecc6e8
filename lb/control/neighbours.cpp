// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/neighbours.h"

#include <fcntl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>

namespace lbd::control {

namespace {

// A resolved neighbour is probed this often, so that a backend with a new MAC address is noticed
// although no packet of ours goes through the kernel to it.
constexpr unsigned rounds_between_probes = 10;
constexpr std::chrono::seconds round_interval{1};

constexpr std::uint16_t usable_states =
    NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP;
constexpr std::uint16_t fixed_states = NUD_PERMANENT | NUD_NOARP;

std::optional<config::IpAddress> address_in(const nlattr& attribute, std::uint8_t family) {
    config::IpAddress address;
    const std::size_t length = family == AF_INET ? 4 : 16;
    if ((family != AF_INET && family != AF_INET6) || mnl_attr_get_payload_len(&attribute) != length)
        return std::nullopt;
    address.family =
        family == AF_INET ? config::IpAddress::Family::v4 : config::IpAddress::Family::v6;
    std::memcpy(address.bytes.data(), mnl_attr_get_payload(&attribute), length);
    return address;
}

std::optional<config::MacAddress> mac_in(const nlattr& attribute) {
    config::MacAddress mac;
    if (mnl_attr_get_payload_len(&attribute) != mac.bytes.size()) return std::nullopt;
    std::memcpy(mac.bytes.data(), mnl_attr_get_payload(&attribute), mac.bytes.size());
    return mac;
}

} // namespace

Neighbours::Neighbours(boost::asio::io_context& io, Rtnetlink& netlink, Changed changed)
    : netlink_(netlink),
      changed_(std::move(changed)),
      socket_(subscribed_socket(RTMGRP_NEIGH, "neighbour table")),
      descriptor_(io, fcntl(mnl_socket_get_fd(socket_.get()), F_DUPFD_CLOEXEC, 0)),
      timer_(io) {
    receive();
    schedule_probes();
}

void Neighbours::dump() {
    std::array<char, 256> buffer{};
    nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
    message->nlmsg_type = RTM_GETNEIGH;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    message->nlmsg_seq = ++last_dump_;
    mnl_nlmsg_put_extra_header(message, sizeof(ndmsg));
    mnl_socket_sendto(socket_.get(), message, message->nlmsg_len);
}

void Neighbours::receive() {
    descriptor_.async_wait(
        boost::asio::posix::stream_descriptor::wait_read,
        [this](const boost::system::error_code& error) {
            if (error) return;
            std::array<char, 32768> buffer;
            for (;;) {
                const auto length =
                    mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
                if (length < 0 && errno == ENOBUFS) {
                    dump(); // the kernel had more news than the socket holds
                    continue;
                }
                if (length <= 0) break;
                int rest = static_cast<int>(length);
                const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
                for (; mnl_nlmsg_ok(message, rest); message = mnl_nlmsg_next(message, &rest))
                    handle(*message);
            }
            receive();
        });
}

void Neighbours::handle(const nlmsghdr& message) {
    // An earlier listing may be older than what is tracked.
    if (message.nlmsg_type == NLMSG_DONE && message.nlmsg_seq == last_dump_) looked_up();
    if (message.nlmsg_type != RTM_NEWNEIGH && message.nlmsg_type != RTM_DELNEIGH) return;
    if (mnl_nlmsg_get_payload_len(&message) < sizeof(ndmsg)) return;
    const auto* body = static_cast<const ndmsg*>(mnl_nlmsg_get_payload(&message));
    std::optional<config::IpAddress> address;
    std::optional<config::MacAddress> mac;
    const auto* attribute =
        static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(&message, sizeof(ndmsg)));
    const auto* end = static_cast<const char*>(mnl_nlmsg_get_payload_tail(&message));
    for (; mnl_attr_ok(attribute, static_cast<int>(end - reinterpret_cast<const char*>(attribute)));
         attribute = mnl_attr_next(attribute)) {
        if (mnl_attr_get_type(attribute) == NDA_DST)
            address = address_in(*attribute, body->ndm_family);
        if (mnl_attr_get_type(attribute) == NDA_LLADDR) mac = mac_in(*attribute);
    }
    if (!address) return;
    const Neighbour neighbour{static_cast<unsigned>(body->ndm_ifindex), *address};
    const bool usable =
        message.nlmsg_type == RTM_NEWNEIGH && (body->ndm_state & usable_states) != 0;
    const auto entry = entries_.find(neighbour);
    if (entry == entries_.end()) return;
    entry->second.fixed = usable && (body->ndm_state & fixed_states) != 0;
    if (usable || (body->ndm_state & NUD_FAILED) != 0) entry->second.concluded = true;
    // While the kernel is asking for the first time, nothing is known and nothing is lost.
    if (usable || body->ndm_state != NUD_INCOMPLETE) learn(neighbour, usable ? mac : std::nullopt);
}

// The whole table has been read: what is not in it is asked for.
void Neighbours::looked_up() {
    for (auto& [neighbour, entry] : entries_)
        if (!std::exchange(entry.looked_up, true) && !entry.mac) probe(neighbour, entry);
}

void Neighbours::learn(const Neighbour& neighbour, std::optional<config::MacAddress> mac) {
    Entry& entry = entries_.at(neighbour);
    if (entry.mac == mac) return;
    entry.mac = mac;
    changed_(neighbour, mac);
}

void Neighbours::track(std::set<Neighbour> neighbours) {
    std::erase_if(entries_, [&](const auto& entry) { return !neighbours.contains(entry.first); });
    bool added = false;
    for (const Neighbour& neighbour : neighbours) added |= entries_.try_emplace(neighbour).second;
    if (added) dump();
}

std::optional<config::MacAddress> Neighbours::find(const Neighbour& neighbour) const {
    const auto entry = entries_.find(neighbour);
    return entry == entries_.end() ? std::nullopt : entry->second.mac;
}

// Linux: neigh_alloc refuses beyond gc_thresh3. It is the whole machine's, and not shown in other
// network namespaces than the first.
std::string Neighbours::shortage() const {
    for (const auto family : {config::IpAddress::Family::v4, config::IpAddress::Family::v6}) {
        const std::string name = family == config::IpAddress::Family::v4 ? "ipv4" : "ipv6";
        const std::string key = "net/" + name + "/neigh/default/gc_thresh3";
        const auto needed = static_cast<std::uint64_t>(
            std::count_if(entries_.begin(), entries_.end(),
                          [&](const auto& entry) { return entry.first.address.family == family; }));
        std::uint64_t limit = 0;
        if ((std::ifstream("/proc/sys/" + key) >> limit) && limit < needed)
            return "there are " + std::to_string(needed) + " neighbours to know, and the kernel " +
                   "keeps " + std::to_string(limit) + ": sysctl -w " + key + '=' +
                   std::to_string(2 * needed);
    }
    return {};
}

bool Neighbours::concluded() const {
    return std::all_of(entries_.begin(), entries_.end(),
                       [](const auto& entry) { return entry.second.concluded; });
}

// One that has been confirmed is true for up to 45 seconds to the kernel, which would not ask then.
// A fixed entry is left alone: NTF_USE would make it an ordinary one (Linux: __neigh_update with
// NEIGH_UPDATE_F_USE clears NUD_PERMANENT), to be lost if nobody answers.
void Neighbours::probe(const Neighbour& neighbour, Entry& entry) {
    if (entry.fixed) return;
    entry.quiet_rounds = 0;
    if (!entry.mac || netlink_.doubt_neighbour(neighbour.interface, neighbour.address))
        netlink_.resolve_neighbour(neighbour.interface, neighbour.address);
}

void Neighbours::doubt(const config::IpAddress& address) {
    for (auto& [neighbour, entry] : entries_)
        if (neighbour.address == address) entry.quiet_rounds = rounds_between_probes;
}

void Neighbours::probe_round() {
    bool unread = false;
    for (auto& [neighbour, entry] : entries_) {
        unread |= !entry.looked_up;
        if (!entry.looked_up || (entry.mac && ++entry.quiet_rounds < rounds_between_probes))
            continue;
        probe(neighbour, entry);
    }
    if (unread) dump(); // the kernel refused to list its table, being asked twice at once
}

void Neighbours::schedule_probes() {
    timer_.expires_after(round_interval);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        probe_round();
        schedule_probes();
    });
}

} // namespace lbd::control
