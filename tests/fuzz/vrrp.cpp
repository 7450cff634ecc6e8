// SPDX-License-Identifier: BSD-3-Clause
// Adverts as they come from the network, and a router's states between them. The input is one
// router: its parameters, and what happens to it.
#include <array>
#include <variant>

#include "input.h"
#include "target.h"
#include "vrrp/checksum.h"
#include "vrrp/machine.h"
#include "vrrp/packet.h"

using namespace lbd;
using boost::asio::ip::make_address;

namespace {

constexpr std::uint8_t vrid = 51;

struct Router {
    vrrp::Expectation expected;
    vrrp::Envelope envelope;
    vrrp::Parameters parameters;
    vrrp::Machine machine;
    vrrp::Time now{std::chrono::hours(1)};
};

Router router_of(fuzz::Input& input) {
    const std::uint8_t kind = input.byte();
    const bool v6 = (kind & 2) != 0;
    Router router;
    router.expected.version = (kind & 1) != 0 && !v6 ? 2 : 3;
    router.expected.vrid = vrid;
    router.expected.own_source = make_address(v6 ? "fe80::1" : "10.0.0.1");
    if ((kind & 4) != 0) router.expected.password = "secret";
    router.envelope = {make_address(v6 ? "fe80::2" : "10.0.0.2"),
                       v6 ? vrrp::multicast_group_v6 : vrrp::multicast_group_v4, 255};
    if ((kind & 8) != 0) {
        router.expected.peers = {router.envelope.source};
        router.envelope.destination = router.expected.own_source;
    }
    router.parameters.version = router.expected.version;
    router.parameters.preempt = (kind & 16) != 0;
    router.parameters.start_as_master = (kind & 32) != 0;
    router.parameters.held = (kind & 64) != 0;
    router.parameters.priority = std::max<std::uint8_t>(1, input.byte());
    router.parameters.preempt_delay = std::chrono::seconds(input.byte());
    router.parameters.source = router.expected.own_source;
    return router;
}

void take(Router& router, const vrrp::Event& event) {
    const vrrp::RouterState before = router.machine.state;
    const auto step = vrrp::step(router.machine, router.parameters, event, router.now);
    const bool was_master = before == vrrp::RouterState::master;
    const bool is_master = step.machine.state == vrrp::RouterState::master;
    fuzz::require(!(step.acquire && step.release), "addresses are not put and removed at once");
    fuzz::require(is_master == was_master || step.acquire == is_master,
                  "a master, and no other, acquires the addresses when it becomes one");
    fuzz::require(!was_master || is_master || step.release || step.machine.lingering,
                  "who is no longer master gives the addresses up, now or later");
    fuzz::require(!step.announce || is_master, "only a master announces the addresses");
    fuzz::require(!step.advertise || is_master || step.advertised_priority == 0,
                  "who is no master advertises its end alone");
    fuzz::require(before == step.machine.state || !step.reason.empty(), "a change has a reason");
    // Version 3 says at most 40.95 s, a configuration no more.
    const auto longest = 4 * std::chrono::milliseconds(40'950) + std::chrono::seconds(2);
    fuzz::require(step.machine.state == vrrp::RouterState::initialize ||
                      step.machine.deadline <= router.now + longest,
                  "the timer ends within reasonable time");
    router.machine = step.machine;
}

// A fuzzer does not guess checksums: `kind` says whether it is corrected.
std::vector<std::uint8_t> message_of(fuzz::Input& input, const Router& router, bool sealed) {
    const auto piece = input.take(input.byte());
    std::vector<std::uint8_t> message(piece.begin(), piece.end());
    if (!sealed || message.size() < 8) return message;
    message[6] = message[7] = 0;
    std::uint32_t sum = 0;
    if (router.envelope.source.is_v6()) {
        sum = vrrp::sum_words(router.envelope.source.to_v6().to_bytes(), sum);
        sum = vrrp::sum_words(router.envelope.destination.to_v6().to_bytes(), sum);
        sum += vrrp::ip_protocol + static_cast<std::uint32_t>(message.size());
    }
    const std::uint16_t checksum = vrrp::fold(vrrp::sum_words(message, sum));
    message[6] = static_cast<std::uint8_t>(checksum >> 8);
    message[7] = static_cast<std::uint8_t>(checksum);
    return message;
}

// What has been read is written in the same way, but for an interval that has no seconds.
void check_again(const Router& router, const vrrp::Advertisement& advertisement) {
    vrrp::Advertisement copy = advertisement;
    copy.password = router.expected.password;
    const auto message = vrrp::serialize(copy, router.envelope.source, router.envelope.destination);
    const auto parsed = vrrp::parse(message, router.envelope, router.expected);
    const auto* again = std::get_if<vrrp::Advertisement>(&parsed);
    fuzz::require(again != nullptr && again->priority == advertisement.priority &&
                      again->interval == advertisement.interval &&
                      again->addresses == advertisement.addresses,
                  "an advert that is written again reads the same");
}

void receive(Router& router, const std::vector<std::uint8_t>& message) {
    const auto parsed = vrrp::parse(message, router.envelope, router.expected);
    if (const auto* reject = std::get_if<vrrp::Reject>(&parsed))
        fuzz::require(*reject < vrrp::Reject::count_, "a rejection has a name");
    const auto* advertisement = std::get_if<vrrp::Advertisement>(&parsed);
    if (advertisement == nullptr) return;
    fuzz::require(advertisement->interval.count() > 0, "an interval is positive");
    fuzz::require(advertisement->addresses.size() == message[3], "no address is lost");
    check_again(router, *advertisement);
    take(router, vrrp::AdvertReceived{advertisement->priority, router.envelope.source,
                                      advertisement->interval});
}

void happen(Router& router, fuzz::Input& input) {
    const std::uint8_t what = input.byte();
    router.now += std::chrono::milliseconds(10 * input.two());
    switch (what % 8) {
        case 0:
            return take(router, vrrp::Ready{});
        case 1:
            return take(router, vrrp::NotReady{});
        case 2:
            return take(router, vrrp::Resign{});
        case 3:
            return take(router, vrrp::TakeOver{});
        case 4:
            return take(router, vrrp::GiveUp{});
        case 5:
            return take(router, vrrp::TimerExpired{});
        default:
            return receive(router, message_of(input, router, what % 8 == 7));
    }
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    Router router = router_of(input);
    while (!input.empty()) happen(router, input);
    return 0;
}
