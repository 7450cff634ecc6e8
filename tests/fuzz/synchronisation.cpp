// SPDX-License-Identifier: BSD-3-Clause
// What a peer, or somebody in its place, sends to a session. Datagrams get the tag of one who has
// the key, unless the input says otherwise.
#include <vector>

#include "input.h"
#include "lb/control/sync/session.h"
#include "target.h"

using namespace lbd;
using namespace lbd::control::sync;
using namespace std::chrono_literals;

namespace {

const config::Secret key("a-key-that-is-long-enough");

// Takes in what a session does, and remembers what a peer has to know to answer.
class Peer : public Surroundings {
  public:
    void send_to_all(const Bytes& datagram) override { look_at(datagram); }
    void send(const Endpoint&, const Bytes& datagram) override { look_at(datagram); }
    void import(const Entry& entry) override {
        const auto& event = entry.event;
        fuzz::require(event.state != dataplane::FlowState::syn_recv &&
                          event.state != dataplane::FlowState::free,
                      "only flows that matter are taken over");
        fuzz::require(event.remaining <= 604'800 * dataplane::ticks_per_second,
                      "a flow that is taken over ends");
        fuzz::require(static_cast<std::size_t>(event.state) < dataplane::flow_state_names.size(),
                      "a state has a name");
        check_again(entry);
    }
    void repeat_all(std::uint32_t) override { ++passes; }

    std::uint64_t session = 0; // its number
    std::uint64_t nonce = 0;
    unsigned passes = 0;

  private:
    void look_at(const Bytes& datagram) {
        Fault fault{};
        fuzz::require(datagram.size() <= largest_message, "a datagram fits every link");
        const auto opened = open(datagram, key, fault);
        fuzz::require(opened.has_value(), "what is sealed opens");
        session = opened->header.sender;
        if (opened->header.type == MessageType::join) nonce = opened->header.other;
    }
    static void check_again(const Entry& entry) {
        Bytes bytes;
        append_entry(bytes, entry.event, entry.backend);
        fuzz::require(bytes.size() <= largest_entry, "an entry has its room");
        Reader reader(bytes);
        const auto again = read_entry(reader);
        fuzz::require(again && reader.empty() && again->backend == entry.backend &&
                          again->event.key_bytes == entry.event.key_bytes &&
                          again->event.remaining == entry.event.remaining &&
                          again->event.repeated == entry.event.repeated,
                      "an entry that is written again reads the same");
    }
};

Bytes datagram_of(fuzz::Input& input, const Peer& peer) {
    const std::uint8_t kind = input.byte();
    Header header;
    header.type = static_cast<MessageType>(input.byte() % 8);
    header.items = input.byte();
    header.sender = (kind & 1) != 0 ? input.eight() : 0x1234;
    header.sequence = (kind & 2) != 0 ? input.eight() : input.byte();
    header.other = (kind & 4) != 0 ? input.eight() : (kind & 8) != 0 ? peer.session : peer.nonce;
    return seal(header, input.take(input.two() % largest_message), key);
}

void tell(Session& session, fuzz::Input& input) {
    Reader reader(input.take(largest_entry));
    const auto entry = read_entry(reader);
    if (entry && entry->event.state != dataplane::FlowEvent::end_of_pass)
        session.tell(entry->event, entry->backend);
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    Clock::time_point now{1h};
    Peer peer;
    std::uint64_t drawn = 0;
    const Endpoint from{boost::asio::ip::address_v4(0x0a000002), 8848};
    const bool configured = (input.byte() & 1) != 0;
    Session session(
        {key, configured ? std::vector{from} : std::vector<Endpoint>{}},
        [&] { return ++drawn << 8; }, peer, now);
    while (!input.empty()) {
        const std::uint8_t what = input.byte();
        switch (what % 4) {
            case 0:
                session.received(from, input.take(input.byte()), now);
                break;
            case 1:
                session.received(from, datagram_of(input, peer), now);
                break;
            case 2:
                now += std::chrono::milliseconds(1 + input.byte() * 8);
                session.tick(now);
                break;
            default:
                tell(session, input);
                if ((what & 4) != 0) session.flush();
                if ((what & 8) != 0) session.rejoin();
        }
        const auto status = session.status(now);
        fuzz::require(status.peers.size() <= 16, "peers are few");
        fuzz::require(status.passes == peer.passes, "a pass is one that was asked for");
    }
    session.flush();
    return 0;
}
