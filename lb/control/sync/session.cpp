// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/sync/session.h"

#include <algorithm>

namespace lbd::control::sync {

namespace {

using namespace std::chrono_literals;

constexpr auto between_beats = 100ms;
constexpr auto between_joins = 200ms;
constexpr auto between_late_joins = 1s;
constexpr unsigned quick_tries = 5; // after which a silent peer counts as absent
constexpr auto silence = 1s;        // after which it does again
constexpr std::size_t most_peers = 16;
constexpr std::uint64_t most_repaired = 64; // datagrams a request
constexpr std::size_t room = largest_message - header_size - tag_size;

} // namespace

Session::Session(Settings settings, std::function<std::uint64_t()> random,
                 Surroundings& surroundings, Clock::time_point now)
    : settings_(std::move(settings)),
      random_(std::move(random)),
      surroundings_(surroundings),
      own_(random_() | 1),
      started_(now),
      now_(now) {
    for (const Endpoint& endpoint : settings_.peers) begin_join(peers_[endpoint]);
}

Bytes Session::sealed(MessageType type, std::uint16_t items, std::uint64_t sequence,
                      std::uint64_t other, const Bytes& contents) const {
    return seal({type, items, own_, sequence, other}, contents, settings_.key);
}

void Session::tell(const dataplane::FlowEvent& event, const config::IpAddress& backend) {
    if (pending_.size() + largest_entry > room) flush();
    append_entry(pending_, event, backend);
    ++pending_items_;
    ++counted_.sent;
}

void Session::flush() {
    if (pending_items_ == 0) return;
    Bytes datagram = sealed(MessageType::data, pending_items_, history_.next(), 0, pending_);
    surroundings_.send_to_all(datagram);
    history_.add(std::move(datagram), now_);
    ++counted_.datagrams;
    pending_.clear();
    pending_items_ = 0;
}

// Without configured peers, whoever has the key is one; in place, if need be, of one that has never
// proven to be more than a recording.
Session::Peer* Session::peer_of(const Endpoint& from) {
    const auto known = peers_.find(from);
    if (known != peers_.end()) return &known->second;
    if (!settings_.peers.empty()) return nullptr;
    const bool full = peers_.size() == most_peers;
    if (full) {
        const auto silent = std::find_if(peers_.begin(), peers_.end(), [](const auto& peer) {
            return peer.second.tries >= quick_tries && peer.second.welcomed == Clock::time_point{};
        });
        if (silent == peers_.end()) return nullptr;
        peers_.erase(silent);
    }
    Peer& peer = peers_[from];
    begin_join(peer);
    // Somebody makes them up: nothing is waited for but an answer.
    peer.given_up = full;
    return &peer;
}

void Session::received(const Endpoint& from, std::span<const std::uint8_t> datagram,
                       Clock::time_point now) {
    if (!settings_.peers.empty() && !peers_.contains(from)) {
        ++counted_.strangers;
        return;
    }
    Fault fault{};
    const auto message = open(datagram, settings_.key, fault);
    if (!message) {
        ++counted_.rejected[static_cast<std::size_t>(fault)];
        return;
    }
    if (message->header.sender == own_) return; // multicast comes back
    Peer* peer = peer_of(from);
    if (peer == nullptr) {
        ++counted_.strangers;
        return;
    }
    switch (message->header.type) {
        case MessageType::data:
            return on_data(*peer, *message, now);
        case MessageType::heartbeat:
            return on_heartbeat(*peer, *message, now);
        case MessageType::join:
            return on_join(from, *peer, *message);
        case MessageType::welcome:
            return on_welcome(*peer, *message, now);
        case MessageType::repair:
            return on_repair(from, *message);
    }
    ++counted_.rejected[static_cast<std::size_t>(Fault::format)];
}

void Session::on_data(Peer& peer, const Opened& message, Clock::time_point now) {
    if (message.header.sender != peer.sender) return; // not welcomed: joins by its heartbeat
    peer.heard = now;
    peer.inbox.arrived(message.header.sequence,
                       {message.header.items, {message.contents.begin(), message.contents.end()}},
                       now);
    hand_on(peer, now);
}

void Session::hand_on(Peer& peer, Clock::time_point now) {
    while (const auto contents = peer.inbox.next(now)) {
        Reader reader(contents->bytes);
        for (unsigned item = 0; item < contents->items; ++item) {
            const auto entry = read_entry(reader);
            if (!entry) {
                ++counted_.rejected[static_cast<std::size_t>(Fault::format)];
                break;
            }
            if (entry->event.state == dataplane::FlowEvent::end_of_pass) {
                if (peer.state == PeerState::receiving && entry->event.remaining >= peer.pass)
                    peer.state = PeerState::complete;
                continue;
            }
            ++peer.received;
            surroundings_.import(*entry);
        }
    }
}

// Its contents: whom the sender has heard, and up to which number.
void Session::on_heartbeat(Peer& peer, const Opened& message, Clock::time_point now) {
    if (message.header.sender != peer.sender) {
        // A new one, or a recording of an old one: its answer to the nonce tells. Recordings come
        // as fast as somebody likes.
        if (peer.nonce == 0 && now - peer.welcomed >= between_late_joins) begin_join(peer);
        return;
    }
    peer.heard = now;
    peer.inbox.heard_of(message.header.sequence, now);
    Reader reader(message.contents);
    for (unsigned item = 0; item < message.header.items; ++item) {
        const auto sender = reader.get<std::uint64_t>();
        const auto acknowledged = reader.get<std::uint64_t>();
        if (!reader.complete()) return;
        if (sender != own_ || acknowledged > history_.last()) continue;
        peer.acknowledged = std::max(peer.acknowledged, acknowledged);
    }
}

void Session::on_join(const Endpoint& from, Peer& peer, const Opened& message) {
    const std::uint64_t nonce = message.header.other;
    // A repeated question has the same answer, as the pass may be over by now: what has been sent
    // since the first one is repaired, if it still can be.
    if (peer.served_nonce != nonce || !history_.reaches_back_to(peer.served_from)) {
        flush();
        peer.served_nonce = nonce;
        peer.served_pass = ++passes_;
        peer.served_from = peer.acknowledged = history_.last();
        surroundings_.repeat_all(passes_);
        ++counted_.passes;
    }
    Bytes pass;
    put(pass, peer.served_pass);
    surroundings_.send(from, sealed(MessageType::welcome, 1, peer.served_from, nonce, pass));
}

void Session::on_welcome(Peer& peer, const Opened& message, Clock::time_point now) {
    if (peer.nonce == 0 || message.header.other != peer.nonce) return;
    Reader reader(message.contents);
    const auto pass = reader.get<std::uint32_t>();
    if (!reader.complete()) return;
    peer.nonce = 0;
    peer.tries = 0;
    peer.sender = message.header.sender;
    peer.pass = pass;
    peer.state = PeerState::receiving;
    peer.heard = peer.welcomed = now;
    peer.inbox.start(message.header.sequence);
}

void Session::on_repair(const Endpoint& from, const Opened& message) {
    Reader reader(message.contents);
    const auto last = reader.get<std::uint64_t>();
    if (!reader.complete() || message.header.other != own_) return;
    const std::uint64_t first = message.header.sequence;
    for (std::uint64_t number = first; number <= last && number - first < most_repaired; ++number)
        if (const Bytes* datagram = history_.find(number)) {
            surroundings_.send(from, *datagram);
            ++counted_.repaired;
        }
}

void Session::begin_join(Peer& peer) {
    peer.nonce = random_() | 1;
    peer.tries = 0;
    peer.tried = {};
    peer.given_up = false;
}

void Session::join(const Endpoint& to, Peer& peer, Clock::time_point now) {
    if (peer.tries++ == 0) ++peer.joins;
    peer.tried = now;
    surroundings_.send(to, sealed(MessageType::join, 0, 0, peer.nonce));
}

void Session::care_for(const Endpoint& endpoint, Peer& peer, Clock::time_point now) {
    if (peer.sender != 0 && peer.state != PeerState::absent && now - peer.heard > silence) {
        peer.state = PeerState::absent;
        peer.sender = 0;
        begin_join(peer);
    }
    if (peer.nonce == 0 && peer.sender != 0 && peer.inbox.hopeless(now)) begin_join(peer);
    if (peer.nonce != 0) {
        const auto pause = peer.tries < quick_tries ? Clock::duration(between_joins)
                                                    : Clock::duration(between_late_joins);
        if (peer.tries >= quick_tries && now - peer.tried >= between_joins) peer.given_up = true;
        if (now - peer.tried >= pause) join(endpoint, peer, now);
        return;
    }
    if (const auto gap = peer.inbox.to_repair(now)) {
        Bytes last;
        put(last, gap->second);
        surroundings_.send(endpoint, sealed(MessageType::repair, 1, gap->first, peer.sender, last));
    }
}

void Session::heartbeat(Clock::time_point now) {
    beat_ = now;
    Bytes acknowledgements;
    std::uint16_t items = 0;
    for (const auto& [endpoint, peer] : peers_) {
        if (peer.sender == 0) continue;
        put(acknowledgements, peer.sender);
        put(acknowledgements, peer.inbox.handed_on());
        ++items;
    }
    surroundings_.send_to_all(
        sealed(MessageType::heartbeat, items, history_.last(), 0, acknowledgements));
}

void Session::tick(Clock::time_point now) {
    now_ = now;
    for (auto& [endpoint, peer] : peers_) care_for(endpoint, peer, now);
    if (now - beat_ >= between_beats) heartbeat(now);
}

void Session::rejoin() {
    for (auto& [endpoint, peer] : peers_)
        if (peer.nonce == 0) begin_join(peer);
}

bool Session::settled() const {
    if (settings_.peers.empty() && peers_.empty())
        return beat_ != Clock::time_point{} && beat_ - started_ > quick_tries * between_joins;
    return std::all_of(peers_.begin(), peers_.end(), [](const auto& known) {
        const Peer& peer = known.second;
        return peer.state == PeerState::complete || (peer.nonce != 0 && peer.given_up);
    });
}

SessionStatus Session::status(Clock::time_point now) const {
    const auto ago = [now](Clock::time_point then) {
        return then == Clock::time_point{} ? -1.0
                                           : std::chrono::duration<double>(now - then).count();
    };
    SessionStatus status = counted_;
    for (const auto& [endpoint, peer] : peers_) {
        PeerStatus one;
        one.endpoint = endpoint;
        one.state = peer.state == PeerState::absent && peer.nonce != 0 && !peer.given_up
                        ? PeerState::joining
                        : peer.state;
        one.heard_seconds = ago(peer.heard);
        one.unacknowledged =
            peer.sender == 0 ? 0 : history_.last() - std::min(history_.last(), peer.acknowledged);
        one.lag_seconds = one.unacknowledged == 0
                              ? 0
                              : std::max(0.0, ago(history_.sent_at(peer.acknowledged + 1)));
        one.received = peer.received;
        one.lost = peer.inbox.lost();
        one.duplicates = peer.inbox.duplicates();
        one.joins = peer.joins;
        status.peers.push_back(one);
    }
    return status;
}

} // namespace lbd::control::sync
