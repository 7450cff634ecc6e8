// SPDX-License-Identifier: BSD-3-Clause
// The protocol between directors, without sockets, rings or a clock of its own.
//
// Each director sends one numbered stream to all peers. Whoever starts or has lost the thread
// joins: it draws a nonce, is welcomed with it, which proves that the sender lives now and is no
// recording, takes the stream from there on, and gets everything that lives repeated into it.
#pragma once

#include <array>
#include <boost/asio/ip/udp.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lb/control/sync/entry.h"
#include "lb/control/sync/stream.h"

namespace lbd::control::sync {

using Endpoint = boost::asio::ip::udp::endpoint;

// How far the state of a peer is known here.
enum class PeerState : std::uint8_t {
    absent,    // not heard of, or no longer
    joining,   // heard of, does not answer yet
    receiving, // its whole state is on the way
    complete,
};
constexpr std::string_view name_of(PeerState state) {
    constexpr std::array<std::string_view, 4> names{"absent", "joining", "receiving", "complete"};
    return names.at(static_cast<std::size_t>(state));
}

struct PeerStatus {
    Endpoint endpoint;
    PeerState state = PeerState::absent;
    double heard_seconds = -1;        // ago; -1: never
    double lag_seconds = 0;           // since the first datagram that it has not acknowledged
    std::uint64_t unacknowledged = 0; // datagrams
    std::uint64_t received = 0;       // entries
    std::uint64_t lost = 0;           // datagrams that had to be asked for
    std::uint64_t duplicates = 0;
    std::uint64_t joins = 0; // times that we asked for the whole state
};

struct SessionStatus {
    std::vector<PeerStatus> peers;
    std::uint64_t sent = 0;                  // entries
    std::uint64_t datagrams = 0;             // of data
    std::uint64_t repaired = 0;              // datagrams sent again
    std::uint64_t passes = 0;                // times that the whole state was sent
    std::array<std::uint64_t, 3> rejected{}; // by Fault
    std::uint64_t strangers = 0;             // from addresses that are no peers
};

// What a session needs done. Called from within its functions.
class Surroundings {
  public:
    virtual ~Surroundings() = default;
    virtual void send_to_all(const Bytes& datagram) = 0;
    virtual void send(const Endpoint& peer, const Bytes& datagram) = 0;
    virtual void import(const Entry& entry) = 0;
    // Repeats all that lives, and then an end of pass with this number.
    virtual void repeat_all(std::uint32_t pass) = 0;
};

class Session {
  public:
    struct Settings {
        config::Secret key;
        std::vector<Endpoint> peers; // empty: whoever has the key
    };
    // `random` gives 64 bits that nobody can guess.
    Session(Settings settings, std::function<std::uint64_t()> random, Surroundings& surroundings,
            Clock::time_point now);

    // To be sent with the next flush, or as soon as a datagram is full.
    void tell(const dataplane::FlowEvent& event, const config::IpAddress& backend);
    void flush();
    void received(const Endpoint& from, std::span<const std::uint8_t> datagram,
                  Clock::time_point now);
    // At least every 10 ms.
    void tick(Clock::time_point now);
    // Asks all peers for their whole state again: what was unknown may be known now.
    void rejoin();

    // Whether every peer's state is here, or the peer is not.
    bool settled() const;
    SessionStatus status(Clock::time_point now) const;

  private:
    struct Peer {
        PeerState state = PeerState::absent;
        std::uint64_t sender = 0; // whom the nonce was echoed by; 0: none
        std::uint64_t nonce = 0;  // of the join under way; 0: none
        std::uint32_t pass = 0;   // that brings us its state
        unsigned tries = 0;
        bool given_up = false; // nobody answers: nothing is to be waited for
        Clock::time_point tried{};
        Clock::time_point heard{};
        Clock::time_point welcomed{};
        Inbox inbox;
        std::uint64_t received = 0;
        std::uint64_t joins = 0;
        // Its view of us.
        std::uint64_t acknowledged = 0;
        std::uint64_t served_nonce = 0;
        std::uint32_t served_pass = 0;
        std::uint64_t served_from = 0; // the number before that pass
    };

    Peer* peer_of(const Endpoint& from);
    void on_data(Peer& peer, const Opened& message, Clock::time_point now);
    void on_heartbeat(Peer& peer, const Opened& message, Clock::time_point now);
    void on_join(const Endpoint& from, Peer& peer, const Opened& message);
    void on_welcome(Peer& peer, const Opened& message, Clock::time_point now);
    void on_repair(const Endpoint& from, const Opened& message);
    void hand_on(Peer& peer, Clock::time_point now);
    void join(const Endpoint& to, Peer& peer, Clock::time_point now);
    void begin_join(Peer& peer);
    void care_for(const Endpoint& endpoint, Peer& peer, Clock::time_point now);
    void heartbeat(Clock::time_point now);
    Bytes sealed(MessageType type, std::uint16_t items, std::uint64_t sequence, std::uint64_t other,
                 const Bytes& contents = {}) const;

    Settings settings_;
    std::function<std::uint64_t()> random_;
    Surroundings& surroundings_;
    std::uint64_t own_;
    std::map<Endpoint, Peer> peers_;
    History history_;
    Bytes pending_; // entries
    std::uint16_t pending_items_ = 0;
    std::uint32_t passes_ = 0;
    Clock::time_point started_;
    Clock::time_point beat_{};
    Clock::time_point now_; // of the last tick
    SessionStatus counted_; // its plain counters
};

} // namespace lbd::control::sync
